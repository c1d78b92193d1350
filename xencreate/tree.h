/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a new domain finds in the store, and what Debian's xl wants to find there, as a list of
 * requests. */
#ifndef TREE_H
#define TREE_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct plan_domain;

/* A domain that is built. */
struct tree_domain {
	const struct plan_domain *plan;
	uint32_t domid;
	uint32_t store_port;
	uint32_t console_port;
	uint64_t store_frame;
	uint64_t console_frame;
	uint32_t console_domid; /* where the console daemon lives */
	uint64_t start_time_ms; /* since 1970 */
};

/* One request: the path, its NUL, and what belongs behind it. */
struct tree_request {
	uint32_t type; /* XS_RM, XS_MKDIR, XS_WRITE, XS_SET_PERMS */
	size_t offset; /* of the payload in tree->bytes */
	size_t len;
};

struct tree {
	struct tree_request *requests; /* owned */
	size_t n_requests;
	size_t n_allocated;
	char *bytes; /* owned: all payloads, one after the other */
	size_t n_bytes;
	size_t n_bytes_allocated;
};

static inline const char *tree_payload(const struct tree *tree, size_t i)
{
	return tree->bytes + tree->requests[i].offset;
}

/**
 * tree_make() - all requests for one domain, in their order
 * @tree: zeroed, or used before: its memory is used again
 *
 * They begin with the removal of what a former domain of this number may have left, and need no
 * transaction: nobody looks below these paths before the domain is introduced. Nodes inherit the
 * permissions of the folder above them, so only where the guest may write are permissions set.
 *
 * Return: 0 or -ENOMEM.
 * Source: docs/misc/xenstore-paths.pandoc; permissions and nodes as libxl leaves them.
 */
int tree_make(struct tree *tree, const struct tree_domain *domain);

/** tree_removal() - the requests that take all of it away again; a node that is not there is no
 * harm. Return as above. */
int tree_removal(struct tree *tree, uint32_t domid, const char *uuid_text, uint32_t console_domid);

/** tree_deinit() - free what it holds. */
void tree_deinit(struct tree *tree);

#endif
