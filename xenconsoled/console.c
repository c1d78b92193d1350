/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaching: page first, then port, then pty, so that a path is published only when somebody
 * listens behind it. The page is mapped by its grant; a toolstack that sets up none leaves the
 * frame number, which takes privilege over the guest.
 */
#include "console.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "batch.h"
#include "conring.h"
#include "grants.h"
#include "journal.h"
#include "logfile.h"
#include "logname.h"
#include "loop.h"
#include "nodes.h"
#include "options.h"
#include "report.h"
#include "server.h"
#include "stream.h"
#include "terminal.h"

#define ATTACH_COMPLAIN_MS 60000

const struct console_kind console_kinds[CONSOLE_N_KINDS] = {
	{ .folder = "console", .log_suffix = "", .granted = true },
#if CONSOLE_N_KINDS > 1
	{ .folder = "vuart/0", .log_suffix = "-vuart0", .granted = false },
#endif
};

void console_init(struct console *console, struct server *server, const struct console_kind *kind,
		  uint32_t domid, const uint8_t *handle)
{
	memset(console, 0, sizeof(*console));
	console->server = server;
	console->kind = kind;
	console->domid = domid;
	console->handle = handle;
	tty_init(&console->tty);
	backlog_init(&console->backlog, server->pool);
	stream_init(console);
}

static void complain(struct console *console, const char *what, int error)
{
	uint32_t n_held_back;

	if (log_limit_pass(&console->attach_limit, loop_now_ms(console->server->loop),
			   ATTACH_COMPLAIN_MS, &n_held_back))
		log_warning(console->server->log, "domain %u: %s: %s", console->domid, what,
			    strerror(-error));
}

static void unmap_page(struct console *console)
{
	struct server *server = console->server;

	if (console->map == CONSOLE_GRANT)
		xengnttab_unmap(grants_of(server->grants, console->domid), console->page, 1);
	else if (console->map == CONSOLE_FOREIGN)
		xenforeignmemory_unmap(server->foreign, console->page, 1);
	batch_leave(console);
	console->page = NULL;
	console->map = CONSOLE_UNMAPPED;
}

static int map_foreign(struct console *console, uint64_t frame)
{
	struct server *server = console->server;
	xen_pfn_t pfn = (xen_pfn_t)frame;
	int error = 0;
	void *page;

	page = xenforeignmemory_map(server->foreign, console->domid, PROT_READ | PROT_WRITE, 1,
				    &pfn, &error);
	if (!page)
		return -errno;
	if (error) {
		xenforeignmemory_unmap(server->foreign, page, 1);
		return error;
	}
	console->page = page;
	console->map = CONSOLE_FOREIGN;
	return 0;
}

static void map_grant(struct console *console)
{
	struct server *server = console->server;

	if (!console->kind->granted)
		return;
	console->page = batch_page(console);
	console->map = console->page ? CONSOLE_BATCH : CONSOLE_UNMAPPED;
	if (console->page)
		return;
	console->page = xengnttab_map_grant_ref(grants_of(server->grants, console->domid),
						console->domid, CONSOLE_GRANT_REF,
						PROT_READ | PROT_WRITE);
	console->map = console->page ? CONSOLE_GRANT : CONSOLE_UNMAPPED;
}

/*
 * A granted page keeps its domain: its number need not be compared. Another frame takes the place
 * of the one before when it is mapped: whoever has a port has a page.
 */
static int map_page(struct console *console, uint64_t ring_ref, bool *moved)
{
	void *former = console->page;
	int r = 0;

	*moved = former && console->map == CONSOLE_FOREIGN && console->ring_ref != ring_ref;
	if (former && !*moved)
		return 0;
	console->page = NULL;
	map_grant(console);
	if (!console->page)
		r = map_foreign(console, ring_ref);
	if (r < 0) {
		console->page = former;
		console->map = former ? CONSOLE_FOREIGN : CONSOLE_UNMAPPED;
		return r;
	}
	if (former)
		xenforeignmemory_unmap(console->server->foreign, former, 1);
	console->ring_ref = ring_ref;
	return 0;
}

/* Is our end still connected? The other one may have been closed without a word. */
static bool still_bound(const struct console *console)
{
	xc_evtchn_status_t status = { .dom = DOMID_SELF, .port = console->port.local };

	return xc_evtchn_status(console->server->xc, &status) == 0 &&
	       status.status == EVTCHNSTAT_interdomain;
}

struct kept_label console_label(const struct console *console)
{
	struct kept_label label = { .domid = console->domid,
				    .kind = (uint32_t)(console->kind - console_kinds),
				    .local_port = console->port.local,
				    .remote_port = console->remote_port };

	memcpy(label.handle, console->handle, sizeof(label.handle));
	return label;
}

/* Nobody may take it for ours once it is not. */
static void unbind_port(struct console *console)
{
	struct server *server = console->server;

	kept_note_port(server->kept, &console->kept, 0, 0);
	kept_flush(server->kept, &console->kept);
	ports_unbind(server->ports, &console->port);
}

/* The port that the last daemon bound and noted. */
static int inherit_port(struct console *console, uint32_t remote_port)
{
	struct server *server = console->server;
	struct kept_label label = console_label(console);
	uint32_t local = kept_port(server->kept, &label, remote_port);

	return local ? ports_adopt(server->ports, &console->port, local) : -ENOENT;
}

/*
 * The last daemon was killed after it had bound the port and before that was noted: Xen knows. That
 * it is bound on our handle, and not by another program, only a notification can tell.
 */
static int find_port(struct console *console, uint32_t remote_port)
{
	struct server *server = console->server;
	xc_evtchn_status_t theirs = { .dom = (domid_t)console->domid, .port = remote_port };
	xc_evtchn_status_t ours = { .dom = DOMID_SELF };
	int r;

	if (xc_evtchn_status(server->xc, &theirs) < 0 || theirs.status != EVTCHNSTAT_interdomain)
		return -EINVAL;
	ours.port = theirs.u.interdomain.port;
	if (xc_evtchn_status(server->xc, &ours) < 0 || ours.status != EVTCHNSTAT_interdomain ||
	    ours.u.interdomain.dom != console->domid || ours.u.interdomain.port != remote_port)
		return -EINVAL;
	r = ports_adopt(server->ports, &console->port, ours.port);
	if (r < 0)
		return -EINVAL;
	r = ports_notify(server->ports, &console->port);
	if (r < 0) {
		ports_unbind(server->ports, &console->port);
		return -EINVAL;
	}
	return 0;
}

static int bind_port(struct console *console, uint32_t remote_port)
{
	struct server *server = console->server;
	int r;

	if (console->port.local) {
		if (console->remote_port == remote_port && still_bound(console))
			return 0;
		unbind_port(console);
	}
	console->remote_port = remote_port;
	r = inherit_port(console, remote_port);
	console->port_inherited = r == 0;
	if (r < 0)
		r = ports_bind(server->ports, &console->port, console->domid, remote_port);
	if (r == -EINVAL && server->ports_inherited) {
		r = find_port(console, remote_port);
		console->port_inherited = r == 0;
	}
	if (r < 0)
		return r;
	kept_note_port(server->kept, &console->kept, console->port.local, remote_port);
	log_debug(server->log, "domain %u: port %u is our %u", console->domid, remote_port,
		  console->port.local);
	return 0;
}

static int take_name(struct console *console, const char *file, uint64_t now_ms)
{
	bool late = console->is_named_late;

	console->is_named_late = false;
	return late ? logfile_move(console->logfile, file, now_ms)
		    : logfile_rename(console->logfile, file, now_ms);
}

static int follow_name(struct console *console, const char *name)
{
	struct server *server = console->server;
	struct logfile_policy policy = {
		.dir = server->options->log_dir,
		.stamp = server->options->stamp_guest,
		.replace_escape = server->options->replace_escape,
		.max_bytes = server->options->log_size_bytes,
		.n_kept = server->options->log_count,
	};
	uint64_t now_ms = loop_now_ms(server->loop);
	char file[LOGNAME_SIZE];
	int r = 0;

	if (!server->options->log_guest)
		return 0;
	logname_guest(file, name, console->domid, console->kind->log_suffix);
	if (!console->logfile)
		r = logfile_new(&console->logfile, server->log, &policy, file);
	else if (name && strcmp(logfile_name(console->logfile), file) != 0)
		r = take_name(console, file, now_ms);
	else if (logfile_error(console->logfile) < 0)
		logfile_reopen(console->logfile, now_ms);
	if (r < 0)
		return r;
	/* Of thousands that are taken up again few have something to say at once. */
	if (server->ready || !kept_has(server->kept, console->domid))
		logfile_open(console->logfile, now_ms);
	/* A disk that is full or gone must not stop the guest; but if it is us who have no room,
	 * its output is safe in the ring until we have. */
	r = logfile_error(console->logfile);
	return r == -EMFILE || r == -ENFILE ? r : 0;
}

static int follow_name_in_journal(struct console *console, const char *name)
{
	struct server *server = console->server;
	char identifier[32];
	int r;

	if (!server->options->journal_guest)
		return 0;
	if (!console->journal_source) {
		snprintf(identifier, sizeof(identifier), "xen-guest%s", console->kind->log_suffix);
		r = journal_source_new(&console->journal_source, server->journal, identifier,
				       console->domid);
		if (r < 0)
			return r;
	}
	return journal_source_name(console->journal_source, name);
}

int console_attach(struct console *console, const struct nodes *nodes, const char *name)
{
	bool was_bound = console->port.local, moved;
	int r;

	if (!nodes_is_ours(nodes))
		return 0;
	r = map_page(console, nodes->ring_ref, &moved);
	if (r < 0) {
		complain(console, "cannot map the console's page", r);
		return r;
	}
	r = follow_name(console, name);
	if (r == 0)
		r = follow_name_in_journal(console, name);
	if (r < 0) {
		complain(console, "cannot open the console's log", r);
		return r;
	}
	backlog_set_limit(&console->backlog, nodes->limit_bytes);
	r = bind_port(console, nodes->port);
	if (r < 0) {
		complain(console, "cannot bind the console's event channel", r);
		return r;
	}
	conring_set_connected(console->page);
	r = terminal_open(console, nodes->tty);
	if (r < 0)
		complain(console, "cannot open a pty", r);
	/* Its event may have been taken by one who did not live to see to it, or looked elsewhere.
	 */
	if (moved || (!was_bound && console->port_inherited))
		stream_look(console);
	return r;
}

bool console_settle(struct console *console)
{
	/* Mapped with others, but it is somebody else's by now. */
	if (!console->page)
		batch_leave(console);
	terminal_complete(console);
	if (console->logfile)
		logfile_open(console->logfile, loop_now_ms(console->server->loop));
	ports_notify(console->server->ports, &console->port);
	if (!console->port_inherited)
		return false;
	console->port_inherited = false;
	if (!console->port.local || still_bound(console))
		return false;
	unbind_port(console);
	return true;
}

void console_release_guest(struct console *console)
{
	struct server *server = console->server;

	/* What is in the ring is for the next daemon then, and so is the port. */
	if (!server->leaving) {
		if (console->page)
			stream_last_drain(console);
		kept_note_port(server->kept, &console->kept, 0, 0);
		ports_unbind(server->ports, &console->port);
	}
	unmap_page(console);
}

bool console_has_clients(struct console *console)
{
	terminal_complete(console);
	return tty_is_open(&console->tty) && console->clients.n_clients;
}

bool console_is_being_read(struct console *console)
{
	return console_has_clients(console) &&
	       (console->backlog.size_bytes || tty_unread_bytes(&console->tty));
}

void console_deinit(struct console *console)
{
	console_release_guest(console);
	report_console_gone(console);
	stream_deinit(console);
	backlog_deinit(&console->backlog);
	logfile_free(console->logfile);
	console->logfile = NULL;
	journal_source_free(console->journal_source);
	console->journal_source = NULL;
}
