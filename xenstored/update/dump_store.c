/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits and nodes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/node.h"
#include "model/path.h"
#include "model/perms.h"
#include "model/quota.h"
#include "model/store.h"
#include "update/dump.h"
#include "update/dump_priv.h"

/* What the specification calls a limit that only warns. */
#define SOFT_NAME "soft-memory"

static uint32_t collect(struct writer_limit *limits, const struct quota *quota,
			const struct quota_account *account)
{
	uint32_t n = 0;

	for (int soft = 0; soft < 2; soft++)
		for (enum quota_item i = 0; i < QUOTA_N; i++) {
			uint32_t all = quota_limit(quota, i, soft), own = all;

			if (soft && i != QUOTA_MEMORY)
				continue;
			if (account)
				own = soft ? account->soft[i] : account->limit[i];
			if (!account || own != all)
				limits[n++] = (struct writer_limit){ soft ? SOFT_NAME
									  : quota_names[i].name,
								     own };
		}
	return n;
}

void dump_quota(struct writer *writer, const struct quota *quota)
{
	struct writer_limit limits[QUOTA_N + 1];

	writer_quota(writer, limits, collect(limits, quota, NULL));
}

void dump_limits(struct writer *writer, const struct quota_account *account, uint32_t features)
{
	struct writer_limit limits[QUOTA_N + 1];

	writer_domain(writer, account->domid, features, limits,
		      collect(limits, account->quota, account));
}

uint32_t dump_perms(const struct perms *perms, struct stream_perm *out)
{
	static const char letters[] = {
		[0] = 'n', [PERMS_READ] = 'r', [PERMS_WRITE] = 'w', [PERMS_READ | PERMS_WRITE] = 'b'
	};
	uint32_t n = perms->n < DUMP_PERMS_MAX ? perms->n : DUMP_PERMS_MAX;

	for (uint32_t i = 0; i < n; i++)
		out[i] = (struct stream_perm){
			.domid = perms->list[i].domid,
			.rights = letters[perms->list[i].rights & (PERMS_READ | PERMS_WRITE)],
			.stale = perms->list[i].stale,
		};
	return n;
}

static void dump_node(struct writer *writer, const struct node *node)
{
	struct stream_perm perms[DUMP_PERMS_MAX];
	char path[PATH_LEN_MAX + 1];
	struct stream_node out = {
		.path = node_path(node, path),
		.value = node->value,
		.value_len = node->value_len,
		.n_perms = dump_perms(node->perms, perms),
	};

	out.path_len = (uint32_t)strlen(path);
	writer_node(writer, &out, perms);
}

/* The next node that is not below @node. */
static const struct node *next_beside(const struct node *node)
{
	for (; node->parent; node = node->parent)
		if (TAILQ_NEXT(node, sibling))
			return TAILQ_NEXT(node, sibling);
	return NULL;
}

void dump_nodes(struct writer *writer, const struct store *store)
{
	const struct node *node = store->root;

	for (int i = 0; i < STORE_N_SPECIAL; i++)
		dump_node(writer, store->specials[i]);
	while (node) {
		dump_node(writer, node);
		node = node_first_child(node) ? node_first_child(node) : next_beside(node);
	}
}
