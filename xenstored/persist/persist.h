/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps on file what must survive the daemon. It hears of every change through the observers of
 * model and protocol, and of clients and domains from the server, and notes each in the record of
 * the turn. A turn goes
 *
 *	requests are served (and noted)
 *	persist_commit()	from here on the turn has happened
 *	answers and events leave, ring indices move
 *	persist_delivered()	notes who did not take everything; goes on with an image
 *
 * README.md says why that neither loses nor doubles anything.
 */
#ifndef PERSIST_H
#define PERSIST_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "persist/entry.h"

struct conn;
struct inflight;
struct log;
struct persist;
struct protocol;
struct saved;
struct saved_client;

struct persist_options {
	const char *dir;   /* made if it is missing */
	bool fresh;	   /* set aside what is there and begin with an empty store */
	bool recover;	   /* use what can be used of damaged files */
	bool sockets;	   /* sockets of clients outlive the daemon, too */
	uint64_t first_id; /* fresh: number of the first client; 0: does not matter */
	bool is_untaken;   /* handed over, but nobody took it: see persist_hand_over() */
	/* An image is taken when the journal is larger; 0: than two images, and 4 MiB. */
	uint32_t journal_bytes;
	uint32_t step_bytes; /* size of a chunk of the image, one per turn; 0: 16 KiB */
};

/**
 * persist_new() - lock the folder, bring back the store, and keep it from now on
 * @protocol: just made; borrowed; the limits it has now hold where none were saved
 *
 * Return: 0, -EEXIST (another daemon uses the folder), -EBADMSG, -ENOTSUP, -ENODATA (what is saved
 * cannot be used: the log says why and what to do), -ENOSPC, -ENOMEM, …: all have been logged.
 */
int persist_new(struct persist **out, struct protocol *protocol,
		const struct persist_options *options, struct log *log);
/** persist_free() - let go; what has been committed stays, and nothing more is noted */
void persist_free(struct persist *persist);
DEFINE_CLEANUP(struct persist *, persist_free)

/**
 * persist_saved() - clients and domains of before; NULL: there was nothing
 *
 * Owned by @persist until persist_restore_end().
 */
const struct saved *persist_saved(const struct persist *persist);
/** persist_is_new() - has no turn ever been committed? A first start may have been killed, too */
bool persist_is_new(const struct persist *persist);
/**
 * persist_add_client() - @conn is to outlive the daemon
 * @out_at: where its stream of output begins: a ring's index
 */
void persist_add_client(struct persist *persist, struct conn *conn, uint32_t out_at);
/**
 * persist_restore_client() - @conn is @client of before: give it what it had
 * @at: how far it got its output: a ring's index, client->out_at + what a socket took
 *
 * Return: 0, -ENOMEM, or -ERANGE (@at cannot be).
 */
int persist_restore_client(struct persist *persist, struct conn *conn,
			   const struct saved_client *client, uint32_t at);
/** persist_place_client() - @conn was restored before it was known how far it got its output: this
 * is where. Before anything is sent to it. */
void persist_place_client(struct conn *conn, uint32_t at);
/**
 * persist_adopt_client() - @conn has all that it had in another process: keep it from now on
 * @id:     number under which it was kept there; 0: it was not
 * @out_at: as for persist_add_client()
 *
 * Return: its number.
 */
uint64_t persist_adopt_client(struct persist *persist, struct conn *conn, uint64_t id,
			      uint32_t out_at);
/** persist_next_id() - number that the next client gets */
uint64_t persist_next_id(const struct persist *persist);

/**
 * persist_check_place() - will another process be able to put a state of its own in the place of
 * this one?
 * @n_bytes: of the store, roughly
 *
 * Return: 0, -ENOSPC (there is no room for a second one beside it), -EBUSY (the folder cannot be
 * replaced, something is mounted there), or what the system calls say.
 */
int persist_check_place(const struct persist *persist, uint64_t n_bytes);
/**
 * persist_hand_over() - between turns: mark what is kept as handed over to another process, or take
 * the mark back
 *
 * Marked, it is set aside by the next persist_new(), unless that one is told that nobody took it.
 * Return: 0 or what open() says.
 */
int persist_hand_over(struct persist *persist, bool handed_over);
/**
 * persist_outdate() - the store goes on without what is kept in @dir: the same mark
 *
 * Nothing if there is no state, or another daemon has it. Return: 0 or what the system calls say.
 */
int persist_outdate(const char *dir);
/** persist_clear() - remove the files that a process left in @dir which it had made for
 * persist_take_place() */
void persist_clear(const char *dir);
/**
 * persist_take_place() - commit, and put the folder in the place of @dir, at once; what was there
 * is removed, except for what had been set aside
 * @anyway: even if there was no room for all of it; it is tried again until there is
 *
 * Return: 0, -ENOSPC, or what the system calls say, which has been logged: then the state stays
 * where it is.
 */
int persist_take_place(struct persist *persist, const char *dir, bool anyway);

/** persist_is_new_id() - was this number given in a turn that was not committed? While there is
 * something saved. */
bool persist_is_new_id(const struct persist *persist, uint64_t id);

/** persist_restore_end() - all of it has been brought back, or given up: commit what that changed
 */
void persist_restore_end(struct persist *persist);

/** persist_remove_client() - @conn is gone; nothing if it was not kept */
void persist_remove_client(struct persist *persist, struct conn *conn);

/**
 * persist_inflight() - through which the sockets of clients that are kept are read and written;
 * NULL: they are not
 */
struct inflight *persist_inflight(const struct persist *persist);

/** persist_set_domain() - this is known of a domain now */
void persist_set_domain(struct persist *persist, const struct entry_domain *domain);
void persist_end_domain(struct persist *persist, uint32_t domid);

/** persist_commit() - the turn has happened */
void persist_commit(struct persist *persist);
/**
 * persist_delivered() - what could be sent has been
 *
 * Return: true if there is work left that should not wait for the next event.
 */
bool persist_delivered(struct persist *persist);
/** persist_n_images() - so many were completed */
uint32_t persist_n_images(const struct persist *persist);
/**
 * persist_give_back() - some of what the last journal took, for when no other is about to take it
 *
 * Return: true if there is more.
 */
bool persist_give_back(struct persist *persist);

/** persist_finish() - between turns: put everything into the image; 0 or what hinders it */
int persist_finish(struct persist *persist);

#endif
