/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One transaction for all consoles: read each tty node, empty those that are ours, commit. If
 * somebody else writes at the same time, it is done again as long as there is time.
 */
#include "retire.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "console.h"
#include "domain.h"
#include "domains.h"
#include "loop.h"
#include "server.h"
#include "storeclient.h"

#define RETIRE_ATTEMPTS 5

struct retired {
	struct retire *retire; /* borrowed: owns us */
	char path[64];
	char tty[TTY_PATH_SIZE];
	bool ours;
};

/* Owned by the server, which frees it after the store client with its last answers. */
struct retire {
	struct server *server;
	uint32_t txid;
	size_t n_waiting;
	unsigned int n_attempts;
	size_t n_retired;
	struct retired retired[];
};

static void begin(struct retire *retire);

static void stop(struct retire *retire)
{
	loop_stop(retire->server->loop, EXIT_SUCCESS);
}

static void on_patience(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	stop(ctx);
}

static void on_end(void *ctx, int error, const char *data, size_t len)
{
	struct retire *retire = ctx;

	(void)data, (void)len;
	if (error == -EAGAIN && ++retire->n_attempts < RETIRE_ATTEMPTS)
		begin(retire);
	else
		stop(retire);
}

static void end(struct retire *retire)
{
	struct iovec flag = { "T", 2 };

	if (storeclient_request(retire->server->store, XS_TRANSACTION_END, retire->txid, &flag, 1,
				on_end, retire) < 0)
		stop(retire);
}

static void on_written(void *ctx, int error, const char *data, size_t len)
{
	struct retire *retire = ctx;

	(void)error, (void)data, (void)len;
	if (!--retire->n_waiting)
		end(retire);
}

static void write_all(struct retire *retire)
{
	struct server *server = retire->server;

	retire->n_waiting = 1; /* held by this function */
	for (size_t i = 0; i < retire->n_retired; i++) {
		struct retired *one = &retire->retired[i];

		if (one->ours && storeclient_write(server->store, retire->txid, one->path, "",
						   on_written, retire) == 0)
			retire->n_waiting++;
	}
	if (!--retire->n_waiting)
		end(retire);
}

static void on_read(void *ctx, int error, const char *data, size_t len)
{
	struct retired *one = ctx;
	struct retire *retire = one->retire;

	one->ours = !error && len == strlen(one->tty) && !memcmp(data, one->tty, len);
	if (!--retire->n_waiting)
		write_all(retire);
}

static void on_begun(void *ctx, int error, const char *data, size_t len)
{
	struct retire *retire = ctx;

	(void)len;
	if (error) {
		stop(retire);
		return;
	}
	retire->txid = (uint32_t)strtoul(data, NULL, 10);
	retire->n_waiting = 1; /* held by this function */
	for (size_t i = 0; i < retire->n_retired; i++)
		if (storeclient_read(retire->server->store, retire->txid, retire->retired[i].path,
				     on_read, &retire->retired[i]) == 0)
			retire->n_waiting++;
	if (!--retire->n_waiting)
		write_all(retire);
}

static void begin(struct retire *retire)
{
	struct iovec empty = { "", 1 };

	if (storeclient_request(retire->server->store, XS_TRANSACTION_START, 0, &empty, 1, on_begun,
				retire) < 0)
		stop(retire);
}

static void collect(struct retire *retire)
{
	struct domain *domain;

	for (domain = domains_first(retire->server->domains); domain;
	     domain = domains_next(domain)) {
		for (size_t i = 0; i < CONSOLE_N_KINDS; i++) {
			const struct console *console = &domain->consoles[i];
			struct retired *one = &retire->retired[retire->n_retired];

			if (!tty_is_open(&console->tty))
				continue;
			one->retire = retire;
			snprintf(one->path, sizeof(one->path), "/local/domain/%u/%s/tty",
				 domain->domid, console->kind->folder);
			memcpy(one->tty, console->tty.path, sizeof(one->tty));
			retire->n_retired++;
		}
	}
}

void retire_begin(struct server *server)
{
	struct timeval patience = { .tv_sec = RETIRE_PATIENCE_MS / 1000 };
	size_t n = domains_count(server->domains) * CONSOLE_N_KINDS;
	struct retire *retire = calloc(1, sizeof(*retire) + n * sizeof(retire->retired[0]));

	if (!retire) {
		loop_stop(server->loop, EXIT_SUCCESS);
		return;
	}
	server->retire = retire;
	retire->server = server;
	collect(retire);
	if (!retire->n_retired || event_base_once(loop_base(server->loop), -1, EV_TIMEOUT,
						  on_patience, retire, &patience) < 0) {
		stop(retire);
		return;
	}
	begin(retire);
}
