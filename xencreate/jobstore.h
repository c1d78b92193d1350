/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's side of the store. Used by job.c; the batch hands on watch events. */
#ifndef JOBSTORE_H
#define JOBSTORE_H

#include <stdbool.h>
#include <stdint.h>

struct job;

/** jobstore_send_tree() - write the domain's nodes. */
void jobstore_send_tree(struct job *job);

/** jobstore_send_handed() - add to the nodes of a domain that xl has made: the record of its limit.
 * With the watch that is needed. */
void jobstore_send_handed(struct job *job);

/** jobstore_send_names() - a domain that was made beforehand: its name, where it stands, and a look
 * whether the store has it. With the watch that is needed. */
void jobstore_send_names(struct job *job);

/** jobstore_send_introduction() - set the watches that are needed, then introduce the domain. */
void jobstore_send_introduction(struct job *job);

/** jobstore_watch_again() - set the watches that the present stage needs, on a new connection. */
void jobstore_watch_again(struct job *job);

/** jobstore_unwatch() - take all watches back. */
void jobstore_unwatch(struct job *job);

/** jobstore_remove_tree() - remove the domain's nodes; job->unclean says if that fails. Without a
 * connection it is put back on the list of what is to be undone. */
void jobstore_remove_tree(struct job *job);

/** jobstore_event() - a watch of this job fired; @kind is the token's: TOKENS_TTY or TOKENS_READY
 */
void jobstore_event(struct job *job, char kind);

/** jobstore_sent() - after storeclient_*(): counts what was sent, and notes what went wrong. A
 * connection that is not there now will be there later. Return: true if an answer will come. */
bool jobstore_sent(struct job *job, int r);

/** jobstore_answered() - an answer came; job_settle() goes on if it was the last. @what: for the
 * job's error, if @error is one */
void jobstore_answered(struct job *job, int error, const char *what);

#endif
