/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many ports a domain can have by the interface it speaks. The hypervisor tells it of the
 * caller alone; of others it has to be concluded, and a conclusion says how sure it is and why.
 */
#ifndef ABI_H
#define ABI_H

#include <stdbool.h>
#include <stdint.h>

enum abi_kind {
	ABI_2L_32, /* 2-level, 32-bit words: 1,024 ports */
	ABI_2L_64, /* 2-level, 64-bit words: 4,096 */
	ABI_FIFO,  /* 131,072 */
	ABI_N_KINDS,
};

enum abi_proof {
	ABI_UNKNOWN, /* the kind given is the smallest that it can be */
	ABI_ASSUMED, /* by what is usual */
	ABI_PROVEN,
};

struct abi {
	enum abi_kind kind;
	enum abi_proof proof;
	const char *why; /* static text */
};

/* What is known of a domain; zero means unknown. */
struct abi_evidence {
	enum {
		ABI_TOLD_NOTHING,
		ABI_TOLD_2L,
		ABI_TOLD_FIFO
	} told; /* by the hypervisor itself, to the domain we are in */
	enum {
		ABI_LOG_NOTHING,
		ABI_LOG_2L,
		ABI_LOG_FIFO
	} log;		  /* the kernel said so while it booted */
	bool forced_2l;	  /* by the kernel's command line */
	uint32_t kernel;  /* Linux version as major << 16 | minor */
	uint32_t word;	  /* bits: 32 or 64 */
	uint32_t n_valid; /* size of its table */
};

/**
 * abi_judge() - which interface a domain speaks
 *
 * Source: Xen's limits in xen/event_channel.h; a table larger than a 2-level one can only be FIFO;
 * Linux speaks FIFO from 3.14 on, unless xen.fifo_events=0 is on its command line.
 */
struct abi abi_judge(const struct abi_evidence *evidence);

/** abi_ports() - ports with port 0, which is reserved. */
uint32_t abi_ports(enum abi_kind kind);

/** abi_name() - "2l-32", "2l-64", "fifo". */
const char *abi_name(enum abi_kind kind);
/** abi_parse() - the reverse. Return: 0 or -EINVAL. */
int abi_parse(enum abi_kind *kind, const char *name);

/** abi_proof_name() - "unknown", "assumed", "proven". */
const char *abi_proof_name(enum abi_proof proof);

#endif
