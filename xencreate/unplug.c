/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First all devices are listed from libxl's note of them. Then each goes its own way: a transaction
 * in which its front half goes and its back half is told to close; a watch on the back half's
 * state; the script. When all have come to the end of it, the back halves' folders go.
 */
#include "unplug.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xenctrl.h>

#include "device.h"
#include "hotplug.h"
#include "log.h"
#include "storeclient.h"
#include "tokens.h"

#define PATH_MAX_LEN 160
#define CLOSE_MAX_US 10000000 /* libxl, LIBXL_DESTROY_TIMEOUT */

struct unplug_device {
	struct unplug *unplug; /* borrowed: it owns us */
	enum device_kind kind;
	uint32_t devid;
	char *script, *gatewaydev; /* owned; NULL: there is none */
	uint32_t txid;
	int state;    /* of the back half, as the transaction saw it; -1: there is no back half */
	bool watched; /* until it has closed */
	bool told;    /* to close */
	bool gone;
	uint64_t told_us;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void back_path(char path[PATH_MAX_LEN], const struct unplug_device *device, const char *name)
{
	snprintf(path, PATH_MAX_LEN, "/local/domain/0/backend/%s/%" PRIu32 "/%" PRIu32 "%s",
		 device_kind_name(device->kind), device->unplug->domid, device->devid, name);
}

static void go_on(struct unplug *unplug);

/* After a request. */
static void asked(struct unplug *unplug, int r)
{
	if (!r)
		unplug->n_pending++;
	else if (!unplug->error)
		unplug->error = r == -ENOTCONN ? -ECONNRESET : r;
}

/* After an answer: false if nothing is to be done with it any more. */
static bool taken(struct unplug *unplug, int error)
{
	unplug->n_pending--;
	unplug->since_us = now_us();
	if (error && !unplug->error)
		unplug->error = error == -ENOTCONN ? -ECONNRESET : error;
	return !*unplug->env->closing && !unplug->error;
}

static void answered(struct unplug *unplug)
{
	if (!*unplug->env->closing && !unplug->n_pending && !unplug->n_scripts)
		go_on(unplug);
}

static void on_done(void *ctx, int error, const char *data, size_t len)
{
	(void)data, (void)len;
	taken(ctx, error == -ENOENT ? 0 : error);
	answered(ctx);
}

/* --- the script --- */

static void watch(struct unplug_device *device, bool on)
{
	struct unplug *unplug = device->unplug;
	const struct tokens token = { unplug->id, TOKENS_UNPLUG, (uint32_t)(device - unplug->all) };
	char path[PATH_MAX_LEN], text[TOKENS_MAX];

	if (device->watched == on)
		return;
	device->watched = on;
	back_path(path, device, "/state");
	tokens_format(text, &token);
	if (on)
		asked(unplug, storeclient_watch(unplug->env->store, path, text, on_done, unplug));
	else
		storeclient_unwatch(unplug->env->store, path, text, NULL, NULL);
}

static void gone(struct unplug_device *device)
{
	watch(device, false);
	if (device->gone)
		return;
	device->gone = true;
	device->unplug->n_gone++;
}

static void on_script(void *ctx, const struct scripts_result *result)
{
	struct unplug_device *device = ctx;
	struct unplug *unplug = device->unplug;

	unplug->n_scripts--;
	unplug->since_us = now_us();
	/* As libxl: what a script cannot undo is no reason to keep the rest. One that was not even
	 * started can be tried again. */
	if (!result->started) {
		unplug->error = unplug->error ? unplug->error : result->error;
		answered(unplug);
		return;
	}
	if (result->error)
		log_warning(unplug->env->log, "domain %" PRIu32 ", %s %" PRIu32 ": %s: %s",
			    unplug->domid, device_kind_name(device->kind), device->devid,
			    device->script,
			    result->error == -ETIMEDOUT ? "did not end in time" : result->said);
	gone(device);
	answered(unplug);
}

/* The back half has closed, or will not. */
static void closed(struct unplug_device *device)
{
	struct unplug *unplug = device->unplug;
	const struct hotplug_request request = {
		.kind = device->kind,
		.domid = unplug->domid,
		.devid = device->devid,
		.script = device->script,
		.gatewaydev = device->gatewaydev,
		.done = on_script,
		.ctx = device,
	};

	watch(device, false);
	device->told = false;
	if (!device->script)
		gone(device);
	else if (hotplug_run(unplug->env->scripts, &request) < 0)
		unplug->error = -ENOMEM;
	else
		unplug->n_scripts++;
}

static void on_state(void *ctx, int error, const char *data, size_t len)
{
	struct unplug_device *device = ctx;

	(void)len;
	if (taken(device->unplug, error == -ENOENT ? 0 : error) && device->told &&
	    (error || atoi(data) == XenbusStateClosed))
		closed(device);
	answered(device->unplug);
}

void unplug_event(struct unplug *unplug, uint32_t index)
{
	char path[PATH_MAX_LEN];

	if (!unplug->active || index >= unplug->n || !unplug->all[index].told || unplug->error)
		return;
	back_path(path, &unplug->all[index], "/state");
	asked(unplug, storeclient_read(unplug->env->store, 0, path, on_state, &unplug->all[index]));
}

/* --- the transaction --- */

static void tell(struct unplug_device *device);

static void on_told(void *ctx, int error, const char *data, size_t len)
{
	struct unplug_device *device = ctx;

	(void)data, (void)len;
	if (taken(device->unplug, error == -EAGAIN ? 0 : error)) {
		if (error == -EAGAIN) {
			tell(device);
		} else if (device->state < 0) {
			gone(device); /* then no script has run either */
		} else {
			device->told = true;
			device->told_us = now_us();
			if (device->state == XenbusStateClosed)
				closed(device);
		}
	}
	answered(device->unplug);
}

static void on_seen(void *ctx, int error, const char *data, size_t len)
{
	struct unplug_device *device = ctx;
	struct unplug *unplug = device->unplug;
	struct storeclient *store = unplug->env->store;
	struct iovec iov = { "T", 2 };
	char path[PATH_MAX_LEN];

	(void)len;
	if (taken(unplug, error == -ENOENT ? 0 : error)) {
		device->state = error ? -1 : atoi(data);
		back_path(path, device, "/online");
		if (!error)
			asked(unplug,
			      storeclient_write(store, device->txid, path, "0", on_done, unplug));
		back_path(path, device, "/state");
		if (!error && device->state != XenbusStateClosed)
			asked(unplug,
			      storeclient_write(store, device->txid, path, "5", on_done, unplug));
		asked(unplug, storeclient_request(store, XS_TRANSACTION_END, device->txid, &iov, 1,
						  on_told, device));
	}
	answered(unplug);
}

static void on_begun(void *ctx, int error, const char *data, size_t len)
{
	struct unplug_device *device = ctx;
	struct unplug *unplug = device->unplug;
	char path[PATH_MAX_LEN];

	(void)len;
	if (taken(unplug, error)) {
		device->txid = (uint32_t)strtoul(data, NULL, 10);
		snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/device/%s/%" PRIu32,
			 unplug->domid, device_kind_name(device->kind), device->devid);
		asked(unplug,
		      storeclient_rm(unplug->env->store, device->txid, path, on_done, unplug));
		back_path(path, device, "/state");
		asked(unplug,
		      storeclient_read(unplug->env->store, device->txid, path, on_seen, device));
	}
	answered(unplug);
}

static void tell(struct unplug_device *device)
{
	struct iovec iov = { "", 1 };

	asked(device->unplug, storeclient_request(device->unplug->env->store, XS_TRANSACTION_START,
						  0, &iov, 1, on_begun, device));
}

/* --- what there is --- */

static void keep(char **where, struct unplug *unplug, int error, const char *data)
{
	if (taken(unplug, error == -ENOENT ? 0 : error) && !error && *data && !*where) {
		*where = strdup(data);
		if (!*where)
			unplug->error = -ENOMEM;
	}
	answered(unplug);
}

static void on_script_name(void *ctx, int error, const char *data, size_t len)
{
	struct unplug_device *device = ctx;

	(void)len;
	keep(&device->script, device->unplug, error, data);
}

static void on_gatewaydev(void *ctx, int error, const char *data, size_t len)
{
	struct unplug_device *device = ctx;

	(void)len;
	keep(&device->gatewaydev, device->unplug, error, data);
}

/* A disk that a device model serves, or anything in another domain, is not ours. */
static void on_backend(void *ctx, int error, const char *data, size_t len)
{
	struct unplug_device *device = ctx;
	char path[PATH_MAX_LEN];

	(void)len;
	back_path(path, device, "");
	if (taken(device->unplug, error == -ENOENT ? 0 : error) && !error && strcmp(data, path))
		device->unplug->foreign = true;
	answered(device->unplug);
}

static void ask_device(struct unplug_device *device)
{
	struct storeclient *store = device->unplug->env->store;
	char note[PATH_MAX_LEN / 2], path[PATH_MAX_LEN];

	snprintf(note, sizeof(note), "/libxl/%" PRIu32 "/device/%s/%" PRIu32, device->unplug->domid,
		 device_kind_name(device->kind), device->devid);
	snprintf(path, sizeof(path), "%s/backend", note);
	asked(device->unplug, storeclient_read(store, 0, path, on_backend, device));
	snprintf(path, sizeof(path), "%s/script", note);
	asked(device->unplug, storeclient_read(store, 0, path, on_script_name, device));
	snprintf(path, sizeof(path), "%s/gatewaydev", note);
	asked(device->unplug, storeclient_read(store, 0, path, on_gatewaydev, device));
}

static void add_devices(struct unplug *unplug, enum device_kind kind, int error, const char *data,
			size_t len)
{
	if (!taken(unplug, error == -ENOENT ? 0 : error) || error)
		len = 0;
	for (size_t at = 0; at < len; at += strlen(data + at) + 1) {
		struct unplug_device *all = reallocarray(unplug->all, unplug->n + 1, sizeof(*all));

		if (!all) {
			unplug->error = -ENOMEM;
			break;
		}
		unplug->all = all;
		all[unplug->n++] = (struct unplug_device){
			.unplug = unplug,
			.kind = kind,
			.devid = (uint32_t)strtoul(data + at, NULL, 10),
		};
	}
	answered(unplug);
}

static void on_vifs(void *ctx, int error, const char *data, size_t len)
{
	add_devices(ctx, DEVICE_VIF, error, data, len);
}

static void on_vbds(void *ctx, int error, const char *data, size_t len)
{
	add_devices(ctx, DEVICE_VBD, error, data, len);
}

/* Whoever has a device model has more than we know of. */
static void on_model(void *ctx, int error, const char *data, size_t len)
{
	struct unplug *unplug = ctx;

	(void)data, (void)len;
	if (taken(unplug, error == -ENOENT ? 0 : error) && !error)
		unplug->foreign = true;
	answered(unplug);
}

static void on_kinds(void *ctx, int error, const char *data, size_t len)
{
	static storeclient_reply_fn *const answers[N_DEVICE_KINDS] = {
		[DEVICE_VIF] = on_vifs,
		[DEVICE_VBD] = on_vbds,
	};
	struct unplug *unplug = ctx;
	char path[PATH_MAX_LEN];
	enum device_kind kind;

	if (!taken(unplug, error == -ENOENT ? 0 : error))
		len = 0;
	for (size_t at = 0; !error && at < len; at += strlen(data + at) + 1) {
		if (!strcmp(data + at, "console"))
			continue;
		if (device_kind_of(&kind, data + at) < 0) {
			unplug->foreign = true;
			continue;
		}
		snprintf(path, sizeof(path), "/libxl/%" PRIu32 "/device/%s", unplug->domid,
			 data + at);
		asked(unplug,
		      storeclient_directory(unplug->env->store, 0, path, answers[kind], unplug));
	}
	answered(unplug);
}

/* --- all of them --- */

static void finish(struct unplug *unplug, int error)
{
	for (size_t i = 0; i < unplug->n; i++)
		watch(&unplug->all[i], false);
	unplug_deinit(unplug);
	unplug->done(unplug->ctx, error);
}

static void remove_folders(struct unplug *unplug)
{
	char path[PATH_MAX_LEN];

	for (unsigned int kind = 0; kind < N_DEVICE_KINDS; kind++) {
		snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%" PRIu32,
			 device_kind_name((enum device_kind)kind), unplug->domid);
		asked(unplug, storeclient_rm(unplug->env->store, 0, path, on_done, unplug));
	}
}

/* Nothing is unanswered. */
static void go_on(struct unplug *unplug)
{
	if (unplug->error || unplug->foreign) {
		finish(unplug, unplug->error ? unplug->error : -EOPNOTSUPP);
		return;
	}
	switch (unplug->phase) {
	case UNPLUG_LISTING:
		unplug->phase = UNPLUG_LOOKING;
		for (size_t i = 0; i < unplug->n; i++)
			ask_device(&unplug->all[i]);
		if (!unplug->n)
			finish(unplug, 0);
		break;
	case UNPLUG_LOOKING:
		unplug->phase = UNPLUG_CLOSING;
		/* The guest shall not see them go. */
		if (unplug->pause)
			xc_domain_pause(unplug->env->xch, unplug->domid);
		for (size_t i = 0; i < unplug->n; i++) {
			watch(&unplug->all[i], true);
			tell(&unplug->all[i]);
		}
		break;
	case UNPLUG_CLOSING:
		if (unplug->n_gone == unplug->n) {
			unplug->phase = UNPLUG_CLEANING;
			remove_folders(unplug);
		}
		break;
	case UNPLUG_CLEANING:
		finish(unplug, 0);
		break;
	}
}

int unplug_start(struct unplug *unplug)
{
	char path[PATH_MAX_LEN];
	int r;

	snprintf(path, sizeof(path), "/libxl/%" PRIu32 "/device", unplug->domid);
	r = storeclient_directory(unplug->env->store, 0, path, on_kinds, unplug);
	if (r < 0)
		return r;
	unplug->phase = UNPLUG_LISTING;
	unplug->active = true;
	unplug->foreign = false;
	unplug->error = 0;
	unplug->n_pending = 1;
	unplug->since_us = now_us();
	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/image/device-model-pid",
		 unplug->domid);
	asked(unplug, storeclient_read(unplug->env->store, 0, path, on_model, unplug));
	return 0;
}

bool unplug_check_time(struct unplug *unplug, uint64_t now, uint64_t timeout_us)
{
	if (!unplug->active)
		return false;
	for (size_t i = 0; i < unplug->n; i++) {
		struct unplug_device *device = &unplug->all[i];

		if (!device->told || now <= device->told_us + CLOSE_MAX_US)
			continue;
		log_warning(unplug->env->log,
			    "domain %" PRIu32 ", %s %" PRIu32 ": its backend does not close",
			    unplug->domid, device_kind_name(device->kind), device->devid);
		closed(device);
	}
	if (unplug->n_pending)
		return now > unplug->since_us + timeout_us;
	answered(unplug);
	return false;
}

void unplug_deinit(struct unplug *unplug)
{
	for (size_t i = 0; i < unplug->n; i++) {
		free(unplug->all[i].script);
		free(unplug->all[i].gatewaydev);
	}
	free(unplug->all);
	unplug->all = NULL;
	unplug->n = unplug->n_gone = 0;
	unplug->active = false;
}
