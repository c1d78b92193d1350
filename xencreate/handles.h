/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handles through which everything here acts, and where the daemons live. */
#ifndef HANDLES_H
#define HANDLES_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "storeclient.h"

struct log;
struct loop;
struct xc_interface_core;

struct handles {
	struct log *log;	       /* borrowed: main()'s, freed last */
	struct loop *loop;	       /* owned */
	struct xc_interface_core *xch; /* owned */
	struct storeclient *store;     /* owned; NULL until handles_connect() */
	uint32_t store_domid;	       /* the domain that runs the store daemon */
	uint32_t console_domid;	       /* the console daemon's */
	/* Private to handles.c: the question about the two. */
	unsigned int n_answers;
	struct event *patience;
	bool ready;
	void (*on_ready)(void *ctx, int error);
	void *ctx;
	const struct storeclient_handlers *handlers;
};

/**
 * handles_new() - open the loop and the hypervisor
 * Return: 0, -ENOMEM, or what opening the hypervisor's device says: -ENOENT (this is no Xen host),
 * -EACCES, …
 */
int handles_new(struct handles **out, struct log *log);

/**
 * handles_connect() - connect to the store and ask where the daemons live
 * @handlers: borrowed; event(), connected() and disconnected() are called with @ctx; connected()
 * only from the second time on
 * @on_ready: called once from the loop, with -ETIMEDOUT if the store does not answer within a few
 * seconds
 *
 * Return: 0 or -ENOMEM.
 */
int handles_connect(struct handles *host, const struct storeclient_handlers *handlers,
		    void (*on_ready)(void *ctx, int error), void *ctx);

/** handles_disconnect() - end the connection; callbacks of requests in flight come now, with
 * -ECANCELED. */
void handles_disconnect(struct handles *host);

void handles_free(struct handles *host);
DEFINE_CLEANUP(struct handles *, handles_free)

#endif
