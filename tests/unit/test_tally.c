/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally.h"

#include "unit.h"

static const struct scan_port ports[] = {
	{ .port = 1, .kind = SCAN_VIRQ, .irq = 0 },
	{ .port = 2, .kind = SCAN_IPI },
	{ .port = 3, .kind = SCAN_PIRQ, .irq = 9 },
	{ .port = 4, .kind = SCAN_INTERDOMAIN, .peer = 0, .peer_port = 5 },
	{ .port = 5, .kind = SCAN_INTERDOMAIN, .peer = 0, .peer_port = 4 },
	{ .port = 6, .kind = SCAN_INTERDOMAIN, .peer = 9, .peer_port = 1 },
	{ .port = 7, .kind = SCAN_INTERDOMAIN, .peer = 2, .peer_port = 1 },
	{ .port = 8, .kind = SCAN_INTERDOMAIN, .peer = 9, .peer_port = 2 },
	{ .port = 9, .kind = SCAN_UNBOUND, .peer = 9 },
	{ .port = 40, .kind = SCAN_UNBOUND, .peer = 3 },
	{ .port = 41, .kind = SCAN_OWNED },
};

static void fill(struct scan *scan)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		CHECK_EQ(scan_add(scan, &ports[i]), 0);
}

TEST(ports_are_counted_by_kind)
{
	struct scan scan = { 0 };
	struct tally tally;

	fill(&scan);
	CHECK_EQ(tally_make(&tally, &scan), 0);
	CHECK_EQ(tally.n_used, 11);
	CHECK_EQ(tally.highest, 41);
	CHECK_EQ(tally.n_kind[SCAN_VIRQ], 1);
	CHECK_EQ(tally.n_kind[SCAN_IPI], 1);
	CHECK_EQ(tally.n_kind[SCAN_PIRQ], 1);
	CHECK_EQ(tally.n_kind[SCAN_INTERDOMAIN], 5);
	CHECK_EQ(tally.n_kind[SCAN_UNBOUND], 2);
	CHECK_EQ(tally.n_kind[SCAN_OWNED], 1);
	CHECK_EQ(tally.n_kind[SCAN_CLOSED], 0);
	tally_deinit(&tally);
	scan_deinit(&scan);
}

TEST(both_ends_of_a_link_to_oneself_are_private)
{
	struct scan scan = { 0 };
	struct tally tally;

	fill(&scan);
	CHECK_EQ(tally_make(&tally, &scan), 0);
	CHECK_EQ(tally.n_self, 2);
	CHECK_EQ(tally.n_private, 6);
	CHECK(!tally_peer(&tally, 0));
	tally_deinit(&tally);
	scan_deinit(&scan);
}

TEST(peers_are_counted_and_found)
{
	struct scan scan = { 0 };
	struct tally tally;

	fill(&scan);
	CHECK_EQ(tally_make(&tally, &scan), 0);
	CHECK_EQ(tally.n_peers, 3);
	CHECK_EQ(tally_peer(&tally, 9)->n_connected, 2);
	CHECK_EQ(tally_peer(&tally, 9)->n_waiting, 1);
	CHECK_EQ(tally_peer(&tally, 3)->n_connected, 0);
	CHECK_EQ(tally_peer(&tally, 3)->n_waiting, 1);
	CHECK_EQ(tally_peer(&tally, 2)->n_connected, 1);
	CHECK(!tally_peer(&tally, 1));
	CHECK(!tally_peer(&tally, 100));
	tally_deinit(&tally);
	scan_deinit(&scan);
}

TEST(the_largest_peer_comes_first)
{
	struct scan scan = { 0 };
	struct tally tally;

	fill(&scan);
	CHECK_EQ(tally_make(&tally, &scan), 0);
	qsort(tally.peers, tally.n_peers, sizeof(*tally.peers), tally_by_size);
	CHECK_EQ(tally.peers[0].domid, 9);
	CHECK_EQ(tally.peers[1].domid, 2);
	CHECK_EQ(tally.peers[2].domid, 3);
	tally_deinit(&tally);
	scan_deinit(&scan);
}

TEST(an_empty_table_adds_up_to_nothing)
{
	const struct scan scan = { .domid = 5, .n_valid = 64 };
	struct tally tally;

	CHECK_EQ(tally_make(&tally, &scan), 0);
	CHECK_EQ(tally.n_used, 0);
	CHECK_EQ(tally.n_peers, 0);
	CHECK_EQ(tally.highest, 0);
	tally_deinit(&tally);
}
