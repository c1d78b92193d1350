/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grants.h"

#include <errno.h>
#include <stdlib.h>
#include <xengnttab.h>

/* 8,192 domains before two far from each other share a handle. */
#define N_HANDLES	   64
#define DOMAINS_PER_HANDLE 128

struct grants {
	struct xentoollog_logger *logger;  /* borrowed: see grants_new() */
	xengnttab_handle *own[N_HANDLES];  /* owned; NULL: not opened yet */
	xengnttab_handle *used[N_HANDLES]; /* borrowed from the former, or the first of them */
};

int grants_new(struct grants **out, struct xentoollog_logger *logger)
{
	CLEANUP(grants_free) struct grants *grants = calloc(1, sizeof(*grants));

	if (!grants)
		return -ENOMEM;
	grants->logger = logger;
	grants->own[0] = grants->used[0] = xengnttab_open(logger, 0);
	if (!grants->own[0])
		return errno ? -errno : -ENODEV;
	*out = STEAL(grants);
	return 0;
}

void grants_free(struct grants *grants)
{
	if (!grants)
		return;
	for (int i = 0; i < N_HANDLES; i++)
		if (grants->own[i])
			xengnttab_close(grants->own[i]);
	free(grants);
}

struct xengntdev_handle *grants_of(struct grants *grants, uint32_t domid)
{
	uint32_t i = domid / DOMAINS_PER_HANDLE % N_HANDLES;

	if (grants->used[i])
		return grants->used[i];
	grants->own[i] = xengnttab_open(grants->logger, 0);
	/* Whatever is mapped by the first one must be unmapped by it: so it stays. */
	grants->used[i] = grants->own[i] ? grants->own[i] : grants->own[0];
	return grants->used[i];
}
