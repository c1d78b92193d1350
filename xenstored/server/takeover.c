/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the stream and puts its clients together. */
#include "server/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "persist/persist.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"
#include "server/domains.h"
#include "server/handover.h"
#include "server/options.h"
#include "server/server.h"
#include "step.h"

struct kept {
	struct conn *conn;
	uint64_t id;
	uint32_t out_at;
	bool is_socket;
};

struct takeover {
	struct restore restore;
	const struct options *options; /* borrowed */
	struct log *log;	       /* borrowed */
	char *data;		       /* owned: the stream */
	struct idmap conns;
	struct kept *kept; /* owned */
	uint32_t n_kept;
	struct server *server;	      /* takeover_clients() */
	struct stream_own_client own; /* what is known of the next connection */
	uint32_t n_parked;
};

static void stream_name(const struct options *options, char *buf, size_t size)
{
	snprintf(buf, size, "%s/" HANDOVER_FILE, options->run_dir);
}

static int read_file(const char *name, char **data, size_t *len)
{
	CLEANUP(close_fd) int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP(free) char *buf = NULL;
	struct stat st;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	buf = malloc((size_t)st.st_size + 1);
	if (!buf)
		return -ENOMEM;
	while (done < (size_t)st.st_size) {
		ssize_t n = read(fd, buf + done, (size_t)st.st_size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		done += (size_t)n;
	}
	*data = STEAL(buf);
	*len = done;
	return 0;
}

int takeover_new(struct takeover **out, const struct options *options, struct log *log)
{
	CLEANUP(takeover_free) struct takeover *takeover = calloc(1, sizeof(*takeover));
	char name[128];
	size_t len = 0;
	int r;

	if (!takeover)
		return -ENOMEM;
	takeover->options = options;
	takeover->log = log;
	stream_name(options, name, sizeof(name));
	r = read_file(name, &takeover->data, &len);
	if (r < 0) {
		log_error(log, "live update: %s: %s", name, strerror(-r));
		return r;
	}
	r = restore_check(&takeover->restore, takeover->data, len, log);
	if (r == 0)
		r = idmap_init(&takeover->conns, takeover->restore.n_conns + 16);
	if (r == 0)
		takeover->kept = calloc(takeover->restore.n_conns + 1, sizeof(*takeover->kept));
	if (r == 0 && !takeover->kept)
		r = -ENOMEM;
	if (r < 0)
		return r;
	*out = STEAL(takeover);
	return 0;
}

void takeover_free(struct takeover *takeover)
{
	if (!takeover)
		return;
	idmap_deinit(&takeover->conns);
	free(takeover->kept);
	free(takeover->data);
	free(takeover);
}

const struct restore *takeover_restore(const struct takeover *takeover)
{
	return &takeover->restore;
}

int takeover_try(const struct options *options)
{
	CLEANUP(log_free) struct log *log = NULL;
	CLEANUP(takeover_free) struct takeover *takeover = NULL;
	CLEANUP(protocol_free) struct protocol *protocol = NULL;
	struct hash_key key = { 0 };
	char name[128];
	int r;

	if (log_new(&log, "xenstored", LOG_LEVEL_WARNING, LOG_TARGET_STDERR) < 0)
		return EXIT_FAILURE;
	/* Without a stream it is about the arguments alone. */
	stream_name(options, name, sizeof(name));
	if (access(name, F_OK) < 0)
		return EXIT_SUCCESS;
	r = takeover_new(&takeover, options, log);
	if (r == 0)
		r = protocol_new(&protocol, &key, &domains_host, NULL, log);
	if (r == 0)
		r = restore_store(&takeover->restore, protocol);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

void takeover_state_dir(const struct options *options, char *buf, uint32_t size)
{
	snprintf(buf, size, "%s.update", options->state_dir);
}

/* Set in the environment of a program that has been given back what it had given. */
#define BACK_NAME "XENSTORED_UPDATE_FAILED"
#define ARGS_MAX  64

static void let_inherit(int fd)
{
	if (fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, 0);
}

static int pass_back(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	(void)ctx, (void)reader;
	if (record->type == STREAM_GLOBAL) {
		let_inherit(record->global.listen_fd);
		let_inherit(record->global.evtchn_fd);
	} else if (record->type == STREAM_CONN && record->conn.is_socket) {
		let_inherit(record->conn.fd);
	} else if (record->type == STREAM_OWN_SERVER) {
		let_inherit(record->own_server.park_fd[0]);
		let_inherit(record->own_server.park_fd[1]);
		let_inherit(record->own_server.program_fd);
	}
	return 0;
}

void takeover_give_back(const struct options *options, struct log *log, const char *why)
{
	CLEANUP(takeover_free) struct takeover *takeover = NULL;
	static char live_update[] = "-U";
	const struct stream_own_server *server;
	char *argv[ARGS_MAX + 2];
	const char *arg;
	bool has_it = false;
	uint32_t n;

	if (getenv(BACK_NAME) || takeover_new(&takeover, options, log) < 0)
		return;
	server = &takeover->restore.server;
	if (!server->version || server->program_fd <= STDERR_FILENO || !server->n_args ||
	    server->n_args > ARGS_MAX)
		return;
	for (n = 0, arg = server->args; n < server->n_args; n++, arg += strlen(arg) + 1) {
		argv[n] = (char *)arg;
		has_it |= strcmp(arg, "-U") == 0 || strcmp(arg, "--live-update") == 0;
	}
	if (!has_it)
		argv[n++] = live_update;
	argv[n] = NULL;
	log_error(log, "live update: given back: %s", why);
	setenv(BACK_NAME, why, 1);
	restore_walk(&takeover->restore, pass_back, NULL);
	STEP("about to give back");
	fexecve(server->program_fd, argv, environ);
	log_error(log, "live update: the program before cannot be called: %s", strerror(errno));
}

bool takeover_is_last(const struct takeover *takeover)
{
	return !takeover->restore.server.version || getenv(BACK_NAME);
}

/* What stands in the stream says that all went well: it is not sent, but the truth. */
static int answer_truly(struct conn *conn, const struct stream_conn *client, const char *why)
{
	struct stream_conn said = *client, *in = &said;
	uint32_t len = (uint32_t)(sizeof(struct xsd_sockmsg) + sizeof("OK"));
	struct xsd_sockmsg head;
	char *room;
	int r;

	if (in->out_len < len)
		return -EBADMSG;
	in->out_len -= len;
	memcpy(&head, in->out + in->out_len, sizeof(head));
	r = restore_client(conn, in, true);
	if (r < 0)
		return r;
	len = (uint32_t)strlen(why) + 1;
	room = conn_message(conn, head.type, head.req_id, head.tx_id, len);
	if (!room)
		return -ENOMEM;
	memcpy(room, why, len);
	return 0;
}

static int take_client(struct takeover *takeover, const struct stream_conn *in)
{
	const struct stream_own_client *own = takeover->own.conn == in->id ? &takeover->own : NULL;
	struct server *server = takeover->server;
	uint32_t out_at = 0;
	struct conn *conn;
	const char *why;
	int r;

	if (in->is_socket)
		r = listener_take_client(server->listener, in, &conn);
	else
		r = domains_take_ring(server->domains, in, own, &conn, &out_at);
	if (r < 0 || !conn)
		return r;
	takeover->kept[takeover->n_kept++] = (struct kept){
		.conn = conn,
		.id = own ? own->id : 0,
		.out_at = out_at,
		.is_socket = in->is_socket,
	};
	takeover->n_parked += in->is_socket && own && own->id;
	if (own)
		conn->next_txid = own->next_txid;
	why = getenv(BACK_NAME);
	if (why && in->id == takeover->restore.server.updater)
		r = answer_truly(conn, in, why);
	else
		r = restore_client(conn, in, own ? own->head_is_answer : true);
	return r < 0 ? r : idmap_set(&takeover->conns, in->id, conn);
}

static int take_watch(struct takeover *takeover, const struct stream_watch *in)
{
	struct conn *conn = idmap_get(&takeover->conns, in->conn);
	char text[80];
	int r;

	if (!conn)
		return 0;
	r = restore_watch(conn, in);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		log_warning(takeover->log, "live update: a watch on %s is left out: %s",
			    log_escape(text, sizeof(text), in->path, in->path_len), strerror(-r));
	return 0;
}

static int take_record(void *ctx, const struct reader *reader, const struct stream_record *record)
{
	struct takeover *takeover = ctx;

	(void)reader;
	switch (record->type) {
	case STREAM_OWN_CLIENT:
		takeover->own = record->own_client;
		return 0;
	case STREAM_CONN:
		return take_client(takeover, &record->conn);
	case STREAM_WATCH:
	case STREAM_WATCH_EXT:
		return take_watch(takeover, &record->watch);
	default:
		return 0;
	}
}

static void keep_clients(struct takeover *takeover)
{
	struct server *server = takeover->server;

	for (uint32_t i = 0; i < takeover->n_kept; i++) {
		const struct kept *kept = &takeover->kept[i];

		if (kept->is_socket)
			listener_keep_client(server->listener, kept->conn, kept->id);
		else if (server->persist)
			persist_adopt_client(server->persist, kept->conn, kept->id, kept->out_at);
	}
}

int takeover_clients(struct takeover *takeover, struct server *server)
{
	const struct restore *restore = &takeover->restore;
	int r;

	takeover->server = server;
	r = restore_walk(restore, take_record, takeover);
	if (r == 0)
		r = restore_txns(restore, &takeover->conns);
	if (r == 0)
		r = restore->server.version && restore->server.park_fd[0] >= 0
			    ? socket_park_take(server->listener, restore->server.park_fd,
					       takeover->n_parked)
			    : listener_keep(server->listener);
	if (r < 0) {
		log_error(takeover->log, "live update: connections cannot be taken over: %s",
			  strerror(-r));
		return r;
	}
	keep_clients(takeover);
	return domains_settle(server->domains, restore);
}

int takeover_finish(struct takeover *takeover, struct server *server)
{
	const struct options *options = takeover->options;
	bool is_last = takeover_is_last(takeover);
	char name[sizeof(options->state_dir) + 8];
	int r = 0;

	if (server->persist)
		r = persist_take_place(server->persist, options->state_dir, is_last);
	if (r < 0 && !is_last)
		return r;
	takeover_state_dir(options, name, sizeof(name));
	/* Nobody can have the store back: better one that has to be looked for. */
	if (r < 0)
		log_error(takeover->log,
			  "the state is kept in %s, where the next start does not look for it "
			  "unless --state-dir names it",
			  name);
	STEP("taken over");
	stream_name(takeover->options, name, sizeof(name));
	unlink(name);
	unsetenv(BACK_NAME);
	log_info(takeover->log, "live update: %u connections, %u nodes taken over from %s",
		 takeover->restore.n_conns, takeover->restore.n_nodes,
		 takeover->restore.server.version ? "a xenstored of xenscale"
						  : "another xenstored");
	if (takeover->restore.server.version && takeover->restore.server.program_fd > STDERR_FILENO)
		close(takeover->restore.server.program_fd);
	return 0;
}
