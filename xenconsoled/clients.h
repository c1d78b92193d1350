/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a console's pty open beside us. The kernel tells by inotify; without it (no watches left)
 * nobody is known to be there, and consoles work all the same.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <sys/queue.h>

#include "cleanup.h"

struct clients;
struct loop;

/* One pty that is watched; embedded in its owner, which takes it back before going away. */
struct clients_pty {
	/* A client has left. */
	void (*left)(struct clients_pty *pty);
	/*
	 * As far as seen: two that come or go in the same instant are told as one.
	 * Source: inotify(7), "coalesced into a single event".
	 */
	unsigned int n_clients;
	int watch; /* 0: not watched */
	LIST_ENTRY(clients_pty) same_bucket;
};

/**
 * clients_new() - start to watch
 * @out:  owned by the caller; clients_free() when no pty is watched any more, before loop_free()
 * @loop: borrowed
 *
 * Return: 0, -ENOMEM, -EMFILE (no inotify instance left).
 */
int clients_new(struct clients **out, struct loop *loop);
void clients_free(struct clients *clients);
DEFINE_CLEANUP(struct clients *, clients_free)

/**
 * clients_watch() - watch @path, which nobody but us has open yet
 * @pty: with left set; borrowed until clients_unwatch()
 *
 * Return: 0, -ENOSPC (sysctl fs.inotify.max_user_watches), or what inotify_add_watch() says.
 */
int clients_watch(struct clients *clients, struct clients_pty *pty, const char *path);
/** clients_unwatch() - one that is not watched is left alone. */
void clients_unwatch(struct clients *clients, struct clients_pty *pty);

#endif
