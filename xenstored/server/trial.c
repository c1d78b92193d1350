/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program says waits in a pipe until it has ended; one that says more than fits there, or
 * that goes on for too long, is ended. */
#include "server/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

#define TEXT_MAX 16384

extern char **environ;

struct trial {
	struct loop *loop; /* borrowed */
	trial_fn *fn;
	void *ctx;
	pid_t pid;	    /* 0: not running */
	struct loop_fd end; /* pidfd: readable when it has ended */
	int said;	    /* our end of the pipe */
	struct loop_timer limit;
	bool is_late;
};

static void on_limit(struct loop_timer *timer)
{
	struct trial *trial = (struct trial *)((char *)timer - offsetof(struct trial, limit));

	trial->is_late = true;
	kill(trial->pid, SIGKILL);
}

static void on_end(struct loop_fd *lfd, unsigned int what)
{
	struct trial *trial = (struct trial *)((char *)lfd - offsetof(struct trial, end));
	char text[TEXT_MAX];
	size_t len = 0;
	int status = 0;
	ssize_t n;

	(void)what;
	loop_fd_remove(trial->loop, &trial->end);
	waitpid(trial->pid, &status, 0);
	trial->pid = 0;
	while (len < sizeof(text) - 1 &&
	       (n = read(trial->said, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	if (trial->is_late)
		strcpy(text, "it does not come to an end");
	else if (WIFSIGNALED(status))
		strcpy(text, "it was ended by a signal");
	trial->fn(trial->ctx, WIFEXITED(status) && WEXITSTATUS(status) == 0, text);
}

static int start(pid_t *pid, const char *program, char **argv, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	r = posix_spawn(pid, program, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

int trial_new(struct trial **out, struct loop *loop, const char *program, char **argv, trial_fn *fn,
	      void *ctx)
{
	CLEANUP(trial_free) struct trial *trial = calloc(1, sizeof(*trial));
	int pipe_fds[2], r;

	if (!trial)
		return -ENOMEM;
	trial->loop = loop;
	trial->fn = fn;
	trial->ctx = ctx;
	trial->end.fd = trial->said = -1;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	trial->said = pipe_fds[0];
	/* A grandchild may go on holding the other end. */
	fcntl(trial->said, F_SETFL, O_NONBLOCK);
	r = start(&trial->pid, program, argv, pipe_fds[1]);
	close(pipe_fds[1]);
	if (r < 0) {
		trial->pid = 0;
		return r;
	}
	trial->end.ready = on_end;
	trial->end.fd = pidfd_open(trial->pid, 0);
	if (trial->end.fd < 0)
		return -errno;
	fcntl(trial->end.fd, F_SETFD, FD_CLOEXEC);
	r = loop_fd_add(loop, &trial->end, LOOP_READ);
	if (r < 0)
		return r;
	trial->limit.fn = on_limit;
	loop_timer_set(loop, &trial->limit, TRIAL_SECONDS * 1000);
	*out = STEAL(trial);
	return 0;
}

void trial_free(struct trial *trial)
{
	if (!trial)
		return;
	if (trial->pid) {
		kill(trial->pid, SIGKILL);
		waitpid(trial->pid, NULL, 0);
	}
	loop_fd_remove(trial->loop, &trial->end);
	loop_timer_cancel(trial->loop, &trial->limit);
	if (trial->end.fd >= 0)
		close(trial->end.fd);
	if (trial->said >= 0)
		close(trial->said);
	free(trial);
}
