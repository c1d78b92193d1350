/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: everything that lives as long as it does. Handles are opened by server_run() and
 * borrowed by everybody else.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdint.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "stats.h"

struct backlog_pool;
struct batches;
struct clients;
struct control;
struct domains;
struct hvlog;
struct journal;
struct kept;
struct log;
struct loop;
struct options;
struct ports;
struct storeclient;
struct retire;
struct streams;

struct server {
	const struct options *options; /* borrowed from main() */
	struct log *log;	       /* borrowed from main() */
	/* All owned. */
	struct loop *loop;
	struct ports *ports;
	struct storeclient *store;
	xc_interface *xc;
	struct grants *grants;
	xenforeignmemory_handle *foreign;
	struct backlog_pool *pool;
	struct clients *clients;
	struct kept *kept; /* NULL if no service manager keeps terminals */
	struct batches *batches;
	struct streams *streams;
	struct domains *domains;
	struct control *control;
	struct journal *journal;    /* NULL if nothing goes there */
	struct hvlog *hvlog;	    /* NULL if the hypervisor's log is not wanted */
	struct stats_daemon totals; /* of consoles that are gone, and the daemon's own counters */
	int ready_fd;		    /* -1 once daemon_ready() has been told */
	bool ready;
	bool leaving;	       /* all is left to the next daemon */
	bool ports_inherited;  /* the handle was the last daemon's */
	struct retire *retire; /* owned; not NULL once we have been told to stop */
};

/**
 * server_run() - serve consoles until a signal ends it
 * @ready_fd: for daemon_ready()
 *
 * Return: exit status.
 */
int server_run(const struct options *options, struct log *log, int ready_fd);

/** server_is_ready() - all consoles found at the start are served; only the first call counts. */
void server_is_ready(struct server *server);
/** server_is_settled() - and nothing that could wait is left to do for them. */
void server_is_settled(struct server *server);

#endif
