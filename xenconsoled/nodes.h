/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the store says about one console, and what follows from it. Values come from a toolstack,
 * but nothing is believed: a number is a number in the right range, or the node counts as absent.
 */
#ifndef NODES_H
#define NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The nodes of a console that are read, in the order in which they are asked for. */
enum nodes_id {
	NODES_PORT,
	NODES_RING_REF,
	NODES_TYPE,
	NODES_LIMIT,
	NODES_TTY,
	NODES_COUNT,
};

struct nodes {
	bool has_port, has_ring_ref, foreign_type;
	uint32_t port;
	uint64_t ring_ref;
	uint64_t limit_bytes; /* 0: none given */
	char tty[64];	      /* "" if absent or longer than any pty's path */
};

/** nodes_name() - name below the console's folder: "port", … */
const char *nodes_name(enum nodes_id id);

/**
 * nodes_set() - note a node's value
 * @nodes: zeroed at first
 * @value: @len bytes, NUL-terminated behind them; NULL if the node does not exist
 */
void nodes_set(struct nodes *nodes, enum nodes_id id, const char *value, size_t len);

/** nodes_is_ours() - is the console complete, and one that this daemon serves? */
bool nodes_is_ours(const struct nodes *nodes);

/** nodes_domid() - read a domain's number; false if @text is anything else. */
bool nodes_domid(const char *text, uint32_t *domid);

/**
 * nodes_domid_of() - the domain whose console a watch event is about
 * @path:  as it comes with the event
 * @domid: out
 *
 * Return: true; false if @path is not below "/local/domain/N" or names the console's tty, which
 * only we write.
 */
bool nodes_domid_of(const char *path, uint32_t *domid);

#endif
