/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts the parts together, in the order in which they may use each other, and takes them apart the
 * other way round. The order of the turn hooks is theirs too: look at domains, let go of pages,
 * serve the queue of busy consoles, unmask ports, send to the store.
 */
#include "server.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "backlog.h"
#include "batch.h"
#include "clients.h"
#include "control.h"
#include "daemon.h"
#include "domains.h"
#include "grants.h"
#include "hvlog.h"
#include "journal.h"
#include "kept.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "ports.h"
#include "retire.h"
#include "storeclient.h"
#include "stream.h"

/* Two ends of a pty and a log per domain, and some for ourselves. */
#define FDS_WANTED (3 * DOMID_FIRST_RESERVED + 1000)
/* A start without a store ends after so long. */
#define FIRST_CONTACT_MS  30000
#define STORE_COMPLAIN_MS 60000

struct run {
	struct server server;
	struct event *signals[5];
	struct event *first_contact; /* NULL once the store has been reached */
	struct log_limit store_limit;
	bool store_lost;
};

static void raise_fd_limit(struct log *log)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FDS_WANTED)
		return;
	limit.rlim_cur = FDS_WANTED;
	if (limit.rlim_max < FDS_WANTED)
		limit.rlim_max = FDS_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	log_warning(log, "only %llu open files are allowed: enough for about %llu domains",
		    (unsigned long long)limit.rlim_max, (unsigned long long)limit.rlim_max / 3);
}

static void on_stop(evutil_socket_t signal_number, short what, void *ctx)
{
	struct server *server = ctx;

	(void)what;
	if (server->retire) {
		loop_stop(server->loop, EXIT_SUCCESS); /* told twice */
		return;
	}
	log_info(server->log, "%s: stopping", strsignal(signal_number));
	retire_begin(server);
}

/* An upgrade: what is in rings, terminals and the store stays as it is. */
static void on_handover(evutil_socket_t signal_number, short what, void *ctx)
{
	struct server *server = ctx;

	if (!server->kept) {
		on_stop(signal_number, what, ctx);
		return;
	}
	log_info(server->log, "%s: leaving the terminals to the next daemon",
		 strsignal(signal_number));
	server->leaving = true;
	kept_leave(server->kept);
	loop_stop(server->loop, EXIT_SUCCESS);
}

static void on_hangup(evutil_socket_t signal_number, short what, void *ctx)
{
	struct server *server = ctx;

	(void)signal_number, (void)what;
	domains_reopen_logs(server->domains);
	if (server->hvlog)
		hvlog_reopen(server->hvlog);
}

static int add_signal(struct run *run, size_t i, int signal_number, event_callback_fn fn)
{
	run->signals[i] =
		evsignal_new(loop_base(run->server.loop), signal_number, fn, &run->server);
	return run->signals[i] && event_add(run->signals[i], NULL) == 0 ? 0 : -ENOMEM;
}

static int add_signals(struct run *run)
{
	int r = add_signal(run, 0, SIGTERM, on_stop);

	if (r == 0)
		r = add_signal(run, 1, SIGINT, on_stop);
	if (r == 0)
		r = add_signal(run, 2, SIGHUP, on_hangup);
	if (r == 0)
		r = add_signal(run, 3, SIGUSR1, on_handover);
	signal(SIGPIPE, SIG_IGN);
	return r;
}

/* --- the store --- */

static void forget_first_contact(struct run *run)
{
	if (run->first_contact)
		event_free(run->first_contact);
	run->first_contact = NULL;
}

static void on_no_contact(evutil_socket_t fd, short what, void *ctx)
{
	struct run *run = ctx;

	(void)fd, (void)what;
	log_error(run->server.log, "no XenStore daemon answers: giving up");
	loop_stop(run->server.loop, EXIT_FAILURE);
}

static void on_connected(void *ctx)
{
	struct run *run = ctx;

	forget_first_contact(run);
	run->server.totals.n_store_connections++;
	if (run->store_lost)
		log_info(run->server.log, "connected to the store again");
	run->store_lost = false;
	domains_connected(run->server.domains);
}

static void on_disconnected(void *ctx, int error)
{
	struct run *run = ctx;
	uint32_t n_held_back;

	run->store_lost = true;
	domains_disconnected(run->server.domains);
	if (log_limit_pass(&run->store_limit, loop_now_ms(run->server.loop), STORE_COMPLAIN_MS,
			   &n_held_back))
		log_warning(run->server.log, "no connection to the store, trying again: %s",
			    strerror(-error));
}

static void on_event(void *ctx, const char *path, const char *token)
{
	struct run *run = ctx;

	domains_event(run->server.domains, path, token);
}

static const struct storeclient_handlers store_handlers = {
	.event = on_event,
	.connected = on_connected,
	.disconnected = on_disconnected,
};

/* --- start and end --- */

void server_is_ready(struct server *server)
{
	if (server->ready)
		return;
	server->ready = true;
	daemon_status("serving all consoles; what is typed follows");
	domains_settle(server->domains);
	log_info(server->log, "serving the consoles of %zu domains",
		 domains_count(server->domains));
	daemon_ready(server->ready_fd);
	server->ready_fd = -1;
}

void server_is_settled(struct server *server)
{
	log_debug(server->log, "all terminals are complete");
	daemon_status("serving all consoles");
}

static int open_xen(struct server *server)
{
	struct xentoollog_logger *logger = log_xtl(server->log);
	int r;

	server->xc = xc_interface_open(logger, logger, 0);
	if (!server->xc)
		return -errno;
	r = grants_new(&server->grants, logger);
	if (r < 0)
		return r;
	server->foreign = xenforeignmemory_open(logger, 0);
	return server->foreign ? 0 : -errno;
}

static int start_hvlog(struct server *server)
{
	int r;

	if (!server->options->log_hv && !server->options->journal_hv)
		return 0;
	r = hvlog_new(&server->hvlog, server);
	if (r < 0)
		log_error(server->log, "cannot follow the hypervisor's messages: %s%s",
			  strerror(-r), r == -EEXIST ? " (another xenconsoled runs)" : "");
	return r;
}

static int open_ports(struct server *server)
{
	int fd = kept_evtchn(server->kept), r;

	server->ports_inherited = fd >= 0;
	if (fd >= 0)
		r = ports_new_from(&server->ports, server->loop, fd, log_xtl(server->log));
	else
		r = ports_new(&server->ports, server->loop, log_xtl(server->log));
	/* Once more does no harm: it is known already. */
	if (r == 0)
		kept_use_ports(server->kept, server->ports, fd < 0);
	return r;
}

static int open_journal(struct server *server)
{
	const struct options *options = server->options;

	if (!options->journal_guest && !options->journal_hv)
		return 0;
	return journal_new(&server->journal, JOURNAL_SOCKET);
}

static int wait_for_contact(struct run *run)
{
	struct timeval wait = { .tv_sec = FIRST_CONTACT_MS / 1000 };

	run->first_contact = evtimer_new(loop_base(run->server.loop), on_no_contact, run);
	return run->first_contact && event_add(run->first_contact, &wait) == 0 ? 0 : -ENOMEM;
}

static int start(struct run *run)
{
	struct server *server = &run->server;
	int r = loop_new(&server->loop);

	if (r == 0)
		r = open_xen(server);
	if (r == 0)
		r = backlog_pool_new(&server->pool, server->options->memory_cap_bytes,
				     server->options->keep_overflow);
	if (r == 0)
		r = open_journal(server);
	if (r == 0)
		r = clients_new(&server->clients, server->loop);
	if (r == 0)
		r = kept_new(&server->kept, server->loop, server->log);
	if (r == 0)
		r = domains_new(&server->domains, server);
	if (r == 0)
		r = batches_new(&server->batches, server);
	if (r == 0)
		r = streams_new(&server->streams, server);
	if (r == 0)
		r = open_ports(server);
	if (r == 0)
		r = control_new(&server->control, server);
	if (r == 0)
		r = storeclient_new(&server->store, server->loop, NULL, &store_handlers, run);
	if (r == 0)
		r = wait_for_contact(run);
	if (r == 0)
		r = add_signals(run);
	if (r < 0) {
		log_error(server->log, "cannot start: %s", strerror(-r));
		return r;
	}
	return start_hvlog(server);
}

static void finish(struct run *run)
{
	struct server *server = &run->server;

	control_free(server->control);
	hvlog_free(server->hvlog);
	domains_free(server->domains);
	server->domains = NULL;
	storeclient_free(server->store);
	free(server->retire);
	streams_free(server->streams);
	batches_free(server->batches);
	ports_free(server->ports);
	backlog_pool_free(server->pool);
	journal_free(server->journal);
	kept_free(server->kept);
	clients_free(server->clients);
	if (server->foreign)
		xenforeignmemory_close(server->foreign);
	grants_free(server->grants);
	if (server->xc)
		xc_interface_close(server->xc);
	forget_first_contact(run);
	for (size_t i = 0; i < sizeof(run->signals) / sizeof(run->signals[0]); i++)
		if (run->signals[i])
			event_free(run->signals[i]);
	loop_free(server->loop);
}

/* The event channels broke. Terminals need not end with us, if somebody keeps them. */
static void leave_terminals(struct server *server)
{
	if (!server->kept)
		return;
	kept_drop_evtchn(server->kept);
	kept_leave(server->kept);
	server->leaving = true;
}

int server_run(const struct options *options, struct log *log, int ready_fd)
{
	struct run run = { .server = { .options = options, .log = log, .ready_fd = ready_fd } };
	int status = EXIT_FAILURE;

	raise_fd_limit(log);
	if (start(&run) == 0)
		status = loop_run(run.server.loop);
	if (status < 0)
		leave_terminals(&run.server);
	finish(&run);
	return status < 0 ? EXIT_FAILURE : status;
}
