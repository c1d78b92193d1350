/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest can do to a store over and over: each is one kind of flood. */
#ifndef FLOODS_H
#define FLOODS_H

#include <stddef.h>
#include <stdint.h>

/* Where all guests may write. */
#define FLOOD_SHARED "/shared"

/* Paths are relative to the guest's home; payloads as in step.h, '|' for a NUL. */
struct flood_request {
	uint32_t type;	     /* may have: */
#define FLOOD_IN_TXN 0x10000 /* inside what the last XS_TRANSACTION_START began */
	const char *payload;
};

enum flood_way {
	FLOOD_MUTE = 1,	   /* leaves answers and events in the ring */
	FLOOD_KICKS = 2,   /* sends events, whether there is anything to tell or not */
	FLOOD_CRUMBS = 4,  /* a byte at a time */
	FLOOD_ANEW = 8,	   /* has its ring begin anew, over and over */
	FLOOD_BREAKS = 16, /* breaks its ring's indices */
};

struct flood {
	const char *name;
	const char *what;
	const struct flood_request *setup; /* once */
	uint32_t n_setup;
	uint32_t setup_times;		      /* %i in the payload counts them */
	const struct flood_request *requests; /* again and again */
	uint32_t n_requests;
	unsigned int ways; /* FLOOD_* */
};

extern const struct flood floods[];
extern const size_t floods_n;

/** floods_get() - by name, or NULL */
const struct flood *floods_get(const char *name);

#endif
