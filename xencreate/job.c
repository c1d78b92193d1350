/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle() is the heart: whenever nothing of what a job sent is unanswered, it says what comes
 * next. Forwards by job->stage; backwards: jobback.c.
 */
#include "job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#include "guestcfg.h"
#include "handed.h"
#include "handles.h"
#include "jobback.h"
#include "jobstore.h"
#include "journal.h"
#include "log.h"
#include "plan.h"
#include "proof.h"
#include "report.h"
#include "tokens.h"
#include "userdata.h"
#include "worker.h"

#define FIND_ATTEMPTS 3

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

static void end(struct job *job, enum job_state state)
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
	if (state != JOB_DONE && !job->unclean)
		journal_undone(job->env->journal, job->plan->entry);
	report_domain(job->env->report, &domain);
	job->env->finished(job->env->ctx, job);
}

/* What nobody would know as made after a crash is not told as made. */
static bool note_down(struct job *job)
{
	struct journal *journal = job->env->journal;

	journal_done(journal, job->plan->entry);
	if (!journal_error(journal))
		return true;
	job_note_error(job, journal_error(journal), "it cannot be noted in the journal");
	jobback_go(job);
	return false;
}

void job_finish(struct job *job, enum job_state state)
{
	if (state == JOB_DONE && !note_down(job))
		return;
	end(job, state);
}

/* --- forwards --- */

static void unpause(struct job *job)
{
	if (!job->env->paused && xc_domain_unpause(job->env->host->xch, job->shell.domid) < 0) {
		job_note_error(job, -errno, strerror(errno));
		jobback_go(job);
		return;
	}
	leave(job, STAGE_READY);
	if (job->env->wait < JOB_WAIT_READY || job->env->paused)
		job_finish(job, JOB_DONE);
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
	if (job->n_pending || job->in_worker || job->in_xl || job->plugs.n_scripts ||
	    job->unplug.active)
		return;
	if (job->state == JOB_UNDOING || job->error) {
		jobback_go(job);
		return;
	}
	if (job->connection_lost) /* job_reconnected() goes on */
		return;
	switch (job->stage) {
	case STAGE_STORE:
		if (job->plan->config->handed || job->taken) {
			leave(job, STAGE_UNPAUSE);
			unpause(job);
			break;
		}
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
		job_finish(job, JOB_DONE);
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
		jobback_go(job);
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

/* Whoever is not found cannot be taken back: it is worth more than one question. */
static int find_handed(struct job *job)
{
	int r = -EINVAL;

	for (int attempt = 0; r < 0 && r != -ESRCH && attempt < FIND_ATTEMPTS; attempt++)
		r = shell_find(&job->shell.domid, job->env->host->xch, job->plan->uuid);
	job->unclean |= r < 0 && r != -ESRCH;
	return r;
}

/* xl has come to its end. Killed in the middle, it may have left a domain: known by its UUID. */
static void on_xl(void *ctx, const struct scripts_result *result)
{
	struct job *job = ctx;
	char what[SCRIPTS_SAID_MAX + 32];
	int r = find_handed(job);

	job->in_xl = false;
	snprintf(what, sizeof(what), "xl create: %s",
		 result->error == -ETIMEDOUT ? "did not end in time" : result->said);
	if (!r) {
		journal_begun(job->env->journal, job->plan->entry, job->shell.domid);
		undo_push(&job->undo, UNDO_DOMAIN);
		undo_push(&job->undo, UNDO_USERDATA);
		undo_push(&job->undo, UNDO_TREE);
		undo_push(&job->undo, UNDO_DEVICES);
	}
	if (result->error)
		job_note_error(job, result->error, what);
	else if (!r)
		r = place_apply(&job->env->place, job->env->host->xch, job->shell.domid,
				job->plan->config, job->plan->first_vcpu);
	if (r < 0)
		job_note_error(job, r, strerror(-r));
	if (job->error) {
		jobback_go(job);
		return;
	}
	leave(job, STAGE_STORE);
	undo_push(&job->undo, UNDO_WATCHES);
	jobstore_send_handed(job);
	job_settle(job);
}

static void start_xl(struct job *job)
{
	int r = handed_create(job->env->scripts, job->plan, on_xl, job);

	job->stage = STAGE_BUILD;
	job->in_xl = !r;
	if (!r)
		return;
	job_note_error(job, r, strerror(-r));
	jobback_go(job);
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
	if (job->plan->config->handed) {
		start_xl(job);
		return;
	}
	r = shell_create(&job->shell, host->xch, job->plan->config, job->plan->uuid, job->plan->cap,
			 job->env->proof, host->store_domid, host->console_domid);
	if (r < 0) {
		job_note_error(job, r,
			       r == -EPROTO ? proof_complaint(job->env->proof) : strerror(-r));
		jobback_go(job);
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
		jobback_go(job);
		return;
	}
	job->in_worker = true;
}

void job_take(struct job *job, struct job_env *env)
{
	int r;

	job->env = env;
	job->taken = true;
	job->state = JOB_RUNNING;
	job->stage = STAGE_STORE;
	job->start_us = job->stage_start_us = now_us();
	memset(job->stage_us, 0, sizeof(job->stage_us));
	r = userdata_write(job->shell.domid, job->plan);
	if (r < 0)
		job_note_error(job, r, strerror(-r));
	else
		jobstore_send_names(job);
	job_settle(job);
}

void job_adopt(struct job *job, uint32_t domid)
{
	job->state = JOB_DONE;
	job->stage = STAGE_READY;
	job->shell.domid = domid;
	job->tty_seen = true;
	undo_push(&job->undo, UNDO_DOMAIN);
	undo_push(&job->undo, UNDO_USERDATA);
	undo_push(&job->undo, UNDO_TREE);
	if (job->plan->config->devices.n)
		undo_push(&job->undo, UNDO_DEVICES);
}

void job_reconnected(struct job *job)
{
	if (job->n_pending || job->unplug.active)
		return;
	job->connection_lost = false;
	if (job->state == JOB_UNDOING)
		jobback_go(job);
	if (job->state != JOB_RUNNING)
		return;
	if (job->stage == STAGE_STORE && job->taken)
		jobstore_send_names(job);
	else if (job->stage == STAGE_STORE && job->plan->config->handed)
		jobstore_send_handed(job);
	else if (job->stage == STAGE_STORE)
		jobstore_send_tree(job);
	else if (job->stage == STAGE_INTRODUCE)
		jobstore_send_introduction(job);
	else if (job->stage == STAGE_DEVICES || job->stage == STAGE_CONSOLE ||
		 job->stage == STAGE_READY)
		jobstore_watch_again(job);
	job_settle(job);
}

void job_result(struct job *job, const struct worker_result *result)
{
	job->in_worker = false;
	if (job->state == JOB_RUNNING) {
		built(job, result);
		return;
	}
	jobback_result(job, result);
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

bool job_check_time(struct job *job, uint64_t now)
{
	uint64_t since_us = job->stage_start_us;
	char why[128] = "timed out";
	bool waits_for_store = job->n_pending > 0;

	/* Building takes what it takes, and a script has a limit of its own. */
	if (job->in_worker || job->in_xl || job->plugs.n_scripts)
		return false;
	if (job->state == JOB_UNDOING)
		return jobback_check_time(job, now);
	if (job->stage == STAGE_DEVICES) {
		if (!job->waiting_since_us)
			job->waiting_since_us = now;
		since_us = job->waiting_since_us;
		plug_describe_wait(job, why, sizeof(why));
	}
	if (now <= since_us + job->env->timeout_us)
		return false;
	job_cancel(job, -ETIMEDOUT, why);
	return waits_for_store;
}
