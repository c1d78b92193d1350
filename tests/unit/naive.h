/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store as one would write it who cares for nothing but being right: an array of nodes that is
 * copied when a transaction starts. It says what the real one must answer.
 */
#ifndef NAIVE_H
#define NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/perms.h"

#define NAIVE_NODES  256
#define NAIVE_PATH   48
#define NAIVE_VALUE  24
#define NAIVE_PERMS  4
#define NAIVE_TOUCH  512
#define NAIVE_CHANGE 128

struct naive_node {
	char path[NAIVE_PATH];
	char value[NAIVE_VALUE];
	struct perm perms[NAIVE_PERMS];
	uint32_t n_perms;
	uint64_t created, value_gen, perms_gen, children_gen;
};

struct naive_tree {
	struct naive_node nodes[NAIVE_NODES]; /* in order of creation */
	uint32_t n;
	uint64_t generation;
};

enum naive_op {
	NAIVE_READ,
	NAIVE_LIST,
	NAIVE_GET_PERMS,
	NAIVE_WRITE,
	NAIVE_MKDIR,
	NAIVE_RM,
	NAIVE_SET_PERMS,
	NAIVE_N_OPS
};

struct naive_request {
	enum naive_op op;
	char path[NAIVE_PATH];
	char value[NAIVE_VALUE];
	struct perm perms[NAIVE_PERMS];
	uint32_t n_perms;
};

/* A transaction: what it saw, what it sees, what it depends on, what it did. */
struct naive_txn {
	struct naive_tree start, now;
	struct {
		char path[NAIVE_PATH];
		unsigned int touch; /* TXN_* of model/txn.h; 0: made on the way */
	} touched[NAIVE_TOUCH];
	uint32_t n_touched;
	struct naive_request changes[NAIVE_CHANGE];
	struct subject who[NAIVE_CHANGE];
	uint32_t n_changes;
};

void naive_init(struct naive_tree *tree);

/**
 * naive_do() - carry out a request
 * @txn:    NULL: now
 * @answer: out: value, names or permissions as text, if it succeeds
 *
 * Return: 0 or a negative errno.
 */
int naive_do(struct naive_tree *tree, struct naive_txn *txn, const struct subject *who,
	     const struct naive_request *request, char *answer, size_t size);

void naive_begin(const struct naive_tree *tree, struct naive_txn *txn);
/** naive_commit() - 0 or -EAGAIN */
int naive_commit(struct naive_tree *tree, struct naive_txn *txn);

#endif
