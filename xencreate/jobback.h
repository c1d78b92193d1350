/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's way back. Used by job.c. */
#ifndef JOBBACK_H
#define JOBBACK_H

#include <stdbool.h>
#include <stdint.h>

struct job;
struct worker_result;

/** jobback_go() - take the next thing back, if nothing is unanswered; job_finish() after the last
 */
void jobback_go(struct job *job);

/** jobback_result() - a worker has answered. */
void jobback_result(struct job *job, const struct worker_result *result);

/** jobback_check_time() - go on without the store if it does not answer. Return: as
 * job_check_time(). */
bool jobback_check_time(struct job *job, uint64_t now_us);

#endif
