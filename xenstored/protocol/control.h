/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of CONTROL share; see control.c for the table. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdint.h>

#include "protocol/text.h"

struct conn;
struct protocol;

struct control {
	struct protocol *protocol;
	struct conn *conn;  /* who asks */
	const char **words; /* after the command */
	uint32_t n_words;
	struct text answer; /* empty: "OK" */
};

/* Each returns 0 or -EINVAL, -ENOENT (no such domain), -EBADF (no such file). */
int control_memreport(struct control *c);
int control_stats(struct control *c);
int control_txn(struct control *c);
int control_watches(struct control *c);
int control_xenbus(struct control *c);

#endif
