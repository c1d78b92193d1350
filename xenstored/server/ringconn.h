/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client behind a ring page. Nothing in the page is believed: indices are read once and judged,
 * our own are kept here and only written there, and what a turn did is published once, at its end,
 * with one notification.
 */
#ifndef RINGCONN_H
#define RINGCONN_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct conn;
struct quota_account;
struct ringconn;
struct saved_client;
struct server;
struct text;

#define RING_BYTES 1024

/* Source: xen/io/xs_wire.h, struct xenstore_domain_interface; later headers have the last field. */
struct ring_page {
	char req[RING_BYTES];
	char rsp[RING_BYTES];
	uint32_t req_cons, req_prod;
	uint32_t rsp_cons, rsp_prod;
	uint32_t server_features;
	uint32_t connection; /* 0: connected; 1: reconnect */
	uint32_t error;
	uint32_t evtchn_port;
};

/** ring_page_offer() - tell the guest what this ring can do: WIRE_FEATURE_* */
void ring_page_offer(struct ring_page *page, uint32_t features);

/** ring_page_waits() - does whoever made the page wait to be connected? */
bool ring_page_waits(const struct ring_page *page);
/** ring_page_port() - the event channel that the page itself names, or 0 */
uint32_t ring_page_port(const struct ring_page *page);

/**
 * ringconn_new() - serve a domain's ring
 * @page:    mapped; borrowed until ringconn_free()
 * @remote:  event channel that the domain offers
 * @account: of the domain; borrowed until ringconn_free()
 *
 * Return: 0, -ENOMEM, or what ports_bind() says.
 */
int ringconn_new(struct ringconn **out, struct server *server, uint32_t domid,
		 struct ring_page *page, uint32_t remote, uint32_t features,
		 struct quota_account *account);
/**
 * ringconn_take() - the same with an event channel that is bound
 * @local: its port of ours
 *
 * Return: 0, -ENOMEM, or what ports_adopt() says.
 */
int ringconn_take(struct ringconn **out, struct server *server, uint32_t domid,
		  struct ring_page *page, uint32_t local, uint32_t features,
		  struct quota_account *account);
/**
 * ringconn_new_waiting() - a ring that is not served before ringconn_attach(): it has watches, and
 * domains_ring_wanted() is told as soon as there is something to send
 *
 * Return: 0 or -ENOMEM.
 */
int ringconn_new_waiting(struct ringconn **out, struct server *server, uint32_t domid,
			 uint32_t features, struct quota_account *account);
/** ringconn_attach() - serve it; arguments and results as for ringconn_new() */
int ringconn_attach(struct ringconn *ring, struct ring_page *page, uint32_t remote);
/** ringconn_free() - stop serving it; the page and the account are not touched after this */
void ringconn_free(struct ringconn *ring);

/**
 * ringconn_restore() - give a ring that was just made what the guest's client had before a restart
 * @is_ignored: it was not served then, nor is it now
 *
 * Return: 0 or -ENOMEM. A ring that does not fit what is known of it is ignored.
 */
int ringconn_restore(struct ringconn *ring, const struct saved_client *client, bool is_ignored);

/** ringconn_rebind() - use another event channel; without one the ring is silent */
void ringconn_rebind(struct ringconn *ring, uint32_t remote);
/**
 * ringconn_reset() - begin anew: watches, transactions, half messages gone, indices zero; and tell
 * a guest that waits for it
 */
void ringconn_reset(struct ringconn *ring);
/** ringconn_greet() - dom0's kernel takes the first event for the sign that we are there */
void ringconn_greet(struct ringconn *ring);

/* Where another program has to go on. */
struct ringconn_state {
	uint32_t port; /* ours; 0: none */
	uint32_t req_cons;
	uint32_t rsp_prod;
};

struct ringconn_state ringconn_state(const struct ringconn *ring);
/** ringconn_set() - go on there, whatever the page says of our indices */
void ringconn_set(struct ringconn *ring, uint32_t req_cons, uint32_t rsp_prod);
/** ringconn_ignore() - it broke the protocol, as is known from before */
void ringconn_ignore(struct ringconn *ring);
/** ringconn_resume() - serve what has come meanwhile; the guest is notified in any case */
void ringconn_resume(struct ringconn *ring);

/** ringconn_is_ignored() - did it break the protocol? */
bool ringconn_is_ignored(const struct ringconn *ring);
/** ringconn_out_at() - index up to which answers were given */
uint32_t ringconn_out_at(const struct ringconn *ring);

/** ringconn_set_target() - the domain serves @target, or (its own number) none */
void ringconn_set_target(struct ringconn *ring, uint32_t target);

/** ringconn_conn() - its connection; borrowed */
struct conn *ringconn_conn(struct ringconn *ring);
/** ringconn_look() - if there are requests of which the guest has sent no event, serve them */
void ringconn_look(struct ringconn *ring);
/** ringconn_describe() - add lines for an operator */
void ringconn_describe(const struct ringconn *ring, struct text *text);

#endif
