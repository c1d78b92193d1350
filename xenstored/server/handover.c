/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In this order, each step undone if a later one fails: the stream is written to a file, the state
 * that was kept is marked as handed over, descriptors are made to be inherited, the program is
 * called. Killed anywhere between, the next start finds the kept state, and beside the mark the
 * stream that nobody has taken away: so nobody has taken over, and the state is good.
 */
#include "server/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "model/quota.h"
#include "model/store.h"
#include "park.h"
#include "persist/persist.h"
#include "ports.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "protocol/text.h"
#include "protocol/wire.h"
#include "server/domains.h"
#include "server/options.h"
#include "server/server.h"
#include "server/socket.h"
#include "step.h"

void handover_client(struct handover *handover, const struct conn *conn, struct stream_conn *head,
		     uint32_t req_cons, uint32_t rsp_prod)
{
	bool is_updater = conn == handover->updater;
	struct stream_own_client own = {
		.next_txid = conn->next_txid,
		.req_cons = req_cons,
		.rsp_prod = rsp_prod,
		.id = conn->record.id,
		.head_is_answer = conn->out.head_is_answer,
	};

	head->id = own.conn = ++handover->n_conns;
	if (is_updater)
		handover->updater_id = head->id;
	if (handover->second_pass) {
		dump_txns(&handover->writer, conn, head->id, handover->own);
		return;
	}
	if (handover->own)
		writer_own_client(&handover->writer, &own);
	dump_client(&handover->writer, conn, head, is_updater ? &handover->answer : NULL);
}

static void write_clients(struct handover *handover)
{
	handover->n_conns = 0;
	domains_hand_over(handover->server->domains, handover);
	listener_hand_over(handover->server->listener, handover);
}

static void write_server(struct handover *handover, int program_fd)
{
	struct server *server = handover->server;
	const struct options *options = server->options;
	struct text args = { 0 };
	struct stream_own_server own = {
		.version = STREAM_OWN_VERSION,
		.updater = handover->updater_id,
		.virq = domains_virq_port(server->domains),
		.park_fd = { -1, -1 },
		.program_fd = program_fd,
		.generation = server->protocol->store->generation,
		.next_client = server->persist ? persist_next_id(server->persist) : 0,
	};

	if (server->park)
		park_fds(server->park, own.park_fd);
	for (int i = 0; i < options->argc; i++)
		text_add(&args, "%s%c", options->argv[i], '\0');
	own.args = args.data;
	own.n_args = args.failed ? 0 : (uint32_t)options->argc;
	writer_own_server(&handover->writer, &own);
	text_deinit(&args);
}

/* The request that is at the front of the updater's input, answered with OK. */
static void prepare_answer(struct handover *handover, char *message)
{
	const struct conn *conn = handover->updater;
	struct xsd_sockmsg head;

	memcpy(&head, conn->in, sizeof(head));
	handover->answer.skip = (uint32_t)sizeof(head) + head.len;
	head.len = sizeof("OK");
	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), "OK", sizeof("OK"));
	handover->answer.message = message;
	handover->answer.len = (uint32_t)sizeof(head) + head.len;
}

static int write_stream(struct handover *handover, uint32_t version, int program_fd)
{
	struct server *server = handover->server;
	struct writer *writer = &handover->writer;
	char message[64];

	prepare_answer(handover, message);
	writer_begin(writer, version);
	writer_global(writer, &(struct stream_global){
				      .listen_fd = listener_fd(server->listener),
				      .evtchn_fd = server->ports ? ports_fd(server->ports) : -1 });
	dump_quota(writer, server->protocol->quota);
	write_clients(handover);
	dump_nodes(writer, server->protocol->store);
	domains_hand_over_limits(server->domains, handover);
	handover->second_pass = true;
	write_clients(handover);
	if (handover->own)
		write_server(handover, program_fd);
	return writer_finish(writer);
}

/* It is there as a whole or not at all. */
static int save_stream(const struct handover *handover, const char *run_dir)
{
	const struct writer *writer = &handover->writer;
	char name[128], temporary[136];
	CLEANUP(close_fd) int fd = -1;
	size_t done = 0;
	int r;

	snprintf(name, sizeof(name), "%s/" HANDOVER_FILE, run_dir);
	snprintf(temporary, sizeof(temporary), "%s.new", name);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (done < writer->len) {
		ssize_t n = write(fd, writer->data + done, writer->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = -errno;
			unlink(temporary);
			return r;
		}
		done += (size_t)n;
	}
	return rename(temporary, name) < 0 ? -errno : 0;
}

static void remove_stream(const char *run_dir)
{
	char name[128];

	snprintf(name, sizeof(name), "%s/" HANDOVER_FILE, run_dir);
	unlink(name);
}

static void let_inherit(int fd, bool inherit)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, inherit ? 0 : FD_CLOEXEC);
}

/* What the next program holds when it begins. */
static void pass_descriptors(struct handover *handover, bool pass, int program_fd)
{
	struct server *server = handover->server;
	int fds[2];

	if (server->ports)
		let_inherit(ports_fd(server->ports), pass);
	listener_inherit(server->listener, pass, !handover->own);
	if (!handover->own)
		return;
	let_inherit(program_fd, pass);
	if (server->park) {
		park_fds(server->park, fds);
		let_inherit(fds[0], pass);
		let_inherit(fds[1], pass);
	}
}

/* The service manager must not hold what a program does not know of that closes its sockets. */
static void tell_keeper(struct server *server, bool foreign_comes)
{
	int fds[2];

	if (!server->keeper || !server->park)
		return;
	park_fds(server->park, fds);
	if (foreign_comes) {
		keeper_remove(server->keeper, "listener");
		keeper_remove(server->keeper, "park-in");
		keeper_remove(server->keeper, "park-out");
		return;
	}
	keeper_store(server->keeper, "listener", listener_fd(server->listener));
	keeper_store(server->keeper, "park-in", fds[0]);
	keeper_store(server->keeper, "park-out", fds[1]);
}

/*
 * If the next daemon could not keep what it is given, it would give it back to one that cannot
 * either: its own folder is marked by then.
 */
static int check_place(const struct handover *handover, const struct handover_plan *plan)
{
	const struct persist *persist = handover->server->persist;
	bool goes_elsewhere = plan->cmdline && (strstr(plan->cmdline, "--state-dir") ||
						strstr(plan->cmdline, "--no-state"));

	return persist && plan->own && !goes_elsewhere
		       ? persist_check_place(persist, handover->writer.len)
		       : 0;
}

/* Returns what failed. */
static const char *leave(struct handover *handover, const struct handover_plan *plan,
			 int program_fd, int *error)
{
	struct server *server = handover->server;
	const char *run_dir = server->options->run_dir, *what = "Error activating new binary.";

	*error = save_stream(handover, run_dir);
	if (*error < 0)
		return "Dump write error";
	STEP("stream written");
	*error = check_place(handover, plan);
	if (*error < 0) {
		remove_stream(run_dir);
		return "The next daemon could not keep its state";
	}
	*error = server->persist ? persist_hand_over(server->persist, true) : 0;
	if (*error < 0) {
		remove_stream(run_dir);
		return "The saved state cannot be marked as handed over";
	}
	STEP("handed over");
	if (!plan->own) {
		tell_keeper(server, true);
		domains_virq(server->domains, false);
	}
	pass_descriptors(handover, true, program_fd);
	STEP("about to become another");
	/* One that waits ends us here: as if killed, with all in its place. */
	server_hold_signals(false);
	execv(plan->program, plan->argv);
	*error = -errno;
	server_hold_signals(true);
	pass_descriptors(handover, false, program_fd);
	if (!plan->own) {
		if (domains_virq(server->domains, true) < 0)
			what = "Error activating new binary, and the end of domains is not "
			       "noticed any more";
		tell_keeper(server, false);
	}
	if (server->persist)
		persist_hand_over(server->persist, false);
	remove_stream(run_dir);
	return what;
}

int handover_try(struct server *server, const struct handover_plan *plan)
{
	struct handover handover = {
		.server = server,
		.own = plan->own,
		.updater = plan->updater,
	};
	int r = write_stream(&handover, plan->version, -1);

	if (r == 0)
		r = save_stream(&handover, server->options->run_dir);
	writer_deinit(&handover.writer);
	return r;
}

void handover_end_try(struct server *server)
{
	remove_stream(server->options->run_dir);
}

void handover_go(struct server *server, const struct handover_plan *plan, char *why,
		 uint32_t why_size)
{
	CLEANUP(close_fd) int program_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct handover handover = {
		.server = server,
		.own = plan->own,
		.updater = plan->updater,
	};
	const char *what = "Dump state error";
	int r = write_stream(&handover, plan->version, program_fd);

	if (r == 0) {
		log_info(server->log, "live update: %u connections, %zu bytes, to %s%s%s",
			 handover.n_conns, handover.writer.len, plan->program,
			 plan->cmdline ? " " : "", plan->cmdline ? plan->cmdline : "");
		what = leave(&handover, plan, program_fd, &r);
	}
	snprintf(why, why_size, "%s (%s)", what, strerror(-r));
	writer_deinit(&handover.writer);
}
