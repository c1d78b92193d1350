/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One transaction: list each kind's folder, remove it if it is empty, then the same with the one
 * around them. */
#include "sweep.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "storeclient.h"

static const char *const kinds[] = { "console", "vif", "vbd" };

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct sweep {
	struct storeclient *store; /* borrowed: answers all that we asked before it goes */
	uint32_t console_domid;
	uint32_t txid;
	size_t n_kinds; /* that have been looked at */
	void (*done)(void *ctx, int error);
	void *ctx;
};

/* The folder of all backends, or the one of a kind in it. */
static void folder(char *path, size_t size, const struct sweep *sweep)
{
	bool kind = sweep->n_kinds < N_KINDS;

	/* Vifs and disks are served by domain 0. */
	snprintf(path, size, "/local/domain/%u/backend%s%s",
		 sweep->n_kinds ? 0 : sweep->console_domid, kind ? "/" : "",
		 kind ? kinds[sweep->n_kinds] : "");
}

static void finish(struct sweep *sweep, int error)
{
	bool lost = error == -ECONNRESET || error == -ENOTCONN;

	/* A conflict means that somebody uses the folders: they stay. */
	sweep->done(sweep->ctx, lost ? -ECONNRESET : 0);
}

static void on_ended(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	finish(ctx, error);
}

static void end(struct sweep *sweep)
{
	struct iovec iov = { "T", 2 };

	int r = storeclient_request(sweep->store, XS_TRANSACTION_END, sweep->txid, &iov, 1,
				    on_ended, sweep);

	if (r < 0)
		finish(sweep, r);
}

static void list(struct sweep *sweep);

static void on_listed(void *ctx, int error, const char *data, size_t len)
{
	struct sweep *sweep = ctx;
	char path[64];

	(void)data;
	folder(path, sizeof(path), sweep);
	if (!error && !len)
		storeclient_rm(sweep->store, sweep->txid, path, NULL, NULL);
	if (sweep->n_kinds++ < N_KINDS)
		list(sweep);
	else
		end(sweep);
}

static void list(struct sweep *sweep)
{
	char path[64];

	folder(path, sizeof(path), sweep);
	if (storeclient_directory(sweep->store, sweep->txid, path, on_listed, sweep) < 0)
		end(sweep);
}

static void on_started(void *ctx, int error, const char *data, size_t len)
{
	struct sweep *sweep = ctx;

	(void)len;
	if (error) {
		finish(sweep, error);
		return;
	}
	sweep->txid = (uint32_t)strtoul(data, NULL, 10);
	list(sweep);
}

int sweep_new(struct sweep **out, struct storeclient *store, uint32_t console_domid,
	      void (*done)(void *ctx, int error), void *ctx)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	struct iovec iov = { "", 1 };
	int r;

	if (!sweep)
		return -ENOMEM;
	sweep->store = store;
	sweep->console_domid = console_domid;
	sweep->done = done;
	sweep->ctx = ctx;
	r = storeclient_request(store, XS_TRANSACTION_START, 0, &iov, 1, on_started, sweep);
	if (r < 0) {
		free(sweep);
		return r;
	}
	*out = sweep;
	return 0;
}

void sweep_free(struct sweep *sweep)
{
	free(sweep);
}
