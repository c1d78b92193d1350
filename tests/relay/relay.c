/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Xen host's store at the end of two files: somebody outside of dom0, who sees them too, has
 * daemons started here, speaks to them over sockets, makes domains, and speaks through their rings.
 *
 * usage: relay FOLDER KERNEL
 *
 * Lines are read from FOLDER/to, which grows, and answered in FOLDER/from, which is made here:
 *
 *   start PROGRAM WORD…     a new daemon with an empty store; the one before and all domains go
 *   lives                   does it?
 *   create DOMID            ok FRAME PORT
 *   destroy DOMID
 *   shutdown DOMID REASON
 *   peek DOMID OFFSET       ok NUMBER
 *   poke DOMID OFFSET N     quiet DOMID 0|1     kick DOMID
 *   open CHANNEL DOMID      a connection: 0 over the socket, others through that domain's ring
 *   close CHANNEL
 *   say CHANNEL HEX         (no answer)
 *   end
 *
 * Answers are "ok …" or "error NAME", in order; in between come "heard CHANNEL HEX" and "closed
 * CHANNEL".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "lent.h"
#include "tests/guest/relay.h"

#define SOCKET	     "/run/xenstored/socket"
#define CHANNELS_MAX 256
#define WORDS_MAX    32
#define LINE_MAX_LEN 65536
#define PERIOD_MS    1 /* the file cannot be waited for */

struct channel {
	bool is_open;
	uint32_t domid; /* 0: fd is a socket */
	int fd;
};

struct relay {
	FILE *from;
	int to;
	char line[LINE_MAX_LEN]; /* what has come of the next one */
	size_t n_line;
	struct lent *lent;
	const char *log;
	pid_t daemon; /* 0: none */
	struct channel channels[CHANNELS_MAX];
	bool is_over;
};

struct order {
	const char *name;
	int n_min; /* words after it */
	/* Writes "ok …" itself and returns 1, or returns 0 (ok) or a negative errno. */
	int (*act)(struct relay *relay, char **words);
};

static uint32_t number(const char *word)
{
	return (uint32_t)strtoul(word, NULL, 0);
}

static void heard(struct relay *relay, uint32_t channel, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	fprintf(relay->from, "heard %u ", channel);
	for (size_t i = 0; i < len; i++)
		fprintf(relay->from, "%02x", bytes[i]);
	fputc('\n', relay->from);
}

static void heard_of_domain(void *ctx, uint32_t domid, const void *data, size_t len)
{
	struct relay *relay = ctx;

	for (uint32_t i = 0; i < CHANNELS_MAX; i++)
		if (relay->channels[i].is_open && relay->channels[i].domid == domid)
			heard(relay, i, data, len);
}

static struct channel *channel_of(struct relay *relay, const char *word)
{
	return &relay->channels[number(word) % CHANNELS_MAX];
}

static void shut(struct channel *channel)
{
	if (channel->is_open && !channel->domid)
		close(channel->fd);
	channel->is_open = false;
}

static int act_start(struct relay *relay, char **words)
{
	for (uint32_t i = 0; i < CHANNELS_MAX; i++)
		shut(&relay->channels[i]);
	daemon_end(relay->daemon);
	relay->daemon = 0;
	lent_destroy_all(relay->lent);
	return daemon_start(words, relay->log, SOCKET, &relay->daemon);
}

static int act_lives(struct relay *relay, char **words)
{
	(void)words;
	if (daemon_lives(relay->daemon))
		return 0;
	relay->daemon = 0;
	return -ECHILD;
}

static int act_create(struct relay *relay, char **words)
{
	uint64_t frame;
	uint32_t port;
	int r = lent_create(relay->lent, number(words[0]), &frame, &port);

	if (r < 0)
		return r;
	fprintf(relay->from, "ok %" PRIu64 " %u\n", frame, port);
	return 1;
}

static int act_destroy(struct relay *relay, char **words)
{
	return lent_destroy(relay->lent, number(words[0]));
}

static int act_shutdown(struct relay *relay, char **words)
{
	return lent_shutdown(relay->lent, number(words[0]), number(words[1]));
}

static int order(struct relay *relay, char **words, int kind, int n, uint32_t *value)
{
	uint32_t numbers[2] = { n > 0 ? number(words[1]) : 0, n > 1 ? number(words[2]) : 0 };

	return lent_order(relay->lent, number(words[0]), kind, numbers, value);
}

static int act_peek(struct relay *relay, char **words)
{
	uint32_t value;
	int r = order(relay, words, RELAY_PEEK, 1, &value);

	if (r < 0)
		return r;
	fprintf(relay->from, "ok %u\n", value);
	return 1;
}

static int act_poke(struct relay *relay, char **words)
{
	return order(relay, words, RELAY_POKE, 2, NULL);
}

static int act_quiet(struct relay *relay, char **words)
{
	return order(relay, words, RELAY_QUIET, 1, NULL);
}

static int act_kick(struct relay *relay, char **words)
{
	return order(relay, words, RELAY_KICK, 0, NULL);
}

static int act_open(struct relay *relay, char **words)
{
	struct channel *channel = channel_of(relay, words[0]);
	const uint32_t up[2] = { 1, 0 };
	int r;

	*channel = (struct channel){ .domid = number(words[1]) };
	if (channel->domid) {
		/* What comes at once belongs to it. */
		channel->is_open = true;
		r = lent_order(relay->lent, channel->domid, RELAY_UP, up, NULL);
		channel->is_open = !r;
		return r;
	}
	channel->fd = daemon_join(SOCKET);
	channel->is_open = channel->fd >= 0;
	return channel->is_open ? 0 : channel->fd;
}

static int act_close(struct relay *relay, char **words)
{
	struct channel *channel = channel_of(relay, words[0]);
	const uint32_t down[2] = { 0, 0 };
	int r = 0;

	if (channel->is_open && channel->domid)
		r = lent_order(relay->lent, channel->domid, RELAY_UP, down, NULL);
	shut(channel);
	return r == -ESRCH ? 0 : r; /* it is destroyed */
}

static void say_to_socket(int fd, const char *data, size_t len)
{
	while (len) {
		struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN && poll(&pollfd, 1, 1000) > 0)
			continue;
		if (n < 0)
			return; /* hung up: reading tells */
		data += n;
		len -= (size_t)n;
	}
}

static int act_say(struct relay *relay, char **words)
{
	struct channel *channel = channel_of(relay, words[0]);
	char *data = words[1];
	size_t len = strlen(data) / 2;

	for (size_t i = 0; i < len; i++) {
		const char digits[] = { data[2 * i], data[2 * i + 1], 0 };

		data[i] = (char)strtoul(digits, NULL, 16);
	}
	if (channel->is_open && channel->domid)
		lent_say(relay->lent, channel->domid, data, len);
	else if (channel->is_open)
		say_to_socket(channel->fd, data, len);
	return 1;
}

static int act_end(struct relay *relay, char **words)
{
	(void)words;
	relay->is_over = true;
	return 0;
}

static const struct order orders[] = {
	{ "start", 1, act_start },     { "lives", 0, act_lives },	{ "create", 1, act_create },
	{ "destroy", 1, act_destroy }, { "shutdown", 2, act_shutdown }, { "peek", 2, act_peek },
	{ "poke", 3, act_poke },       { "quiet", 2, act_quiet },	{ "kick", 1, act_kick },
	{ "open", 2, act_open },       { "close", 1, act_close },	{ "say", 2, act_say },
	{ "end", 0, act_end },
};

static void obey(struct relay *relay, char *line)
{
	char *words[WORDS_MAX + 1] = { NULL }, *state;
	int n = 0, r = -ENOSYS;

	for (char *word = strtok_r(line, " ", &state); word && n < WORDS_MAX;
	     word = strtok_r(NULL, " ", &state))
		words[n++] = word;
	for (size_t i = 0; n && i < sizeof(orders) / sizeof(orders[0]); i++)
		if (!strcmp(orders[i].name, words[0]) && n > orders[i].n_min)
			r = orders[i].act(relay, words + 1);
	if (r < 0)
		fprintf(relay->from, "error %s\n", strerrorname_np(-r));
	else if (!r)
		fputs("ok\n", relay->from);
	fflush(relay->from);
}

/* Returns whether there was anything. */
static bool read_orders(struct relay *relay)
{
	ssize_t n =
		read(relay->to, relay->line + relay->n_line, sizeof(relay->line) - relay->n_line);
	char *end;

	if (n <= 0)
		return false;
	relay->n_line += (size_t)n;
	while ((end = memchr(relay->line, '\n', relay->n_line))) {
		size_t len = (size_t)(end - relay->line) + 1;

		*end = '\0';
		obey(relay, relay->line);
		relay->n_line -= len;
		memmove(relay->line, relay->line + len, relay->n_line);
	}
	return true;
}

static void read_socket(struct relay *relay, uint32_t i)
{
	char data[8192];
	ssize_t n = read(relay->channels[i].fd, data, sizeof(data));

	if (n > 0) {
		heard(relay, i, data, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		shut(&relay->channels[i]);
		fprintf(relay->from, "closed %u\n", i);
	}
}

static int turn(struct relay *relay, int wait_ms)
{
	struct pollfd fds[CHANNELS_MAX + 1];
	uint32_t channels[CHANNELS_MAX];
	nfds_t n = 0;
	int r = 0;

	for (uint32_t i = 0; i < CHANNELS_MAX; i++) {
		if (!relay->channels[i].is_open || relay->channels[i].domid)
			continue;
		channels[n] = i;
		fds[n++] = (struct pollfd){ .fd = relay->channels[i].fd, .events = POLLIN };
	}
	fds[n] = (struct pollfd){ .fd = lent_fd(relay->lent), .events = POLLIN };
	if (poll(fds, n + 1, wait_ms) <= 0)
		return 0;
	if (fds[n].revents)
		r = lent_serve(relay->lent);
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents)
			read_socket(relay, channels[i]);
	fflush(relay->from);
	return r;
}

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, mode);
}

int main(int argc, char **argv)
{
	static struct relay relay;
	FILE *to;
	char log[256];
	int r;

	if (argc != 3) {
		fputs("usage: relay FOLDER KERNEL\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	snprintf(log, sizeof(log), "%s/log", argv[1]);
	relay.log = log;
	to = open_in(argv[1], "to", "r");
	relay.from = open_in(argv[1], "from", "w");
	if (!to || !relay.from) {
		perror("relay");
		return 1;
	}
	relay.to = fileno(to);
	r = lent_open(&relay.lent, argv[2], heard_of_domain, &relay);
	fprintf(relay.from, r < 0 ? "error %s\n" : "ok\n", r < 0 ? strerrorname_np(-r) : "");
	fflush(relay.from);
	while (!r && !relay.is_over)
		r = turn(&relay, read_orders(&relay) ? 0 : PERIOD_MS);
	daemon_end(relay.daemon);
	lent_close(relay.lent);
	return r < 0;
}
