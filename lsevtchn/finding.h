/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an audit has to say: a list that leaks and broken caps are added to and that views print. */
#ifndef FINDING_H
#define FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

enum finding_kind {
	FINDING_DEAD_PEER,   /* ports towards a domain that does not exist */
	FINDING_ONE_END,     /* connected on this side, not on the other */
	FINDING_FORGOTTEN,   /* waiting for a living domain for long */
	FINDING_WAITING,     /* waiting for a living domain, for how long is not known */
	FINDING_FULL,	     /* no port left */
	FINDING_SCAN,	     /* a table could not be read */
	FINDING_CAP_UNKNOWN, /* nobody has written its cap down */
	FINDING_CAP_BROKEN,  /* ports above the cap */
	FINDING_CAP_POLICY,  /* the cap is above what the policy allows */
	FINDING_PEAK,	     /* has had more ports than the policy allows */
	FINDING_SOFT,	     /* more ports in use than the soft limit */
	FINDING_N_KINDS,
};

struct finding {
	enum finding_kind kind;
	bool notice; /* worth a look; does not make the audit fail */
	uint32_t domid;
	uint32_t peer; /* or 0 where there is none */
	uint32_t port; /* the first one */
	uint32_t n;    /* how many ports */
	char *text;    /* owned; a sentence for people, without the domain */
};

struct finding_list {
	struct finding *findings; /* owned */
	size_t n;
};

void finding_deinit(struct finding_list *list);

/**
 * finding_add() - add one; its text is made from @fmt
 * @finding: copied; its own text is not used
 *
 * Return: 0 or -ENOMEM.
 */
int finding_add(struct finding_list *list, const struct finding *finding, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** finding_n() - how many are no mere notices. */
size_t finding_n(const struct finding_list *list);

/** finding_kind_name() - "dead-peer", "one-end", … */
const char *finding_kind_name(enum finding_kind kind);

#endif
