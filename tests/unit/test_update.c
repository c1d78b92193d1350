/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a store to a stream and back: nothing is lost, and what is open goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"
#include "model/store.h"
#include "protocol/wire.h"
#include "unit.h"
#include "updateworld.h"

#define S(text)	 text, sizeof(text)	/* with the NUL at its end */
#define B(text)	 text, sizeof(text) - 1 /* without */
#define OK(type) #type ":OK|"

struct pair {
	struct world *old, *new;
};

static void fill(struct world *world)
{
	struct conn *dom0 = world_conn(world, 0, 0), *dom1 = world_conn(world, 1, 1);

	CHECK_STR_EQ(world_ask(dom0, WIRE_WRITE, 0, B("/a/b\0value")), OK(11));
	CHECK_STR_EQ(world_ask(dom0, WIRE_MKDIR, 0, S("/local/domain/1")), OK(12));
	CHECK_STR_EQ(world_ask(dom0, WIRE_SET_PERMS, 0, S("/local/domain/1\0n1\0r0")), OK(14));
	CHECK_STR_EQ(world_ask(dom1, WIRE_WRITE, 0, B("data\0of\0dom1")), OK(11));
	CHECK_STR_EQ(world_ask(dom0, WIRE_SET_PERMS, 0, S("@releaseDomain\0n0\0r1")), OK(14));
}

/* Carries @old over to a new world. */
static struct world *carry(struct world *old, uint32_t version, bool own)
{
	struct world *new = world_new();
	struct writer writer = { 0 };

	CHECK_EQ(world_dump(old, &writer, version, own), 0);
	CHECK_EQ(world_load(new, writer.data, writer.len), 0);
	writer_deinit(&writer);
	return new;
}

static void check_alike(struct world *a, struct world *b, uint32_t version)
{
	struct writer wa = { 0 }, wb = { 0 };

	/* Generations differ; what the specification speaks of does not. */
	CHECK_EQ(world_dump(a, &wa, version, false), 0);
	CHECK_EQ(world_dump(b, &wb, version, false), 0);
	CHECK_EQ(wa.len, wb.len);
	CHECK_MEM_EQ(wa.data, wb.data, wa.len);
	writer_deinit(&wa);
	writer_deinit(&wb);
}

TEST(a_store_that_went_through_a_stream_gives_the_same_stream)
{
	struct world *old = world_new(), *new;

	fill(old);
	world_send(world_conn(old, 1, 1), WIRE_WATCH, 0, S("data\0token"));
	world_send(world_conn(old, 1, 1), WIRE_WATCH, 0,
		   S("/a\0deep\0"
		     "2"));
	world_send(world_conn(old, 1, 1), WIRE_WATCH, 0, S("@releaseDomain\0end"));
	quota_set_limit(old->protocol->quota, QUOTA_NODES, false, 77);
	quota_set_own_limit(quota_get(old->protocol->quota, 1), QUOTA_WATCHES, false, 5);
	for (uint32_t version = 1; version <= 2; version++) {
		new = carry(old, version, true);
		check_alike(old, new, version);
		CHECK_EQ(quota_limit(new->protocol->quota, QUOTA_NODES, false), 77);
		CHECK_EQ(quota_get(new->protocol->quota, 1)->limit[QUOTA_WATCHES], 5);
		CHECK_EQ(quota_get(new->protocol->quota, 1)->used[QUOTA_NODES],
			 quota_get(old->protocol->quota, 1)->used[QUOTA_NODES]);
		CHECK_EQ(quota_get(new->protocol->quota, 1)->used[QUOTA_MEMORY],
			 quota_get(old->protocol->quota, 1)->used[QUOTA_MEMORY]);
		world_free(new);
	}
	world_free(old);
}

TEST(half_a_message_is_sent_on_and_half_a_request_is_read_on)
{
	struct world *old = world_new(), *new;
	struct conn *conn = world_conn(old, 0, 0);
	char buf[WIRE_PAYLOAD_MAX + 1];

	fill(old);
	world_send(conn, WIRE_READ, 0, S("/a/b"));
	world_send(conn, WIRE_READ, 0, S("/a"));
	conn_sent(conn, 18);
	CHECK_EQ(conn_keep(conn, "\2\0\0\0half", 8), 0);
	new = carry(old, 2, true);
	conn = world_conn(new, 0, 0);
	CHECK_EQ(conn->out.n_bytes, 3 + 16);
	CHECK_EQ(conn->out.head_left, 3);
	CHECK_MEM_EQ(outq_front(&conn->out), "lue", 3);
	conn_sent(conn, 3);
	CHECK_EQ(world_take(conn, buf), WIRE_READ);
	CHECK_EQ(conn->out.n_answers, 0);
	CHECK_EQ(conn_take_kept(conn, buf), 8);
	CHECK_MEM_EQ(buf, "\2\0\0\0half", 8);
	world_free(new);
	world_free(old);
}

TEST(watches_keep_their_order_and_a_depth_survives_in_version_2)
{
	struct world *old = world_new(), *new;
	struct conn *conn = world_conn(old, 0, 0);
	char buf[WIRE_PAYLOAD_MAX + 1];

	world_send(conn, WIRE_WATCH, 0,
		   S("/d\0first\0"
		     "1"));
	world_send(conn, WIRE_WATCH, 0, S("/d\0second"));
	conn_sent(conn, conn->out.n_bytes);
	for (uint32_t version = 1; version <= 2; version++) {
		new = carry(old, version, true);
		conn = world_conn(new, 0, 0);
		world_send(conn, WIRE_WRITE, 0,
			   B("/d\0"
			     "1"));
		world_take(conn, buf);
		CHECK_STR_EQ(buf, "/d|first|");
		world_take(conn, buf);
		CHECK_STR_EQ(buf, "/d|second|");
		conn_sent(conn, conn->out.n_bytes);
		world_send(conn, WIRE_WRITE, 0,
			   B("/d/x/y\0"
			     "1"));
		world_take(conn, buf);
		CHECK_STR_EQ(buf, version == 1 ? "/d/x/y|first|" : "/d/x/y|second|");
		world_free(new);
	}
	world_free(old);
}

static void begin_txn(struct conn *conn, const char *id)
{
	char expected[16] = "6:";

	strcat(strcat(expected, id), "|");
	CHECK_STR_EQ(world_ask(conn, WIRE_TRANSACTION_START, 0, S("")), expected);
}

TEST(a_transaction_goes_on_with_all_that_it_has_done)
{
	struct world *old = world_new(), *new;
	struct conn *conn = world_conn(old, 0, 0);

	fill(old);
	begin_txn(conn, "1");
	CHECK_STR_EQ(world_ask(conn, WIRE_RM, 1, S("/a")), OK(13));
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 1, B("/a/z\0again")), OK(11));
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 1, S("/n/second")), "16:ENOENT|");
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 1,
			       B("/n/first\0"
				 "1")),
		     OK(11));
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 1,
			       B("/n/second\0"
				 "2")),
		     OK(11));
	CHECK_STR_EQ(world_ask(conn, WIRE_SET_PERMS, 1, S("/n\0n0\0w1")), OK(14));
	new = carry(old, 2, true);
	conn = world_conn(new, 0, 0);
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 0, S("/a/b")), "2:value");
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 1, S("/a/b")), "16:ENOENT|");
	CHECK_STR_EQ(world_ask(conn, WIRE_DIRECTORY, 1, S("/n")), "1:first|second|");
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 1,
			       B("/n/third\0"
				 "3")),
		     OK(11));
	CHECK_STR_EQ(world_ask(conn, WIRE_TRANSACTION_END, 1, S("T")), OK(7));
	CHECK_STR_EQ(world_ask(conn, WIRE_DIRECTORY, 0, S("/n")), "1:first|second|third|");
	CHECK_STR_EQ(world_ask(conn, WIRE_GET_PERMS, 0, S("/n")), "3:n0|w1|");
	CHECK_STR_EQ(world_ask(conn, WIRE_DIRECTORY, 0, S("/a")), "1:z|");
	begin_txn(conn, "2");
	world_free(new);
	world_free(old);
}

TEST(a_tree_that_a_transaction_has_removed_whole_stays_removed)
{
	struct world *old = world_new(), *new;
	struct conn *conn = world_conn(old, 0, 0);

	fill(old);
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 0, B("/d/e/f\0value")), OK(11));
	begin_txn(conn, "1");
	CHECK_STR_EQ(world_ask(conn, WIRE_RM, 1, S("/a")), OK(13));
	begin_txn(conn, "2");
	CHECK_STR_EQ(world_ask(conn, WIRE_RM, 2, S("/d")), OK(13));
	new = carry(old, 2, true);
	conn = world_conn(new, 0, 0);
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 0, S("/a/b")), "2:value");
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 1, S("/a/b")), "16:ENOENT|");
	CHECK_STR_EQ(world_ask(conn, WIRE_TRANSACTION_END, 1, S("T")), OK(7));
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 0, S("/a")), "16:ENOENT|");
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 0, B("/d/e/f\0other")), OK(11));
	CHECK_STR_EQ(world_ask(conn, WIRE_TRANSACTION_END, 2, S("T")), "16:EAGAIN|");
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 0, S("/d/e/f")), "2:other");
	world_free(new);
	world_free(old);
}

TEST(a_transaction_conflicts_with_what_comes_after_the_change)
{
	struct world *old = world_new(), *new;
	struct conn *conn = world_conn(old, 0, 0);

	fill(old);
	begin_txn(conn, "1");
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 1, S("/a/b")), "2:value");
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 1,
			       B("/c\0"
				 "1")),
		     OK(11));
	new = carry(old, 2, true);
	conn = world_conn(new, 0, 0);
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 0, B("/a/b\0other")), OK(11));
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 1, S("/a/b")), "2:value");
	CHECK_STR_EQ(world_ask(conn, WIRE_TRANSACTION_END, 1, S("T")), "16:EAGAIN|");
	world_free(new);
	world_free(old);
}

TEST(a_transaction_that_had_lost_already_ends_with_eagain)
{
	struct world *old = world_new(), *new;
	struct conn *conn = world_conn(old, 0, 0);

	fill(old);
	begin_txn(conn, "1");
	CHECK_STR_EQ(world_ask(conn, WIRE_READ, 1, S("/a/b")), "2:value");
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 1,
			       B("/c\0"
				 "1")),
		     OK(11));
	CHECK_STR_EQ(world_ask(conn, WIRE_WRITE, 0, B("/a/b\0other")), OK(11));
	new = carry(old, 2, true);
	CHECK_STR_EQ(world_ask(world_conn(new, 0, 0), WIRE_TRANSACTION_END, 1, S("T")),
		     "16:EAGAIN|");
	world_free(new);
	world_free(old);
}

TEST(for_another_daemon_an_open_transaction_is_only_mentioned)
{
	struct world *old = world_new(), *new;

	fill(old);
	begin_txn(world_conn(old, 0, 0), "1");
	CHECK_STR_EQ(world_ask(world_conn(old, 0, 0), WIRE_WRITE, 1,
			       B("/c\0"
				 "1")),
		     OK(11));
	new = carry(old, 1, false);
	CHECK_STR_EQ(world_ask(world_conn(new, 0, 0), WIRE_READ, 0, S("/c")), "16:ENOENT|");
	CHECK_STR_EQ(world_ask(world_conn(new, 0, 0), WIRE_TRANSACTION_END, 1, S("T")),
		     "16:EAGAIN|");
	world_free(new);
	world_free(old);
}

TEST(limits_that_became_lower_take_nothing_away)
{
	struct world *old = world_new(), *new;

	fill(old);
	world_send(world_conn(old, 1, 1), WIRE_WATCH, 0, S("data\0one"));
	world_send(world_conn(old, 1, 1), WIRE_WATCH, 0, S("data\0two"));
	quota_set_limit(old->protocol->quota, QUOTA_WATCHES, false, 1);
	quota_set_limit(old->protocol->quota, QUOTA_NODES, false, 1);
	new = carry(old, 2, true);
	check_alike(old, new, 2);
	world_free(new);
	world_free(old);
}
