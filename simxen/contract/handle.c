/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event-channel handle of dom0's kernel. Ports of dom0 are shown relative to the first. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

#define BURST 1000

struct ends {
	int base; /* the first port that this program got */
	int a, b;
};

static void say_bound(struct contract *c, const char *probe, int port, int base)
{
	if (port < 0)
		say(c, probe, "%s", strerrorname_np(errno));
	else
		say(c, probe, "+%d", port - base);
}

static int poll_in(struct contract *c)
{
	struct pollfd p = { .fd = xenevtchn_fd(c->evtchn), .events = POLLIN };

	return poll(&p, 1, 200);
}

static void say_pending(struct contract *c, const char *probe, int base)
{
	int port;

	if (!poll_in(c)) {
		say(c, probe, "nothing");
		return;
	}
	port = xenevtchn_pending(c->evtchn);
	say(c, probe, "+%d", port - base);
}

static void descriptor(struct contract *c)
{
	struct pollfd p = { .fd = xenevtchn_fd(c->evtchn), .events = POLLIN | POLLOUT };
	int flags = fcntl(p.fd, F_GETFL), fd_flags = fcntl(p.fd, F_GETFD);

	say(c, "fd", "%sblocking, %sclosed at exec", flags & O_NONBLOCK ? "not " : "",
	    fd_flags & FD_CLOEXEC ? "" : "not ");
	poll(&p, 1, 0);
	say(c, "poll while idle", "0x%x", p.revents);
	fcntl(p.fd, F_SETFL, flags | O_NONBLOCK);
	answer(c, "pending, nothing there", xenevtchn_pending(c->evtchn));
	fcntl(p.fd, F_SETFL, flags);
}

static void binding(struct contract *c, uint32_t d, struct ends *e)
{
	int port;

	xc_evtchn_alloc_unbound(c->xch, d, 0);
	xc_evtchn_alloc_unbound(c->xch, d, 0);
	xc_evtchn_alloc_unbound(c->xch, d, 999);
	answer(c, "bind nobody's", xenevtchn_bind_interdomain(c->evtchn, 999, 1));
	answer(c, "bind a free one", xenevtchn_bind_interdomain(c->evtchn, d, 40));
	answer(c, "bind one beyond", xenevtchn_bind_interdomain(c->evtchn, d, 5000));
	answer(c, "bind another's", xenevtchn_bind_interdomain(c->evtchn, d, 3));
	port = xenevtchn_bind_interdomain(c->evtchn, d, 1);
	e->base = port;
	say_bound(c, "bind 1", port, e->base);
	say_pending(c, "at once", e->base);
	say_pending(c, "again, not unmasked", e->base);
	answer(c, "unmask", xenevtchn_unmask(c->evtchn, (evtchn_port_t)port));
	say_pending(c, "after it", e->base);
	say_port(c, "the other end", d, 1);
	answer(c, "bind 1 twice", xenevtchn_bind_interdomain(c->evtchn, d, 1));
	answer(c, "notify", xenevtchn_notify(c->evtchn, (evtchn_port_t)port));
	answer(c, "bind the console's virq", xenevtchn_bind_virq(c->evtchn, VIRQ_CONSOLE));
	answer(c, "bind virq 99", xenevtchn_bind_virq(c->evtchn, 99));
	say_bound(c, "bind virq 10", xenevtchn_bind_virq(c->evtchn, 10), e->base);
	answer(c, "bind virq 10 again", xenevtchn_bind_virq(c->evtchn, 10));
	say_bound(c, "unbound port for it", xenevtchn_bind_unbound_port(c->evtchn, d), e->base);
	port = xenevtchn_bind_unbound_port(c->evtchn, 999);
	say_bound(c, "unbound port for nobody", port, e->base);
	answer(c, "notify it", xenevtchn_notify(c->evtchn, (evtchn_port_t)port));
}

static void others(struct contract *c)
{
	answer(c, "notify 5000", xenevtchn_notify(c->evtchn, 5000));
	answer(c, "notify the kernel's", xenevtchn_notify(c->evtchn, 1));
	answer(c, "unmask 5000", xenevtchn_unmask(c->evtchn, 5000));
	answer(c, "unmask the kernel's", xenevtchn_unmask(c->evtchn, 1));
	answer(c, "unbind 5000", xenevtchn_unbind(c->evtchn, 5000));
	answer(c, "unbind the kernel's", xenevtchn_unbind(c->evtchn, 1));
}

static void say_read(struct contract *c, const char *probe, size_t size)
{
	char buf[64];

	if (!poll_in(c))
		say(c, probe, "nothing");
	else
		say(c, probe, "%zd", read(xenevtchn_fd(c->evtchn), buf, size));
}

static void loopback(struct contract *c, struct ends *e)
{
	evtchn_port_t both[2], one;
	int x, y;

	e->a = xenevtchn_bind_unbound_port(c->evtchn, 0);
	e->b = xenevtchn_bind_interdomain(c->evtchn, 0, (evtchn_port_t)e->a);
	say_pending(c, "a pair: the binder's end", e->base);
	xenevtchn_unmask(c->evtchn, (evtchn_port_t)e->b);
	xenevtchn_notify(c->evtchn, (evtchn_port_t)e->a);
	say_pending(c, "notify", e->base);
	xenevtchn_notify(c->evtchn, (evtchn_port_t)e->a);
	say_pending(c, "notify while masked", e->base);
	xenevtchn_unmask(c->evtchn, (evtchn_port_t)e->b);
	say_pending(c, "then unmask", e->base);
	xenevtchn_unmask(c->evtchn, (evtchn_port_t)e->b);
	for (int i = 0; i < 3; i++)
		xenevtchn_notify(c->evtchn, (evtchn_port_t)e->a);
	usleep(100000);
	say_read(c, "three notifies: read of 32 bytes", 32);
	one = (evtchn_port_t)e->b;
	answer(c, "write of 4 bytes", (int)write(xenevtchn_fd(c->evtchn), &one, sizeof(one)));
	x = xenevtchn_bind_unbound_port(c->evtchn, 0);
	y = xenevtchn_bind_interdomain(c->evtchn, 0, (evtchn_port_t)x);
	xenevtchn_notify(c->evtchn, (evtchn_port_t)e->a);
	usleep(100000);
	say_read(c, "two ports: read of 32 bytes", 32);
	both[0] = (evtchn_port_t)e->b;
	both[1] = (evtchn_port_t)y;
	answer(c, "write of 8 bytes", (int)write(xenevtchn_fd(c->evtchn), both, sizeof(both)));
	xenevtchn_notify(c->evtchn, (evtchn_port_t)e->a);
	xenevtchn_notify(c->evtchn, (evtchn_port_t)x);
	usleep(100000);
	say_read(c, "both again: read of 4 bytes", 4);
	say_read(c, "the other: read of 4 bytes", 4);
	xenevtchn_unbind(c->evtchn, (evtchn_port_t)x);
	xenevtchn_unbind(c->evtchn, (evtchn_port_t)y);
}

static void unbinding(struct contract *c, const struct ends *e)
{
	int port;

	answer(c, "unbind one end", xenevtchn_unbind(c->evtchn, (evtchn_port_t)e->a));
	say_port(c, "the other", 0, (uint32_t)e->b);
	answer(c, "notify it", xenevtchn_notify(c->evtchn, (evtchn_port_t)e->b));
	answer(c, "unbind it", xenevtchn_unbind(c->evtchn, (evtchn_port_t)e->b));
	answer(c, "unbind it again", xenevtchn_unbind(c->evtchn, (evtchn_port_t)e->b));
	port = xenevtchn_bind_unbound_port(c->evtchn, 0);
	say(c, "the number freed first", "%s",
	    port == e->a ? "is used again" : "is not used again");
	xenevtchn_unbind(c->evtchn, (evtchn_port_t)port);
}

static void restricted(struct contract *c, uint32_t d)
{
	xenevtchn_handle *handle = xenevtchn_open(NULL, 0);

	answer(c, "restrict", xenevtchn_restrict(handle, (domid_t)d));
	answer(c, "bind a virq then", xenevtchn_bind_virq(handle, VIRQ_DOM_EXC));
	answer(c, "bind dom0's then", xenevtchn_bind_interdomain(handle, 0, 6));
	answer_ok(c, "bind its own then", xenevtchn_bind_interdomain(handle, d, 2));
	xenevtchn_close(handle);
	say_port(c, "its end after close", d, 2);
}

static void killed(struct contract *c, uint32_t d)
{
	pid_t pid = fork();

	if (!pid) {
		xenevtchn_handle *handle = xenevtchn_open(NULL, 0);

		_exit(!handle || xenevtchn_bind_interdomain(handle, d, 2) < 0);
	}
	waitpid(pid, NULL, 0);
	usleep(100000);
	say_port(c, "its end after the process ended", d, 2);
}

static void forked(struct contract *c, const struct ends *e)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(xc_domain_unpause(c->xch, 999) == -1 && errno == ESRCH &&
				      !xenevtchn_notify(c->evtchn, (evtchn_port_t)e->base)
			      ? 7
			      : 1);
	waitpid(pid, &status, 0);
	say(c, "parent's handles in a child", "exit %d", WEXITSTATUS(status));
}

/* More events than any buffer of a few: none is lost, none comes twice. */
static void burst(struct contract *c)
{
	static evtchn_port_t ours[BURST], theirs[BURST];
	static unsigned char seen[1 << 17];
	static const char *const probes[] = { "many bound", "each notified twice",
					      "unmasked once more" };
	int n = 0, n_twice = 0, port;

	for (int i = 0; i < BURST; i++) {
		ours[i] = (evtchn_port_t)xenevtchn_bind_unbound_port(c->evtchn, 0);
		theirs[i] = (evtchn_port_t)xenevtchn_bind_interdomain(c->evtchn, 0, ours[i]);
	}
	for (int round = 0; round < 3; round++) {
		memset(seen, 0, sizeof(seen));
		for (n = n_twice = 0; poll_in(c); n++) {
			port = xenevtchn_pending(c->evtchn);
			n_twice += seen[port]++ > 0;
		}
		say(c, probes[round], "%d events, %d twice", n, n_twice);
		for (int i = 0; i < BURST; i++)
			xenevtchn_unmask(c->evtchn, theirs[i]);
		for (int i = 0; i < 2 * BURST && !round; i++)
			xenevtchn_notify(c->evtchn, ours[i % BURST]);
	}
	for (int i = 0; i < BURST; i++) {
		xenevtchn_unbind(c->evtchn, ours[i]);
		xenevtchn_unbind(c->evtchn, theirs[i]);
	}
}

/* A descriptor that another library instance takes over, as after exec. */
static void taken_over(struct contract *c, uint32_t d)
{
	xenevtchn_handle *handle = xenevtchn_open(NULL, XENEVTCHN_NO_CLOEXEC);
	int port = xenevtchn_bind_interdomain(handle, d, 2), status;
	pid_t pid = fork();

	if (!pid) {
		xenevtchn_handle *again = xenevtchn_fdopen(NULL, dup(xenevtchn_fd(handle)), 0);

		_exit(again && xenevtchn_pending(again) == port &&
				      !xenevtchn_unmask(again, (evtchn_port_t)port) &&
				      !xenevtchn_notify(again, (evtchn_port_t)port)
			      ? 7
			      : 1);
	}
	waitpid(pid, &status, 0);
	say(c, "a handle taken over by descriptor", "exit %d", WEXITSTATUS(status));
	say_port(c, "its port after that process ended", d, 2);
	xenevtchn_close(handle);
	say_port(c, "its port after close", d, 2);
}

void contract_handle(struct contract *c)
{
	uint32_t d = create(c, 4);
	struct ends ends = { .base = 0 };

	section(c, "event-channel handle");
	/* Xen 4.17 does not survive an event for a domain without vCPUs. */
	xc_domain_max_vcpus(c->xch, d, 1);
	descriptor(c);
	binding(c, d, &ends);
	others(c);
	loopback(c, &ends);
	unbinding(c, &ends);
	restricted(c, d);
	killed(c, d);
	forked(c, &ends);
	taken_over(c, d);
	xenevtchn_close(c->evtchn);
	say_port(c, "first binding after close", d, 1);
	c->evtchn = xenevtchn_open(NULL, 0);
	burst(c);
	xc_domain_destroy(c->xch, d);
	wait_gone(c, "it", d);
}
