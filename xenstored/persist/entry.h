/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What records of the journal and chunks of the image are made of. An entry sets something to a
 * state, it never counts on the one before: nodes are named by the generation of their creation,
 * clients by a number that is never given twice, bytes of output by their place in the stream. So
 * an image that was taken while changes went on becomes exact by repeating these changes over it.
 *
 * Part of the file format (format.h). Each entry is padded to 8 bytes, so all are aligned.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>
#include <stdint.h>

enum entry_type {
	ENTRY_NODE = 1,	  /* is there, as the last child of its parent if it is new */
	ENTRY_VALUE,	  /* of a node */
	ENTRY_PERMS,	  /* of a node */
	ENTRY_REMOVE,	  /* a node is gone with everything below it */
	ENTRY_QUOTA,	  /* a limit, of one domain or for all */
	ENTRY_DOMAIN,	  /* is known */
	ENTRY_DOMAIN_END, /* is gone, and its limits with it */
	ENTRY_CLIENT,	  /* is there */
	ENTRY_CLIENT_END, /* is gone with all that belongs to it */
	ENTRY_RESET,	  /* the client's watches and transactions are gone, and maybe all else */
	ENTRY_WATCH,
	ENTRY_UNWATCH,
	ENTRY_TXN,     /* is open */
	ENTRY_TXN_END, /* is not */
	ENTRY_INPUT,   /* half a message that was received: replaces what was there */
	ENTRY_TAKEN,   /* how far the requests in a ring were taken: counts until the next record */
	ENTRY_SLOW,    /* what was to be sent waits from this byte on, and so does what follows,
			* until another of these says that it is over */
	ENTRY_OUTPUT,  /* to be sent: has arrived when the next record begins, unless SLOW */
	ENTRY_GAP,     /* turns before this one could not be written */
	ENTRY_N_TYPES,
};

struct entry {
	uint32_t len; /* of all, a multiple of 8 */
	uint16_t type;
	uint16_t flags;
};

/* Entries that name one thing and say nothing more: REMOVE, CLIENT_END, RESET, GAP (none). */
struct entry_name {
	struct entry entry;
	uint64_t id;
};

#define ENTRY_RESET_ALL 1 /* flags of RESET: input and output, too */

struct entry_perm {
	uint32_t domid;
	uint8_t rights;
	uint8_t stale;
	uint16_t spare;
};

struct entry_node {
	struct entry entry;
	uint64_t id;
	uint64_t parent; /* 0: "/", or a special */
	uint32_t n_perms;
	uint16_t name_len;
	uint16_t value_len;
	struct entry_perm perms[]; /* then the name, then the value */
};

struct entry_value {
	struct entry entry;
	uint64_t id;
	uint32_t value_len;
	char value[];
};

struct entry_perms {
	struct entry entry;
	uint64_t id;
	uint32_t n_perms;
	uint32_t spare;
	struct entry_perm perms[];
};

#define ENTRY_ALL_DOMAINS UINT32_MAX

struct entry_quota {
	struct entry entry;
	uint32_t domid; /* ENTRY_ALL_DOMAINS: for those without a limit of their own */
	uint16_t item;	/* enum quota_item */
	uint16_t soft;
	uint32_t limit;
	uint32_t spare;
};

#define ENTRY_DOMAIN_INTRODUCED 1
#define ENTRY_DOMAIN_SHUTDOWN	2 /* has been told */
#define ENTRY_DOMAIN_IGNORED	4 /* its ring */

struct entry_domain {
	struct entry entry; /* flags: ENTRY_DOMAIN_* */
	uint32_t domid;
	uint32_t target; /* or again domid */
	uint8_t handle[16];
	uint64_t client;     /* 0: not introduced */
	uint32_t port;	     /* remote */
	uint32_t unique_low; /* the unique id's; both 0: not known, as before there was one here */
	uint32_t features;
	uint32_t unique_high;
};

struct entry_domain_end {
	struct entry entry;
	uint32_t domid;
	uint32_t spare;
};

#define ENTRY_CLIENT_SOCKET 1

struct entry_client {
	struct entry entry; /* flags: ENTRY_CLIENT_* */
	uint64_t id;
	uint32_t domid;
	uint32_t spare;
};

struct entry_watch {
	struct entry entry;
	uint64_t client;
	uint16_t depth;
	uint16_t skip;
	uint16_t path_len;
	uint16_t token_len;
	char text[]; /* path, token; no NULs */
};

struct entry_txn {
	struct entry entry;
	uint64_t client;
	uint32_t txid;
	uint32_t spare;
};

/* INPUT, TAKEN (at), SLOW (at), OUTPUT (at). */
struct entry_stream {
	struct entry entry;
	uint64_t client;
	uint32_t at;
	uint32_t n_bytes;
	char bytes[];
};

/* Flags of SLOW; n_bytes is what is left of the message at the front if some of it was sent. */
#define ENTRY_SLOW_OVER	  1
#define ENTRY_SLOW_ANEW	  2 /* nothing waits but what follows in this record */
#define ENTRY_SLOW_ANSWER 4 /* the message at the front is no event */

#define ENTRY_PAD(len) (((uint64_t)(len) + 7) & ~(uint64_t)7)

/**
 * entry_next() - walk entries
 * @at:     the one before, or NULL to begin
 * @data:   8-aligned
 * @n_bytes: of all of them
 *
 * Return: the next one, all of whose lengths have been checked; or NULL.
 */
const struct entry *entry_next(const struct entry *at, const char *data, uint32_t n_bytes);

/** entry_check() - are these bytes nothing but entries? */
bool entry_check(const char *data, uint32_t n_bytes);

#endif
