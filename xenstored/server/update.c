/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers are those of Xen's own daemon wherever it has one for the case. */
#include "server/update.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "protocol/conn.h"
#include "protocol/dispatch.h"
#include "protocol/protocol.h"
#include "protocol/text.h"
#include "server/domains.h"
#include "server/handover.h"
#include "server/options.h"
#include "server/server.h"
#include "server/socket.h"
#include "server/trial.h"

#define WORDS_MAX 64
#define WAIT_MS	  100
/* What --help of ours says, among other things. */
#define OUR_MARK "xenscale live update"
/* And that of any that can take over. */
#define ANY_MARK "xenstored"

enum phase {
	PREPARED, /* the program is named */
	PROBING,  /* --help: is it a program, and whose? */
	PROVING,  /* ours: its arguments */
	WAITING,  /* for transactions to end */
	DECIDED,  /* to be answered */
};

struct update {
	struct server *server; /* borrowed */
	enum phase phase;
	char *program; /* owned, as the rest */
	char *cmdline; /* NULL: the arguments that we were given */
	char *words;   /* cmdline, cut into words */
	char *argv[WORDS_MAX + 4];
	bool force;
	bool own;
	uint32_t timeout_s;
	uint32_t version; /* 0: what suits the program */
	uint64_t since_ms;
	struct trial *trial; /* NULL: none is under way */
	bool trial_done;
	bool trial_ok;
	char *trial_text;
	struct loop_timer tick;
	char why[512]; /* DECIDED */
};

void update_free(struct update *update)
{
	if (!update)
		return;
	loop_turn_unhook(update->server->loop, &update->server->update_hook);
	update->server->protocol->holds_txns = false;
	if (update->phase == PROVING)
		handover_end_try(update->server);
	loop_timer_cancel(update->server->loop, &update->tick);
	trial_free(update->trial);
	free(update->trial_text);
	free(update->program);
	free(update->cmdline);
	free(update->words);
	free(update);
}

/* Nobody has the word any more. */
static void end_session(struct server *server)
{
	update_free(server->update);
	server->update = NULL;
	server->protocol->updater = NULL;
	domains_check_stalls(server->domains);
	listener_check_stalls(server->listener);
	if (server->read_only)
		listener_check_stalls(server->read_only);
}

/* Is the client gone that wanted it? */
static bool is_orphan(const struct server *server)
{
	const struct conn *updater = server->protocol->updater;

	return server->update && (!updater || updater->is_dead);
}

static void decide(struct update *update, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void decide(struct update *update, const char *fmt, ...)
{
	struct protocol *protocol = update->server->protocol;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(update->why, sizeof(update->why), fmt, ap);
	va_end(ap);
	log_warning(update->server->log, "live update: %s", update->why);
	update->phase = DECIDED;
	protocol->holds_txns = false;
	/* It asks again, and is answered. */
	if (protocol->updater)
		conn_check_stall(protocol->updater);
}

static void on_trial(void *ctx, bool ok, const char *text)
{
	struct update *update = ctx;

	update->trial_done = true;
	update->trial_ok = ok;
	update->trial_text = strdup(text);
	loop_again(update->server->loop);
}

static void on_tick(struct loop_timer *timer)
{
	(void)timer; /* the turn does the rest */
}

static bool add_word(struct update *update, uint32_t *n, char *word)
{
	if (*n == WORDS_MAX)
		return false;
	update->argv[(*n)++] = word;
	return true;
}

/* Its arguments: those given, or ours, and always -U. */
static int set_arguments(struct update *update)
{
	const struct options *options = update->server->options;
	static char live_update[] = "-U";
	bool has_it = false, ok = true;
	uint32_t n = 1;
	char *save;

	update->argv[0] = update->program;
	if (update->cmdline) {
		free(update->words);
		update->words = strdup(update->cmdline);
		if (!update->words)
			return -ENOMEM;
		for (char *word = strtok_r(update->words, " \t\n", &save); word && ok;
		     word = strtok_r(NULL, " \t\n", &save))
			ok = add_word(update, &n, word);
	} else {
		for (int i = 1; i < options->argc && ok; i++)
			ok = add_word(update, &n, options->argv[i]);
	}
	for (uint32_t i = 1; i < n; i++)
		has_it |= strcmp(update->argv[i], "-U") == 0 ||
			  strcmp(update->argv[i], "--live-update") == 0;
	if (!has_it)
		update->argv[n++] = live_update;
	update->argv[n] = NULL;
	return ok ? 0 : -E2BIG;
}

static int start_trial(struct update *update, enum phase phase, char **argv)
{
	trial_free(update->trial);
	free(update->trial_text);
	update->trial = NULL;
	update->trial_text = NULL;
	update->trial_done = false;
	update->phase = phase;
	return trial_new(&update->trial, update->server->loop, update->program, argv, on_trial,
			 update);
}

static int probe(struct update *update)
{
	static char help[] = "--help";
	char *argv[] = { update->program, help, NULL };

	return start_trial(update, PROBING, argv);
}

static void make_plan(struct update *update, struct handover_plan *plan)
{
	*plan = (struct handover_plan){
		.program = update->program,
		.argv = update->argv,
		.cmdline = update->cmdline,
		.own = update->own,
		.version = update->version ? update->version
			   : update->own   ? 2
					   : 1,
		.updater = update->server->protocol->updater,
	};
}

/* Would it take its arguments, and what is in the store now? */
static int prove(struct update *update)
{
	static char test[] = "--config-test";
	char *argv[WORDS_MAX + 4];
	struct handover_plan plan;
	uint32_t n = 0;
	int r;

	for (; update->argv[n]; n++)
		argv[n] = update->argv[n];
	argv[n++] = test;
	argv[n] = NULL;
	make_plan(update, &plan);
	r = handover_try(update->server, &plan);
	return r < 0 ? r : start_trial(update, PROVING, argv);
}

/* The last line that it said, which is the one that says why it ended. */
static const char *last_line(char *text)
{
	size_t len = strlen(text);
	const char *nl;

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	nl = strrchr(text, '\n');
	return nl ? nl + 1 : text;
}

static void judge_trial(struct update *update)
{
	char *text = update->trial_text;
	int r = 0;

	if (update->phase == PROVING)
		handover_end_try(update->server);
	if (!text || !update->trial_ok) {
		decide(update, "The new binary does not start: %s",
		       text && *text ? last_line(text) : "it says nothing");
		return;
	}
	if (update->phase == PROBING) {
		update->own = strstr(text, OUR_MARK);
		if (update->own) {
			r = prove(update);
		} else if (!strstr(text, ANY_MARK)) {
			decide(update,
			       "The new binary does not start: its --help knows no xenstored");
		} else {
			update->server->protocol->holds_txns = true;
			update->phase = WAITING;
		}
	} else {
		update->phase = WAITING;
	}
	if (r < 0)
		decide(update, "The new binary does not start: %s", strerror(-r));
}

struct waiting {
	struct update *update;
	struct text *names; /* of those who have waited for the whole timeout; NULL: only count */
	uint64_t now_ms;
	uint32_t n_open;
	uint32_t n_long;
};

static void count_open(void *ctx, struct conn *conn)
{
	struct waiting *waiting = ctx;
	uint32_t open_s = ((uint32_t)waiting->now_ms - conn->txns_since_ms) / 1000;

	if (LIST_EMPTY(&conn->txns))
		return;
	waiting->n_open++;
	if (open_s < waiting->update->timeout_s)
		return;
	if (!waiting->n_long++)
		text_add(waiting->names, "Domains with long running transactions:");
	text_add(waiting->names, "\nDomain %u: %" PRIu32 " s", conn->watcher.subject.domid, open_s);
}

/* May it begin? While not: false, and maybe never. */
static bool may_go(struct update *update)
{
	struct server *server = update->server;
	struct text names = { 0 };
	struct waiting waiting = { .update = update,
				   .names = &names,
				   .now_ms = loop_now_ms(server->loop) };
	bool may;

	if (update->own)
		return true;
	domains_each_conn(server->domains, count_open, &waiting);
	listener_each_conn(server->listener, count_open, &waiting);
	may = !waiting.n_open || (update->force && waiting.n_long == waiting.n_open);
	if (!may && waiting.now_ms >= update->since_ms + update->timeout_s * 1000ull) {
		may = update->force;
		if (!may)
			decide(update, "%s", names.data ? names.data : "Overlapping transactions");
	}
	text_deinit(&names);
	return may;
}

static void try_to_go(struct update *update)
{
	struct server *server = update->server;
	struct handover_plan plan;
	char why[256];

	/* Who is told to stop must not become one who was not. */
	if (server->is_stopping)
		return;
	if (!may_go(update)) {
		if (update->phase == WAITING)
			loop_timer_set(server->loop, &update->tick, WAIT_MS);
		return;
	}
	make_plan(update, &plan);
	handover_go(server, &plan, why, sizeof(why));
	decide(update, "%s", why);
}

/* After each turn while there is a session. */
static void update_step(void *ctx)
{
	struct server *server = ctx;
	struct update *update = server->update;

	if (is_orphan(server)) {
		end_session(server);
		return;
	}
	if (update->trial_done && (update->phase == PROBING || update->phase == PROVING))
		judge_trial(update);
	if (update->phase == WAITING)
		try_to_go(update);
}

static const char *name_program(struct server *server, struct conn *conn, const char *name)
{
	struct stat st;
	struct update *update;

	log_info(server->log, "live update: binary %s", name);
	if (stat(name, &st) < 0)
		return "File not accessible.";
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return "File not executable.";
	if (server->update)
		return "live-update session already active.";
	update = calloc(1, sizeof(*update));
	if (!update)
		return "Allocation failure.";
	update->server = server;
	update->tick.fn = on_tick;
	update->program = strdup(name);
	if (!update->program) {
		free(update);
		return "Allocation failure.";
	}
	server->update = update;
	server->protocol->updater = conn;
	server->update_hook = (struct loop_hook){ .fn = update_step, .ctx = server };
	loop_turn_hook(server->loop, &server->update_hook);
	return NULL;
}

static struct update *own_session(const struct server *server, const struct conn *conn)
{
	return server->protocol->updater == conn ? server->update : NULL;
}

static const char *set_cmdline(struct server *server, struct conn *conn, const char *cmdline)
{
	struct update *update = own_session(server, conn);
	char *copy;

	if (!update)
		return "Not in live-update session.";
	copy = strdup(cmdline);
	if (!copy)
		return "Allocation failure.";
	free(update->cmdline);
	update->cmdline = copy;
	return NULL;
}

static const char *give_up(struct server *server)
{
	if (!server->update)
		return "No live-update session active.";
	if (server->update->phase > PREPARED && server->update->phase < DECIDED)
		/* It ends when its own client has heard of it. */
		decide(server->update, "Cancellation was requested");
	else
		end_session(server);
	return NULL;
}

static int start_options(struct update *update, const char **words, uint32_t n_words)
{
	update->version = 0;
	update->timeout_s = 0;
	update->force = false;
	for (uint32_t i = 1; i < n_words; i++) {
		bool has_value = i + 1 < n_words;

		if (strcmp(words[i], "-F") == 0)
			update->force = true;
		else if (strcmp(words[i], "-t") == 0 && has_value)
			update->timeout_s = (uint32_t)dispatch_number(words[++i]);
		else if (strcmp(words[i], "-v") == 0 && has_value)
			/* 0 is none */
			update->version = dispatch_number(words[++i]) == 0
						  ? UINT32_MAX
						  : (uint32_t)dispatch_number(words[i]);
		else
			return -EINVAL;
	}
	return 0;
}

static int start(struct server *server, struct conn *conn, const char **words, uint32_t n_words,
		 struct text *answer)
{
	struct update *update = own_session(server, conn), parsed = { 0 };
	int r = start_options(update ? update : &parsed, words, n_words);

	if (r < 0)
		return r;
	if (!update || update->version > STREAM_VERSION_MAX) {
		text_add(answer, update ? "Migration stream version not supported."
					: "Not in live-update session.");
		return 0;
	}
	update->since_ms = loop_now_ms(server->loop);
	/* The next program takes rings that are served. */
	domains_attend(server->domains, true);
	r = set_arguments(update);
	if (r == 0)
		r = probe(update);
	if (r < 0) {
		text_add(answer, "The new binary does not start: %s", strerror(-r));
		log_warning(server->log, "live update: %s", strerror(-r));
		end_session(server);
		return 0;
	}
	log_info(server->log, "live update: start, force=%d, timeout %u s", update->force,
		 update->timeout_s);
	return -EINPROGRESS;
}

/* -s, which is asked again until there is something to answer. */
static int go_on(struct server *server, struct conn *conn, const char **words, uint32_t n_words,
		 struct text *answer)
{
	struct update *update = own_session(server, conn);

	if (update && update->phase == DECIDED) {
		text_add(answer, "%s", update->why);
		end_session(server);
		return 0;
	}
	if (update && update->phase != PREPARED)
		return -EINPROGRESS;
	return start(server, conn, words, n_words, answer);
}

int update_control(void *ctx, struct conn *conn, const char **words, uint32_t n_words,
		   struct text *answer)
{
	struct server *server = ctx;
	const char *what;

	if (!n_words)
		return -EINVAL;
	if (is_orphan(server))
		end_session(server);
	if (strcmp(words[0], "-s") == 0)
		return go_on(server, conn, words, n_words, answer);
	if (strcmp(words[0], "-a") == 0 && n_words == 1)
		what = give_up(server);
	else if (strcmp(words[0], "-c") == 0 && n_words == 2)
		what = set_cmdline(server, conn, words[1]);
	else if (strcmp(words[0], "-f") == 0 && n_words == 2)
		what = name_program(server, conn, words[1]);
	else
		return -EINVAL;
	text_add(answer, "%s", what ? what : "OK");
	return 0;
}
