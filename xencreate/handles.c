/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing, and two questions to the store. */
#include "handles.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <xenctrl.h>

#include "log.h"
#include "loop.h"

#define PATIENCE_S 5

int handles_new(struct handles **out, struct log *log)
{
	CLEANUP(handles_free) struct handles *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return -ENOMEM;
	host->log = log;
	r = loop_new(&host->loop);
	if (r < 0)
		return r;
	host->xch = xc_interface_open(log_xtl(log), log_xtl(log), 0);
	if (!host->xch)
		return errno ? -errno : -ENODEV;
	*out = STEAL(host);
	return 0;
}

static void ready(struct handles *host, int error)
{
	if (host->ready)
		return;
	host->ready = true;
	if (host->patience)
		event_del(host->patience);
	host->on_ready(host->ctx, error);
}

static void take_domid(struct handles *host, uint32_t *domid, int error, const char *data)
{
	if (!error)
		*domid = (uint32_t)strtoul(data, NULL, 10);
	/* No such node: domain 0. Source: libxl, libxl__get_domid() and its callers. */
	if (error && error != -ENOENT) {
		host->n_answers = 0; /* the connection broke: asked again when there is a new one */
		return;
	}
	if (++host->n_answers == 2)
		ready(host, 0);
}

static void on_store_domid(void *ctx, int error, const char *data, size_t len)
{
	struct handles *host = ctx;

	(void)len;
	take_domid(host, &host->store_domid, error, data);
}

static void on_console_domid(void *ctx, int error, const char *data, size_t len)
{
	struct handles *host = ctx;

	(void)len;
	take_domid(host, &host->console_domid, error, data);
}

static void on_event(void *ctx, const char *path, const char *token)
{
	struct handles *host = ctx;

	if (host->handlers->event)
		host->handlers->event(host->ctx, path, token);
}

static void on_connected(void *ctx)
{
	struct handles *host = ctx;

	if (host->ready) {
		if (host->handlers->connected)
			host->handlers->connected(host->ctx);
		return;
	}
	host->n_answers = 0;
	storeclient_read(host->store, 0, "/tool/xenstored/domid", on_store_domid, host);
	storeclient_read(host->store, 0, "/tool/xenconsoled/domid", on_console_domid, host);
}

static void on_disconnected(void *ctx, int error)
{
	struct handles *host = ctx;

	if (host->ready && host->handlers->disconnected)
		host->handlers->disconnected(host->ctx, error);
}

static void on_patience_ends(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	ready(ctx, -ETIMEDOUT);
}

int handles_connect(struct handles *host, const struct storeclient_handlers *handlers,
		    void (*on_ready)(void *ctx, int error), void *ctx)
{
	static const struct storeclient_handlers ours = {
		.event = on_event,
		.connected = on_connected,
		.disconnected = on_disconnected,
	};
	struct timeval patience = { .tv_sec = PATIENCE_S };

	host->handlers = handlers;
	host->on_ready = on_ready;
	host->ctx = ctx;
	host->patience = evtimer_new(loop_base(host->loop), on_patience_ends, host);
	if (!host->patience || event_add(host->patience, &patience) < 0)
		return -ENOMEM;
	return storeclient_new(&host->store, host->loop, NULL, &ours, host);
}

void handles_disconnect(struct handles *host)
{
	if (host->patience)
		event_free(host->patience);
	host->patience = NULL;
	storeclient_free(STEAL(host->store));
}

void handles_free(struct handles *host)
{
	if (!host)
		return;
	handles_disconnect(host);
	if (host->xch)
		xc_interface_close(host->xch);
	loop_free(host->loop);
	free(host);
}
