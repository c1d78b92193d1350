/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks grant entries up in the frames that the guest shares; see grant.h. */
#include "grant.h"

#include <errno.h>
#include <stdlib.h>

#include "domain.h"
#include "host.h"
#include "interface.h"
#include "memory.h"

int grant_init(struct domain *domain, uint32_t max_frames)
{
	domain->grant.frames = calloc(max_frames, sizeof(*domain->grant.frames));
	if (!domain->grant.frames)
		return -ENOMEM;
	domain->grant.max_frames = max_frames;
	return grant_grow(domain, 1);
}

void grant_deinit(struct domain *domain)
{
	free(domain->grant.frames);
	domain->grant = (struct grant_table){ .frames = NULL };
}

int grant_grow(struct domain *domain, uint32_t n)
{
	struct grant_table *table = &domain->grant;

	if (n > table->max_frames)
		return -EINVAL;
	while (table->n_frames < n) {
		int r = memory_take(domain->host->memory, domain->id, 0,
				    &table->frames[table->n_frames]);

		if (r < 0)
			return r;
		table->n_frames++;
	}
	return 0;
}

static grant_entry_v1_t *entry_get(struct domain *domain, uint32_t ref)
{
	struct grant_table *table = &domain->grant;
	grant_entry_v1_t *entries;

	if (ref / GRANT_ENTRIES_A_PAGE >= table->n_frames)
		return NULL;
	entries = memory_frame(domain->host->memory, table->frames[ref / GRANT_ENTRIES_A_PAGE]);
	return &entries[ref % GRANT_ENTRIES_A_PAGE];
}

int grant_begin(struct domain *domain, uint32_t ref, uint16_t mapper, bool write, uint64_t *mfn)
{
	grant_entry_v1_t *entry = domain->dying ? NULL : entry_get(domain, ref);
	uint16_t flags;

	if (!entry)
		return -EINVAL;
	flags = __atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE);
	if ((flags & GTF_type_mask) != GTF_permit_access || entry->domid != mapper ||
	    (write && (flags & GTF_readonly)))
		return -EINVAL;
	if (domain_frame_for(domain, entry->frame, mfn) < 0)
		return -EINVAL;
	__atomic_or_fetch(&entry->flags, write ? GTF_reading | GTF_writing : GTF_reading,
			  __ATOMIC_ACQ_REL);
	return 0;
}

void grant_end(struct domain *domain, uint32_t ref, bool write)
{
	grant_entry_v1_t *entry = entry_get(domain, ref);

	if (entry)
		__atomic_and_fetch(&entry->flags,
				   (uint16_t) ~(write ? GTF_reading | GTF_writing : GTF_reading),
				   __ATOMIC_ACQ_REL);
}
