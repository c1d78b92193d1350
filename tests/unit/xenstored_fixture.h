/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store with a watch index and a record of the events, for tests of the model. */
#ifndef XENSTORED_FIXTURE_H
#define XENSTORED_FIXTURE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/death.h"
#include "model/path.h"
#include "model/quota.h"
#include "model/store.h"
#include "model/txn.h"
#include "model/view.h"
#include "model/watch.h"
#include "unit.h"

struct fixture {
	struct quota *quota;
	struct store *store;
	struct watch_index *watches;
	struct watcher dom0, dom1, dom2;
	char events[4096]; /* "domN:path token; " for each */
	struct path path;
};

static inline void fixture_event(void *ctx, struct watch *watch, const char *path, uint32_t len,
				 void *cause)
{
	struct fixture *f = ctx;
	size_t n = strlen(f->events);

	(void)cause;
	snprintf(f->events + n, sizeof(f->events) - n, "dom%u:%.*s %s; ",
		 watch->watcher->subject.domid, (int)len, path, watch_token(watch));
}

static inline void fixture_watcher(struct fixture *f, struct watcher *watcher, uint32_t domid)
{
	*watcher = (struct watcher){ .subject = { domid, domid, domid == 0 } };
	CHECK_EQ(quota_open(f->quota, domid, &watcher->account), 0);
}

static inline void fixture_init(struct fixture *f)
{
	static const struct hash_key key = { { 0x1234, 0x5678, 0x9abc } };

	memset(f, 0, sizeof(*f));
	CHECK_EQ(quota_new(&f->quota, NULL, NULL), 0);
	CHECK_EQ(store_new(&f->store, &key, f->quota), 0);
	CHECK_EQ(watch_index_new(&f->watches, &key, fixture_event, f), 0);
	fixture_watcher(f, &f->dom0, 0);
	fixture_watcher(f, &f->dom1, 1);
	fixture_watcher(f, &f->dom2, 2);
}

static inline void fixture_deinit(struct fixture *f)
{
	watch_remove_all(f->watches, &f->dom0);
	watch_remove_all(f->watches, &f->dom1);
	watch_remove_all(f->watches, &f->dom2);
	watch_index_free(f->watches);
	store_free(f->store);
	for (uint32_t i = 0; i < 3; i++)
		quota_close(f->quota, i);
	quota_free(f->quota);
}

static inline struct path *fixture_path(struct fixture *f, const char *text)
{
	CHECK_EQ(path_parse(&f->path, &f->store->key, "/local/domain/0", text, strlen(text), true),
		 0);
	return &f->path;
}

static inline struct view fixture_view(struct fixture *f, struct watcher *who, struct txn *txn)
{
	return (struct view){ .store = f->store,
			      .watches = f->watches,
			      .txn = txn,
			      .subject = &who->subject,
			      .account = who->account };
}

/* Requests by name, in a transaction or (NULL) not. */
static inline int fixture_write(struct fixture *f, struct watcher *who, struct txn *txn,
				const char *path, const char *value)
{
	struct view view = fixture_view(f, who, txn);

	return view_write(&view, fixture_path(f, path), value, (uint32_t)strlen(value));
}

static inline int fixture_rm(struct fixture *f, struct watcher *who, struct txn *txn,
			     const char *path)
{
	struct view view = fixture_view(f, who, txn);

	return view_rm(&view, fixture_path(f, path));
}

static inline int fixture_set_perms(struct fixture *f, struct watcher *who, struct txn *txn,
				    const char *path, const char *perms)
{
	struct view view = fixture_view(f, who, txn);
	struct perm list[8];
	char text[64];
	uint32_t n = 1;

	snprintf(text, sizeof(text), "%s", perms);
	for (char *p = text; *p; p++)
		if (*p == ',') {
			*p = '\0';
			n++;
		}
	CHECK_EQ(perms_parse(text, strlen(perms) + 1, list, n), 0);
	return view_set_perms(&view, fixture_path(f, path), list, n);
}

/* The value, or the error as text. */
static inline const char *fixture_read(struct fixture *f, struct watcher *who, struct txn *txn,
				       const char *path)
{
	static char buf[256];
	struct view view = fixture_view(f, who, txn);
	struct node_view out;
	int r = view_read(&view, fixture_path(f, path), &out);

	if (r < 0)
		snprintf(buf, sizeof(buf), "error %d", r);
	else
		snprintf(buf, sizeof(buf), "%.*s", (int)out.value_len, out.value);
	return buf;
}

/* The children, each followed by a blank. */
static inline const char *fixture_list(struct fixture *f, struct watcher *who, struct txn *txn,
				       const char *path)
{
	static char buf[512];
	struct view view = fixture_view(f, who, txn);
	struct view_listing listing;
	uint32_t n;

	if (view_list(&view, fixture_path(f, path), &listing) < 0)
		return "error";
	n = view_listing_copy(&listing, 0, buf, sizeof(buf) - 1, true);
	CHECK_EQ(n, listing.n_bytes);
	for (uint32_t i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	buf[n] = '\0';
	view_listing_deinit(&listing);
	return buf;
}

static inline struct txn *fixture_txn(struct fixture *f, struct watcher *who)
{
	struct txn *txn = NULL;

	CHECK_EQ(txn_new(&txn, f->store, who->account, 1), 0);
	return txn;
}

static inline int fixture_commit(struct fixture *f, struct txn *txn)
{
	int r = txn_commit(txn, f->watches, NULL);

	txn_free(txn);
	return r;
}

static inline void fixture_watch(struct fixture *f, struct watcher *who, const char *path,
				 const char *token, uint16_t depth)
{
	struct watch *watch;

	CHECK_EQ(watch_add(f->watches, who, fixture_path(f, path), token, depth, &watch), 0);
}

/* A test that finds the store new in "f" and leaves it behind with nothing held. */
static struct fixture f;

#define MODEL_TEST(name)                     \
	static void with_store_##name(void); \
	TEST(name)                           \
	{                                    \
		fixture_init(&f);            \
		with_store_##name();         \
		fixture_deinit(&f);          \
	}                                    \
	static void with_store_##name(void)

#endif
