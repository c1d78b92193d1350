/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who wants a domain of the pool connects here. Takes are served in the order in which they came,
 * whoever they came from.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "claims.h"
#include "handles.h"
#include "log.h"
#include "pool/desk_priv.h"
#include "pool/roster.h"

#define GATE_LOOK_US	   5000		    /* somebody is finding out which names are free */
#define RENEW_FOR_TAKER_US UINT64_C(200000) /* what could not be read is not tried more often */

/* --- giving --- */

void desk_drop(struct desk *desk, struct desk_take *take)
{
	if (!take->slot)
		desk->n_waiting--;
	if (take->client)
		take->client->n_takes--;
	TAILQ_REMOVE(&desk->takes, take, link);
	free(take);
}

static int is_claimed(void *ctx, const struct claim *claim)
{
	return claim->name && !strcmp(claim->name, ctx) ? -EEXIST : 0;
}

/* Somebody else's name, one that a batch is about to use, or one that another taker is getting at
 * this moment. */
static bool is_taken(const struct desk *desk, struct desk_take *take)
{
	const struct pool *pool = desk->pool;
	const struct desk_take *other;

	TAILQ_FOREACH (other, &desk->takes, link)
		if (other != take && other->slot && !strcmp(other->name, take->name))
			return true;
	return roster_find(pool->roster, take->name) ||
	       claims_each(LEDGER_FOLDER, ledger_path(pool->ledger), is_claimed, take->name);
}

static void give(struct desk *desk, struct desk_take *take, struct slot *slot)
{
	struct pool *pool = desk->pool;
	int r = ledger_taken(pool->ledger, slot->entry, take->id, take->name);

	if (r < 0) {
		client_refuse(take->client, take->id, r, "it cannot be written down");
		desk_drop(desk, take);
		return;
	}
	desk->n_waiting--;
	take->slot = slot;
	slot->take = take;
	strcpy(slot->plan.name, take->name); /* both have the same room */
	pool->n[slot->state]--;
	slot->state = SLOT_TAKEN;
	pool->n[slot->state]++;
	pool->last_take_us = loop_now_us(pool->host->loop);
	job_take(&slot->job, take->paused ? &pool->taking_paused : &pool->taking[take->wait]);
}

/* Return: false if it has to wait, and all behind it. */
static bool serve(struct desk *desk, struct desk_take *take)
{
	struct pool *pool = desk->pool;
	const char *why;
	struct slot *slot;

	if (!generation_serves(pool->generation, take->client->config, take->name, &why)) {
		client_refuse(take->client, take->id, -ESTALE, why);
		desk_drop(desk, take);
		return true;
	}
	if (is_taken(desk, take)) {
		client_refuse(
			take->client, take->id, -EEXIST,
			"the host has a domain of this name, or a batch is about to make one");
		desk_drop(desk, take);
		return true;
	}
	slot = stock_choose(pool);
	if (!slot)
		return false;
	give(desk, take, slot);
	return true;
}

static void give_all(struct desk *desk)
{
	struct pool *pool = desk->pool;
	struct desk_take *take, *next;
	CLEANUP(close_fd) int gate = -1;

	if (!desk->n_waiting)
		return;
	if (!generation_is_current(pool->generation)) {
		pool_outdated(pool);
		return;
	}
	if (roster_update(pool->roster) <= 0)
		return; /* on_roster(), or the tick, comes back here */
	if (claims_enter(&gate, LEDGER_FOLDER, false) < 0) {
		event_add(pool->refill_timer, &(struct timeval){ .tv_usec = GATE_LOOK_US });
		return;
	}
	for (take = TAILQ_FIRST(&desk->takes); take; take = next) {
		next = TAILQ_NEXT(take, link);
		if (!take->slot && !serve(desk, take))
			return;
	}
}

void desk_turn(struct desk *desk)
{
	struct client *client, *next;

	struct pool *pool = desk->pool;

	/* Who comes after the files were mended shall not be the one who suffers. */
	if (pool->broken && desk->n_waiting && !pool->stopping &&
	    loop_now_us(pool->host->loop) > pool->renewed_us + RENEW_FOR_TAKER_US)
		pool_outdated(pool);
	if (!pool->outdated && !pool->broken && !pool->stopping)
		give_all(desk);
	for (client = TAILQ_FIRST(&desk->clients); client; client = next) {
		next = TAILQ_NEXT(client, link);
		client_tend(client);
	}
}

void desk_given(struct desk *desk, struct desk_take *take, const struct slot *slot,
		uint32_t took_us)
{
	client_given(take->client, take, slot, took_us);
	desk_drop(desk, take);
}

void desk_failed(struct desk *desk, struct desk_take *take, int error, const char *why)
{
	client_refuse(take->client, take->id, error, why);
	desk_drop(desk, take);
}

void desk_again(struct desk *desk, struct desk_take *take)
{
	if (!take->client) {
		desk_drop(desk, take);
		return;
	}
	take->slot = NULL;
	desk->n_waiting++;
}

size_t desk_n_waiting(const struct desk *desk)
{
	return desk->n_waiting;
}

/* Those who wait since before @since_us, or have until @deadline_us. */
static void refuse_waiting(struct desk *desk, uint64_t since_us, uint64_t deadline_us, int error,
			   const char *why)
{
	struct desk_take *take, *next;

	for (take = TAILQ_FIRST(&desk->takes); take; take = next) {
		next = TAILQ_NEXT(take, link);
		if (take->slot || (take->since_us >= since_us && take->deadline_us > deadline_us))
			continue;
		client_refuse(take->client, take->id, error, why);
		desk_drop(desk, take);
	}
}

/* A guest that is not ready in the taker's time is not wanted. */
static void cancel_late(struct desk *desk, uint64_t now_us)
{
	struct desk_take *take, *next;

	for (take = TAILQ_FIRST(&desk->takes); take; take = next) {
		next = TAILQ_NEXT(take, link);
		if (take->slot && take->deadline_us <= now_us)
			job_cancel(&take->slot->job, -ETIMEDOUT, "timed out");
	}
}

void desk_tick(struct desk *desk, uint64_t now_us)
{
	const struct pool *pool = desk->pool;

	cancel_late(desk, now_us);

	if (pool->broken)
		refuse_waiting(desk, pool->renewed_us, 0, -ENOENT, pool->last_error);
	else
		refuse_waiting(desk, 0, now_us, -ETIMEDOUT,
			       pool->last_error[0] ? pool->last_error : refill_why_text(pool->why));
}

/* --- opening and closing --- */

static void on_acceptable(evutil_socket_t listener, short what, void *ctx)
{
	struct desk *desk = ctx;
	int fd;

	(void)what;
	if (desk->n_clients >= CLIENTS_MAX) {
		event_del(desk->acceptable); /* until one leaves */
		return;
	}
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0 && client_new(desk, fd) < 0)
		close(fd);
}

static int listen_at(struct desk *desk)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	if (strlen(desk->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, desk->path);
	desk->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (desk->fd < 0)
		return -errno;
	/* The ledger's lock says that nobody uses it. */
	unlink(desk->path);
	mask = umask(0177);
	r = bind(desk->fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (r < 0 || listen(desk->fd, CLIENTS_MAX) < 0)
		return -errno;
	return 0;
}

int desk_new(struct desk **out, struct pool *pool, const char *path)
{
	CLEANUP(desk_free) struct desk *desk = calloc(1, sizeof(*desk));
	int r;

	if (!desk)
		return -ENOMEM;
	desk->pool = pool;
	desk->fd = -1;
	TAILQ_INIT(&desk->clients);
	TAILQ_INIT(&desk->takes);
	if (path)
		desk->path = strdup(path);
	else if (asprintf(&desk->path, LEDGER_FOLDER "/%s" LEDGER_SOCKET_SUFFIX, pool->name) < 0)
		desk->path = NULL;
	if (!desk->path)
		return -ENOMEM;
	r = listen_at(desk);
	if (r < 0) {
		log_error(pool->log, "%s: %s", desk->path, strerror(-r));
		return r;
	}
	desk->acceptable = event_new(loop_base(pool->host->loop), desk->fd, EV_READ | EV_PERSIST,
				     on_acceptable, desk);
	if (!desk->acceptable || event_add(desk->acceptable, NULL) < 0)
		return -ENOMEM;
	*out = STEAL(desk);
	return 0;
}

static void stop_listening(struct desk *desk)
{
	if (desk->acceptable)
		event_free(desk->acceptable);
	desk->acceptable = NULL;
	if (desk->fd < 0)
		return;
	unlink(desk->path);
	close(desk->fd);
	desk->fd = -1;
}

void desk_close(struct desk *desk, const char *why)
{
	struct client *client;

	stop_listening(desk);
	refuse_waiting(desk, UINT64_MAX, 0, -ESHUTDOWN, why);
	TAILQ_FOREACH (client, &desk->clients, link)
		client->ended = true;
}

bool desk_is_empty(const struct desk *desk)
{
	return TAILQ_EMPTY(&desk->clients);
}

void desk_free(struct desk *desk)
{
	struct desk_take *take;
	struct client *client;

	if (!desk)
		return;
	stop_listening(desk);
	while ((take = TAILQ_FIRST(&desk->takes))) {
		TAILQ_REMOVE(&desk->takes, take, link);
		free(take);
	}
	while ((client = TAILQ_FIRST(&desk->clients))) {
		TAILQ_REMOVE(&desk->clients, client, link);
		client_free(client);
	}
	free(desk->path);
	free(desk);
}
