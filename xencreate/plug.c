/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A backend that is ready for its script says so by its state; a watch on that is all that is
 * needed. All devices of a domain are plugged in at once; how many scripts run at a time is
 * scripts.c's business.
 */
#include "plug.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xen/io/xenbus.h>

#include "devtree.h"
#include "guestcfg.h"
#include "handles.h"
#include "hotplug.h"
#include "job.h"
#include "jobstore.h"
#include "plan.h"
#include "scripts.h"
#include "tokens.h"

struct plug {
	struct job *job;	     /* borrowed: it owns us */
	const struct device *device; /* borrowed from the config */
	bool watched, backend_seen, done;
	char said[SCRIPTS_SAID_MAX]; /* by a script that failed */
	int error;
};

static uint32_t index_of(const struct plug *plug)
{
	return (uint32_t)(plug - plug->job->plugs.all);
}

static void state_path(char path[DEVTREE_PATH_MAX], const struct plug *plug, const char *name)
{
	size_t len;

	devtree_backend(path, plug->job->shell.domid, plug->device);
	len = strlen(path);
	snprintf(path + len, DEVTREE_PATH_MAX - len, "/%s", name);
}

static void fail(struct plug *plug, int error, const char *why)
{
	char what[SCRIPTS_SAID_MAX + 64];

	snprintf(what, sizeof(what), "%s %" PRIu32 ": %s", device_kind_name(plug->device->kind),
		 plug->device->devid, why);
	job_note_error(plug->job, error, what);
}

static void on_watched(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	jobstore_answered(ctx, error, error ? strerror(-error) : "");
}

static void watch(struct plug *plug)
{
	const struct tokens token = { plug->job->id, TOKENS_PLUG, index_of(plug) };
	char path[DEVTREE_PATH_MAX], text[TOKENS_MAX];

	state_path(path, plug, "state");
	tokens_format(text, &token);
	plug->watched =
		jobstore_sent(plug->job, storeclient_watch(plug->job->env->host->store, path, text,
							   on_watched, plug->job));
}

static void unwatch(struct plug *plug)
{
	const struct tokens token = { plug->job->id, TOKENS_PLUG, index_of(plug) };
	char path[DEVTREE_PATH_MAX], text[TOKENS_MAX];

	if (!plug->watched)
		return;
	plug->watched = false;
	state_path(path, plug, "state");
	tokens_format(text, &token);
	storeclient_unwatch(plug->job->env->host->store, path, text, NULL, NULL);
}

/* What the script itself says of its failure stands in the store. */
static void on_complaint(void *ctx, int error, const char *data, size_t len)
{
	struct plug *plug = ctx;
	char why[SCRIPTS_SAID_MAX + 32];

	if (!error && len)
		snprintf(why, sizeof(why), "%.32s: %.180s", plug->device->script, data);
	else
		snprintf(why, sizeof(why), "%.32s: %.180s", plug->device->script, plug->said);
	fail(plug, plug->error, why);
	jobstore_answered(plug->job, 0, "");
}

static void on_script(void *ctx, const struct scripts_result *result)
{
	struct plug *plug = ctx;
	struct job *job = plug->job;
	char path[DEVTREE_PATH_MAX];
	int r;

	job->plugs.n_scripts--;
	job->waiting_since_us = 0;
	if (!result->error) {
		plug->done = true;
		job->plugs.n_done++;
		job_settle(job);
		return;
	}
	plug->error = result->error;
	if (result->error == -ETIMEDOUT)
		snprintf(plug->said, sizeof(plug->said), "did not end in time");
	else if (*result->said)
		snprintf(plug->said, sizeof(plug->said), "%s", result->said);
	else
		snprintf(plug->said, sizeof(plug->said), "ended with status %d", result->status);
	state_path(path, plug, "hotplug-error");
	r = storeclient_read(job->env->host->store, 0, path, on_complaint, plug);
	if (r < 0)
		fail(plug, result->error, plug->said);
	else
		job->n_pending++;
	job_settle(job);
}

static void run_script(struct plug *plug)
{
	struct job *job = plug->job;
	const struct hotplug_request request = {
		.kind = plug->device->kind,
		.domid = job->shell.domid,
		.devid = plug->device->devid,
		.script = plug->device->script,
		.gatewaydev = plug->device->gatewaydev,
		.add = true,
		.done = on_script,
		.ctx = plug,
	};
	int r = hotplug_run(job->env->scripts, &request);

	if (r < 0)
		fail(plug, r, strerror(-r));
	else
		job->plugs.n_scripts++;
}

static void on_state(void *ctx, int error, const char *data, size_t len)
{
	struct plug *plug = ctx;
	struct job *job = plug->job;
	int state = error ? XenbusStateUnknown : atoi(data);

	(void)len;
	if (job->state == JOB_RUNNING && !job->error && !plug->backend_seen) {
		if (state == XenbusStateInitWait) {
			plug->backend_seen = true;
			unwatch(plug);
			run_script(plug);
		} else if (state == XenbusStateClosing || state == XenbusStateClosed) {
			fail(plug, -EIO, "its backend gave up");
		}
	}
	jobstore_answered(job, error == -ENOENT ? 0 : error, error ? strerror(-error) : "");
}

void plug_event(struct job *job, uint32_t index)
{
	struct plug *plug;
	char path[DEVTREE_PATH_MAX];

	if (job->state != JOB_RUNNING || index >= job->plugs.n)
		return;
	plug = &job->plugs.all[index];
	if (plug->backend_seen)
		return;
	state_path(path, plug, "state");
	jobstore_sent(job, storeclient_read(job->env->host->store, 0, path, on_state, plug));
}

int plug_start(struct job *job)
{
	const struct device_list *devices = &job->plan->config->devices;
	struct plugs *plugs = &job->plugs;

	plugs->all = calloc(devices->n + 1, sizeof(plugs->all[0]));
	if (!plugs->all)
		return -ENOMEM;
	plugs->n = devices->n;
	for (size_t i = 0; i < plugs->n; i++) {
		plugs->all[i].job = job;
		plugs->all[i].device = &devices->all[i];
		if (!job->error && !job->connection_lost)
			watch(&plugs->all[i]);
	}
	return 0;
}

void plug_again(struct job *job)
{
	for (size_t i = 0; i < job->plugs.n; i++) {
		struct plug *plug = &job->plugs.all[i];

		plug->watched = false;
		if (!plug->backend_seen && !job->error && !job->connection_lost)
			watch(plug);
	}
}

void plug_unwatch(struct job *job)
{
	for (size_t i = 0; i < job->plugs.n; i++)
		unwatch(&job->plugs.all[i]);
}

void plug_describe_wait(const struct job *job, char *buf, size_t size)
{
	*buf = '\0';
	for (size_t i = 0; i < job->plugs.n; i++) {
		const struct plug *plug = &job->plugs.all[i];

		if (plug->backend_seen)
			continue;
		snprintf(buf, size, "timed out: no backend for %s %" PRIu32 " (is xen-%s loaded?)",
			 device_kind_name(plug->device->kind), plug->device->devid,
			 plug->device->kind == DEVICE_VIF ? "netback" : "blkback");
		return;
	}
}

void plug_deinit(struct plugs *plugs)
{
	free(plugs->all);
	*plugs = (struct plugs){ 0 };
}
