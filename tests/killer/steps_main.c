/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstored that ends at a chosen step (step.h), as if it had been killed there:
 * "xenstored-steps --die-at=N:NAME ..." ends when the step NAME is reached for the Nth time. All
 * other arguments are xenstored's.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "step.h"

int xenstored_main(int argc, char **argv);

/* The program itself, with another entry. */
#define main xenstored_main
#include "server/main.c"
#undef main

static const char *die_at;
static unsigned long n_left;

/* In an argument of a live update, which is cut at spaces, they are written as underscores. */
static bool is_named(const char *name)
{
	size_t i;

	for (i = 0; name[i] && (name[i] == die_at[i] || (name[i] == ' ' && die_at[i] == '_')); i++)
		;
	return !name[i] && !die_at[i];
}

void step_reached(const char *name)
{
	if (!die_at || !is_named(name) || --n_left)
		return;
	dprintf(STDERR_FILENO, "ends at \"%s\"\n", name);
	kill(getpid(), SIGKILL);
}

int main(int argc, char **argv)
{
	static const char option[] = "--die-at=";

	if (argc > 1 && strncmp(argv[1], option, sizeof(option) - 1) == 0) {
		char *end;

		n_left = strtoul(argv[1] + sizeof(option) - 1, &end, 10);
		if (*end != ':' || !n_left)
			return 2;
		die_at = end + 1;
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	return xenstored_main(argc, argv);
}
