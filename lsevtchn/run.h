/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does what the command line says, and gives the exit status. */
#ifndef RUN_H
#define RUN_H

struct census;
struct cmdline;
struct finding_list;
struct leak_ages;
struct log;
struct policy;
struct scan_source;

enum run_status {
	RUN_FINE = 0,	 /* fits; nothing found */
	RUN_FOUND = 1,	 /* does not fit; something found */
	RUN_UNKNOWN = 2, /* could not look; cannot be said */
};

/** run_stock() - as the program that comes with Xen. @argument: or NULL. Return: its exit status.
 */
int run_stock(const char *argument);

/** run_cmdline() - anything else. Return: enum run_status. */
int run_cmdline(const struct cmdline *cmdline, struct log *log);

/**
 * run_findings() - what there is to say about what @cmdline shows
 * @findings: overwritten
 * Other arguments as audit_find().
 *
 * Return: 0 or -ENOMEM.
 */
int run_findings(struct finding_list *findings, const struct cmdline *cmdline,
		 const struct census *census, const struct policy *policy,
		 const struct scan_source *source, const struct leak_ages *ages,
		 unsigned long long now_ms);

/** run_policy() - load the policy; none is fine unless one was named. Return: 0 or a negative
 * errno, said already. */
int run_policy(struct policy **policy, const struct cmdline *cmdline, struct log *log);

#endif
