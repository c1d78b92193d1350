/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose each of a pool's domains is, in a file that outlives the pool: one record per line, so that
 * a line that was only half written is recognised. A domain is in it, by its UUID, before it
 * exists, and stays the pool's until the one line is there that says that it was given away.
 *
 * Needs nothing but the C library: whoever takes a domain reads it, too.
 */
#ifndef POOL_LEDGER_H
#define POOL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"

#define LEDGER_FOLDER	     "/run/xencreate"
#define LEDGER_SUFFIX	     ".pool"
#define LEDGER_SOCKET_SUFFIX ".sock" /* of the pool's socket, beside it */
#define LEDGER_POOL_MAX	     64	     /* bytes of a pool's name with the NUL */
#define LEDGER_NAME_MAX	     128
#define LEDGER_REQUEST_MAX   40

struct ledger;

enum ledger_state {
	LEDGER_PLANNED, /* it may be there */
	LEDGER_BEGUN,	/* it was made; half, maybe */
	LEDGER_READY,	/* a whole one, paused */
	LEDGER_TAKEN,	/* on its way to somebody: still the pool's */
	LEDGER_GIVEN,	/* somebody else's: not the pool's any more */
};

struct ledger_entry {
	TAILQ_ENTRY(ledger_entry) link;
	uint64_t id; /* in the file; never used again */
	enum ledger_state state;
	uint8_t uuid[16];
	uint32_t number; /* among the pool's domains: it is called by it until it is taken */
	uint32_t domid;	 /* 0: not known */
	uint64_t form;	 /* from LEDGER_READY: what it was made of */
	uint64_t born_s; /* likewise: when, by CLOCK_MONOTONIC */
	char request[LEDGER_REQUEST_MAX]; /* from LEDGER_TAKEN: whose request it answers */
	char name[LEDGER_NAME_MAX];	  /* the name that it has since then, or "" */
};

TAILQ_HEAD(ledger_list, ledger_entry);

/**
 * ledger_open() - take a pool's ledger, or begin one
 * @out:    owned by the caller; locked as long as it is open
 * @folder: made if it is not there
 * @pool:   the pool's name
 *
 * What an earlier process has left is in it, without the domains that are gone; of those that were
 * given away the latest are kept, for takers that come to ask.
 *
 * Return: 0, -EBUSY (the pool's process is alive), -ENOMEM, -EINVAL (this is no ledger), or what
 * making the folder or the file says.
 */
int ledger_open(struct ledger **out, const char *folder, const char *pool);
/** ledger_close() - the file stays if a domain in it is the pool's. */
void ledger_close(struct ledger *ledger);
DEFINE_CLEANUP(struct ledger *, ledger_close)

/** ledger_entries() - all, the oldest first. */
struct ledger_list *ledger_entries(struct ledger *ledger);

/**
 * ledger_plan() - a domain is about to be made
 * @out: owned by the ledger, until ledger_gone() or ledger_close()
 *
 * Return: 0, -ENOMEM, or what writing says; so do the next ones. What could not be written is not
 * so.
 */
int ledger_plan(struct ledger *ledger, struct ledger_entry **out, const uint8_t uuid[16],
		uint32_t number);
/** ledger_begun() - it has a number, but is not whole (or not any more). */
int ledger_begun(struct ledger *ledger, struct ledger_entry *entry, uint32_t domid);
int ledger_ready(struct ledger *ledger, struct ledger_entry *entry, uint64_t form, uint64_t born_s);
int ledger_taken(struct ledger *ledger, struct ledger_entry *entry, const char *request,
		 const char *name);
/** ledger_given() - from now on it is the taker's; @entry may be freed by the next call. */
int ledger_given(struct ledger *ledger, struct ledger_entry *entry);
/** ledger_gone() - nothing of it is left; @entry is freed. */
int ledger_gone(struct ledger *ledger, struct ledger_entry *entry);

/** ledger_error() - 0, or the last failure to write that was not made good. */
int ledger_error(const struct ledger *ledger);

/**
 * ledger_read() - understand a ledger's text
 * @list: initialised; gets what is there, to be freed by ledger_list_free()
 *
 * Return: 0, -ENOMEM, -EINVAL (this is no ledger).
 */
int ledger_read(struct ledger_list *list, const char *text);
void ledger_list_free(struct ledger_list *list);

/** ledger_path() - its file; borrowed from the ledger. */
const char *ledger_path(const struct ledger *ledger);

/**
 * ledger_look() - what does a pool's ledger say of a request? Without taking it.
 * @list: initialised; gets the ledger's entries, even if none is about @request
 * @entry: out: in @list; NULL: it says nothing of it
 *
 * Return: 0, -ENOENT (no such ledger), -ENOMEM, -EINVAL, or what reading says.
 */
int ledger_look(struct ledger_list *list, const struct ledger_entry **entry, const char *folder,
		const char *pool, const char *request);

/** ledger_pool_check() - may a pool be called so? It becomes part of names of files and domains. */
bool ledger_pool_check(const char *pool);

#endif
