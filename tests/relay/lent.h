/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real domains that lend their store rings (tests/guest, the word "relay"): made, spoken to over
 * their consoles, which are served here and by nobody else, and ended.
 */
#ifndef LENT_H
#define LENT_H

#include <stddef.h>
#include <stdint.h>

struct lent;

/* What a domain's ring gave; called from within lent_serve() and lent_order(). */
typedef void lent_heard_fn(void *ctx, uint32_t domid, const void *data, size_t len);

/**
 * lent_open() - @kernel: of tests/guest
 * Return: 0, or why Xen or the kernel cannot be used, said on stderr.
 */
int lent_open(struct lent **out, const char *kernel, lent_heard_fn *heard, void *ctx);
/** lent_close() - end all of them. NULL is fine. */
void lent_close(struct lent *lent);

/** lent_fd() - readable when lent_serve() has something to do */
int lent_fd(const struct lent *lent);
/** lent_serve() - carry what can be carried; never waits. Return: 0, or what the handle says. */
int lent_serve(struct lent *lent);

/**
 * lent_create() - make a domain of this number and let it run
 * @frame, @port: out: of its store ring, as INTRODUCE wants them
 *
 * Return: 0, or a negative errno as the hypercall gave it: -EEXIST (in use, maybe dying still), …
 */
int lent_create(struct lent *lent, uint32_t domid, uint64_t *frame, uint32_t *port);
/** lent_destroy(), lent_shutdown() - Return: 0, -ESRCH (not made here), or the hypercall's errno.
 */
int lent_destroy(struct lent *lent, uint32_t domid);
int lent_shutdown(struct lent *lent, uint32_t domid, uint32_t reason);
/** lent_destroy_all() - whatever is there. */
void lent_destroy_all(struct lent *lent);

/** lent_say() - bytes for the ring of requests. Return: 0, -ESRCH, or -ENOMEM. */
int lent_say(struct lent *lent, uint32_t domid, const void *data, size_t len);
/**
 * lent_order() - have the guest do something, after all that it was told to say
 * @kind:  an enum relay_kind but RELAY_DATA, with one or two numbers
 * @value: out: what RELAY_PEEK has read; may be NULL
 *
 * Return: 0, -ESRCH, -ENOMEM, or -ETIMEDOUT (it did not answer for seconds).
 */
int lent_order(struct lent *lent, uint32_t domid, int kind, const uint32_t numbers[2],
	       uint32_t *value);

#endif
