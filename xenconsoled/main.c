/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xenconsoled: options, the background, the pid file; then server.c. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "control.h"
#include "daemon.h"
#include "log.h"
#include "options.h"
#include "server.h"

static int take_pidfile(struct daemon_pidfile **pidfile, struct log *log, const char *path)
{
	int other = 0, r = daemon_pidfile_take(pidfile, path, &other);

	if (r == -EEXIST)
		log_error(log, "%s: process %d serves the consoles already", path, other);
	else if (r < 0)
		log_error(log, "%s: %s", path, strerror(-r));
	return r;
}

/* The file in the run-time folder makes us the only one, whatever --pid-file says. */
static int take_pidfiles(struct daemon_pidfile **lock, struct daemon_pidfile **extra,
			 const struct options *options, struct log *log)
{
	char path[PATH_MAX];
	int r;

	if (mkdir(options->run_dir, 0700) < 0 && errno != EEXIST)
		log_warning(log, "%s: %s", options->run_dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/xenconsoled.pid", options->run_dir);
	r = take_pidfile(lock, log, path);
	if (r == 0 && options->pid_file && strcmp(options->pid_file, path) != 0)
		r = take_pidfile(extra, log, options->pid_file);
	return r;
}

static int print_stats(const struct options *options)
{
	int r = control_ask(options->run_dir, options->stats);

	if (r < 0)
		fprintf(stderr, "xenconsoled: no answer from the daemon of %s: %s\n",
			options->run_dir, strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int serve(const struct options *options, struct log *log)
{
	CLEANUP(daemon_pidfile_drop) struct daemon_pidfile *lock = NULL;
	CLEANUP(daemon_pidfile_drop) struct daemon_pidfile *extra = NULL;
	int ready_fd = -1, r;

	if (!options->foreground) {
		r = daemon_fork(&ready_fd);
		if (r < 0) {
			log_error(log, "cannot go into the background: %s", strerror(-r));
			return EXIT_FAILURE;
		}
		umask(027);
	}
	if (take_pidfiles(&lock, &extra, options, log) < 0)
		return EXIT_FAILURE;
	return server_run(options, log, ready_fd);
}

int main(int argc, char **argv)
{
	CLEANUP(log_free) struct log *log = NULL;
	struct options options;
	unsigned int targets = LOG_TARGET_SYSLOG;

	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_STATS:
		return print_stats(&options);
	case OPTIONS_HELP:
		options_usage(argv[0]);
		return EXIT_SUCCESS;
	case OPTIONS_VERSION:
		printf("xenconsoled (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case OPTIONS_INVALID:
		return EINVAL;
	case OPTIONS_RUN:
		break;
	}
	if (options.foreground)
		targets = LOG_TARGET_STDERR;
	else if (options.verbose)
		targets |= LOG_TARGET_STDERR;
	if (log_new(&log, "xenconsoled", options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
		    targets) < 0)
		return EXIT_FAILURE;
	return serve(&options, log);
}
