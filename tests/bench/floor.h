/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the load generator asks of the floor server. Requests to the floor are the very bytes that
 * a store would get, but for the header: it says what to send back, so that the floor need not
 * understand anything.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include <stdint.h>
#include <xen/io/xs_wire.h>

/* How many bytes come back, and which watch events go to whom. */
struct floor_order {
	uint16_t type;	     /* kept: INTRODUCE is the one that the floor itself looks at */
	uint16_t reply_len;  /* payload bytes of the answer */
	uint16_t n_events;   /* one for each of n_events connections … */
	uint16_t event_len;  /* … payload bytes of each event */
	uint32_t event_conn; /* … from this one on, counted in the order of connecting */
};

/** floor_encode() - write @order into the header of a request; its length stays. */
static inline void floor_encode(struct xsd_sockmsg *head, const struct floor_order *order)
{
	head->type = order->type | (uint32_t)order->event_len << 16;
	head->tx_id = order->reply_len | (uint32_t)order->n_events << 16;
	head->req_id = order->event_conn;
}

static inline struct floor_order floor_decode(const struct xsd_sockmsg *head)
{
	return (struct floor_order){
		.type = (uint16_t)head->type,
		.event_len = (uint16_t)(head->type >> 16),
		.reply_len = (uint16_t)head->tx_id,
		.n_events = (uint16_t)(head->tx_id >> 16),
		.event_conn = head->req_id,
	};
}

#endif
