/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and closing a console's pty, with all that hangs on it: the place where it is kept, the
 * watch for its clients, and its events. What passes through it is stream.c's.
 */
#include "terminal.h"

#include <errno.h>
#include <event2/event.h>
#include <stddef.h>
#include <string.h>

#include "clients.h"
#include "console.h"
#include "domains.h"
#include "kept.h"
#include "log.h"
#include "loop.h"
#include "server.h"
#include "stream.h"

#define TTY_RETRY_MS 5000

void terminal_close(struct console *console)
{
	if (console->tty_readable)
		event_free(console->tty_readable);
	if (console->tty_writable)
		event_free(console->tty_writable);
	console->tty_readable = console->tty_writable = NULL;
	console->input_stalled = console->published = false;
	console->tty_incomplete = console->tty_is_full = false;
	clients_unwatch(console->server->clients, &console->clients);
	kept_remove(console->server->kept, &console->kept);
	tty_close(&console->tty);
}

static void on_clients_left(struct clients_pty *pty)
{
	struct console *console = (void *)((char *)pty - offsetof(struct console, clients));

	tty_make_raw(&console->tty);
}

/* Room for more ptys is made if we may make it. */
static int open_new_tty(struct console *console)
{
	struct server *server = console->server;
	uint64_t now_ms = loop_now_ms(server->loop);
	int r;

	if (now_ms < console->tty_retry_ms)
		return -EAGAIN;
	r = tty_open(&console->tty);
	if (r == -ENOSPC && tty_raise_limit() == 0) {
		log_info(server->log, "all ptys are in use: allowing twice as many");
		r = tty_open(&console->tty);
	}
	if (r < 0)
		return r;
	console->stats.n_ttys++;
	console->tty_retry_ms = now_ms + TTY_RETRY_MS;
	return 0;
}

static int start_events(struct console *console)
{
	struct event_base *base = loop_base(console->server->loop);

	console->tty_readable = event_new(base, console->tty.master, EV_READ | EV_PERSIST,
					  stream_on_tty_readable, console);
	console->tty_writable =
		event_new(base, console->tty.master, EV_WRITE, stream_on_tty_writable, console);
	if (!console->tty_readable || !console->tty_writable ||
	    event_add(console->tty_readable, NULL) < 0)
		return -ENOMEM;
	console->tty_is_full = console->backlog.size_bytes;
	return console->tty_is_full && event_add(console->tty_writable, NULL) < 0 ? -ENOMEM : 0;
}

static int start(struct console *console, bool has_client)
{
	struct server *server = console->server;
	int r = clients_watch(server->clients, &console->clients, console->tty.path);

	if (r < 0)
		log_debug(server->log, "%s: cannot watch its clients: %s", console->tty.path,
			  strerror(-r));
	else
		console->clients.n_clients = has_client;
	return start_events(console);
}

/* Somebody broke the pty: clients get a new one, whose path the next look at the store publishes.
 */
void terminal_give_up(struct console *console)
{
	log_warning(console->server->log, "domain %u: %s does not work any more: %s",
		    console->domid, console->tty.path, strerror(errno));
	terminal_close(console);
	domains_mark_dirty(console->server->domains, console->domid);
}

void terminal_complete(struct console *console)
{
	bool has_client;
	int r;

	if (!console->tty_incomplete)
		return;
	console->tty_incomplete = false;
	r = tty_complete(&console->tty, console->kept.label.tty.device, &has_client);
	if (r == 0)
		r = start(console, has_client);
	if (r < 0) {
		errno = -r;
		terminal_give_up(console);
	}
}

/* The one that it had when the last daemon was killed. */
static bool take_kept(struct console *console, const struct kept_label *label,
		      const char *published)
{
	struct server *server = console->server;

	if (!kept_take(server->kept, label, published, &console->tty, &console->kept))
		return false;
	kept_note_port(server->kept, &console->kept, label->local_port, label->remote_port);
	console->published = console->tty_incomplete = true;
	if (server->ready)
		terminal_complete(console);
	return true;
}

int terminal_open(struct console *console, const char *published)
{
	struct kept_label label = console_label(console);
	int r;

	if (tty_is_open(&console->tty) || take_kept(console, &label, published))
		return 0;
	r = open_new_tty(console);
	if (r < 0)
		return r;
	kept_add(console->server->kept, &console->kept, &label, &console->tty);
	r = start(console, false);
	if (r < 0)
		terminal_close(console);
	return r;
}

void terminal_init(struct console *console)
{
	console->clients.left = on_clients_left;
}
