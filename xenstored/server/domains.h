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
 *
 * Return: 0, -EEXIST (another process has that notification: it has been logged), -ENOMEM, ….
 */
int domains_new(struct domains **out, struct server *server);
/** domains_free() - unmap and unbind everything */
void domains_free(struct domains *domains);
DEFINE_CLEANUP(struct domains *, domains_free)

/** domains_attach_own() - serve dom0's own ring; 0 or what failed, which has been logged */
int domains_attach_own(struct domains *domains);

/** domains_check() - if a domain has died or shut down since, do what is due; once per turn */
void domains_check(struct domains *domains);

/* The operations of protocol.h; their ctx is the server. */
extern const struct protocol_host domains_host;

#endif
