/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What event-channel tests and benches need from a host: tables that are full, domains that are
 * there, and the bare loop of hypercalls that an audit is measured against.
 *
 * evtchnload fill DOMID N [REMOTE]  allocate N ports of DOMID for REMOTE (0): "GOT HIGHEST ERRNO"
 * evtchnload make N [CAP]           make N paused domains with two ports each; prints their numbers
 * evtchnload destroy DOMID...
 * evtchnload prove N CAP [PROVEN]   make N domains and prove that the cap is PROVEN
 * evtchnload cost N CAP             what that takes: "CREATE_US PROOF_US DESTROY_US"
 * evtchnload walk DOMID             ask for each port until there is none; prints their number
 * evtchnload walk-all               the same for every domain
 * evtchnload walk-batched DOMID     the same for one, hundreds of ports a hypercall
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#include "hyper.h"

static int die(const char *what)
{
	fprintf(stderr, "evtchnload: %s: %s\n", what, strerror(errno));
	return 2;
}

static int fill(xc_interface *xch, uint32_t domid, uint32_t n, uint32_t remote)
{
	int port = 0, error = 0;
	uint32_t got = 0, highest = 0;

	while (got < n) {
		port = xc_evtchn_alloc_unbound(xch, domid, remote);
		if (port < 0) {
			error = errno;
			break;
		}
		got++;
		if ((uint32_t)port > highest)
			highest = port;
	}
	printf("%" PRIu32 " %" PRIu32 " %s\n", got, highest, error ? strerrorname_np(error) : "0");
	return 0;
}

static int create(xc_interface *xch, uint32_t cap, uint32_t *domid)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 1,
		.max_evtchn_port = cap,
		.max_grant_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};

	*domid = 0;
	return xc_domain_create(xch, domid, &config) < 0 ? die("createdomain") : 0;
}

static int make(xc_interface *xch, uint32_t n, uint32_t cap)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t domid;

		if (create(xch, cap, &domid))
			return 2;
		if (xc_evtchn_alloc_unbound(xch, domid, 0) < 0 ||
		    xc_evtchn_alloc_unbound(xch, domid, 0) < 0)
			return die("alloc_unbound");
		printf("%" PRIu32 "\n", domid);
	}
	return 0;
}

static int prove(xc_interface *xch, uint32_t n, uint32_t cap, uint32_t proven)
{
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	struct capproof_taker taker;

	if (hyper_open(&hyper, NULL) < 0)
		return die("the hypervisor");
	taker = hyper_taker(hyper);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t domid, highest = 0;
		int port, r;

		if (create(xch, cap, &domid))
			return 2;
		r = capproof_run(&taker, domid, proven, &highest);
		/* All must have been given back: the next port is the first. */
		port = r ? 0 : xc_evtchn_alloc_unbound(xch, domid, 0);
		printf("%s %" PRIu32 " %d\n", r ? strerrorname_np(-r) : "proven", highest, port);
		if (xc_domain_destroy(xch, domid) < 0)
			return die("destroydomain");
	}
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* What a proof costs beside the creation that it is part of: prints "CREATE_US PROOF_US
 * DESTROY_US", means of @n. */
static int cost(xc_interface *xch, uint32_t n, uint32_t cap)
{
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	int64_t spent[3] = { 0 };
	struct capproof_taker taker;

	if (!n || hyper_open(&hyper, NULL) < 0)
		return die("the hypervisor");
	taker = hyper_taker(hyper);
	for (uint32_t i = 0; i < n; i++) {
		int64_t began = now_ns(), created, proven;
		uint32_t domid, highest;

		if (create(xch, cap, &domid))
			return 2;
		created = now_ns();
		if (capproof_run(&taker, domid, cap, &highest) < 0)
			return die("the proof");
		proven = now_ns();
		if (xc_domain_destroy(xch, domid) < 0)
			return die("destroydomain");
		spent[0] += created - began;
		spent[1] += proven - created;
		spent[2] += now_ns() - proven;
	}
	printf("%.1f %.1f %.1f\n", spent[0] / 1e3 / n, spent[1] / 1e3 / n, spent[2] / 1e3 / n);
	return 0;
}

static int64_t walk(xc_interface *xch, uint32_t domid)
{
	for (uint32_t port = 0;; port++) {
		xc_evtchn_status_t status = { .dom = domid, .port = port };

		if (xc_evtchn_status(xch, &status) < 0 && errno != EACCES)
			return errno == EINVAL ? (int64_t)port : -1;
	}
}

static int walk_all(xc_interface *xch)
{
	static xc_domaininfo_t infos[1024];
	uint32_t next = 0;
	int64_t n_ports = 0, r;
	int n;

	do {
		n = xc_domain_getinfolist(xch, next, 1024, infos);
		if (n < 0)
			return die("getdomaininfolist");
		for (int i = 0; i < n; i++) {
			r = walk(xch, infos[i].domain);
			if (r < 0)
				return die("status");
			n_ports += r;
			next = infos[i].domain + 1;
		}
	} while (n == 1024);
	printf("%" PRId64 "\n", n_ports);
	return 0;
}

/* The least that a walk in batches can be: the state of each port is asked for and not looked at.
 */
static int walk_batched(uint32_t domid)
{
	static struct scan_answer answers[SCAN_BATCH_MAX];
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	struct scan_source source;
	uint32_t port = 0;

	if (hyper_open(&hyper, NULL) < 0)
		return die("the hypervisor");
	source = hyper_source(hyper);
	for (;;) {
		int n = source.status(source.ctx, domid, port, SCAN_BATCH_MAX, answers);

		if (n < 0)
			return die("status");
		for (int i = 0; i < n; i++, port++) {
			if (answers[i].error != -EINVAL)
				continue;
			printf("%" PRIu32 "\n", port);
			return 0;
		}
	}
}

static uint32_t number(const char *text)
{
	return strtoul(text, NULL, 0);
}

static int run(xc_interface *xch, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int64_t r;

	if (strcmp(what, "fill") == 0 && argc >= 4)
		return fill(xch, number(argv[2]), number(argv[3]), argc > 4 ? number(argv[4]) : 0);
	if (strcmp(what, "make") == 0 && argc >= 3)
		return make(xch, number(argv[2]), argc > 3 ? number(argv[3]) : 1023);
	if (strcmp(what, "prove") == 0 && argc >= 4)
		return prove(xch, number(argv[2]), number(argv[3]), number(argv[argc > 4 ? 4 : 3]));
	if (strcmp(what, "cost") == 0 && argc == 4)
		return cost(xch, number(argv[2]), number(argv[3]));
	if (strcmp(what, "walk-all") == 0)
		return walk_all(xch);
	if (strcmp(what, "walk-batched") == 0 && argc == 3)
		return walk_batched(number(argv[2]));
	if (strcmp(what, "destroy") == 0 && argc >= 3) {
		for (int i = 2; i < argc; i++)
			if (xc_domain_destroy(xch, number(argv[i])) < 0)
				return die(argv[i]);
		return 0;
	}
	if (strcmp(what, "walk") == 0 && argc == 3) {
		r = walk(xch, number(argv[2]));
		if (r < 0)
			return die("status");
		printf("%" PRId64 "\n", r);
		return 0;
	}
	fputs("usage: evtchnload fill DOMID N [REMOTE] | make N [CAP] | destroy DOMID... | walk DOMID | walk-all | walk-batched DOMID | "
	      "prove N CAP [PROVEN] | cost N CAP\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	xc_interface *xch = xc_interface_open(NULL, NULL, 0);
	int status;

	if (!xch)
		return die("the hypervisor");
	status = run(xch, argc, argv);
	xc_interface_close(xch);
	return status;
}
