/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A closed loop: a client starts its next operation when the one before is complete, that is when
 * each step is answered and the watch events that it causes have arrived.
 */
#include "run.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "proc.h"

#define RUN_EVENTS	256
#define RUN_PATIENCE_MS 60000
#define WARM_SECONDS	0.1
#define WARM_OPS	64

/* One stretch of operations: until the time is over or the number is reached. */
struct stretch {
	struct load *load;
	uint64_t deadline_ns; /* 0: none */
	uint64_t ops_max;     /* 0: none */
	uint64_t n_started, n_in_flight;
	uint64_t now_ns;
	bool record;
};

static void send_step(struct stretch *stretch, struct load_client *client)
{
	struct load *load = stretch->load;
	const struct step *step = &load->which->steps[client->step];
	struct step_vars vars = {
		.client = client->number,
		.iteration = client->iteration,
		.target = load->n_targets ? client->iteration % load->n_targets : 0,
		.domain = load->domain_base,
	};
	struct xsd_sockmsg head = { .type = step->type };
	char payload[XENSTORE_PAYLOAD_MAX];
	uint32_t event_to = client->wire->index;

	if (load->domain_span)
		vars.domain += client->iteration % load->domain_span;
	if (load->n_domains) {
		const struct load_domain *domain =
			&load->domains[client->iteration % load->n_domains];

		vars.domid = domain->domid;
		vars.frame = domain->frame;
		vars.port = domain->port;
	}
	if (step->flags & STEP_TO_TARGETS)
		event_to = load->wires[load->first_target + vars.target * step->n_events].index;
	head.len = step_payload(step, &vars, payload);
	if (load->floor) {
		struct floor_order order = step_order(step, event_to);

		floor_encode(&head, &order);
	} else if (step->flags & STEP_IN_TXN) {
		head.tx_id = client->txid;
	}
	client->answered = false;
	client->n_missing = 1u + step->n_events;
	wire_queue(client->wire, &head, payload);
}

/* On a machine that stood still the time is over before anything has ended: then until something
 * has. */
static bool may_start(const struct stretch *stretch)
{
	if (stretch->ops_max && stretch->n_started >= stretch->ops_max)
		return false;
	if (stretch->record && !stretch->load->result.ops)
		return true;
	return !stretch->deadline_ns || stretch->now_ns < stretch->deadline_ns;
}

static void start(struct stretch *stretch, struct load_client *client)
{
	assert(client->n_started - client->n_done < LOAD_DEPTH_MAX);
	client->started_ns[client->n_started % LOAD_DEPTH_MAX] = stretch->now_ns;
	client->iteration = client->n_started++;
	stretch->n_started++;
	stretch->n_in_flight++;
	client->step = 0;
	send_step(stretch, client);
}

static void flush(struct load *load, struct wire *wire)
{
	int r = wire_flush(wire);

	if (r < 0 && r != -EAGAIN)
		load_fail(load, "write: %s", strerror(-r));
}

static void operation_done(struct stretch *stretch, struct load_client *client)
{
	struct load *load = stretch->load;
	uint64_t began_ns = client->started_ns[client->n_done % LOAD_DEPTH_MAX];

	client->n_done++;
	stretch->n_in_flight--;
	if (stretch->record) {
		load->result.ops++;
		hist_add(&load->result.latency_ns, stretch->now_ns - began_ns);
	}
	if (!may_start(stretch))
		return;
	if (load->which->order == LOAD_IN_TURN)
		client = &load->clients[(client->number + 1) % load->n_clients];
	start(stretch, client);
	if (load->which->order == LOAD_IN_TURN)
		flush(load, client->wire);
}

static void step_done(struct stretch *stretch, struct load_client *client)
{
	if (++client->step < stretch->load->which->n_steps)
		send_step(stretch, client);
	else
		operation_done(stretch, client);
}

/* Returns false if the operation begins again. */
static bool take_answer(struct stretch *stretch, struct load_client *client,
			const struct xsd_sockmsg *head, const char *payload)
{
	struct load *load = stretch->load;
	const struct step *step = &load->which->steps[client->step];

	if (load->floor)
		return true;
	if (head->type == XS_ERROR) {
		if (step->flags & STEP_RETRY && head->len == sizeof("EAGAIN") &&
		    !memcmp(payload, "EAGAIN", head->len)) {
			load->result.retries += stretch->record;
			client->step = 0;
			send_step(stretch, client);
			return false;
		}
		load_fail(load, "%.*s for \"%s\"", (int)head->len, payload, step->payload);
	}
	if (head->type != step->type)
		load_fail(load, "answer of type %u to \"%s\"", head->type, step->payload);
	if (step->flags & STEP_BEGIN) {
		char id[16] = "";

		memcpy(id, payload, head->len < sizeof(id) ? head->len : sizeof(id) - 1);
		client->txid = (uint32_t)strtoul(id, NULL, 10);
	}
	return true;
}

static void on_message(void *ctx, struct wire *wire, const struct xsd_sockmsg *head,
		       const char *payload)
{
	struct stretch *stretch = ctx;
	struct load *load = stretch->load;
	struct load_client *client = wire->user;

	if (!client || !client->n_missing)
		load_fail(load, "a message of type %u that nobody waits for", head->type);
	if (head->type == XS_WATCH_EVENT) {
		load->result.events += stretch->record;
	} else {
		if (client->answered)
			load_fail(load, "two answers to one request");
		if (!take_answer(stretch, client, head, payload))
			return;
		if (load->which->depth > 1) {
			/* One step and no events: the others in flight are alike. */
			operation_done(stretch, client);
			client->n_missing = client->n_started != client->n_done;
			return;
		}
		client->answered = true;
	}
	if (!--client->n_missing)
		step_done(stretch, client);
}

static void serve(struct stretch *stretch, struct wire *wire)
{
	struct load *load = stretch->load;
	struct load_client *client = wire->user;
	int r;

	stretch->now_ns = load_now_ns();
	r = wire_receive(wire, load->buffer, on_message, stretch);
	if (r < 0 && r != -EAGAIN)
		load_fail(load, "read: %s", strerror(-r));
	flush(load, wire);
	if (client && client->wire != wire)
		flush(load, client->wire);
}

static void run_stretch(struct stretch *stretch)
{
	struct load *load = stretch->load;
	uint32_t n_first = load->which->order == LOAD_IN_TURN ? 1 : load->n_clients;
	struct epoll_event ready[RUN_EVENTS];

	stretch->now_ns = load_now_ns();
	for (uint32_t i = 0; i < n_first; i++) {
		for (uint32_t depth = 0; depth < load->which->depth && may_start(stretch); depth++)
			start(stretch, &load->clients[i]);
		flush(load, load->clients[i].wire);
	}
	while (stretch->n_in_flight) {
		int n = epoll_wait(load->epoll_fd, ready, RUN_EVENTS, RUN_PATIENCE_MS);

		if (n == 0)
			load_fail(load, "no answer for a minute");
		for (int i = 0; i < n; i++)
			serve(stretch, &load->wires[ready[i].data.u32]);
	}
}

static uint64_t daemon_cpu_ns(struct load *load)
{
	uint64_t cpu_ns = 0;

	if (load->pid && proc_cpu_settled_ns(load->pid, &cpu_ns) < 0)
		load_fail(load, "the daemon is gone");
	return cpu_ns;
}

/* Measures one stretch and returns its wall time. */
static uint64_t measure(struct load *load, struct stretch *stretch)
{
	uint64_t cpu_ns = daemon_cpu_ns(load), began_ns = load_now_ns(), wall_ns;

	stretch->record = true;
	if (load->which->measured)
		load->which->measured(load);
	else
		run_stretch(stretch);
	wall_ns = load_now_ns() - began_ns;
	load->result.wall_ns += wall_ns;
	load->result.cpu_ns += daemon_cpu_ns(load) - cpu_ns;
	return wall_ns;
}

static bool is_enough(const struct load *load, uint64_t ops, uint64_t spent_ns)
{
	if (load->which->exactly_n || (load->domain_span && ops + load->batch > load->domain_span))
		return true;
	return load->ops ? ops >= load->ops : (double)spent_ns >= load->seconds * 1e9;
}

static void measure_batches(struct load *load)
{
	uint64_t spent_ns = 0, ops = 0;

	do {
		struct stretch stretch = { .load = load, .ops_max = load->batch };

		load->batch_first = load->clients[0].n_started;
		if (load->which->before)
			load->which->before(load);
		spent_ns += measure(load, &stretch);
		ops += load->batch;
		if (load->which->after)
			load->which->after(load);
	} while (!is_enough(load, ops, spent_ns));
}

static void measure_whole(struct load *load)
{
	struct stretch stretch = { .load = load, .ops_max = load->ops };

	if (!load->ops && !load->which->measured)
		stretch.deadline_ns = load_now_ns() + (uint64_t)(load->seconds * 1e9);
	measure(load, &stretch);
}

void run_case(struct load *load)
{
	struct stretch warm = { .load = load };

	if (load->batch) {
		measure_batches(load);
		return;
	}
	/* What is counted from nothing (memory, a fixed number of nodes) is not warmed up. */
	if (!load->which->exactly_n && !load->which->measured) {
		/* A number, where the whole process is counted (instructions): runs repeat. */
		if (load->ops)
			warm.ops_max = WARM_OPS;
		else
			warm.deadline_ns = load_now_ns() + (uint64_t)(WARM_SECONDS * 1e9);
		run_stretch(&warm);
		load->result.warm_ops = warm.n_started;
	}
	measure_whole(load);
}
