/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices are taken down first, then the nodes go: nobody shall find a domain in the store that is
 * not there any more. A domain with devices of a kind that we do not know is xl's business.
 */
#include "victim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "handed.h"
#include "handles.h"
#include "names.h"
#include "plan.h"
#include "storeclient.h"
#include "userdata.h"
#include "worker.h"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void victim_init(struct victim *victim, struct victim_env *env, const struct names_entry *entry,
		 uint32_t id, bool ghost)
{
	victim->ghost = ghost;
	victim->env = env;
	victim->entry = entry;
	victim->id = id;
	plan_uuid_text(victim->uuid_text, entry->uuid);
	if (entry->name)
		snprintf(victim->label, sizeof(victim->label), "%s", entry->name);
	else
		snprintf(victim->label, sizeof(victim->label), "%" PRIu32, entry->domid);
}

static void finish(struct victim *victim)
{
	victim->end_us = now_us();
	victim->env->finished(victim->env->ctx, victim);
}

/* After an answer: true if the rest has to wait for a new connection, or for answers that are still
 * missing. */
static bool interrupted(struct victim *victim, int error)
{
	victim->n_pending--;
	if (error == -ECONNRESET || error == -ENOTCONN)
		victim->lost = true;
	if (victim->env->closing || victim->n_pending)
		return true;
	if (victim->lost && victim->message[0])
		finish(victim); /* its time is up */
	return victim->lost;
}

/* After a request: counts it; without a connection there will be another one. */
static bool asked(struct victim *victim, int r)
{
	victim->n_pending += !r;
	victim->lost |= r == -ENOTCONN;
	return !r || r == -ENOTCONN;
}

/* The first error counts. */
static void fail(struct victim *victim, const char *what, int error)
{
	if (!victim->message[0])
		snprintf(victim->message, sizeof(victim->message), "%s: %s", what,
			 strerror(-error));
}

static void kill_domain(struct victim *victim)
{
	struct worker_job job = {
		.id = victim->id,
		.task = WORKER_DESTROY,
		.shell.domid = victim->entry->domid,
	};
	int r;

	userdata_remove(victim->entry->domid, victim->uuid_text);
	if (victim->ghost) {
		finish(victim);
		return;
	}
	memcpy(job.handle, victim->entry->uuid, sizeof(job.handle));
	r = worker_pool_submit(victim->env->pool, &job);
	if (!r)
		return;
	fail(victim, "destroying", r);
	finish(victim);
}

void victim_result(struct victim *victim, const struct worker_result *result)
{
	if (result->error && result->error != -ESRCH)
		fail(victim, "destroying", result->error);
	finish(victim);
}

static void on_removed(void *ctx, int error, const char *data, size_t len)
{
	struct victim *victim = ctx;

	(void)data, (void)len;
	if (error && error != -ENOENT && error != -ECONNRESET) {
		fail(victim, "removing its nodes", error);
		victim->unclean = true;
	}
	if (!interrupted(victim, error))
		kill_domain(victim);
}

static void remove_nodes(struct victim *victim)
{
	struct victim_env *env = victim->env;
	struct tree *tree = &env->tree;
	int r = tree_removal(tree, victim->entry->domid, victim->uuid_text,
			     env->host->console_domid);

	for (size_t i = 0; !r && i < tree->n_requests; i++) {
		struct iovec iov = { (char *)tree_payload(tree, i), tree->requests[i].len };

		r = storeclient_request(env->host->store, tree->requests[i].type, 0, &iov, 1,
					on_removed, victim);
		if (asked(victim, r))
			r = 0;
	}
	if (r < 0) {
		fail(victim, "removing its nodes", r);
		victim->unclean = true;
	}
	if (!victim->n_pending && !victim->lost)
		kill_domain(victim);
}

static void on_vm_removed(void *ctx, int error, const char *data, size_t len)
{
	struct victim *victim = ctx;

	(void)data, (void)len;
	if (interrupted(victim, error))
		return;
	if (error && error != -ENOENT)
		fail(victim, "removing its nodes", error);
	userdata_remove(victim->entry->domid, victim->uuid_text);
	finish(victim);
}

/* The number may be another domain's by now; a UUID is nobody else's. */
static void remove_vm_only(struct victim *victim)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/vm/%s", victim->uuid_text);
	r = storeclient_rm(victim->env->host->store, 0, path, on_vm_removed, victim);
	if (asked(victim, r))
		return;
	fail(victim, "removing its nodes", r);
	finish(victim);
}

static void take_devices_down(struct victim *victim);

static void on_owner(void *ctx, int error, const char *data, size_t len)
{
	struct victim *victim = ctx;

	(void)len;
	if (interrupted(victim, error))
		return;
	if (!error && !strncmp(data, "/vm/", 4) && !strcmp(data + 4, victim->uuid_text))
		take_devices_down(victim);
	else
		remove_vm_only(victim);
}

static void on_xl(void *ctx, const struct scripts_result *result)
{
	struct victim *victim = ctx;

	victim->in_xl = false;
	if (!result->error) {
		kill_domain(victim); /* which only looks whether it is gone, and forgets it */
		return;
	}
	snprintf(victim->message, sizeof(victim->message), "xl destroy: %.140s",
		 result->error == -ETIMEDOUT ? "did not end in time" : result->said);
	victim->unclean = true;
	finish(victim);
}

static void ask(struct victim *victim);

static void on_unplugged(void *ctx, int error)
{
	struct victim *victim = ctx;

	if (victim->env->closing)
		return;
	if (!error) {
		remove_nodes(victim);
	} else if (error == -EOPNOTSUPP && !victim->ghost) {
		victim->in_xl = !handed_destroy(victim->env->unplug.scripts, victim->entry->domid,
						on_xl, victim);
		if (!victim->in_xl) {
			fail(victim, "xl destroy", -ENOMEM);
			victim->unclean = true;
			finish(victim);
		}
	} else if (error == -ECONNRESET && !victim->message[0]) {
		victim->lost = !storeclient_is_connected(victim->env->host->store);
		if (!victim->lost)
			ask(victim);
	} else {
		fail(victim, "taking its devices down", error);
		victim->unclean = true;
		finish(victim);
	}
}

static void take_devices_down(struct victim *victim)
{
	int r;

	victim->unplug = (struct unplug){
		.env = &victim->env->unplug,
		.domid = victim->entry->domid,
		.id = victim->id,
		.pause = !victim->ghost,
		.done = on_unplugged,
		.ctx = victim,
	};
	r = unplug_start(&victim->unplug);
	victim->lost |= r == -ENOTCONN;
	if (!r || r == -ENOTCONN)
		return;
	fail(victim, "asking for its devices", r);
	finish(victim);
}

void victim_event(struct victim *victim, uint32_t index)
{
	unplug_event(&victim->unplug, index);
}

static void ask(struct victim *victim)
{
	char path[64];
	int r;

	if (!victim->ghost) {
		take_devices_down(victim);
		return;
	}
	snprintf(path, sizeof(path), "/local/domain/%u/vm", victim->entry->domid);
	r = storeclient_read(victim->env->host->store, 0, path, on_owner, victim);
	if (asked(victim, r))
		return;
	fail(victim, "asking the store for it", r);
	finish(victim);
}

void victim_start(struct victim *victim)
{
	victim->start_us = now_us();
	ask(victim);
}

void victim_reconnected(struct victim *victim)
{
	if (victim->end_us || !victim->lost || victim->n_pending || victim->unplug.active)
		return;
	victim->lost = false;
	ask(victim);
}

bool victim_check_time(struct victim *victim, uint64_t now, uint64_t timeout_us)
{
	if (victim->end_us || victim->in_xl)
		return false;
	if (victim->unplug.active) {
		if (!unplug_check_time(&victim->unplug, now, timeout_us))
			return false;
		fail(victim, "asking the store", -ETIMEDOUT);
		victim->unclean = true;
		return true;
	}
	if ((!victim->n_pending && !victim->lost) || now <= victim->start_us + timeout_us)
		return false;
	fail(victim, "asking the store", -ETIMEDOUT);
	victim->unclean = true;
	if (!victim->n_pending)
		finish(victim);
	return victim->n_pending > 0;
}
