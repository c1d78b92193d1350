/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's console ring as sysctl readconsole shows it: producer and consumer count bytes
 * and never wrap, the buffer keeps the latest.
 */
#ifndef CONRING_H
#define CONRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct conring;

/** conring_new() - @size must be a power of two. Return: 0, -EINVAL, -ENOMEM. */
int conring_new(struct conring **out, uint32_t size);
void conring_free(struct conring *ring);
DEFINE_CLEANUP(struct conring *, conring_free)

void conring_write(struct conring *ring, const char *text, size_t len);

/**
 * conring_read() - copy out what is there
 * @incremental: begin at *@index (or at the oldest byte that is left, if later)
 * @clear:       forget what was read
 * @index:       in, out: where to begin; where the next read goes on
 * @to, @size:   at most so much
 *
 * Return: bytes copied.
 */
uint32_t conring_read(struct conring *ring, bool incremental, bool clear, uint32_t *index, char *to,
		      uint32_t size);

#endif
