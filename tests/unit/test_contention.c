/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that fight over a node follow each other instead of failing. */
#include <stdio.h>
#include <stdlib.h>

#include "inproc.h"
#include "protocol/wire.h"
#include "unit.h"

static struct inproc *inproc;

struct player {
	struct inproc_client *client;
	uint32_t txid;
};

static void ask(struct player *p, uint32_t type, uint32_t tx_id, const char *payload, uint32_t len)
{
	uint32_t head[4] = { type, 0, tx_id, len };
	char message[64];

	memcpy(message, head, sizeof(head));
	memcpy(message + 16, payload, len);
	inproc_send(p->client, message, 16 + len);
}

/* The answer as text; "" if there is none yet. */
static const char *answer(struct player *p)
{
	static char text[64];
	struct inproc_message m;

	text[0] = '\0';
	if (inproc_receive(p->client, &m))
		snprintf(text, sizeof(text), "%.*s", (int)m.len, m.payload);
	inproc_flush(p->client, 0);
	return text;
}

static void start(struct player *p)
{
	ask(p, WIRE_TRANSACTION_START, 0, "", 1);
	p->txid = (uint32_t)strtoul(answer(p), NULL, 10);
	CHECK(p->txid > 0);
}

static const char *get(struct player *p)
{
	ask(p, WIRE_READ, p->txid, "/x", 3);
	return answer(p);
}

static const char *set(struct player *p, const char *value)
{
	char payload[16];
	int n = snprintf(payload, sizeof(payload), "/x%c%s", 0, value);

	ask(p, WIRE_WRITE, p->txid, payload, (uint32_t)n);
	return answer(p);
}

static const char *commit(struct player *p)
{
	ask(p, WIRE_TRANSACTION_END, p->txid, "T", 2);
	return answer(p);
}

static void begin(struct player *players, int n, const char *first)
{
	inproc = inproc_new();
	for (int i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%s%d", first, i + 1);
		players[i] = (struct player){ .client = inproc_client(inproc, name) };
	}
	players[n] = (struct player){ .client = inproc_client(inproc, "dom0") };
	ask(&players[n], WIRE_WRITE, 0, "/x\0000", 4);
	CHECK_STR_EQ(answer(&players[n]), "OK");
	ask(&players[n], WIRE_SET_PERMS, 0, "/x\0b0", 6);
	CHECK_STR_EQ(answer(&players[n]), "OK");
}

/* Both read; the first commits, and the second has lost. */
static void fight(struct player *winner, struct player *loser)
{
	start(winner);
	start(loser);
	get(winner);
	get(loser);
	CHECK_STR_EQ(set(winner, "w"), "OK");
	CHECK_STR_EQ(set(loser, "l"), "OK");
	CHECK_STR_EQ(commit(winner), "OK");
	CHECK_STR_EQ(commit(loser), "EAGAIN");
}

/* Sets the node in the player's transaction and commits it. */
static void go_through(struct player *p, const char *value)
{
	CHECK_STR_EQ(set(p, value), "OK");
	CHECK_STR_EQ(commit(p), "OK");
}

/* The second and the third player have lost and try again: the second has its turn, the third waits
 * for it. */
static void queue(struct player *p)
{
	fight(&p[0], &p[1]);
	fight(&p[0], &p[2]);
	start(&p[1]);
	start(&p[2]);
	CHECK_STR_EQ(get(&p[1]), "w");
	CHECK_STR_EQ(get(&p[2]), "");
}

TEST(losers_follow_each_other)
{
	struct player p[4];

	begin(p, 3, "tools");
	queue(p);
	go_through(&p[1], "1");
	/* Now it is its turn, and it sees what the other has written. */
	CHECK_STR_EQ(answer(&p[2]), "1");
	go_through(&p[2], "2");
	inproc_free(inproc);
}

TEST(nobody_waits_for_long)
{
	struct player p[4];

	begin(p, 3, "tools");
	queue(p);
	inproc_set_time(inproc, 9, 0);
	CHECK_STR_EQ(answer(&p[2]), "");
	inproc_set_time(inproc, 10, 0);
	CHECK_STR_EQ(answer(&p[2]), "w");
	/* The one that was too slow may go on, at its own risk. */
	go_through(&p[1], "1");
	inproc_free(inproc);
}

TEST(a_holder_that_goes_lets_the_next_one_in)
{
	struct player p[4];

	begin(p, 3, "tools");
	queue(p);
	ask(&p[1], WIRE_RESET_WATCHES, 0, "", 1);
	CHECK_STR_EQ(answer(&p[1]), "OK");
	CHECK_STR_EQ(answer(&p[2]), "w");
	inproc_free(inproc);
}

TEST(one_that_waits_may_go)
{
	struct player p[4];

	begin(p, 3, "dom");
	queue(p);
	ask(&p[3], WIRE_RELEASE, 0, "3", 2);
	CHECK_STR_EQ(answer(&p[3]), "OK");
	go_through(&p[1], "1");
	inproc_free(inproc);
}

TEST(tools_do_not_wait_for_guests)
{
	struct player p[3];

	begin(p, 1, "dom");
	fight(&p[1], &p[0]);
	fight(&p[0], &p[1]);
	start(&p[0]);
	start(&p[1]);
	get(&p[0]);
	CHECK_STR_EQ(get(&p[1]), "w");
	go_through(&p[1], "t");
	inproc_free(inproc);
}

TEST(an_abort_of_a_transaction_that_waits_or_has_done_nothing_is_fine)
{
	struct player p[4];

	begin(p, 3, "tools");
	fight(&p[0], &p[1]);
	start(&p[1]);
	ask(&p[1], WIRE_TRANSACTION_END, p[1].txid, "F", 2);
	CHECK_STR_EQ(answer(&p[1]), "OK");
	start(&p[1]);
	CHECK_STR_EQ(commit(&p[1]), "OK");
	inproc_free(inproc);
}

static const char *put(struct player *p, const char *path, const char *value)
{
	char payload[32];
	size_t n = strlen(path) + 1;

	memcpy(payload, path, n);
	memcpy(payload + n, value, strlen(value));
	ask(p, WIRE_WRITE, 0, payload, (uint32_t)(n + strlen(value)));
	return answer(p);
}

/* Sets the node below and commits that. */
static void go_through_with(struct player *p, const char *outcome)
{
	ask(p, WIRE_WRITE, p->txid, "/x/y\0mine", 9);
	CHECK_STR_EQ(answer(p), "OK");
	CHECK_STR_EQ(commit(p), outcome);
}

/* Somebody writes what the transaction has read. */
static void lose(struct player *loser, struct player *writer)
{
	start(loser);
	get(loser);
	CHECK_STR_EQ(put(writer, "/x", "w"), "OK");
	CHECK_STR_EQ(set(loser, "l"), "OK");
	CHECK_STR_EQ(commit(loser), "EAGAIN");
}

/* The first player has lost and tries again; the second one's change waits for it. */
static void have_wait(struct player *p)
{
	lose(&p[0], &p[1]);
	start(&p[0]);
	CHECK_STR_EQ(get(&p[0]), "w");
	CHECK_STR_EQ(put(&p[1], "/x", "again"), "");
}

/* The tool p[2] loses three times, having had its turn but being too slow; its fourth has all
 * guests wait. */
static void lose_thrice(struct player *p)
{
	for (int i = 0; i < 3; i++) {
		start(&p[2]);
		get(&p[2]);
		inproc_set_time(inproc, (uint64_t)i * 100 + 50, 0);
		put(&p[0], "/x", "w");
		inproc_set_time(inproc, (uint64_t)i * 100 + 60, 0);
		answer(&p[0]);
		CHECK_STR_EQ(set(&p[2], "l"), "OK");
		CHECK_STR_EQ(commit(&p[2]), "EAGAIN");
	}
	start(&p[2]);
	get(&p[2]);
	CHECK_STR_EQ(put(&p[1], "/x/elsewhere", ""), "");
}

TEST(XSA_206_a_writer_waits_while_one_who_lost_tries_again)
{
	struct player p[4];

	begin(p, 3, "dom");
	have_wait(p);
	CHECK_STR_EQ(put(&p[2], "/x/below", ""), "");
	go_through(&p[0], "mine");
	CHECK_STR_EQ(answer(&p[1]), "OK");
	CHECK_STR_EQ(answer(&p[2]), "OK");
	CHECK_STR_EQ(put(&p[1], "/x", "later"), "OK");
	inproc_free(inproc);
}

TEST(XSA_206_a_writer_does_not_wait_for_long_and_others_not_at_all)
{
	struct player p[4];

	begin(p, 3, "dom");
	have_wait(p);
	CHECK_STR_EQ(put(&p[2], "/local/y", ""), "EACCES");
	CHECK_STR_EQ(put(&p[3], "/x", "tools wait for no guest"), "OK");
	inproc_set_time(inproc, 10, 0);
	CHECK_STR_EQ(answer(&p[1]), "OK");
	inproc_free(inproc);
}

TEST(XSA_206_a_commit_waits_while_one_who_lost_tries_again)
{
	struct player p[4];

	begin(p, 2, "dom");
	lose(&p[0], &p[1]);
	start(&p[1]);
	CHECK_STR_EQ(set(&p[1], "quick"), "OK");
	start(&p[0]);
	get(&p[0]);
	CHECK_STR_EQ(commit(&p[1]), "");
	go_through(&p[0], "mine");
	CHECK_STR_EQ(answer(&p[1]), "EAGAIN");
	inproc_free(inproc);
}

TEST(XSA_206_the_removal_of_a_tree_waits_for_who_tries_again_with_a_node_in_it)
{
	struct player p[3];

	begin(p, 2, "tools");
	CHECK_STR_EQ(put(&p[1], "/x/y", "1"), "OK");
	start(&p[0]);
	ask(&p[0], WIRE_READ, p[0].txid, "/x/y", 5);
	CHECK_STR_EQ(answer(&p[0]), "1");
	CHECK_STR_EQ(put(&p[1], "/x/y", "2"), "OK");
	go_through_with(&p[0], "EAGAIN");
	start(&p[1]);
	ask(&p[1], WIRE_RM, p[1].txid, "/x", 3);
	CHECK_STR_EQ(answer(&p[1]), "OK");
	start(&p[0]);
	ask(&p[0], WIRE_READ, p[0].txid, "/x/y", 5);
	CHECK_STR_EQ(answer(&p[0]), "2");
	CHECK_STR_EQ(commit(&p[1]), "");
	go_through_with(&p[0], "OK");
	CHECK_STR_EQ(answer(&p[1]), "EAGAIN");
	inproc_free(inproc);
}

TEST(XSA_206_a_tool_that_loses_again_and_again_has_all_guests_wait)
{
	struct player p[4];

	begin(p, 2, "dom");
	lose_thrice(p);
	CHECK_STR_EQ(put(&p[0], "/y", "any"), "");
	go_through(&p[2], "mine");
	CHECK_STR_EQ(answer(&p[1]), "OK");
	CHECK_STR_EQ(answer(&p[0]), "EACCES");
	inproc_free(inproc);
}

TEST(XSA_206_one_that_waits_with_a_change_may_go)
{
	struct player p[4];

	begin(p, 3, "dom");
	have_wait(p);
	ask(&p[3], WIRE_RELEASE, 0, "2", 2);
	CHECK_STR_EQ(answer(&p[3]), "OK");
	go_through(&p[0], "mine");
	inproc_free(inproc);
}

TEST(of_several_transactions_of_one_who_lost_each_sees_the_store)
{
	struct player p[4], other;

	begin(p, 2, "dom");
	lose(&p[0], &p[1]);
	other = p[0];
	start(&p[0]);
	start(&other);
	CHECK_STR_EQ(get(&p[0]), "w");
	go_through(&p[0], "mine");
	/* It waited for nobody, and has no place in any queue any more. */
	CHECK_STR_EQ(get(&other), "mine");
	go_through(&other, "too");
	CHECK_STR_EQ(put(&p[1], "/x", "end"), "OK");
	inproc_free(inproc);
}

/* Two have lost and follow each other; what comes in between is not put off for ever. */
TEST(XSA_206_a_change_waits_for_one_holder_and_goes_before_the_next)
{
	struct player p[5];

	begin(p, 4, "tools");
	queue(p);
	CHECK_STR_EQ(put(&p[3], "/x", "between"), "");
	go_through(&p[1], "1");
	CHECK_STR_EQ(answer(&p[3]), "OK");
	/* And it spoils nothing. */
	CHECK_STR_EQ(answer(&p[2]), "between");
	go_through(&p[2], "2");
	inproc_free(inproc);
}

TEST(XSA_206_a_commit_waits_for_one_holder_only)
{
	struct player p[5];

	begin(p, 4, "tools");
	start(&p[3]);
	get(&p[3]);
	CHECK_STR_EQ(set(&p[3], "late"), "OK");
	queue(p);
	CHECK_STR_EQ(commit(&p[3]), "");
	go_through(&p[1], "1");
	CHECK_STR_EQ(answer(&p[3]), "EAGAIN");
	CHECK_STR_EQ(answer(&p[2]), "1");
	inproc_free(inproc);
}

TEST(one_that_waits_with_a_change_before_the_next_may_go)
{
	static const char *const domids[] = { "2", "3", "4" };
	struct player p[5];

	begin(p, 4, "dom");
	queue(p);
	CHECK_STR_EQ(put(&p[3], "/x", "between"), "");
	/* The holder goes, then the one before whom the change is to be made, then who made it. */
	for (size_t i = 0; i < 3; i++) {
		ask(&p[4], WIRE_RELEASE, 0, domids[i], 2);
		CHECK_STR_EQ(answer(&p[4]), "OK");
	}
	CHECK_STR_EQ(put(&p[0], "/x", "end"), "OK");
	inproc_free(inproc);
}

TEST(who_waits_for_a_tool_that_goes_may_go_on)
{
	struct player p[4];

	begin(p, 2, "dom");
	lose_thrice(p);
	ask(&p[2], WIRE_RESET_WATCHES, 0, "", 1);
	CHECK_STR_EQ(answer(&p[2]), "OK");
	CHECK_STR_EQ(answer(&p[1]), "OK");
	inproc_free(inproc);
}
