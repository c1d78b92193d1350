/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the options, becomes a daemon, and leaves the rest to the server. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"
#include "protocol/sink.h"
#include "server/options.h"
#include "server/server.h"
#include "server/takeover.h"

/* Two daemons in one run directory would fight for one socket: the first one wins. */
static int take_lock(struct log *log, const char *path, struct daemon_pidfile **out)
{
	int other = 0;
	int r = daemon_pidfile_take(out, path, &other);

	/* A program that a daemon has just tried may outlive it for a moment, before it is called.
	 */
	for (int i = 0; i < 100 && r == -EEXIST && kill(other, 0) < 0 && errno == ESRCH; i++) {
		usleep(10000);
		r = daemon_pidfile_take(out, path, &other);
	}
	if (r == -EEXIST)
		log_error(log, "%s: another xenstored is running, process %d", path, other);
	else if (r < 0)
		log_error(log, "%s: %s", path, strerror(-r));
	return r;
}

/* A service manager that starts us again without a pause, as it has to, would do nothing else. */
static void slow_down(void)
{
	if (getenv("NOTIFY_SOCKET"))
		sleep(1);
}

/* As oxenstored writes them; syslog adds the date itself. */
static void write_line(void *ctx, int priority, const char *level, const char *text)
{
	struct sink *sink = ctx;
	char line[1200], date[SINK_DATE_SIZE];
	int n;

	if (sink_is_syslog(sink))
		n = snprintf(line, sizeof(line), "[xenstored] %s", text);
	else
		n = snprintf(line, sizeof(line), "[%s|%7s|xenstored] %s", sink_date(date), level,
			     text);
	sink_put(sink, priority, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* A log that the configuration names. One that cannot be had is no reason not to serve. */
static void open_log(const struct options *options, struct log *log, struct sink **sink)
{
	int r;

	if (!options->log.to)
		return;
	r = sink_new(sink, &options->log);
	if (r < 0) {
		log_error(log, "%s: %s", options->log.to, strerror(-r));
		return;
	}
	log_set_other(log, write_line, *sink);
	log_set_targets(log, LOG_TARGET_OTHER | (options->foreground ? LOG_TARGET_STDERR : 0));
}

/* Of one that has gone to the background, standard output is not where it was. */
static void output_pid(int *fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (*fd < 0)
		return;
	/* Whether anybody wants to know is his business; who reads to the end must not wait. */
	(void)!write(*fd, text, (size_t)n);
	close(*fd);
	*fd = -1;
}

static int serve(const struct options *options, struct log *log, int ready_fd, int *pid_fd)
{
	CLEANUP(daemon_pidfile_drop) struct daemon_pidfile *lock = NULL;
	CLEANUP(daemon_pidfile_drop) struct daemon_pidfile *pid_file = NULL;
	CLEANUP(server_free) struct server *server = NULL;
	char path[128];
	int r;

	if (mkdir(options->run_dir, 0755) < 0 && errno != EEXIST) {
		log_error(log, "%s: %s", options->run_dir, strerror(errno));
		return EXIT_FAILURE;
	}
	snprintf(path, sizeof(path), "%s/xenstored.pid", options->run_dir);
	if (take_lock(log, path, &lock) < 0 ||
	    (options->pid_file && strcmp(options->pid_file, path) != 0 &&
	     take_lock(log, options->pid_file, &pid_file) < 0)) {
		if (!options->live_update)
			return EXIT_FAILURE;
		takeover_give_back(options, log, "The new daemon cannot have its pid file.");
		/* The one before is not ours, and there is no way back. */
		log_error(log, "goes on without a pid file: there is a store to take over");
	}
	r = server_new(&server, options, log);
	if (r < 0) {
		log_error(log, "cannot start: %s", strerror(-r));
		slow_down();
		return EXIT_FAILURE;
	}
	log_info(log, "serving on %s", options->socket_path);
	output_pid(pid_fd);
	/* After a live update the service manager knows. */
	if (!options->live_update)
		daemon_ready(ready_fd);
	return server_run(server);
}

int main(int argc, char **argv)
{
	CLEANUP(sink_free) struct sink *sink = NULL;
	CLEANUP(log_free) struct log *log = NULL;
	CLEANUP(close_fd) int pid_fd = -1;
	struct options options;
	int ready_fd = -1;
	int status = options_parse(&options, argc, argv);
	int r;

	if (status >= 0) {
		options_deinit(&options);
		return status;
	}
	if (options.config_test)
		return takeover_try(&options);
	if (options.output_pid && !options.live_update)
		pid_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	/* A live update is in the background already, or is to stay where it is. */
	if (!options.foreground && !options.live_update) {
		/* Before anything is opened: handles of the hypervisor do not survive a fork. */
		r = daemon_fork(&ready_fd);
		if (r < 0) {
			fprintf(stderr, "xenstored: cannot become a daemon: %s\n", strerror(-r));
			return EXIT_FAILURE;
		}
	}
	r = log_new(&log, "xenstored", options.log_level,
		    options.foreground ? LOG_TARGET_STDERR : LOG_TARGET_SYSLOG);
	if (r < 0)
		return EXIT_FAILURE;
	open_log(&options, log, &sink);
	options.log_sink = sink;
	daemon_raise_files();
	/* What is in the stream may be all there is: nobody ends us before it is kept again. */
	if (options.live_update)
		server_hold_signals(true);
	status = serve(&options, log, ready_fd, &pid_fd);
	options_deinit(&options);
	return status;
}
