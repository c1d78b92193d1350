/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program under test and the sweep share: a file of this layout, mapped by both. */
#ifndef STEPS_H
#define STEPS_H

#include <stdint.h>

#define STEPS_VARIABLE "XENSCALE_STEPS" /* names the file */
#define STEPS_NAME_MAX 48

enum steps_action {
	STEPS_COUNT, /* only count */
	STEPS_FAIL,  /* the target fails with the error */
	STEPS_KILL,  /* the process that takes it is killed */
};

struct steps {
	uint64_t n_taken; /* by all processes together */
	uint64_t target;  /* the number of a step, from 1 */
	uint32_t action;
	int32_t error;		   /* an errno */
	char name[STEPS_NAME_MAX]; /* of the target, once it was taken */
};

#endif
