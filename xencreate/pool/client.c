/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of words with tabs between them, in both directions; xencreate(8), "The pool's socket",
 * says which. A client that has nothing more to say (or is gone) does not want any more what it was
 * not given yet.
 */
#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guestcfg.h"
#include "handles.h"
#include "pool/desk_priv.h"

#define LINE_MAX_BYTES 1024
#define CONFIG_MAX     (256 * 1024)
#define TAKES_MAX      4096 /* of one client */
#define OUT_MAX	       (1 << 20)
#define TIMEOUT_MAX_MS 86400000
#define N_WORDS	       8

void client_free(struct client *client)
{
	if (client->readable)
		event_free(client->readable);
	if (client->writable)
		event_free(client->writable);
	if (client->in)
		evbuffer_free(client->in);
	if (client->out)
		evbuffer_free(client->out);
	if (client->fd >= 0)
		close(client->fd);
	guestcfg_free(client->config);
	free(client);
}

static void free_garbage(struct loop_garbage *garbage)
{
	client_free((void *)((char *)garbage - offsetof(struct client, garbage)));
}

static void end_client(struct client *client)
{
	struct desk *desk = client->desk;
	struct desk_take *take, *next;

	for (take = TAILQ_FIRST(&desk->takes); take; take = next) {
		next = TAILQ_NEXT(take, link);
		if (take->client != client)
			continue;
		if (!take->slot) {
			desk_drop(desk, take);
			continue;
		}
		take->client = NULL;
		job_cancel(&take->slot->job, -ECANCELED, "nobody waits for it any more");
	}
	TAILQ_REMOVE(&desk->clients, client, link);
	desk->n_clients--;
	client->garbage.free = free_garbage;
	event_del(client->readable);
	event_del(client->writable);
	loop_defer_free(desk->pool->host->loop, &client->garbage);
	if (desk->acceptable)
		event_add(desk->acceptable, NULL);
}

/* Never frees the client: the end of the turn does, in client_tend(). */
static void say(struct client *client, const char *text, size_t len)
{
	if (!client || client->broken)
		return;
	evbuffer_add(client->out, text, len);
	if (evbuffer_get_length(client->out) > OUT_MAX)
		client->broken = true; /* it does not read */
	loop_again(client->desk->pool->host->loop);
}

static void answer(struct client *client, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void answer(struct client *client, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	say(client, line, (size_t)len);
}

void client_refuse(struct client *client, const char *id, int error, const char *why)
{
	const char *code = strerrorname_np(-error);

	if (client)
		client->desk->pool->counts.n_refused++;
	answer(client, "refused\t%s\t%s\t%s\n", id, code ? code : "EIO", why);
}

void client_given(struct client *client, const struct desk_take *take, const struct slot *slot,
		  uint32_t took_us)
{
	answer(client, "given\t%s\t%s\t%" PRIu32 "\t%s\t%s\t%" PRIu32 "\n", take->id, take->name,
	       slot->job.shell.domid, slot->plan.uuid_text, slot->job.tty, took_us);
}

/* --- what they say --- */

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && end != text && !*end && *out <= max && *text != '-';
}

static bool wait_of(const char *text, enum job_wait *wait)
{
	static const char *const names[] = { "store", "console", "ready" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text))
			continue;
		*wait = (enum job_wait)i;
		return true;
	}
	return false;
}

static int make_name(char name[PATTERN_NAME_MAX], const struct client *client, const char *pattern,
		     uint64_t count)
{
	const struct guestcfg *config = client->config ? client->config
						       : client->desk->pool->configs[0];
	int r = pattern_name(name, *pattern ? pattern : "%n", config->name, (unsigned int)count);

	return r < 0 ? r : pattern_name_check(name);
}

/* A word of the ledger, from beginning to end. */
static bool is_id(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]))
			return false;
	return len && len < LEDGER_REQUEST_MAX;
}

/* take ID WAIT PAUSED TIMEOUT NUMBER PATTERN */
static void on_take(struct client *client, char *words[N_WORDS], size_t n)
{
	struct desk *desk = client->desk;
	struct desk_take *take;
	uint64_t paused, timeout_ms, count;
	int r = 0;

	if (n != 7 || !is_id(words[1])) {
		client_refuse(client, "-", -EINVAL, "not understood");
		return;
	}
	take = client->n_takes < TAKES_MAX ? calloc(1, sizeof(*take)) : NULL;
	if (!take) {
		client_refuse(client, words[1], -ENOMEM, "too many at a time");
		return;
	}
	if (!wait_of(words[2], &take->wait) || !number(words[3], 1, &paused) ||
	    !number(words[4], TIMEOUT_MAX_MS, &timeout_ms) || !number(words[5], UINT32_MAX, &count))
		r = -EINVAL;
	else
		r = make_name(take->name, client, words[6], count);
	if (r < 0 || client->config_bad) {
		client_refuse(client, words[1], r < 0 ? r : -ESTALE,
			      r < 0 ? "not understood, or no name for a domain"
				    : client->config_why);
		free(take);
		return;
	}
	snprintf(take->id, sizeof(take->id), "%s", words[1]);
	take->paused = paused;
	take->since_us = loop_now_us(desk->pool->host->loop);
	take->deadline_us = take->since_us + timeout_ms * 1000;
	take->client = client;
	client->n_takes++;
	desk->n_waiting++;
	desk->pool->last_take_us = loop_now_us(desk->pool->host->loop);
	TAILQ_INSERT_TAIL(&desk->takes, take, link);
}

static void on_status(struct client *client)
{
	CLEANUP(free) char *text = say_status(client->desk->pool);

	if (text)
		say(client, text, strlen(text));
	say(client, "\n", 1);
}

static void on_line(struct client *client, char *line)
{
	struct pool *pool = client->desk->pool;
	char *words[N_WORDS];
	size_t n = 0;
	uint64_t value;

	while (n < N_WORDS && (words[n] = strsep(&line, "\t")))
		n++;
	if (!strcmp(words[0], "take")) {
		on_take(client, words, n);
	} else if (!strcmp(words[0], "config") && n == 2 && number(words[1], CONFIG_MAX, &value) &&
		   value) {
		client->config_missing = value;
	} else if (!strcmp(words[0], "ask") && n == 1) {
		if (client->config_bad)
			answer(client, "refused\t-\tESTALE\t%s\n", client->config_why);
		else
			answer(client, "serves\t%zu\n", pool->n[SLOT_READY]);
	} else if (!strcmp(words[0], "status") && n == 1) {
		on_status(client);
	} else if (!strcmp(words[0], "size") && n == 2 && number(words[1], SLOTS_MAX / 4, &value)) {
		pool_set_size(pool, value);
		answer(client, "ok\n");
	} else if (!strcmp(words[0], "drain") && n == 1) {
		answer(client, "ok\n");
		pool_stop(pool, false);
	} else {
		client_refuse(client, "-", -EINVAL, "not understood");
		client->ended = true;
	}
}

/* Once for all that the client takes. What is wrong with it is said to the pool's log, too. */
static void take_config(struct client *client)
{
	struct pool *pool = client->desk->pool;
	CLEANUP(free) char *text = calloc(1, client->config_missing + 1);
	const char *why = "it cannot be read";
	int r = -ENOMEM;

	guestcfg_free(STEAL(client->config));
	if (text) {
		evbuffer_remove(client->in, text, client->config_missing);
		r = guestcfg_parse(&client->config, "a taker's config", text, false, pool->log);
	}
	client->config_missing = 0;
	client->config_bad = r < 0 || !generation_serves(pool->generation, client->config,
							 client->config->name, &why);
	if (client->config_bad)
		snprintf(client->config_why, sizeof(client->config_why), "%s", why);
}

static void take_input(struct client *client)
{
	for (;;) {
		CLEANUP(free) char *line = NULL;

		if (client->config_missing) {
			if (evbuffer_get_length(client->in) < client->config_missing)
				return;
			take_config(client);
			continue;
		}
		line = evbuffer_readln(client->in, NULL, EVBUFFER_EOL_LF);
		if (!line)
			break;
		on_line(client, line);
	}
	if (evbuffer_get_length(client->in) > LINE_MAX_BYTES)
		client->broken = true;
}

/* It wants nothing any more but to hear how it ended. */
static void cancel_takes(struct client *client)
{
	struct desk *desk = client->desk;
	struct desk_take *take, *next;

	for (take = TAILQ_FIRST(&desk->takes); take; take = next) {
		next = TAILQ_NEXT(take, link);
		if (take->client != client)
			continue;
		if (take->slot) {
			job_cancel(&take->slot->job, -ECANCELED, "cancelled");
			continue;
		}
		client_refuse(client, take->id, -ECANCELED, "cancelled");
		desk_drop(desk, take);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;
	int n = evbuffer_read(client->in, fd, CONFIG_MAX);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	loop_again(client->desk->pool->host->loop);
	if (n <= 0) {
		client->ended = true;
		client->broken |= n < 0;
		event_del(client->readable);
		cancel_takes(client);
		return;
	}
	take_input(client);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct client *client = ctx;

	(void)fd, (void)what;
	loop_again(client->desk->pool->host->loop);
}

void client_tend(struct client *client)
{
	if (evbuffer_get_length(client->out) && !client->broken &&
	    evbuffer_write(client->out, client->fd) < 0 && errno != EAGAIN && errno != EINTR)
		client->broken = true;
	if (client->broken ||
	    (client->ended && !client->n_takes && !evbuffer_get_length(client->out)))
		end_client(client);
	else if (evbuffer_get_length(client->out))
		event_add(client->writable, NULL);
}

int client_new(struct desk *desk, int fd)
{
	struct event_base *base = loop_base(desk->pool->host->loop);
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	client->desk = desk;
	client->fd = fd;
	client->in = evbuffer_new();
	client->out = evbuffer_new();
	client->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, client);
	client->writable = event_new(base, fd, EV_WRITE, on_writable, client);
	if (!client->in || !client->out || !client->readable || !client->writable ||
	    event_add(client->readable, NULL) < 0) {
		client->fd = -1;
		client_free(client);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&desk->clients, client, link);
	desk->n_clients++;
	return 0;
}
