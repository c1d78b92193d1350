/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table by domid, a list of all, a list of those to look at.
 *
 * New domains nearly always have numbers above all known ones, because the hypervisor counts up: a
 * birth is found by asking for those alone. A death means a look at all; such looks are spaced so
 * that they never take more than a small share of our time, however many domains die at once.
 */
#include "domains.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "log.h"
#include "logfile.h"
#include "nodes.h"
#include "probe.h"
#include "server.h"
#include "storeclient.h"

#define LIST_CHUNK 1024
/* Looks at all domains take at most one part in so many of our time. */
#define SCAN_SHARE 20
/* Domains whose nodes are being read at the same time. */
#define PROBES_MAX 256

/* How long a dead domain's pty waits for its clients, and how often it looks at them. */
#define LINGER_MS      2000
#define LINGER_LOOK_MS 20

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   60000

static const char introduce_path[] = "@introduceDomain";
static const char release_path[] = "@releaseDomain";
static const char list_token[] = "domlist";

TAILQ_HEAD(domain_list, domain);

struct domains {
	struct server *server;	  /* borrowed: owns us */
	struct domain **by_domid; /* owned array of owned domains, DOMID_FIRST_RESERVED long */
	struct domain_list all;
	struct domain_list dirty; /* those with their dirty flag set, oldest first */
	struct domain_list retrying;
	struct domain_list lingering; /* owned: dead, but read */
	size_t n_known;
	size_t n_probes;
	uint32_t top; /* no known domain has a higher number */
	bool births_due, scan_due;
	bool scanned; /* at least once, with success */
	uint64_t scan_number;
	uint64_t next_scan_us;
	struct event *scan_timer;
	struct event *retry_timer;
	struct event *linger_timer;
	struct loop_hook hook;
	xc_domaininfo_t infos[LIST_CHUNK];
};

static void free_domain(struct loop_garbage *garbage)
{
	struct domain *domain = (void *)((char *)garbage - offsetof(struct domain, garbage));

	free(domain->name);
	free(domain);
}

static void watch_paths(char path[64], char token[32], uint32_t domid)
{
	snprintf(path, 64, "/local/domain/%u/%s", domid, console_kinds[0].folder);
	snprintf(token, 32, "dom%u", domid);
}

static void watch_nodes(struct domain *domain)
{
	char path[64], token[32];

	if (domain->watched || !storeclient_is_connected(domain->server->store))
		return;
	watch_paths(path, token, domain->domid);
	if (storeclient_watch(domain->server->store, path, token, NULL, NULL) < 0)
		return; /* only without memory: births are looked at again with the next event */
	domain->watched = domain->first_event = true;
}

static void unwatch_nodes(struct domain *domain)
{
	char path[64], token[32];

	if (!domain->watched || !storeclient_is_connected(domain->server->store))
		return;
	watch_paths(path, token, domain->domid);
	(void)storeclient_unwatch(domain->server->store, path, token, NULL, NULL);
}

static void set_dirty(struct domain *domain)
{
	if (domain->dirty)
		return;
	domain->dirty = true;
	TAILQ_INSERT_TAIL(&domain->server->domains->dirty, domain, listed_dirty);
}

void domains_mark_dirty(struct domains *domains, uint32_t domid)
{
	if (domid < DOMID_FIRST_RESERVED && domains->by_domid[domid])
		set_dirty(domains->by_domid[domid]);
}

/* --- coming and going --- */

static void add(struct domains *domains, const xc_domaininfo_t *info)
{
	struct domain *domain = calloc(1, sizeof(*domain));

	if (!domain) {
		domains->scan_due = true;
		return;
	}
	domain->server = domains->server;
	domain->domid = info->domain;
	memcpy(domain->handle, info->handle, sizeof(domain->handle));
	domain->seen = domains->scan_number;
	domain->want_name = true;
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		console_init(&domain->consoles[i], domains->server, &console_kinds[i],
			     domain->domid);
	TAILQ_INSERT_TAIL(&domains->all, domain, known);
	domains->by_domid[domain->domid] = domain;
	domains->n_known++;
	if (domain->domid > domains->top)
		domains->top = domain->domid;
	log_debug(domains->server->log, "domain %u: found", domain->domid);
	watch_nodes(domain);
	set_dirty(domain);
}

static void stop_retrying(struct domain *domain)
{
	if (domain->retry_ms)
		TAILQ_REMOVE(&domain->server->domains->retrying, domain, retrying);
	domain->retry_ms = 0;
}

/* The domain has left all lists. It may be in use up the stack: a callback of its tty, an answer.
 */
static void bury(struct domain *domain)
{
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		console_deinit(&domain->consoles[i]);
	domain->garbage.free = free_domain;
	loop_defer_free(domain->server->loop, &domain->garbage);
}

static bool is_being_read(const struct domain *domain)
{
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		if (console_is_being_read(&domain->consoles[i]))
			return true;
	return false;
}

static bool has_clients(const struct domain *domain)
{
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		if (console_has_clients(&domain->consoles[i]))
			return true;
	return false;
}

static void arm_linger(struct domains *domains)
{
	struct timeval wait = { .tv_usec = LINGER_LOOK_MS * 1000 };

	if (!TAILQ_EMPTY(&domains->lingering))
		event_add(domains->linger_timer, &wait);
}

static void on_linger_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct domains *domains = ctx;
	uint64_t now_ms = loop_now_ms(domains->server->loop);
	struct domain *domain, *next;

	(void)fd, (void)what;
	for (domain = TAILQ_FIRST(&domains->lingering); domain; domain = next) {
		next = TAILQ_NEXT(domain, known);
		if (now_ms < domain->linger_ms && is_being_read(domain))
			continue;
		TAILQ_REMOVE(&domains->lingering, domain, known);
		bury(domain);
	}
	arm_linger(domains);
}

/* The guest is gone, but a client is still reading its last words. */
static void linger(struct domains *domains, struct domain *domain)
{
	domain->linger_ms = loop_now_ms(domains->server->loop) + LINGER_MS;
	TAILQ_INSERT_TAIL(&domains->lingering, domain, known);
	if (!evtimer_pending(domains->linger_timer, NULL))
		arm_linger(domains);
}

static void drop(struct domain *domain)
{
	struct domains *domains = domain->server->domains;

	log_debug(domain->server->log, "domain %u: gone", domain->domid);
	if (domain->probe) {
		probe_abandon(domain->probe);
		domain->probe = NULL;
		domains->n_probes--;
	}
	stop_retrying(domain);
	if (domain->dirty)
		TAILQ_REMOVE(&domains->dirty, domain, listed_dirty);
	unwatch_nodes(domain);
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		console_release_guest(&domain->consoles[i]);
	TAILQ_REMOVE(&domains->all, domain, known);
	domains->by_domid[domain->domid] = NULL;
	domains->n_known--;
	if (has_clients(domain))
		linger(domains, domain);
	else
		bury(domain);
}

/* What one entry of the hypervisor's list means. */
static void note(struct domains *domains, const xc_domaininfo_t *info)
{
	bool dying = info->flags & XEN_DOMINF_dying;
	struct domain *domain;

	if (!info->domain || info->domain >= DOMID_FIRST_RESERVED)
		return;
	domain = domains->by_domid[info->domain];
	if (domain && (dying || memcmp(domain->handle, info->handle, sizeof(domain->handle)))) {
		drop(domain);
		domain = NULL;
	}
	if (!domain && !dying)
		add(domains, info);
	else if (domain)
		domain->seen = domains->scan_number;
}

/* Notes all domains from @first up. Return: 0 or a negative errno, after some or none of them. */
static int list_from(struct domains *domains, uint32_t first, size_t *n_noted)
{
	int n;

	*n_noted = 0;
	do {
		n = xc_domain_getinfolist(domains->server->xc, first, LIST_CHUNK, domains->infos);
		if (n < 0)
			return -errno;
		for (int i = 0; i < n; i++)
			note(domains, &domains->infos[i]);
		*n_noted += (size_t)n;
		if (n)
			first = domains->infos[n - 1].domain + 1;
	} while (n == LIST_CHUNK && first < DOMID_FIRST_RESERVED);
	return 0;
}

static void drop_unseen(struct domains *domains)
{
	struct domain *domain, *next;

	domains->top = 0;
	for (domain = TAILQ_FIRST(&domains->all); domain; domain = next) {
		next = TAILQ_NEXT(domain, known);
		if (domain->seen != domains->scan_number)
			drop(domain);
		else if (domain->domid > domains->top)
			domains->top = domain->domid;
	}
}

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void scan(struct domains *domains)
{
	uint64_t begin_us = clock_us();
	size_t n;
	int r;

	domains->scan_due = false;
	domains->scan_number++;
	domains->server->totals.n_scans++;
	r = list_from(domains, 1, &n);
	domains->next_scan_us = begin_us + SCAN_SHARE * (clock_us() - begin_us);
	if (r < 0) {
		log_error(domains->server->log, "cannot list domains: %s", strerror(-r));
		domains->scan_due = true;
		domains->next_scan_us = begin_us + 1000000;
		return;
	}
	domains->scanned = true;
	drop_unseen(domains);
}

static void scan_if_due(struct domains *domains)
{
	uint64_t now_us;
	struct timeval wait;

	if (domains->births_due) {
		size_t n = 0;

		domains->births_due = false;
		if (domains->scanned && list_from(domains, domains->top + 1, &n) < 0)
			n = 0;
		/* Nobody new up there: a number chosen by hand, or the count has begun anew. */
		if (!n)
			domains->scan_due = true;
	}
	if (!domains->scan_due || evtimer_pending(domains->scan_timer, NULL))
		return;
	now_us = clock_us();
	if (now_us >= domains->next_scan_us) {
		scan(domains);
		if (!domains->scan_due)
			return;
	}
	wait.tv_sec = (time_t)((domains->next_scan_us - now_us) / 1000000);
	wait.tv_usec = (suseconds_t)((domains->next_scan_us - now_us) % 1000000);
	event_add(domains->scan_timer, &wait);
}

static void on_scan_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what, (void)ctx; /* the turn's hook does the rest */
}

/* One domain alone: has it come, is it still there? */
static void look_at(struct domains *domains, uint32_t domid)
{
	xc_domaininfo_t info;
	int n = xc_domain_getinfolist(domains->server->xc, domid, 1, &info);

	if (n < 0) {
		domains->scan_due = true;
		return;
	}
	if (n == 1 && info.domain == domid)
		note(domains, &info);
	else if (domains->by_domid[domid])
		drop(domains->by_domid[domid]);
}

void domains_check(struct domains *domains, struct domain *domain)
{
	look_at(domains, domain->domid);
}

/* --- the store --- */

/* Asks for events of one kind that do not say whose they are. */
static void watch_list_plainly(struct domains *domains, const char *path)
{
	(void)storeclient_watch(domains->server->store, path, list_token, NULL, NULL);
}

static void on_introduce_watched(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	if (error == -EINVAL)
		watch_list_plainly(ctx, introduce_path);
}

static void on_release_watched(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	if (error == -EINVAL)
		watch_list_plainly(ctx, release_path);
}

/*
 * A watch of depth 1 makes the store name the domain: "@releaseDomain/7". Stores that do not know
 * depth refuse the third word. Source: docs/misc/xenstore.txt, WATCH.
 */
static void watch_list(struct domains *domains, const char *path, storeclient_reply_fn *reply)
{
	struct iovec words[] = {
		{ (char *)path, strlen(path) + 1 },
		{ (char *)list_token, sizeof(list_token) },
		{ "1", 2 },
	};

	(void)storeclient_request(domains->server->store, XS_WATCH, 0, words, 3, reply, domains);
}

void domains_connected(struct domains *domains)
{
	struct domain *domain;

	watch_list(domains, introduce_path, on_introduce_watched);
	watch_list(domains, release_path, on_release_watched);
	TAILQ_FOREACH (domain, &domains->all, known) {
		watch_nodes(domain);
		set_dirty(domain);
	}
	domains->scan_due = true;
}

void domains_disconnected(struct domains *domains)
{
	struct domain *domain;

	TAILQ_FOREACH (domain, &domains->all, known)
		domain->watched = false;
}

static void list_event(struct domains *domains, const char *path)
{
	const char *slash = strchr(path, '/');
	uint32_t domid;

	if (slash && nodes_domid(slash + 1, &domid))
		look_at(domains, domid);
	else if (!strcmp(path, introduce_path))
		domains->births_due = true;
	else
		domains->scan_due = true;
}

void domains_event(struct domains *domains, const char *path, const char *token)
{
	char watched[64], own_token[32];
	struct domain *domain;
	uint32_t domid;

	if (!strcmp(token, list_token)) {
		list_event(domains, path);
		return;
	}
	if (!nodes_domid_of(path, &domid) || !domains->by_domid[domid])
		return;
	domain = domains->by_domid[domid];
	if (domain->first_event) {
		/* Its nodes are being read since the watch was set. */
		domain->first_event = false;
		watch_paths(watched, own_token, domid);
		if (!strcmp(path, watched))
			return;
	}
	set_dirty(domain);
}

static void probe_dirty(struct domains *domains)
{
	struct domain *domain, *next;

	if (!storeclient_is_connected(domains->server->store))
		return;
	for (domain = TAILQ_FIRST(&domains->dirty); domain; domain = next) {
		next = TAILQ_NEXT(domain, listed_dirty);
		if (domains->n_probes >= PROBES_MAX)
			return;
		if (domain->probe)
			continue; /* what is read now may be older than the change: once more */
		domain->dirty = false;
		TAILQ_REMOVE(&domains->dirty, domain, listed_dirty);
		stop_retrying(domain);
		watch_nodes(domain);
		if (probe_new(&domain->probe, domain) < 0)
			continue;
		domains->n_probes++;
		domains->server->totals.n_probes++;
	}
}

/* --- trying again --- */

static void arm_retry(struct domains *domains)
{
	uint64_t now_ms = loop_now_ms(domains->server->loop), first_ms = UINT64_MAX;
	struct domain *domain;
	struct timeval wait;

	TAILQ_FOREACH (domain, &domains->retrying, retrying)
		if (domain->retry_ms < first_ms)
			first_ms = domain->retry_ms;
	if (first_ms == UINT64_MAX)
		return;
	first_ms = first_ms > now_ms ? first_ms - now_ms : 1;
	wait.tv_sec = (time_t)(first_ms / 1000);
	wait.tv_usec = (suseconds_t)(first_ms % 1000 * 1000);
	event_add(domains->retry_timer, &wait);
}

static void on_retry_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct domains *domains = ctx;
	uint64_t now_ms = loop_now_ms(domains->server->loop);
	struct domain *domain, *next;

	(void)fd, (void)what;
	for (domain = TAILQ_FIRST(&domains->retrying); domain; domain = next) {
		next = TAILQ_NEXT(domain, retrying);
		if (domain->retry_ms > now_ms)
			continue;
		stop_retrying(domain);
		set_dirty(domain);
	}
	arm_retry(domains);
}

static void retry_later(struct domains *domains, struct domain *domain)
{
	domain->retry_wait_ms = domain->retry_wait_ms ? 2 * domain->retry_wait_ms : RETRY_FIRST_MS;
	if (domain->retry_wait_ms > RETRY_MAX_MS)
		domain->retry_wait_ms = RETRY_MAX_MS;
	domain->retry_ms = loop_now_ms(domains->server->loop) + domain->retry_wait_ms;
	TAILQ_INSERT_TAIL(&domains->retrying, domain, retrying);
	if (!evtimer_pending(domains->retry_timer, NULL))
		arm_retry(domains);
}

void domains_probe_done(struct domains *domains, struct domain *domain, int error)
{
	domain->probe = NULL;
	domains->n_probes--;
	if (error == -ECONNRESET || error == -ENOTCONN || error == -ECANCELED)
		return; /* domains_connected() looks at everybody */
	if (error < 0)
		retry_later(domains, domain);
	else
		domain->retry_wait_ms = 0;
}

static void end_turn(void *ctx)
{
	struct domains *domains = ctx;

	scan_if_due(domains);
	probe_dirty(domains);
	if (!domains->server->ready && domains->scanned && !domains->n_probes &&
	    TAILQ_EMPTY(&domains->dirty))
		server_is_ready(domains->server);
}

/* --- the rest --- */

void domains_reopen_logs(struct domains *domains)
{
	uint64_t now_ms = loop_now_ms(domains->server->loop);
	struct domain *domain;

	TAILQ_FOREACH (domain, &domains->all, known) {
		for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
			if (domain->consoles[i].logfile)
				logfile_reopen(domain->consoles[i].logfile, now_ms);
		domain->want_name = true;
		set_dirty(domain);
	}
}

void domains_set_name(struct domain *domain, const char *name)
{
	char *copy = name ? strdup(name) : NULL;

	domain->want_name = !copy;
	free(domain->name);
	domain->name = copy;
}

struct domain *domains_first(struct domains *domains)
{
	return TAILQ_FIRST(&domains->all);
}

struct domain *domains_next(struct domain *domain)
{
	return TAILQ_NEXT(domain, known);
}

struct domain *domains_from(struct domains *domains, uint32_t domid)
{
	while (domid < DOMID_FIRST_RESERVED && !domains->by_domid[domid])
		domid++;
	return domid < DOMID_FIRST_RESERVED ? domains->by_domid[domid] : NULL;
}

size_t domains_count(const struct domains *domains)
{
	return domains->n_known;
}

int domains_new(struct domains **out, struct server *server)
{
	CLEANUP(domains_free) struct domains *domains = calloc(1, sizeof(*domains));
	struct event_base *base = loop_base(server->loop);

	if (!domains)
		return -ENOMEM;
	domains->server = server;
	TAILQ_INIT(&domains->all);
	TAILQ_INIT(&domains->dirty);
	TAILQ_INIT(&domains->retrying);
	TAILQ_INIT(&domains->lingering);
	domains->by_domid = calloc(DOMID_FIRST_RESERVED, sizeof(struct domain *));
	domains->scan_timer = evtimer_new(base, on_scan_timer, domains);
	domains->retry_timer = evtimer_new(base, on_retry_timer, domains);
	domains->linger_timer = evtimer_new(base, on_linger_timer, domains);
	if (!domains->by_domid || !domains->scan_timer || !domains->retry_timer ||
	    !domains->linger_timer)
		return -ENOMEM;
	domains->hook = (struct loop_hook){ .fn = end_turn, .ctx = domains };
	loop_turn_hook(server->loop, &domains->hook);
	*out = STEAL(domains);
	return 0;
}

void domains_free(struct domains *domains)
{
	struct domain *domain;

	if (!domains)
		return;
	while ((domain = TAILQ_FIRST(&domains->all)))
		drop(domain);
	while ((domain = TAILQ_FIRST(&domains->lingering))) {
		TAILQ_REMOVE(&domains->lingering, domain, known);
		bury(domain);
	}
	if (domains->hook.fn)
		loop_turn_unhook(domains->server->loop, &domains->hook);
	if (domains->scan_timer)
		event_free(domains->scan_timer);
	if (domains->retry_timer)
		event_free(domains->retry_timer);
	if (domains->linger_timer)
		event_free(domains->linger_timer);
	free(domains->by_domid);
	free(domains);
}
