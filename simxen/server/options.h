/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What simxend is told when it starts. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "core/host.h"

struct options {
	struct host_config host;
	const char *dir;
	const char *faults;
	int ready_fd;
	bool verbose;
};

/** options_parse() - defaults and the command line; ends the program on --help and on mistakes. All
 * strings are borrowed from @argv. */
void options_parse(int argc, char **argv, struct options *o);

#endif
