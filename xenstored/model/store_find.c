/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash of a path leads to its node; the match is proved by walking up the parents and comparing
 * names, so that nodes need not store their paths.
 */
#include <string.h>

#include "model/history.h"
#include "model/store.h"

char *node_path(const struct node *node, char *buf)
{
	char *p = buf + node->path_len;

	*p = '\0';
	if (!node->parent) {
		memcpy(buf, node->name_len ? node->text : "/", node->path_len);
		return buf;
	}
	for (; node->parent; node = node->parent) {
		p -= node->name_len;
		memcpy(p, node->text, node->name_len);
		*--p = '/';
	}
	return buf;
}

/* Is @text the path of @node? Their hashes are the same. */
static bool is_path(const struct node *node, const char *text, uint32_t len)
{
	for (; node->parent; node = node->parent) {
		uint32_t n = node->name_len;

		if (len <= n || text[len - n - 1] != '/' ||
		    !hash_same(node->text, text + len - n, n))
			return false;
		len -= n + 1;
	}
	if (node->name_len)
		return len == node->name_len && hash_same(node->text, text, len);
	return !len || (len == 1 && text[0] == '/');
}

struct node *store_find_text(const struct store *store, uint64_t hash, const char *text,
			     uint32_t len)
{
	struct table_link *link;

	for (link = table_first(&store->nodes, hash); link; link = link->next) {
		struct node *node = (struct node *)link;

		if (link->hash == hash && is_path(node, text, len))
			return node;
	}
	return NULL;
}

struct node *store_find(const struct store *store, const struct path *path, uint32_t level)
{
	return store_find_text(store, path->hash[level], path->text, path_prefix_len(path, level));
}

struct node *store_find_text_at(const struct store *store, uint64_t hash, const char *text,
				uint32_t len, uint64_t at)
{
	struct node *node = store_find_text(store, hash, text, len);
	struct table_link *link;

	if (node && node->created <= at)
		return node;
	for (link = table_first(&store->dead, hash); link; link = link->next) {
		node = (struct node *)link;
		if (link->hash == hash && history_is_child_at(node, at) && is_path(node, text, len))
			return node;
	}
	return NULL;
}
