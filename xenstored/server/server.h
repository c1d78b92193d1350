/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One daemon: its loop, and the order of things in a turn. Events only mark clients as ready; at
 * the end of the turn, in this order,
 *
 *   serve	ready clients, each one read's worth of requests (schedule.h)
 *   commit	what that has changed, and is to send, to the files (persist/)
 *   flush	what that has queued: one writev per socket, one notification per ring
 *   unmask	the event channels that fired (ports.h)
 *
 * so a hundred requests that came together are answered together.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "loop.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"
#include "server/schedule.h"

struct domains;
struct hypervisor;
struct keeper;
struct listener;
struct log;
struct options;
struct park;
struct persist;
struct ports;
struct protocol;
struct server;
struct takeover;
struct update;

/* The most that is taken from one client in one turn. */
#define SERVER_READ_MAX 16384
/* What another daemon may have taken from one client and not served (update/stream.h). */
#define SERVER_KEPT_MAX 65536

/* A client as the server schedules it; embedded in socket and ring clients. */
struct client {
	struct conn conn;
	union {
		struct {
			STAILQ_ENTRY(client) ready;
			STAILQ_ENTRY(client) dirty;
		};
		struct loop_garbage garbage; /* after server_forget() */
	};
	struct fair fair;
	uint32_t blamed; /* while dirty: domid of who made it so */
	uint16_t round;	 /* while ready: of the schedule, when it became so */
	uint8_t queue;	 /* while ready: its class, or FAIR_N_CLASSES: held back */
	bool is_ready : 1;
	bool is_dirty : 1;
	bool was_held : 1;
	/* A socket's: */
	bool is_readable : 1; /* epoll says so */
	bool is_paused : 1;   /* is not watched for that, because its requests are held back */
	bool is_waiting : 1;  /* for room, with output */
};

struct client_ops {
	struct conn_transport transport; /* first: conn.transport points here */
	/* Read once and serve what came. May use server->buf. */
	void (*turn)(struct client *client);
	/* Send what is queued, as far as it goes. */
	void (*flush)(struct client *client);
};

struct server {
	const struct options *options; /* borrowed from main() */
	struct log *log;	       /* borrowed from main() */
	struct loop *loop;	       /* owned, as the rest */
	struct protocol *protocol;
	struct hypervisor *hypervisor; /* NULL: sockets only */
	struct ports *ports;	       /* NULL: sockets only */
	struct persist *persist;       /* NULL: nothing outlives the daemon */
	struct keeper *keeper;	       /* NULL: no descriptor does */
	struct park *park;	       /* NULL: sockets of clients do not */
	struct domains *domains;
	struct listener *listener;
	struct listener *read_only; /* NULL: nobody is served who only asks */
	struct update *update;	    /* NULL: nobody wants another program in our place */
	struct takeover *takeover;  /* NULL: not at the start after a live update */
	bool has_waiting;	    /* rings are to be served again: domains_attend() */
	struct loop_timer hurry;    /* lets those go who have waited for a conflict long enough */
	struct loop_timer spare;    /* gives back what the last journal took */
	uint32_t n_images;	    /* that were complete when it was set */
	struct loop_timer expiry;   /* looks for events that were left unread for too long */
	struct loop_fd signals;
	bool is_stopping; /* was told to */
	struct loop_hook serve_hook;
	struct loop_hook flush_hook;
	struct loop_hook update_hook; /* with an update: after the event channels are unmasked */
	struct schedule schedule;
	char buf[SERVER_KEPT_MAX + SERVER_READ_MAX +
		 WIRE_MESSAGE_MAX]; /* scratch for one turn of one client */
};

/**
 * server_new() - open everything; nobody is harmed if that fails, least of all another daemon
 *
 * Return: 0, or what failed, which has been logged.
 */
int server_new(struct server **out, const struct options *options, struct log *log);
void server_free(struct server *server);
DEFINE_CLEANUP(struct server *, server_free)

/** server_run() - serve until told to stop; returns the exit status */
int server_run(struct server *server);

/**
 * server_hold_signals() - those that tell us to stop, or to open logs anew, wait to be read; false:
 * they end us, but for the latter, which is ignored
 */
void server_hold_signals(bool hold);

/** client_server() - the server it belongs to */
static inline struct server *client_server(const struct client *client)
{
	return client->conn.protocol->host_ctx;
}

static inline const struct client_ops *client_ops(const struct client *client)
{
	return (const struct client_ops *)client->conn.transport;
}

/** server_ready() - @client may have something to read */
void server_ready(struct client *client);
/** server_resume() - @client, which was held back, may go on: still in this round, if there is one
 */
void server_resume(struct client *client);
/** server_ready_again() - the same for one that was given up: it may have mended its ways */
void server_ready_again(struct client *client);
/** server_dirty() - @client has something to send */
void server_dirty(struct client *client);
/** server_dirty_first() - the same, and it goes before all others */
void server_dirty_first(struct client *client);
/** server_forget() - take @client off both lists; it is on its way out */
void server_forget(struct client *client);

#endif
