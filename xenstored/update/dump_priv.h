/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What dump_store.c and dump_client.c share. */
#ifndef DUMP_PRIV_H
#define DUMP_PRIV_H

#include <stdint.h>

struct perms;
struct stream_perm;

/* A request has room for no more entries: each takes three bytes at least. */
#define DUMP_PERMS_MAX 1400

/** dump_perms() - @perms as the stream has them; returns how many */
uint32_t dump_perms(const struct perms *perms, struct stream_perm *out);

#endif
