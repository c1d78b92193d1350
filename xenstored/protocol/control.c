/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CONTROL: commands for operators, found by name in one table. Answers are text; those of commands
 * that Xen's own daemon has look like its, because people and scripts read them.
 */
#include "protocol/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/check.h"
#include "model/quota.h"
#include "model/store.h"
#include "protocol/conn.h"
#include "protocol/dispatch.h"
#include "protocol/ops.h"
#include "protocol/protocol.h"
#include "protocol/text.h"
#include "protocol/wire.h"

#define WORDS_MAX 8

static int cmd_help(struct control *c);

static void report(void *ctx, const char *what)
{
	struct protocol *protocol = ctx;

	log_error(protocol->log, "check: %s", what);
}

static int cmd_check(struct control *c)
{
	uint32_t n;

	if (c->n_words)
		return -EINVAL;
	n = check_store(c->protocol->store, report, c->protocol);
	if (n)
		text_add(&c->answer, "%u things are wrong, the log says which\n", n);
	return 0;
}

static int cmd_log(struct control *c)
{
	struct trace *trace = &c->protocol->trace;

	if (!c->n_words) {
		text_add(&c->answer, "Log switch settings:\n");
		for (int i = 0; i < TRACE_N; i++)
			text_add(&c->answer, "%-8s: %s\n", trace_names[i],
				 trace->switches & 1u << i ? "on" : "off");
		return 0;
	}
	if (c->n_words != 1)
		return -EINVAL;
	if (strcmp(c->words[0], "on") == 0) {
		/* Without a file there is nothing to open, and never was. */
		trace_open(trace, NULL);
		return 0;
	}
	if (strcmp(c->words[0], "off") == 0) {
		trace_close(trace);
		return 0;
	}
	return trace_set_switch(trace, c->words[0]);
}

static int cmd_logfile(struct control *c)
{
	int r;

	if (c->n_words != 1)
		return -EINVAL;
	r = trace_open(&c->protocol->trace, c->words[0]);
	if (r < 0)
		log_warning(c->protocol->log, "trace file %s: %s", c->words[0], strerror(-r));
	return 0;
}

static int cmd_print(struct control *c)
{
	char text[512];

	if (c->n_words != 1)
		return -EINVAL;
	log_info(c->protocol->log, "control: %s",
		 log_escape(text, sizeof(text), c->words[0], strlen(c->words[0])));
	return 0;
}

static bool find_item(const char *name, bool soft, enum quota_item *item)
{
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		if (strcmp(quota_names[i].name, name) == 0 && (!soft || i == QUOTA_MEMORY)) {
			*item = i;
			return true;
		}
	return false;
}

static int quota_show(struct control *c, bool soft)
{
	text_add(&c->answer, "Quota settings:\n");
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		if (!soft || i == QUOTA_MEMORY)
			text_add(&c->answer, "%-17s: %8u %s\n", quota_names[i].name,
				 quota_limit(c->protocol->quota, i, soft),
				 quota_names[i].description);
	return 0;
}

static int quota_set(struct control *c, bool soft)
{
	enum quota_item item;
	int value;

	if (c->n_words != 3 || !find_item(c->words[1], soft, &item))
		return -EINVAL;
	value = dispatch_number(c->words[2]);
	if (value < 1)
		return -EINVAL;
	quota_set_limit(c->protocol->quota, item, soft, (uint32_t)value);
	return 0;
}

static int quota_show_peaks(struct control *c)
{
	if (c->n_words > 2 || (c->n_words == 2 && strcmp(c->words[1], "-r") != 0))
		return -EINVAL;
	if (c->n_words == 2)
		quota_reset_peaks(c->protocol->quota);
	text_add(&c->answer, "Max. seen accounting values:\n");
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		text_add(&c->answer, "%-17s: %8u\n", quota_names[i].name,
			 quota_peak(c->protocol->quota, i));
	return 0;
}

static int quota_show_domain(struct control *c)
{
	const struct quota_account *account =
		quota_get(c->protocol->quota, (uint32_t)dispatch_number(c->words[0]));

	if (c->n_words != 1)
		return -EINVAL;
	if (!account)
		return -ENOENT;
	text_add(&c->answer, "Domain %u:\n", account->domid);
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		text_add(&c->answer, "%-17s: %8u (max %8u)\n", quota_names[i].name,
			 account->used[i], account->peak[i]);
	return 0;
}

static int cmd_quota(struct control *c)
{
	if (!c->n_words)
		return quota_show(c, false);
	if (strcmp(c->words[0], "set") == 0)
		return quota_set(c, false);
	if (strcmp(c->words[0], "max") == 0)
		return quota_show_peaks(c);
	return quota_show_domain(c);
}

static int cmd_quota_soft(struct control *c)
{
	if (!c->n_words)
		return quota_show(c, true);
	return strcmp(c->words[0], "set") == 0 ? quota_set(c, true) : -EINVAL;
}

static int cmd_update(struct control *c)
{
	const struct protocol *protocol = c->protocol;

	if (!protocol->host->update)
		return -EINVAL;
	return protocol->host->update(protocol->host_ctx, c->conn, c->words, c->n_words,
				      &c->answer);
}

static const struct {
	const char *name;
	int (*fn)(struct control *c);
	const char *parameters;
} commands[] = {
	{ "check", cmd_check, "" },
	{ "live-update", cmd_update,
	  "[-c <cmdline>] [-F] [-t <timeout>] [-v <version>] <file>\n"
	  "    Default timeout is 60 seconds." },
	{ "log", cmd_log, "[on|off|+<switch>|-<switch>]" },
	{ "logfile", cmd_logfile, "<file>" },
	{ "memreport", control_memreport, "[<file>]" },
	{ "print", cmd_print, "<string>" },
	{ "quota", cmd_quota, "[set <name> <val>|<domid>|max [-r]]" },
	{ "quota-soft", cmd_quota_soft, "[set <name> <val>]" },
	{ "stats", control_stats, "[<domid>|openmetrics <file>]" },
	{ "txn", control_txn, "<domid>" },
	{ "watches", control_watches, "<domid>" },
	{ "xenbus", control_xenbus, "<domid>" },
	{ "help", cmd_help, "" },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int cmd_help(struct control *c)
{
	if (c->n_words)
		return -EINVAL;
	for (size_t i = 0; i < N_COMMANDS; i++)
		text_add(&c->answer, "%-15s %s\n", commands[i].name, commands[i].parameters);
	return 0;
}

static int answer(struct request *req, const struct text *text)
{
	if (text->failed)
		return -ENOMEM;
	if (!text->len)
		return 0; /* "OK" */
	return dispatch_answer(req, text->data, (uint32_t)text->len + 1);
}

int op_control(struct request *req)
{
	struct control c = { .protocol = req->conn->protocol, .conn = req->conn };
	const char *words[WORDS_MAX];
	uint32_t n = dispatch_strings(req, words, WORDS_MAX);
	int r = -EINVAL;

	if (!n || n > WORDS_MAX)
		return -EINVAL;
	c.words = words + 1;
	c.n_words = n - 1;
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(words[0], commands[i].name) == 0)
			r = commands[i].fn(&c);
	if (r == 0)
		r = answer(req, &c.answer);
	text_deinit(&c.answer);
	return r;
}
