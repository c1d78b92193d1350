/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of console daemons: a loop that copies rings into files and knows nothing else. No
 * store events, no pty, no limits; whoever serves consoles does at least this.
 *
 * usage: bench-confloor FOLDER DOMID...      writes FOLDER/DOMID.log until it is told to end
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "conring.h"
#include "loop.h"
#include "ports.h"

struct floor {
	struct loop *loop;
	struct ports *ports;
	xengnttab_handle *gnttab;
	struct xs_handle *store;
	const char *folder;
};

struct copied {
	struct port port; /* first: on_port() gets a pointer to it */
	struct ports *ports;
	struct xencons_interface *page;
	int fd;
};

static bool on_port(struct port *port)
{
	struct copied *copied = (void *)port;
	char data[CONRING_OUT_SIZE];
	uint32_t n;

	if (conring_peek(copied->page, data, sizeof(data), &n) < 0 || !n)
		return true;
	if (write(copied->fd, data, n) < 0)
		perror("write");
	conring_take(copied->page, n);
	ports_notify(copied->ports, port);
	return true;
}

static uint32_t port_of(struct floor *bottom, unsigned int domid)
{
	char path[64], *value;
	unsigned int len;
	uint32_t port;

	snprintf(path, sizeof(path), "/local/domain/%u/console/port", domid);
	value = xs_read(bottom->store, XBT_NULL, path, &len);
	port = value ? (uint32_t)strtoul(value, NULL, 10) : 0;
	free(value);
	return port;
}

static int attach(struct floor *bottom, unsigned int domid)
{
	struct copied *copied = calloc(1, sizeof(*copied));
	char path[4096];

	if (!copied)
		return -ENOMEM;
	copied->port.ready = on_port;
	copied->ports = bottom->ports;
	copied->page = xengnttab_map_grant_ref(bottom->gnttab, domid, 0, PROT_READ | PROT_WRITE);
	snprintf(path, sizeof(path), "%s/%u.log", bottom->folder, domid);
	copied->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (!copied->page || copied->fd < 0)
		return -errno;
	return ports_bind(bottom->ports, &copied->port, domid, port_of(bottom, domid));
}

static void on_end(evutil_socket_t number, short what, void *ctx)
{
	(void)number, (void)what;
	loop_stop(ctx, 0);
}

static int start(struct floor *bottom, char **domids)
{
	struct event *end;
	int r = loop_new(&bottom->loop);

	if (r == 0)
		r = ports_new(&bottom->ports, bottom->loop, NULL);
	if (r < 0)
		return r;
	bottom->gnttab = xengnttab_open(NULL, 0);
	bottom->store = xs_open(0);
	end = evsignal_new(loop_base(bottom->loop), SIGTERM, on_end, bottom->loop);
	if (!bottom->gnttab || !bottom->store || !end || event_add(end, NULL) < 0)
		return -EIO;
	for (; *domids && r == 0; domids++)
		r = attach(bottom, (unsigned int)strtoul(*domids, NULL, 10));
	return r;
}

int main(int argc, char **argv)
{
	struct floor bottom = { .folder = argv[1] };
	int r;

	if (argc < 3) {
		fprintf(stderr, "usage: bench-confloor FOLDER DOMID...\n");
		return EXIT_FAILURE;
	}
	r = start(&bottom, argv + 2);
	if (r < 0) {
		fprintf(stderr, "bench-confloor: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	printf("ready\n");
	fflush(stdout);
	return loop_run(bottom.loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
