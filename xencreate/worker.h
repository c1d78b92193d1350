/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker processes: what takes long in the hypervisor, and maps memory of domains, runs beside the
 * loop. Processes and not threads, because mapping and unmapping take the lock of the whole address
 * space.
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "build.h"
#include "cleanup.h"
#include "shell.h"

struct guestcfg;
struct log;
struct loop;
struct worker_pool;

#define WORKER_MESSAGE_MAX 200

enum worker_task {
	WORKER_BUILD,
	WORKER_DESTROY,
};

struct worker_job {
	uint32_t id; /* the caller's; comes back with the result */
	enum worker_task task;
	struct shell shell;
	uint8_t handle[16];    /* WORKER_DESTROY: the domain must have this UUID */
	uint32_t config_index; /* WORKER_BUILD, like what follows */
	uint32_t store_domid;
	uint32_t console_domid;
};

struct worker_result {
	uint32_t id;
	int error; /* 0 or a negative errno; -EPIPE: the worker died over it */
	struct build_result build;
	uint64_t took_us;
	char message[WORKER_MESSAGE_MAX]; /* more about the error, or empty */
};

typedef void worker_done_fn(void *ctx, const struct worker_result *result);

/**
 * worker_pool_new() - fork workers
 * @out:       owned by the caller; worker_pool_free() before loop_free()
 * @n_workers: 0: jobs are done in this process, one per turn of the loop. On a domain 0 with one
 * CPU that is the faster way: nothing could run beside it anyway, and no process switches are paid
 * for
 * @configs: what config_index means, with their images; borrowed; NULL if nothing is built
 * @done:    called from the loop, once per job
 *
 * A worker that dies is replaced; its jobs end with -EPIPE.
 *
 * Return: 0, -ENOMEM, or what fork() or socketpair() say.
 */
int worker_pool_new(struct worker_pool **out, struct loop *loop, unsigned int n_workers,
		    struct guestcfg *const *configs, struct log *log, worker_done_fn *done,
		    void *ctx);
void worker_pool_free(struct worker_pool *pool);
DEFINE_CLEANUP(struct worker_pool *, worker_pool_free)

/** worker_pool_has_room() - would a job be with a worker at once? Else it waits its turn here. */
bool worker_pool_has_room(const struct worker_pool *pool);

/** worker_pool_is_busy() - is any job with a worker, or waiting for one? */
bool worker_pool_is_busy(const struct worker_pool *pool);

/**
 * worker_pool_submit() - have a job done
 *
 * Return: 0 (done() comes later, never from within), -ENOMEM, -EPIPE (no worker is left).
 */
int worker_pool_submit(struct worker_pool *pool, const struct worker_job *job);

#endif
