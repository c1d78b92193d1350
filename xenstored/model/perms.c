/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interning: lists are found by the hash of their entries and compared as bytes. Mentions link the
 * lists of one domid, in an array by domid that is reserved for all and touched only where domains
 * are.
 */
#include "model/perms.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"

LIST_HEAD(perms_mentions, perms_mention);

struct perms_table {
	const struct hash_key *key; /* borrowed: the store's */
	struct table interned;
	struct perms_mentions *by_domid; /* owned: QUOTA_DOMID_MAX heads */
};

int perms_table_new(struct perms_table **out, const struct hash_key *key)
{
	CLEANUP(perms_table_free) struct perms_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->key = key;
	/* An empty list head is all zeroes. */
	table->by_domid = calloc(QUOTA_DOMID_MAX, sizeof(*table->by_domid));
	if (!table->by_domid || table_init(&table->interned, 16) < 0)
		return -ENOMEM;
	*out = STEAL(table);
	return 0;
}

void perms_table_free(struct perms_table *table)
{
	if (!table)
		return;
	assert(!table->interned.n_links);
	table_deinit(&table->interned);
	free(table->by_domid);
	free(table);
}

static bool same_list(const struct perms *perms, const struct perm *list, uint32_t n)
{
	if (perms->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (perms->list[i].domid != list[i].domid ||
		    perms->list[i].rights != list[i].rights ||
		    perms->list[i].stale != list[i].stale)
			return false;
	return true;
}

static uint64_t hash_list(const struct perms_table *table, const struct perm *list, uint32_t n)
{
	uint64_t h = n;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t v = list[i].domid | (uint64_t)list[i].rights << 32 |
			     (uint64_t)list[i].stale << 40;

		h = hash_fold(h ^ v ^ table->key->k[1], table->key->k[2] + i);
	}
	return h;
}

static void mention(struct perms *perms, uint32_t i)
{
	uint32_t domid = perms->list[i].domid;

	perms->mentions[i].perms = perms;
	/* A stale entry grants nothing to anybody who may come under that number. */
	if (domid < QUOTA_DOMID_MAX && !perms->list[i].stale)
		LIST_INSERT_HEAD(&perms->table->by_domid[domid], &perms->mentions[i], by_domid);
	else
		perms->mentions[i].perms = NULL;
}

static void unmention(struct perms *perms, uint32_t i)
{
	if (perms->mentions[i].perms)
		LIST_REMOVE(&perms->mentions[i], by_domid);
	perms->mentions[i].perms = NULL;
}

static int make(struct perms_table *table, const struct perm *list, uint32_t n, uint64_t hash,
		struct perms **out)
{
	struct perms *perms = malloc(sizeof(*perms) + n * sizeof(perms->list[0]));

	if (!perms)
		return -ENOMEM;
	perms->mentions = calloc(n, sizeof(*perms->mentions));
	if (!perms->mentions) {
		free(perms);
		return -ENOMEM;
	}
	perms->table = table;
	perms->n_refs = 1;
	perms->n = n;
	perms->detached = false;
	LIST_INIT(&perms->users);
	memcpy(perms->list, list, n * sizeof(*list));
	for (uint32_t i = 0; i < n; i++)
		mention(perms, i);
	table_add(&table->interned, &perms->link, hash);
	*out = perms;
	return 0;
}

int perms_get(struct perms_table *table, const struct perm *list, uint32_t n, struct perms **out)
{
	uint64_t hash = hash_list(table, list, n);
	struct table_link *link;

	for (link = table_first(&table->interned, hash); link; link = link->next) {
		struct perms *perms = (struct perms *)link;

		if (link->hash != hash || perms->detached || !same_list(perms, list, n))
			continue;
		*out = perms_ref(perms);
		return 0;
	}
	return make(table, list, n, hash, out);
}

int perms_get_owned(struct perms *perms, uint32_t owner, struct perms **out)
{
	CLEANUP(free) struct perm *list = NULL;

	if (perms_owner(perms) == owner && !perms->detached) {
		*out = perms_ref(perms);
		return 0;
	}
	list = malloc(perms->n * sizeof(*list));
	if (!list)
		return -ENOMEM;
	memcpy(list, perms->list, perms->n * sizeof(*list));
	list[0].domid = owner;
	return perms_get(perms->table, list, perms->n, out);
}

struct perms *perms_ref(struct perms *perms)
{
	perms->n_refs++;
	return perms;
}

void perms_unref(struct perms *perms)
{
	if (!perms || --perms->n_refs)
		return;
	assert(LIST_EMPTY(&perms->users));
	for (uint32_t i = 0; i < perms->n; i++)
		unmention(perms, i);
	table_remove(&perms->table->interned, &perms->link);
	free(perms->mentions);
	free(perms);
}

static bool is_subject(const struct subject *subject, uint32_t domid)
{
	return domid == subject->domid || domid == subject->target;
}

unsigned int perms_rights(const struct perms *perms, const struct subject *subject)
{
	if (subject->privileged || is_subject(subject, perms->list[0].domid))
		return PERMS_READ | PERMS_WRITE | PERMS_OWNER;
	/* The first entry that speaks of the caller decides alone, even if a later one gives more.
	 */
	for (uint32_t i = 1; i < perms->n; i++) {
		const struct perm *perm = &perms->list[i];

		if (!perm->stale &&
		    (is_subject(subject, perm->domid) || perm->domid == PERMS_ANY_DOMID))
			return perm->rights;
	}
	return perms->list[0].rights;
}

static int parse_one(const char *text, struct perm *perm)
{
	char *end;

	switch (text[0]) {
	case 'r':
		perm->rights = PERMS_READ;
		break;
	case 'w':
		perm->rights = PERMS_WRITE;
		break;
	case 'b':
		perm->rights = PERMS_READ | PERMS_WRITE;
		break;
	case 'n':
		perm->rights = 0;
		break;
	default:
		return -EINVAL;
	}
	perm->domid = (uint32_t)strtol(text + 1, &end, 0);
	perm->stale = false;
	return *end || !text[1] ? -EINVAL : 0;
}

int perms_parse(const char *text, size_t len, struct perm *list, uint32_t n)
{
	const char *end = text + len;

	for (uint32_t i = 0; i < n; i++) {
		int r;

		if (text >= end)
			return -EINVAL;
		r = parse_one(text, &list[i]);
		if (r < 0)
			return r;
		text += strlen(text) + 1;
	}
	return 0;
}

size_t perms_format(const struct perms *perms, char *buf)
{
	char *p = buf;

	for (uint32_t i = 0; i < perms->n; i++) {
		*p = "nrwb"[perms->list[i].rights];
		p += 1 + sprintf(p + 1, "%d", (int)perms->list[i].domid) + 1;
	}
	return (size_t)(p - buf);
}

struct perms *perms_first_mention(const struct perms_table *table, uint32_t domid)
{
	struct perms_mention *m = domid < QUOTA_DOMID_MAX ? LIST_FIRST(&table->by_domid[domid])
							  : NULL;

	return m ? m->perms : NULL;
}

void perms_detach(struct perms *perms, uint32_t domid)
{
	perms->detached = true;
	for (uint32_t i = 0; i < perms->n; i++) {
		if (perms->list[i].domid != domid)
			continue;
		unmention(perms, i);
		perms->list[i].stale = true;
	}
}

int perms_get_stripped(struct perms *perms, uint32_t domid, struct perms **out)
{
	CLEANUP(free) struct perm *list = malloc(perms->n * sizeof(*list));
	uint32_t n = 0;

	assert(perms_owner(perms) != domid);
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < perms->n; i++)
		if (perms->list[i].domid != domid)
			list[n++] = perms->list[i];
	return perms_get(perms->table, list, n, out);
}
