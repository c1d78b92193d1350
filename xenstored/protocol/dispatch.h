/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a message to its answer. One table says which function serves which operation and who may
 * ask. An operation returns 0 or a negative errno; only here does that become an answer, and here
 * is made sure that every request gets exactly one.
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/path.h"
#include "model/view.h"

struct backlog_cause;
struct conn;
struct txn;

struct request {
	struct conn *conn;
	uint32_t type;
	uint32_t req_id;
	uint32_t tx_id;
	struct txn *txn;     /* NULL: none */
	const char *payload; /* borrowed until the operation returns */
	uint32_t len;
	bool answered;
	struct backlog_cause *cause; /* events it caused wait somewhere; theirs */
};

/**
 * dispatch() - serve one message; @payload has @len bytes
 *
 * Return: false if it must wait: give it again later.
 */
bool dispatch(struct conn *conn, uint32_t type, uint32_t req_id, uint32_t tx_id,
	      const char *payload, uint32_t len);

/* For operations. An operation that returns 0 without having answered is answered "OK". */

/** dispatch_answer() - answer with @data; 0, -E2BIG (too long for a message) or -ENOMEM */
int dispatch_answer(struct request *req, const void *data, uint32_t len);
/** dispatch_answer_room() - answer with @len bytes, to be written to *@out at once */
int dispatch_answer_room(struct request *req, uint32_t len, char **out);
/** dispatch_answer_written() - the @len bytes at @room are there now */
void dispatch_answer_written(struct request *req, const char *room, uint32_t len);
/** dispatch_answer_ok() - answer "OK" now, before something else is queued */
int dispatch_answer_ok(struct request *req);
/** dispatch_answer_number() - answer with decimal digits and their NUL */
int dispatch_answer_number(struct request *req, uint32_t number);
/** dispatch_answer_text() - answer with a formatted string and its NUL */
int dispatch_answer_text(struct request *req, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** dispatch_string() - the payload, if it is exactly one string; else NULL */
const char *dispatch_string(const struct request *req);
/**
 * dispatch_strings() - split the payload at its NULs; what follows the last one is ignored
 * @strings: out: the first @max of them
 *
 * Return: how many there are, even if more than @max.
 */
uint32_t dispatch_strings(const struct request *req, const char **strings, uint32_t max);
/** dispatch_domid() - read a domid as the protocol writes it; 0 or -EINVAL. "" is 0. */
int dispatch_domid(const char *text, uint32_t *domid);
/** dispatch_number() - decimal, rubbish is 0, clipped to the range of int */
int dispatch_number(const char *text);
/** dispatch_path() - check a path for this client; 0 or -EINVAL */
int dispatch_path(const struct request *req, const char *text, bool special, struct path *path);
/** dispatch_only_path() - the same for a payload that is one path and its NUL */
int dispatch_only_path(const struct request *req, bool special, struct path *path);
/** dispatch_view() - the store as this request sees it */
struct view dispatch_view(struct request *req);

#endif
