/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that what an entry says of its lengths is true. What it means is replay.c's business. */
#include "persist/entry.h"

#include <stddef.h>

/* Bytes that an entry has beside its fixed part; at most what 32 bits hold, times a little. */
static uint64_t extra(const struct entry *entry)
{
	switch (entry->type) {
	case ENTRY_NODE: {
		const struct entry_node *e = (const struct entry_node *)entry;

		return e->n_perms * (uint64_t)sizeof(e->perms[0]) + e->name_len + e->value_len;
	}
	case ENTRY_VALUE:
		return ((const struct entry_value *)entry)->value_len;
	case ENTRY_PERMS:
		return ((const struct entry_perms *)entry)->n_perms *
		       (uint64_t)sizeof(struct entry_perm);
	case ENTRY_WATCH:
	case ENTRY_UNWATCH: {
		const struct entry_watch *e = (const struct entry_watch *)entry;

		return (uint64_t)e->path_len + e->token_len;
	}
	case ENTRY_INPUT:
	case ENTRY_OUTPUT:
		return ((const struct entry_stream *)entry)->n_bytes;
	default:
		return 0;
	}
}

static const uint32_t fixed[ENTRY_N_TYPES] = {
	[ENTRY_NODE] = sizeof(struct entry_node),
	[ENTRY_VALUE] = offsetof(struct entry_value, value),
	[ENTRY_PERMS] = sizeof(struct entry_perms),
	[ENTRY_REMOVE] = sizeof(struct entry_name),
	[ENTRY_QUOTA] = sizeof(struct entry_quota),
	[ENTRY_DOMAIN] = sizeof(struct entry_domain),
	[ENTRY_DOMAIN_END] = sizeof(struct entry_domain_end),
	[ENTRY_CLIENT] = sizeof(struct entry_client),
	[ENTRY_CLIENT_END] = sizeof(struct entry_name),
	[ENTRY_RESET] = sizeof(struct entry_name),
	[ENTRY_WATCH] = sizeof(struct entry_watch),
	[ENTRY_UNWATCH] = sizeof(struct entry_watch),
	[ENTRY_TXN] = sizeof(struct entry_txn),
	[ENTRY_TXN_END] = sizeof(struct entry_txn),
	[ENTRY_INPUT] = sizeof(struct entry_stream),
	[ENTRY_TAKEN] = sizeof(struct entry_stream),
	[ENTRY_SLOW] = sizeof(struct entry_stream),
	[ENTRY_OUTPUT] = sizeof(struct entry_stream),
	[ENTRY_GAP] = sizeof(struct entry_name),
};

static bool is_whole(const struct entry *entry, uint32_t room)
{
	if (room < sizeof(*entry) || entry->len > room || entry->len % 8 ||
	    entry->len < sizeof(*entry))
		return false;
	if (!entry->type || entry->type >= ENTRY_N_TYPES || entry->len < fixed[entry->type])
		return false;
	return ENTRY_PAD(fixed[entry->type] + extra(entry)) == entry->len;
}

const struct entry *entry_next(const struct entry *at, const char *data, uint32_t n_bytes)
{
	const char *next = at ? (const char *)at + at->len : data;
	uint32_t room = n_bytes - (uint32_t)(next - data);
	const struct entry *entry = (const struct entry *)next;

	return room && is_whole(entry, room) ? entry : NULL;
}

bool entry_check(const char *data, uint32_t n_bytes)
{
	const struct entry *at = NULL, *entry;

	if (!n_bytes)
		return true;
	while ((entry = entry_next(at, data, n_bytes)))
		at = entry;
	return at && (const char *)at + at->len == data + n_bytes;
}
