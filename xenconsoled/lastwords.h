/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dead domains whose clients are still reading. They hold nothing of the guest any more. */
#ifndef LASTWORDS_H
#define LASTWORDS_H

#include "cleanup.h"

struct domain;
struct lastwords;
struct server;

/**
 * lastwords_new() - nobody lingers
 * @out: owned by the caller; lastwords_free() buries who is left
 *
 * Return: 0 or -ENOMEM.
 */
int lastwords_new(struct lastwords **out, struct server *server);
void lastwords_free(struct lastwords *lastwords);
DEFINE_CLEANUP(struct lastwords *, lastwords_free)

/** lastwords_add() - take over @domain and bury it when its clients have read all, or after a
 * while.
 */
void lastwords_add(struct lastwords *lastwords, struct domain *domain);

#endif
