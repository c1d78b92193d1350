/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back, by job->undo: one thing is taken back, and when that is answered the next. */
#include "jobback.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "handed.h"
#include "handles.h"
#include "job.h"
#include "jobstore.h"
#include "plan.h"
#include "scripts.h"
#include "userdata.h"
#include "worker.h"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

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

static void on_xl_destroyed(void *ctx, const struct scripts_result *result)
{
	struct job *job = ctx;

	job->in_xl = false;
	job->unclean |= !!result->error;
	job->undo_start_us = now_us();
	jobback_go(job);
}

static void on_unplugged(void *ctx, int error)
{
	struct job *job = ctx;

	/* Devices have limits of their own: what comes next has all its time. */
	if (error != -ECONNRESET)
		job->undo_start_us = now_us();
	if (error == -EOPNOTSUPP) {
		job->in_xl =
			!handed_destroy(job->env->scripts, job->shell.domid, on_xl_destroyed, job);
		job->unclean |= !job->in_xl;
	} else if (error == -ECONNRESET) {
		job->connection_lost = !storeclient_is_connected(job->env->host->store);
		undo_push(&job->undo, UNDO_DEVICES); /* once more */
	} else if (error) {
		job->unclean = true;
	}
	jobback_go(job);
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
void jobback_go(struct job *job)
{
	enum undo_kind kind;

	if (job->state != JOB_UNDOING)
		job->undo_start_us = now_us();
	job->state = JOB_UNDOING;
	while (!job->n_pending && !job->in_worker && !job->in_xl && !job->plugs.n_scripts &&
	       !job->unplug.active && !waits_for_store(job)) {
		if (!undo_pop(&job->undo, &kind)) {
			job_finish(job, JOB_FAILED);
			return;
		}
		take_back(job, kind);
	}
}

void jobback_result(struct job *job, const struct worker_result *result)
{
	if (result->error == -EPIPE)
		destroy_here(job); /* the worker died over it */
	else if (result->error && result->error != -ESRCH)
		job->unclean = true;
	jobback_go(job);
}

bool jobback_check_time(struct job *job, uint64_t now)
{
	if (job->unplug.active) {
		/* It has its own limits; only a store that does not answer ends it. */
		job->store_given_up |= unplug_check_time(&job->unplug, now, job->env->timeout_us);
		return job->store_given_up && job->unplug.n_pending;
	}
	if (now <= job->undo_start_us + job->env->timeout_us)
		return false;
	job->store_given_up = true;
	jobback_go(job);
	return job->n_pending > 0;
}
