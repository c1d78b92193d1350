/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of guests that mean harm: floods, broken rings, and taking all that can be had. */
#include "guest.h"

/* Floods end after the milliseconds given; without a number they do not. */
static bool flood_over(struct guest *guest, struct task *task, uint64_t ms)
{
	if (!task->n_calls)
		task->end_ns = ms ? clock_ns(guest) + ms * MS : NEVER;
	return clock_ns(guest) >= task->end_ns;
}

uint64_t word_flood_console(struct guest *guest, struct task *task)
{
	static const char text[] =
		"flood: the quick brown fox jumps over the lazy dog 0123456789\n";
	const char *arg = task->arg;
	uint64_t ms = text_number(&arg, 0), n_max = text_number(&arg, NEVER);
	uint32_t n = 1;

	if (flood_over(guest, task, ms))
		return NEVER;
	while (n && task->n < n_max) {
		n = console_put(guest, text + task->n % (sizeof(text) - 1),
				(uint32_t)(sizeof(text) - 1 - task->n % (sizeof(text) - 1)));
		task->n += n;
	}
	return task->n < n_max ? task->end_ns : NEVER;
}

static bool send_flood(struct guest *guest, const char *kind, uint64_t i)
{
	char payload[256];
	size_t n;

	if (text_equal(kind, "read"))
		return store_send(guest, XS_READ, "domid", 6);
	if (text_equal(kind, "watch")) {
		n = text_format(payload, sizeof(payload), "data%c%s", '\0', "flood") + 1;
		return store_send(guest, i & 1 ? XS_UNWATCH : XS_WATCH, payload, (uint32_t)n);
	}
	if (text_equal(kind, "transaction"))
		return store_send(guest, XS_TRANSACTION_START, "", 1);
	if (text_equal(kind, "big")) {
		char big[900] = "data/flood";

		return store_send(guest, XS_WRITE, big, sizeof(big));
	}
	n = text_format(payload, sizeof(payload), "data/flood%c%lu", '\0', i);
	return store_send(guest, XS_WRITE, payload, (uint32_t)n);
}

/* Splits "KIND,MS" in place of a copy. */
static uint64_t kind_and_number(const char *arg, char *kind, size_t size, uint64_t fallback)
{
	size_t n = 0;

	while (arg[n] && arg[n] != ',' && n + 1 < size) {
		kind[n] = arg[n];
		n++;
	}
	kind[n] = '\0';
	arg += n + (arg[n] == ',');
	return text_number(&arg, fallback);
}

uint64_t word_flood_store(struct guest *guest, struct task *task)
{
	char kind[32];
	uint64_t ms = kind_and_number(task->arg, kind, sizeof(kind), 0);
	uint64_t before = task->n;

	if (task->m)
		return NEVER;
	if (flood_over(guest, task, ms)) {
		task->m = 1;
		console_print(guest, "flood-store: %lu requests\n", task->n);
		return NEVER;
	}
	while (send_flood(guest, kind, task->n))
		task->n++;
	if (task->n != before)
		hyper_notify(guest->store.port);
	return task->end_ns;
}

/* Asks for ever and never takes an answer: from then on store_receive() finds nothing to do,
 * because nobody calls it. */
uint64_t word_mute_store(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t ms = text_number(&arg, 0);

	if (task->n_calls)
		return NEVER;
	for (uint64_t end_ns = ms ? clock_ns(guest) + ms * MS : NEVER; clock_ns(guest) < end_ns;) {
		clock_take(guest, guest->store.port);
		while (store_send(guest, XS_DIRECTORY, ".", 2))
			task->n++;
		hyper_notify(guest->store.port);
		hyper_poll(&guest->store.port, 1, end_ns);
	}
	return NEVER;
}

/* Watches what others change, and never looks at what that brings. */
uint64_t word_mute_watch(struct guest *guest, struct task *task)
{
	if (!task->n_calls && store_watch(guest, task->arg[0] ? task->arg : "data", "mute"))
		console_print(guest, "mute-watch: refused\n");
	for (;;) {
		clock_take(guest, guest->store.port);
		hyper_poll(&guest->store.port, 1, NEVER);
	}
	return NEVER;
}

/* Rings for ever, with nothing to say; in between, others have the processor. */
uint64_t word_flood_events(struct guest *guest, struct task *task)
{
	(void)task;
	for (int i = 0; i < 2; i++)
		hyper_notify(guest->store.port);
	return clock_ns(guest) + MS;
}

static void bad_message(struct guest *guest, const char *kind, uint64_t number)
{
	struct store *store = &guest->store;
	struct xsd_sockmsg head = { .type = XS_READ, .len = (uint32_t)number };
	uint32_t prod = store->ring->req_prod;

	for (uint32_t i = 0; i < sizeof(head); i++)
		store->ring->req[MASK_XENSTORE_IDX(prod + i)] = ((const char *)&head)[i];
	__atomic_store_n(&store->ring->req_prod, prod + (uint32_t)sizeof(head), __ATOMIC_SEQ_CST);
	console_print(guest, "bad-ring: %s done\n", kind);
	hyper_notify(store->port);
}

static void bad_request(struct guest *guest, const char *kind, uint32_t type, const char *payload,
			uint32_t len)
{
	int r = store_request(guest, type, 0, payload, len);

	console_print(guest, "bad-ring: %s %s\n", kind, store_error_name(r));
	store_write(guest, "data/bad-ring", "%s %s", kind, store_error_name(r));
}

/* @value is counted from our own index: however much the back end takes meanwhile, it makes no
 * sense. */
static void bad_index(struct guest *guest, const char *kind, uint32_t *index, uint32_t value,
		      uint32_t port)
{
	console_print(guest, "bad-ring: %s done\n", kind);
	__atomic_store_n(index, value, __ATOMIC_SEQ_CST);
	hyper_notify(port);
}

uint64_t word_bad_ring(struct guest *guest, struct task *task)
{
	struct xenstore_domain_interface *store = guest->store.ring;
	struct xencons_interface *console = guest->console.ring;
	static const char bad_path[] = "data//not a path!";
	char kind[32];
	uint64_t number = kind_and_number(task->arg, kind, sizeof(kind), 0);

	if (task->n_calls)
		return NEVER;
	if (text_equal(kind, "store-index"))
		bad_index(guest, kind, &store->req_prod,
			  store->req_prod + (uint32_t)(number ? number : 1025), guest->store.port);
	else if (text_equal(kind, "store-cons"))
		bad_index(guest, kind, &store->rsp_cons,
			  store->rsp_prod + (uint32_t)(number ? number : 1), guest->store.port);
	else if (text_equal(kind, "store-length"))
		bad_message(guest, kind, number ? number : XENSTORE_PAYLOAD_MAX + 1);
	else if (text_equal(kind, "store-half"))
		bad_message(guest, kind, number ? number : 100);
	else if (text_equal(kind, "store-path"))
		bad_request(guest, kind, XS_READ, bad_path, sizeof(bad_path));
	else if (text_equal(kind, "store-op"))
		bad_request(guest, kind, (uint32_t)(number ? number : 9999), "data", 5);
	else if (text_equal(kind, "console-index"))
		bad_index(guest, kind, &console->out_prod,
			  console->out_prod + (uint32_t)(number ? number : 2049),
			  guest->console.port);
	else if (text_equal(kind, "console-cons"))
		bad_index(guest, kind, &console->in_cons,
			  console->in_prod + (uint32_t)(number ? number : 1), guest->console.port);
	else
		console_print(guest, "bad-ring: unknown kind: %s\n", kind);
	return NEVER;
}

uint64_t word_hog_ports(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t most = text_number(&arg, 0), n = 0;
	uint32_t highest = 0;
	int r = 0;

	(void)task;
	while (!most || n < most) {
		struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = 0 };

		r = hyper_evtchn_op(EVTCHNOP_alloc_unbound, &alloc);
		if (r)
			break;
		n++;
		if (alloc.port > highest)
			highest = alloc.port;
	}
	console_print(guest, "hog-ports: %lu ports, highest %u, then %s\n", n, highest,
		      store_error_name(r));
	store_write(guest, "data/ports", "%lu %u %s", n, highest, store_error_name(r));
	return NEVER;
}

static void report_hog(struct guest *guest, const char *what, uint64_t n, int r)
{
	char path[64];

	console_print(guest, "hog-%s: %lu, then %s\n", what, n, store_error_name(r));
	text_format(path, sizeof(path), "data/%s", what);
	if (store_write(guest, path, "%lu %s", n, store_error_name(r)))
		console_print(guest, "hog-%s: could not record\n", what);
}

uint64_t word_hog_nodes(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t most = text_number(&arg, 0), n = 0;
	char path[64];
	int r = store_write(guest, "data/nodes", "0");

	while (!r && (!most || n < most)) {
		text_format(path, sizeof(path), "data/hog/%lu", n);
		r = store_write(guest, path, "%s", "");
		if (!r)
			n++;
	}
	report_hog(guest, "nodes", n, r);
	return NEVER;
}

uint64_t word_hog_watches(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t most = text_number(&arg, 0), n = 0;
	char token[32];
	int r = 0;

	while (!most || n < most) {
		text_format(token, sizeof(token), "hog%lu", n);
		r = store_watch(guest, "data/hog", token);
		if (r)
			break;
		n++;
	}
	report_hog(guest, "watches", n, r);
	return NEVER;
}

uint64_t word_hog_transactions(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t most = text_number(&arg, 0), n = 0;
	int r = 0;

	while (!most || n < most) {
		r = store_request(guest, XS_TRANSACTION_START, 0, "", 1);
		if (r)
			break;
		n++;
	}
	report_hog(guest, "transactions", n, r);
	return NEVER;
}
