/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client of a console daemon sees, measured.
 *
 * usage: bench-conload echo DOMID SECONDS   round trips through a guest that echoes, in ns, as JSON
 *        bench-conload ttys N               wait until N terminals have been published in the
 * store; prints "ready", then the ms from then to the last one
 *        bench-conload maps DOMID...        map each guest's console page and touch it: the ms that
 * this alone takes, which on a simulated host is the simulator's doing
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/console.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "hist.h"

#define WARM_ROUNDS  20
#define ECHO_BYTES   16
#define PAUSE_NS     200000
#define TTYS_SECONDS 120
#define DOMAINS_MAX  32768

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int fail(const char *what)
{
	fprintf(stderr, "bench-conload: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

static char *tty_of(struct xs_handle *store, unsigned int domid)
{
	char path[64];
	unsigned int len;

	snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
	return xs_read(store, XBT_NULL, path, &len);
}

/* One round: what goes in must come back. Return: 0 or -1 with errno. */
static int round_trip(int fd, uint32_t number, uint64_t *took_ns)
{
	char sent[ECHO_BYTES + 1], got[ECHO_BYTES];
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	uint64_t begin = now_ns();
	size_t have = 0;

	snprintf(sent, sizeof(sent), "%015u\n", number);
	if (write(fd, sent, ECHO_BYTES) != ECHO_BYTES)
		return -1;
	while (have < ECHO_BYTES) {
		ssize_t n;

		if (poll(&readable, 1, 10000) != 1) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = read(fd, got + have, ECHO_BYTES - have);
		if (n <= 0)
			return -1;
		have += (size_t)n;
	}
	*took_ns = now_ns() - begin;
	errno = EBADMSG;
	return memcmp(sent, got, ECHO_BYTES) ? -1 : 0;
}

static int echo(unsigned int domid, double seconds)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct hist *hist = calloc(1, sizeof(*hist));
	struct xs_handle *store = xs_open(0);
	struct termios raw;
	uint64_t end = UINT64_MAX, took;
	char *path = store ? tty_of(store, domid) : NULL;
	int fd = path ? open(path, O_RDWR | O_NOCTTY) : -1;

	if (!hist || fd < 0)
		return fail("terminal");
	tcgetattr(fd, &raw);
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
	tcflush(fd, TCIFLUSH);
	for (uint32_t i = 0; now_ns() < end; i++) {
		if (round_trip(fd, i, &took) < 0)
			return fail("round trip");
		if (i >= WARM_ROUNDS)
			hist_add(hist, took);
		else if (i == WARM_ROUNDS - 1)
			end = now_ns() + (uint64_t)(seconds * 1e9);
		nanosleep(&pause, NULL);
	}
	printf("{\"n\": %" PRIu64 ", \"p50\": %" PRIu64 ", \"p99\": %" PRIu64 ", \"max\": %" PRIu64
	       "}\n",
	       hist->n, hist_percentile(hist, 50), hist_percentile(hist, 99), hist->max);
	close(fd);
	xs_close(store);
	free(path);
	free(hist);
	return EXIT_SUCCESS;
}

/*
 * Is the event about a tty, the first time for its domain? Only the daemon writes there, and asking
 * for the value would make the store slower that the daemon needs, too.
 */
static bool is_new_tty(const char *path, bool *seen)
{
	unsigned int domid;
	int end = 0;

	if (sscanf(path, "/local/domain/%u/console/tty%n", &domid, &end) != 1 || !end ||
	    domid >= DOMAINS_MAX || seen[domid])
		return false;
	seen[domid] = true;
	return true;
}

static int ttys(unsigned int n)
{
	struct xs_handle *store = xs_open(0);
	bool *seen = calloc(DOMAINS_MAX, sizeof(*seen));
	struct pollfd readable;
	uint64_t begin;
	unsigned int n_seen = 0;
	char **event;

	if (!store || !seen || !xs_watch(store, "/local/domain", "ttys"))
		return fail("store");
	readable = (struct pollfd){ .fd = xs_fileno(store), .events = POLLIN };
	printf("ready\n");
	fflush(stdout);
	begin = now_ns();
	while (n_seen < n) {
		if (poll(&readable, 1, TTYS_SECONDS * 1000) != 1) {
			fprintf(stderr, "bench-conload: %u of %u terminals\n", n_seen, n);
			return EXIT_FAILURE;
		}
		while ((event = xs_check_watch(store))) {
			n_seen += is_new_tty(event[XS_WATCH_PATH], seen);
			free(event);
		}
	}
	printf("%.2f\n", (double)(now_ns() - begin) / 1e6);
	xs_close(store);
	free(seen);
	return EXIT_SUCCESS;
}

static int maps(char **domids)
{
	xengnttab_handle *gnttab = xengnttab_open(NULL, 0);
	uint64_t begin = now_ns();

	if (!gnttab)
		return fail("grants");
	for (; *domids; domids++) {
		volatile struct xencons_interface *page = xengnttab_map_grant_ref(
			gnttab, (uint32_t)strtoul(*domids, NULL, 10), 0, PROT_READ | PROT_WRITE);

		if (!page)
			return fail("map");
		((volatile char *)(page + 1))[0] = 0; /* as the daemon's first touch of it */
	}
	printf("%.2f\n", (double)(now_ns() - begin) / 1e6);
	xengnttab_close(gnttab);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "echo"))
		return echo((unsigned int)strtoul(argv[2], NULL, 10), strtod(argv[3], NULL));
	if (argc == 3 && !strcmp(argv[1], "ttys"))
		return ttys((unsigned int)strtoul(argv[2], NULL, 10));
	if (argc > 2 && !strcmp(argv[1], "maps"))
		return maps(argv + 2);
	fprintf(stderr, "usage: bench-conload echo DOMID SECONDS | ttys N | maps DOMID...\n");
	return EXIT_FAILURE;
}
