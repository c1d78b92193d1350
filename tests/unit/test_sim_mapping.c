/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has which frames mapped, grants, and what that means for a domain that dies. */
#include <errno.h>

#include "core/mapping.h"
#include "core/memory.h"
#include "simhost.h"
#include "unit.h"

TEST(a_mapped_page_keeps_a_dying_domain)
{
	struct simhost sim;
	struct mapper mapper;
	struct domain *d;
	uint64_t mfns[2];
	char *page;

	simhost_init(&sim);
	mapper_init(&mapper, sim.host, 1);
	d = simhost_domain(&sim, 8);
	mfns[0] = d->extents[2].mfn;
	mfns[1] = d->extents[5].mfn;
	page = memory_frame(sim.host->memory, mfns[0]);
	strcpy(page, "still here");
	mapping_begin(&mapper, 0x10000, 2);
	CHECK_EQ(mapping_add(&mapper, d, 0x10000, 2, mfns, NULL, true), 0);
	CHECK_EQ(domain_destroy(d), 0);
	CHECK_EQ(host_tidy(sim.host, true), 1);
	CHECK_EQ(d->tot_pages, 2);
	CHECK_STR_EQ(page, "still here");
	CHECK_EQ(host_create(sim.host, d->id, &d->config, &d), -EEXIST);
	CHECK_EQ(mapping_remove(&mapper, 0x10000, 2, false), 0);
	CHECK_EQ(host_tidy(sim.host, false), 0);
	CHECK(!host_domain(sim.host, 1));
	CHECK_EQ(page[0], 0);
	mapper_deinit(&mapper);
	simhost_deinit(&sim);
}

TEST(a_mapping_undone_unseen_is_found_out_when_it_matters)
{
	struct simhost sim;
	struct mapper mapper;
	struct domain *d;
	uint64_t mfn;

	simhost_init(&sim);
	mapper_init(&mapper, sim.host, 1);
	d = simhost_domain(&sim, 8);
	mfn = d->extents[2].mfn;
	mapping_begin(&mapper, 0x10000, 1);
	CHECK_EQ(mapping_add(&mapper, d, 0x10000, 1, &mfn, NULL, true), 0);
	CHECK_EQ(domain_destroy(d), 0);
	sim.mappings_alive = false;
	CHECK_EQ(host_tidy(sim.host, false), 1);
	CHECK_EQ(host_tidy(sim.host, true), 0);
	mapper_deinit(&mapper);
	simhost_deinit(&sim);
}

TEST(an_address_used_again_ends_the_older_mapping)
{
	struct simhost sim;
	struct mapper mapper;
	struct domain *a, *b;
	uint64_t mfns[4];

	simhost_init(&sim);
	mapper_init(&mapper, sim.host, 1);
	a = simhost_domain(&sim, 8);
	b = simhost_domain(&sim, 8);
	for (int i = 0; i < 4; i++)
		mfns[i] = a->extents[i].mfn;
	mapping_begin(&mapper, 0x10000, 4);
	CHECK_EQ(mapping_add(&mapper, a, 0x10000, 4, mfns, NULL, true), 0);
	CHECK(mapping_covers(a, mfns[3]));
	mfns[0] = b->extents[0].mfn;
	mapping_begin(&mapper, 0x12000, 1);
	CHECK_EQ(mapping_add(&mapper, b, 0x12000, 1, mfns, NULL, true), 0);
	CHECK(!mapping_covers(a, mfns[3]));
	CHECK(mapping_covers(b, mfns[0]));
	mapper_deinit(&mapper);
	CHECK(!mapping_covers(b, mfns[0]));
	simhost_deinit(&sim);
}

TEST(a_grant_is_for_whom_it_names_and_shows_that_it_is_in_use)
{
	struct simhost sim;
	grant_entry_v1_t *entries;
	struct domain *d;
	uint64_t mfn;

	simhost_init(&sim);
	d = simhost_domain(&sim, 8);
	entries = memory_frame(sim.host->memory, d->grant.frames[0]);
	entries[1] = (grant_entry_v1_t){ .flags = GTF_permit_access,
					 .domid = 0,
					 .frame = (uint32_t)d->extents[3].mfn };
	entries[2] = (grant_entry_v1_t){ .flags = GTF_permit_access | GTF_readonly,
					 .domid = 0,
					 .frame = (uint32_t)d->extents[3].mfn };
	entries[3] = (grant_entry_v1_t){ .flags = GTF_permit_access, .domid = 0, .frame = 1 };
	CHECK_EQ(grant_begin(d, 0, 0, true, &mfn), -EINVAL);
	CHECK_EQ(grant_begin(d, 100000, 0, true, &mfn), -EINVAL);
	CHECK_EQ(grant_begin(d, 3, 0, true, &mfn), -EINVAL);
	CHECK_EQ(grant_begin(d, 1, 7, true, &mfn), -EINVAL);
	CHECK_EQ(grant_begin(d, 2, 0, true, &mfn), -EINVAL);
	CHECK_EQ(grant_begin(d, 2, 0, false, &mfn), 0);
	CHECK_EQ(grant_begin(d, 1, 0, true, &mfn), 0);
	CHECK_EQ(mfn, d->extents[3].mfn);
	CHECK_EQ(entries[1].flags, GTF_permit_access | GTF_reading | GTF_writing);
	grant_end(d, 1, true);
	CHECK_EQ(entries[1].flags, GTF_permit_access);
	CHECK_EQ(domain_destroy(d), 0);
	CHECK_EQ(grant_begin(d, 1, 0, true, &mfn), -EINVAL);
	simhost_deinit(&sim);
}
