/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client in the loop against a store that answers well, late, in pieces, wrongly or not at all.
 */
#include "storeclient.h"

#include <errno.h>
#include <stdio.h>

#include "fakestore.h"
#include "loop.h"
#include "unit.h"

struct bench {
	struct loop *loop;
	struct fakestore *store;
	struct storeclient *client;
	struct loop_hook hook;
	unsigned int n_turns;
	unsigned int n_connected, n_disconnected;
	int last_loss;
	/* What came, as text: "answer;answer;…" */
	char answers[4096];
	char events[512];
	/* Called when the client has connected. */
	void (*connected)(struct bench *bench);
	const char *path;
	bool (*done)(const struct bench *bench);
};

static void end_turn(void *ctx)
{
	struct bench *bench = ctx;

	if (bench->done(bench))
		loop_stop(bench->loop, 0);
	else if (++bench->n_turns > 100000)
		loop_stop(bench->loop, -1);
}

static void on_connected(void *ctx)
{
	struct bench *bench = ctx;

	bench->n_connected++;
	if (bench->connected)
		bench->connected(bench);
}

static void on_disconnected(void *ctx, int error)
{
	struct bench *bench = ctx;

	bench->n_disconnected++;
	bench->last_loss = error;
}

static void on_event(void *ctx, const char *path, const char *token)
{
	struct bench *bench = ctx;

	sprintf(bench->events + strlen(bench->events), "%s=%s;", path, token);
}

static const struct storeclient_handlers handlers = {
	.event = on_event,
	.connected = on_connected,
	.disconnected = on_disconnected,
};

static void on_reply(void *ctx, int error, const char *data, size_t len)
{
	struct bench *bench = ctx;
	char *end = bench->answers + strlen(bench->answers);

	CHECK_EQ(data[len], '\0');
	if (error)
		sprintf(end, "%d;", error);
	else
		sprintf(end, "%s/%zu;", data, len);
}

static void set_up(struct bench *bench, fakestore_request_fn *fn)
{
	memset(bench, 0, sizeof(*bench));
	CHECK_EQ(loop_new(&bench->loop), 0);
	bench->store = fakestore_new(bench->loop, fn, bench);
	CHECK_EQ(storeclient_new(&bench->client, bench->loop, fakestore_path(bench->store),
				 &handlers, bench),
		 0);
	bench->hook = (struct loop_hook){ .fn = end_turn, .ctx = bench };
	loop_turn_hook(bench->loop, &bench->hook);
}

static void run_until(struct bench *bench, bool (*done)(const struct bench *bench))
{
	bench->done = done;
	CHECK_EQ(loop_run(bench->loop), 0);
}

static void tear_down(struct bench *bench)
{
	storeclient_free(bench->client);
	fakestore_free(bench->store);
	loop_turn_unhook(bench->loop, &bench->hook);
	loop_free(bench->loop);
}

static bool all_answered(const struct bench *bench)
{
	return bench->answers[0] && !storeclient_in_flight(bench->client);
}

/* --- the store's ways to answer --- */

static void echo(struct fakestore *store, const struct xsd_sockmsg *head, const char *payload,
		 void *ctx)
{
	(void)ctx;
	fakestore_answer(store, head, payload, head->len);
}

static void refuse(struct fakestore *store, const struct xsd_sockmsg *head, const char *payload,
		   void *ctx)
{
	(void)ctx;
	fakestore_error(store, head, payload);
}

static void say_nothing(struct fakestore *store, const struct xsd_sockmsg *head,
			const char *payload, void *ctx)
{
	(void)store, (void)head, (void)payload, (void)ctx;
}

/* --- tests --- */

TEST(before_the_first_connection_requests_are_refused)
{
	struct bench bench;

	set_up(&bench, echo);
	CHECK(!storeclient_is_connected(bench.client));
	CHECK_EQ(storeclient_read(bench.client, 0, "/x", on_reply, &bench), -ENOTCONN);
	CHECK_EQ(bench.n_connected, 0);
	tear_down(&bench);
}

static void read_three(struct bench *bench)
{
	CHECK_EQ(storeclient_read(bench->client, 0, "/one", on_reply, bench), 0);
	CHECK_EQ(storeclient_write(bench->client, 0, "/two", "value", on_reply, bench), 0);
	CHECK_EQ(storeclient_read(bench->client, 0, "/three", on_reply, bench), 0);
	CHECK_EQ(storeclient_in_flight(bench->client), 3);
	CHECK_STR_EQ(bench->answers, "");
}

TEST(requests_of_a_turn_leave_together_and_answers_come_in_order)
{
	struct bench bench;

	set_up(&bench, echo);
	bench.connected = read_three;
	run_until(&bench, all_answered);
	CHECK_STR_EQ(bench.answers, "/one/5;/two/10;/three/7;");
	CHECK_EQ(fakestore_n_reads(bench.store), 1);
	tear_down(&bench);
}

static void read_error_names(struct bench *bench)
{
	static const char *const names[] = { "ENOENT", "EACCES", "EAGAIN", "EQUOTA", "", "EEXIST" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_EQ(storeclient_read(bench->client, 0, names[i], on_reply, bench), 0);
}

TEST(errors_come_as_negative_errnos_and_unknown_ones_as_einval)
{
	char wanted[128];
	struct bench bench;

	set_up(&bench, refuse);
	bench.connected = read_error_names;
	run_until(&bench, all_answered);
	snprintf(wanted, sizeof(wanted), "%d;%d;%d;%d;%d;%d;", -ENOENT, -EACCES, -EAGAIN, -EINVAL,
		 -EINVAL, -EEXIST);
	CHECK_STR_EQ(bench.answers, wanted);
	tear_down(&bench);
}

static void event_then_echo(struct fakestore *store, const struct xsd_sockmsg *head,
			    const char *payload, void *ctx)
{
	fakestore_event(store, payload, "token");
	echo(store, head, payload, ctx);
	fakestore_event(store, "@releaseDomain", "");
}

TEST(events_between_answers_find_their_way)
{
	struct bench bench;

	set_up(&bench, event_then_echo);
	bench.connected = read_three;
	run_until(&bench, all_answered);
	CHECK_STR_EQ(bench.answers, "/one/5;/two/10;/three/7;");
	CHECK(strstr(bench.events, "/one=token;@releaseDomain=;/two=token;") == bench.events);
	tear_down(&bench);
}

static void echo_in_pieces(struct fakestore *store, const struct xsd_sockmsg *head,
			   const char *payload, void *ctx)
{
	(void)ctx;
	for (size_t i = 0; i < sizeof(*head); i++)
		fakestore_send(store, (const char *)head + i, 1);
	for (size_t i = 0; i < head->len; i++)
		fakestore_send(store, payload + i, 1);
}

TEST(an_answer_that_comes_byte_by_byte_is_one_answer)
{
	struct bench bench;

	set_up(&bench, echo_in_pieces);
	bench.connected = read_three;
	run_until(&bench, all_answered);
	CHECK_STR_EQ(bench.answers, "/one/5;/two/10;/three/7;");
	tear_down(&bench);
}

static void read_one_half(struct bench *bench)
{
	if (bench->n_connected == 1)
		CHECK_EQ(storeclient_read(bench->client, 0, "/x", on_reply, bench), 0);
}

static void half_an_answer(struct fakestore *store, const struct xsd_sockmsg *head,
			   const char *payload, void *ctx)
{
	(void)payload, (void)ctx;
	fakestore_send(store, head, sizeof(*head) / 2);
	fakestore_hang_up(store);
}

static bool connected_twice(const struct bench *bench)
{
	return bench->n_connected == 2;
}

TEST(a_lost_connection_ends_what_is_in_flight_and_is_made_again)
{
	char wanted[32];
	struct bench bench;

	set_up(&bench, half_an_answer);
	bench.connected = read_one_half;
	run_until(&bench, connected_twice);
	snprintf(wanted, sizeof(wanted), "%d;", -ECONNRESET);
	CHECK_STR_EQ(bench.answers, wanted);
	CHECK_EQ(bench.n_disconnected, 1);
	CHECK_EQ(storeclient_in_flight(bench.client), 0);
	tear_down(&bench);
}

/* Each of these is no answer to what was asked. */
static void bend(struct fakestore *store, const struct xsd_sockmsg *head, const char *payload,
		 void *ctx)
{
	struct xsd_sockmsg bent = *head;

	(void)ctx;
	switch (payload[1]) {
	case 'i':
		bent.req_id++;
		break;
	case 't':
		bent.type = XS_WRITE;
		break;
	case 'l':
		bent.len = XENSTORE_PAYLOAD_MAX + 1;
		break;
	case 'e':
		bent.type = XS_WATCH_EVENT; /* without a token */
		break;
	}
	fakestore_send(store, &bent, sizeof(bent));
	fakestore_send(store, payload, head->len);
}

static void read_bent(struct bench *bench)
{
	if (bench->n_connected == 1)
		CHECK_EQ(storeclient_read(bench->client, 0, bench->path, on_reply, bench), 0);
}

TEST(an_answer_that_makes_no_sense_ends_the_connection)
{
	static const char *const paths[] = { "/id", "/type", "/length", "/event" };
	char wanted[32];
	struct bench bench;

	snprintf(wanted, sizeof(wanted), "%d;", -ECONNRESET);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		set_up(&bench, bend);
		bench.path = paths[i];
		bench.connected = read_bent;
		run_until(&bench, connected_twice);
		CHECK_STR_EQ(bench.answers, wanted);
		CHECK_EQ(bench.last_loss, -EPROTO);
		tear_down(&bench);
	}
}

static bool connected_once(const struct bench *bench)
{
	return bench->n_connected == 1;
}

static bool waits_for_long(const struct bench *bench)
{
	loop_again(bench->loop); /* nothing else would */
	return storeclient_latency_us(bench->client) >= 10000;
}

TEST(an_answer_counts_once_and_a_question_as_long_as_it_waits)
{
	struct bench bench;

	set_up(&bench, echo);
	bench.connected = read_three;
	run_until(&bench, all_answered);
	(void)storeclient_latency_us(bench.client);
	CHECK_EQ(storeclient_latency_us(bench.client), 0);
	tear_down(&bench);
	set_up(&bench, say_nothing);
	bench.connected = read_three;
	run_until(&bench, waits_for_long);
	CHECK(storeclient_latency_us(bench.client) >= 10000);
	tear_down(&bench);
}

TEST(freeing_the_client_ends_what_is_in_flight)
{
	char wanted[64];
	struct bench bench;

	set_up(&bench, say_nothing);
	bench.connected = read_three;
	run_until(&bench, connected_once);
	CHECK_EQ(storeclient_in_flight(bench.client), 3);
	storeclient_free(bench.client);
	bench.client = NULL;
	snprintf(wanted, sizeof(wanted), "%d;%d;%d;", -ECANCELED, -ECANCELED, -ECANCELED);
	CHECK_STR_EQ(bench.answers, wanted);
	tear_down(&bench);
}

static void send_too_much(struct bench *bench)
{
	static char value[XENSTORE_PAYLOAD_MAX];

	memset(value, 'x', sizeof(value) - 1);
	CHECK_EQ(storeclient_write(bench->client, 0, "/x", value, on_reply, bench), -E2BIG);
	value[XENSTORE_PAYLOAD_MAX - sizeof("/x")] = '\0';
	CHECK_EQ(storeclient_write(bench->client, 0, "/x", value, NULL, NULL), 0);
	CHECK_EQ(storeclient_read(bench->client, 0, "/x", on_reply, bench), 0);
}

TEST(a_payload_may_fill_a_message_and_no_more)
{
	struct bench bench;

	set_up(&bench, echo);
	bench.connected = send_too_much;
	run_until(&bench, all_answered);
	CHECK_STR_EQ(bench.answers, "/x/3;");
	CHECK_EQ(bench.n_disconnected, 0);
	tear_down(&bench);
}

static void read_many(struct bench *bench)
{
	static char value[3001];

	memset(value, 'x', sizeof(value) - 1);
	for (int i = 0; i < 2000; i++)
		CHECK_EQ(storeclient_write(bench->client, 0, "/x", value, NULL, NULL), 0);
	CHECK_EQ(storeclient_read(bench->client, 0, "/last", on_reply, bench), 0);
}

TEST(more_than_the_socket_holds_goes_out_in_its_own_time)
{
	struct bench bench;

	set_up(&bench, echo);
	bench.connected = read_many;
	run_until(&bench, all_answered);
	CHECK_STR_EQ(bench.answers, "/last/6;");
	CHECK_EQ(bench.n_disconnected, 0);
	tear_down(&bench);
}

static bool refused_twice(const struct bench *bench)
{
	return bench->n_disconnected >= 2;
}

TEST(a_store_that_is_away_is_tried_again_and_found_when_it_comes)
{
	struct bench bench;

	set_up(&bench, echo);
	fakestore_stop_listening(bench.store);
	run_until(&bench, refused_twice);
	CHECK_EQ(bench.last_loss, -ENOENT);
	CHECK_EQ(bench.n_connected, 0);
	fakestore_listen(bench.store, 8, true);
	bench.connected = read_three;
	run_until(&bench, all_answered);
	CHECK_STR_EQ(bench.answers, "/one/5;/two/10;/three/7;");
	CHECK_EQ(bench.n_connected, 1);
	tear_down(&bench);
}

TEST(a_store_that_takes_nobody_holds_nobody_up)
{
	struct bench bench, others[4];

	set_up(&bench, echo);
	fakestore_stop_listening(bench.store);
	fakestore_listen(bench.store, 0, false);
	/* The backlog takes a few, then connecting would wait. */
	memset(others, 0, sizeof(others));
	for (size_t i = 0; i < 4; i++)
		CHECK_EQ(storeclient_new(&others[i].client, bench.loop, fakestore_path(bench.store),
					 &handlers, &bench),
			 0);
	run_until(&bench, refused_twice);
	CHECK_EQ(bench.last_loss, -EAGAIN);
	for (size_t i = 0; i < 4; i++)
		storeclient_free(others[i].client);
	tear_down(&bench);
}

TEST(a_path_that_no_socket_can_have_is_refused)
{
	struct storeclient *client = NULL;
	struct bench bench;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	set_up(&bench, echo);
	CHECK_EQ(storeclient_new(&client, bench.loop, path, &handlers, &bench), -ENAMETOOLONG);
	CHECK(!client);
	tear_down(&bench);
}
