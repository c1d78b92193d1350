/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of the store that asks for as long as it is let: over one connection it writes a number,
 * reads it back, and hears of it by a watch. Whatever becomes of the daemon meanwhile, each answer
 * has to come, has to be the right one, and each event has to come once.
 *
 * usage: asks [-n ROUNDS] [-p PAUSE_MS] [-s SOCKET|DEVICE] PATH
 *
 * Ends after ROUNDS (0: never), or at SIGTERM; then says "ROUNDS rounds, N faults; us: p50 …, p99
 * …, max …". A round is the write and the read. What goes wrong is said at once; status 0: nothing
 * did.
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
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "../bench/hist.h"

#define SILENCE_MS 30000 /* so long nobody is away, however slow the machine */
#define LATE_MS	   2000	 /* events may come after the answer */
#define TOKEN	   "asks"

struct asker {
	int fd;
	const char *path;
	uint32_t req_id;
	uint64_t n_rounds, n_faults, n_events;
	struct hist us;
	struct xsd_sockmsg head; /* of the last message */
	char payload[XENSTORE_PAYLOAD_MAX + 1];
};

static volatile sig_atomic_t is_over;

static void end(int number)
{
	(void)number;
	is_over = 1;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int fault(struct asker *asker, const char *what, int r)
{
	printf("round %" PRIu64 ": %s: %s\n", asker->n_rounds, what,
	       r < 0 ? strerror(-r) : asker->payload);
	asker->n_faults++;
	return r < 0 ? r : -EPROTO;
}

static int join(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && S_ISCHR(st.st_mode))
		return open(path, O_RDWR | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	return -1;
}

/* Return: 0, -ETIMEDOUT, -ECONNRESET (hung up), or a negative errno. */
static int take(struct asker *asker, void *to, size_t len, int wait_ms)
{
	char *at = to;

	while (len) {
		struct pollfd pollfd = { .fd = asker->fd, .events = POLLIN };
		int n = poll(&pollfd, 1, wait_ms);
		ssize_t got;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ETIMEDOUT;
		got = read(asker->fd, at, len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -ECONNRESET;
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

/* One message of either kind. */
static int receive(struct asker *asker, int wait_ms)
{
	int r = take(asker, &asker->head, sizeof(asker->head), wait_ms);

	if (!r && asker->head.len > XENSTORE_PAYLOAD_MAX)
		return -EMSGSIZE;
	if (!r)
		r = take(asker, asker->payload, asker->head.len, SILENCE_MS);
	asker->payload[r ? 0 : asker->head.len] = '\0';
	if (!r && asker->head.type == XS_WATCH_EVENT) {
		const char *token = asker->payload + strlen(asker->payload) + 1;

		if (strcmp(asker->payload, asker->path) || strcmp(token, TOKEN))
			return fault(asker, "a strange event", 0);
		asker->n_events++;
	}
	return r;
}

/* Asks and waits for the answer. Return: 0 or a fault's error. */
static int ask(struct asker *asker, uint32_t type, const void *payload, size_t len)
{
	char message[sizeof(struct xsd_sockmsg) + 512];
	struct xsd_sockmsg head = { .type = type, .req_id = ++asker->req_id, .len = (uint32_t)len };
	ssize_t n;
	int r;

	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), payload, len);
	n = write(asker->fd, message, sizeof(head) + len);
	if (n != (ssize_t)(sizeof(head) + len))
		return fault(asker, "sending", n < 0 ? -errno : -EIO);
	do {
		r = receive(asker, SILENCE_MS);
		if (r < 0)
			return fault(asker, "waiting for the answer", r);
	} while (asker->head.type == XS_WATCH_EVENT);
	if (asker->head.req_id != head.req_id)
		return fault(asker, "the answer to something else", 0);
	if (asker->head.type != type)
		return fault(asker, "the answer is", 0);
	return 0;
}

static int go_round(struct asker *asker)
{
	uint64_t began_us = now_us();
	char payload[400], number[24];
	int n = sprintf(number, "%" PRIu64, asker->n_rounds);
	int path_len = snprintf(payload, sizeof(payload) - sizeof(number), "%s", asker->path) + 1;
	int r;

	memcpy(payload + path_len, number, (size_t)n);
	r = ask(asker, XS_WRITE, payload, (size_t)(path_len + n));
	if (!r)
		r = ask(asker, XS_READ, payload, (size_t)path_len);
	if (!r && strcmp(asker->payload, number))
		r = fault(asker, "something else was read", 0);
	asker->n_rounds++;
	hist_add(&asker->us, now_us() - began_us);
	return r;
}

/* One event when the watch was set, and one for each round. */
static void check_events(struct asker *asker)
{
	while (asker->n_events < asker->n_rounds + 1 && !receive(asker, LATE_MS))
		;
	if (asker->n_events == asker->n_rounds + 1)
		return;
	printf("%" PRIu64 " events instead of %" PRIu64 "\n", asker->n_events, asker->n_rounds + 1);
	asker->n_faults++;
}

static int ask_on(struct asker *asker, uint64_t n, long pause_ms)
{
	char watch[400];
	int len = snprintf(watch, sizeof(watch), "%s%c%s", asker->path, '\0', TOKEN) + 1;
	struct timespec pause = { pause_ms / 1000, pause_ms % 1000 * 1000000 };
	int r = ask(asker, XS_WRITE, asker->path, strlen(asker->path) + 1);

	if (!r)
		r = ask(asker, XS_WATCH, watch, (size_t)len);
	/* Xen's daemon does not queue an event twice: the first must be out of the way. */
	if (!r && !asker->n_events)
		r = receive(asker, SILENCE_MS);
	while (!r && !is_over && (!n || asker->n_rounds < n)) {
		r = go_round(asker);
		nanosleep(&pause, NULL);
	}
	if (!r)
		check_events(asker);
	return r;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = end };
	const char *where = "/run/xenstored/socket";
	static struct asker asker;
	uint64_t n = 0;
	long pause_ms = 0;
	int option;

	while ((option = getopt(argc, argv, "n:p:s:")) != -1) {
		if (option == 'n')
			n = strtoull(optarg, NULL, 10);
		else if (option == 'p')
			pause_ms = strtol(optarg, NULL, 10);
		else if (option == 's')
			where = optarg;
		else
			return 2;
	}
	if (optind + 1 != argc || strlen(argv[optind]) > 300) {
		fputs("usage: asks [-n ROUNDS] [-p PAUSE_MS] [-s SOCKET|DEVICE] PATH\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &action, NULL);
	asker.path = argv[optind];
	asker.fd = join(where);
	if (asker.fd < 0) {
		fprintf(stderr, "asks: %s: %s\n", where, strerror(errno));
		return 1;
	}
	ask_on(&asker, n, pause_ms);
	printf("%" PRIu64 " rounds, %" PRIu64 " faults; us: p50 %" PRIu64 ", p99 %" PRIu64
	       ", max %" PRIu64 "\n",
	       asker.n_rounds, asker.n_faults, hist_percentile(&asker.us, 50),
	       hist_percentile(&asker.us, 99), asker.us.max);
	return asker.n_faults != 0;
}
