/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of dom0, a program and three guests in any order. Every request has exactly one answer
 * (or waits for a conflict), and afterwards the store is what it should be and nothing is left.
 *
 * Input: records of {who, operation, transaction, length, payload}; see step().
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inproc.h"
#include "protocol/wire.h"

#define N_CLIENTS   5
#define N_REQUESTS  300
#define PAYLOAD_MAX 255

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
	struct inproc *inproc;
	const uint8_t *at, *end;
	uint32_t n_asked[N_CLIENTS], n_answered[N_CLIENTS];
	uint64_t now_ms;
};

static const char *const names[N_CLIENTS] = { "dom0", "tools", "dom1", "dom2", "dom3" };

static uint8_t take(struct session *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

static void check_message(const struct inproc_message *m)
{
	if (m->len > WIRE_PAYLOAD_MAX)
		abort();
	if (m->type == WIRE_ERROR && (!m->len || m->payload[m->len - 1]))
		abort();
	if (m->type == WIRE_WATCH_EVENT) {
		const char *nul = memchr(m->payload, 0, m->len);

		if (!nul || memchr(nul + 1, 0, (size_t)(m->payload + m->len - nul - 1)) !=
				    m->payload + m->len - 1)
			abort();
	}
}

static void drain(struct session *s, int i)
{
	struct inproc_client *client = inproc_client(s->inproc, names[i]);
	struct inproc_message m;

	while (inproc_receive(client, &m)) {
		check_message(&m);
		if (m.type != WIRE_WATCH_EVENT)
			s->n_answered[i]++;
	}
	inproc_flush(client, 0);
	if (inproc_is_killed(client))
		abort(); /* nothing sent here is that bad */
}

/* Commands with a file's name are left to others. */
static void write_no_files(uint8_t *payload, uint32_t len)
{
	static const char *const words[] = { "memreport", "logfile", "openmetrics" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint8_t *at = memmem(payload, len, words[i], strlen(words[i]));

		if (at)
			*at = '?';
	}
}

static void ask(struct session *s, int i, uint8_t op, uint8_t txid)
{
	uint8_t message[WIRE_HEADER_SIZE + PAYLOAD_MAX];
	uint32_t len = take(s);
	uint32_t head[4] = { op, 0, txid, 0 };

	if (len > (size_t)(s->end - s->at))
		len = (uint32_t)(s->end - s->at);
	head[3] = len;
	memcpy(message, head, sizeof(head));
	memcpy(message + WIRE_HEADER_SIZE, s->at, len);
	if (op == WIRE_CONTROL)
		write_no_files(message + WIRE_HEADER_SIZE, len);
	s->at += len;
	s->n_asked[i]++;
	inproc_send(inproc_client(s->inproc, names[i]), message, WIRE_HEADER_SIZE + len);
}

static void step(struct session *s)
{
	uint8_t who = take(s), op = take(s);

	switch (who & 0xf0) {
	case 0x10:
		inproc_flush(inproc_client(s->inproc, names[(who & 15) % N_CLIENTS]), 0);
		return;
	case 0x20:
		s->now_ms += op * 100u;
		inproc_set_time(s->inproc, s->now_ms, 20000);
		return;
	case 0x30:
		inproc_shut_down(s->inproc, 2);
		return;
	case 0x40:
		inproc_end(s->inproc, 3);
		s->n_asked[4] = s->n_answered[4] = 0;
		return;
	default:
		ask(s, who % N_CLIENTS, op % (WIRE_N_OPS + 2), take(s) % 8);
		if (who & 0x80)
			drain(s, who % N_CLIENTS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session s = { .inproc = inproc_new(), .at = data, .end = data + size };

	for (int i = 0; i < N_CLIENTS; i++)
		inproc_client(s.inproc, names[i]);
	for (int n = 0; n < N_REQUESTS && s.at < s.end; n++)
		step(&s);
	/* Time passes, so that nobody waits for a conflict any more. */
	for (int round = 0; round < N_REQUESTS; round++) {
		s.now_ms += 10;
		inproc_set_time(s.inproc, s.now_ms, 0);
		for (int i = 0; i < N_CLIENTS; i++)
			drain(&s, i);
	}
	/* A guest may have been released, and what it had asked for is lost; tools never are. */
	for (int i = 0; i < 2; i++)
		if (s.n_asked[i] != s.n_answered[i])
			abort();
	inproc_free(s.inproc);
	return 0;
}
