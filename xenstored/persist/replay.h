/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the files back to the store, and to what is to be made of clients and domains. The image
 * may have been taken while changes went on: a node or client that it does not know may have been
 * gone before it was looked at, so up to the image's last turn that is no error, and what the image
 * has seen already is not done twice where twice would differ from once.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>

struct image;
struct journal;
struct log;
struct protocol;
struct saved;

/**
 * replay() - fill a new @protocol
 * @protocol: just made; without observers
 * @journal:  NULL: what the image says is all there is
 * @recover:  damage in the journal ends it instead of everything
 * @saved:    filled
 *
 * Return: 0, -ENOMEM, or -EBADMSG (damaged: has been logged; @protocol is of no use any more).
 */
int replay(struct protocol *protocol, struct image *image, struct journal *journal, bool recover,
	   struct saved *saved, struct log *log);

#endif
