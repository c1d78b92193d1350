/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files domains*.c share. */
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
struct saved_client;
struct server;

struct domain {
	uint32_t domid;
	uint32_t features;
	uint8_t handle[16];	       /* UUID, to know a number that was given again */
	uint64_t unique_id;	       /* the same by Xen itself; 0: not known */
	struct quota_account *account; /* borrowed: closed with the record */
	struct ringconn *ring;	       /* owned; NULL: not introduced */
	struct ring_page *page;	       /* owned while the ring is served; NULL: it waits */
	TAILQ_ENTRY(domain) waits;     /* in domains->waiting, with a ring and no page */
	struct domain *target;	       /* borrowed: unlinks us when it goes */
	LIST_ENTRY(domain) aims;       /* in target->aimed_at, if there is a target */
	LIST_HEAD(, domain) aimed_at;
	TAILQ_ENTRY(domain) all;
	uint32_t port;	     /* remote, of the ring */
	uint32_t left_port;  /* local, of a ring that could not be taken over; 0: none */
	uint32_t seen_in;    /* number of the pass in which Xen listed it */
	bool is_wanted;	     /* while it waits: there is something to send */
	bool is_shutdown;    /* has been told to those who watch @releaseDomain */
	bool was_introduced; /* before a restart, after which its ring could not be served */
};

struct domains {
	struct server *server;	  /* borrowed: owns us */
	struct domain **by_domid; /* owned; QUOTA_DOMID_MAX entries */
	TAILQ_HEAD(domain_queue, domain) all;
	struct domain_queue waiting; /* rings not yet served again: the wanted ones first */
	uint32_t n_wanted;
	uint64_t attended_ns; /* when some of them were served again last; 0: not yet */
	struct port virq;
	uint32_t pass;
	bool is_due;		 /* Xen said that something has changed */
	bool is_all_due;	 /* whatever Xen says: all are to be compared */
	bool is_unlisted;	 /* Xen would not list the domains: it has been logged */
	struct loop_timer retry; /* when it is asked again */
	struct loop_timer scan;	 /* see domains_scan.c */
	uint32_t scanned;	 /* rings of domids below this were looked at */
};

/** domains_add() - know @domid; @handle: NULL: zeros. 0, -EINVAL or -ENOMEM. */
int domains_add(struct domains *domains, uint32_t domid, const uint8_t *handle,
		struct domain **out);
/**
 * domains_is_same() - is the domain that Xen lists the one we know by that number?
 *
 * By its unique id, if Xen tells one, else by its UUID; or, where xl has given it a new one (it
 * keeps a domain under another name), by its event channel. One that was not known is learnt.
 */
bool domains_is_same(struct domains *domains, struct domain *domain,
		     const struct hypervisor_domain *info);
/** domains_check_all() - have all of them compared with what Xen lists, by domains_check() */
void domains_check_all(struct domains *domains);
/** domains_destroy() - the domain is gone, or is to be treated so: nothing of it stays in the store
 */
void domains_destroy(struct domains *domains, struct domain *domain);
/** domains_aim() - @domain serves @target, or (NULL) none */
void domains_aim(struct domain *domain, struct domain *target);
/** domains_attach() - map and serve its ring; 0, or what mapping and binding say */
int domains_attach(struct domains *domains, struct domain *domain, uint32_t port);
/** domains_detach() - serve its ring no more, if there is one */
void domains_detach(struct domains *domains, struct domain *domain);
/** domains_close_left() - its ring will be bound anew, or never: close the port of the one that
 * could not be taken over, if there is one */
void domains_close_left(struct domains *domains, struct domain *domain);
/** domains_wait() - its ring, of which nothing is known but @client, is served in its time; 0 or
 * -ENOMEM */
int domains_wait(struct domains *domains, struct domain *domain, const struct saved_client *client);
/** domains_wait_no_more() - serve the ring now if it waits, or give it up */
void domains_wait_no_more(struct domains *domains, struct domain *domain);
/** domains_leave() - it does not wait any more */
void domains_leave(struct domains *domains, struct domain *domain);
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
