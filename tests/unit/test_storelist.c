/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders that are too long for one answer, against a store that changes them in between. */
#include "storelist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fakestore.h"
#include "loop.h"
#include "unit.h"

#define N_MAX 3000

struct bench {
	struct loop *loop;
	struct fakestore *store;
	struct storeclient *client;
	struct loop_hook hook;
	unsigned int n_names, n_parts, n_changes; /* changes that are still to come */
	unsigned int generation;
	bool is_broken; /* answers without an end */
	bool is_done;
	int error;
	unsigned int n_seen;
};

/* "n0", "n1", …: all of them, in the store's form. */
static size_t names(const struct bench *bench, char *buf)
{
	size_t len = 0;

	for (unsigned int i = 0; i < bench->n_names; i++)
		len += (size_t)sprintf(buf + len, "n%u", i) + 1;
	return len;
}

static void answer_part(struct bench *bench, const struct xsd_sockmsg *head, const char *payload)
{
	static char all[N_MAX * 8];
	char part[XENSTORE_PAYLOAD_MAX];
	size_t total = names(bench, all);
	size_t offset = strtoul(payload + strlen(payload) + 1, NULL, 10), n = 0, len;

	bench->n_parts++;
	if (offset && bench->n_changes) {
		bench->n_changes--;
		bench->generation++;
	}
	len = (size_t)sprintf(part, "%u", bench->generation) + 1;
	/* Whole names only, and room for the empty one. */
	while (offset + n < total &&
	       len + n + strlen(all + offset + n) + 1 < XENSTORE_PAYLOAD_MAX - 1)
		n += strlen(all + offset + n) + 1;
	memcpy(part + len, all + offset, n);
	len += n;
	if (offset + n >= total && !bench->is_broken)
		part[len++] = '\0';
	fakestore_answer(bench->store, head, part,
			 bench->is_broken && offset + n >= total ? (size_t)sprintf(part, "1") + 1
								 : len);
}

static void serve(struct fakestore *store, const struct xsd_sockmsg *head, const char *payload,
		  void *ctx)
{
	static char all[N_MAX * 8];
	struct bench *bench = ctx;
	size_t len = names(bench, all);

	if (head->type == XS_DIRECTORY_PART)
		answer_part(bench, head, payload);
	else if (len > XENSTORE_PAYLOAD_MAX)
		fakestore_error(store, head, "E2BIG");
	else
		fakestore_answer(store, head, all, len);
}

static void on_list(void *ctx, int error, const char *data, size_t len)
{
	struct bench *bench = ctx;
	char name[16];

	CHECK(!bench->is_done);
	bench->is_done = true;
	bench->error = error;
	CHECK_EQ(data[len], '\0');
	for (size_t at = 0; at < len; at += strlen(data + at) + 1) {
		sprintf(name, "n%u", bench->n_seen++);
		CHECK_STR_EQ(data + at, name);
	}
}

static void on_connected(void *ctx)
{
	struct bench *bench = ctx;

	CHECK_EQ(storelist_read(bench->client, 0, "/folder", on_list, bench), 0);
}

static void end_turn(void *ctx)
{
	struct bench *bench = ctx;

	if (bench->is_done)
		loop_stop(bench->loop, 0);
}

static void list(struct bench *bench)
{
	static const struct storeclient_handlers handlers = { .connected = on_connected };

	CHECK_EQ(loop_new(&bench->loop), 0);
	bench->store = fakestore_new(bench->loop, serve, bench);
	CHECK_EQ(storeclient_new(&bench->client, bench->loop, fakestore_path(bench->store),
				 &handlers, bench),
		 0);
	bench->hook = (struct loop_hook){ .fn = end_turn, .ctx = bench };
	loop_turn_hook(bench->loop, &bench->hook);
	CHECK_EQ(loop_run(bench->loop), 0);
	storeclient_free(bench->client);
	fakestore_free(bench->store);
	loop_turn_unhook(bench->loop, &bench->hook);
	loop_free(bench->loop);
}

TEST(what_fits_comes_at_once)
{
	struct bench bench = { .n_names = 100 };

	list(&bench);
	CHECK_EQ(bench.error, 0);
	CHECK_EQ(bench.n_seen, 100);
	CHECK_EQ(bench.n_parts, 0);
}

TEST(an_empty_folder_has_no_names)
{
	struct bench bench = { .n_names = 0 };

	list(&bench);
	CHECK_EQ(bench.error, 0);
	CHECK_EQ(bench.n_seen, 0);
}

TEST(what_does_not_fit_comes_in_parts)
{
	struct bench bench = { .n_names = N_MAX };

	list(&bench);
	CHECK_EQ(bench.error, 0);
	CHECK_EQ(bench.n_seen, N_MAX);
	CHECK(bench.n_parts > 3);
}

TEST(a_folder_that_changes_is_listed_anew)
{
	struct bench bench = { .n_names = N_MAX, .n_changes = 3 };

	list(&bench);
	CHECK_EQ(bench.error, 0);
	CHECK_EQ(bench.n_seen, N_MAX);
}

TEST(one_that_never_rests_is_given_up)
{
	struct bench bench = { .n_names = N_MAX, .n_changes = 1000000 };

	list(&bench);
	CHECK_EQ(bench.error, -EAGAIN);
}

TEST(a_list_without_an_end_is_no_list)
{
	struct bench bench = { .n_names = N_MAX, .is_broken = true, .generation = 1 };

	list(&bench);
	CHECK_EQ(bench.error, -EPROTO);
}
