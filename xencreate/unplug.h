/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking a domain's vifs and disks down, as the store has them: the backend is told to close, its
 * script is run when it has, its nodes go. Used for a creation that is taken back, for a domain
 * that is destroyed, and for what one that is gone has left.
 */
#ifndef UNPLUG_H
#define UNPLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log;
struct scripts;
struct storeclient;
struct unplug_device;
struct xc_interface_core;

enum unplug_phase {
	UNPLUG_LISTING, /* which devices are there? */
	UNPLUG_LOOKING, /* what are they? */
	UNPLUG_CLOSING,
	UNPLUG_CLEANING,
};

/* What all in a run have in common; owned by the run. */
struct unplug_env {
	struct storeclient *store; /* borrowed, like the rest */
	struct scripts *scripts;
	struct xc_interface_core *xch;
	struct log *log;
	const bool *closing; /* answers do not matter any more */
};

/* Embedded in its owner; zeroed at first. */
struct unplug {
	const struct unplug_env *env; /* borrowed: the run's */
	uint32_t domid;
	uint32_t id;		   /* of its watch tokens */
	struct unplug_device *all; /* owned, while it is active */
	size_t n, n_gone, n_scripts;
	unsigned int n_pending; /* answers of the store that are still to come */
	bool pause; /* the domain is there, and may run: it is paused if it has devices */
	bool active;
	enum unplug_phase phase;
	bool foreign;	   /* it has devices of other kinds */
	int error;	   /* of the store; the first one */
	uint64_t since_us; /* when it last went on */
	/* Called once, never from within unplug_start(). @error: 0, -EOPNOTSUPP (it has devices
	 * that are not ours to take down: nothing was done), -ECONNRESET (begin again when the
	 * store is back), or what the store said. */
	void (*done)(void *ctx, int error);
	void *ctx;
};

/**
 * unplug_start() - begin
 *
 * @unplug's env, domid, id, pause, done and ctx are set. Return: 0, -ENOTCONN, -ENOMEM; then done()
 * is not called.
 */
int unplug_start(struct unplug *unplug);

/** unplug_event() - the state of a backend has changed; @index is the token's. */
void unplug_event(struct unplug *unplug, uint32_t index);

/**
 * unplug_check_time() - a backend that does not close in time is not waited for any more
 * Return: true if the store has not answered for @timeout_us: storeclient_drop().
 */
bool unplug_check_time(struct unplug *unplug, uint64_t now_us, uint64_t timeout_us);

void unplug_deinit(struct unplug *unplug);

#endif
