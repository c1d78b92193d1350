/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One domain with its consoles, from the day it is seen until its last client has read its last
 * words. */
#ifndef DOMAIN_H
#define DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <xenctrl.h>

#include "console.h"
#include "loop.h"

struct probe;
struct server;

struct domain {
	struct server *server; /* borrowed: outlives all domains */
	uint32_t domid;
	xen_domain_handle_t handle;
	char *name; /* owned; NULL: not known */
	struct console consoles[CONSOLE_N_KINDS];
	bool want_name;	  /* its name must be read (again): not known, or maybe changed */
	bool watched;	  /* a watch has been set on this connection to the store */
	bool first_event; /* the event that every new watch starts with is still to come */
	uint64_t seen;	  /* number of the last look at the host that found it */

	/* domains.c: */
	struct probe *probe; /* owned by itself; NULL: its nodes are not being read */
	bool dirty;	     /* its nodes must be read (again) */
	TAILQ_ENTRY(domain) known;
	TAILQ_ENTRY(domain) listed_dirty;

	/* retry.c: */
	uint64_t retry_ms; /* 0: nothing to try again */
	uint32_t retry_wait_ms;
	TAILQ_ENTRY(domain) retrying;

	/* lastwords.c: */
	uint64_t linger_ms; /* when to give up on slow clients */
	TAILQ_ENTRY(domain) lingering;

	struct loop_garbage garbage;
};

/**
 * domain_new() - a domain that the hypervisor has listed; nothing is attached yet
 * @out: owned by the caller, domain_bury()
 *
 * Return: 0 or -ENOMEM.
 */
int domain_new(struct domain **out, struct server *server, uint32_t domid,
	       const uint8_t handle[16]);

/**
 * domain_settle() - do what could wait until the consoles of all domains were served again
 *
 * Return: true if its nodes must be looked at once more.
 */
bool domain_settle(struct domain *domain);

/** domain_release_guest() - last drain, then let go of its page and port, so that it can go away.
 */
void domain_release_guest(struct domain *domain);

/**
 * domain_bury() - let go of everything; its memory is freed at the end of the turn
 *
 * It may be in use up the stack: a callback of its tty, an answer of the store.
 */
void domain_bury(struct domain *domain);

/** domain_has_clients(), domain_is_being_read() - of any of its consoles: see console.h. */
bool domain_has_clients(struct domain *domain);
bool domain_is_being_read(struct domain *domain);

/** domain_set_name() - the store has told its name; NULL: it has none (any more). */
void domain_set_name(struct domain *domain, const char *name);

/** domain_watch() - be told when its console's nodes change; asked for once per connection. */
void domain_watch(struct domain *domain);
void domain_unwatch(struct domain *domain);
/** domain_named_late() - it was made beforehand and gets its name now: who gives it writes to the
 * console's folder. */
void domain_named_late(struct domain *domain);
/** domain_is_folder() - is this the folder of its console itself, and no node in it? */
bool domain_is_folder(const struct domain *domain, const char *path);
/** domain_is_first_event() - is this event only the one that every watch begins with? */
bool domain_is_first_event(struct domain *domain, const char *path);

#endif
