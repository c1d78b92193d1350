/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look at the nodes of a domain's consoles: all are asked for in one burst; the consoles are
 * brought in line with the answers; and if the store does not name our pty yet, it is written, in a
 * transaction that makes sure the console still exists, so that a dead domain's folder never comes
 * back to life.
 */
#ifndef PROBE_H
#define PROBE_H

struct domain;
struct probe;

/**
 * probe_new() - begin to read
 * @out:    belongs to itself and ends with domains_probe_done(), or silently after
 *          probe_abandon()
 * @domain: borrowed; until then it may go away only after probe_abandon()
 *
 * Return: 0, or as storeclient_request().
 */
int probe_new(struct probe **out, struct domain *domain);

/** probe_abandon() - the domain is gone: answers that still come change nothing. */
void probe_abandon(struct probe *probe);

#endif
