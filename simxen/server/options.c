/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of simxend, which simxen(1) writes. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define FRAMES_A_MIB 256

static const char usage[] =
	"usage: simxend [OPTION]...\n"
	"Simulates a Xen host for the programs that simxen(1) starts.\n"
	"\n"
	"  -d, --directory=DIR  keep socket and files there (default /run/simxen)\n"
	"  -m, --memory=MIB     memory of the host (default 16384)\n"
	"      --dom0-memory=MIB, --dom0-vcpus=N, --cpus=N\n"
	"      --dom0-abi=fifo|2l  event-channel ABI of dom0's kernel (default fifo)\n"
	"  -f, --faults=FILE    commands to carry out at the start, as in simxen(1)\n"
	"  -s, --seed=N         of everything random\n"
	"  -r, --ready-fd=N     close this descriptor once clients are served\n"
	"  -v, --verbose        say more\n"
	"  -h, --help           print this text\n";

enum { OPT_DOM0_MEMORY = 256, OPT_DOM0_VCPUS, OPT_CPUS, OPT_ABI };

static const struct option long_options[] = {
	{ "directory", required_argument, NULL, 'd' },
	{ "memory", required_argument, NULL, 'm' },
	{ "dom0-memory", required_argument, NULL, OPT_DOM0_MEMORY },
	{ "dom0-vcpus", required_argument, NULL, OPT_DOM0_VCPUS },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "dom0-abi", required_argument, NULL, OPT_ABI },
	{ "faults", required_argument, NULL, 'f' },
	{ "seed", required_argument, NULL, 's' },
	{ "ready-fd", required_argument, NULL, 'r' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (*text < '0' || *text > '9' || *end) {
		fprintf(stderr, "simxend: %s is not a number\n", text);
		exit(2);
	}
	return n;
}

void options_parse(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){
		.host = { .n_frames = 16384 * FRAMES_A_MIB,
			  .n_dom0_frames = 1024 * FRAMES_A_MIB,
			  .n_cpus = 2,
			  .n_dom0_vcpus = 1,
			  .dom0_fifo = true,
			  .cmdline = "simxen",
			  .conring_size = 16384 },
		.dir = WIRE_DIR,
		.ready_fd = -1,
	};

	while ((c = getopt_long(argc, argv, "d:m:f:s:r:vh", long_options, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->dir = optarg;
			break;
		case 'm':
			o->host.n_frames = number(optarg) * FRAMES_A_MIB;
			break;
		case OPT_DOM0_MEMORY:
			o->host.n_dom0_frames = number(optarg) * FRAMES_A_MIB;
			break;
		case OPT_DOM0_VCPUS:
			o->host.n_dom0_vcpus = (uint32_t)number(optarg);
			break;
		case OPT_CPUS:
			o->host.n_cpus = (uint32_t)number(optarg);
			break;
		case OPT_ABI:
			if (strcmp(optarg, "fifo") && strcmp(optarg, "2l")) {
				fprintf(stderr, "simxend: --dom0-abi is fifo or 2l\n");
				exit(2);
			}
			o->host.dom0_fifo = !strcmp(optarg, "fifo");
			break;
		case 'f':
			o->faults = optarg;
			break;
		case 's':
			o->host.seed = number(optarg);
			break;
		case 'r':
			o->ready_fd = (int)number(optarg);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
}
