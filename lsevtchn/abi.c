/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evidence from the strongest to the weakest; whoever says nothing leaves it to the next. */
#include "abi.h"

#include <errno.h>
#include <string.h>

#define LINUX_FIFO_SINCE (3u << 16 | 14)

static const struct {
	const char *name;
	uint32_t n_ports;
} kinds[ABI_N_KINDS] = {
	[ABI_2L_32] = { "2l-32", 1024 },
	[ABI_2L_64] = { "2l-64", 4096 },
	[ABI_FIFO] = { "fifo", 131072 },
};

static struct abi say(enum abi_kind kind, enum abi_proof proof, const char *why)
{
	return (struct abi){ .kind = kind, .proof = proof, .why = why };
}

/* The smaller one while nothing speaks against it. */
static enum abi_kind two_level_of(const struct abi_evidence *evidence)
{
	if (evidence->word)
		return evidence->word == 32 ? ABI_2L_32 : ABI_2L_64;
	return evidence->n_valid > abi_ports(ABI_2L_32) ? ABI_2L_64 : ABI_2L_32;
}

struct abi abi_judge(const struct abi_evidence *evidence)
{
	enum abi_kind two_level = two_level_of(evidence);

	if (evidence->n_valid > abi_ports(two_level))
		return say(ABI_FIFO, ABI_PROVEN, "its table is larger than a 2-level one can be");
	switch (evidence->told) {
	case ABI_TOLD_FIFO:
		return say(ABI_FIFO, ABI_PROVEN, "the hypervisor takes a priority for its ports");
	case ABI_TOLD_2L:
		return say(two_level, ABI_PROVEN, "the hypervisor knows no priority for its ports");
	case ABI_TOLD_NOTHING:
		break;
	}
	switch (evidence->log) {
	case ABI_LOG_FIFO:
		return say(ABI_FIFO, ABI_PROVEN, "its kernel's log says so");
	case ABI_LOG_2L:
		return say(two_level, ABI_PROVEN, "its kernel's log says so");
	case ABI_LOG_NOTHING:
		break;
	}
	if (evidence->forced_2l)
		return say(two_level, ABI_ASSUMED,
			   "xen.fifo_events=0 on its kernel's command line");
	if (evidence->kernel >= LINUX_FIFO_SINCE)
		return say(ABI_FIFO, ABI_ASSUMED, "its kernel is Linux 3.14 or later");
	if (evidence->kernel)
		return say(two_level, ABI_ASSUMED, "its kernel is older than Linux 3.14");
	return say(two_level, ABI_UNKNOWN, "no sign of FIFO; counted as 2-level");
}

uint32_t abi_ports(enum abi_kind kind)
{
	return kinds[kind].n_ports;
}

const char *abi_name(enum abi_kind kind)
{
	return kinds[kind].name;
}

int abi_parse(enum abi_kind *kind, const char *name)
{
	for (unsigned int i = 0; i < ABI_N_KINDS; i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			*kind = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *abi_proof_name(enum abi_proof proof)
{
	static const char *const names[] = {
		[ABI_UNKNOWN] = "unknown",
		[ABI_ASSUMED] = "assumed",
		[ABI_PROVEN] = "proven",
	};

	return names[proof];
}
