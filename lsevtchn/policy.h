/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy: how many event channels a domain may have, by its name, its type, and whether it
 * serves others.
 *
 * The file is made of sections, each with settings:
 *
 *	[default]			# for every domain
 *	hard = 1023			# the cap it is created with; or none
 *	soft = 200			# more in use than this are reported; or none
 *	over-soft = log mark		# and what else is done then: log, mark, pause
 *
 *	[type pvh]			# pv, pvh or hvm
 *
 *	[driver-domain]			# a domain that serves others
 *
 *	[name web-*]			# by name; *, ? and [] as in the shell
 *
 * A setting is taken from the most particular section that has it: name, then driver-domain, then
 * type, then default. Of several names that match, the first in the file wins.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "domtype.h"

#define POLICY_PATH "/etc/xen/event-channels.conf"
#define POLICY_NONE UINT32_MAX
/* A longer line is refused. */
#define POLICY_LINE_MAX 1024

enum policy_action {
	POLICY_LOG = 1,
	POLICY_MARK = 2,
	POLICY_PAUSE = 4,
};

struct policy;

/* Whom the policy is asked about. */
struct policy_subject {
	const char *name; /* NULL: unknown; matches no [name] section */
	enum domtype type;
	bool driver_domain;
};

struct policy_rule {
	uint32_t hard;		/* or POLICY_NONE */
	uint32_t soft;		/* or POLICY_NONE */
	unsigned int over_soft; /* set of enum policy_action; POLICY_LOG if the file says nothing */
	unsigned int hard_line; /* where in the file it says so; 0: nowhere */
	unsigned int soft_line;
};

/**
 * policy_parse() - read a policy
 * @out:    owned by the caller
 * @source: name for messages
 * @error:  out, on -EINVAL: "SOURCE:LINE: reason", owned by the caller
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int policy_parse(struct policy **out, const char *text, size_t len, const char *source,
		 char **error);
/**
 * policy_load() - read the file @path
 *
 * Return: as policy_parse(), or what opening or reading it says (-ENOENT, -EACCES, …); -EFBIG over
 * 1 MiB.
 */
int policy_load(struct policy **out, const char *path, char **error);
void policy_free(struct policy *policy);
DEFINE_CLEANUP(struct policy *, policy_free)

/** policy_rule() - what it says of @subject; @policy NULL: nothing. */
struct policy_rule policy_rule(const struct policy *policy, const struct policy_subject *subject);

/**
 * policy_cap() - the cap that a domain is to be created with
 * @asked: what its configuration asks for, or 0 if nothing
 *
 * What is asked for stands if it is within the hard limit; else, and where nothing is asked for,
 * the hard limit does. Without a hard limit it is what is asked for, or libxl's default.
 */
uint32_t policy_cap(const struct policy_rule *rule, uint32_t asked);

#endif
