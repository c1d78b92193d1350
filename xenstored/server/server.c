/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens everything in an order that harms nobody, and runs the turns. */
#include "server/server.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "park.h"
#include "persist/persist.h"
#include "ports.h"
#include "protocol/protocol.h"
#include "server/domains.h"
#include "server/handover.h"
#include "server/hypervisor.h"
#include "server/options.h"
#include "server/socket.h"
#include "server/takeover.h"
#include "server/update.h"
#include "step.h"
#include "update/restore.h"

/*
 * How long the next request of a tool that others wait for is awaited without sleeping: twice the
 * time that a round trip takes. It is the sleeping that limits how many commits there can be.
 */
#define LINGER_US 50

/* An image so long ago says that the journal grows slowly. */
#define SPARE_MS 1000

static void serve(void *ctx)
{
	struct server *server = ctx;

	if (server->domains)
		domains_check(server->domains);
	schedule_serve(server);
	if (server->has_waiting && domains_attend(server->domains, false))
		loop_again(server->loop);
	if (server->persist)
		persist_commit(server->persist);
}

/* While events wait for guests, look every second whether some have waited too long. */
static void watch_backlogs(struct server *server)
{
	if (server->options->watch_timeout_s && !server->expiry.due_us &&
	    backlog_is_any(server->protocol))
		loop_timer_set(server->loop, &server->expiry, 1000);
}

static void on_hurry(struct loop_timer *timer)
{
	contention_hurry(
		((struct server *)((char *)timer - offsetof(struct server, hurry)))->protocol);
}

static void on_expiry(struct loop_timer *timer)
{
	struct server *server = (struct server *)((char *)timer - offsetof(struct server, expiry));

	backlog_expire(server->protocol, (uint64_t)server->options->watch_timeout_s * 1000);
}

/* No image was made for a while: the room of the journal before is not needed so soon. */
static void on_spare(struct loop_timer *timer)
{
	struct server *server = (struct server *)((char *)timer - offsetof(struct server, spare));

	if (persist_give_back(server->persist))
		loop_timer_set(server->loop, timer, 1);
}

static void after_images(struct server *server)
{
	uint32_t n = persist_n_images(server->persist);

	if (n == server->n_images)
		return;
	server->n_images = n;
	loop_timer_set(server->loop, &server->spare, SPARE_MS);
}

/* Clients that were held back may go on: they are ready for the next turn. */
static void flush(void *ctx)
{
	struct server *server = ctx;

	schedule_flush(server);
	if (server->persist && persist_delivered(server->persist)) {
		loop_again(server->loop);
		after_images(server);
	}
	if (schedule_is_pending(server))
		loop_again(server->loop);
	watch_backlogs(server);
	if (server->protocol->contention.n_waiting && !server->hurry.due_us)
		loop_timer_set(server->loop, &server->hurry, 5);
	if (server->protocol->contention.n_tools_waiting)
		loop_linger(server->loop, LINGER_US);
}

static void apply_limits(struct server *server)
{
	const struct options *options = server->options;

	for (int soft = 0; soft < 2; soft++)
		for (enum quota_item i = 0; i < QUOTA_N; i++)
			if (options->set[soft][i])
				quota_set_limit(server->protocol->quota, i, soft,
						options->limit[soft][i]);
}

/* A trace or a log that cannot be written is no reason not to serve. */
static void open_trace(struct server *server)
{
	const struct options *options = server->options;
	struct trace *trace = &server->protocol->trace;
	struct access *access = NULL;
	int r = 0;

	if (options->trace_control && trace_set_switch(trace, options->trace_control) < 0)
		log_warning(server->log, "no trace switch is called %s", options->trace_control);
	if (options->trace_file)
		r = trace_open(trace, options->trace_file);
	if (r < 0)
		log_warning(server->log, "%s: %s", options->trace_file, strerror(-r));
	if (!options->access.sink.to)
		return;
	r = access_new(&access, &options->access);
	if (r < 0)
		log_warning(server->log, "%s: %s", options->access.sink.to, strerror(-r));
	else
		trace_log_access(trace, access);
}

/* Nor is a socket on which nobody can change anything. */
static void open_read_only(struct server *server)
{
	const char *path = server->options->read_only_path;
	int r = path ? listener_new_read_only(&server->read_only, server, path) : 0;

	if (r < 0)
		log_error(server->log, "%s: %s: nobody is served there", path, strerror(-r));
}

static int open_protocol(struct server *server)
{
	struct hash_key key;
	int r;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		return -errno;
	r = protocol_new(&server->protocol, &key, &domains_host, server, server->log);
	if (r < 0)
		return r;
	schedule_init(server);
	apply_limits(server);
	server->protocol->test_eagain = server->options->test_eagain;
	open_trace(server);
	return 0;
}

/* The hypervisor first: who may have its events is the one and only daemon of this host. */
static int open_hypervisor(struct server *server)
{
	int r;

	if (server->options->no_domain_init)
		return 0;
	r = hypervisor_new(&server->hypervisor, server->log);
	if (r < 0)
		return r;
	if (server->takeover && takeover_restore(server->takeover)->global.evtchn_fd >= 0)
		r = ports_new_from(&server->ports, server->loop,
				   takeover_restore(server->takeover)->global.evtchn_fd,
				   log_xtl(server->log));
	else
		r = ports_new(&server->ports, server->loop, log_xtl(server->log));
	if (r < 0)
		log_error(server->log, "event channels cannot be opened: %s", strerror(-r));
	return r;
}

/* A later start must not go on from before what this one does. Where that cannot be noted, it could
 * not be kept either. */
static void outdate_state(struct server *server)
{
	int r = server->options->live_update ? 0 : persist_outdate(server->options->state_dir);

	if (r < 0)
		log_error(server->log, "%s: cannot be marked as out of date: %s",
			  server->options->state_dir, strerror(-r));
}

static int open_persist(struct server *server)
{
	const struct options *options = server->options;
	struct persist_options state = {
		.dir = options->state_dir,
		.fresh = options->fresh,
		.recover = options->recover,
		.journal_bytes = options->journal_bytes,
	};
	char dir[sizeof(options->state_dir) + 8], leftover[128];
	int r;

	if (options->no_state) {
		outdate_state(server);
		return 0;
	}
	snprintf(leftover, sizeof(leftover), "%s/" HANDOVER_FILE, options->run_dir);
	state.is_untaken = access(leftover, F_OK) == 0;
	if (server->takeover) {
		takeover_state_dir(options, dir, sizeof(dir));
		persist_clear(dir);
		state.dir = dir;
		state.fresh = true;
		state.first_id = takeover_restore(server->takeover)->server.next_client;
	}
	r = keeper_new(&server->keeper, server->log);
	if (r < 0)
		return r;
	state.sockets = server->keeper;
	r = persist_new(&server->persist, server->protocol, &state, server->log);
	if (r < 0 || server->takeover)
		return r;
	unlink(leftover);
	/* Over those that were saved: what is asked for now holds. */
	apply_limits(server);
	return domains_restore(server->domains);
}

static uint32_t virq_of(const struct takeover *takeover)
{
	return takeover && takeover_restore(takeover)->server.version
		       ? takeover_restore(takeover)->server.virq
		       : 0;
}

/* If nobody can be given the store back, without a state is better than without a store. */
static int open_persist_or_go_without(struct server *server)
{
	int r = open_persist(server);

	if (r == 0 || !server->takeover || !takeover_is_last(server->takeover))
		return r;
	log_error(server->log, "nothing can be kept (%s): a daemon that is killed loses the store",
		  strerror(-r));
	persist_free(server->persist);
	server->persist = NULL;
	keeper_free(server->keeper);
	server->keeper = NULL;
	return 0;
}

/* The same holds for dom0's kernel: it alone is without the store then. */
static int attach_own_or_go_without(struct server *server)
{
	int r = domains_attach_own(server->domains);

	if (r == 0 || !server->takeover || !takeover_is_last(server->takeover))
		return r;
	log_error(server->log, "dom0's kernel is not served: there is a store to take over");
	return 0;
}

static int socket_of(const struct takeover *takeover)
{
	int fd = takeover ? takeover_restore(takeover)->global.listen_fd : -1;

	return fd >= 0 && socket_check(fd, true) == 0 ? fd : -1;
}

static int open_all(struct server *server)
{
	int r = loop_new(&server->loop);

	if (r < 0)
		return r;
	server->serve_hook = (struct loop_hook){ .fn = serve, .ctx = server };
	server->flush_hook = (struct loop_hook){ .fn = flush, .ctx = server };
	loop_turn_hook(server->loop, &server->serve_hook);
	loop_turn_hook(server->loop, &server->flush_hook);
	/* Timers must not be libevent's from here on. */
	if (loop_go_direct(server->loop) < 0)
		log_debug(server->log, "libevent watches all descriptors");
	server->expiry.fn = on_expiry;
	server->hurry.fn = on_hurry;
	server->spare.fn = on_spare;
	if (server->options->live_update)
		r = takeover_new(&server->takeover, server->options, server->log);
	if (r == 0)
		r = open_protocol(server);
	if (r == 0 && server->takeover)
		r = restore_store(takeover_restore(server->takeover), server->protocol);
	if (r == 0)
		r = open_hypervisor(server);
	if (r == 0)
		r = domains_new(&server->domains, server, virq_of(server->takeover));
	if (r == 0 && server->takeover)
		r = domains_arrive(server->domains, takeover_restore(server->takeover));
	/* By now we know that we are the only one. */
	if (r == 0)
		r = open_persist_or_go_without(server);
	if (r < 0)
		return r;
	/* Who sees the other one sees this. */
	open_read_only(server);
	r = listener_new_from(&server->listener, server, server->options->socket_path,
			      socket_of(server->takeover));
	if (r < 0) {
		log_error(server->log, "%s: %s", server->options->socket_path,
			  r == -EADDRINUSE ? "another daemon serves it" : strerror(-r));
		return r;
	}
	if (server->takeover)
		r = takeover_clients(server->takeover, server);
	if (r == 0)
		r = attach_own_or_go_without(server);
	/* With a saved state, those who waited were introduced then. */
	if (r == 0 && server->hypervisor && !server->takeover &&
	    (!server->persist || persist_is_new(server->persist)))
		r = domains_adopt(server->domains);
	STEP("all restored");
	if (r == 0 && server->persist)
		persist_restore_end(server->persist);
	STEP("restart committed");
	if (r == 0 && server->takeover)
		r = takeover_finish(server->takeover, server);
	if (r == 0)
		domains_scan(server->domains);
	/* There may be answers to send that were noted before a restart. */
	loop_again(server->loop);
	return r;
}

int server_new(struct server **out, const struct options *options, struct log *log)
{
	CLEANUP(server_free) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	server->options = options;
	server->log = log;
	r = open_all(server);
	takeover_free(server->takeover);
	server->takeover = NULL;
	/* Nothing that was inherited is closed yet. */
	if (r < 0 && options->live_update)
		takeover_give_back(options, log, "The new daemon cannot go on; its log says why.");
	if (r < 0)
		return r;
	*out = STEAL(server);
	return 0;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	update_free(server->update);
	/* First, or the end of everything would be noted. */
	persist_free(server->persist);
	server->persist = NULL;
	listener_free(server->read_only);
	listener_free(server->listener);
	domains_free(server->domains);
	ports_free(server->ports);
	hypervisor_free(server->hypervisor);
	park_free(server->park);
	keeper_free(server->keeper);
	/* What was put off until the end of a turn: the last clients. */
	loop_free(server->loop);
	protocol_free(server->protocol);
	free(server);
}

static void terminate(struct server *server)
{
	log_info(server->log, "told to stop");
	server->is_stopping = true;
	loop_stop(server->loop, EXIT_SUCCESS);
}

static void reopened(struct server *server, const char *what, int r)
{
	if (r < 0)
		log_warning(server->log, "%s: %s", what, strerror(-r));
}

/* Trace and logs may have been moved away: go on in new files. */
static void reopen_all(struct server *server)
{
	const struct options *options = server->options;
	struct trace *trace = &server->protocol->trace;

	if (trace->path && trace->fd >= 0)
		reopened(server, trace->path, trace_open(trace, NULL));
	if (trace->access)
		reopened(server, options->access.sink.to, access_reopen(trace->access));
	if (options->log_sink)
		reopened(server, options->log.to, sink_reopen(options->log_sink));
}

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

void server_hold_signals(bool hold)
{
	sigset_t set = our_signals();

	if (!hold)
		signal(SIGHUP, SIG_IGN);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
	if (hold)
		signal(SIGHUP, SIG_DFL);
}

/* They wait until they are read: none is lost to a program that another one takes the place of. */
static void on_signal(struct loop_fd *lfd, unsigned int what)
{
	struct server *server = (struct server *)((char *)lfd - offsetof(struct server, signals));
	struct signalfd_siginfo info;

	(void)what;
	while (read(lfd->fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGHUP)
			reopen_all(server);
		else
			terminate(server);
}

static int watch_signals(struct server *server)
{
	sigset_t set = our_signals();

	signal(SIGPIPE, SIG_IGN);
	server_hold_signals(true);
	server->signals.ready = on_signal;
	server->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signals.fd < 0)
		return -errno;
	return loop_fd_add(server->loop, &server->signals, LOOP_READ);
}

int server_run(struct server *server)
{
	CLEANUP(close_fd) int fd = -1;
	int r = watch_signals(server);
	int status;

	fd = server->signals.fd;
	if (r < 0)
		return EXIT_FAILURE;
	status = loop_run(server->loop);
	loop_fd_remove(server->loop, &server->signals);
	if (server->persist)
		persist_finish(server->persist);
	return status < 0 ? EXIT_FAILURE : status;
}
