/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of console daemons: a loop that copies rings into files and knows nothing else. No
 * store events, no backlog; whoever serves consoles does at least this.
 *
 * usage: bench-confloor FOLDER DOMID...      writes FOLDER/DOMID.log until it is told to end
 *        bench-confloor --echo N --rate BYTES FOLDER DOMID...
 *
 * The second is the floor of latency: domain N alone has a terminal, and goes before all others,
 * who get a small slice for each look at what has happened, and BYTES per second.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "conring.h"
#include "loop.h"
#include "ports.h"
#include "throttle.h"
#include "tty.h"

#define SLICE_RINGS 4

struct floor;

struct copied {
	struct port port; /* first: the callbacks get a pointer to it */
	struct floor *bottom;
	struct xencons_interface *page;
	int fd;
	struct throttle throttle;
	uint64_t due_ms;
	TAILQ_ENTRY(copied) next;
};

struct floor {
	struct loop *loop;
	struct ports *ports;
	xengnttab_handle *gnttab;
	struct xs_handle *store;
	const char *folder;
	unsigned int echo_domid; /* 0: all are copied as they come */
	uint64_t rate_bytes_per_s;
	struct copied *echo;
	struct tty tty;
	TAILQ_HEAD(, copied) queued, paused;
	struct loop_hook hook;
	struct event *tick;
};

/* Copies what is in a ring; how much. */
static uint32_t copy(struct copied *copied, int fd)
{
	char data[CONRING_OUT_SIZE];
	uint32_t n;

	if (conring_peek(copied->page, data, sizeof(data), &n) < 0 || !n)
		return 0;
	if (write(fd, data, n) < 0)
		perror("write");
	conring_take(copied->page, n);
	ports_notify(copied->bottom->ports, &copied->port);
	return n;
}

static bool on_port(struct port *port)
{
	struct copied *copied = (void *)port;
	struct floor *bottom = copied->bottom;

	if (bottom->echo_domid && copied != bottom->echo) {
		TAILQ_INSERT_TAIL(&bottom->queued, copied, next);
		return false;
	}
	copy(copied, copied->fd);
	return true;
}

/* The end of a turn: some of what others than the one with the terminal have. */
static void serve_queue(void *ctx)
{
	struct floor *bottom = ctx;
	uint64_t now_ms = loop_now_ms(bottom->loop);
	struct copied *copied;

	for (int i = 0; i < SLICE_RINGS && (copied = TAILQ_FIRST(&bottom->queued)); i++) {
		uint32_t n = copy(copied, copied->fd);

		TAILQ_REMOVE(&bottom->queued, copied, next);
		if (throttle_charge(&copied->throttle, bottom->rate_bytes_per_s, now_ms, n)) {
			ports_unmask(bottom->ports, &copied->port);
			continue;
		}
		copied->due_ms = now_ms + THROTTLE_PAUSE_MS;
		TAILQ_INSERT_TAIL(&bottom->paused, copied, next);
	}
	if (!TAILQ_EMPTY(&bottom->queued))
		loop_again(bottom->loop);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct floor *bottom = ctx;
	uint64_t now_ms = loop_now_ms(bottom->loop);
	struct copied *copied;

	(void)fd, (void)what;
	while ((copied = TAILQ_FIRST(&bottom->paused)) && copied->due_ms <= now_ms) {
		TAILQ_REMOVE(&bottom->paused, copied, next);
		TAILQ_INSERT_TAIL(&bottom->queued, copied, next);
	}
}

static void on_typed(evutil_socket_t fd, short what, void *ctx)
{
	struct floor *bottom = ctx;
	char data[CONRING_IN_SIZE];
	ssize_t n = read(fd, data, conring_room(bottom->echo->page));

	(void)what;
	if (n <= 0)
		return;
	conring_give(bottom->echo->page, data, (uint32_t)n);
	ports_notify(bottom->ports, &bottom->echo->port);
}

static char *node(char path[64], unsigned int domid, const char *name)
{
	snprintf(path, 64, "/local/domain/%u/console/%s", domid, name);
	return path;
}

static uint32_t port_of(struct floor *bottom, unsigned int domid)
{
	char path[64], *value;
	unsigned int len;
	uint32_t port;

	value = xs_read(bottom->store, XBT_NULL, node(path, domid, "port"), &len);
	port = value ? (uint32_t)strtoul(value, NULL, 10) : 0;
	free(value);
	return port;
}

static int open_terminal(struct floor *bottom, struct copied *copied)
{
	struct event *typed;
	char path[64];
	int r = tty_open(&bottom->tty);

	if (r < 0)
		return r;
	bottom->echo = copied;
	copied->fd = bottom->tty.master;
	typed = event_new(loop_base(bottom->loop), copied->fd, EV_READ | EV_PERSIST, on_typed,
			  bottom);
	if (!typed || event_add(typed, NULL) < 0 ||
	    !xs_write(bottom->store, XBT_NULL, node(path, bottom->echo_domid, "tty"),
		      bottom->tty.path, (unsigned int)strlen(bottom->tty.path)))
		return -EIO;
	return 0;
}

static int attach(struct floor *bottom, unsigned int domid)
{
	struct copied *copied = calloc(1, sizeof(*copied));
	char path[4096];
	int r;

	if (!copied)
		return -ENOMEM;
	copied->port.ready = on_port;
	copied->bottom = bottom;
	copied->page = xengnttab_map_grant_ref(bottom->gnttab, domid, 0, PROT_READ | PROT_WRITE);
	if (!copied->page)
		return -errno;
	if (domid == bottom->echo_domid) {
		r = open_terminal(bottom, copied);
		if (r < 0)
			return r;
	} else {
		snprintf(path, sizeof(path), "%s/%u.log", bottom->folder, domid);
		copied->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (copied->fd < 0)
			return -errno;
	}
	return ports_bind(bottom->ports, &copied->port, domid, port_of(bottom, domid));
}

static void on_end(evutil_socket_t number, short what, void *ctx)
{
	(void)number, (void)what;
	loop_stop(ctx, 0);
}

static int start(struct floor *bottom, char **domids)
{
	const struct timeval tick = { .tv_usec = 1000 };
	struct event *end;
	int r = loop_new(&bottom->loop);

	if (r < 0)
		return r;
	bottom->hook = (struct loop_hook){ .fn = serve_queue, .ctx = bottom };
	loop_turn_hook(bottom->loop, &bottom->hook); /* before that which unmasks */
	r = ports_new(&bottom->ports, bottom->loop, NULL);
	if (r < 0)
		return r;
	bottom->gnttab = xengnttab_open(NULL, 0);
	bottom->store = xs_open(0);
	end = evsignal_new(loop_base(bottom->loop), SIGTERM, on_end, bottom->loop);
	if (!bottom->gnttab || !bottom->store || !end || event_add(end, NULL) < 0)
		return -EIO;
	if (bottom->rate_bytes_per_s) {
		bottom->tick = event_new(loop_base(bottom->loop), -1, EV_PERSIST, on_tick, bottom);
		if (!bottom->tick || event_add(bottom->tick, &tick) < 0)
			return -ENOMEM;
	}
	for (; *domids && r == 0; domids++)
		r = attach(bottom, (unsigned int)strtoul(*domids, NULL, 10));
	return r;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-confloor [--echo N] [--rate BYTES] FOLDER DOMID...\n");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "echo", required_argument, NULL, 'e' },
						 { "rate", required_argument, NULL, 'r' },
						 { 0 } };
	struct floor bottom = { 0 };
	int c, r;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'e')
			bottom.echo_domid = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'r')
			bottom.rate_bytes_per_s = strtoull(optarg, NULL, 10);
		else
			return usage();
	}
	if (argc < optind + 2)
		return usage();
	TAILQ_INIT(&bottom.queued);
	TAILQ_INIT(&bottom.paused);
	bottom.folder = argv[optind];
	r = start(&bottom, argv + optind + 1);
	if (r < 0) {
		fprintf(stderr, "bench-confloor: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	printf("ready\n");
	fflush(stdout);
	return loop_run(bottom.loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
