/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a job says to the store: its tree, its introduction, its watches, and the removal of all
 * that. Answers are counted; job_settle() goes on when none is missing.
 */
#include "jobstore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xen/io/xs_wire.h>

#include "guestcfg.h"
#include "handles.h"
#include "job.h"
#include "lsevtchn/cap.h"
#include "plan.h"
#include "storeclient.h"
#include "tokens.h"

static void token(char text[TOKENS_MAX], const struct job *job, char kind)
{
	const struct tokens token = { .id = job->id, .kind = kind };

	tokens_format(text, &token);
}

static void watch_path(char *buf, size_t size, const struct job *job, char kind)
{
	snprintf(buf, size, "/local/domain/%u/%s", job->shell.domid,
		 kind == TOKENS_TTY ? "console/tty" : job->env->ready_node);
}

void jobstore_answered(struct job *job, int error, const char *what)
{
	job->n_pending--;
	if (job->env->closing)
		return;
	if (error == -ECONNRESET || error == -ENOTCONN)
		job->connection_lost = true;
	else if (error)
		job_note_error(job, error, what);
	job_settle(job);
}

bool jobstore_sent(struct job *job, int r)
{
	if (!r)
		job->n_pending++;
	else if (r == -ENOTCONN)
		job->connection_lost = true;
	else
		job_note_error(job, r, strerror(-r));
	return !r;
}

static int make_tree(struct job *job)
{
	struct tree_domain domain = {
		.plan = job->plan,
		.domid = job->shell.domid,
		.store_port = job->shell.store_port,
		.console_port = job->shell.console_port,
		.store_frame = job->build.store_frame,
		.console_frame = job->build.console_frame,
		.console_domid = job->env->host->console_domid,
	};
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	domain.start_time_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	return tree_make(&job->env->tree, &domain);
}

static void on_tree_reply(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;
	unsigned int i = job->n_answered++;
	char what[160] = "";

	(void)data, (void)len;
	/* Only a removal can say so, and then all is well. */
	if (error == -ENOENT)
		error = 0;
	/* Answers come in order, so the number tells which one it was: made once more, to name it.
	 */
	if (error && !make_tree(job))
		snprintf(what, sizeof(what), "%s: %s", tree_payload(&job->env->tree, i),
			 strerror(-error));
	jobstore_answered(job, error, what);
}

void jobstore_send_tree(struct job *job)
{
	struct job_env *env = job->env;
	int r = make_tree(job);

	job->n_answered = 0;
	if (r < 0)
		job_note_error(job, r, strerror(-r));
	for (size_t i = 0; !job->error && !job->connection_lost && i < env->tree.n_requests; i++) {
		struct iovec iov = { (char *)tree_payload(&env->tree, i),
				     env->tree.requests[i].len };

		jobstore_sent(job, storeclient_request(env->host->store, env->tree.requests[i].type,
						       0, &iov, 1, on_tree_reply, job));
	}
}

static void on_watch_reply(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	jobstore_answered(ctx, error, error ? strerror(-error) : "");
}

static void watch(struct job *job, char kind, bool *watched)
{
	char path[256], text[TOKENS_MAX];

	watch_path(path, sizeof(path), job, kind);
	token(text, job, kind);
	*watched = jobstore_sent(job, storeclient_watch(job->env->host->store, path, text,
							on_watch_reply, job));
}

static void unwatch(struct job *job, char kind, bool *watched)
{
	char path[256], text[TOKENS_MAX];

	if (!*watched)
		return;
	*watched = false;
	watch_path(path, sizeof(path), job, kind);
	token(text, job, kind);
	/* With a lost connection the watch is gone anyway. */
	storeclient_unwatch(job->env->host->store, path, text, NULL, NULL);
}

void jobstore_send_handed(struct job *job)
{
	char path[CAP_NODE_MAX], text[CAP_RECORD_MAX];

	cap_node(path, job->shell.domid);
	cap_record_format(text, job->plan->cap, job->plan->uuid);
	if (jobstore_sent(job, storeclient_write(job->env->host->store, 0, path, text,
						 on_watch_reply, job)) &&
	    job->env->wait >= JOB_WAIT_READY && !job->env->paused) {
		job->ready_expected = true;
		watch(job, TOKENS_READY, &job->ready_watched);
	}
}

static void on_owner(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)len;
	if (!error && (strncmp(data, "/vm/", 4) || strcmp(data + 4, job->plan->uuid_text)))
		error = -ESTALE;
	jobstore_answered(job, error, "the store has lost it");
}

static void on_terminal(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)len;
	snprintf(job->tty, sizeof(job->tty), "%s", error ? "" : data);
	jobstore_answered(job, error, error ? strerror(-error) : "");
}

static void name_node(struct job *job, const char *folder, const char *node, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", folder, node);
	jobstore_sent(job, storeclient_write(job->env->host->store, 0, path, value, on_watch_reply,
					     job));
}

/* The console daemon looks for a new name when the folder itself is written to. */
void jobstore_send_names(struct job *job)
{
	struct storeclient *store = job->env->host->store;
	char home[64], vm[64], path[96], start[32];
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	snprintf(start, sizeof(start), "%lld.%02ld", (long long)ts.tv_sec, ts.tv_nsec / 10000000);
	snprintf(home, sizeof(home), "/local/domain/%u", job->shell.domid);
	snprintf(vm, sizeof(vm), "/vm/%s", job->plan->uuid_text);
	snprintf(path, sizeof(path), "%s/vm", home);
	jobstore_sent(job, storeclient_read(store, 0, path, on_owner, job));
	name_node(job, home, "/name", job->plan->name);
	name_node(job, vm, "/name", job->plan->name);
	name_node(job, vm, "/start_time", start);
	name_node(job, home, "/console", "");
	snprintf(path, sizeof(path), "%s/console/tty", home);
	jobstore_sent(job, storeclient_read(store, 0, path, on_terminal, job));
	if (job->env->wait >= JOB_WAIT_READY && !job->env->paused) {
		undo_drop(&job->undo, UNDO_WATCHES);
		undo_push(&job->undo, UNDO_WATCHES);
		job->ready_expected = true;
		watch(job, TOKENS_READY, &job->ready_watched);
	}
}

static void on_introduced(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data, (void)len;
	job->introduced = !error;
	jobstore_answered(job, error, error ? strerror(-error) : "");
}

static void send_introduce(struct job *job)
{
	char payload[80];
	int len = snprintf(payload, sizeof(payload), "%u%c%" PRIu64 "%c%u", job->shell.domid, '\0',
			   job->build.store_frame, '\0', job->shell.store_port);
	struct iovec iov = { payload, (size_t)len + 1 };

	jobstore_sent(job, storeclient_request(job->env->host->store, XS_INTRODUCE, 0, &iov, 1,
					       on_introduced, job));
}

/* Watches first, so that nothing can happen before they are there. */
void jobstore_send_introduction(struct job *job)
{
	/* The guest has not run: it is not ready. Its tty may be there: a console daemon that asks
	 * Xen for all domains finds one before it is introduced. */
	job->ready_expected = !job->introduction_begun;
	job->introduction_begun = true;
	if (job->env->wait >= JOB_WAIT_CONSOLE && !job->tty_seen)
		watch(job, TOKENS_TTY, &job->tty_watched);
	if (job->env->wait >= JOB_WAIT_READY && !job->env->paused)
		watch(job, TOKENS_READY, &job->ready_watched);
	send_introduce(job);
}

static void on_tty(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data;
	if (!error && len && !job->tty_seen) {
		job->tty_seen = true;
		unwatch(job, TOKENS_TTY, &job->tty_watched);
	}
	jobstore_answered(job, error == -ENOENT ? 0 : error, error ? strerror(-error) : "");
}

static void on_ready_node(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data, (void)len;
	if (!error && !job->ready_seen) {
		job->ready_seen = true;
		unwatch(job, TOKENS_READY, &job->ready_watched);
	}
	jobstore_answered(job, error == -ENOENT ? 0 : error, error ? strerror(-error) : "");
}

void jobstore_event(struct job *job, char kind)
{
	char path[256];

	if (kind == TOKENS_READY && job->ready_expected) {
		job->ready_expected = false; /* the watch's own */
		return;
	}
	if (job->state != JOB_RUNNING || (kind == TOKENS_TTY ? job->tty_seen : job->ready_seen))
		return;
	watch_path(path, sizeof(path), job, kind);
	jobstore_sent(job, storeclient_read(job->env->host->store, 0, path,
					    kind == TOKENS_TTY ? on_tty : on_ready_node, job));
}

static void on_removed(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data, (void)len;
	if (error == -ECONNRESET)
		job->connection_lost = true;
	else if (error && error != -ENOENT)
		job->unclean = true;
	job->n_pending--;
	if (!job->n_pending && job->connection_lost)
		undo_push(&job->undo, UNDO_TREE); /* once more, all of it */
	if (!job->env->closing)
		job_settle(job);
}

void jobstore_remove_tree(struct job *job)
{
	struct job_env *env = job->env;

	if (tree_removal(&env->tree, job->shell.domid, job->plan->uuid_text,
			 env->host->console_domid) < 0) {
		job->unclean = true;
		return;
	}
	if (!storeclient_is_connected(env->host->store)) {
		job->connection_lost = true;
		undo_push(&job->undo, UNDO_TREE);
		return;
	}
	for (size_t i = 0; i < env->tree.n_requests; i++) {
		struct iovec iov = { (char *)tree_payload(&env->tree, i),
				     env->tree.requests[i].len };

		if (storeclient_request(env->host->store, env->tree.requests[i].type, 0, &iov, 1,
					on_removed, job) < 0)
			job->unclean = true;
		else
			job->n_pending++;
	}
}

void jobstore_watch_again(struct job *job)
{
	plug_again(job);
	job->tty_watched = job->ready_watched = false;
	job->ready_expected = false;
	if (job->env->wait >= JOB_WAIT_CONSOLE && !job->tty_seen && !job->plan->config->handed)
		watch(job, TOKENS_TTY, &job->tty_watched);
	if (job->env->wait >= JOB_WAIT_READY && !job->env->paused)
		watch(job, TOKENS_READY, &job->ready_watched);
}

void jobstore_unwatch(struct job *job)
{
	unwatch(job, TOKENS_TTY, &job->tty_watched);
	unwatch(job, TOKENS_READY, &job->ready_watched);
	plug_unwatch(job);
}
