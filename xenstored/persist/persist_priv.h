/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What persist.c and checkpoint.c share. */
#ifndef PERSIST_PRIV_H
#define PERSIST_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "persist/entry.h"
#include "persist/journal.h"
#include "persist/put.h"

struct checkpoint;
struct conn;
struct inflight;
struct log;
struct protocol;
struct saved;

/* A file that says: what is here was handed over. */
#define STATEDIR_MARK "handed-over"

STAILQ_HEAD(touched_list, conn);

struct persist {
	struct protocol *protocol; /* borrowed, with store and quota */
	struct log *log;	   /* borrowed */
	char *dir;		   /* owned, as the rest */
	int dir_fd;
	int lock_fd;
	struct journal *journal;
	struct put_sink sink;	       /* the journal */
	struct checkpoint *checkpoint; /* NULL: none under way */
	struct inflight *inflight;     /* NULL: clients with sockets end with the daemon */
	struct saved *saved;
	TAILQ_HEAD(, conn) clients;    /* borrowed: they remove themselves */
	struct touched_list touched;   /* output, input or progress to be noted */
	struct entry_domain **domains; /* by domid; NULL: not known */
	uint64_t next_id;
	uint64_t saved_next_id;	   /* what it was when the last turn was committed */
	uint32_t step_bytes;	   /* of an image, per turn */
	uint32_t journal_max;	   /* an image is due when it is larger; 0: depends on the image */
	uint64_t image_number;	   /* journal that began with the last image */
	uint64_t image_bytes;	   /* size of it */
	uint64_t image_file_bytes; /* size of its file */
	uint32_t n_images;	   /* completed */
	uint64_t room_at_ms;	   /* when room is looked for again */
	uint64_t retry_at_ms;	   /* no image before, after one failed */
	bool is_tight;		   /* there is room for what is under way, and hardly more */
	bool is_broken;		   /* turns could not be committed: the files are out of date */
	bool is_idle;		   /* nothing was noted in the turn at hand */
	bool has_left; /* a client went with output of the last turn, which is not committed yet */
	bool is_copy;  /* the state was made anew from one that was damaged */
};

/** persist_keep() - @conn is kept as number @id from now on */
void persist_keep(struct persist *persist, struct conn *conn, uint64_t id, uint32_t out_at);
/** persist_now_ms() - any monotonic clock */
uint64_t persist_now_ms(const struct persist *persist);
/** persist_touch() - @conn, which is not on the list yet, has something to note at the next commit
 */
void persist_touch(struct persist *persist, struct conn *conn);

#endif
