/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console of a guest is no console here: its ring carries frames (tests/guest/relay.h). What
 * does not fit into it waits in a buffer of ours, so nobody waits for a guest but lent_order().
 */
#include "config.h"

#include "lent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <time.h>
#include <xen/io/console.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include "build.h"
#include "cleanup.h"
#include "guestcfg.h"
#include "image.h"
#include "log.h"
#include "ring.h"
#include "shell.h"
#include "tests/guest/relay.h"

#define PAGE_BYTES 4096
#define PATIENCE_S 10

struct one {
	LIST_ENTRY(one) next;
	uint32_t domid;
	uint32_t local;			/* our end of its console's port */
	struct xencons_interface *page; /* owned mapping */
	char *out;			/* owned: waits for room in the ring */
	size_t n_out, room_out;
	char in[sizeof(struct relay_head) + RELAY_LEN_MAX];
	size_t n_in;
	uint64_t n_done; /* orders that it has carried out */
	uint32_t value;	 /* of the last */
};

struct lent {
	struct log *log;
	xc_interface *xch;
	xenevtchn_handle *events;
	xenforeignmemory_handle *memory;
	struct guestcfg *config;
	struct image_set *images;
	lent_heard_fn *heard;
	void *ctx;
	LIST_HEAD(, one) all; /* owned */
};

static struct one *find(const struct lent *lent, uint32_t domid)
{
	struct one *one;

	LIST_FOREACH (one, &lent->all, next)
		if (one->domid == domid)
			return one;
	return NULL;
}

static int load(struct lent *lent, const char *kernel)
{
	char text[512];
	int r;

	snprintf(text, sizeof(text),
		 "name = \"lent\"\ntype = \"pv\"\nkernel = \"%s\"\nmemory = 4\nvcpus = 1\n"
		 "cmdline = \"relay\"\n",
		 kernel);
	r = guestcfg_parse(&lent->config, "lent", text, false, lent->log);
	if (!r)
		r = image_set_load(&lent->images, &lent->config, 1, lent->xch, lent->log);
	return r;
}

int lent_open(struct lent **out, const char *kernel, lent_heard_fn *heard, void *ctx)
{
	struct lent *lent = calloc(1, sizeof(*lent));
	int r;

	if (!lent)
		return -ENOMEM;
	lent->heard = heard;
	lent->ctx = ctx;
	r = log_new(&lent->log, "relay", LOG_LEVEL_WARNING, LOG_TARGET_STDERR);
	if (!r) {
		lent->xch = xc_interface_open(log_xtl(lent->log), log_xtl(lent->log), 0);
		lent->events = xenevtchn_open(log_xtl(lent->log), 0);
		lent->memory = xenforeignmemory_open(log_xtl(lent->log), 0);
		if (!lent->xch || !lent->events || !lent->memory)
			r = -errno;
	}
	if (!r)
		r = load(lent, kernel);
	if (r < 0) {
		lent_close(lent);
		return r;
	}
	*out = lent;
	return 0;
}

static void forget(struct lent *lent, struct one *one)
{
	LIST_REMOVE(one, next);
	xenevtchn_unbind(lent->events, (evtchn_port_t)one->local);
	xenforeignmemory_unmap(lent->memory, one->page, 1);
	free(one->out);
	free(one);
}

void lent_destroy_all(struct lent *lent)
{
	while (!LIST_EMPTY(&lent->all))
		lent_destroy(lent, LIST_FIRST(&lent->all)->domid);
}

void lent_close(struct lent *lent)
{
	if (!lent)
		return;
	lent_destroy_all(lent);
	image_set_free(lent->images);
	guestcfg_free(lent->config);
	if (lent->memory)
		xenforeignmemory_close(lent->memory);
	if (lent->events)
		xenevtchn_close(lent->events);
	if (lent->xch)
		xc_interface_close(lent->xch);
	log_free(lent->log);
	free(lent);
}

int lent_fd(const struct lent *lent)
{
	return xenevtchn_fd(lent->events);
}

/* What waits goes into the ring, as far as there is room. Returns whether something went. */
static bool carry_out(struct one *one)
{
	struct xencons_interface *page = one->page;
	uint32_t used, n;

	if (!one->n_out ||
	    ring_used(page->in_prod, ring_load(&page->in_cons), sizeof(page->in), &used) < 0)
		return false;
	n = (uint32_t)sizeof(page->in) - used;
	if (n > one->n_out)
		n = (uint32_t)one->n_out;
	ring_copy_in(page->in, sizeof(page->in), page->in_prod, one->out, n);
	ring_store(&page->in_prod, page->in_prod + n);
	one->n_out -= n;
	memmove(one->out, one->out + n, one->n_out);
	return n;
}

/* Takes frames out of what has come so far. */
static void take_frames(struct lent *lent, struct one *one)
{
	struct relay_head head;

	while (one->n_in >= sizeof(head)) {
		const char *data = one->in + sizeof(head);

		memcpy(&head, one->in, sizeof(head));
		if (head.len > RELAY_LEN_MAX) {
			fprintf(stderr, "relay: domain %u says nonsense\n", one->domid);
			one->n_in = 0;
			return;
		}
		if (one->n_in < sizeof(head) + head.len)
			return;
		if (head.kind == RELAY_DATA)
			lent->heard(lent->ctx, one->domid, data, head.len);
		if (head.kind == RELAY_DONE) {
			memcpy(&one->value, data, sizeof(one->value));
			one->n_done++;
		}
		one->n_in -= sizeof(head) + head.len;
		memmove(one->in, data + head.len, one->n_in);
	}
}

static bool carry_in(struct lent *lent, struct one *one)
{
	struct xencons_interface *page = one->page;
	uint32_t used, n;
	bool moved = false;

	for (;;) {
		if (ring_used(ring_load(&page->out_prod), page->out_cons, sizeof(page->out),
			      &used) < 0 ||
		    !used)
			return moved;
		n = (uint32_t)(sizeof(one->in) - one->n_in);
		if (n > used)
			n = used;
		ring_copy_out(one->in + one->n_in, page->out, sizeof(page->out), page->out_cons, n);
		ring_store(&page->out_cons, page->out_cons + n);
		one->n_in += n;
		moved = true;
		take_frames(lent, one);
	}
}

static void serve_one(struct lent *lent, struct one *one)
{
	bool moved = carry_in(lent, one);

	moved |= carry_out(one);
	if (moved)
		xenevtchn_notify(lent->events, (evtchn_port_t)one->local);
}

int lent_serve(struct lent *lent)
{
	struct pollfd pollfd = { .fd = lent_fd(lent), .events = POLLIN };

	while (poll(&pollfd, 1, 0) > 0) {
		xenevtchn_port_or_error_t port = xenevtchn_pending(lent->events);
		struct one *one;

		if (port < 0 || xenevtchn_unmask(lent->events, (evtchn_port_t)port) < 0)
			return -errno;
		LIST_FOREACH (one, &lent->all, next)
			if (one->local == (uint32_t)port)
				break;
		if (one)
			serve_one(lent, one);
	}
	return 0;
}

/* The shell, but of a number that is asked for. */
static int make_shell(struct lent *lent, uint32_t domid, struct shell *shell)
{
	struct xen_domctl_createdomain create = {
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = 4,
		.max_maptrack_frames = 0,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	xc_evtchn_port_or_error_t store, console;

	shell->domid = domid;
	if (xc_domain_create(lent->xch, &shell->domid, &create) < 0)
		return -errno;
	if (xc_domain_max_vcpus(lent->xch, domid, 1) < 0 ||
	    xc_domain_setmaxmem(lent->xch, domid, 5 * 1024) < 0)
		return -errno;
	store = xc_evtchn_alloc_unbound(lent->xch, domid, 0);
	console = xc_evtchn_alloc_unbound(lent->xch, domid, 0);
	if (store < 0 || console < 0)
		return -errno;
	shell->store_port = (uint32_t)store;
	shell->console_port = (uint32_t)console;
	return 0;
}

/* Connects to the console of a domain that is built and paused. */
static int attach(struct lent *lent, const struct shell *shell, xen_pfn_t frame)
{
	struct one *one = calloc(1, sizeof(*one));
	xenevtchn_port_or_error_t port;

	if (!one)
		return -ENOMEM;
	one->domid = shell->domid;
	one->page = xenforeignmemory_map(lent->memory, shell->domid, PROT_READ | PROT_WRITE, 1,
					 &frame, NULL);
	if (!one->page) {
		int r = -errno;

		free(one);
		return r;
	}
	port = xenevtchn_bind_interdomain(lent->events, shell->domid, shell->console_port);
	if (port < 0) {
		int r = -errno;

		xenforeignmemory_unmap(lent->memory, one->page, 1);
		free(one);
		return r;
	}
	one->local = (uint32_t)port;
	LIST_INSERT_HEAD(&lent->all, one, next);
	return 0;
}

int lent_create(struct lent *lent, uint32_t domid, uint64_t *frame, uint32_t *port)
{
	struct shell shell;
	const struct build_request request = { .xch = lent->xch,
					       .config = lent->config,
					       .shell = &shell };
	struct build_result result;
	char message[200] = "";
	int r = make_shell(lent, domid, &shell);

	if (r == -EEXIST)
		return r;
	if (!r)
		r = build_domain(&result, &request, NULL, message, sizeof(message));
	if (!r)
		r = attach(lent, &shell, result.console_frame);
	if (!r && xc_domain_unpause(lent->xch, domid) < 0)
		r = -errno;
	if (r < 0) {
		fprintf(stderr, "relay: domain %u: %s %s\n", domid, message, strerror(-r));
		if (find(lent, domid))
			forget(lent, find(lent, domid));
		xc_domain_destroy(lent->xch, domid);
		return r;
	}
	*frame = result.store_frame;
	*port = shell.store_port;
	return 0;
}

int lent_destroy(struct lent *lent, uint32_t domid)
{
	struct one *one = find(lent, domid);

	if (!one)
		return -ESRCH;
	forget(lent, one);
	return xc_domain_destroy(lent->xch, domid) < 0 ? -errno : 0;
}

int lent_shutdown(struct lent *lent, uint32_t domid, uint32_t reason)
{
	if (!find(lent, domid))
		return -ESRCH;
	return xc_domain_shutdown(lent->xch, domid, (int)reason) < 0 ? -errno : 0;
}

static int add_frame(struct one *one, int kind, const void *data, size_t len)
{
	struct relay_head head = { .kind = (uint8_t)kind, .len = (uint16_t)len };
	size_t wanted = one->n_out + sizeof(head) + len;

	if (wanted > one->room_out) {
		char *grown = realloc(one->out, 2 * wanted);

		if (!grown)
			return -ENOMEM;
		one->out = grown;
		one->room_out = 2 * wanted;
	}
	memcpy(one->out + one->n_out, &head, sizeof(head));
	memcpy(one->out + one->n_out + sizeof(head), data, len);
	one->n_out = wanted;
	return 0;
}

int lent_say(struct lent *lent, uint32_t domid, const void *data, size_t len)
{
	struct one *one = find(lent, domid);
	const char *at = data;

	if (!one)
		return -ESRCH;
	while (len) {
		size_t n = len < RELAY_LEN_MAX ? len : RELAY_LEN_MAX;
		int r = add_frame(one, RELAY_DATA, at, n);

		if (r < 0)
			return r;
		at += n;
		len -= n;
	}
	serve_one(lent, one);
	return 0;
}

int lent_order(struct lent *lent, uint32_t domid, int kind, const uint32_t numbers[2],
	       uint32_t *value)
{
	struct one *one = find(lent, domid);
	time_t end = time(NULL) + PATIENCE_S;
	uint64_t n_before;
	int r;

	if (!one)
		return -ESRCH;
	n_before = one->n_done;
	r = add_frame(one, kind, numbers, 2 * sizeof(*numbers));
	if (r < 0)
		return r;
	serve_one(lent, one);
	while (one->n_done == n_before) {
		struct pollfd pollfd = { .fd = lent_fd(lent), .events = POLLIN };

		if (poll(&pollfd, 1, 100) < 0 && errno != EINTR)
			return -errno;
		r = lent_serve(lent);
		if (r < 0)
			return r;
		if (time(NULL) > end)
			return -ETIMEDOUT;
	}
	if (value)
		*value = one->value;
	return 0;
}
