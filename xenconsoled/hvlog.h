/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own messages, from its ring into hypervisor.log. */
#ifndef HVLOG_H
#define HVLOG_H

#include <stdint.h>

#include "cleanup.h"

struct hvlog;
struct server;

/**
 * hvlog_new() - start with what the ring holds, then follow it
 * @out: owned by the caller; hvlog_free() before the ports
 *
 * Return: 0, -ENOMEM, or -EEXIST (VIRQ_CON_RING is taken: another console daemon runs).
 */
int hvlog_new(struct hvlog **out, struct server *server);
void hvlog_free(struct hvlog *hvlog);
DEFINE_CLEANUP(struct hvlog *, hvlog_free)

void hvlog_reopen(struct hvlog *hvlog);

#endif
