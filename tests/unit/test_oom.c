/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every allocation fails once. A session of all operations is played again and again, and each time
 * the next allocation of it fails: every request has exactly one answer (or its client is cut off,
 * if there was no memory for that), what was acknowledged is so and what was refused is not, the
 * store is consistent, and afterwards all goes well again.
 *
 * The linker sends malloc() and its kin here (-Wl,--wrap).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "inproc.h"
#include "protocol/wire.h"
#include "unit.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
char *__wrap_strdup(const char *text);

static bool is_armed;
static long n_left; /* allocations until the one that fails */
static bool has_failed;

static bool fails(void)
{
	if (!is_armed || has_failed || --n_left)
		return false;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

#define LONG100                                                                  \
	"0123456789012345678901234567890123456789012345678901234567890123456789" \
	"012345678901234567890123456789"
#define LONG LONG100 LONG100 LONG100 LONG100 LONG100 LONG100

enum how {
	PLAIN,
	IN_TXN,
	DEAF, /* afterwards, the client takes nothing any more */
};

/* '|' stands for NUL. */
static const struct step {
	const char *who;
	uint32_t type;
	const char *payload;
	enum how how;
} steps[] = {
	{ "tools", WIRE_WRITE, "/d/a|1", PLAIN },
	{ "dom1", WIRE_WATCH, "/d|token|", PLAIN },
	{ "dom2", WIRE_WATCH, "/d|token|", PLAIN },
	{ "dom1", WIRE_WATCH, "@releaseDomain|token|", PLAIN },
	{ "tools", WIRE_WRITE, "/d/a|" LONG, PLAIN },
	{ "tools", WIRE_MKDIR, "/e/x/y/z|", PLAIN },
	{ "tools", WIRE_SET_PERMS, "/d/a|n0|b1|b2|", PLAIN },
	{ "dom1", WIRE_WRITE, "/d/one/of/mine|v", PLAIN },
	{ "dom1", WIRE_SET_PERMS, "/d/one/of/mine|n1|r2|", PLAIN },
	{ "dom1", WIRE_READ, "/d/a|", PLAIN },
	{ "dom1", WIRE_GET_PERMS, "/d/a|", PLAIN },
	{ "dom1", WIRE_DIRECTORY, "/d|", PLAIN },
	{ "dom1", WIRE_DIRECTORY_PART, "/d|0|", PLAIN },
	{ "dom1", WIRE_TRANSACTION_START, "|", IN_TXN },
	{ "tools", WIRE_WRITE, "/e/x/y/z|behind its back", PLAIN },
	{ "tools", WIRE_RM, "/e/x|", PLAIN },
	{ "dom1", WIRE_READ, "/d/a|", IN_TXN },
	{ "dom1", WIRE_WRITE, "/d/t|in transaction", IN_TXN },
	{ "dom1", WIRE_WRITE, "/d/t/deep/down|" LONG, IN_TXN },
	{ "dom1", WIRE_MKDIR, "/d/u|", IN_TXN },
	{ "dom1", WIRE_SET_PERMS, "/d/u|n1|b2|", IN_TXN },
	{ "dom1", WIRE_RM, "/d/one|", IN_TXN },
	{ "dom1", WIRE_DIRECTORY, "/d|", IN_TXN },
	{ "tools", WIRE_CONTROL, "txn|1|", PLAIN },
	{ "dom1", WIRE_TRANSACTION_END, "T|", IN_TXN },
	{ "tools", WIRE_WRITE, "/d/g/h/i|", PLAIN },
	{ "tools", WIRE_WATCH, "/d/g/h|token|", PLAIN },
	{ "tools", WIRE_WATCH, "/d/g/h/i|token|", PLAIN },
	{ "tools", WIRE_TRANSACTION_START, "|", IN_TXN },
	{ "tools", WIRE_RM, "/d/g|", IN_TXN },
	{ "tools", WIRE_MKDIR, "/d/g/h/i|", IN_TXN },
	{ "tools", WIRE_TRANSACTION_END, "T|", IN_TXN },
	{ "tools", WIRE_TRANSACTION_START, "|", IN_TXN },
	{ "tools", WIRE_RM, "/d/g|", IN_TXN },
	{ "tools", WIRE_TRANSACTION_END, "T|", IN_TXN },
	{ "dom2", WIRE_GET_DOMAIN_PATH, "1|", DEAF },
	{ "dom1", WIRE_WRITE, "/d/e/1|", PLAIN },
	{ "dom1", WIRE_WRITE, "/d/e/2|", PLAIN },
	{ "dom1", WIRE_WRITE, "/d/e/1|again", PLAIN },
	{ "tools", WIRE_SET_QUOTA, "1|nodes|900|", PLAIN },
	{ "tools", WIRE_GET_QUOTA, "1|nodes|", PLAIN },
	{ "tools", WIRE_SET_TARGET, "1|2|", PLAIN },
	{ "tools", WIRE_CONTROL, "check|", PLAIN },
	{ "tools", WIRE_CONTROL, "help|", PLAIN },
	{ "tools", WIRE_CONTROL, "quota|1|", PLAIN },
	{ "tools", WIRE_CONTROL, "stats|1|", PLAIN },
	{ "tools", WIRE_CONTROL, "watches|1|", PLAIN },
	{ "tools", WIRE_CONTROL, "xenbus|1|", PLAIN },
	{ "dom1", WIRE_UNWATCH, "/d|token|", PLAIN },
	{ "dom1", WIRE_RM, "/d/e|", PLAIN },
	{ "dom1", WIRE_RESET_WATCHES, "|", PLAIN },
	{ "tools", WIRE_RELEASE, "2|", PLAIN },
	{ NULL, 0, NULL, PLAIN },
};

static struct inproc *inproc;
static char txid[16];
static struct inproc_message last;

/* Its answer, or NULL: it was cut off. Events are taken, too. */
static const char *ask(const char *who, uint32_t type, uint32_t tx_id, const char *payload)
{
	static char text[WIRE_PAYLOAD_MAX + 1];
	struct inproc_client *client = inproc_client(inproc, who);
	uint32_t head[4] = { type, 1, tx_id, (uint32_t)strlen(payload) };
	char message[2048];
	struct inproc_message m;
	int n = 0;

	memcpy(message, head, sizeof(head));
	for (uint32_t i = 0; i <= head[3]; i++)
		message[16 + i] = (char)(payload[i] == '|' ? '\0' : payload[i]);
	inproc_send(client, message, 16 + head[3]);
	if (inproc_is_killed(client))
		return NULL;
	while (inproc_receive(client, &m)) {
		if (m.type == WIRE_WATCH_EVENT)
			continue;
		n++;
		last = m;
		memcpy(text, m.payload, m.len);
		text[m.len] = '\0';
	}
	CHECK_EQ(n, 1);
	inproc_flush(client, 0);
	return text;
}

/* What @step wanted to change is so, or is not. */
static void check_effect(const struct step *step, bool is_ok)
{
	const char *value = strchr(step->payload, '|') + 1;
	char path[64];
	const char *is;

	if (step->type != WIRE_WRITE || step->how == IN_TXN)
		return;
	snprintf(path, sizeof(path), "%.*s|", (int)(value - 1 - step->payload), step->payload);
	is = ask("tools-that-check", WIRE_READ, 0, path);
	CHECK(is);
	if (is_ok)
		CHECK_STR_EQ(is, value);
	else if (last.type != WIRE_ERROR && strcmp(is, value) == 0)
		fail_msg("refused and yet done: %.40s", step->payload);
}

static void play_step(const struct step *step)
{
	bool begins = step->type == WIRE_TRANSACTION_START;
	uint32_t tx_id = step->how == IN_TXN && !begins ? (uint32_t)atoi(txid) : 0;
	const char *answer;
	bool had_failed = has_failed, is_refused;

	if (inproc_is_killed(inproc_client(inproc, step->who)))
		return;
	is_armed = true;
	answer = ask(step->who, step->type, tx_id, step->payload);
	is_armed = false;
	/* Only a failure cuts a client off. */
	CHECK(answer || (has_failed && !had_failed));
	if (!answer)
		return;
	is_refused = last.type == WIRE_ERROR;
	/* Whatever follows a refusal may be refused too; the first one says why. */
	if (is_refused && !had_failed && strcmp(answer, "ENOMEM") != 0)
		fail_msg("%u %.60s: %s", step->type, step->payload, answer);
	if (begins)
		snprintf(txid, sizeof(txid), "%s", is_refused ? "77" : answer);
	check_effect(step, !is_refused);
}

/* Returns whether an allocation failed: there was an nth one. */
static bool play(long nth)
{
	inproc = inproc_new();
	inproc_client(inproc, "dom1");
	inproc_client(inproc, "dom2");
	ask("dom0", WIRE_MKDIR, 0, "/d|");
	ask("dom0", WIRE_SET_PERMS, 0, "/d|b0|");
	has_failed = false;
	n_left = nth;
	for (const struct step *step = steps; step->who; step++)
		play_step(step);
	/* Memory is back, and so is everything. */
	CHECK_STR_EQ(ask("tools-afterwards", WIRE_WRITE, 0, "/d/after|" LONG), "OK");
	CHECK_STR_EQ(ask("tools-afterwards", WIRE_RM, 0, "/d|"), "OK");
	ask("tools-afterwards", WIRE_RM, 0, "/e|");
	inproc_free(inproc);
	return has_failed;
}

TEST(every_allocation_of_a_session_fails_once)
{
	long n = 1;

	while (play(n))
		n++;
	CHECK(n > 60);
}
