/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All takes are said at once and answered as they come. A take that was not answered when the
 * connection ended is looked up in the pool's ledger: what it says there is so.
 */
#include "pool/take.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "pool/ledger.h"

#define CONFIG_MAX (256 * 1024)
#define N_WORDS	   8
#define MINE_SIZE  17

/* A connection to a pool, and what has been read of its next line. */
struct peer {
	FILE *to;
	int fd;
	char *in; /* owned */
	size_t n_in, n_allocated;
};

struct taking {
	const struct take_options *options;
	const char *pool;
	struct peer peer;
	char mine[MINE_SIZE]; /* what our requests' ids begin with */
	bool *answered;	      /* owned */
	uint32_t *took_us;    /* owned */
	unsigned int n_good, n_bad;
	bool begun; /* not all were refused before anything was done */
	uint64_t start_us;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* --- the connection --- */

static void peer_deinit(struct peer *peer)
{
	if (peer->to)
		fclose(peer->to);
	else if (peer->fd >= 0)
		close(peer->fd);
	free(peer->in);
	*peer = (struct peer){ .fd = -1 };
}

static int peer_connect(struct peer *peer, const char *pool, const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = socket_path
			? snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path)
			: snprintf(address.sun_path, sizeof(address.sun_path),
				   LEDGER_FOLDER "/%s" LEDGER_SOCKET_SUFFIX, pool);

	*peer = (struct peer){ .fd = -1 };
	if (n >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer->fd < 0)
		return -errno;
	if (connect(peer->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		peer_deinit(peer);
		return r;
	}
	peer->to = fdopen(peer->fd, "w");
	if (!peer->to) {
		peer_deinit(peer);
		return -ENOMEM;
	}
	return 0;
}

/* More of what it says; false: that was all. */
static bool peer_read(struct peer *peer)
{
	ssize_t n;

	if (peer->n_allocated - peer->n_in < 4096) {
		size_t size = peer->n_allocated * 2 + 8192;
		char *in = realloc(peer->in, size);

		if (!in)
			return false;
		peer->in = in;
		peer->n_allocated = size;
	}
	n = recv(peer->fd, peer->in + peer->n_in, peer->n_allocated - peer->n_in, 0);
	if (n > 0)
		peer->n_in += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* The next whole line, or NULL; good until the next call. @used: of the last one. */
static char *peer_line(struct peer *peer, size_t *used)
{
	char *end;

	memmove(peer->in, peer->in + *used, peer->n_in - *used);
	peer->n_in -= *used;
	*used = 0;
	end = memchr(peer->in, '\n', peer->n_in);
	if (!end)
		return NULL;
	*end = '\0';
	*used = (size_t)(end - peer->in) + 1;
	return peer->in;
}

static int wait_for_line(struct peer *peer, char **answer)
{
	size_t used = 0;
	char *line;

	fflush(peer->to);
	while (peer_read(peer)) {
		line = peer_line(peer, &used);
		if (!line)
			continue;
		*answer = strdup(line);
		memmove(peer->in, peer->in + used, peer->n_in - used);
		peer->n_in -= used;
		return *answer ? 0 : -ENOMEM;
	}
	return -EPIPE;
}

int take_ask(const char *pool, const char *socket_path, const char *line, char **answer)
{
	struct peer peer;
	int r = peer_connect(&peer, pool, socket_path);

	if (r < 0)
		return r;
	fprintf(peer.to, "%s\n", line);
	r = wait_for_line(&peer, answer);
	peer_deinit(&peer);
	return r;
}

static int say_config(FILE *to, const char *path)
{
	CLEANUP(free) char *text = malloc(CONFIG_MAX + 1);
	FILE *file = text ? fopen(path, "re") : NULL;
	size_t n;

	if (!file)
		return text ? -errno : -ENOMEM;
	n = fread(text, 1, CONFIG_MAX + 1, file);
	fclose(file);
	if (!n || n > CONFIG_MAX || memchr(text, '\0', n))
		return -EINVAL;
	fprintf(to, "config\t%zu\n", n);
	fwrite(text, 1, n, to);
	return 0;
}

/* --- any pool --- */

/* How many it has ready for this config; -1: it does not serve it. */
static int ask_one(const struct take_options *options, const char *pool)
{
	CLEANUP(free) char *answer = NULL;
	struct peer peer;
	int n = -1;

	if (peer_connect(&peer, pool, NULL) < 0)
		return -1;
	if (!say_config(peer.to, options->config_path)) {
		fprintf(peer.to, "ask\n");
		if (!wait_for_line(&peer, &answer) && sscanf(answer, "serves\t%d", &n) != 1)
			n = -1;
	}
	peer_deinit(&peer);
	return n;
}

/* The one that has most. */
static bool find_pool(char best[LEDGER_POOL_MAX], const struct take_options *options)
{
	DIR *folder = opendir(LEDGER_FOLDER);
	struct dirent *entry;
	int n_best = -1;

	while (folder && (entry = readdir(folder))) {
		size_t len = strlen(entry->d_name);
		char pool[NAME_MAX + 1];
		int n;

		if (len <= strlen(LEDGER_SOCKET_SUFFIX) ||
		    len - strlen(LEDGER_SOCKET_SUFFIX) >= LEDGER_POOL_MAX ||
		    strcmp(entry->d_name + len - strlen(LEDGER_SOCKET_SUFFIX),
			   LEDGER_SOCKET_SUFFIX))
			continue;
		snprintf(pool, sizeof(pool), "%.*s", (int)(len - strlen(LEDGER_SOCKET_SUFFIX)),
			 entry->d_name);
		n = ask_one(options, pool);
		if (n <= n_best)
			continue;
		n_best = n;
		snprintf(best, LEDGER_POOL_MAX, "%.63s", pool);
	}
	if (folder)
		closedir(folder);
	return n_best >= 0;
}

/* --- what came of it --- */

static void put_escaped(const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text >= ' ')
			putchar(*text);
	}
}

static void given(struct taking *taking, const char *name, const char *domid, const char *uuid,
		  const char *tty, const char *took_us)
{
	taking->took_us[taking->n_good++] = (uint32_t)strtoul(took_us, NULL, 10);
	taking->begun = true;
	if (!taking->options->json)
		return;
	printf("{\"event\":\"created\",\"name\":\"");
	put_escaped(name);
	printf("\",\"domid\":%s,\"uuid\":\"%s\",\"pool\":\"%s\",\"tty\":\"%s\",\"took_us\":%s,"
	       "\"end_us\":%" PRIu64 "}\n",
	       domid, uuid, taking->pool, tty, took_us, now_us() - taking->start_us);
}

static void refused(struct taking *taking, unsigned long i, const char *code, const char *why)
{
	static const char *const before[] = { "EEXIST", "ESTALE", "EINVAL", "ESHUTDOWN", "ENOENT" };
	bool begun = true;

	for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++)
		begun &= !!strcmp(code, before[k]);
	taking->begun |= begun;
	taking->n_bad++;
	if (!taking->options->json) {
		fprintf(stderr, "xencreate: pool %s: number %lu: %s\n", taking->pool,
			taking->options->first + i, why);
		return;
	}
	printf("{\"event\":\"failed\",\"number\":%lu,\"pool\":\"%s\",\"code\":\"%s\",\"error\":\"",
	       taking->options->first + i, taking->pool, code);
	put_escaped(why);
	printf("\",\"clean\":true}\n");
}

/* Which of ours a request's id names; true if it was still open. */
static bool is_open(struct taking *taking, const char *id, unsigned long *i)
{
	if (strncmp(id, taking->mine, MINE_SIZE - 1) || id[MINE_SIZE - 1] != '-')
		return false;
	*i = strtoul(id + MINE_SIZE, NULL, 10);
	if (*i >= taking->options->n || taking->answered[*i])
		return false;
	taking->answered[*i] = true;
	return true;
}

static void take_answer(struct taking *taking, char *line)
{
	char *words[N_WORDS] = { 0 };
	unsigned long i;
	size_t n = 0;

	while (n < N_WORDS && (words[n] = strsep(&line, "\t")))
		n++;
	if (n == 7 && !strcmp(words[0], "given") && is_open(taking, words[1], &i))
		given(taking, words[2], words[3], words[4], words[5], words[6]);
	else if (n == 4 && !strcmp(words[0], "refused") && is_open(taking, words[1], &i))
		refused(taking, i, words[2], words[3]);
}

static void uuid_text(char text[37], const uint8_t uuid[16])
{
	for (int i = 0; i < 16; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		text += sprintf(text, dash ? "-%02x" : "%02x", uuid[i]);
	}
}

/* The connection has ended, and nobody has said what became of this one. */
static void look_up(struct taking *taking, unsigned long i)
{
	struct ledger_list list = TAILQ_HEAD_INITIALIZER(list);
	const struct ledger_entry *entry = NULL;
	char id[LEDGER_REQUEST_MAX], domid[16], uuid[37];

	snprintf(id, sizeof(id), "%s-%lu", taking->mine, i);
	taking->answered[i] = true;
	(void)ledger_look(&list, &entry, LEDGER_FOLDER, taking->pool, id);
	if (entry && entry->state == LEDGER_GIVEN) {
		snprintf(domid, sizeof(domid), "%" PRIu32, entry->domid);
		uuid_text(uuid, entry->uuid);
		given(taking, entry->name, domid, uuid, "", "0");
	} else {
		refused(taking, i, "EPIPE", "the pool has ended, and had not given it");
	}
	ledger_list_free(&list);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sum_up(struct taking *taking)
{
	const uint32_t *us = taking->took_us;
	uint64_t took_us = now_us() - taking->start_us;
	unsigned int n = taking->n_good;

	qsort(taking->took_us, n, sizeof(taking->took_us[0]), compare);
	if (taking->options->json)
		printf("{\"event\":\"summary\",\"created\":%u,\"failed\":%u,\"unclean\":0,\"pool\":\"%s\","
		       "\"took_us\":%" PRIu64 "}\n",
		       n, taking->n_bad, taking->pool, took_us);
	else if (!taking->options->quiet)
		printf("%u of %u given by the pool %s in %.2f ms\n", n, taking->options->n,
		       taking->pool, (double)took_us / 1e3);
	if (!taking->options->json && !taking->options->quiet && n > 1)
		printf("  each, within the pool, ms: p50 %.2f, p99 %.2f, max %.2f\n",
		       us[(n * 50 + 99) / 100 - 1] / 1e3, us[(n * 99 + 99) / 100 - 1] / 1e3,
		       us[n - 1] / 1e3);
}

/* --- taking --- */

static void say_takes(struct taking *taking)
{
	const struct take_options *options = taking->options;
	const char *pattern = options->pattern ? options->pattern : options->n > 1 ? "%n-%d" : "%n";

	for (unsigned int i = 0; i < options->n; i++)
		fprintf(taking->peer.to, "take\t%s-%u\t%s\t%d\t%" PRIu64 "\t%u\t%s\n", taking->mine,
			i, options->wait, options->paused, options->timeout_ms, options->first + i,
			pattern);
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until all is answered, or the connection ends. */
static void hear(struct taking *taking, int signals)
{
	struct pollfd fds[] = { { .fd = taking->peer.fd, .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	bool interrupted = false;
	size_t used = 0;
	char *line;

	while (taking->n_good + taking->n_bad < taking->options->n) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents) {
			struct signalfd_siginfo info;

			if (interrupted || read(signals, &info, sizeof(info)) < 0)
				return;
			interrupted = true;
			shutdown(taking->peer.fd,
				 SHUT_WR); /* what is not given yet is not wanted */
		}
		if (!fds[0].revents)
			continue;
		if (!peer_read(&taking->peer))
			return;
		while ((line = peer_line(&taking->peer, &used)))
			take_answer(taking, line);
	}
}

static int begin(struct taking *taking)
{
	uint8_t random[MINE_SIZE / 2];
	int r;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -errno;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(taking->mine + 2 * i, 3, "%02x", random[i]);
	taking->answered = calloc(taking->options->n, sizeof(taking->answered[0]));
	taking->took_us = calloc(taking->options->n, sizeof(taking->took_us[0]));
	if (!taking->answered || !taking->took_us)
		return -ENOMEM;
	r = peer_connect(&taking->peer, taking->pool, taking->options->socket_path);
	if (r < 0)
		return r;
	if (taking->options->config_path)
		r = say_config(taking->peer.to, taking->options->config_path);
	if (r < 0) {
		fprintf(stderr, "xencreate: %s: %s\n", taking->options->config_path, strerror(-r));
		return -ECANCELED;
	}
	say_takes(taking);
	return 0;
}

enum take_outcome take_run(const struct take_options *options)
{
	CLEANUP(close_fd) int signals = -1;
	struct taking taking = { .options = options, .pool = options->pool, .peer.fd = -1 };
	enum take_outcome outcome = TAKE_REFUSED;
	char found[LEDGER_POOL_MAX];
	int r;

	taking.start_us = now_us();
	if (!strcmp(options->pool, "auto") && !options->socket_path) {
		if (!options->config_path || !find_pool(found, options))
			return TAKE_NOBODY;
		taking.pool = found;
	}
	signals = watch_signals();
	r = begin(&taking);
	if (!r) {
		fflush(taking.peer.to);
		hear(&taking, signals);
		for (unsigned int i = 0; i < options->n; i++)
			if (!taking.answered[i])
				look_up(&taking, i);
		sum_up(&taking);
		outcome = !taking.n_bad ? TAKE_ALL : taking.begun ? TAKE_SOME : TAKE_REFUSED;
	} else if (r != -ECANCELED) {
		fprintf(stderr, "xencreate: pool %s: %s\n", taking.pool,
			r == -ENOENT || r == -ECONNREFUSED ? "there is no such pool"
							   : strerror(-r));
	}
	peer_deinit(&taking.peer);
	free(taking.answered);
	free(taking.took_us);
	return outcome;
}
