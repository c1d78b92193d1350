/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console page shared with a guest, seen from the back end. The guest can write every byte of
 * it at any time: each index is read once per call, judged, and only the copy is used.
 */
#ifndef CONRING_H
#define CONRING_H

#include <stdint.h>

#include <xen/io/console.h>

/* Sizes of the two buffers in the page. */
#define CONRING_OUT_SIZE 2048
#define CONRING_IN_SIZE	 1024

/**
 * conring_peek() - copy what the guest has printed, without taking it
 * @buf:  at least CONRING_OUT_SIZE bytes
 * @n:    out: bytes copied, up to @size
 * @size: copy at most this many
 *
 * Return: 0, or -ERANGE if no honest guest can have left the indices so; the ring is not touched.
 * Source: xen/io/console.h.
 */
int conring_peek(struct xencons_interface *page, char *buf, uint32_t size, uint32_t *n);

/** conring_take() - give the space of @n peeked bytes back to the guest, who must be notified. */
void conring_take(struct xencons_interface *page, uint32_t n);

/**
 * conring_room() - bytes of input that the guest has room for
 *
 * Return: 0 if it has none or its indices make no sense.
 */
uint32_t conring_room(struct xencons_interface *page);

/** conring_give() - hand @len bytes of input to the guest, at most conring_room(); notify it. */
void conring_give(struct xencons_interface *page, const char *data, uint32_t len);

/**
 * conring_set_connected() - tell the guest that somebody serves its console
 *
 * Writes 0 to the byte behind the indices, which newer toolstacks set to 1 while they build the
 * domain. On older ones the byte is unused and zero already.
 * Source: xen/io/console.h of Xen 4.21, member connection.
 */
void conring_set_connected(struct xencons_interface *page);

#endif
