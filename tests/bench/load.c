/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The load generator: sets one case up on a daemon, measures it, prints one line of JSON. It is
 * started once per case, daemon and round (./xenstored).
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cases.h"
#include "proc.h"
#include "run.h"

/* As many of anything as take some time. */
#define MANY 1000

#define FILES_MAX 65536

static const char usage[] =
	"usage: bench-load --socket PATH --case NAME [options]\n"
	"  --socket PATH    of the daemon\n"
	"  --case NAME      see --list\n"
	"  --pid PID        of the daemon: measure its CPU time and memory too\n"
	"  --floor          the daemon is the floor server\n"
	"  --n N            size of what is there: clients, watches, domains, nodes\n"
	"  --seconds S      how long to measure (1)\n"
	"  --ops N          measure N operations instead\n"
	"  --domains FILE   lines of \"domid frame port\": domains that can be introduced\n"
	"  --pause          print \"ready\" before and \"done\" after measuring, and wait for a line\n"
	"  --list           print the cases and exit\n"
	"  --help\n";

void load_fail(const struct load *load, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "bench-load: %s: ", load->which ? load->which->name : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

uint64_t load_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint32_t load_connect(struct load *load, uint32_t n)
{
	uint32_t first = load->n_wires;

	if (load->n_wires + n > load->wires_size) {
		load->wires_size = 2 * (load->n_wires + n);
		load->wires = realloc(load->wires, load->wires_size * sizeof(*load->wires));
		if (!load->wires)
			load_fail(load, "out of memory");
	}
	for (uint32_t i = 0; i < n; i++) {
		struct wire *wire = &load->wires[load->n_wires];
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = load->n_wires };
		int r = wire_open(wire, load->socket, load->n_wires);

		if (r < 0)
			load_fail(load, "connection %u: %s", load->n_wires, strerror(-r));
		load->n_wires++;
		if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, wire->fd, &event) < 0)
			load_fail(load, "epoll: %s", strerror(errno));
	}
	return first;
}

/* The first connections are those of the clients; what comes after them listens only, for client 0.
 */
static void make_clients(struct load *load)
{
	load->n_clients = load->which->active ? load->which->active : load->n;
	load->clients = calloc(load->n_clients, sizeof(*load->clients));
	if (!load->clients)
		load_fail(load, "out of memory");
	for (uint32_t i = 0; i < load->n_clients; i++) {
		load->clients[i].number = i;
		load->clients[i].wire = &load->wires[i];
	}
	for (uint32_t i = 0; i < load->n_wires; i++)
		load->wires[i].user = &load->clients[i < load->n_clients ? i : 0];
}

static void read_domains(struct load *load, const char *path)
{
	struct load_domain domain;
	FILE *file = fopen(path, "re");

	if (!file)
		load_fail(load, "%s: %s", path, strerror(errno));
	while (fscanf(file, "%" SCNu32 " %" SCNu32 " %" SCNu32, &domain.domid, &domain.frame,
		      &domain.port) == 3) {
		load->domains = realloc(load->domains, (load->n_domains + 1) * sizeof(domain));
		if (!load->domains)
			load_fail(load, "out of memory");
		load->domains[load->n_domains++] = domain;
	}
	fclose(file);
}

static void print_result(const struct load *load)
{
	const struct load_result *result = &load->result;
	const struct hist *hist = &result->latency_ns;

	printf("{\"case\": \"%s\", \"n\": %u, \"ops\": %" PRIu64 ", \"warm_ops\": %" PRIu64
	       ", \"events\": %" PRIu64 ", \"retries\": %" PRIu64 ", \"wall_ns\": %" PRIu64
	       ", \"cpu_ns\": %" PRIu64 ", \"p50_ns\": %" PRIu64 ", \"p90_ns\": %" PRIu64
	       ", \"p99_ns\": %" PRIu64 ", \"p999_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64
	       ", \"pss_before\": %" PRIu64 ", \"pss_after\": %" PRIu64 "}\n",
	       load->which->name, load->n, result->ops, result->warm_ops, result->events,
	       result->retries, result->wall_ns, result->cpu_ns, hist_percentile(hist, 50),
	       hist_percentile(hist, 90), hist_percentile(hist, 99), hist_percentile(hist, 99.9),
	       hist->max, result->pss_before, result->pss_after);
	fflush(stdout);
}

static void wait_for_line(const struct load *load, const char *say)
{
	char line[64];

	if (!load->pause)
		return;
	puts(say);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		load_fail(load, "nobody said go");
}

static void ask_memory(struct load *load, uint64_t *pss_bytes)
{
	if (load->pid && proc_memory(load->pid, pss_bytes) < 0)
		load_fail(load, "the daemon is gone");
}

/* What a daemon gives back when it has had nothing to do for a while is not counted. */
static void settle(const struct load *load)
{
	const struct timespec pause = { .tv_sec = 3 };

	if (!strncmp(load->which->name, "memory-", 7) && load->n >= MANY)
		nanosleep(&pause, NULL);
}

enum { SOCKET = 1, CASE, PID, FLOOR, N, SECONDS, OPS, DOMAINS, PAUSE, LIST, HELP };

static void take_option(struct load *load, int option, const char *value)
{
	switch (option) {
	case SOCKET:
		load->socket = value;
		break;
	case CASE:
		load->which = cases_get(value);
		if (!load->which)
			load_fail(load, "no case named \"%s\"", value);
		break;
	case PID:
		load->pid = atoi(value);
		break;
	case FLOOR:
		load->floor = true;
		break;
	case N:
		load->n = (uint32_t)strtoul(value, NULL, 10);
		break;
	case SECONDS:
		load->seconds = atof(value);
		break;
	case OPS:
		load->ops = strtoull(value, NULL, 10);
		break;
	case DOMAINS:
		read_domains(load, value);
		break;
	case PAUSE:
		load->pause = true;
		break;
	case LIST:
		cases_print();
		exit(0);
	default:
		fputs(usage, option == HELP ? stdout : stderr);
		exit(option == HELP ? 0 : 2);
	}
}

static void parse_options(struct load *load, int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, SOCKET },
		{ "case", required_argument, NULL, CASE },
		{ "pid", required_argument, NULL, PID },
		{ "floor", no_argument, NULL, FLOOR },
		{ "n", required_argument, NULL, N },
		{ "seconds", required_argument, NULL, SECONDS },
		{ "ops", required_argument, NULL, OPS },
		{ "domains", required_argument, NULL, DOMAINS },
		{ "pause", no_argument, NULL, PAUSE },
		{ "list", no_argument, NULL, LIST },
		{ "help", no_argument, NULL, HELP },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(load, option, optarg);
	if (!load->socket || !load->which || optind != argc) {
		fputs(usage, stderr);
		exit(2);
	}
	if (!load->n)
		load->n = load->which->n;
	if (load->which->exactly_n)
		load->ops = load->n;
}

int main(int argc, char **argv)
{
	struct rlimit files = { .rlim_cur = FILES_MAX, .rlim_max = FILES_MAX };
	struct load load = { .seconds = 1 };

	parse_options(&load, argc, argv);
	setrlimit(RLIMIT_NOFILE, &files); /* refused without privilege: then fewer clients fit */
	load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	load.buffer = malloc(WIRE_BUFFER_BYTES);
	if (load.epoll_fd < 0 || !load.buffer)
		load_fail(&load, "%s", strerror(errno));
	load.batch = load.which->batch;
	load.which->setup(&load);
	make_clients(&load);
	wait_for_line(&load, "ready");
	ask_memory(&load, &load.result.pss_before);
	run_case(&load);
	settle(&load);
	ask_memory(&load, &load.result.pss_after);
	if (!load.result.ops)
		load_fail(&load, "no operation ended in time: measure longer");
	wait_for_line(&load, "done");
	print_result(&load);
	for (uint32_t i = 0; i < load.n_wires; i++)
		wire_close(&load.wires[i]);
	close(load.epoll_fd);
	free(load.wires);
	free(load.clients);
	free(load.domains);
	free(load.buffer);
	return 0;
}
