/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathers the figures of stats.h from the running daemon, a few consoles at a time, so that asking
 * about thousands of them holds up nobody.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct console;
struct evbuffer;
struct server;

/* Where a report stands; embedded in its owner. */
struct report {
	bool metrics; /* OpenMetrics, else text */
	bool begun;
	unsigned int family;
	uint32_t next_domid;
};

/** report_begin() - from the start. */
void report_begin(struct report *report, bool metrics);

/**
 * report_continue() - append the next piece to @out
 *
 * Return: false if that was the last one.
 */
bool report_continue(struct report *report, struct server *server, struct evbuffer *out);

/** report_console_gone() - keep @console's figures for the totals; called once, at its end. */
void report_console_gone(const struct console *console);

#endif
