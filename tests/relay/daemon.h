/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store daemon under test: started afresh again and again, ended by its pid. */
#ifndef DAEMON_H
#define DAEMON_H

#include <sys/types.h>

/**
 * daemon_start() - start a program with an empty store and wait until its socket listens
 * @argv:   ends with NULL; the program stays in the foreground
 * @log:    the file to which it speaks
 * @socket: its socket
 * @pid:    out
 *
 * What an earlier one has left in /run/xenstored and /var/lib/xenstored is removed before.
 *
 * Return: 0, -ECHILD (it ended), -ETIMEDOUT, or what fork() says.
 */
int daemon_start(char *const argv[], const char *log, const char *socket, pid_t *pid);
/** daemon_end() - SIGKILL, and wait for the end. 0 is fine. */
void daemon_end(pid_t pid);
/** daemon_lives() */
int daemon_lives(pid_t pid);
/** daemon_join() - a new connection. Return: its descriptor, which does not wait, or an errno. */
int daemon_join(const char *socket);

#endif
