/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: run_xst [FILE.xst...]      all of $srcdir/tests/inproc if there is none
 *
 * Plays scenarios, each against a fresh daemon in this process. TAP: one test per file; a deviation
 * names the line, what was expected and what came.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inproc.h"
#include "protocol/wire.h"
#include "script.h"

#define TXNS_MAX 32
#define TEXT_MAX (4 * SCRIPT_TEXT_MAX)

struct run {
	struct inproc *inproc;
	struct {
		char name[16];
		uint32_t id;
	} txns[TXNS_MAX];
	int n_txns;
	uint32_t next_req_id;
	const char *file;
	int line;
	int n_wrong;
	char events[TEXT_MAX]; /* since the last line, as expected ones are written */
	char answer[TEXT_MAX];
	struct script_line script;
};

static void wrong(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct run *run, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: ", run->file, run->line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	run->n_wrong++;
}

static uint32_t *txn_slot(struct run *run, const char *name)
{
	for (int i = 0; i < run->n_txns; i++)
		if (strcmp(run->txns[i].name, name) == 0)
			return &run->txns[i].id;
	if (run->n_txns == TXNS_MAX)
		abort();
	snprintf(run->txns[run->n_txns].name, sizeof(run->txns[0].name), "%s", name);
	run->txns[run->n_txns].id = (uint32_t)strtoul(name, NULL, 10);
	return &run->txns[run->n_txns++].id;
}

/* Bytes as they may be written in a scenario. */
static size_t escape(char *to, const char *data, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\0')
			n += (size_t)sprintf(to + n, "\\0");
		else if (!isprint((unsigned char)data[i]))
			n += (size_t)sprintf(to + n, "\\x%02x", (unsigned char)data[i]);
		else
			to[n++] = data[i];
	}
	to[n] = '\0';
	return n;
}

static bool is_list(uint32_t type)
{
	return type == WIRE_DIRECTORY || type == WIRE_GET_PERMS;
}

/* An answer as scenarios write it: strings parted by blanks, or what the bytes are. */
static void format_answer(struct run *run, const struct inproc_message *m)
{
	char *to = run->answer;
	size_t len = m->len;

	if (m->type != WIRE_READ && m->type != WIRE_DIRECTORY_PART && len &&
	    m->payload[len - 1] == '\0')
		len--;
	else if (m->type != WIRE_READ && m->type != WIRE_DIRECTORY_PART && len)
		wrong(run, "the answer does not end in NUL");
	escape(to, m->payload, len);
	if (!is_list(m->type))
		return;
	for (char *p; (p = strstr(to, "\\0"));) {
		*p = ' ';
		memmove(p + 1, p + 2, strlen(p + 2) + 1);
	}
}

static void note_event(struct run *run, const struct inproc_client *client,
		       const struct inproc_message *m, bool later)
{
	char *to = run->events + strlen(run->events);
	const char *token = m->payload + strlen(m->payload) + 1;

	if (m->req_id || m->tx_id || token + strlen(token) + 1 != m->payload + m->len) {
		wrong(run, "a malformed event");
		return;
	}
	to += sprintf(to, " + %s %s ", inproc_name(client), later ? "LATER" : "EVENT");
	to += escape(to, m->payload, strlen(m->payload));
	*to++ = ' ';
	escape(to, token, strlen(token));
}

/* Takes what everybody got; the answer goes to run->answer. */
static void collect(struct run *run, struct inproc_client *asker, uint32_t type, uint32_t req_id,
		    uint32_t tx_id)
{
	struct inproc_client *client = NULL;
	int n_answers = 0;

	while ((client = inproc_next_client(run->inproc, client))) {
		struct inproc_message m;

		while (inproc_receive(client, &m)) {
			if (m.type == WIRE_WATCH_EVENT) {
				note_event(run, client, &m, client == asker && n_answers);
				continue;
			}
			n_answers++;
			format_answer(run, &m);
			if (client != asker || m.req_id != req_id || m.tx_id != tx_id ||
			    (m.type != type && m.type != WIRE_ERROR))
				wrong(run, "an answer to something else");
		}
	}
	if (asker && inproc_is_killed(asker))
		strcpy(run->answer, "KILLED");
	else if (asker && n_answers != 1)
		wrong(run, "%d answers", n_answers);
}

static uint32_t op_number(const char *name)
{
	if (strcmp(name, "START") == 0)
		return WIRE_TRANSACTION_START;
	if (strcmp(name, "END") == 0)
		return WIRE_TRANSACTION_END;
	for (uint32_t i = 0; i < WIRE_N_OPS; i++)
		if (wire_op_name(i) && strcmp(wire_op_name(i), name) == 0)
			return i;
	return WIRE_N_OPS;
}

/* Payload of the words from the @first on: each with a NUL, but not the value of a WRITE. */
static uint32_t make_payload(const struct script_line *script, int first, uint32_t type, char *to)
{
	uint32_t len = 0;

	for (int i = first; i < script->n_words; i++) {
		memcpy(to + len, script->words[i].text, script->words[i].len);
		len += (uint32_t)script->words[i].len;
		if (type != WIRE_WRITE || i == first)
			to[len++] = '\0';
	}
	return len;
}

static void send(struct run *run, struct inproc_client *client, uint32_t type, uint32_t tx_id,
		 const char *payload, uint32_t len)
{
	struct inproc_message head = { type, ++run->next_req_id, tx_id, len, NULL };
	char message[WIRE_HEADER_SIZE + SCRIPT_TEXT_MAX];

	memcpy(message, &head, WIRE_HEADER_SIZE);
	memcpy(message + WIRE_HEADER_SIZE, payload, len);
	inproc_send(client, message, WIRE_HEADER_SIZE + len);
	collect(run, client, type, run->next_req_id, tx_id);
}

static void join(char *to, const struct script_word *words, int n)
{
	for (int i = 0; i < n; i++) {
		if (i)
			*to++ = ' ';
		to += escape(to, words[i].text, words[i].len);
	}
	*to = '\0';
}

static void compare(struct run *run)
{
	const struct script_line *script = &run->script;
	char expected[TEXT_MAX];

	join(expected, script->answer, script->n_answer);
	if (strchr(expected, '*') ? fnmatch(expected, run->answer, FNM_NOESCAPE) != 0
				  : strcmp(expected, run->answer) != 0)
		wrong(run, "expected \"%.300s\", got \"%.300s\"", expected, run->answer);
	expected[0] = ' ';
	join(expected + (script->n_events > 0), script->events, script->n_events);
	if (strcmp(expected, run->events) != 0)
		wrong(run, "expected events \"%.300s\", got \"%.300s\"", expected, run->events);
	run->events[0] = run->answer[0] = '\0';
}

static void play_host(struct run *run)
{
	const char *words[SCRIPT_WORDS_MAX];
	const char *error;

	for (int i = 0; i < run->script.n_words; i++)
		words[i] = run->script.words[i].text;
	error = inproc_host(run->inproc, run->script.n_words, words);
	if (error) {
		wrong(run, "%s", error);
		return;
	}
	collect(run, NULL, 0, 0, 0);
	compare(run);
}

static void play_request(struct run *run)
{
	struct script_line *script = &run->script;
	struct inproc_client *client = inproc_client(run->inproc, script->words[0].text);
	char payload[SCRIPT_TEXT_MAX];
	uint32_t *txn = NULL, type, len;
	int at = 1;

	if (!client) {
		wrong(run, "nobody is called \"%s\"", script->words[0].text);
		return;
	}
	if (at < script->n_words && script->words[at].text[0] == '[') {
		char name[16];

		snprintf(name, sizeof(name), "%.*s", (int)script->words[at].len - 2,
			 script->words[at].text + 1);
		txn = txn_slot(run, name);
		at++;
	}
	if (at == script->n_words) {
		wrong(run, "no request");
		return;
	}
	if (strcmp(script->words[at].text, "RAW") == 0 && at + 2 < script->n_words) {
		type = (uint32_t)strtoul(script->words[at + 1].text, NULL, 0);
		send(run, client, type, txn ? *txn : 0, script->words[at + 2].text,
		     (uint32_t)script->words[at + 2].len);
		compare(run);
		return;
	}
	type = op_number(script->words[at].text);
	if (type == WIRE_N_OPS) {
		wrong(run, "no operation is called \"%s\"", script->words[at].text);
		return;
	}
	at++;
	if (type == WIRE_TRANSACTION_START && at < script->n_words) {
		uint32_t *slot = txn_slot(run, script->words[at].text);

		send(run, client, type, txn ? *txn : 0, "", 1);
		if (isdigit((unsigned char)run->answer[0])) {
			*slot = (uint32_t)strtoul(run->answer, NULL, 10);
			strcpy(run->answer, "OK");
		}
		compare(run);
		return;
	}
	if (strcmp(script->words[at - 1].text, "END") == 0 && at < script->n_words) {
		txn = txn_slot(run, script->words[at].text);
		at++;
	}
	len = make_payload(script, at, type, payload);
	send(run, client, type, txn ? *txn : 0, payload, len);
	compare(run);
}

static bool play_file(const char *name)
{
	static struct run run;
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen(name, "r");

	memset(&run, 0, sizeof(run));
	run.file = name;
	if (!file) {
		printf("# %s cannot be read\n", name);
		return false;
	}
	run.inproc = inproc_new();
	while (getline(&line, &size, file) > 0) {
		const char *error = script_parse(&run.script, line);

		run.line++;
		if (error)
			wrong(&run, "%s", error);
		else if (run.script.n_words && strcmp(run.script.words[0].text, "host") == 0)
			play_host(&run);
		else if (run.script.n_words)
			play_request(&run);
	}
	free(line);
	fclose(file);
	inproc_free(run.inproc);
	return !run.n_wrong;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char pattern[4096];
	glob_t files = { 0 };
	int n_failed = 0;

	if (argc == 1) {
		snprintf(pattern, sizeof(pattern), "%s/tests/inproc/*.xst", srcdir ? srcdir : ".");
		if (glob(pattern, 0, NULL, &files) != 0)
			printf("# no %s\n", pattern);
		argc = (int)files.gl_pathc + 1;
		argv = files.gl_pathv - 1;
	}
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		const char *base = strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i];
		bool ok = play_file(argv[i]);

		printf("%sok %d - %s\n", ok ? "" : "not ", i, base);
		n_failed += !ok;
	}
	globfree(&files);
	return n_failed || argc == 1;
}
