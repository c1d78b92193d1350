/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One node of the store. It knows its own name only; its path is that of its parent and its name.
 * Name and small values stand behind the struct in one allocation.
 *
 * Generations say when what changed last; a transaction that started at generation S sees a node if
 * created <= S, and S < removed for a dead one. A dead node is kept only while some open
 * transaction sees it (history.h); nobody else can find it.
 */
#ifndef NODE_H
#define NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "model/perms.h"
#include "model/table.h"

/* The longest value: what fits a request beside a path of one byte. */
#define NODE_VALUE_MAX 4096

/* What a node was before a change that some open transaction must not see. */
struct version {
	struct node *node;	       /* borrowed: freed after its versions */
	LIST_ENTRY(version) older;     /* in node->more->versions, youngest first */
	STAILQ_ENTRY(version) retired; /* in the snapshot that holds it */
	struct perms *perms;	       /* counted */
	uint64_t from; /* valid from here until the next younger one, or the node itself */
	uint32_t value_len;
	char value[];
};

TAILQ_HEAD(node_list, node);

/* What most nodes do without: they are leaves, and no open transaction sees their past. */
struct node_more {
	struct node_list children; /* in order of creation */
	LIST_HEAD(, node) dead;	   /* former children that some transaction still sees */
	LIST_HEAD(, version) versions;
	uint64_t children_gen; /* a child was added or removed; 0: there never was one */
	uint32_t n_children;
	uint32_t children_bytes; /* names, each with a NUL */
};

struct node {
	struct table_link link; /* in the store's nodes, or its dead ones */
	struct node *parent;	/* borrowed: outlives its children; NULL for "/" and specials */
	union {
		TAILQ_ENTRY(node) sibling;  /* in parent->more->children */
		LIST_ENTRY(node) dead_link; /* in parent->more->dead */
	};
	struct node_more *more; /* owned; NULL: nothing of that */
	struct perms *perms;	/* counted */
	union {
		LIST_ENTRY(node) user;		    /* in perms->users */
		struct {			    /* dead: */
			STAILQ_ENTRY(node) retired; /* in the snapshot that holds it */
			uint64_t removed;	    /* generation of its removal */
		};
	};
	char *value; /* points behind the name, or to a buffer that is owned */
	uint64_t created;
	uint64_t value_gen;
	uint64_t perms_gen;
	uint16_t value_len;
	uint16_t value_room; /* bytes behind the name */
	uint16_t name_len;
	uint16_t path_len : 14;
	uint16_t is_dead : 1;
	uint16_t is_doomed : 1; /* about to be removed by the commit at hand */
	char text[];		/* name, then room for a small value; no NULs */
};

/* What a client sees of a node. All borrowed until the store or the transaction changes. */
struct node_view {
	const struct perms *perms;
	const char *value;
	uint32_t value_len;
	uint64_t generation; /* of the last change of value, permissions or children */
};

/** node_state_generation() - of the last change of value or permissions */
static inline uint64_t node_state_generation(const struct node *node)
{
	return node->value_gen > node->perms_gen ? node->value_gen : node->perms_gen;
}

/** node_children_generation() - when a child was added or removed last; 0: never */
static inline uint64_t node_children_generation(const struct node *node)
{
	return node->more ? node->more->children_gen : 0;
}

static inline uint64_t node_generation(const struct node *node)
{
	uint64_t state = node_state_generation(node), children = node_children_generation(node);

	return state > children ? state : children;
}

/** node_first_child() - the oldest, or NULL; the others follow as TAILQ_NEXT(…, sibling) */
static inline struct node *node_first_child(const struct node *node)
{
	return node->more ? TAILQ_FIRST(&node->more->children) : NULL;
}

/** node_last_child() - the youngest, or NULL */
static inline struct node *node_last_child(const struct node *node)
{
	return node->more ? TAILQ_LAST(&node->more->children, node_list) : NULL;
}

/** node_children_bytes() - length of the names of its children, each with a NUL */
static inline uint32_t node_children_bytes(const struct node *node)
{
	return node->more ? node->more->children_bytes : 0;
}

/**
 * node_quota_bytes() - size that counts for the node size quota
 *
 * Source: xenstored of Xen: a header of 16 bytes, 8 per permission, value, names of the children.
 */
static inline uint32_t node_quota_bytes(uint32_t n_perms, uint32_t value_len,
					uint32_t children_bytes)
{
	return 16 + 8 * n_perms + value_len + children_bytes;
}

/** node_memory() - bytes charged to the owner: node_quota_bytes() and the path */
static inline uint32_t node_memory(const struct node *node)
{
	return node_quota_bytes(node->perms->n, node->value_len, node_children_bytes(node)) +
	       node->path_len;
}

/**
 * node_path() - write the path of @node
 * @buf: room for node->path_len + 1
 *
 * Return: @buf, NUL-terminated.
 */
char *node_path(const struct node *node, char *buf);

#endif
