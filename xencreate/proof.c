/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which caps have been seen to hold is remembered in a list: there are as many as rules in a
 * policy. */
#include "proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "hyper.h"

struct proof {
	enum proof_which which;
	struct hyper *hyper; /* owned; NULL if another one was given */
	struct capproof_taker taker;
	uint32_t *proven; /* owned: caps above PROOF_SMALL that hold */
	size_t n_proven;
	char complaint[128];
};

int proof_new_with(struct proof **out, enum proof_which which, const struct capproof_taker *taker)
{
	struct proof *proof = calloc(1, sizeof(*proof));

	if (!proof)
		return -ENOMEM;
	proof->which = which;
	proof->taker = *taker;
	*out = proof;
	return 0;
}

int proof_new(struct proof **out, enum proof_which which, struct xentoollog_logger *logger)
{
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	struct capproof_taker taker = { 0 };
	int r = 0;

	if (which != PROOF_NONE) {
		r = hyper_open(&hyper, logger);
		if (r < 0)
			return r;
		taker = hyper_taker(hyper);
	}
	r = proof_new_with(out, which, &taker);
	if (r < 0)
		return r;
	(*out)->hyper = STEAL(hyper);
	return 0;
}

void proof_free(struct proof *proof)
{
	if (!proof)
		return;
	hyper_free(proof->hyper);
	free(proof->proven);
	free(proof);
}

static bool is_due(const struct proof *proof, uint32_t cap)
{
	if (proof->which == PROOF_NONE)
		return false;
	if (proof->which == PROOF_ALL || cap <= PROOF_SMALL)
		return true;
	for (size_t i = 0; i < proof->n_proven; i++)
		if (proof->proven[i] == cap)
			return false;
	return true;
}

static int remember(struct proof *proof, uint32_t cap)
{
	uint32_t *more;

	if (proof->which == PROOF_ALL || cap <= PROOF_SMALL)
		return 0;
	more = reallocarray(proof->proven, proof->n_proven + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	proof->proven = more;
	proof->proven[proof->n_proven++] = cap;
	return 0;
}

int proof_domain(struct proof *proof, uint32_t domid, uint32_t cap)
{
	uint32_t highest;
	int r;

	if (!is_due(proof, cap))
		return 0;
	r = capproof_run(&proof->taker, domid, cap, &highest);
	if (r == -EPROTO)
		snprintf(proof->complaint, sizeof(proof->complaint),
			 "the hypervisor does not keep the limit of %" PRIu32
			 " event channels: the highest that could be had is %" PRIu32,
			 cap, highest);
	return r < 0 ? r : remember(proof, cap);
}

const char *proof_complaint(const struct proof *proof)
{
	return proof->complaint;
}
