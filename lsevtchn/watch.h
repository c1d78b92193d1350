/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows the census again and again, and when a domain comes or goes, until told to end. */
#ifndef WATCH_H
#define WATCH_H

struct cmdline;
struct hyper;
struct log;

/** watch_run() - --watch. Return: enum run_status. */
int watch_run(const struct cmdline *cmdline, struct hyper *hyper, struct log *log);

#endif
