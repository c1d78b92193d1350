/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle() is the heart: whenever nothing of what a job sent is unanswered, it says what comes
 * next. Forwards by job->stage, backwards by job->undo.
 */
#include "job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xen/io/xs_wire.h>
#include <xenctrl.h>

#include "guestcfg.h"
#include "handles.h"
#include "journal.h"
#include "log.h"
#include "plan.h"
#include "report.h"
#include "storeclient.h"
#include "worker.h"

#define TOKEN_TTY   't'
#define TOKEN_READY 'r'

static void settle(struct job *job);
static void go_back(struct job *job);

/* Not the loop's clock: that stands still during a turn, in which a shell is made. */
static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* The stage is over and the next one begins; one look at the clock for both (in domain 0 that is a
 * system call). */
static void leave(struct job *job, enum stage next)
{
	uint64_t end_us = now_us();

	job->stage_us[job->stage] = end_us - job->stage_start_us;
	report_stage(job->env->report, job->plan->name, job->shell.domid, job->stage,
		     job->stage_us[job->stage], end_us);
	job->stage = next;
	job->stage_start_us = end_us;
}

/* The first error counts; what follows from it is not interesting. */
static void note_error(struct job *job, int error, const char *what)
{
	if (job->error)
		return;
	job->error = error;
	snprintf(job->message, sizeof(job->message), "%s: %s", stage_name(job->stage), what);
}

static void token(char *buf, size_t size, const struct job *job, char kind)
{
	snprintf(buf, size, "%" PRIu32 "%c", job->id, kind);
}

bool job_token(const char *text, uint32_t *id, char *kind)
{
	char end;

	return sscanf(text, "%" SCNu32 "%c%c", id, kind, &end) == 2 &&
	       (*kind == TOKEN_TTY || *kind == TOKEN_READY);
}

static void watch_path(char *buf, size_t size, const struct job *job, char kind)
{
	snprintf(buf, size, "/local/domain/%u/%s", job->shell.domid,
		 kind == TOKEN_TTY ? "console/tty" : job->env->ready_node);
}

void job_init(struct job *job, struct job_env *env, const struct plan_domain *plan, uint32_t id)
{
	job->env = env;
	job->plan = plan;
	job->id = id;
}

/* --- the end of the way --- */

static void finish(struct job *job, enum job_state state)
{
	struct report_domain domain = {
		.name = job->plan->name,
		.uuid = job->plan->uuid_text,
		.domid = job->shell.domid,
		.start_us = job->start_us,
		.end_us = state == JOB_DONE ? job->stage_start_us : now_us(),
		.clean = !job->unclean,
		.error = state == JOB_FAILED ? job->message : NULL,
	};

	memcpy(domain.stage_us, job->stage_us, sizeof(domain.stage_us));
	job->state = state;
	if (state == JOB_DONE)
		journal_done(job->env->journal, job->plan->entry);
	else if (!job->unclean)
		journal_undone(job->env->journal, job->plan->entry);
	report_domain(job->env->report, &domain);
	job->env->finished(job->env->ctx, job);
}

/* --- store requests --- */

static void answered(struct job *job, int error, const char *what)
{
	job->n_pending--;
	if (job->env->closing)
		return;
	if (error == -ECONNRESET || error == -ENOTCONN)
		job->connection_lost = true;
	else if (error)
		note_error(job, error, what);
	settle(job);
}

/* After storeclient_*(): counts what was sent. A connection that is not there now will be there
 * later. */
static bool sent(struct job *job, int r)
{
	if (!r)
		job->n_pending++;
	else if (r == -ENOTCONN)
		job->connection_lost = true;
	else
		note_error(job, r, strerror(-r));
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
	answered(job, error, what);
}

static void send_tree(struct job *job)
{
	struct job_env *env = job->env;
	int r = make_tree(job);

	job->n_answered = 0;
	if (r < 0)
		note_error(job, r, strerror(-r));
	for (size_t i = 0; !job->error && !job->connection_lost && i < env->tree.n_requests; i++) {
		struct iovec iov = { (char *)tree_payload(&env->tree, i),
				     env->tree.requests[i].len };

		sent(job, storeclient_request(env->host->store, env->tree.requests[i].type, 0, &iov,
					      1, on_tree_reply, job));
	}
}

static void on_watch_reply(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	answered(ctx, error, error ? strerror(-error) : "");
}

static void watch(struct job *job, char kind, bool *watched)
{
	char path[256], text[16];

	watch_path(path, sizeof(path), job, kind);
	token(text, sizeof(text), job, kind);
	*watched = sent(job,
			storeclient_watch(job->env->host->store, path, text, on_watch_reply, job));
}

static void unwatch(struct job *job, char kind, bool *watched)
{
	char path[256], text[16];

	if (!*watched)
		return;
	*watched = false;
	watch_path(path, sizeof(path), job, kind);
	token(text, sizeof(text), job, kind);
	/* With a lost connection the watch is gone anyway. */
	storeclient_unwatch(job->env->host->store, path, text, NULL, NULL);
}

static void on_introduced(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data, (void)len;
	job->introduced = !error;
	answered(job, error, error ? strerror(-error) : "");
}

static void send_introduce(struct job *job)
{
	char payload[80];
	int len = snprintf(payload, sizeof(payload), "%u%c%" PRIu64 "%c%u", job->shell.domid, '\0',
			   job->build.store_frame, '\0', job->shell.store_port);
	struct iovec iov = { payload, (size_t)len + 1 };

	sent(job, storeclient_request(job->env->host->store, XS_INTRODUCE, 0, &iov, 1,
				      on_introduced, job));
}

/* Watches first, so that nothing can happen before they are there. */
static void send_introduction(struct job *job)
{
	if (job->env->wait >= JOB_WAIT_CONSOLE && !job->tty_seen)
		watch(job, TOKEN_TTY, &job->tty_watched);
	if (job->env->wait >= JOB_WAIT_READY && !job->env->paused)
		watch(job, TOKEN_READY, &job->ready_watched);
	send_introduce(job);
}

static void on_tty(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data;
	if (!error && len && !job->tty_seen) {
		job->tty_seen = true;
		unwatch(job, TOKEN_TTY, &job->tty_watched);
	}
	answered(job, error == -ENOENT ? 0 : error, error ? strerror(-error) : "");
}

static void on_ready_node(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data, (void)len;
	if (!error && !job->ready_seen) {
		job->ready_seen = true;
		unwatch(job, TOKEN_READY, &job->ready_watched);
	}
	answered(job, error == -ENOENT ? 0 : error, error ? strerror(-error) : "");
}

void job_event(struct job *job, char kind)
{
	char path[256];

	if (job->state != JOB_RUNNING || (kind == TOKEN_TTY ? job->tty_seen : job->ready_seen))
		return;
	watch_path(path, sizeof(path), job, kind);
	sent(job, storeclient_read(job->env->host->store, 0, path,
				   kind == TOKEN_TTY ? on_tty : on_ready_node, job));
}

/* --- forwards --- */

static void unpause(struct job *job)
{
	if (!job->env->paused && xc_domain_unpause(job->env->host->xch, job->shell.domid) < 0) {
		note_error(job, -errno, strerror(errno));
		go_back(job);
		return;
	}
	leave(job, STAGE_READY);
	if (job->env->wait < JOB_WAIT_READY || job->env->paused)
		finish(job, JOB_DONE);
	else
		settle(job);
}

static void introduce(struct job *job)
{
	if (job->env->wait >= JOB_WAIT_CONSOLE)
		undo_push(&job->undo, UNDO_WATCHES);
	send_introduction(job);
	settle(job);
}

static void settle(struct job *job)
{
	if (job->n_pending || job->in_worker)
		return;
	if (job->state == JOB_UNDOING || job->error) {
		go_back(job);
		return;
	}
	if (job->connection_lost) /* job_reconnected() goes on */
		return;
	switch (job->stage) {
	case STAGE_STORE:
		leave(job, STAGE_INTRODUCE);
		introduce(job);
		break;
	case STAGE_INTRODUCE:
		leave(job, job->env->wait < JOB_WAIT_CONSOLE ? STAGE_UNPAUSE : STAGE_CONSOLE);
		if (job->stage == STAGE_UNPAUSE)
			unpause(job);
		else
			settle(job);
		break;
	case STAGE_CONSOLE:
		if (!job->tty_seen)
			return;
		leave(job, STAGE_UNPAUSE);
		unpause(job);
		break;
	case STAGE_READY:
		if (!job->ready_seen)
			return;
		leave(job, N_STAGES);
		finish(job, JOB_DONE);
		break;
	default:
		break;
	}
}

static void built(struct job *job, const struct worker_result *result)
{
	if (result->error)
		note_error(job, result->error,
			   result->message[0] ? result->message : strerror(-result->error));
	if (job->error) {
		go_back(job);
		return;
	}
	job->build = result->build;
	leave(job, STAGE_STORE);
	undo_push(&job->undo, UNDO_TREE);
	send_tree(job);
	settle(job);
}

void job_start(struct job *job)
{
	struct handles *host = job->env->host;
	struct worker_job work = {
		.id = job->id,
		.task = WORKER_BUILD,
		.config_index = job->plan->config_index,
		.store_domid = host->store_domid,
		.console_domid = host->console_domid,
	};
	int r;

	job->state = JOB_RUNNING;
	job->start_us = job->stage_start_us = now_us();
	r = shell_create(&job->shell, host->xch, job->plan->config, job->plan->uuid, job->plan->cap,
			 host->store_domid, host->console_domid);
	if (r < 0) {
		note_error(job, r, strerror(-r));
		go_back(job);
		return;
	}
	journal_begun(job->env->journal, job->plan->entry, job->shell.domid);
	undo_push(&job->undo, UNDO_DOMAIN);
	leave(job, STAGE_BUILD);
	work.shell = job->shell;
	r = worker_pool_submit(job->env->pool, &work);
	if (r < 0) {
		note_error(job, r, strerror(-r));
		go_back(job);
		return;
	}
	job->in_worker = true;
}

void job_reconnected(struct job *job)
{
	if (job->state != JOB_RUNNING || job->n_pending)
		return;
	job->connection_lost = job->tty_watched = job->ready_watched = false;
	if (job->stage == STAGE_STORE)
		send_tree(job);
	else if (job->stage == STAGE_INTRODUCE)
		send_introduction(job);
	else if (job->stage == STAGE_CONSOLE && !job->tty_seen)
		watch(job, TOKEN_TTY, &job->tty_watched);
	if ((job->stage == STAGE_CONSOLE || job->stage == STAGE_READY) &&
	    job->env->wait >= JOB_WAIT_READY && !job->env->paused)
		watch(job, TOKEN_READY, &job->ready_watched);
	settle(job);
}

/* --- backwards --- */

static void on_removed(void *ctx, int error, const char *data, size_t len)
{
	struct job *job = ctx;

	(void)data, (void)len;
	if (error && error != -ENOENT)
		job->unclean = true;
	job->n_pending--;
	if (!job->env->closing)
		settle(job);
}

static void remove_tree(struct job *job)
{
	struct job_env *env = job->env;

	if (tree_removal(&env->tree, job->shell.domid, job->plan->uuid_text,
			 env->host->console_domid) < 0) {
		job->unclean = true;
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

static void destroy_domain(struct job *job)
{
	struct worker_job work = { .id = job->id, .task = WORKER_DESTROY, .shell = job->shell };

	memcpy(work.handle, job->plan->uuid, sizeof(work.handle));
	job->in_worker = !worker_pool_submit(job->env->pool, &work);
	if (!job->in_worker)
		job->unclean = true;
}

/* Takes one thing back, and comes here again when that is answered. */
static void go_back(struct job *job)
{
	enum undo_kind kind;

	job->state = JOB_UNDOING;
	while (!job->n_pending && !job->in_worker) {
		if (!undo_pop(&job->undo, &kind)) {
			finish(job, JOB_FAILED);
			return;
		}
		switch (kind) {
		case UNDO_WATCHES:
			unwatch(job, TOKEN_TTY, &job->tty_watched);
			unwatch(job, TOKEN_READY, &job->ready_watched);
			break;
		case UNDO_TREE:
			remove_tree(job);
			break;
		default:
			destroy_domain(job);
		}
	}
}

void job_result(struct job *job, const struct worker_result *result)
{
	job->in_worker = false;
	if (job->state == JOB_RUNNING) {
		built(job, result);
		return;
	}
	if (result->error && result->error != -ESRCH)
		job->unclean = true;
	go_back(job);
}

void job_cancel(struct job *job, int error, const char *why)
{
	if (job->state != JOB_RUNNING)
		return;
	note_error(job, error, why);
	settle(job);
}

void job_check_time(struct job *job, uint64_t now)
{
	bool waits = job->stage == STAGE_CONSOLE || job->stage == STAGE_READY ||
		     job->connection_lost;

	if (job->state == JOB_RUNNING && waits && now > job->stage_start_us + job->env->timeout_us)
		job_cancel(job, -ETIMEDOUT, "timed out");
}
