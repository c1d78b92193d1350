/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens to clients that do not take what they are sent. */
#include <stdio.h>
#include <stdlib.h>

#include "inproc.h"
#include "model/quota.h"
#include "protocol/wire.h"
#include "unit.h"

static struct inproc *inproc;
static struct inproc_client *dom0, *dom1, *dom2;

static void begin(void)
{
	inproc = inproc_new();
	dom0 = inproc_client(inproc, "dom0");
	dom1 = inproc_client(inproc, "dom1");
	dom2 = inproc_client(inproc, "dom2");
}

static void end(void)
{
	inproc_free(inproc);
}

/* A request whose payload is written with '|' for NUL. */
static void ask(struct inproc_client *client, uint32_t type, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);
	uint32_t head[4] = { type, 0, 0, len };
	char message[16 + 2500];

	memcpy(message, head, sizeof(head));
	for (uint32_t i = 0; i < len; i++)
		message[16 + i] = (char)(text[i] == '|' ? '\0' : text[i]);
	inproc_send(client, message, 16 + len);
}

/* Takes everything; returns how many messages of @type there were. */
static int take(struct inproc_client *client, uint32_t type)
{
	struct inproc_message m;
	int n = 0;

	while (inproc_receive(client, &m))
		n += m.type == type;
	inproc_flush(client, 0);
	return n;
}

static void watch(struct inproc_client *client, const char *text)
{
	ask(dom0, WIRE_MKDIR, "/w|");
	ask(dom0, WIRE_SET_PERMS, "/w|b0|");
	ask(client, WIRE_WATCH, text);
	CHECK_EQ(take(client, WIRE_WATCH_EVENT), 1);
	take(dom0, 0);
}

TEST(an_event_that_waits_is_not_queued_again)
{
	begin();
	watch(dom1, "/w|t|");
	ask(dom0, WIRE_WRITE, "/w/a|1");
	ask(dom0, WIRE_WRITE, "/w/b|1");
	inproc_flush(dom1, 20); /* the first is on its way */
	ask(dom0, WIRE_WRITE, "/w/a|2");
	ask(dom0, WIRE_WRITE, "/w/b|2");
	ask(dom0, WIRE_WRITE, "/w/b|3");
	ask(dom0, WIRE_WRITE, "/w/c|1");
	ask(dom0, WIRE_WRITE, "/w/c|2");
	CHECK_EQ(inproc_account(dom1)->stats.n_events_merged, 3);
	CHECK_EQ(inproc_account(dom1)->stats.n_events, 5);
	/* Once sent, it is queued again. */
	inproc_flush(dom1, 23 - 20 + 23);
	ask(dom0, WIRE_WRITE, "/w/b|4");
	CHECK_EQ(inproc_account(dom1)->stats.n_events, 6);
	end();
}

TEST(special_events_are_never_merged)
{
	begin();
	watch(dom1, "@releaseDomain|t|");
	ask(dom0, WIRE_RELEASE, "2|");
	inproc_flush(dom1, 0);
	inproc_client(inproc, "dom2");
	ask(dom0, WIRE_RELEASE, "2|");
	CHECK_EQ(take(dom1, WIRE_WATCH_EVENT), 2);
	end();
}

TEST(events_that_a_guest_leaves_unread_expire_and_nothing_else_does)
{
	begin();
	watch(dom1, "/w|t|");
	inproc_set_time(inproc, 100000, 20000);
	ask(dom0, WIRE_WRITE, "/w/a|1");
	ask(dom1, WIRE_GET_DOMAIN_PATH, "7|");
	ask(dom0, WIRE_WRITE, "/w/b|1");
	inproc_flush(dom1, 3); /* of the first some bytes are on their way */
	inproc_set_time(inproc, 110000, 20000);
	ask(dom0, WIRE_WRITE, "/w/c|1");
	inproc_set_time(inproc, 120001, 20000);
	CHECK_EQ(inproc_account(dom1)->stats.n_events_lost, 1);
	/* The one that expired may be queued again, the others may not. */
	ask(dom0, WIRE_WRITE, "/w/b|2");
	ask(dom0, WIRE_WRITE, "/w/c|2");
	CHECK_EQ(inproc_account(dom1)->stats.n_events_merged, 1);
	inproc_flush(dom1, 23 - 3);
	{
		struct inproc_message m;

		CHECK(inproc_receive(dom1, &m));
		CHECK_EQ(m.type, WIRE_GET_DOMAIN_PATH);
		CHECK(inproc_receive(dom1, &m));
		CHECK_STR_EQ(m.payload, "/w/c");
		CHECK(inproc_receive(dom1, &m));
		CHECK_STR_EQ(m.payload, "/w/b");
		CHECK(!inproc_receive(dom1, &m));
	}
	CHECK_EQ(inproc_account(dom1)->used[QUOTA_MEMORY], 3);
	end();
}

TEST(events_of_the_privileged_do_not_expire)
{
	begin();
	watch(dom0, "/w|t|");
	ask(dom1, WIRE_WRITE, "/w/a|1");
	inproc_flush(dom0, 0);
	inproc_set_time(inproc, 1000000, 20000);
	CHECK_EQ(take(dom0, WIRE_WATCH_EVENT), 1);
	end();
}

TEST(a_guest_is_served_so_many_requests_as_it_may_leave_unread)
{
	uint32_t limit;

	begin();
	limit = inproc_account(dom1)->limit[QUOTA_OUTSTANDING];
	for (uint32_t i = 0; i < limit + 10; i++)
		ask(dom1, WIRE_GET_DOMAIN_PATH, "7|");
	inproc_flush(dom1, 0);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, limit);
	CHECK_EQ(inproc_account(dom1)->stats.n_stalls, 1);
	inproc_flush(dom1, 2 * (16 + 16));
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, limit + 2);
	CHECK_EQ(take(dom1, WIRE_GET_DOMAIN_PATH), limit);
	CHECK_EQ(take(dom1, WIRE_GET_DOMAIN_PATH), 8);
	end();
}

TEST(a_guest_is_served_a_few_rings_full_of_answers_ahead_and_no_more)
{
	char text[2100];
	int n;

	begin();
	memset(text, 'v', sizeof(text));
	memcpy(text, "/w/v|", 5);
	text[5 + 2000] = '\0';
	ask(dom0, WIRE_WRITE, text);
	ask(dom0, WIRE_SET_PERMS, "/w/v|r0|");
	take(dom0, 0);
	for (int i = 0; i < 10; i++)
		ask(dom1, WIRE_READ, "/w/v|");
	inproc_flush(dom1, 0);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, 3);
	inproc_flush(dom1, 16 + 2000);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, 4);
	n = take(dom1, WIRE_READ);
	CHECK_EQ(n, 3);
	for (int left = 6; left; left -= n) {
		n = take(dom1, WIRE_READ);
		CHECK(n > 0);
	}
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, 10);
	end();
}

TEST(unread_events_alone_do_not_hold_a_guest_back)
{
	begin();
	watch(dom2, "/w|t|");
	for (int i = 0; i < 50; i++) {
		char text[128];

		snprintf(text, sizeof(text), "/w/%080d|", i);
		ask(dom0, WIRE_MKDIR, text);
		take(dom0, 0);
		inproc_flush(dom2, 0);
	}
	ask(dom2, WIRE_GET_DOMAIN_PATH, "7|");
	CHECK_EQ(inproc_account(dom2)->stats.n_requests, 2);
	CHECK_EQ(take(dom2, WIRE_WATCH_EVENT), 50);
	CHECK_EQ(inproc_account(dom2)->stats.n_requests, 2);
	end();
}

TEST(a_guest_is_held_back_for_events_that_others_do_not_take)
{
	uint32_t limit;

	begin();
	limit = inproc_account(dom1)->limit[QUOTA_OUTSTANDING];
	watch(dom2, "/w|t|");
	ask(dom0, WIRE_WRITE, "/w/first|");
	inproc_flush(dom2, 0);
	for (uint32_t i = 0; i < limit + 5; i++) {
		char text[32];

		snprintf(text, sizeof(text), "/w/%u|x", i);
		ask(dom1, WIRE_WRITE, text);
		take(dom1, 0);
	}
	CHECK_EQ(inproc_account(dom1)->used[QUOTA_OUTSTANDING], limit);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, limit);
	/* The receiver reads, and the sender goes on. */
	take(dom2, 0);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, limit + 5);
	take(dom1, 0);
	CHECK_EQ(inproc_account(dom1)->used[QUOTA_OUTSTANDING], 0);
	end();
}

TEST(a_sender_that_goes_leaves_its_events_behind)
{
	begin();
	watch(dom2, "/w|t|");
	ask(dom0, WIRE_WRITE, "/w/first|");
	inproc_flush(dom2, 0);
	ask(dom1, WIRE_WRITE, "/w/x|1");
	take(dom1, 0);
	CHECK_EQ(inproc_account(dom1)->used[QUOTA_OUTSTANDING], 1);
	/* Its node goes with it; that is the same event again. */
	ask(dom0, WIRE_RELEASE, "1|");
	CHECK_EQ(take(dom2, WIRE_WATCH_EVENT), 2);
	end();
}

TEST(an_event_that_does_not_fit_the_memory_quota_is_dropped)
{
	begin();
	watch(dom1, "/w|t|");
	ask(dom0, WIRE_SET_QUOTA, "1|memory|40|");
	ask(dom0, WIRE_WRITE, "/w/a|1");
	ask(dom0, WIRE_WRITE, "/w/b|1");
	CHECK_EQ(take(dom1, WIRE_WATCH_EVENT), 1);
	CHECK_EQ(inproc_account(dom1)->stats.n_events_lost, 1);
	end();
}

TEST(a_request_counts_once_whether_its_answer_or_its_events_wait)
{
	uint32_t limit;

	begin();
	limit = inproc_account(dom1)->limit[QUOTA_OUTSTANDING];
	watch(dom2, "/w|t|");
	ask(dom0, WIRE_WRITE, "/w/first|");
	inproc_flush(dom2, 0);
	for (uint32_t i = 0; i < limit + 5; i++) {
		char text[32];

		snprintf(text, sizeof(text), "/w/%u|x", i);
		ask(dom1, WIRE_WRITE, text);
	}
	inproc_flush(dom1, 0);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, limit);
	CHECK_EQ(inproc_account(dom1)->used[QUOTA_OUTSTANDING], limit);
	/* Of two, the answers are read; then it is their events that wait. */
	inproc_flush(dom1, 2 * (16 + 3));
	CHECK_EQ(inproc_account(dom1)->used[QUOTA_OUTSTANDING], limit);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, limit);
	take(dom2, 0);
	take(dom1, 0);
	take(dom1, 0);
	CHECK_EQ(inproc_account(dom1)->stats.n_requests, limit + 5);
	take(dom2, 0);
	CHECK_EQ(inproc_account(dom1)->used[QUOTA_OUTSTANDING], 0);
	end();
}

TEST(memory_above_its_soft_limit_is_told_once)
{
	begin();
	watch(dom1, "/w|t|");
	ask(dom0, WIRE_SET_QUOTA, "1|soft-memory|60|");
	take(dom1, 0);
	for (int i = 0; i < 5; i++) {
		ask(dom0, WIRE_WRITE, "/w/aaaaaaaaaaaaaaaaaaaaaaaaaaa|1");
		ask(dom0, WIRE_WRITE, "/w/bbbbbbbbbbbbbbbbbbbbbbbbbbb|1");
	}
	CHECK_EQ(inproc_account(dom1)->stats.n_soft_warnings, 1);
	CHECK(inproc_account(dom1)->is_above_soft);
	take(dom1, 0);
	CHECK(!inproc_account(dom1)->is_above_soft);
	end();
}
