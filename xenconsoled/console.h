/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One console of one domain: the page shared with the guest, the event channel, the pty, the log,
 * and what nobody has read yet. Attaching and detaching are here, the flow of bytes is in stream.h.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backlog.h"
#include "clients.h"
#include "kept.h"
#include "log.h"
#include "ports.h"
#include "quiet.h"
#include "throttle.h"
#include "tty.h"

struct batch;
struct event;
struct journal_source;
struct logfile;
struct nodes;
struct server;
struct xencons_interface;

/* The kinds of console that a domain may have; a static table. */
struct console_kind {
	const char *folder; /* of its nodes, below /local/domain/N */
	const char *log_suffix;
	bool granted; /* the page is grant 0; else only a frame number is known */
};

/* Defined by hand, CONSOLE_WITH_VUART shows that the second kind builds and harms nobody. */
#if defined(__arm__) || defined(__aarch64__) || defined(CONSOLE_WITH_VUART)
#define CONSOLE_N_KINDS 2
#else
#define CONSOLE_N_KINDS 1
#endif
extern const struct console_kind console_kinds[CONSOLE_N_KINDS];

/* Reserved by the toolstack for the console page: xen/grant_table.h. */
#define CONSOLE_GRANT_REF 0

enum console_map {
	CONSOLE_UNMAPPED,
	CONSOLE_GRANT,
	CONSOLE_BATCH, /* by grant too, together with others */
	CONSOLE_FOREIGN,
};

/* Why the guest's ring is or is not read; see stream.c. */
enum console_flow {
	CONSOLE_LISTENING, /* the port is unmasked, or is being served */
	CONSOLE_QUEUED,	   /* more to read: waits for its turn */
	CONSOLE_PAUSED,	   /* has used up its share: waits for the clock */
	CONSOLE_BLOCKED,   /* nobody reads what it has printed: waits for a client */
};

struct console_stats {
	uint64_t out_bytes; /* taken from the guest */
	uint64_t in_bytes;  /* given to it */
	uint64_t n_events;
	uint64_t n_bad_rings;
	uint64_t paused_ms;
	uint64_t n_ttys;
};

struct console {
	struct server *server;		 /* borrowed: outlives all consoles */
	const struct console_kind *kind; /* static */
	uint32_t domid;
	const uint8_t *handle; /* borrowed: its domain's, which owns us; 16 bytes */

	struct xencons_interface *page; /* NULL while not mapped */
	enum console_map map;
	struct batch *batch; /* borrowed; may be before the page is asked for. NULL: in none */
	bool is_alone;	     /* its page could not be mapped with others */
	uint64_t ring_ref;
	struct port port;
	uint32_t remote_port; /* in the guest, of the binding in force or tried last */
	bool port_inherited;  /* from the last daemon, and not looked at since */

	struct tty tty;
	struct clients_pty clients;
	struct kept_tty kept;
	struct event *tty_readable; /* owned; NULL while no tty is open */
	struct event *tty_writable;
	bool tty_incomplete;   /* taken from the last daemon: see terminal_complete() */
	bool tty_is_full;      /* tty_writable is pending */
	bool published;	       /* the store has been told of this pty */
	bool dead;	       /* the guest is going away: take what is left */
	bool input_stalled;    /* the guest has no room: tty_readable is not pending */
	uint64_t tty_retry_ms; /* do not try to open one earlier */
	struct backlog backlog;
	struct logfile *logfile;	       /* owned; NULL if guests are not logged */
	bool is_named_late;		       /* its log comes along to its next name */
	struct journal_source *journal_source; /* the same for the journal */

	enum console_flow flow;
	TAILQ_ENTRY(console) queued; /* in the streams' list of its flow */
	uint64_t due_ms;	     /* CONSOLE_PAUSED: until when */
	struct throttle throttle;
	struct quiet quiet;

	struct console_stats stats;
	struct log_limit bad_ring_limit;
	struct log_limit attach_limit;
};

void console_init(struct console *console, struct server *server, const struct console_kind *kind,
		  uint32_t domid, const uint8_t *handle);

/** console_deinit() - let go of the guest as console_release_guest() does, hang up on clients. */
void console_deinit(struct console *console);

/**
 * console_attach() - bring the console in line with the store
 * @name: the domain's name, for its log; NULL if not known
 *
 * What is in place and still right is left alone. On an error the console stays as far attached as
 * it was before; another change in the store leads to the next attempt.
 *
 * Return: 0, -EINVAL (page or port not offered to us: another daemon may serve it), -ESRCH (domain
 * gone), -ENOSPC (no port, or no pty left), -ENOMEM, and what opening a pty says.
 */
int console_attach(struct console *console, const struct nodes *nodes, const char *name);

/** console_label() - whose it is, and its port */
struct kept_label console_label(const struct console *console);

/**
 * console_settle() - do what could wait until all were served again
 *
 * The terminal's other half; the log's opening; an event for the guest, which may wait for one if
 * the last daemon was killed between the ring and that; and a port that was inherited may have lost
 * its other end while nobody was there, which takes a hypercall to find out.
 *
 * Return: true if it must be attached anew.
 */
bool console_settle(struct console *console);

/** console_release_guest() - final drain, then unmap and unbind: the domain can go away. */
void console_release_guest(struct console *console);

/** console_has_clients() - does anybody have its pty open? */
bool console_has_clients(struct console *console);
/**
 * console_is_being_read() - has a client not yet read all that the guest has printed?
 *
 * What was written to the pty a moment ago may not be seen yet: ask a little later.
 */
bool console_is_being_read(struct console *console);

#define console_is_attached(console) ((console)->port.local != 0)

#endif
