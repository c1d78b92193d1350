/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * simxen: runs a command on a simulated Xen host, or speaks to one that runs. The command's
 * children become ours when their parents leave, so that no daemon survives its host.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "enclosure.h"
#include "wire.h"

#define ARGS_MAX     64
#define GRACE_TENTHS 20

static const char usage[] =
	"usage: simxen run [OPTION]... -- COMMAND [ARGUMENT]...\n"
	"       simxen ctl COMMAND [ARGUMENT]...\n"
	"\n"
	"run: COMMAND sees a Xen host; it ends with COMMAND. Options:\n"
	"  -d, --directory=DIR   keep the host's files there (default: a new one, removed at the end)\n"
	"  -p, --stock=DIR       Debian's Xen packages are unpacked there: their tools are found first\n"
	"  -n, --no-enclosure    use the real /run, /var and /etc\n"
	"  -m, --memory=MIB      memory of the host (default 16384)\n"
	"      --dom0-memory=MIB, --dom0-vcpus=N, --cpus=N, --dom0-abi=fifo|2l\n"
	"  -f, --faults=FILE     commands (as for ctl) to carry out at the start\n"
	"  -s, --seed=N          of everything random\n"
	"  -v, --verbose         say more\n"
	"  -h, --help            print this text\n"
	"\n"
	"ctl: speaks to the host that SIMXEN_DIR names (run sets it): status, unknown, conring TEXT,\n"
	"notify DOMID PORT, fail, event, ports, memory, seed, clear. See simxen(1).\n";

struct run {
	char dir[PATH_MAX];
	bool own_dir;
	bool no_enclosure;
	char stock[PATH_MAX];	     /* or empty */
	char programs[PATH_MAX];     /* folder of simxend */
	char libraries[PATH_MAX];    /* folder of the stand-ins */
	char *daemon_args[ARGS_MAX]; /* owned from the second on: free_run() */
	int n_daemon_args;
	char **command;
};

static int die(const char *what, int error)
{
	fprintf(stderr, "simxen: %s: %s\n", what, strerror(error));
	return 1;
}

/* In the build tree simxend and the libraries lie beside us, installed they have their folders. */
static void find_parts(struct run *run)
{
	char self[PATH_MAX], path[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(run->programs, sizeof(run->programs), "%s", PKGLIBEXECDIR);
	snprintf(run->libraries, sizeof(run->libraries), "%s", PKGLIBDIR);
	if (n <= 0)
		return;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/simxend", self);
	if (access(path, X_OK) < 0)
		return;
	snprintf(run->programs, sizeof(run->programs), "%s", self);
	snprintf(path, sizeof(path), "%s/.libs", self);
	snprintf(run->libraries, sizeof(run->libraries), "%.*s", PATH_MAX - 1, path);
}

static void daemon_arg(struct run *run, const char *arg)
{
	if (run->n_daemon_args < ARGS_MAX - 1)
		run->daemon_args[run->n_daemon_args++] = strdup(arg);
}

static void free_run(struct run *run)
{
	for (int i = 1; i < run->n_daemon_args; i++)
		free(run->daemon_args[i]);
}

static int make_directory(struct run *run)
{
	const char *tmp = getenv("TMPDIR");

	if (run->dir[0]) {
		char given[PATH_MAX];

		if (mkdir(run->dir, 0755) < 0 && errno != EEXIST)
			return -errno;
		snprintf(given, sizeof(given), "%s", run->dir);
		return realpath(given, run->dir) ? 0 : -errno;
	}
	run->own_dir = true;
	snprintf(run->dir, sizeof(run->dir), "%s/simxen.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(run->dir))
		return -errno;
	return chmod(run->dir, 0755) < 0 ? -errno : 0;
}

static void prepend(const char *variable, const char *value)
{
	const char *old = getenv(variable);
	char buf[4 * PATH_MAX];

	if (old && *old)
		snprintf(buf, sizeof(buf), "%s:%s", value, old);
	else
		snprintf(buf, sizeof(buf), "%s", value);
	setenv(variable, buf, 1);
}

static void set_environment(const struct run *run)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/usr/lib/xen-4.17/bin" };
	char path[PATH_MAX + 32];

	setenv("SIMXEN_DIR", run->dir, 1);
	prepend("LD_LIBRARY_PATH", run->libraries);
	/* The last one is found first: the real tools, not Debian's wrappers around them. */
	for (size_t i = 0; run->stock[0] && i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", run->stock, folders[i]);
		prepend("PATH", path);
	}
}

static pid_t start_daemon(struct run *run)
{
	char path[PATH_MAX + 16], option[PATH_MAX + 32];
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe2(ready, 0) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		snprintf(path, sizeof(path), "%s/simxend", run->programs);
		run->daemon_args[0] = path;
		snprintf(option, sizeof(option), "--directory=%s", run->dir);
		daemon_arg(run, option);
		snprintf(option, sizeof(option), "--ready-fd=%d", ready[1]);
		daemon_arg(run, option);
		run->daemon_args[run->n_daemon_args] = NULL;
		setpgid(0, 0); /* a Ctrl-C is for the command */
		execv(path, run->daemon_args);
		_exit(die(path, errno));
	}
	close(ready[1]);
	/* The end of the stream: it serves, or it has gone; which, waitpid() tells. */
	if (read(ready[0], &byte, 1) < 0)
		pid = -errno;
	close(ready[0]);
	if (pid > 0 && waitpid(pid, NULL, WNOHANG) == pid)
		return -ECHILD;
	return pid;
}

/* Sends @sig to each child but @spared. Return: how many there are. */
static int signal_children(int sig, pid_t spared)
{
	char path[64];
	FILE *file;
	int pid, n = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "r");
	while (file && fscanf(file, "%d", &pid) == 1) {
		if (pid == spared)
			continue;
		kill(pid, sig);
		n++;
	}
	if (file)
		fclose(file);
	return n;
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* First all that the command left running, then the host under them. */
static int end_all(pid_t daemon)
{
	const struct timespec tenth = { .tv_nsec = 100000000 };
	int status = 0;

	for (int i = 0; i < GRACE_TENTHS && signal_children(i ? 0 : SIGTERM, daemon); i++) {
		nanosleep(&tenth, NULL);
		reap();
	}
	while (signal_children(SIGKILL, daemon)) {
		nanosleep(&tenth, NULL);
		reap();
	}
	kill(daemon, SIGTERM);
	waitpid(daemon, &status, 0);
	return status;
}

static int wait_command(pid_t pid)
{
	int status;
	pid_t gone;

	while ((gone = waitpid(-1, &status, 0)) != pid)
		if (gone < 0 && errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void remove_tree(const char *dir)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", "--one-file-system", "--", dir, NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Everything inside the enclosure: the host, the command, the end of both. */
static int run_inside(struct run *run)
{
	const char *what = NULL;
	pid_t daemon, pid;
	int r;

	if (!run->no_enclosure) {
		r = enclosure_enter(run->dir, run->stock[0] ? run->stock : NULL, &what);
		if (r < 0)
			return die(what, -r);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	daemon = start_daemon(run);
	if (daemon < 0)
		return die("cannot start simxend", -daemon);
	set_environment(run);
	pid = fork();
	if (pid < 0)
		return die("fork", errno);
	if (!pid) {
		execvp(run->command[0], run->command);
		_exit(die(run->command[0], errno) + 126);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	r = wait_command(pid);
	if (end_all(daemon)) {
		fprintf(stderr, "simxen: simxend did not end well\n");
		return r ? r : 1;
	}
	return r;
}

static int command_run(struct run *run)
{
	pid_t pid;
	int r;

	r = make_directory(run);
	if (r < 0)
		return die("the host's folder", -r);
	find_parts(run);
	pid = fork();
	if (pid < 0)
		return die("fork", errno);
	if (!pid)
		_exit(run_inside(run));
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	r = wait_command(pid);
	if (run->own_dir)
		remove_tree(run->dir); /* from outside: inside, parts of it are mounted elsewhere */
	return r;
}

enum { OPT_PASS = 256 };

static const struct option run_options[] = {
	{ "directory", required_argument, NULL, 'd' },
	{ "stock", required_argument, NULL, 'p' },
	{ "no-enclosure", no_argument, NULL, 'n' },
	{ "memory", required_argument, NULL, 'm' },
	{ "dom0-memory", required_argument, NULL, OPT_PASS },
	{ "dom0-vcpus", required_argument, NULL, OPT_PASS },
	{ "cpus", required_argument, NULL, OPT_PASS },
	{ "dom0-abi", required_argument, NULL, OPT_PASS },
	{ "faults", required_argument, NULL, 'f' },
	{ "seed", required_argument, NULL, 's' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void pass(struct run *run, int c, int index)
{
	char buf[PATH_MAX + 64];

	if (c == OPT_PASS)
		snprintf(buf, sizeof(buf), "--%s=%s", run_options[index].name, optarg);
	else if (c == 'f' && realpath(optarg, buf + 2))
		memcpy(buf, "-f", 2);
	else
		snprintf(buf, sizeof(buf), "-%c%s", c, optarg ? optarg : "");
	daemon_arg(run, buf);
}

static int parse_run(int argc, char **argv, struct run *run)
{
	int c, index = 0;

	run->n_daemon_args = 1; /* the program's own name comes first */
	while ((c = getopt_long(argc, argv, "+d:p:nm:f:s:vh", run_options, &index)) != -1) {
		switch (c) {
		case 'd':
			snprintf(run->dir, sizeof(run->dir), "%s", optarg);
			break;
		case 'p':
			if (!realpath(optarg, run->stock))
				return die(optarg, errno);
			break;
		case 'n':
			run->no_enclosure = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		case '?':
			fputs(usage, stderr);
			return 2;
		default:
			pass(run, c, index);
			break;
		}
	}
	run->command = argv + optind;
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	return 0;
}

static int command_ctl(int argc, char **argv)
{
	const char *dir = getenv("SIMXEN_DIR");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char buf[sizeof(struct wire_message) + WIRE_TEXT_MAX];
	struct wire_message *message = (struct wire_message *)(void *)buf;
	struct wire_answer *answer = (struct wire_answer *)(void *)buf;
	size_t at = 0, room = WIRE_TEXT_MAX - 1;
	ssize_t n;
	int fd;

	if (argc < 1) {
		fputs(usage, stderr);
		return 2;
	}
	*message = (struct wire_message){ .request = WIRE_COMMAND, .version = WIRE_VERSION };
	for (int i = 0; i < argc && at < room; i++)
		at += (size_t)snprintf(message->text + at, room - at, "%s%s", i ? " " : "",
				       argv[i]);
	if (at >= room)
		return die("command", E2BIG);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir && *dir ? dir : WIRE_DIR,
		 WIRE_SOCKET);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return die(address.sun_path, errno);
	if (send(fd, buf, sizeof(*message) + at, 0) < 0)
		return die("send", errno);
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	if (n < (ssize_t)sizeof(*answer))
		return die("receive", n < 0 ? errno : EPROTO);
	buf[n] = '\0';
	fputs(answer->text, answer->error ? stderr : stdout);
	if (answer->error && answer->text[0])
		fputc('\n', stderr);
	return answer->error ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct run run = { .own_dir = false };
	int r;

	if (argc > 1 && !strcmp(argv[1], "ctl"))
		return command_ctl(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "run")) {
		r = parse_run(argc - 1, argv + 1, &run);
		if (r == 0)
			r = command_run(&run);
		free_run(&run);
		return r;
	}
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
