/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the simulation itself costs, so that figures taken on it can be read: run it as
 * "simxen run -- simcost". Links Xen's libraries; the library path decides which ones.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>

#include "domaininfo.h"

#define ROUNDS 100000
#define BATCH  256

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void fail(const char *what)
{
	fprintf(stderr, "simcost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const char *what, double start_us, int n)
{
	printf("%-52s %8.2f us\n", what, (now_us() - start_us) / n);
}

static void hypercalls(void)
{
	xc_interface *xch = xc_interface_open(NULL, NULL, 0);
	xc_evtchn_status_t status;
	struct domaininfo info;
	double start_us;

	if (!xch)
		fail("xc_interface_open");
	start_us = now_us();
	for (int i = 0; i < ROUNDS; i++)
		if (xc_version(xch, XENVER_version, NULL) < 0)
			fail("xc_version");
	say("hypercall without memory (xen_version)", start_us, ROUNDS);
	start_us = now_us();
	for (int i = 0; i < ROUNDS; i++) {
		status = (xc_evtchn_status_t){ .dom = 0, .port = 1 };
		if (xc_evtchn_status(xch, &status) < 0)
			fail("xc_evtchn_status");
	}
	say("hypercall with 24 bytes in and out (evtchn status)", start_us, ROUNDS);
	start_us = now_us();
	for (int i = 0; i < ROUNDS; i++)
		if (domaininfo_get(&info, xch, 0) < 0)
			fail("domaininfo_get");
	say("hypercall with 152 bytes in and out (getdomaininfo)", start_us, ROUNDS);
	xc_interface_close(xch);
}

static void notifications(void)
{
	xenevtchn_handle *handle = xenevtchn_open(NULL, 0);
	xenevtchn_port_or_error_t a, b, port;
	double start_us;

	if (!handle)
		fail("xenevtchn_open");
	a = xenevtchn_bind_unbound_port(handle, 0);
	b = a < 0 ? -1 : xenevtchn_bind_interdomain(handle, 0, (evtchn_port_t)a);
	if (b < 0)
		fail("bind");
	port = xenevtchn_pending(handle); /* binding makes it pending */
	if (port != b || xenevtchn_unmask(handle, (evtchn_port_t)b) < 0)
		fail("first event");
	start_us = now_us();
	for (int i = 0; i < ROUNDS; i++) {
		if (xenevtchn_notify(handle, (evtchn_port_t)a) < 0)
			fail("xenevtchn_notify");
		port = xenevtchn_pending(handle);
		if (port != b || xenevtchn_unmask(handle, (evtchn_port_t)port) < 0)
			fail("event");
	}
	say("notify, event arrives, unmask (one after the other)", start_us, ROUNDS);
	start_us = now_us();
	for (int i = 0; i < ROUNDS; i++)
		if (xenevtchn_notify(handle, (evtchn_port_t)a) < 0)
			fail("xenevtchn_notify");
	say("notify alone, as many as go", start_us, ROUNDS);
	xenevtchn_close(handle);
}

static void bindings(void)
{
	xenevtchn_handle *handle = xenevtchn_open(NULL, 0);
	xenevtchn_port_or_error_t ports[BATCH];
	double start_us;

	if (!handle)
		fail("xenevtchn_open");
	start_us = now_us();
	for (int i = 0; i < BATCH; i++)
		if ((ports[i] = xenevtchn_bind_unbound_port(handle, 0)) < 0)
			fail("bind");
	for (int i = 0; i < BATCH; i++)
		if (xenevtchn_unbind(handle, (evtchn_port_t)ports[i]) < 0)
			fail("unbind");
	say("bind + unbind", start_us, BATCH);
	xenevtchn_close(handle);
}

int main(void)
{
	hypercalls();
	notifications();
	bindings();
	return 0;
}
