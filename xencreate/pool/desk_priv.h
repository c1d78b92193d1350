/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What desk.c (takes, and who is let in) and client.c (who came, and what they say) share. */
#ifndef POOL_DESK_PRIV_H
#define POOL_DESK_PRIV_H

#include "loop.h"
#include "pattern.h"
#include "pool/pool_priv.h"

#define CLIENTS_MAX 128

struct evbuffer;

struct client {
	TAILQ_ENTRY(client) link;
	struct desk *desk; /* borrowed: owns us */
	int fd;
	struct event *readable, *writable;
	struct evbuffer *in, *out;
	struct guestcfg *config; /* owned; what it asks for, or NULL: whatever there is */
	size_t config_missing;	 /* bytes of a config that are still to come */
	size_t config_len;
	bool config_bad; /* nothing is given to it */
	char config_why[160];
	size_t n_takes;
	bool ended; /* it will say nothing more */
	bool broken;
	struct loop_garbage garbage;
};

struct desk_take {
	TAILQ_ENTRY(desk_take) link;
	struct client *client; /* borrowed; NULL: it is gone */
	char id[LEDGER_REQUEST_MAX];
	char name[PATTERN_NAME_MAX];
	enum job_wait wait;
	bool paused;
	uint64_t since_us, deadline_us;
	struct slot *slot; /* NULL: it waits for one */
};

struct desk {
	struct pool *pool; /* borrowed: owns us */
	int fd;		   /* -1: nobody is let in */
	char *path;	   /* owned */
	struct event *acceptable;
	TAILQ_HEAD(, client) clients;  /* owned */
	TAILQ_HEAD(, desk_take) takes; /* owned; in the order in which they came */
	size_t n_clients, n_waiting;
};

/** client_new() - somebody has come. Return: 0 or -ENOMEM; then @fd is still the caller's. */
int client_new(struct desk *desk, int fd);
void client_free(struct client *client);

/** client_tend() - what is to be said to it leaves; one that has been told all is let go. */
void client_tend(struct client *client);

/** client_given(), client_refuse() - an answer; it leaves later. NULL for @client: nobody hears it.
 */
void client_given(struct client *client, const struct desk_take *take, const struct slot *slot,
		  uint32_t took_us);
void client_refuse(struct client *client, const char *id, int error, const char *why);

/** desk_drop() - a take is over. */
void desk_drop(struct desk *desk, struct desk_take *take);

#endif
