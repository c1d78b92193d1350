/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permission lists. Most nodes share a handful of them, so each list exists once and is counted;
 * it knows the nodes that carry it and the domains that it names. So a domain's death finds what it
 * owned and where it was granted something without looking at anything else.
 */
#ifndef PERMS_H
#define PERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "model/hash.h"
#include "model/table.h"

#define PERMS_READ  1u
#define PERMS_WRITE 2u
#define PERMS_OWNER 4u /* may change permissions; only ever a result of perms_rights() */

/* Every domain (DOMID_ANY in later Xen headers). */
#define PERMS_ANY_DOMID 0x7ff5

struct perm {
	uint32_t domid;
	uint8_t rights; /* PERMS_READ | PERMS_WRITE */
	bool stale;	/* named a domain that was not there: shown, but grants nothing */
};

/* Who asks. */
struct subject {
	uint32_t domid;
	uint32_t target; /* the domain it serves as device model, or again its own */
	bool privileged;
};

struct node;
struct perms;
struct perms_table;

/* One domain's place in one list; links all lists that name the domain. */
struct perms_mention {
	struct perms *perms; /* borrowed: part of it; NULL while not linked */
	LIST_ENTRY(perms_mention) by_domid;
};

struct perms {
	struct table_link link;
	struct perms_table *table; /* borrowed: outlives all lists */
	uint32_t n_refs;
	uint32_t n;    /* entries, at least 1 */
	bool detached; /* a domain it names is gone: nothing new may take it */
	LIST_HEAD(perms_users, node)
	users; /* borrowed: live nodes that carry it; they unlink themselves */
	struct perms_mention *mentions; /* owned: one per entry */
	struct perm list[];		/* [0] is the owner and the rights of everybody else */
};

int perms_table_new(struct perms_table **out, const struct hash_key *key);
/** perms_table_free() - all lists must have been given back */
void perms_table_free(struct perms_table *table);
DEFINE_CLEANUP(struct perms_table *, perms_table_free)

/**
 * perms_get() - the one list with these entries
 * @out: counted; perms_unref()
 *
 * Return: 0 or -ENOMEM.
 */
int perms_get(struct perms_table *table, const struct perm *list, uint32_t n, struct perms **out);

/** perms_get_owned() - @perms with @owner as the owner; -ENOMEM */
int perms_get_owned(struct perms *perms, uint32_t owner, struct perms **out);

struct perms *perms_ref(struct perms *perms);
void perms_unref(struct perms *perms);
DEFINE_CLEANUP(struct perms *, perms_unref)

static inline uint32_t perms_owner(const struct perms *perms)
{
	return perms->list[0].domid;
}

/** perms_rights() - what @subject may do: set of PERMS_* */
unsigned int perms_rights(const struct perms *perms, const struct subject *subject);

/** perms_allow() - does @subject have all of @need? */
static inline bool perms_allow(const struct perms *perms, const struct subject *subject,
			       unsigned int need)
{
	return subject->privileged || (perms_rights(perms, subject) & need) == need;
}

/**
 * perms_parse() - read the wire form: "n0\0r5\0…"
 * @text, @len: the strings with their NULs
 * @list:       out: room for @n
 * @n:          number of NULs in @text
 *
 * Return: 0 or -EINVAL.
 * Source: docs/misc/xenstore.txt, SET_PERMS; numbers as strtol() base 0 reads them.
 */
int perms_parse(const char *text, size_t len, struct perm *list, uint32_t n);

/** perms_format() - the wire form into @buf of at least perms_format_size() bytes; returns its size
 */
size_t perms_format(const struct perms *perms, char *buf);
#define PERMS_FORMAT_MAX 13 /* bytes per entry: 'b', ten digits and sign, NUL */

/** perms_first_mention() - some list that names @domid, or NULL */
struct perms *perms_first_mention(const struct perms_table *table, uint32_t domid);

/**
 * perms_detach() - a domain that the list names is gone
 * @perms: not found by @domid any more, nor given to anybody new. Its entries for @domid become
 *         stale, for those who still hold it; if @domid is the owner, their right is on its way
 * out.
 */
void perms_detach(struct perms *perms, uint32_t domid);

/**
 * perms_get_stripped() - @perms without its entries for @domid
 * @perms: @domid is not the owner
 * @out:   counted
 *
 * Return: 0 or -ENOMEM.
 */
int perms_get_stripped(struct perms *perms, uint32_t domid, struct perms **out);

#endif
