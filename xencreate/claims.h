/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, UUIDs and addresses that living batches and pools are about to use. The store shows them
 * only once the domains are there: two batches that begin together would both find them free.
 */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

struct log;
struct plan;

struct claim {
	const char *name; /* or NULL: it is an address; borrowed, like the next */
	const uint8_t *uuid;
	uint64_t mac; /* macs_number(), or 0 */
};

/**
 * claims_enter() - be alone in finding out what is free and writing down what is not any more
 * @gate:   out: close_fd() leaves
 * @folder: where journals and ledgers are; made if it is not there
 * @wait:   for whoever is inside, up to ten seconds
 *
 * Return: 0, -EBUSY (somebody is inside), or what making or opening the folder says.
 */
int claims_enter(int *gate, const char *folder, bool wait);

/**
 * claims_each() - everything that living batches plan, and what living pools are giving away
 * @own: the journal or ledger that is the caller's, left out; or NULL
 * @fn:  ends the search by a value other than 0
 *
 * Return: 0, what @fn returned, -ENOMEM, or what reading says.
 */
int claims_each(const char *folder, const char *own,
		int (*fn)(void *ctx, const struct claim *claim), void *ctx);

/**
 * claims_check() - is anything of this plan somebody else's already?
 * Return: 0, -EEXIST (said in @log), or as claims_each().
 */
int claims_check(const struct plan *plan, const char *folder, const char *own, struct log *log);

#endif
