/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bulk.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define BULK_IN_FLIGHT	 256
#define BULK_EVENTS	 64
#define BULK_PATIENCE_MS 60000

void bulk_init(struct bulk *bulk, struct load *load)
{
	*bulk = (struct bulk){ .load = load };
}

static void on_message(void *ctx, struct wire *wire, const struct xsd_sockmsg *head,
		       const char *payload)
{
	struct bulk *bulk = ctx;

	(void)wire;
	if (!bulk->load->floor && head->type == XS_ERROR)
		load_fail(bulk->load, "set-up: %.*s near \"%s\"", (int)head->len, payload,
			  bulk->step->payload);
	if (!bulk->n_missing)
		load_fail(bulk->load, "set-up: a message of type %u too many", head->type);
	bulk->n_missing--;
}

static void pump(struct bulk *bulk, uint64_t until)
{
	struct epoll_event ready[BULK_EVENTS];

	while (bulk->n_missing > until) {
		int n = epoll_wait(bulk->load->epoll_fd, ready, BULK_EVENTS, BULK_PATIENCE_MS);

		if (n == 0)
			load_fail(bulk->load, "set-up: no answer for a minute near \"%s\"",
				  bulk->step->payload);
		for (int i = 0; i < n; i++) {
			struct wire *wire = &bulk->load->wires[ready[i].data.u32];
			int r = wire_receive(wire, bulk->load->buffer, on_message, bulk);

			if (r < 0 && r != -EAGAIN)
				load_fail(bulk->load, "set-up: %s", strerror(-r));
			r = wire_flush(wire);
			if (r < 0 && r != -EAGAIN)
				load_fail(bulk->load, "set-up: %s", strerror(-r));
		}
	}
}

void bulk_send(struct bulk *bulk, uint32_t index, const struct step *step,
	       const struct step_vars *vars)
{
	struct wire *wire = &bulk->load->wires[index];
	struct xsd_sockmsg head = { .type = step->type };
	char payload[XENSTORE_PAYLOAD_MAX];
	int r;

	/* The floor keeps nothing but the domains that it maps. */
	if (bulk->load->floor && step->type != XS_INTRODUCE)
		return;
	bulk->step = step;
	head.len = step_payload(step, vars, payload);
	if (bulk->load->floor) {
		struct floor_order order = step_order(step, 0);

		floor_encode(&head, &order);
	}
	wire_queue(wire, &head, payload);
	bulk->n_missing += 1u + step->n_events;
	r = wire_flush(wire);
	if (r < 0 && r != -EAGAIN)
		load_fail(bulk->load, "set-up: %s", strerror(-r));
	if (bulk->n_missing >= BULK_IN_FLIGHT)
		pump(bulk, BULK_IN_FLIGHT / 2);
}

void bulk_wait(struct bulk *bulk)
{
	pump(bulk, 0);
}
