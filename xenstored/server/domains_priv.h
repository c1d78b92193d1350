/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What domains.c and domains_restore.c share. */
#ifndef DOMAINS_PRIV_H
#define DOMAINS_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"
#include "ports.h"

struct hypervisor_domain;
struct quota_account;
struct ring_page;
struct ringconn;
struct server;

struct domain {
	uint32_t domid;
	uint32_t features;
	uint8_t handle[16];	       /* UUID, to know a number that was given again */
	struct quota_account *account; /* borrowed: closed with the record */
	struct ringconn *ring;	       /* owned; NULL: not introduced */
	struct ring_page *page;	       /* owned while there is a ring */
	struct domain *target;	       /* borrowed: unlinks us when it goes */
	LIST_ENTRY(domain) aims;       /* in target->aimed_at, if there is a target */
	LIST_HEAD(, domain) aimed_at;
	TAILQ_ENTRY(domain) all;
	uint32_t port;	     /* remote, of the ring */
	uint32_t seen_in;    /* number of the pass in which Xen listed it */
	bool is_shutdown;    /* has been told to those who watch @releaseDomain */
	bool was_introduced; /* before a restart, after which its ring could not be served */
};

struct domains {
	struct server *server;	  /* borrowed: owns us */
	struct domain **by_domid; /* owned; QUOTA_DOMID_MAX entries */
	TAILQ_HEAD(, domain) all;
	struct port virq;
	uint32_t pass;
	bool is_due;		 /* Xen said that something has changed */
	bool is_unlisted;	 /* Xen would not list the domains: it has been logged */
	struct loop_timer retry; /* when it is asked again */
};

/** domains_add() - know @domid; @handle: NULL: zeros. 0, -EINVAL or -ENOMEM. */
int domains_add(struct domains *domains, uint32_t domid, const uint8_t *handle,
		struct domain **out);
/** domains_aim() - @domain serves @target, or (NULL) none */
void domains_aim(struct domain *domain, struct domain *target);
/** domains_attach() - map and serve its ring; 0, or what mapping and binding say */
int domains_attach(struct domains *domains, struct domain *domain, uint32_t port);
/** domains_list() - see all domains there are; 0 or what the hypercall says */
int domains_list(struct domains *domains,
		 void (*fn)(struct domains *domains, const struct hypervisor_domain *info,
			    bool *flag),
		 bool *flag);
/** domains_restore_own() - dom0's ring is served: give it what it had, or keep it from now on; 0 or
 * -ENOMEM */
int domains_restore_own(struct domains *domains, struct domain *own);
/** domains_save() - have what is known of the domain kept */
void domains_save(struct domains *domains, const struct domain *domain);

#endif
