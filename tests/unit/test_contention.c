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

TEST(losers_follow_each_other)
{
	struct player p[4];

	begin(p, 3, "tools");
	fight(&p[0], &p[1]);
	fight(&p[0], &p[2]);
	start(&p[1]);
	start(&p[2]);
	CHECK_STR_EQ(get(&p[1]), "w");
	CHECK_STR_EQ(get(&p[2]), ""); /* waits */
	CHECK_STR_EQ(set(&p[1], "1"), "OK");
	CHECK_STR_EQ(commit(&p[1]), "OK");
	/* Now it is its turn, and it sees what the other has written. */
	CHECK_STR_EQ(answer(&p[2]), "1");
	CHECK_STR_EQ(set(&p[2], "2"), "OK");
	CHECK_STR_EQ(commit(&p[2]), "OK");
	inproc_free(inproc);
}

TEST(nobody_waits_for_long)
{
	struct player p[4];

	begin(p, 3, "tools");
	fight(&p[0], &p[1]);
	fight(&p[0], &p[2]);
	start(&p[1]);
	start(&p[2]);
	get(&p[1]);
	CHECK_STR_EQ(get(&p[2]), "");
	inproc_set_time(inproc, 9, 0);
	CHECK_STR_EQ(answer(&p[2]), "");
	inproc_set_time(inproc, 10, 0);
	CHECK_STR_EQ(answer(&p[2]), "w");
	/* The one that was too slow may go on, at its own risk. */
	CHECK_STR_EQ(set(&p[1], "1"), "OK");
	CHECK_STR_EQ(commit(&p[1]), "OK");
	inproc_free(inproc);
}

TEST(a_holder_that_goes_lets_the_next_one_in)
{
	struct player p[4];

	begin(p, 3, "tools");
	fight(&p[0], &p[1]);
	fight(&p[0], &p[2]);
	start(&p[1]);
	start(&p[2]);
	get(&p[1]);
	CHECK_STR_EQ(get(&p[2]), "");
	ask(&p[1], WIRE_RESET_WATCHES, 0, "", 1);
	CHECK_STR_EQ(answer(&p[1]), "OK");
	CHECK_STR_EQ(answer(&p[2]), "w");
	inproc_free(inproc);
}

TEST(one_that_waits_may_go)
{
	struct player p[4];

	begin(p, 3, "dom");
	fight(&p[0], &p[1]);
	fight(&p[0], &p[2]);
	start(&p[1]);
	start(&p[2]);
	get(&p[1]);
	CHECK_STR_EQ(get(&p[2]), "");
	ask(&p[3], WIRE_RELEASE, 0, "3", 2);
	CHECK_STR_EQ(answer(&p[3]), "OK");
	CHECK_STR_EQ(set(&p[1], "1"), "OK");
	CHECK_STR_EQ(commit(&p[1]), "OK");
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
	CHECK_STR_EQ(set(&p[1], "t"), "OK");
	CHECK_STR_EQ(commit(&p[1]), "OK");
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
