/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plugging a job's devices in: used by job.c while the job is in that stage. */
#ifndef PLUG_H
#define PLUG_H

#include <stddef.h>
#include <stdint.h>

struct job;
struct plug;

/* Embedded in the job; zeroed at first. */
struct plugs {
	struct plug *all; /* owned: plug_deinit() */
	size_t n, n_done;
	size_t n_scripts; /* that run, or wait for their turn */
};

/**
 * plug_start() - wait for each backend, run its script when it is there
 *
 * job_settle() is called as things come to an end; a failure is noted with job_note_error().
 * Return: 0 or -ENOMEM.
 */
int plug_start(struct job *job);

/** plug_event() - a backend's state has changed; @index is the token's. */
void plug_event(struct job *job, uint32_t index);

/** plug_again() - there is a new connection to the store: set the watches that are needed. */
void plug_again(struct job *job);

/** plug_unwatch() - take all watches back. */
void plug_unwatch(struct job *job);

/** plug_describe_wait() - what is waited for, for people; "" if nothing is. */
void plug_describe_wait(const struct job *job, char *buf, size_t size);

void plug_deinit(struct plugs *plugs);

#endif
