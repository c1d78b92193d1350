/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table says which key of oxenstored.conf means what here. */
#include "server/conffile.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "server/options.h"

enum meaning { NOT_NEEDED, TEXT, SINK, NUMBER_OR_NONE, BOOL, LIMIT, LIMITS_ON, LEVEL };

#define AT(field) offsetof(struct options, field)

static const struct {
	const char *key;
	enum meaning meaning;
	/* In struct options (TEXT, SINK: a const char *, NUMBER_OR_NONE: a uint32_t, BOOL); LIMIT:
	 * which. */
	size_t at;
	const char *why; /* NOT_NEEDED */
} keys[] = {
	{ "pid-file", TEXT, AT(pid_file), NULL },
	{ "xenstored-kva", TEXT, AT(kva_path), NULL },
	{ "xenstored-port", TEXT, AT(port_path), NULL },
	{ "ring-scan-interval", NUMBER_OR_NONE, AT(ring_scan_s), NULL },
	{ "xenstored-log-file", SINK, AT(log.to), NULL },
	{ "xenstored-log-level", LEVEL, 0, NULL },
	{ "xenstored-log-nb-files", NUMBER_OR_NONE, AT(log.n_files), NULL },
	{ "xenstored-log-nb-lines", NUMBER_OR_NONE, AT(log.n_lines), NULL },
	{ "xenstored-log-nb-chars", NUMBER_OR_NONE, AT(log.n_chars), NULL },
	{ "access-log-file", SINK, AT(access.sink.to), NULL },
	{ "access-log-nb-files", NUMBER_OR_NONE, AT(access.sink.n_files), NULL },
	{ "access-log-nb-lines", NUMBER_OR_NONE, AT(access.sink.n_lines), NULL },
	{ "access-log-nb-chars", NUMBER_OR_NONE, AT(access.sink.n_chars), NULL },
	{ "access-log-read-ops", BOOL, AT(access.reads), NULL },
	{ "access-log-transactions-ops", BOOL, AT(access.txns), NULL },
	{ "access-log-special-ops", BOOL, AT(access.special), NULL },
	{ "test-eagain", BOOL, AT(test_eagain), NULL },
	{ "quota-activate", LIMITS_ON, 0, NULL },
	{ "quota-maxentity", LIMIT, QUOTA_NODES, NULL },
	{ "quota-maxsize", LIMIT, QUOTA_NODE_SIZE, NULL },
	{ "quota-maxwatch", LIMIT, QUOTA_WATCHES, NULL },
	{ "quota-transaction", LIMIT, QUOTA_TRANSACTIONS, NULL },
	{ "quota-maxrequests", LIMIT, QUOTA_TXN_NODES, NULL },
	{ "quota-maxoutstanding", LIMIT, QUOTA_OUTSTANDING, NULL },
	{ "quota-path-max", LIMIT, QUOTA_PATH, NULL },
	{ "quota-maxwatchevents", NOT_NEEDED, 0,
	  "events that wait are bounded by the quota \"memory\" and by --timeout" },
	{ "perms-activate", NOT_NEEDED, 0, "permissions are always checked" },
	{ "perms-watch-activate", NOT_NEEDED, 0, "nobody hears of what he may not read" },
	{ "merge-activate", NOT_NEEDED, 0, "transactions are always merged" },
	{ "persistent", NOT_NEEDED, 0, "the store is always kept; --no-state: not" },
	{ "conflict-burst-limit", NOT_NEEDED, 0,
	  "who lost a conflict goes first, whoever caused it" },
	{ "conflict-max-history-seconds", NOT_NEEDED, 0, "there is no history to be searched" },
	{ "conflict-rate-limit-is-aggregate", NOT_NEEDED, 0, "there is no such limit" },
	{ "allow-debug", NOT_NEEDED, 0, "commands are dom0's alone" },
	{ "gc-max-overhead", NOT_NEEDED, 0, "there is no garbage to be collected" },
};

static bool lift_limits(struct options *options, const char *value)
{
	if (strcmp(value, "true") == 0)
		return true;
	if (strcmp(value, "false") != 0)
		return false;
	for (enum quota_item i = 0; i < QUOTA_N; i++) {
		options->set[0][i] = true;
		options->limit[0][i] = 0;
	}
	return true;
}

static bool read_bool(const char *value, bool *out)
{
	*out = strcmp(value, "true") == 0;
	return *out || strcmp(value, "false") == 0;
}

/* Below 0 is as 0: none, or any. */
static bool read_number_or_none(const char *value, uint32_t *out)
{
	uint32_t below;

	if (value[0] != '-')
		return options_number(value, out);
	*out = 0;
	return options_number(value + 1, &below);
}

static bool read_level(struct options *options, const char *value)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "debug", LOG_LEVEL_DEBUG },
		{ "info", LOG_LEVEL_INFO },
		{ "warn", LOG_LEVEL_WARNING },
		{ "error", LOG_LEVEL_ERROR },
		/* Why a daemon ended is worth knowing all the same. */
		{ "null", LOG_LEVEL_ERROR },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, value) == 0) {
			options->log_level = levels[i].level;
			return true;
		}
	return false;
}

static bool apply(struct options *options, size_t i, char *value)
{
	void *at = (char *)options + keys[i].at;

	switch (keys[i].meaning) {
	case NOT_NEEDED:
		return true;
	case SINK:
		if (!sink_is_known(value))
			return false;
		memcpy(at, &value, sizeof(value));
		return true;
	case TEXT:
		memcpy(at, &value, sizeof(value));
		return value[0];
	case NUMBER_OR_NONE:
		return read_number_or_none(value, at);
	case BOOL:
		return read_bool(value, at);
	case LIMIT:
		options->set[0][keys[i].at] = true;
		return options_number(value, &options->limit[0][keys[i].at]);
	case LIMITS_ON:
		return lift_limits(options, value);
	case LEVEL:
		return read_level(options, value);
	}
	return false;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static int find(const char *key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].key, key) == 0)
			return (int)i;
	return -1;
}

/* @at says which line it is. Returns what is wrong with it, or NULL. */
static const char *apply_line(struct options *options, char *line, const char *at, bool explain)
{
	char *value, *key;
	int i;

	line[strcspn(line, "#")] = '\0';
	key = trim(line);
	if (!*key)
		return NULL;
	value = strchr(key, '=');
	if (!value)
		return "not \"key = value\"";
	*value = '\0';
	value = trim(value + 1);
	key = trim(key);
	i = find(key);
	if (i < 0) {
		fprintf(stderr, "xenstored: %s: %s: nobody knows this key; skipped\n", at, key);
		options->n_unknown++;
		return NULL;
	}
	if (!apply(options, (size_t)i, value))
		return "a value that makes no sense";
	if (explain)
		fprintf(stderr, "xenstored: %s: %s: %s%s\n", at, key,
			keys[i].why ? "not needed: " : "taken", keys[i].why ? keys[i].why : "");
	return NULL;
}

static int read_file(const char *path, char **out)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		return -errno;
	if (getdelim(&text, &size, '\0', file) < 0)
		r = feof(file) ? 0 : -EIO;
	fclose(file);
	if (r < 0) {
		free(text);
		return r;
	}
	*out = text;
	return 0;
}

int conffile_read(struct options *options, const char *path, bool explain)
{
	char *text = NULL, *line, *rest;
	char at[300];
	int r = read_file(path, &text);
	int n = 0;

	if (r < 0) {
		fprintf(stderr, "xenstored: %s: %s\n", path, strerror(-r));
		return r;
	}
	/* Values are used in place. */
	free(options->config);
	options->config = rest = text;
	while ((line = strsep(&rest, "\n"))) {
		const char *wrong;

		snprintf(at, sizeof(at), "%.250s:%d", path, ++n);
		wrong = apply_line(options, line, at, explain);
		if (wrong) {
			fprintf(stderr, "xenstored: %s: %s\n", at, wrong);
			r = -EINVAL;
		}
	}
	return r;
}
