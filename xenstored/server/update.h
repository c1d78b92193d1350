/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command live-update, as Xen's own daemon understands it: -f names a program, -c its
 * arguments, -s starts it, -a gives up. One client has the word from -f to the end.
 *
 * Before anything is risked the program is started beside the daemon: does it run at all, is it one
 * of ours, would it take these arguments and what is in the store now? Only one of ours takes open
 * transactions over; for another one they have to end first.
 */
#ifndef UPDATE_H
#define UPDATE_H

#include <stdint.h>

struct conn;
struct server;
struct text;
struct update;

/** update_control() - one command; see protocol.h, struct protocol_host */
int update_control(void *ctx, struct conn *conn, const char **words, uint32_t n_words,
		   struct text *answer);

/** update_free() - forget the command under way; NULL: there is none */
void update_free(struct update *update);

#endif
