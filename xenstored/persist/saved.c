/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients and domains, as the entries about them say one after another. */
#include "persist/saved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"

int saved_new(struct saved **out, const struct hash_key *key)
{
	CLEANUP(saved_free) struct saved *saved = calloc(1, sizeof(*saved));

	if (!saved)
		return -ENOMEM;
	TAILQ_INIT(&saved->clients);
	saved->key = *key;
	saved->domains = calloc(QUOTA_DOMID_MAX, sizeof(*saved->domains));
	if (!saved->domains || idmap_init(&saved->client_ids, 1024) < 0 ||
	    table_init(&saved->watches, 64) < 0)
		return -ENOMEM;
	*out = STEAL(saved);
	return 0;
}

void saved_free(struct saved *saved)
{
	if (!saved)
		return;
	while (!TAILQ_EMPTY(&saved->clients))
		saved_end_client(saved, TAILQ_FIRST(&saved->clients));
	for (uint32_t i = 0; i < saved->n_domains; i++)
		free(saved->domains[i]);
	free(saved->domains);
	table_deinit(&saved->watches);
	idmap_deinit(&saved->client_ids);
	free(saved);
}

struct saved_client *saved_get_client(const struct saved *saved, uint64_t id)
{
	return idmap_get(&saved->client_ids, id);
}

bool saved_is_quiet(const struct saved_client *client)
{
	return !client->out_len && !client->is_slow && !client->in_len && !client->taken_serial &&
	       !client->is_newborn;
}

const struct entry_domain *saved_get_domain(const struct saved *saved, uint32_t domid)
{
	return domid < saved->n_domains ? saved->domains[domid] : NULL;
}

int saved_add_client(struct saved *saved, const struct entry_client *entry, uint64_t as_of,
		     uint64_t born_serial)
{
	struct saved_client *client;

	if (!entry->id || saved_get_client(saved, entry->id))
		return -EBADMSG;
	client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;
	client->id = entry->id;
	client->as_of = as_of;
	client->born_serial = born_serial;
	client->domid = entry->domid;
	client->is_socket = entry->entry.flags & ENTRY_CLIENT_SOCKET;
	TAILQ_INIT(&client->watches);
	if (idmap_set(&saved->client_ids, client->id, client) < 0) {
		free(client);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&saved->clients, client, link);
	return 0;
}

static void drop_output(struct saved_client *client)
{
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_room = client->head_left = 0;
	client->is_slow = false;
}

static void drop_watch(struct saved *saved, struct saved_watch *watch)
{
	table_remove(&saved->watches, &watch->hashed);
	TAILQ_REMOVE(&watch->client->watches, watch, link);
	free(watch);
}

void saved_reset(struct saved *saved, struct saved_client *client, bool all)
{
	while (!TAILQ_EMPTY(&client->watches))
		drop_watch(saved, TAILQ_FIRST(&client->watches));
	free(client->txids);
	client->txids = NULL;
	client->n_txids = 0;
	if (!all)
		return;
	drop_output(client);
	free(client->in);
	client->in = NULL;
	client->in_len = 0;
}

void saved_end_client(struct saved *saved, struct saved_client *client)
{
	saved_reset(saved, client, true);
	TAILQ_REMOVE(&saved->clients, client, link);
	idmap_set(&saved->client_ids, client->id, NULL);
	free(client);
}

int saved_set_domain(struct saved *saved, const struct entry_domain *entry)
{
	struct entry_domain *copy;

	if (entry->domid >= QUOTA_DOMID_MAX)
		return -EBADMSG;
	copy = saved->domains[entry->domid];
	if (!copy)
		copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *entry;
	saved->domains[entry->domid] = copy;
	if (entry->domid >= saved->n_domains)
		saved->n_domains = entry->domid + 1;
	return 0;
}

void saved_end_domain(struct saved *saved, uint32_t domid)
{
	if (domid >= saved->n_domains)
		return;
	free(saved->domains[domid]);
	saved->domains[domid] = NULL;
}

static uint64_t watch_hash(const struct saved *saved, const struct saved_client *client,
			   const struct entry_watch *entry)
{
	uint64_t h = hash_bytes(&saved->key, client->id, entry->text, entry->path_len);

	return hash_bytes(&saved->key, h, entry->text + entry->path_len, entry->token_len);
}

int saved_watch(struct saved *saved, struct saved_client *client, const struct entry_watch *entry)
{
	uint32_t path_len = entry->path_len, token_len = entry->token_len;
	struct saved_watch *watch = malloc(sizeof(*watch) + path_len + token_len + 2);

	if (!watch)
		return -ENOMEM;
	watch->client = client;
	watch->depth = entry->depth;
	watch->skip = entry->skip;
	watch->path_len = entry->path_len;
	watch->token_len = entry->token_len;
	memcpy(watch->text, entry->text, path_len);
	watch->text[path_len] = '\0';
	memcpy(watch->text + path_len + 1, entry->text + path_len, token_len);
	watch->text[path_len + 1 + token_len] = '\0';
	TAILQ_INSERT_TAIL(&client->watches, watch, link);
	table_add(&saved->watches, &watch->hashed, watch_hash(saved, client, entry));
	return 0;
}

static bool is_same(const struct saved_watch *watch, const struct entry_watch *entry)
{
	return watch->path_len == entry->path_len && watch->token_len == entry->token_len &&
	       memcmp(watch->text, entry->text, entry->path_len) == 0 &&
	       memcmp(watch->text + watch->path_len + 1, entry->text + entry->path_len,
		      entry->token_len) == 0;
}

int saved_unwatch(struct saved *saved, const struct saved_client *client,
		  const struct entry_watch *entry)
{
	uint64_t hash = watch_hash(saved, client, entry);
	struct table_link *link;

	for (link = table_first(&saved->watches, hash); link; link = link->next) {
		struct saved_watch *watch = (struct saved_watch *)link;

		if (link->hash == hash && watch->client == client && is_same(watch, entry)) {
			drop_watch(saved, watch);
			return 0;
		}
	}
	return -EBADMSG;
}

int saved_txn(struct saved_client *client, const struct entry_txn *entry)
{
	uint32_t *txids;

	if (entry->entry.type == ENTRY_TXN_END) {
		for (uint32_t i = 0; i < client->n_txids; i++)
			if (client->txids[i] == entry->txid) {
				client->txids[i] = client->txids[--client->n_txids];
				return 0;
			}
		return -EBADMSG;
	}
	txids = reallocarray(client->txids, client->n_txids + 1, sizeof(*txids));
	if (!txids)
		return -ENOMEM;
	client->txids = txids;
	txids[client->n_txids++] = entry->txid;
	return 0;
}

int saved_input(struct saved_client *client, const struct entry_stream *entry)
{
	char *in = NULL;

	if (entry->n_bytes) {
		in = malloc(entry->n_bytes);
		if (!in)
			return -ENOMEM;
		memcpy(in, entry->bytes, entry->n_bytes);
	}
	free(client->in);
	client->in = in;
	client->in_len = entry->n_bytes;
	return 0;
}

int saved_slow(struct saved_client *client, const struct entry_stream *entry)
{
	uint32_t gone = entry->at - client->out_at;

	if (entry->entry.flags & ENTRY_SLOW_OVER) {
		drop_output(client);
		return 0;
	}
	client->is_slow = true;
	client->head_left = entry->n_bytes;
	client->head_is_answer = entry->entry.flags & ENTRY_SLOW_ANSWER;
	if (entry->entry.flags & ENTRY_SLOW_ANEW)
		client->out_len = 0;
	if (!client->out_len)
		return 0;
	if (gone > client->out_len)
		return -EBADMSG;
	client->out_at = entry->at;
	client->out_len -= gone;
	memmove(client->out, client->out + gone, client->out_len);
	return 0;
}

int saved_output(struct saved_client *client, const struct entry_stream *entry, uint64_t serial)
{
	uint32_t needed;

	/* What an earlier turn had to send has arrived, or there would be word of it. */
	if (!client->is_slow && client->out_serial != serial)
		client->out_len = client->head_left = 0;
	client->out_serial = serial;
	if (!client->out_len)
		client->out_at = entry->at;
	if (entry->at != client->out_at + client->out_len)
		return -EBADMSG;
	needed = client->out_len + entry->n_bytes;
	if (needed > client->out_room) {
		uint32_t room = needed + needed / 2 + 64;
		char *out = realloc(client->out, room);

		if (!out)
			return -ENOMEM;
		client->out = out;
		client->out_room = room;
	}
	memcpy(client->out + client->out_len, entry->bytes, entry->n_bytes);
	client->out_len = needed;
	return 0;
}

void saved_settle(struct saved *saved, uint64_t serial, bool delivered)
{
	struct saved_client *client;

	TAILQ_FOREACH (client, &saved->clients, link) {
		bool is_last = client->out_serial == serial && !delivered;

		if (!client->is_slow && !is_last)
			drop_output(client);
		client->is_newborn = client->born_serial == serial;
		if (client->taken_serial != serial)
			client->taken_serial = 0;
	}
}
