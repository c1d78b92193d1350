/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle() is the heart: whenever nothing of what a job sent is unanswered, it says what comes
 * next. Forwards by job->stage, backwards by job->undo.
 */
#include "job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#include "guestcfg.h"
#include "handles.h"
#include "jobstore.h"
#include "journal.h"
#include "log.h"
#include "plan.h"
#include "proof.h"
#include "report.h"
#include "tokens.h"
#include "userdata.h"
#include "worker.h"

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
void job_note_error(struct job *job, int error, const char *what)
{
	if (job->error)
		return;
	job->error = error;
	snprintf(job->message, sizeof(job->message), "%s: %s", stage_name(job->stage), what);
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

/* --- forwards --- */

static void unpause(struct job *job)
{
	if (!job->env->paused && xc_domain_unpause(job->env->host->xch, job->shell.domid) < 0) {
		job_note_error(job, -errno, strerror(errno));
		go_back(job);
		return;
	}
	leave(job, STAGE_READY);
	if (job->env->wait < JOB_WAIT_READY || job->env->paused)
		finish(job, JOB_DONE);
	else
		job_settle(job);
}

static void introduce(struct job *job)
{
	if (job->env->wait >= JOB_WAIT_CONSOLE || job->plan->config->devices.n)
		undo_push(&job->undo, UNDO_WATCHES);
	jobstore_send_introduction(job);
	job_settle(job);
}

/* What comes when the store daemon has taken the domain: what is not needed takes no time. */
static void introduced(struct job *job)
{
	int r = 0;

	if (job->plan->config->devices.n) {
		leave(job, STAGE_DEVICES);
		job->waiting_since_us = job->stage_start_us;
		r = plug_start(job);
	} else {
		leave(job, STAGE_CONSOLE);
	}
	if (r < 0)
		job_note_error(job, r, strerror(-r));
	job_settle(job);
}

static void await_console(struct job *job)
{
	if (job->env->wait >= JOB_WAIT_CONSOLE) {
		if (!job->tty_seen)
			return;
		leave(job, STAGE_UNPAUSE);
	} else {
		job->stage = STAGE_UNPAUSE;
	}
	unpause(job);
}

void job_settle(struct job *job)
{
	if (job->n_pending || job->in_worker || job->plugs.n_scripts || job->unplug.active)
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
		introduced(job);
		break;
	case STAGE_DEVICES:
		if (job->plugs.n_done < job->plugs.n)
			return;
		leave(job, STAGE_CONSOLE);
		job_settle(job);
		break;
	case STAGE_CONSOLE:
		await_console(job);
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
		job_note_error(job, result->error,
			       result->message[0] ? result->message : strerror(-result->error));
	if (job->error) {
		go_back(job);
		return;
	}
	job->build = result->build;
	leave(job, STAGE_STORE);
	undo_push(&job->undo, UNDO_TREE);
	if (job->plan->config->devices.n)
		undo_push(&job->undo, UNDO_DEVICES);
	jobstore_send_tree(job);
	job_settle(job);
}

/* libxl's file. */
static int remember(struct job *job)
{
	int r = userdata_write(job->shell.domid, job->plan);

	if (!r)
		undo_push(&job->undo, UNDO_USERDATA);
	return r;
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
			 job->env->proof, host->store_domid, host->console_domid);
	if (r < 0) {
		job_note_error(job, r,
			       r == -EPROTO ? proof_complaint(job->env->proof) : strerror(-r));
		go_back(job);
		return;
	}
	journal_begun(job->env->journal, job->plan->entry, job->shell.domid);
	undo_push(&job->undo, UNDO_DOMAIN);
	r = place_apply(&job->env->place, host->xch, job->shell.domid, job->plan->config,
			job->plan->first_vcpu);
	if (!r)
		r = remember(job);
	work.shell = job->shell;
	if (!r) {
		leave(job, STAGE_BUILD);
		r = worker_pool_submit(job->env->pool, &work);
	}
	if (r < 0) {
		job_note_error(job, r, strerror(-r));
		go_back(job);
		return;
	}
	job->in_worker = true;
}

void job_reconnected(struct job *job)
{
	if (job->n_pending || job->unplug.active)
		return;
	job->connection_lost = false;
	if (job->state == JOB_UNDOING)
		go_back(job);
	if (job->state != JOB_RUNNING)
		return;
	if (job->stage == STAGE_STORE)
		jobstore_send_tree(job);
	else if (job->stage == STAGE_INTRODUCE)
		jobstore_send_introduction(job);
	else if (job->stage == STAGE_DEVICES || job->stage == STAGE_CONSOLE ||
		 job->stage == STAGE_READY)
		jobstore_watch_again(job);
	job_settle(job);
}

/* --- backwards --- */

static void destroy_here(struct job *job)
{
	int r = shell_destroy(job->env->host->xch, job->shell.domid, job->plan->uuid);

	if (r < 0 && r != -ESRCH)
		job->unclean = true;
}

static void destroy_domain(struct job *job)
{
	struct worker_job work = { .id = job->id, .task = WORKER_DESTROY, .shell = job->shell };

	memcpy(work.handle, job->plan->uuid, sizeof(work.handle));
	job->in_worker = !worker_pool_submit(job->env->pool, &work);
	if (!job->in_worker)
		destroy_here(job);
}

static void remove_tree(struct job *job)
{
	if (job->store_given_up)
		job->unclean = true;
	else
		jobstore_remove_tree(job);
}

static void on_unplugged(void *ctx, int error)
{
	struct job *job = ctx;

	if (error == -ECONNRESET) {
		job->connection_lost = !storeclient_is_connected(job->env->host->store);
		undo_push(&job->undo, UNDO_DEVICES); /* once more */
	} else if (error) {
		job->unclean = true;
	}
	go_back(job);
}

static void take_devices_down(struct job *job)
{
	job->unplug.env = &job->env->unplug;
	job->unplug.domid = job->shell.domid;
	job->unplug.id = job->id;
	job->unplug.pause = true;
	job->unplug.done = on_unplugged;
	job->unplug.ctx = job;
	if (job->store_given_up) {
		job->unclean = true;
	} else if (unplug_start(&job->unplug) < 0) {
		job->connection_lost = true;
		undo_push(&job->undo, UNDO_DEVICES);
	}
}

static void take_back(struct job *job, enum undo_kind kind)
{
	switch (kind) {
	case UNDO_WATCHES:
		jobstore_unwatch(job);
		break;
	case UNDO_DEVICES:
		take_devices_down(job);
		break;
	case UNDO_TREE:
		remove_tree(job);
		break;
	case UNDO_USERDATA:
		userdata_remove(job->shell.domid, job->plan->uuid_text);
		break;
	default:
		destroy_domain(job);
	}
}

/* Is a connection missing for what comes next? job_reconnected() or job_check_time() goes on. */
static bool waits_for_store(const struct job *job)
{
	enum undo_kind kind;

	return job->connection_lost && !job->store_given_up && undo_next(&job->undo, &kind) &&
	       (kind == UNDO_TREE || kind == UNDO_DEVICES);
}

/* Takes one thing back, and comes here again when that is answered. */
static void go_back(struct job *job)
{
	enum undo_kind kind;

	if (job->state != JOB_UNDOING)
		job->undo_start_us = now_us();
	job->state = JOB_UNDOING;
	while (!job->n_pending && !job->in_worker && !job->plugs.n_scripts && !job->unplug.active &&
	       !waits_for_store(job)) {
		if (!undo_pop(&job->undo, &kind)) {
			finish(job, JOB_FAILED);
			return;
		}
		take_back(job, kind);
	}
}

void job_result(struct job *job, const struct worker_result *result)
{
	job->in_worker = false;
	if (job->state == JOB_RUNNING) {
		built(job, result);
		return;
	}
	if (result->error == -EPIPE)
		destroy_here(job); /* the worker died over it */
	else if (result->error && result->error != -ESRCH)
		job->unclean = true;
	go_back(job);
}

void job_cancel(struct job *job, int error, const char *why)
{
	if (job->state != JOB_RUNNING)
		return;
	job_note_error(job, error, why);
	job_settle(job);
}

void job_event(struct job *job, const struct tokens *token)
{
	if (token->kind == TOKENS_PLUG)
		plug_event(job, token->index);
	else if (token->kind == TOKENS_UNPLUG)
		unplug_event(&job->unplug, token->index);
	else
		jobstore_event(job, token->kind);
}

void job_deinit(struct job *job)
{
	plug_deinit(&job->plugs);
	unplug_deinit(&job->unplug);
}

/* On the way back. */
static bool check_undo_time(struct job *job, uint64_t now)
{
	if (job->unplug.active) {
		/* It has its own limits; only a store that does not answer ends it. */
		job->store_given_up |= unplug_check_time(&job->unplug, now, job->env->timeout_us);
		return job->store_given_up && job->unplug.n_pending;
	}
	if (now <= job->undo_start_us + job->env->timeout_us)
		return false;
	job->store_given_up = true;
	go_back(job);
	return job->n_pending > 0;
}

bool job_check_time(struct job *job, uint64_t now)
{
	uint64_t since_us = job->stage_start_us;
	char why[128] = "timed out";

	/* Building takes what it takes, and a script has a limit of its own. */
	if (job->in_worker || job->plugs.n_scripts)
		return false;
	if (job->state == JOB_UNDOING)
		return check_undo_time(job, now);
	if (job->stage == STAGE_DEVICES) {
		if (!job->waiting_since_us)
			job->waiting_since_us = now;
		since_us = job->waiting_since_us;
		plug_describe_wait(job, why, sizeof(why));
	}
	if (now <= since_us + job->env->timeout_us)
		return false;
	job_cancel(job, -ETIMEDOUT, why);
	return job->n_pending > 0;
}
