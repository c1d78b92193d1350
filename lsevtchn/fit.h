/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two commands that read configurations: will they fit, and make them fit the policy. */
#ifndef FIT_H
#define FIT_H

struct cmdline;
struct hyper;
struct log;

/** fit_preflight() - --preflight. @hyper: or NULL with --assume. Return: enum run_status. */
int fit_preflight(const struct cmdline *cmdline, struct hyper *hyper, struct log *log);

/** fit_amend() - --amend. Return: enum run_status: found if a file could not be amended. */
int fit_amend(const struct cmdline *cmdline, struct log *log);

#endif
