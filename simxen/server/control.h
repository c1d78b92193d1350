/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands to a running host: faults (core/fault.h), and questions. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>

struct server;

/**
 * control_command() - carry out one line
 * @answer: out: text, always NUL-terminated
 *
 * Return: 0 or a negative errno, with what is wrong in @answer. Locked.
 */
int control_command(struct server *server, char *line, char *answer, size_t size);

#endif
