/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xl's command lines. What stands behind the file's name is added to its end, where it counts. */
#include "handed.h"

#include <inttypes.h>
#include <stdio.h>

#include "guestcfg.h"
#include "plan.h"

#define CREATE_MS  300000 /* a device model and scripts take their time */
#define DESTROY_MS 120000

int handed_create(struct scripts *scripts, const struct plan_domain *plan, scripts_done_fn *done,
		  void *ctx)
{
	char name[PATTERN_NAME_MAX + 16], uuid[64], ports[48];
	const char *const argv[] = {
		"xl", "create", "-q", "-e", "-p", plan->config->path, name, uuid, ports, NULL,
	};
	/* Killed in the middle it leaves a domain with our UUID; left alone it would leave one
	 * after everything else has been taken back. */
	const struct scripts_request request = {
		.argv = argv,
		.timeout_ms = CREATE_MS,
		.dies_with_us = true,
		.done = done,
		.ctx = ctx,
	};

	snprintf(name, sizeof(name), "name=\"%s\"", plan->name);
	snprintf(uuid, sizeof(uuid), "uuid=\"%s\"", plan->uuid_text);
	snprintf(ports, sizeof(ports), "max_event_channels=%" PRIu32, plan->cap);
	return scripts_run(scripts, &request);
}

int handed_destroy(struct scripts *scripts, uint32_t domid, scripts_done_fn *done, void *ctx)
{
	char number[16];
	const char *const argv[] = { "xl", "destroy", number, NULL };
	const struct scripts_request request = {
		.argv = argv,
		.timeout_ms = DESTROY_MS,
		.done = done,
		.ctx = ctx,
	};

	snprintf(number, sizeof(number), "%" PRIu32, domid);
	return scripts_run(scripts, &request);
}
