/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What it takes to be a daemon: fork, a pid file whose lock holds, and word to the service manager.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "cleanup.h"

struct log;
struct daemon_pidfile;

/**
 * daemon_fork() - leave the terminal
 *
 * Returns in a grandchild that leads no session, with / as working directory and standard
 * descriptors on /dev/null. The process that was called waits and exits only after daemon_ready(),
 * with its status, so that a start script that waits for it finds a daemon that serves. Call it
 * before any Xen handle or loop exists.
 *
 * @ready_fd: out: give it to daemon_ready(); closed without a word if the daemon dies: the first
 * process exits 1
 *
 * Return: 0, or what fork() or pipe() say.
 */
int daemon_fork(int *ready_fd);

/** daemon_raise_files() - let as many files be open as the hard limit allows */
void daemon_raise_files(void);

/**
 * daemon_ready() - say that requests are served from now on
 * @ready_fd: from daemon_fork(), or -1 if we stayed in the foreground; closed
 *
 * Also sends READY=1 to the service manager, if there is one.
 * Source: sd_notify(3).
 */
void daemon_ready(int ready_fd);

/** daemon_status() - what the service manager shows; sd_notify(3), STATUS */
void daemon_status(const char *text);

/**
 * daemon_pidfile_take() - write our pid and hold a lock on the file for as long as we live
 * @out:   owned by the caller
 * @path:  created 0644 with its content replaced; its folder must exist
 * @other: out: pid of the daemon that holds the lock, on -EEXIST
 *
 * Return: 0, -EEXIST (another daemon holds it), or what opening the file says.
 */
int daemon_pidfile_take(struct daemon_pidfile **out, const char *path, int *other);

/** daemon_pidfile_drop() - remove the file and release the lock. */
void daemon_pidfile_drop(struct daemon_pidfile *pidfile);
DEFINE_CLEANUP(struct daemon_pidfile *, daemon_pidfile_drop)

#endif
