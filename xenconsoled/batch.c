/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each member knows its batch; batches that somebody has left are dissolved at the end of the turn.
 */
#include "batch.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/queue.h>

#include "console.h"
#include "domain.h"
#include "domains.h"
#include "grants.h"
#include "kept.h"
#include "log.h"
#include "loop.h"
#include "server.h"

#define PAGE_BYTES 4096
/* So many domains are looked at for others to map: most of a host's are like their neighbours. */
#define LOOK_AHEAD (2 * BATCH_MAX)

struct batch {
	char *pages;
	xengnttab_handle *handle;	    /* borrowed: it has mapped them */
	uint32_t n;			    /* mapped */
	uint32_t n_members;		    /* that are still in it */
	struct console *members[BATCH_MAX]; /* borrowed: they leave before they go; or NULL */
	bool has_leavers;		    /* and so is in the list */
	TAILQ_ENTRY(batch) dissolving;
};

struct batches {
	struct server *server; /* borrowed: owns us */
	TAILQ_HEAD(, batch) dissolving;
	struct loop_hook hook;
};

static void unmap(struct server *server, struct batch *batch)
{
	if (batch->has_leavers)
		TAILQ_REMOVE(&server->batches->dissolving, batch, dissolving);
	xengnttab_unmap(batch->handle, batch->pages, batch->n);
	free(batch);
}

/* Return: true if that was the last one, and the batch is gone. */
static bool take_out(struct console *console)
{
	struct batch *batch = console->batch;

	for (uint32_t i = 0; i < batch->n; i++)
		if (batch->members[i] == console)
			batch->members[i] = NULL;
	console->batch = NULL;
	if (--batch->n_members)
		return false;
	unmap(console->server, batch);
	return true;
}

void batch_leave(struct console *console)
{
	struct batch *batch = console->batch;

	if (!batch || take_out(console) || batch->has_leavers)
		return;
	batch->has_leavers = true;
	TAILQ_INSERT_TAIL(&console->server->batches->dissolving, batch, dissolving);
}

/* One that cannot have its own, because it is dying too, stays and is the next to leave. */
static bool gets_its_own(struct console *console)
{
	struct server *server = console->server;
	void *page;

	if (!console->page)
		return true; /* nobody has asked for it */
	page = xengnttab_map_grant_ref(grants_of(server->grants, console->domid), console->domid,
				       CONSOLE_GRANT_REF, PROT_READ | PROT_WRITE);
	if (!page)
		return false;
	console->page = page;
	console->map = CONSOLE_GRANT;
	return true;
}

static void dissolve(struct batches *batches, struct batch *batch)
{
	TAILQ_REMOVE(&batches->dissolving, batch, dissolving);
	batch->has_leavers = false;
	for (uint32_t i = 0; i < BATCH_MAX; i++) {
		struct console *member = batch->members[i];

		if (member && gets_its_own(member) && take_out(member))
			return;
	}
}

static void end_turn(void *ctx)
{
	struct batches *batches = ctx;
	struct batch *batch;

	while ((batch = TAILQ_FIRST(&batches->dissolving)))
		dissolve(batches, batch);
}

static bool can_be_in_one(const struct console *console)
{
	const struct server *server = console->server;

	return console->kind->granted && !console->page && !console->batch && !console->is_alone &&
	       kept_has(server->kept, console->domid);
}

/* @console and those behind it. Return: how many. */
static uint32_t collect(struct console *console, struct console *members[BATCH_MAX])
{
	struct domains *domains = console->server->domains;
	struct domain *domain = domains_from(domains, console->domid);
	uint32_t n = 0;

	for (uint32_t i = 0; domain && i < LOOK_AHEAD && n < BATCH_MAX; i++) {
		struct console *other = &domain->consoles[console->kind - console_kinds];

		if (can_be_in_one(other))
			members[n++] = other;
		domain = domains_from(domains, domain->domid + 1);
	}
	return n;
}

static void make(struct console *console)
{
	struct server *server = console->server;
	struct batch *batch = calloc(1, sizeof(*batch));
	uint32_t domids[BATCH_MAX], refs[BATCH_MAX];

	if (!batch)
		return;
	batch->n = batch->n_members = collect(console, batch->members);
	batch->handle = grants_of(server->grants, console->domid);
	for (uint32_t i = 0; i < batch->n; i++) {
		domids[i] = batch->members[i]->domid;
		refs[i] = CONSOLE_GRANT_REF;
	}
	if (batch->n > 1)
		batch->pages = xengnttab_map_grant_refs(batch->handle, batch->n, domids, refs,
							PROT_READ | PROT_WRITE);
	for (uint32_t i = 0; i < batch->n; i++) {
		batch->members[i]->batch = batch->pages ? batch : NULL;
		batch->members[i]->is_alone = !batch->pages;
	}
	if (batch->pages)
		log_debug(server->log, "%u pages mapped together", batch->n);
	else
		free(batch);
}

struct xencons_interface *batch_page(struct console *console)
{
	struct batch *batch;

	if (!console->server->ready && can_be_in_one(console))
		make(console);
	batch = console->batch;
	for (uint32_t i = 0; batch && i < batch->n; i++)
		if (batch->members[i] == console)
			return (void *)(batch->pages + i * PAGE_BYTES);
	return NULL;
}

int batches_new(struct batches **out, struct server *server)
{
	struct batches *batches = calloc(1, sizeof(*batches));

	if (!batches)
		return -ENOMEM;
	batches->server = server;
	TAILQ_INIT(&batches->dissolving);
	batches->hook = (struct loop_hook){ .fn = end_turn, .ctx = batches };
	loop_turn_hook(server->loop, &batches->hook);
	*out = batches;
	return 0;
}

void batches_free(struct batches *batches)
{
	if (!batches)
		return;
	loop_turn_unhook(batches->server->loop, &batches->hook);
	free(batches);
}
