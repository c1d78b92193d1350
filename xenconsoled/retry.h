/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains whose console could not be attached, although all that it takes stands in the store: no
 * pty left, the port taken by another daemon, … They are tried again, less and less often.
 */
#ifndef RETRY_H
#define RETRY_H

#include "cleanup.h"

struct domain;
struct retry;
struct server;

/**
 * retry_new() - nothing to try again
 * @out: owned by the caller; freed when all domains are gone
 *
 * Return: 0 or -ENOMEM.
 */
int retry_new(struct retry **out, struct server *server);
void retry_free(struct retry *retry);
DEFINE_CLEANUP(struct retry *, retry_free)

/** retry_later() - mark @domain dirty after a while; borrowed until then or retry_stop(). */
void retry_later(struct retry *retry, struct domain *domain);
/** retry_stop() - it is being looked at, or gone. */
void retry_stop(struct retry *retry, struct domain *domain);
/** retry_succeeded() - the next failure begins with a short wait again. */
void retry_succeeded(struct domain *domain);

#endif
