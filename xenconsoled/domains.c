/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table by domid, a list of all, a list of those to look at. */
#include "domains.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "domain.h"
#include "domaininfo.h"
#include "kept.h"
#include "lastwords.h"
#include "log.h"
#include "logfile.h"
#include "nodes.h"
#include "probe.h"
#include "retry.h"
#include "server.h"
#include "storeclient.h"
#include "survey.h"

/* Domains whose nodes are being read at the same time. */
#define PROBES_MAX 256
/* Domains that are settled in one turn, after the start. */
#define SETTLE_MAX 64

static const char introduce_path[] = "@introduceDomain";
static const char release_path[] = "@releaseDomain";
static const char list_token[] = "domlist";

TAILQ_HEAD(domain_list, domain);

struct domains {
	struct server *server;	  /* borrowed: owns us */
	struct domain **by_domid; /* owned array of owned domains, DOMID_FIRST_RESERVED long */
	struct domain_list all;
	struct domain_list dirty; /* those with their dirty flag set, oldest first */
	size_t n_known;
	size_t n_probes;
	uint32_t settle_from;  /* who is settled next; 0: all are */
	uint32_t top;	       /* no known domain has a higher number */
	uint64_t look;	       /* number of the look at the host that is going on */
	struct survey *survey; /* owned, as are the next two */
	struct retry *retry;
	struct lastwords *lastwords;
	struct loop_hook hook;
};

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

static void add(struct domains *domains, uint32_t domid, const struct domaininfo *info)
{
	struct domain *domain;

	if (domain_new(&domain, domains->server, domid, info->handle) < 0) {
		survey_expect_deaths(domains->survey); /* which finds it, too */
		return;
	}
	domain->seen = domains->look;
	TAILQ_INSERT_TAIL(&domains->all, domain, known);
	domains->by_domid[domain->domid] = domain;
	domains->n_known++;
	if (domain->domid > domains->top)
		domains->top = domain->domid;
	log_debug(domains->server->log, "domain %u: found", domain->domid);
	domain_watch(domain);
	set_dirty(domain);
}

static void drop(struct domains *domains, struct domain *domain)
{
	log_debug(domains->server->log, "domain %u: gone", domain->domid);
	if (domain->probe) {
		probe_abandon(domain->probe);
		domain->probe = NULL;
		domains->n_probes--;
	}
	retry_stop(domains->retry, domain);
	if (domain->dirty)
		TAILQ_REMOVE(&domains->dirty, domain, listed_dirty);
	domain_unwatch(domain);
	domain_release_guest(domain);
	kept_forget(domains->server->kept, domain->domid);
	TAILQ_REMOVE(&domains->all, domain, known);
	domains->by_domid[domain->domid] = NULL;
	domains->n_known--;
	if (domain_has_clients(domain))
		lastwords_add(domains->lastwords, domain);
	else
		domain_bury(domain);
}

static void on_found(void *ctx, uint32_t domid, const struct domaininfo *info)
{
	struct domains *domains = ctx;
	struct domain *domain;

	if (!domid || domid >= DOMID_FIRST_RESERVED)
		return;
	domain = domains->by_domid[domid];
	if (domain &&
	    (info->is_dying || memcmp(domain->handle, info->handle, sizeof(domain->handle)))) {
		drop(domains, domain);
		domain = NULL;
	}
	if (!domain && !info->is_dying)
		add(domains, domid, info);
	else if (domain)
		domain->seen = domains->look;
}

static void on_missing(void *ctx, uint32_t domid)
{
	struct domains *domains = ctx;

	if (domains->by_domid[domid])
		drop(domains, domains->by_domid[domid]);
}

static void on_complete(void *ctx)
{
	struct domains *domains = ctx;
	struct domain *domain, *next;

	domains->top = 0;
	for (domain = TAILQ_FIRST(&domains->all); domain; domain = next) {
		next = TAILQ_NEXT(domain, known);
		if (domain->seen != domains->look)
			drop(domains, domain);
		else if (domain->domid > domains->top)
			domains->top = domain->domid;
	}
}

static uint32_t get_top(void *ctx)
{
	return ((struct domains *)ctx)->top;
}

static const struct survey_handlers survey_handlers = {
	.found = on_found,
	.missing = on_missing,
	.complete = on_complete,
	.top = get_top,
};

void domains_check(struct domains *domains, struct domain *domain)
{
	survey_one(domains->survey, domain->domid);
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
		domain_watch(domain);
		set_dirty(domain);
	}
	survey_expect_deaths(domains->survey);
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
		survey_one(domains->survey, domid);
	else if (!strcmp(path, introduce_path))
		survey_expect_births(domains->survey);
	else
		survey_expect_deaths(domains->survey);
}

void domains_event(struct domains *domains, const char *path, const char *token)
{
	struct domain *domain;
	uint32_t domid;

	if (!strcmp(token, list_token)) {
		list_event(domains, path);
		return;
	}
	if (!nodes_domid_of(path, &domid) || !domains->by_domid[domid])
		return;
	domain = domains->by_domid[domid];
	/* The first event tells nothing new: nodes are read from when the watch is set. */
	if (domain_is_first_event(domain, path))
		return;
	if (domain_is_folder(domain, path))
		domain_named_late(domain);
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
		retry_stop(domains->retry, domain);
		domain_watch(domain);
		if (probe_new(&domain->probe, domain) < 0) {
			retry_later(domains->retry, domain);
			continue;
		}
		domains->n_probes++;
		domains->server->totals.n_probes++;
	}
}

void domains_probe_done(struct domains *domains, struct domain *domain, int error)
{
	domain->probe = NULL;
	domains->n_probes--;
	if (error == -ECONNRESET || error == -ENOTCONN || error == -ECANCELED)
		return; /* domains_connected() looks at everybody */
	if (error < 0)
		retry_later(domains->retry, domain);
	else
		retry_succeeded(domain);
}

static void settle(struct domains *domains)
{
	struct domain *domain = NULL;

	if (!domains->settle_from)
		return;
	for (int i = 0; i < SETTLE_MAX && domains->settle_from; i++) {
		domain = domains_from(domains, domains->settle_from);
		domains->settle_from = domain ? domain->domid + 1 : 0;
		if (domain && domain_settle(domain))
			set_dirty(domain);
	}
	if (domains->settle_from)
		loop_again(domains->server->loop);
	else
		server_is_settled(domains->server);
}

static void end_turn(void *ctx)
{
	struct domains *domains = ctx;

	domains->look++;
	survey_turn(domains->survey);
	probe_dirty(domains);
	settle(domains);
	if (!domains->server->ready && survey_is_done(domains->survey) && !domains->n_probes &&
	    TAILQ_EMPTY(&domains->dirty))
		server_is_ready(domains->server);
}

/* --- the rest --- */

static bool exists(void *ctx, uint32_t domid)
{
	struct domains *domains = ctx;

	return domid < DOMID_FIRST_RESERVED && domains->by_domid[domid];
}

void domains_settle(struct domains *domains)
{
	kept_forget_unless(domains->server->kept, exists, domains);
	domains->settle_from = 1;
	loop_again(domains->server->loop);
}

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
	int r;

	if (!domains)
		return -ENOMEM;
	domains->server = server;
	TAILQ_INIT(&domains->all);
	TAILQ_INIT(&domains->dirty);
	domains->by_domid = calloc(DOMID_FIRST_RESERVED, sizeof(struct domain *));
	if (!domains->by_domid)
		return -ENOMEM;
	r = survey_new(&domains->survey, server, &survey_handlers, domains);
	if (r == 0)
		r = retry_new(&domains->retry, server);
	if (r == 0)
		r = lastwords_new(&domains->lastwords, server);
	if (r < 0)
		return r;
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
		drop(domains, domain);
	lastwords_free(domains->lastwords);
	retry_free(domains->retry);
	survey_free(domains->survey);
	if (domains->hook.fn)
		loop_turn_unhook(domains->server->loop, &domains->hook);
	free(domains->by_domid);
	free(domains);
}
