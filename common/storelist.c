/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First as a whole; only if that is too long, part after part. Each part says which generation of
 * the folder it is of, and the last one ends with an empty name.
 */
#include "storelist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "cleanup.h"

#define GENERATION_MAX 32

struct storelist {
	struct storeclient *client; /* borrowed: answers all that we asked before it goes */
	uint32_t txid;
	char *path;  /* owned */
	char *names; /* owned */
	size_t len;
	char generation[GENERATION_MAX];
	unsigned int n_attempts;
	storeclient_reply_fn *reply;
	void *ctx;
};

static void storelist_free(struct storelist *list)
{
	if (!list)
		return;
	free(list->path);
	free(list->names);
	free(list);
}
DEFINE_CLEANUP(struct storelist *, storelist_free)

static void finish(struct storelist *list, int error)
{
	if (list->reply)
		list->reply(list->ctx, error, error || !list->names ? "" : list->names,
			    error ? 0 : list->len);
	storelist_free(list);
}

/* With a NUL behind them, as all payloads have it. */
static int append(struct storelist *list, const char *names, size_t len)
{
	char *all = realloc(list->names, list->len + len + 1);

	if (!all)
		return -ENOMEM;
	memcpy(all + list->len, names, len);
	list->names = all;
	list->len += len;
	all[list->len] = '\0';
	return 0;
}

static void on_part(void *ctx, int error, const char *data, size_t len);

static void ask(struct storelist *list)
{
	char offset[24];
	struct iovec iov[] = {
		{ list->path, strlen(list->path) + 1 },
		{ offset, 0 },
	};
	int r;

	iov[1].iov_len = (size_t)snprintf(offset, sizeof(offset), "%zu", list->len) + 1;
	r = storeclient_request(list->client, XS_DIRECTORY_PART, list->txid, iov, 2, on_part, list);
	if (r < 0)
		finish(list, r);
}

static void on_part(void *ctx, int error, const char *data, size_t len)
{
	struct storelist *list = ctx;
	size_t head = strnlen(data, len) + 1;
	bool last;

	if (!error && (head > len || head > GENERATION_MAX))
		error = -EPROTO;
	if (error) {
		finish(list, error);
		return;
	}
	if (list->len && strcmp(data, list->generation) != 0) {
		list->len = 0;
		if (++list->n_attempts == STORELIST_ATTEMPTS)
			finish(list, -EAGAIN);
		else
			ask(list);
		return;
	}
	memcpy(list->generation, data, head);
	/* An empty name: all by itself, or behind the NUL of the last one. */
	last = len == head + 1 || (len > head + 1 && !data[len - 1] && !data[len - 2]);
	error = len == head ? -EPROTO : append(list, data + head, len - head - last);
	if (error || last)
		finish(list, error);
	else
		ask(list);
}

static void on_whole(void *ctx, int error, const char *data, size_t len)
{
	struct storelist *list = ctx;

	if (error == -E2BIG) {
		ask(list);
		return;
	}
	if (!error)
		error = append(list, data, len);
	finish(list, error);
}

int storelist_read(struct storeclient *client, uint32_t txid, const char *path,
		   storeclient_reply_fn *reply, void *ctx)
{
	CLEANUP(storelist_free) struct storelist *list = calloc(1, sizeof(*list));
	int r;

	if (!list)
		return -ENOMEM;
	*list = (struct storelist){ .client = client, .txid = txid, .reply = reply, .ctx = ctx };
	list->path = strdup(path);
	if (!list->path)
		return -ENOMEM;
	r = storeclient_directory(client, txid, path, on_whole, list);
	if (r < 0)
		return r;
	STEAL(list);
	return 0;
}
