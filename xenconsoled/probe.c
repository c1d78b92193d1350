/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 1 reads the nodes; stage 2 (only if a tty must be published) opens a transaction; stage 3
 * reads each port and writes each tty in it; stage 4 commits. Each stage is one burst, and ends
 * when its last answer is in.
 */
#include "probe.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "domain.h"
#include "domains.h"
#include "kept.h"
#include "nodes.h"
#include "server.h"
#include "storeclient.h"

#define PATH_SIZE 64

struct probe;

/* One expected answer and where it belongs. */
struct question {
	struct probe *probe; /* borrowed: lives until its last answer is in */
	unsigned int console;
	enum nodes_id node; /* NODES_COUNT: the domain's name */
};

struct probe {
	struct domain *domain; /* borrowed; NULL once abandoned */
	struct storeclient *store;
	void (*stage_done)(struct probe *probe);
	unsigned int n_waiting; /* answers of this stage still to come */
	int error;		/* the first one that is not about a missing node */
	int attach_error;	/* of a console; others are published all the same */
	bool vanished;		/* stage 3: a console is not there any more */
	uint32_t txid;
	bool publish[CONSOLE_N_KINDS];
	char written[CONSOLE_N_KINDS][TTY_PATH_SIZE]; /* what this probe publishes */
	struct nodes nodes[CONSOLE_N_KINDS];
	bool asked_name;
	char *name; /* owned; NULL: not there */
	struct question questions[CONSOLE_N_KINDS * NODES_COUNT + 1];
	unsigned int n_questions;
};

static void end_probe(struct probe *probe, int error)
{
	if (probe->domain)
		domains_probe_done(probe->domain->server->domains, probe->domain, error);
	free(probe->name);
	free(probe);
}

static void answered(struct probe *probe, int error)
{
	if (error < 0 && !probe->error)
		probe->error = error;
	if (--probe->n_waiting)
		return;
	probe->stage_done(probe);
}

static void path_of(char path[PATH_SIZE], const struct domain *domain, unsigned int console,
		    const char *node)
{
	snprintf(path, PATH_SIZE, "/local/domain/%u/%s/%s", domain->domid,
		 console_kinds[console].folder, node);
}

/* --- stage 4: commit --- */

static void on_end(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	answered(ctx, error);
}

static void finish(struct probe *probe)
{
	struct domain *domain = probe->domain;
	int error = probe->error;

	if (domain && error == -EAGAIN) {
		/* Somebody else changed these nodes at the same time: look again. */
		error = 0;
		domains_mark_dirty(domain->server->domains, domain->domid);
	} else if (domain && !error && !probe->vanished) {
		for (unsigned int i = 0; i < CONSOLE_N_KINDS; i++)
			domain->consoles[i].published |=
				probe->publish[i] &&
				!strcmp(domain->consoles[i].tty.path, probe->written[i]);
	}
	end_probe(probe, error ? error : probe->attach_error);
}

static void end_transaction(struct probe *probe)
{
	bool commit = !probe->error && !probe->vanished && probe->domain;
	struct iovec flag = { commit ? "T" : "F", 2 };
	int r;

	probe->stage_done = finish;
	probe->n_waiting = 1;
	r = storeclient_request(probe->store, XS_TRANSACTION_END, probe->txid, &flag, 1, on_end,
				probe);
	if (r < 0)
		answered(probe, r);
}

/* --- stage 3: publish --- */

static void on_port_again(void *ctx, int error, const char *data, size_t len)
{
	struct probe *probe = ctx;

	(void)data, (void)len;
	if (error == -ENOENT)
		probe->vanished = true;
	answered(probe, error == -ENOENT ? 0 : error);
}

static void on_written(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	answered(ctx, error);
}

static void write_ttys(struct probe *probe)
{
	struct domain *domain = probe->domain;
	char path[PATH_SIZE];
	int r = 0;

	if (probe->error || !domain) {
		/* No transaction was begun, or nobody is left to profit from it. */
		if (probe->txid)
			end_transaction(probe);
		else
			end_probe(probe, probe->error);
		return;
	}
	probe->stage_done = end_transaction;
	probe->n_waiting = 1; /* held by this function */
	for (unsigned int i = 0; i < CONSOLE_N_KINDS && r == 0; i++) {
		const char *tty = domain->consoles[i].tty.path;

		if (!probe->publish[i] || !tty_is_open(&domain->consoles[i].tty))
			continue;
		path_of(path, domain, i, nodes_name(NODES_PORT));
		r = storeclient_read(probe->store, probe->txid, path, on_port_again, probe);
		if (r < 0)
			break;
		probe->n_waiting++;
		path_of(path, domain, i, nodes_name(NODES_TTY));
		r = storeclient_write(probe->store, probe->txid, path, tty, on_written, probe);
		if (r == 0)
			probe->n_waiting++;
		memcpy(probe->written[i], tty, sizeof(probe->written[i]));
	}
	answered(probe, r);
}

/* --- stage 2: begin --- */

static void on_begun(void *ctx, int error, const char *data, size_t len)
{
	struct probe *probe = ctx;

	(void)len;
	if (!error) {
		probe->txid = (uint32_t)strtoul(data, NULL, 10);
		error = probe->txid ? 0 : -EPROTO;
	}
	answered(probe, error);
}

static void begin_transaction(struct probe *probe)
{
	struct iovec empty = { "", 1 };
	int r;

	probe->stage_done = write_ttys;
	probe->n_waiting = 1;
	r = storeclient_request(probe->store, XS_TRANSACTION_START, 0, &empty, 1, on_begun, probe);
	if (r < 0)
		answered(probe, r);
}

/* --- stage 1: read and act --- */

static void act(struct probe *probe)
{
	struct domain *domain = probe->domain;
	bool publish = false, port_missing = false;

	if (!domain || probe->error) {
		end_probe(probe, probe->error);
		return;
	}
	if (probe->asked_name)
		domain_set_name(domain, probe->name);
	for (unsigned int i = 0; i < CONSOLE_N_KINDS; i++) {
		struct console *console = &domain->consoles[i];
		int r = console_attach(console, &probe->nodes[i], domain->name);

		if (r < 0 && !probe->attach_error)
			probe->attach_error = r;
		port_missing |= !probe->nodes[i].has_port && console_is_attached(console);
		/* A new pty may have the path of an old one: its clients must be told too. */
		probe->publish[i] = nodes_is_ours(&probe->nodes[i]) && tty_is_open(&console->tty) &&
				    (!console->published ||
				     strcmp(console->tty.path, probe->nodes[i].tty) != 0);
		publish |= probe->publish[i];
	}
	if (publish) {
		begin_transaction(probe);
		return;
	}
	end_probe(probe, probe->attach_error);
	if (port_missing)
		domains_check(domain->server->domains, domain);
}

static void on_node(void *ctx, int error, const char *data, size_t len)
{
	struct question *question = ctx;
	struct probe *probe = question->probe;

	if (!error && question->node == NODES_COUNT) {
		free(probe->name);
		probe->name = strndup(data, len);
	} else if (!error) {
		nodes_set(&probe->nodes[question->console], question->node, data, len);
	}
	answered(probe, error == -ENOENT ? 0 : error);
}

static int ask(struct probe *probe, unsigned int console, enum nodes_id node, const char *path)
{
	struct question *question = &probe->questions[probe->n_questions];
	int r;

	*question = (struct question){ .probe = probe, .console = console, .node = node };
	r = storeclient_read(probe->store, 0, path, on_node, question);
	if (r < 0)
		return r;
	probe->n_questions++;
	probe->n_waiting++;
	return 0;
}

static int ask_all(struct probe *probe)
{
	struct domain *domain = probe->domain;
	bool was_kept = kept_has(domain->server->kept, domain->domid);
	char path[PATH_SIZE];
	int r;

	if (domain->want_name) {
		snprintf(path, sizeof(path), "/local/domain/%u/name", domain->domid);
		r = ask(probe, 0, NODES_COUNT, path);
		if (r < 0)
			return r;
		probe->asked_name = true;
	}
	for (unsigned int i = 0; i < CONSOLE_N_KINDS; i++) {
		for (enum nodes_id id = 0; id < NODES_COUNT; id++) {
			/* It only tells whether what was published is still there. */
			if (id == NODES_TTY && !domain->consoles[i].published && !was_kept)
				continue;
			path_of(path, domain, i, nodes_name(id));
			r = ask(probe, i, id, path);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int probe_new(struct probe **out, struct domain *domain)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int r;

	if (!probe)
		return -ENOMEM;
	probe->domain = domain;
	probe->store = domain->server->store;
	probe->stage_done = act;
	r = ask_all(probe);
	if (r < 0 && !probe->n_waiting) {
		free(probe);
		return r;
	}
	probe->error = r; /* the answers on their way end the probe, with this error */
	*out = probe;
	return 0;
}

void probe_abandon(struct probe *probe)
{
	probe->domain = NULL;
}
