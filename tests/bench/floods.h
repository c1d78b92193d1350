/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest can do to a store over and over: each is one kind of flood. */
#ifndef FLOODS_H
#define FLOODS_H

#include <stddef.h>
#include <stdint.h>

/* Requests are written relative to the guest's home; payloads as in step.h, '|' for a NUL. */
struct flood_request {
	uint32_t type;
	const char *payload;
};

struct flood {
	const char *name;
	const char *what;
	const struct flood_request *setup; /* once */
	uint32_t n_setup;
	uint32_t setup_times;		      /* %i in the payload counts them */
	const struct flood_request *requests; /* again and again */
	uint32_t n_requests;
};

extern const struct flood floods[];
extern const size_t floods_n;

/** floods_get() - by name, or NULL */
const struct flood *floods_get(const char *name);

#endif
