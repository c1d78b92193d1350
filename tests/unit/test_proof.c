/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proof.h"

#include <errno.h>
#include <string.h>

#include "capproof.h"
#include "unit.h"

/* A hypervisor that gives out ports up to a limit, and counts who was asked. */
struct fake {
	uint32_t limit;
	uint32_t n_taken, n_proofs;
	uint32_t last_domid;
};

static int take(void *ctx, uint32_t domid, uint32_t n, int64_t *ports)
{
	struct fake *fake = ctx;

	fake->last_domid = domid;
	for (uint32_t i = 0; i < n; i++)
		ports[i] = fake->n_taken < fake->limit ? (int64_t)++fake->n_taken : -ENOSPC;
	return n;
}

static int give_back(void *ctx, uint32_t domid)
{
	struct fake *fake = ctx;

	CHECK_EQ(domid, fake->last_domid);
	fake->n_taken = 0;
	fake->n_proofs++;
	return 0;
}

static struct proof *proof_over(struct fake *fake, enum proof_which which)
{
	const struct capproof_taker taker = { .take = take, .give_back = give_back, .ctx = fake };
	struct proof *proof = NULL;

	CHECK_EQ(proof_new_with(&proof, which, &taker), 0);
	return proof;
}

TEST(a_small_cap_is_proven_on_every_domain)
{
	struct fake fake = { .limit = PROOF_SMALL };
	CLEANUP(proof_free) struct proof *proof = proof_over(&fake, PROOF_FIRST);

	for (uint32_t domid = 1; domid <= 5; domid++)
		CHECK_EQ(proof_domain(proof, domid, PROOF_SMALL), 0);
	CHECK_EQ(fake.n_proofs, 5);
}

TEST(a_large_cap_is_proven_on_the_first_domain_that_gets_it)
{
	struct fake fake = { .limit = 1023 };
	CLEANUP(proof_free) struct proof *proof = proof_over(&fake, PROOF_FIRST);

	for (uint32_t domid = 1; domid <= 5; domid++)
		CHECK_EQ(proof_domain(proof, domid, 1023), 0);
	CHECK_EQ(fake.n_proofs, 1);
	CHECK_EQ(fake.last_domid, 1);
	fake.limit = 100;
	CHECK_EQ(proof_domain(proof, 6, 100), 0);
	CHECK_EQ(fake.n_proofs, 2);
	CHECK_EQ(fake.last_domid, 6);
}

TEST(a_cap_that_did_not_hold_is_tried_again)
{
	struct fake fake = { .limit = 4095 };
	CLEANUP(proof_free) struct proof *proof = proof_over(&fake, PROOF_FIRST);

	CHECK_EQ(proof_domain(proof, 1, 1023), -EPROTO);
	CHECK(strstr(proof_complaint(proof), "limit of 1023 event channels"));
	CHECK(strstr(proof_complaint(proof), "had is 1024"));
	CHECK_EQ(proof_domain(proof, 2, 1023), -EPROTO);
	CHECK_EQ(fake.n_proofs, 2);
}

TEST(all_means_every_domain_and_none_means_none)
{
	struct fake fake = { .limit = 1023 };
	CLEANUP(proof_free) struct proof *all = proof_over(&fake, PROOF_ALL);
	CLEANUP(proof_free) struct proof *none = proof_over(&fake, PROOF_NONE);

	for (uint32_t domid = 1; domid <= 3; domid++)
		CHECK_EQ(proof_domain(all, domid, 1023), 0);
	CHECK_EQ(fake.n_proofs, 3);
	CHECK_EQ(proof_domain(none, 4, 1023), 0);
	CHECK_EQ(proof_domain(none, 5, 5), 0);
	CHECK_EQ(fake.n_proofs, 3);
}
