/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is measured. Each case is one row: what stands in the store and who is connected (setup),
 * and the operation that is repeated. How many of them stand there (n) is the number that must not
 * matter.
 */
#include "cases.h"

#include <stdio.h>
#include <string.h>

#include "bulk.h"
#include "load.h"
#include "register.h"

#define N_STEPS(steps) (sizeof(steps) / sizeof((steps)[0]))
#define VALUE	       "0123456789abcdef"
#define OK	       3 /* "OK" and its NUL */
#define BATCH	       100
#define FANOUT	       10

static void once(struct bulk *bulk, const struct step *step)
{
	struct step_vars vars = { 0 };

	bulk_send(bulk, 0, step, &vars);
	bulk_wait(bulk);
}

/* --- reading, by one or many --- */

static const struct step leaf = { XS_WRITE, 0, "/bench/leaf|" VALUE, OK, 0, 0 };
static const struct step read_leaf[] = { { XS_READ, 0, "/bench/leaf|", sizeof(VALUE) - 1, 0, 0 } };
static const struct step write_leaf[] = { { XS_WRITE, 0, "/bench/leaf|" VALUE, OK, 0, 0 } };

static void setup_one(struct load *load)
{
	struct bulk bulk;

	load_connect(load, 1);
	bulk_init(&bulk, load);
	once(&bulk, &leaf);
}

static void setup_many(struct load *load)
{
	setup_one(load);
	load_connect(load, load->n - 1);
}

static void setup_one_and_idle(struct load *load)
{
	setup_one(load);
	load_connect(load, load->n);
}

/* --- a domain's part of the store comes and goes, n others are there --- */

static void send_domain(struct bulk *bulk, const struct step *steps, size_t n_steps,
			uint32_t number)
{
	struct step_vars vars = { .domain = number };

	/* No transaction: the next request need not wait for its id. */
	for (size_t i = 0; i < n_steps; i++)
		if (steps[i].type != XS_TRANSACTION_START && steps[i].type != XS_TRANSACTION_END)
			bulk_send(bulk, 0, &steps[i], &vars);
}

/*
 * The toolstack has made a domain before it registers it, so all of them exist on the host. Each is
 * registered once: what a daemon finds out about a domain it may remember.
 */
static void setup_domains(struct load *load)
{
	static const struct step homes[] = {
		{ XS_MKDIR, 0, "/local/domain|", OK, 0, 0 },
		{ XS_MKDIR, 0, "/vm|", OK, 0, 0 },
		{ XS_MKDIR, 0, "/libxl|", OK, 0, 0 },
		{ XS_MKDIR, 0, "/local/domain/0/backend/console|", OK, 0, 0 },
	};
	struct bulk bulk;

	if (load->n_domains < load->n + BATCH)
		load_fail(load, "needs %u domains, there are %u", load->n + BATCH, load->n_domains);
	load_connect(load, 1);
	bulk_init(&bulk, load);
	for (size_t i = 0; i < N_STEPS(homes); i++)
		once(&bulk, &homes[i]);
	for (uint32_t i = 0; i < load->n; i++)
		send_domain(&bulk, register_steps, REGISTER_STEPS, load->domains[i].domid);
	bulk_wait(&bulk);
	load->domain_base = load->domains[load->n].domid;
	load->domain_span = load->n_domains - load->n;
	if (load->domains[load->n_domains - 1].domid != load->domain_base + load->domain_span - 1)
		load_fail(load, "the domains' numbers are not in a row");
}

static void send_batch(struct load *load, const struct step *steps, size_t n_steps)
{
	struct bulk bulk;

	bulk_init(&bulk, load);
	for (uint32_t i = 0; i < BATCH; i++)
		send_domain(&bulk, steps, n_steps,
			    load->domain_base + (load->batch_first + i) % load->domain_span);
	bulk_wait(&bulk);
}

static void register_batch(struct load *load)
{
	send_batch(load, register_steps, REGISTER_STEPS);
}

static void unregister_batch(struct load *load)
{
	send_batch(load, unregister_steps, UNREGISTER_STEPS);
}

/* --- watches --- */

static const struct step own_node = { XS_WRITE, 0, "/bench/w%t|" VALUE, OK, 0, 0 };
static const struct step own_watch = { XS_WATCH, 0, "/bench/w%t|token%t|", OK, 1, 20 };
static const struct step write_watched[] = {
	{ XS_WRITE, STEP_TO_TARGETS, "/bench/w%t|" VALUE, OK, 1, 20 },
};
static const struct step write_own[] = { { XS_WRITE, 0, "/bench/w%c|" VALUE, OK, 1, 20 } };
static const struct step write_shared[] = {
	{ XS_WRITE, STEP_TO_TARGETS, "/bench/w%t|" VALUE, OK, FANOUT, 20 },
};
static const struct step watch_unwatch[] = {
	{ XS_WATCH, 0, "/bench/more|token%r|", OK, 1, 20 },
	{ XS_UNWATCH, 0, "/bench/more|token%r|", OK, 0, 0 },
};
static const struct step watch_only[] = { { XS_WATCH, 0, "/bench/n%c/k%i|token%i|", OK, 1, 20 } };

/* Connections first … first + n - 1 get a watch each, @per_target of them on the same node. */
static void watch_nodes(struct load *load, uint32_t first, uint32_t n, uint32_t per_target)
{
	struct bulk bulk;

	bulk_init(&bulk, load);
	for (uint32_t i = 0; i < n; i += per_target)
		bulk_send(&bulk, 0, &own_node, &(struct step_vars){ .target = i / per_target });
	bulk_wait(&bulk);
	for (uint32_t i = 0; i < n; i++)
		bulk_send(&bulk, first + i, &own_watch,
			  &(struct step_vars){ .target = i / per_target });
	bulk_wait(&bulk);
	load->first_target = first;
	load->n_targets = (n + per_target - 1) / per_target;
}

static void setup_watchers(struct load *load)
{
	load_connect(load, 1);
	watch_nodes(load, load_connect(load, load->n), load->n, 1);
}

static void setup_fanout(struct load *load)
{
	load_connect(load, 1);
	load->n -= load->n % FANOUT;
	watch_nodes(load, load_connect(load, load->n), load->n, FANOUT);
}

static void setup_own_watches(struct load *load)
{
	load_connect(load, load->n);
	watch_nodes(load, 0, load->n, 1);
}

/* n watches on nodes that nobody writes, ten to a connection. */
static void setup_strangers(struct load *load)
{
	uint32_t first;
	struct bulk bulk;

	setup_one(load);
	first = load_connect(load, (load->n + 9) / 10);
	bulk_init(&bulk, load);
	for (uint32_t i = 0; i < load->n; i++)
		bulk_send(&bulk, first + i / 10, &own_watch, &(struct step_vars){ .target = i });
	bulk_wait(&bulk);
}

static void setup_watches_of_one(struct load *load)
{
	struct bulk bulk;

	load_connect(load, 1);
	bulk_init(&bulk, load);
	for (uint32_t i = 0; i < load->n; i++)
		bulk_send(&bulk, 0, &own_watch, &(struct step_vars){ .target = i });
	bulk_wait(&bulk);
}

/* --- large directories and trees --- */

static const struct step child = { XS_WRITE, 0, "/bench/big/n%i|" VALUE, OK, 0, 0 };
static const struct step child_add_remove[] = {
	{ XS_WRITE, 0, "/bench/big/child%r|" VALUE, OK, 0, 0 },
	{ XS_RM, 0, "/bench/big/child%r|", OK, 0, 0 },
};
static const struct step remove_big[] = { { XS_RM, 0, "/bench/big|", OK, 0, 0 } };
static const struct step write_node[] = { { XS_WRITE, 0, "/bench/n%q/k%r|" VALUE, OK, 0, 0 } };
static const struct step mkdir_rm[] = {
	{ XS_MKDIR, 0, "/bench/dir|", OK, 0, 0 },
	{ XS_RM, 0, "/bench/dir|", OK, 0, 0 },
};

static void fill_directory(struct load *load)
{
	struct bulk bulk;

	bulk_init(&bulk, load);
	for (uint32_t i = 0; i < load->n; i++)
		bulk_send(&bulk, 0, &child, &(struct step_vars){ .iteration = i });
	bulk_wait(&bulk);
}

static void setup_directory(struct load *load)
{
	load_connect(load, 1);
	fill_directory(load);
}

/* --- transactions --- */

static const struct step txn_own[] = {
	{ XS_TRANSACTION_START, STEP_BEGIN, "|", 4, 0, 0 },
	{ XS_READ, STEP_IN_TXN, "/bench/w%c|", sizeof(VALUE) - 1, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, "/bench/w%c|" VALUE, OK, 0, 0 },
	{ XS_TRANSACTION_END, STEP_IN_TXN | STEP_RETRY, "T|", OK, 0, 0 },
};
/* Values differ: else a daemon that compares answers would see no conflict. */
static const struct step txn_same[] = {
	{ XS_TRANSACTION_START, STEP_BEGIN, "|", 4, 0, 0 },
	{ XS_READ, STEP_IN_TXN, "/bench/leaf|", sizeof(VALUE) - 1, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN,
	  "/bench/leaf|"
	  "client-%c-%i",
	  OK, 0, 0 },
	{ XS_TRANSACTION_END, STEP_IN_TXN | STEP_RETRY, "T|", OK, 0, 0 },
};
static const struct step txn_of_three[] = {
	{ XS_TRANSACTION_START, STEP_BEGIN, "|", 4, 0, 0 },
	{ XS_WRITE, STEP_IN_TXN, "/bench/leaf|" VALUE, OK, 0, 0 },
	{ XS_TRANSACTION_END, STEP_IN_TXN | STEP_RETRY, "T|", OK, 0, 0 },
};

static void setup_own_nodes(struct load *load)
{
	struct bulk bulk;

	load_connect(load, load->n);
	bulk_init(&bulk, load);
	for (uint32_t i = 0; i < load->n; i++)
		bulk_send(&bulk, 0, &own_node, &(struct step_vars){ .target = i });
	bulk_wait(&bulk);
}

/* --- real domains: the host must have them (--domains) --- */

static const struct step introduce[] = { { XS_INTRODUCE, 0, "%D|%G|%P|", OK, 0, 0 } };

static void introduce_all(struct load *load)
{
	struct bulk bulk;

	bulk_init(&bulk, load);
	for (uint32_t i = 0; i < load->n_domains; i++)
		bulk_send(&bulk, 0, &introduce[0],
			  &(struct step_vars){ .domid = load->domains[i].domid,
					       .frame = load->domains[i].frame,
					       .port = load->domains[i].port });
	bulk_wait(&bulk);
}

static void need_domains(struct load *load)
{
	if (load->n_domains < load->n)
		load_fail(load, "needs %u domains, there are %u", load->n, load->n_domains);
	load->n_domains = load->n;
}

static void setup_introduced(struct load *load)
{
	need_domains(load);
	setup_one(load);
	introduce_all(load);
}

static void setup_introduce(struct load *load)
{
	need_domains(load);
	load->batch = load->n;
	load_connect(load, 1);
}

/* --- memory --- */

static void setup_first(struct load *load)
{
	load_connect(load, 1);
}

static void setup_hundred(struct load *load)
{
	load_connect(load, 100);
}

static void connect_n(struct load *load)
{
	load_connect(load, load->n);
	load->result.ops = load->n;
}

#define STEPS(s) .steps = (s), .n_steps = N_STEPS(s)
/* clang-format off */
static const struct load_case cases[] = {
	{ .name = "read-pipelined", .what = "READ, 64 requests in flight on one connection",
	  .n = 1, .active = 1, .depth = 64, STEPS(read_leaf), .setup = setup_one },
	{ .name = "write-pipelined", .what = "WRITE, 64 requests in flight on one connection",
	  .n = 1, .active = 1, .depth = 64, STEPS(write_leaf), .setup = setup_one },
	{ .name = "clients-100", .what = "100 clients at once",
	  .n = 100, .depth = 1, STEPS(read_leaf), .setup = setup_many },
	{ .name = "clients-3000", .what = "3,000 clients at once",
	  .n = 3000, .depth = 1, STEPS(read_leaf), .setup = setup_many },
	{ .name = "idle-clients", .what = "1 active client, n idle",
	  .n = 3000, .active = 1, .depth = 1, STEPS(read_leaf), .setup = setup_one_and_idle },
	{ .name = "round-robin", .what = "round robin over n clients",
	  .n = 3000, .depth = 1, .order = LOAD_IN_TURN, STEPS(read_leaf), .setup = setup_many },
	{ .name = "register", .what = "registering a domain (75 requests), n present",
	  .n = 3000, .active = 1, .depth = 1, STEPS(register_steps), .batch = BATCH,
	  .setup = setup_domains, .after = unregister_batch },
	{ .name = "unregister", .what = "unregistering a domain, n present",
	  .n = 3000, .active = 1, .depth = 1, STEPS(unregister_steps), .batch = BATCH,
	  .setup = setup_domains, .before = register_batch },
	{ .name = "watch-one", .what = "a write seen by its one watcher, n watchers present",
	  .n = 3000, .active = 1, .depth = 1, STEPS(write_watched), .setup = setup_watchers },
	{ .name = "watch-fanout", .what = "a write that 10 of n watchers see",
	  .n = 3000, .active = 1, .depth = 1, STEPS(write_shared), .setup = setup_fanout },
	{ .name = "watch-strangers", .what = "a write that none of n watches match",
	  .n = 30000, .active = 1, .depth = 1, STEPS(write_leaf), .setup = setup_strangers },
	{ .name = "watch-unwatch", .what = "WATCH + UNWATCH on a connection with n watches",
	  .n = 10000, .active = 1, .depth = 1, STEPS(watch_unwatch), .setup = setup_watches_of_one },
	{ .name = "child-add-remove", .what = "add + remove a child in a directory of n",
	  .n = 10000, .active = 1, .depth = 1, STEPS(child_add_remove), .setup = setup_directory },
	{ .name = "txn-separate", .what = "n transactions at once on separate subtrees",
	  .n = 32, .depth = 1, STEPS(txn_own), .setup = setup_own_nodes },
	{ .name = "idle-domains", .what = "a socket client's READ, n domains introduced and idle",
	  .n = 3000, .active = 1, .depth = 1, STEPS(read_leaf), .setup = setup_introduced },
	{ .name = "introduce", .what = "INTRODUCE, n of them",
	  .n = 3000, .active = 1, .depth = 1, STEPS(introduce), .batch = 3000,
	  .exactly_n = true, .setup = setup_introduce },
	{ .name = "remove-tree", .what = "removing a tree of n nodes",
	  .n = 10000, .active = 1, .depth = 1, STEPS(remove_big), .batch = 1,
	  .setup = setup_first, .before = fill_directory },
	{ .name = "read", .what = "READ, one at a time",
	  .n = 1, .active = 1, .depth = 1, STEPS(read_leaf), .setup = setup_one },
	{ .name = "write", .what = "WRITE, one at a time",
	  .n = 1, .active = 1, .depth = 1, STEPS(write_leaf), .setup = setup_one },
	{ .name = "mkdir-rm", .what = "MKDIR + RM, one at a time",
	  .n = 1, .active = 1, .depth = 1, STEPS(mkdir_rm), .setup = setup_one },
	{ .name = "txn-of-three", .what = "a transaction of 3 requests",
	  .n = 1, .active = 1, .depth = 1, STEPS(txn_of_three), .setup = setup_one },
	{ .name = "own-event", .what = "own watch event after a write, n clients",
	  .n = 100, .depth = 1, .order = LOAD_IN_TURN, STEPS(write_own), .setup = setup_own_watches },
	{ .name = "txn-same", .what = "n clients, transactions on one and the same node",
	  .n = 32, .depth = 1, STEPS(txn_same), .setup = setup_many },
	{ .name = "memory-node", .what = "memory per node",
	  .n = 100000, .active = 1, .depth = 64, .exactly_n = true, STEPS(write_node),
	  .setup = setup_first },
	{ .name = "memory-connection", .what = "memory per connection",
	  .n = 10000, .active = 1, .depth = 1, STEPS(read_leaf), .measured = connect_n,
	  .setup = setup_first },
	{ .name = "memory-watch", .what = "memory per watch",
	  .n = 100000, .active = 100, .depth = 1, .exactly_n = true, STEPS(watch_only),
	  .setup = setup_hundred },
};
/* clang-format on */

const struct load_case *cases_get(const char *name)
{
	for (size_t i = 0; i < N_STEPS(cases); i++)
		if (!strcmp(cases[i].name, name))
			return &cases[i];
	return NULL;
}

void cases_print(void)
{
	for (size_t i = 0; i < N_STEPS(cases); i++)
		printf("{\"name\": \"%s\", \"what\": \"%s\", \"n\": %u}\n", cases[i].name,
		       cases[i].what, cases[i].n);
}
