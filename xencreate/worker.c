/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each worker is a fork with its own Xen handle and a SOCK_SEQPACKET pair: one message is one job
 * or one result. It is given a second job while it works on the first, so that it never waits for
 * us. It ends when our end of the pair closes, which also happens when we are killed.
 */
#include "worker.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <xenctrl.h>

#include "forking.h"
#include "guestcfg.h"
#include "log.h"
#include "loop.h"

#define JOBS_MAX   2 /* per worker: one at work, one waiting */
#define DEATHS_MAX 8 /* then something is wrong that new workers do not mend */

/* What one who works needs. */
struct bench {
	struct xc_interface_core *xch; /* owned, like the next */
	struct build_moulds *moulds;
};

struct worker {
	struct worker_pool *pool; /* borrowed: the pool that holds us */
	pid_t pid;
	int fd; /* -1: there is no process */
	struct event *readable;
	uint32_t jobs[JOBS_MAX];
	unsigned int n_jobs;
};

/* A job that found all workers busy. */
struct waiting {
	STAILQ_ENTRY(waiting) next;
	struct worker_job job;
};

struct worker_pool {
	struct loop *loop;		 /* borrowed: see worker_pool_new() */
	struct guestcfg *const *configs; /* likewise */
	struct log *log;		 /* likewise */
	worker_done_fn *done;
	void *ctx;
	STAILQ_HEAD(, waiting) queue; /* owned */
	unsigned int n_deaths;
	struct bench own; /* without worker processes */
	struct log *mute; /* owned; for the library, whose words come back in results */
	struct event *own_turn;
	unsigned int n_workers;
	struct worker workers[];
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void work(const struct worker_pool *pool, const struct bench *bench,
		 const struct worker_job *job, struct worker_result *result)
{
	const struct build_request request = {
		.xch = bench->xch,
		.config = pool->configs ? pool->configs[job->config_index] : NULL,
		.shell = &job->shell,
		.store_domid = job->store_domid,
		.console_domid = job->console_domid,
	};
	uint64_t start_us = now_us();

	*result = (struct worker_result){ .id = job->id };
	switch (job->task) {
	case WORKER_BUILD:
		result->error = build_domain(&result->build, &request, bench->moulds,
					     result->message, sizeof(result->message));
		break;
	case WORKER_DESTROY:
		result->error = shell_destroy(bench->xch, job->shell.domid, job->handle);
		break;
	}
	result->took_us = now_us() - start_us;
}

/* What the library says of a failure comes back in the result, so it need not say it itself. */
static struct xentoollog_logger *library_log(const struct worker_pool *pool)
{
	return log_xtl(log_enabled(pool->log, LOG_LEVEL_INFO) ? pool->log : pool->mute);
}

static int bench_init(struct bench *bench, const struct worker_pool *pool)
{
	bench->xch = xc_interface_open(library_log(pool), library_log(pool), 0);
	if (!bench->xch)
		return errno ? -errno : -ENODEV;
	return build_moulds_new(&bench->moulds, library_log(pool));
}

static void bench_deinit(struct bench *bench)
{
	build_moulds_free(STEAL(bench->moulds));
	if (bench->xch)
		xc_interface_close(STEAL(bench->xch));
}

/* The child: never returns. The terminal's Ctrl-C is for the parent, which ends us in good order.
 */
static void run(const struct worker_pool *pool, int fd, const sigset_t *before)
{
	struct worker_job job;
	struct worker_result result;
	struct bench bench = { 0 };
	int r;

	forking_forget();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sigprocmask(SIG_SETMASK, before, NULL);
	/* What is the parent's alone would stay open with us: others' pairs, connections, locks. */
	if (fd > 3)
		close_range(3, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0U, 0);
	r = bench_init(&bench, pool);
	if (r < 0)
		log_error(pool->log, "a worker has no way to the hypervisor: %s", strerror(-r));
	while (!r && recv(fd, &job, sizeof(job), 0) == sizeof(job)) {
		work(pool, &bench, &job, &result);
		if (send(fd, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx);

static int worker_start(struct worker *worker)
{
	struct worker_pool *pool = worker->pool;
	int fds[2], r;
	sigset_t before;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	forking_block(&before);
	worker->pid = fork();
	r = -errno;
	if (!worker->pid)
		run(pool, fds[1], &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[1]);
	if (worker->pid < 0) {
		close(fds[0]);
		return r;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	worker->readable =
		event_new(loop_base(pool->loop), fds[0], EV_READ | EV_PERSIST, on_readable, worker);
	if (!worker->readable || event_add(worker->readable, NULL) < 0) {
		close(fds[0]); /* the child reads the end and goes */
		waitpid(worker->pid, NULL, 0);
		return -ENOMEM;
	}
	worker->fd = fds[0];
	return 0;
}

/* Return: how it ended, as waitpid() says it. */
static int worker_stop(struct worker *worker)
{
	int status = 0;

	if (worker->readable)
		event_free(worker->readable);
	worker->readable = NULL;
	if (worker->fd < 0)
		return 0;
	close(worker->fd);
	worker->fd = -1;
	waitpid(worker->pid, &status, 0);
	return status;
}

static struct worker *least_busy(const struct worker_pool *pool)
{
	const struct worker *best = NULL;

	for (unsigned int i = 0; i < pool->n_workers; i++)
		if (pool->workers[i].fd >= 0 && (!best || pool->workers[i].n_jobs < best->n_jobs))
			best = &pool->workers[i];
	return (struct worker *)best;
}

static void give(struct worker *worker, const struct worker_job *job)
{
	worker->jobs[worker->n_jobs++] = job->id;
	/* Two small messages always fit into the pair's buffer. Whatever else went wrong: a worker
	 * that does not know of a job of its is sent home, and the loop hears of that. */
	if (send(worker->fd, job, sizeof(*job), MSG_NOSIGNAL) < 0)
		shutdown(worker->fd, SHUT_RDWR);
}

/* Hands out what waits; without any worker left, it fails. */
static void dispatch(struct worker_pool *pool)
{
	struct worker_result result = { .error = -EPIPE, .message = "no worker process is left" };
	struct waiting *waiting;

	while ((waiting = STAILQ_FIRST(&pool->queue))) {
		struct worker *worker = least_busy(pool);

		if (worker && worker->n_jobs == JOBS_MAX)
			return;
		STAILQ_REMOVE_HEAD(&pool->queue, next);
		result.id = waiting->job.id;
		if (worker)
			give(worker, &waiting->job);
		free(waiting);
		if (!worker)
			pool->done(pool->ctx, &result);
	}
}

static void say_death(const struct worker_pool *pool, int status, unsigned int n_jobs)
{
	const char *jobs = n_jobs == 1 ? "job" : "jobs";

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		log_error(
			pool->log,
			"a worker process was killed over %u %s (if for want of memory: the kernel's "
			"log says so, and fewer --workers need less)",
			n_jobs, jobs);
	else if (WIFSIGNALED(status))
		log_error(pool->log, "a worker process died of %s over %u %s",
			  strsignal(WTERMSIG(status)), n_jobs, jobs);
	else
		log_error(pool->log, "a worker process has ended over %u %s", n_jobs, jobs);
}

static void worker_died(struct worker *worker)
{
	struct worker_pool *pool = worker->pool;
	struct worker_result result = { .error = -EPIPE, .message = "the worker process died" };
	uint32_t jobs[JOBS_MAX];
	unsigned int n_jobs = worker->n_jobs;

	memcpy(jobs, worker->jobs, sizeof(jobs));
	worker->n_jobs = 0;
	say_death(pool, worker_stop(worker), n_jobs);
	if (++pool->n_deaths <= DEATHS_MAX && worker_start(worker) < 0)
		log_error(pool->log, "it could not be replaced");
	for (unsigned int i = 0; i < n_jobs; i++) {
		result.id = jobs[i];
		pool->done(pool->ctx, &result);
	}
	dispatch(pool);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *worker = ctx;
	struct worker_result result;
	ssize_t n = recv(fd, &result, sizeof(result), 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(result)) {
		worker_died(worker);
		return;
	}
	/* A worker answers in the order in which it was asked. */
	worker->n_jobs--;
	memmove(worker->jobs, worker->jobs + 1, worker->n_jobs * sizeof(worker->jobs[0]));
	dispatch(worker->pool);
	worker->pool->done(worker->pool->ctx, &result);
}

/* One job by ourselves; the next one in another turn, so that the loop goes on in between. */
static void on_own_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct worker_pool *pool = ctx;
	struct waiting *waiting = STAILQ_FIRST(&pool->queue);
	struct worker_result result;

	(void)fd, (void)what;
	if (!waiting)
		return;
	STAILQ_REMOVE_HEAD(&pool->queue, next);
	work(pool, &pool->own, &waiting->job, &result);
	free(waiting);
	if (!STAILQ_EMPTY(&pool->queue))
		event_active(pool->own_turn, 0, 0);
	pool->done(pool->ctx, &result);
}

static int work_by_ourselves(struct worker_pool *pool)
{
	int r = bench_init(&pool->own, pool);

	if (r < 0)
		return r;
	pool->own_turn = event_new(loop_base(pool->loop), -1, 0, on_own_turn, pool);
	return pool->own_turn ? 0 : -ENOMEM;
}

int worker_pool_new(struct worker_pool **out, struct loop *loop, unsigned int n_workers,
		    struct guestcfg *const *configs, struct log *log, worker_done_fn *done,
		    void *ctx)
{
	CLEANUP(worker_pool_free)
	struct worker_pool *pool = calloc(1, sizeof(*pool) + n_workers * sizeof(pool->workers[0]));
	int r;

	if (!pool)
		return -ENOMEM;
	pool->loop = loop;
	pool->configs = configs;
	pool->log = log;
	pool->done = done;
	pool->ctx = ctx;
	pool->n_workers = n_workers;
	STAILQ_INIT(&pool->queue);
	for (unsigned int i = 0; i < n_workers; i++)
		pool->workers[i] = (struct worker){ .pool = pool, .fd = -1 };
	r = log_new(&pool->mute, "xencreate", LOG_LEVEL_ERROR, 0);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < n_workers; i++) {
		r = worker_start(&pool->workers[i]);
		if (r < 0)
			return r;
	}
	if (!n_workers) {
		r = work_by_ourselves(pool);
		if (r < 0)
			return r;
	}
	*out = STEAL(pool);
	return 0;
}

void worker_pool_free(struct worker_pool *pool)
{
	struct waiting *waiting;

	if (!pool)
		return;
	while ((waiting = STAILQ_FIRST(&pool->queue))) {
		STAILQ_REMOVE_HEAD(&pool->queue, next);
		free(waiting);
	}
	for (unsigned int i = 0; i < pool->n_workers; i++)
		worker_stop(&pool->workers[i]);
	if (pool->own_turn)
		event_free(pool->own_turn);
	bench_deinit(&pool->own);
	log_free(pool->mute);
	free(pool);
}

bool worker_pool_has_room(const struct worker_pool *pool)
{
	const struct worker *worker = least_busy(pool);

	if (!STAILQ_EMPTY(&pool->queue))
		return false;
	return !pool->n_workers || (worker && worker->n_jobs < JOBS_MAX);
}

bool worker_pool_is_busy(const struct worker_pool *pool)
{
	bool busy = !STAILQ_EMPTY(&pool->queue);

	for (unsigned int i = 0; i < pool->n_workers; i++)
		busy |= pool->workers[i].n_jobs > 0;
	return busy;
}

static int queue(struct worker_pool *pool, const struct worker_job *job)
{
	struct waiting *waiting = malloc(sizeof(*waiting));

	if (!waiting)
		return -ENOMEM;
	waiting->job = *job;
	STAILQ_INSERT_TAIL(&pool->queue, waiting, next);
	return 0;
}

int worker_pool_submit(struct worker_pool *pool, const struct worker_job *job)
{
	struct worker *worker = least_busy(pool);

	if (!pool->n_workers) {
		event_active(pool->own_turn, 0, 0);
		return queue(pool, job);
	}
	if (!worker)
		return -EPIPE;
	if (worker->n_jobs == JOBS_MAX)
		return queue(pool, job);
	give(worker, job);
	return 0;
}
