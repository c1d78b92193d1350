/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminals and event channels that outlive us: the service manager keeps the handle on which ports
 * are bound, and places (park.h) in which the masters of all ptys wait, so that after a kill or an
 * upgrade the next daemon serves the same ones. A client notices nothing, no guest's port is
 * closed, and the store need not be told.
 *
 * Without a service manager there is nothing of this: a NULL struct kept is fine everywhere.
 */
#ifndef KEPT_H
#define KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "tty.h"

struct kept;
struct kept_place;
struct log;
struct loop;
struct ports;

/* Whose terminal it is; as it lies in the park. */
struct kept_label {
	uint32_t domid;
	uint32_t kind; /* of the domain's consoles */
	struct tty_identity tty;
	uint32_t local_port; /* 0: none is bound */
	uint32_t remote_port;
	uint8_t handle[16];
};

/* A terminal that is kept, with its port; embedded in its console, zeroed at first. */
struct kept_tty {
	struct kept_label label;
	int master;		  /* borrowed: kept_remove() comes before it is closed */
	struct kept_place *place; /* NULL: it is not kept */
	LIST_ENTRY(kept_tty) same_place;
};

/**
 * kept_new() - see what the last daemon has left
 * @out:  owned by the caller; kept_free() after all terminals are removed, before loop_free(). NULL
 *	  if there is no service manager
 * @loop: borrowed; gets a turn hook
 * @log:  borrowed
 *
 * Return: 0 or -ENOMEM.
 */
int kept_new(struct kept **out, struct loop *loop, struct log *log);
void kept_free(struct kept *kept);
DEFINE_CLEANUP(struct kept *, kept_free)

/** kept_drop_evtchn() - the handle is broken: the next daemon shall have a new one */
void kept_drop_evtchn(struct kept *kept);

/** kept_evtchn() - the event-channel handle of the last daemon, yours now; -1: there is none */
int kept_evtchn(struct kept *kept);
/**
 * kept_use_ports() - on which ports are bound; borrowed until kept_free()
 * @store: its handle is new: have it kept
 */
void kept_use_ports(struct kept *kept, struct ports *ports, bool store);

/**
 * kept_port() - the local port to which this console's @remote is bound; yours to adopt
 *
 * Return: 0 if there is none. What was bound to another remote port is closed.
 */
uint32_t kept_port(struct kept *kept, const struct kept_label *label, uint32_t remote);

/** kept_has() - is there a terminal that nobody has taken yet, of any console of @domid? */
bool kept_has(const struct kept *kept, uint32_t domid);

/**
 * kept_take() - go on with the terminal that this console had
 * @label: whose it must be; which it is is found out
 * @path:  what the store names as the console's terminal
 * @tty:   out: adopted; complete it with the identity in @entry
 * @entry: out: it is kept on
 *
 * Return: true; false if there is none, or if it is another than @path: that one is closed for
 * good.
 */
bool kept_take(struct kept *kept, const struct kept_label *label, const char *path, struct tty *tty,
	       struct kept_tty *entry);

/** kept_add() - have a new terminal kept; if that fails it is logged, and it ends with us. */
void kept_add(struct kept *kept, struct kept_tty *entry, const struct kept_label *label,
	      const struct tty *tty);

/** kept_note_port() - which ports belong to it from the end of this turn on; 0: none */
void kept_note_port(struct kept *kept, struct kept_tty *entry, uint32_t local, uint32_t remote);
/** kept_flush() - not at the end of this turn, but now */
void kept_flush(struct kept *kept, struct kept_tty *entry);

/**
 * kept_remove() - the terminal ends: its clients see that at the end of this turn
 *
 * One that is not kept is left alone.
 */
void kept_remove(struct kept *kept, struct kept_tty *entry);

/** kept_forget() - close what nobody has taken of @domid's terminals. */
void kept_forget(struct kept *kept, uint32_t domid);

/** kept_forget_unless() - close what nobody has taken, but for domains that @exists. */
void kept_forget_unless(struct kept *kept, bool (*exists)(void *ctx, uint32_t domid), void *ctx);

/** kept_leave() - leave everything to the next daemon: kept_remove() does nothing any more. */
void kept_leave(struct kept *kept);

#endif
