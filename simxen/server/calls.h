/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a slot asks for, carried out on the core. */
#ifndef CALLS_H
#define CALLS_H

#include <stdint.h>

struct process;
struct wire_slot;

/** calls_do() - Return: what the client gets: a value ≥ 0 or a negative errno. Locked. */
int64_t calls_do(struct process *process, uint32_t call, const uint64_t args[7]);

#endif
