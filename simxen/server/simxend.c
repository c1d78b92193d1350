/* SPDX-License-Identifier: GPL-2.0-or-later */
/* simxend: options, and the host around its sockets. simxen(1) starts it. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "core/evtchndev.h"
#include "core/host.h"
#include "evtchnfd.h"
#include "guest/player.h"
#include "log.h"
#include "options.h"
#include "process.h"
#include "server.h"
#include "wire.h"
#include "worker.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define HAVE_LEAK_CHECK 1
#endif
#endif

#define TIDY_MS_FIRST 2
#define TIDY_MS_LAST  500
/* How long guests run before the loop looks at its sockets again. */
#define GUESTS_TURN_NS 300000

void server_lock(struct server *server)
{
	atomic_fetch_add(&server->n_waiting, 1);
	pthread_mutex_lock(&server->lock);
	atomic_fetch_sub(&server->n_waiting, 1);
}

void server_unlock(struct server *server)
{
	evtchnfd_deliver(server);
	pthread_mutex_unlock(&server->lock);
}

void server_kick(struct server *server)
{
	uint64_t one = 1;

	if (write(server->kick_fd, &one, sizeof(one)) < 0)
		return; /* it is kicked already */
}

static void on_kick(evutil_socket_t fd, short what, void *ctx)
{
	uint64_t n;

	(void)what, (void)ctx;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

/* Dying domains: gone at once if nothing holds them, else looked at again, ever less often. */
static void tidy(struct server *server, bool verify)
{
	struct timeval wait = { .tv_sec = 0 };

	server->tidy_wanted = false;
	if (!host_tidy(server->host, verify))
		return;
	wait.tv_usec = (suseconds_t)server->tidy_ms * 1000;
	if (!event_pending(server->tidy_timer, EV_TIMEOUT, NULL))
		event_add(server->tidy_timer, &wait);
}

static void on_tidy_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct server *server = ctx;

	(void)fd, (void)what;
	server_lock(server);
	server->tidy_ms = 2 * server->tidy_ms < TIDY_MS_LAST ? 2 * server->tidy_ms : TIDY_MS_LAST;
	tidy(server, true);
	server_unlock(server);
}

/* Guests run here until all sleep or others want the loop; calls come between them. */
static void run_guests(struct server *server)
{
	uint64_t due_ns, now_ns = host_now_ns(server->host), end_ns = now_ns + GUESTS_TURN_NS;
	struct timeval wait;

	while (now_ns < end_ns && player_run_one(server->player, now_ns)) {
		if (atomic_load(&server->n_waiting)) {
			server_unlock(server);
			sched_yield();
			server_lock(server);
		}
		now_ns = host_now_ns(server->host);
	}
	due_ns = player_due_ns(server->player);
	if (due_ns <= now_ns) {
		loop_again(server->loop);
		return;
	}
	if (due_ns == UINT64_MAX)
		return;
	due_ns = (due_ns - now_ns + 999) / 1000;
	wait = (struct timeval){ .tv_sec = (time_t)(due_ns / 1000000),
				 .tv_usec = (suseconds_t)(due_ns % 1000000) };
	event_add(server->guest_timer, &wait);
}

static void on_guest_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what, (void)ctx; /* the turn that follows runs them */
}

static void turn(void *ctx)
{
	struct server *server = ctx;

	server_lock(server);
	run_guests(server);
	evtchnfd_arm(server);
	if (server->tidy_wanted) {
		server->tidy_ms = TIDY_MS_FIRST;
		tidy(server, false);
	}
	server_unlock(server);
}

static void guest_event(void *ctx, struct domain *domain, uint32_t port)
{
	player_guest_event(((struct server *)ctx)->player, domain, port);
}

static void guest_runs(void *ctx, struct domain *domain)
{
	player_guest_runs(((struct server *)ctx)->player, domain);
}

static void guest_stops(void *ctx, struct domain *domain)
{
	player_guest_stops(((struct server *)ctx)->player, domain);
}

static void guest_gone(void *ctx, struct domain *domain)
{
	player_guest_gone(((struct server *)ctx)->player, domain);
}

static void wake(void *ctx)
{
	server_kick(ctx);
}

static bool mapping_alive(void *ctx, const struct mapping *mapping)
{
	(void)ctx;
	return process_maps(mapping);
}

static void tidy_wanted(void *ctx)
{
	struct server *server = ctx;

	if (!server->tidy_wanted)
		server_kick(server);
	server->tidy_wanted = true;
}

static void delay(void *ctx, uint32_t us)
{
	const struct timespec wait = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L };
	struct server *server = ctx;

	server_unlock(server);
	nanosleep(&wait, NULL);
	server_lock(server);
}

static uint64_t now_ns(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int make_area(struct server *server)
{
	server->area_fd = memfd_create("simxen-calls", MFD_CLOEXEC);
	if (server->area_fd < 0 || ftruncate(server->area_fd, WIRE_FILE_BYTES) < 0)
		return -errno;
	server->area = mmap(NULL, WIRE_FILE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_NORESERVE, server->area_fd, 0);
	if (server->area == MAP_FAILED) {
		server->area = NULL;
		return -errno;
	}
	server->by_group = calloc(WIRE_GROUPS, sizeof(struct process *));
	server->handle_buckets = calloc(SERVER_HANDLE_BUCKETS, sizeof(*server->handle_buckets));
	if (!server->by_group || !server->handle_buckets)
		return -ENOMEM;
	evtchndev_owners(server->host->evtchndev, server->area->owners);
	return 0;
}

/* /proc/xen/xsd_kva and xsd_port, under the name that the libraries know. */
static int make_proc_files(const struct server *server)
{
	char path[4096], port[16];
	int fd, n;

	snprintf(path, sizeof(path), "%s/%s", server->dir, WIRE_PROC);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s/xsd_port", server->dir, WIRE_PROC);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	n = snprintf(port, sizeof(port), "%" PRIu32, server->host->store_port);
	if (write(fd, port, (size_t)n) != n) {
		close(fd);
		return -EIO;
	}
	close(fd);
	snprintf(path, sizeof(path), "%s/%s/xsd_kva", server->dir, WIRE_PROC);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = ftruncate(fd, 4096) < 0 ? -errno : 0;
	close(fd);
	return n;
}

static int make_events(struct server *server)
{
	struct event_base *base = loop_base(server->loop);

	server->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->kick_fd < 0)
		return -errno;
	server->kick_event =
		event_new(base, server->kick_fd, EV_READ | EV_PERSIST, on_kick, server);
	server->tidy_timer = event_new(base, -1, 0, on_tidy_timer, server);
	server->guest_timer = event_new(base, -1, 0, on_guest_timer, NULL);
	if (!server->kick_event || !server->tidy_timer || !server->guest_timer ||
	    event_add(server->kick_event, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static int server_init(struct server *server, const struct host_config *config)
{
	const struct host_hooks hooks = { .ctx = server,
					  .guest_event = guest_event,
					  .guest_runs = guest_runs,
					  .guest_stops = guest_stops,
					  .guest_gone = guest_gone,
					  .mapping_alive = mapping_alive,
					  .tidy_wanted = tidy_wanted,
					  .delay = delay,
					  .now_ns = now_ns };
	int r;

	server->kick_fd = server->listener = server->area_fd = -1;
	server->n_cpus = worker_count();
	server->tidy_ms = TIDY_MS_FIRST;
	pthread_mutex_init(&server->lock, NULL);
	TAILQ_INIT(&server->fired);
	TAILQ_INIT(&server->blocked);
	LIST_INIT(&server->handles);
	LIST_INIT(&server->processes);
	r = loop_new(&server->loop);
	if (!r)
		r = make_events(server);
	if (!r)
		r = player_new(&server->player, wake, server);
	if (!r)
		r = host_new(&server->host, config, &hooks, server->log);
	if (!r)
		r = make_area(server);
	if (!r)
		r = make_proc_files(server);
	if (!r)
		r = process_listen(server);
	if (!r)
		r = worker_start(server);
	return r;
}

static void raise_fd_limit(void)
{
	struct rlimit limit = { .rlim_cur = 1 << 20, .rlim_max = 1 << 20 };

	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int load_faults(struct server *server, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512], why[256];
	int r = 0;

	if (!file)
		return -errno;
	while (!r && fgets(line, sizeof(line), file)) {
		r = control_command(server, line, why, sizeof(why));
		if (r < 0)
			log_error(server->log, "%s: %s", path, why);
	}
	fclose(file);
	return r;
}

static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct server *server = ctx;

	(void)sig, (void)what;
	loop_stop(server->loop, 0);
}

/* What nobody points at any more, in builds with the address sanitizer; it ends us with a status.
 */
static void look_for_leaks(void)
{
#ifdef HAVE_LEAK_CHECK
	__lsan_do_leak_check();
#endif
}

int main(int argc, char **argv)
{
	struct options options;
	CLEANUP(log_free) struct log *log = NULL;
	struct server server = { .loop = NULL };
	struct event *sigterm = NULL, *sigint = NULL;
	struct loop_hook hook = { .fn = turn, .ctx = &server };
	int r;

	options_parse(argc, argv, &options);
	r = log_new(&log, "simxend", options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
		    LOG_TARGET_STDERR);
	if (r < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	raise_fd_limit();
	server.log = log;
	server.dir = options.dir;
	r = server_init(&server, &options.host);
	if (!r && options.faults)
		r = load_faults(&server, options.faults);
	if (r < 0) {
		log_error(log, "cannot start: %s", strerror(-r));
		return 1;
	}
	sigterm = evsignal_new(loop_base(server.loop), SIGTERM, on_signal, &server);
	sigint = evsignal_new(loop_base(server.loop), SIGINT, on_signal, &server);
	if (!sigterm || !sigint || evsignal_add(sigterm, NULL) < 0 ||
	    evsignal_add(sigint, NULL) < 0)
		return 1;
	loop_turn_hook(server.loop, &hook);
	if (options.ready_fd >= 0)
		close(options.ready_fd);
	r = loop_run(server.loop);
	look_for_leaks();
	/* Threads and clients may be anywhere: the process ends, the system cleans up. */
	_exit(r < 0);
}
