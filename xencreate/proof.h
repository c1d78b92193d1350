/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the hypervisor keep the caps that domains are created with? It says what a cap is to nobody,
 * so it is tried on the new domain before anything else is done with it.
 */
#ifndef PROOF_H
#define PROOF_H

#include <stdint.h>

#include "cleanup.h"

struct capproof_taker;
struct proof;
struct xentoollog_logger;

/* Caps up to this one are proven on every domain: that takes two hypercalls and leaves nothing
 * behind, as all ports lie in the bucket that each domain has from the start. */
#define PROOF_SMALL 63

enum proof_which {
	PROOF_FIRST, /* a larger cap on the first domain that gets it */
	PROOF_ALL,   /* on every domain */
	PROOF_NONE,
};

/**
 * proof_new() - be ready to prove caps
 * @out:    owned by the caller
 * @logger: borrowed as long as @out lives
 *
 * Return: 0, -ENOMEM, or what opening the hypervisor's device says.
 */
int proof_new(struct proof **out, enum proof_which which, struct xentoollog_logger *logger);

/** proof_new_with() - the same with another hypervisor, which outlives @out. Return: 0 or -ENOMEM.
 */
int proof_new_with(struct proof **out, enum proof_which which, const struct capproof_taker *taker);
void proof_free(struct proof *proof);
DEFINE_CLEANUP(struct proof *, proof_free)

/**
 * proof_domain() - prove the cap of a new domain if it is to be proven
 * @domid: paused, without any port
 * @cap:   that it was created with
 *
 * What a larger cap costs grows with its square (the hypervisor looks for a free port from the
 * first one on), and the table stays as large as the proof has made it, a page for each 64 ports,
 * by which an audit then sees how far the domain could go instead of how far it went. So it is done
 * once for each such cap: all domains of a batch are created by the same call.
 *
 * Return: 0, -EPROTO (another cap: proof_complaint()), or what the hypervisor says.
 */
int proof_domain(struct proof *proof, uint32_t domid, uint32_t cap);

/** proof_complaint() - about the last -EPROTO; borrowed until the next proof. */
const char *proof_complaint(const struct proof *proof);

#endif
