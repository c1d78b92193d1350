/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains of this host, as far as consoles are concerned: who is there, who has come and gone,
 * and whose nodes in the store have changed.
 *
 * Events only mark what must be looked at; the looking is done at the end of the turn, once,
 * however many events came. A domain is forgotten on positive evidence alone: the hypervisor lists
 * others and not it, or says that it is dying, or that its number belongs to somebody else by now.
 */
#ifndef DOMAINS_H
#define DOMAINS_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct domain;
struct domains;
struct server;

/**
 * domains_new() - nobody known yet
 * @out: owned by the caller; domains_free() before everything that consoles borrow
 *
 * Adds a turn hook, which must come before those of the streams and the store client.
 *
 * Return: 0 or -ENOMEM.
 */
int domains_new(struct domains **out, struct server *server);
void domains_free(struct domains *domains);
DEFINE_CLEANUP(struct domains *, domains_free)

/** domains_connected() - the store is there (again): set all watches, look at everybody. */
void domains_connected(struct domains *domains);
/** domains_disconnected() - the store is gone: consoles go on, nothing can be looked up. */
void domains_disconnected(struct domains *domains);
/** domains_event() - a watch fired. */
void domains_event(struct domains *domains, const char *path, const char *token);

/** domains_mark_dirty() - look at @domid's nodes again; an unknown one is ignored. */
void domains_mark_dirty(struct domains *domains, uint32_t domid);

/** domains_probe_done() - the look at @domain's nodes is over; @error: 0 or a negative errno. */
void domains_probe_done(struct domains *domains, struct domain *domain, int error);
/** domains_check() - @domain's nodes have vanished: is it still alive? */
void domains_check(struct domains *domains, struct domain *domain);

/** domains_settle() - everybody is served: now do for each what could wait; see
 * server_is_settled(). */
void domains_settle(struct domains *domains);

/** domains_reopen_logs() - open all logs anew, and follow renamed domains. */
void domains_reopen_logs(struct domains *domains);

/** domains_first(), domains_next() - walk over all; NULL at the end. */
struct domain *domains_first(struct domains *domains);
struct domain *domains_next(struct domain *domain);
/** domains_from() - the domain with the lowest number from @domid up; NULL: none. */
struct domain *domains_from(struct domains *domains, uint32_t domid);
size_t domains_count(const struct domains *domains);

#endif
