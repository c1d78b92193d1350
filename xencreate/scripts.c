/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue, and those that run. A pidfd tells the loop of an end: a pipe would stay open as long as
 * anything that a script left behind has it. What a program says goes into a file without a name,
 * which cannot fill up and keep it waiting as a pipe would.
 */
#include "scripts.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"
#include "loop.h"

#define TAIL_MAX 512 /* bytes of its output that are looked at */

struct script {
	TAILQ_ENTRY(script) link; /* of those that wait, or of those that run */
	struct scripts *scripts;  /* borrowed: the queue that holds us */
	char **argv, **env;	  /* owned, with their strings */
	uint64_t timeout_ms;
	bool dies_with_us, timed_out;
	scripts_done_fn *done;
	void *ctx;
	pid_t pid;
	int pidfd, output;	     /* -1: not open */
	struct event *ended, *limit; /* owned */
	int error;		     /* why it could not be started */
};

TAILQ_HEAD(script_list, script);

struct scripts {
	struct loop *loop; /* borrowed: see scripts_new() */
	struct script_list waiting, running;
	size_t n_running, n_max;
};

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static char **copy_list(const char *const *list)
{
	size_t n = 0;
	char **copy;

	while (list && list[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(list[i]);
		if (copy[i])
			continue;
		free_list(copy);
		return NULL;
	}
	return copy;
}

static void script_free(struct script *script)
{
	if (!script)
		return;
	if (script->ended)
		event_free(script->ended);
	if (script->limit)
		event_free(script->limit);
	if (script->pidfd >= 0)
		close(script->pidfd);
	if (script->output >= 0)
		close(script->output);
	free_list(script->argv);
	free_list(script->env);
	free(script);
}
DEFINE_CLEANUP(struct script *, script_free)

/* The child: never returns. */
static void become(const struct script *script, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Our own terminal's Ctrl-C is not for it: it ends in good order. */
	setpgid(0, 0);
	if (script->dies_with_us && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(127);
	forking_forget();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, STDIN_FILENO);
	dup2(script->output < 0 ? null : script->output, STDOUT_FILENO);
	dup2(script->output < 0 ? null : script->output, STDERR_FILENO);
	/* What somebody left open for us, a lock of his perhaps, is not for what the script leaves.
	 */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	for (size_t i = 0; script->env[i]; i++)
		putenv(script->env[i]);
	execvp(script->argv[0], script->argv);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

static void last_words(char said[SCRIPTS_SAID_MAX], int fd)
{
	char tail[TAIL_MAX + 1];
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = size <= 0 ? 0
			      : pread(fd, tail, TAIL_MAX, size > TAIL_MAX ? size - TAIL_MAX : 0);
	char *line;

	while (n > 0 && strchr(" \t\r\n", tail[n - 1]))
		n--;
	tail[n < 0 ? 0 : n] = '\0';
	line = strrchr(tail, '\n');
	snprintf(said, SCRIPTS_SAID_MAX, "%.*s", SCRIPTS_SAID_MAX - 1, line ? line + 1 : tail);
}

static void start_waiting(struct scripts *scripts);

static void finish(struct script *script)
{
	struct scripts *scripts = script->scripts;
	char said[SCRIPTS_SAID_MAX];
	struct scripts_result result = {
		.error = script->error,
		.started = !script->error,
		.said = said,
	};
	int status = 0;

	TAILQ_REMOVE(&scripts->running, script, link);
	scripts->n_running--;
	if (script->pid > 0 && waitpid(script->pid, &status, 0) == script->pid) {
		result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		if (script->timed_out)
			result.error = -ETIMEDOUT;
		else if (script->error)
			result.error = script->error;
		else if (!WIFEXITED(status))
			result.error = -EPIPE;
		else if (result.status)
			result.error = -EIO;
	}
	last_words(said, script->output);
	script->done(script->ctx, &result);
	script_free(script);
	start_waiting(scripts);
}

static void on_ended(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	finish(ctx);
}

/* Its end is heard of as any other. */
static void on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct script *script = ctx;

	(void)fd, (void)what;
	script->timed_out = true;
	if (kill(-script->pid, SIGKILL) < 0)
		kill(script->pid, SIGKILL);
}

static int watch(struct script *script)
{
	struct event_base *base = loop_base(script->scripts->loop);
	struct timeval limit = { .tv_sec = (time_t)(script->timeout_ms / 1000),
				 .tv_usec = (suseconds_t)(script->timeout_ms % 1000 * 1000) };

	script->pidfd = pidfd_open(script->pid, 0);
	if (script->pidfd < 0)
		return -errno;
	script->ended = event_new(base, script->pidfd, EV_READ, on_ended, script);
	script->limit = evtimer_new(base, on_limit, script);
	if (!script->ended || !script->limit || event_add(script->ended, NULL) < 0 ||
	    event_add(script->limit, &limit) < 0)
		return -ENOMEM;
	return 0;
}

static int launch(struct script *script)
{
	pid_t parent = getpid();
	sigset_t before;
	int r;

	/* Without it, it is only not known what it said. */
	script->output = memfd_create("output", MFD_CLOEXEC);
	forking_block(&before);
	script->pid = fork();
	r = -errno;
	if (!script->pid)
		become(script, parent);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (script->pid < 0)
		return r;
	setpgid(script->pid, script->pid);
	r = watch(script);
	if (r < 0)
		kill(-script->pid, SIGKILL);
	return r;
}

/* Heard of from the loop also if it never ran. */
static void start(struct script *script)
{
	struct scripts *scripts = script->scripts;

	TAILQ_INSERT_TAIL(&scripts->running, script, link);
	scripts->n_running++;
	script->error = launch(script);
	if (!script->error)
		return;
	if (!script->ended)
		script->ended = event_new(loop_base(scripts->loop), -1, 0, on_ended, script);
	if (script->ended)
		event_active(script->ended, EV_READ, 0);
}

static void start_waiting(struct scripts *scripts)
{
	struct script *script;

	while (scripts->n_running < scripts->n_max && (script = TAILQ_FIRST(&scripts->waiting))) {
		TAILQ_REMOVE(&scripts->waiting, script, link);
		start(script);
	}
}

int scripts_run(struct scripts *scripts, const struct scripts_request *request)
{
	CLEANUP(script_free) struct script *script = calloc(1, sizeof(*script));

	if (!script)
		return -ENOMEM;
	script->pidfd = script->output = -1;
	script->scripts = scripts;
	script->argv = copy_list(request->argv);
	script->env = copy_list(request->env);
	script->timeout_ms = request->timeout_ms;
	script->dies_with_us = request->dies_with_us;
	script->done = request->done;
	script->ctx = request->ctx;
	if (!script->argv || !script->env)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(&scripts->waiting, script, link);
	STEAL(script);
	start_waiting(scripts);
	return 0;
}

int scripts_new(struct scripts **out, struct loop *loop, size_t n_max)
{
	struct scripts *scripts = calloc(1, sizeof(*scripts));

	if (!scripts)
		return -ENOMEM;
	scripts->loop = loop;
	scripts->n_max = n_max;
	TAILQ_INIT(&scripts->waiting);
	TAILQ_INIT(&scripts->running);
	*out = scripts;
	return 0;
}

static void free_all(struct script_list *list)
{
	struct script *script;

	while ((script = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, script, link);
		script_free(script);
	}
}

void scripts_free(struct scripts *scripts)
{
	if (!scripts)
		return;
	free_all(&scripts->waiting);
	free_all(&scripts->running);
	free(scripts);
}
