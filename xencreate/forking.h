/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signal between fork() and what comes after it: the child has the handlers of the parent, and
 * they write into the pipe that both have. One Ctrl-C would be two for the parent, and the second
 * one ends a batch at once.
 */
#ifndef FORKING_H
#define FORKING_H

#include <signal.h>

/** forking_block() - until the child is somebody of its own. @before: for sigprocmask() */
static inline void forking_block(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, before);
}

/** forking_forget() - the child: without the parent's handlers. What it ignored, stays ignored. */
static inline void forking_forget(void)
{
	struct sigaction action;

	for (int number = 1; number < SIGRTMIN; number++)
		if (!sigaction(number, NULL, &action) && action.sa_handler != SIG_IGN)
			signal(number, SIG_DFL);
}

#endif
