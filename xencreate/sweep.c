/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One transaction: list the innermost folder, remove it if it is empty, then the same with the one
 * around it. */
#include "sweep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "storeclient.h"

struct sweep {
	struct storeclient *store; /* borrowed: answers all that we asked before it goes */
	char path[64];
	uint32_t txid;
	void (*done)(void *ctx);
	void *ctx;
};

static void on_ended(void *ctx, int error, const char *data, size_t len)
{
	struct sweep *sweep = ctx;

	/* A conflict means that somebody uses the folders: they stay. */
	(void)error, (void)data, (void)len;
	sweep->done(sweep->ctx);
}

static void end(struct sweep *sweep)
{
	struct iovec iov = { "T", 2 };

	if (storeclient_request(sweep->store, XS_TRANSACTION_END, sweep->txid, &iov, 1, on_ended,
				sweep) < 0)
		sweep->done(sweep->ctx);
}

static void on_listed(void *ctx, int error, const char *data, size_t len)
{
	struct sweep *sweep = ctx;
	char *slash = strrchr(sweep->path, '/');

	(void)data;
	if (error || len ||
	    storeclient_rm(sweep->store, sweep->txid, sweep->path, NULL, NULL) < 0) {
		end(sweep);
		return;
	}
	/* ".../backend/console" is followed by ".../backend", and that is all. */
	if (strcmp(slash, "/console")) {
		end(sweep);
		return;
	}
	*slash = '\0';
	if (storeclient_directory(sweep->store, sweep->txid, sweep->path, on_listed, sweep) < 0)
		end(sweep);
}

static void on_started(void *ctx, int error, const char *data, size_t len)
{
	struct sweep *sweep = ctx;

	(void)len;
	if (error) {
		sweep->done(sweep->ctx);
		return;
	}
	sweep->txid = (uint32_t)strtoul(data, NULL, 10);
	if (storeclient_directory(sweep->store, sweep->txid, sweep->path, on_listed, sweep) < 0)
		end(sweep);
}

int sweep_new(struct sweep **out, struct storeclient *store, uint32_t console_domid,
	      void (*done)(void *ctx), void *ctx)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	struct iovec iov = { "", 1 };
	int r;

	if (!sweep)
		return -ENOMEM;
	sweep->store = store;
	sweep->done = done;
	sweep->ctx = ctx;
	snprintf(sweep->path, sizeof(sweep->path), "/local/domain/%u/backend/console",
		 console_domid);
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
