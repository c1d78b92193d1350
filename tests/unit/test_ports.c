/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bulk operations on the event-channel handle, which is a socket here: one side is the
 * kernel's. */
#include "ports.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xenevtchn.h>

#include "log.h"
#include "loop.h"
#include "unit.h"

static int kernel_fd, handle_fd;
static int next_local;
static uint32_t notified;

/* These stand in for libxenevtchn's. */
xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	int fds[2];

	(void)logger, (void)flags;
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	kernel_fd = fds[0];
	handle_fd = fds[1];
	return (xenevtchn_handle *)&handle_fd;
}

int xenevtchn_close(xenevtchn_handle *handle)
{
	(void)handle;
	return close(handle_fd);
}

int xenevtchn_fd(xenevtchn_handle *handle)
{
	(void)handle;
	return handle_fd;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid,
						     evtchn_port_t remote)
{
	(void)handle;
	if (domid == 999) {
		errno = ESRCH;
		return -1;
	}
	(void)remote;
	return next_local++;
}

int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle, (void)port;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
	(void)handle;
	notified = port;
	return 0;
}

struct fixture {
	struct log *log;
	struct loop *loop;
	struct ports *ports;
	struct loop_hook stop;
	int n_turns;
};

struct owner {
	struct port port;
	int n_fired;
	bool unmask;
};

static bool fired(struct port *port)
{
	struct owner *owner = (struct owner *)port;

	owner->n_fired++;
	return owner->unmask;
}

static void stop(void *ctx)
{
	struct fixture *f = ctx;

	if (!--f->n_turns)
		loop_stop(f->loop, 0);
}

static void setup(struct fixture *f, int n_turns)
{
	next_local = 70;
	f->n_turns = n_turns;
	CHECK_EQ(log_new(&f->log, "test", LOG_LEVEL_ERROR, 0), 0);
	CHECK_EQ(loop_new(&f->loop), 0);
	CHECK_EQ(ports_new(&f->ports, f->loop, log_xtl(f->log)), 0);
	f->stop = (struct loop_hook){ .fn = stop, .ctx = f };
	loop_turn_hook(f->loop, &f->stop);
}

static void teardown(struct fixture *f)
{
	ports_free(f->ports);
	loop_free(f->loop);
	log_free(f->log);
	close(kernel_fd);
}

static void bound(struct fixture *f, struct owner *owner, bool unmask)
{
	*owner = (struct owner){ .port.ready = fired, .unmask = unmask };
	CHECK_EQ(ports_bind(f->ports, &owner->port, 1, 2), 0);
}

TEST(a_batch_calls_each_owner_and_unmasks_only_who_wants_it)
{
	uint32_t pending[] = { 71, 70, 3, 100000 }, unmasked[4] = { 0 };
	struct owner a, b;
	struct fixture f;

	setup(&f, 1);
	bound(&f, &a, true);
	bound(&f, &b, false);
	CHECK_EQ(a.port.local, 70);
	CHECK_EQ(write(kernel_fd, pending, sizeof(pending)), sizeof(pending));
	CHECK_EQ(loop_run(f.loop), 0);
	CHECK_EQ(a.n_fired, 1);
	CHECK_EQ(b.n_fired, 1);
	CHECK_EQ(recv(kernel_fd, unmasked, sizeof(unmasked), MSG_DONTWAIT), 4);
	CHECK_EQ(unmasked[0], 70);
	teardown(&f);
}

TEST(an_unbound_port_does_not_fire)
{
	uint32_t pending[] = { 70 };
	struct owner a;
	struct fixture f;

	setup(&f, 1);
	bound(&f, &a, true);
	ports_unbind(f.ports, &a.port);
	CHECK_EQ(a.port.local, 0);
	CHECK_EQ(ports_notify(f.ports, &a.port), -ENOTCONN);
	CHECK_EQ(write(kernel_fd, pending, sizeof(pending)), sizeof(pending));
	CHECK_EQ(loop_run(f.loop), 0);
	CHECK_EQ(a.n_fired, 0);
	teardown(&f);
}

TEST(a_refused_binding_leaves_the_port_free)
{
	struct owner a = { .port.ready = fired };
	struct fixture f;

	setup(&f, 1);
	CHECK_EQ(ports_bind(f.ports, &a.port, 999, 2), -ESRCH);
	CHECK_EQ(a.port.local, 0);
	CHECK_EQ(ports_bind(f.ports, &a.port, 1, 2), 0);
	CHECK_EQ(ports_notify(f.ports, &a.port), 0);
	CHECK_EQ(notified, a.port.local);
	teardown(&f);
}

TEST(a_broken_handle_ends_the_loop_instead_of_spinning)
{
	struct fixture f;

	setup(&f, 100);
	shutdown(kernel_fd, SHUT_RDWR);
	CHECK_EQ(loop_run(f.loop), -EIO);
	CHECK_EQ(f.n_turns, 99);
	teardown(&f);
}
