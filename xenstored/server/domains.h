/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains we know: those introduced, whose rings are served, and those that were only named in
 * permissions or settings, whose end must be noticed as well so that nobody inherits their rights.
 */
#ifndef DOMAINS_H
#define DOMAINS_H

#include "cleanup.h"
#include "protocol/protocol.h"

struct domains;
struct server;

/**
 * domains_new() - know dom0, and be told when a domain dies or shuts down
 * @virq: port of that event, if it is bound; else 0
 *
 * Return: 0, -EEXIST (another process has that notification: it has been logged), -ENOMEM, ….
 */
int domains_new(struct domains **out, struct server *server, uint32_t virq);
/** domains_free() - unmap and unbind everything */
void domains_free(struct domains *domains);
DEFINE_CLEANUP(struct domains *, domains_free)

/** domains_attach_own() - serve dom0's own ring; 0 or what failed, which has been logged */
int domains_attach_own(struct domains *domains);

/**
 * domains_restore() - know the domains that were known before a restart, and serve their rings
 *
 * Those that have ended since are cleared away by the next domains_check(). Return: 0, -ENOMEM, or
 * what listing the domains says, which has been logged.
 */
int domains_restore(struct domains *domains);

/**
 * domains_adopt() - introduce the domains that wait for it without a toolstack
 *
 * Return: 0, or what listing the domains says, which has been logged.
 */
int domains_adopt(struct domains *domains);

struct conn;
/** domains_each_conn() - call @fn for each ring that is served or ignored */
void domains_each_conn(struct domains *domains, void (*fn)(void *ctx, struct conn *conn),
		       void *ctx);
/** domains_check_stalls() - let those go on who may */
void domains_check_stalls(struct domains *domains);
/** domains_virq_port() - our port of the event of dying domains; 0: none */
uint32_t domains_virq_port(const struct domains *domains);

/** domains_ring_ignored() - the ring of @domid is not served any more, because it broke the rules
 */
void domains_ring_ignored(struct domains *domains, uint32_t domid);

/** domains_ring_reconnects() - the guest wants its ring, good or ignored, to begin anew */
void domains_ring_reconnects(struct domains *domains, uint32_t domid);

/** domains_ring_wanted() - there is something to send to the ring of @domid, which waits to be
 * served again after a restart: it goes before the others */
void domains_ring_wanted(struct domains *domains, uint32_t domid);
/**
 * domains_attend() - serve rings that wait, for a moment; those that are wanted in any case
 * @all: all of them
 *
 * Between serving requests and the commit. Return: whether there are more.
 */
bool domains_attend(struct domains *domains, bool all);

/** domains_scan() - look at all rings once in a while, if the options say so */
void domains_scan(struct domains *domains);

/** domains_check() - if a domain has died or shut down since, do what is due; once per turn */
void domains_check(struct domains *domains);

/* The operations of protocol.h; their ctx is the server. */
extern const struct protocol_host domains_host;

#endif
