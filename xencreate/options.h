/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command lines of xencreate and its subcommands. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"

struct options {
	struct batch_options batch;
	unsigned int n_copies;
	unsigned int first;
	const char *pattern; /* borrowed from argv, like all strings; NULL: none was given */
	bool dry_run;
	bool no_preflight;
	bool no_hand_over;	 /* what is not ours is refused, not xl's */
	const char *policy_path; /* NULL: the usual one, if it is there */
	unsigned int verbosity;
	const char *from_pool;	 /* NULL: the domains are made */
	const char *socket_path; /* of that pool; NULL: the usual one */
	bool all;		 /* destroy: every domain; rollback: those that were done, too */
	bool resume;
	bool rollback;
	char **arguments;
	size_t n_arguments;
};

enum options_outcome {
	OPTIONS_GO,
	OPTIONS_DONE,  /* --help or --version: said */
	OPTIONS_WRONG, /* said */
};

/** options_create() - read the command line of a creation; argv[0] is the program. */
enum options_outcome options_create(struct options *options, int argc, char **argv);

/** options_destroy() - read the command line of "destroy"; argv[0] is that word. */
enum options_outcome options_destroy(struct options *options, int argc, char **argv);

/* What both command lines have in common with that of a pool. */
#define OPTIONS_READY_NODE "data/ready"

/** options_number() - read the number that --@option is given; said on stderr if it is none. */
bool options_number(const char *option, const char *text, unsigned long min, unsigned long max,
		    unsigned long *out);

/** options_batch_word() - take --place, --keep-free or --prove-caps (@name); said likewise. */
bool options_batch_word(struct batch_options *batch, const char *name, const char *argument);

/** options_workers() - how many worker processes there are if nobody says. */
unsigned int options_workers(void);

#endif
