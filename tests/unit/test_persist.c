/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kill leaves is what was committed: random requests of several clients, and after each step
 * of each turn the state is brought up from a copy of the files and compared as a whole with what
 * it has to be. At random the copy then goes on in place of the original.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/quota.h"
#include "persist_world.h"
#include "protocol/backlog.h"
#include "protocol/wire.h"
#include "step.h"
#include "unit.h"

#define N_ROUNDS 4
#define N_TURNS	 200

struct run {
	struct world *world;
	struct world_ring rings[WORLD_CLIENTS];
	struct persist_options options;
	char dir[64];
	char copy[64];
	const char *expected;  /* what a kill at the next step has to leave */
	const char *committed; /* what it has to leave from the commit on */
	char *last;	       /* as it was committed last */
	uint32_t n_steps;
	uint32_t n_checked;
	uint32_t check_every;
	uint32_t next_txid[WORLD_CLIENTS];
	bool is_going[WORLD_CLIENTS]; /* its end is not committed yet: it still has its ring */
	bool is_off;
};

static struct run run;
static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

static void show_difference(const char *step, const char *is, const char *must)
{
	size_t i = 0;

	while (is[i] && is[i] == must[i])
		i++;
	i = i > 200 ? i - 200 : 0;
	print_message("after step \"%s\" (%u):\nis   …%.600s\nmust …%.600s\n", step, run.n_steps,
		      is + i, must + i);
}

static void check_kill(const char *step)
{
	struct world *revived;
	char *dump;
	int r;

	world_copy(run.dir, run.copy);
	r = world_new(&revived, run.copy, run.rings, &run.options);
	if (r < 0)
		print_message("after step \"%s\": not accepted: %s\n", step, strerror(-r));
	CHECK_EQ(r, 0);
	dump = world_dump(revived);
	world_free(revived);
	if (strcmp(dump, run.expected) != 0)
		show_difference(step, dump, run.expected);
	CHECK_STR_EQ(dump, run.expected);
	free(dump);
	run.n_checked++;
}

void step_reached(const char *name)
{
	if (run.is_off || !run.expected)
		return;
	run.is_off = true;
	if (strcmp(name, "committed") == 0)
		run.expected = run.committed;
	if (run.n_steps++ % run.check_every == 0)
		check_kill(name);
	run.is_off = false;
}

static const char *random_path(char *buf, uint32_t domid)
{
	static const char *const names[] = { "a", "b", "c", "dd", "e-e", "f" };
	uint32_t n = 1 + below(3);
	int len = below(3) ? sprintf(buf, "/d%u", below(2) ? domid : below(WORLD_CLIENTS)) : 0;

	while (n--)
		len += sprintf(buf + len, "/%s", names[below(6)]);
	return buf;
}

/* One request; returns its type. */
static uint32_t random_request(char *payload, uint32_t *len, uint32_t domid)
{
	char path[128], *end = payload;
	uint32_t kind = below(20);

	random_path(path, domid);
	end += sprintf(payload, "%s", path) + 1;
	if (kind < 7) {
		uint32_t n = below(4) ? below(20) : below(600);

		for (uint32_t i = 0; i < n; i++)
			*end++ = (char)below(256);
		*len = (uint32_t)(end - payload);
		return WIRE_WRITE;
	}
	*len = (uint32_t)(end - payload);
	switch (kind) {
	case 7:
		return WIRE_MKDIR;
	case 8:
	case 9:
		return WIRE_RM;
	case 10:
	case 11:
		end += sprintf(end, "%c%u", "nrwb"[below(4)], below(2) ? domid : below(5)) + 1;
		if (below(2))
			end += sprintf(end, "%c%u", "nrwb"[below(4)], below(5)) + 1;
		*len = (uint32_t)(end - payload);
		return WIRE_SET_PERMS;
	case 12:
		return WIRE_READ;
	case 13:
		return WIRE_DIRECTORY;
	case 14:
	case 15:
		if (!below(4))
			end = payload + sprintf(payload, "rel/%u", below(4)) + 1;
		end += sprintf(end, "token%u", below(3)) + 1;
		*len = (uint32_t)(end - payload);
		return kind == 14 ? WIRE_WATCH : WIRE_UNWATCH;
	case 16:
		if (below(8))
			return WIRE_READ;
		*len = 0;
		return WIRE_RESET_WATCHES;
	case 17:
		end = payload + sprintf(payload, "%u", below(WORLD_CLIENTS)) + 1;
		if (below(2))
			end = payload;
		end += sprintf(end, "%s", quota_names[below(QUOTA_N)].name) + 1;
		end += sprintf(end, "%u", 500 + below(3) * 500) + 1;
		*len = (uint32_t)(end - payload);
		return domid == 0 && below(2) ? WIRE_SET_QUOTA : WIRE_READ;
	default:
		*payload = '\0';
		*len = 1;
		return WIRE_TRANSACTION_START;
	}
}

static void ask_something(uint32_t i)
{
	char payload[2048];
	uint32_t len, tx_id = 0, type = random_request(payload, &len, i);

	/* Transactions are numbered from one on; a number that is not open is fine, too. */
	if (type == WIRE_TRANSACTION_START) {
		run.next_txid[i] = run.next_txid[i] % 12 + 1;
		if (below(2)) {
			tx_id = run.next_txid[i];
			type = WIRE_TRANSACTION_END;
			strcpy(payload, below(5) ? "T" : "F");
			len = 2;
		}
	} else if (below(3) == 0) {
		tx_id = run.next_txid[i];
	}
	world_ask(run.world, i, type, tx_id, payload, len);
}

static void end_some_client(void)
{
	uint32_t i = 1 + below(WORLD_CLIENTS - 1);

	if (!run.world->clients[i].ring)
		return;
	run.is_going[i] = true;
	if (below(2))
		world_disconnect(run.world, i);
	else
		world_die(run.world, i);
}

static void change_clients(void)
{
	uint32_t i = 1 + below(WORLD_CLIENTS - 1);

	if (run.is_going[i])
		return;
	if (!run.world->clients[i].ring) {
		/* A ring begins anew for a new guest; what it held is of no interest any more. */
		free(run.rings[i].requests);
		free(run.rings[i].received);
		run.rings[i] = (struct world_ring){ 0 };
		world_connect(run.world, i, &run.rings[i]);
	} else if (below(3) == 0) {
		world_ignore(run.world, i);
	} else {
		end_some_client();
	}
}

static void serve_all(void)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		if (!run.world->clients[i].ring || run.world->clients[i].conn.is_dead || !below(3))
			continue;
		for (uint32_t n = below(4); n; n--)
			ask_something(i);
		world_serve(run.world, i, below(3) ? 4096 : below(300));
	}
	if (!below(10))
		change_clients();
	/* Events that were left unread for some turns. */
	if (!below(4))
		backlog_expire(run.world->protocol, 1 + below(6));
}

static void flush_all(void)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		if (run.world->clients[i].ring && !run.world->clients[i].conn.is_dead)
			world_flush(run.world, i, below(3) ? 1u << 20 : below(100));
}

static void take_over(void)
{
	char dir[64];

	run.is_off = true;
	world_copy(run.dir, run.copy);
	world_free(run.world);
	memcpy(dir, run.dir, sizeof(dir));
	memcpy(run.dir, run.copy, sizeof(dir));
	memcpy(run.copy, dir, sizeof(dir));
	CHECK_EQ(world_new(&run.world, run.dir, run.rings, &run.options), 0);
	run.is_off = false;
}

static void take_turn(uint64_t now_ms)
{
	char *before = run.last, *after;

	run.world->now_ms = now_ms + 100;
	serve_all();
	after = world_dump(run.world);
	run.expected = before;
	run.committed = after;
	persist_commit(run.world->persist);
	/* Nothing to note: then nothing may have changed. */
	if (run.expected == before)
		CHECK_STR_EQ(before, after);
	memset(run.is_going, 0, sizeof(run.is_going));
	run.expected = after;
	flush_all();
	/* Sending shows that one is gone: that belongs to the next turn. */
	if (!below(10))
		end_some_client();
	persist_delivered(run.world->persist);
	if (!below(12))
		take_over();
	run.expected = NULL;
	free(before);
	run.last = after;
}

static void begin(uint64_t with_seed, uint32_t check_every, uint32_t journal_bytes)
{
	memset(&run, 0, sizeof(run));
	seed = with_seed * 0x9e3779b97f4a7c15u + 1;
	run.check_every = check_every;
	run.options.journal_bytes = journal_bytes;
	run.options.step_bytes = journal_bytes ? 200 + below(1500) : 0;
	world_folder(run.dir);
	world_folder(run.copy);
	CHECK_EQ(world_new(&run.world, run.dir, run.rings, &run.options), 0);
	world_connect(run.world, 0, &run.rings[0]);
	persist_commit(run.world->persist);
	persist_delivered(run.world->persist);
	run.last = world_dump(run.world);
}

static void end(void)
{
	world_free(run.world);
	free(run.last);
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		free(run.rings[i].requests);
		free(run.rings[i].received);
	}
	world_remove(run.dir);
	world_remove(run.copy);
}

/* SEED and ROUNDS in the environment repeat a failure, or look longer for one. */
static uint32_t from_environment(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);

	return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

static void run_rounds(uint32_t check_every, uint32_t journal_bytes)
{
	uint32_t first = from_environment("SEED", 1);
	uint32_t n_rounds = from_environment("ROUNDS", N_ROUNDS);

	for (uint32_t i = first; i < first + n_rounds; i++) {
		begin(i, check_every, journal_bytes);
		print_message("seed %u: ", i);
		for (uint64_t turn = 0; turn < N_TURNS; turn++)
			take_turn(turn);
		print_message("%u kills\n", run.n_checked);
		CHECK(run.n_checked > 50);
		end();
	}
}

TEST(a_kill_at_any_step_leaves_the_turn_whole_or_undone)
{
	run_rounds(5, 8000);
}

TEST(a_kill_while_images_are_taken_all_the_time_does_so_too)
{
	run_rounds(7, 1);
}

TEST(a_journal_without_images_does_so_too)
{
	run_rounds(20, 0);
}
