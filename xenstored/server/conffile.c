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

enum meaning { SKIPPED, TEXT, NUMBER, LIMIT, LIMITS_ON, LEVEL };

static const struct {
	const char *key;
	enum meaning meaning;
	size_t at; /* in struct options (TEXT: a const char *, NUMBER: a uint32_t); LIMIT: which */
} keys[] = {
	{ "pid-file", TEXT, offsetof(struct options, pid_file) },
	{ "access-log-file", TEXT, offsetof(struct options, trace_file) },
	{ "xenstored-kva", TEXT, offsetof(struct options, kva_path) },
	{ "xenstored-port", TEXT, offsetof(struct options, port_path) },
	{ "xenstored-log-level", LEVEL, 0 },
	{ "quota-activate", LIMITS_ON, 0 },
	{ "quota-maxentity", LIMIT, QUOTA_NODES },
	{ "quota-maxsize", LIMIT, QUOTA_NODE_SIZE },
	{ "quota-maxwatch", LIMIT, QUOTA_WATCHES },
	{ "quota-transaction", LIMIT, QUOTA_TRANSACTIONS },
	{ "quota-maxrequests", LIMIT, QUOTA_TXN_NODES },
	{ "quota-maxoutstanding", LIMIT, QUOTA_OUTSTANDING },
	{ "quota-path-max", LIMIT, QUOTA_PATH },
	{ "quota-maxwatchevents", SKIPPED, 0 },
	{ "perms-activate", SKIPPED, 0 },
	{ "perms-watch-activate", SKIPPED, 0 },
	{ "merge-activate", SKIPPED, 0 },
	{ "test-eagain", SKIPPED, 0 },
	{ "persistent", SKIPPED, 0 },
	{ "conflict-burst-limit", SKIPPED, 0 },
	{ "conflict-max-history-seconds", SKIPPED, 0 },
	{ "conflict-rate-limit-is-aggregate", SKIPPED, 0 },
	{ "xenstored-log-file", SKIPPED, 0 },
	{ "xenstored-log-nb-files", SKIPPED, 0 },
	{ "xenstored-log-nb-lines", SKIPPED, 0 },
	{ "xenstored-log-nb-chars", SKIPPED, 0 },
	{ "access-log-nb-files", SKIPPED, 0 },
	{ "access-log-nb-lines", SKIPPED, 0 },
	{ "access-log-nb-chars", SKIPPED, 0 },
	{ "access-log-read-ops", SKIPPED, 0 },
	{ "access-log-transactions-ops", SKIPPED, 0 },
	{ "access-log-special-ops", SKIPPED, 0 },
	{ "allow-debug", SKIPPED, 0 },
	{ "ring-scan-interval", NUMBER, offsetof(struct options, ring_scan_s) },
	{ "gc-max-overhead", SKIPPED, 0 },
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

static bool apply(struct options *options, size_t i, char *value)
{
	switch (keys[i].meaning) {
	case SKIPPED:
		return true;
	case TEXT:
		memcpy((char *)options + keys[i].at, &value, sizeof(value));
		return value[0];
	case NUMBER:
		return options_number(value, (uint32_t *)((char *)options + keys[i].at));
	case LIMIT:
		options->set[0][keys[i].at] = true;
		return options_number(value, &options->limit[0][keys[i].at]);
	case LIMITS_ON:
		return lift_limits(options, value);
	case LEVEL:
		options->verbose = strcmp(value, "debug") == 0;
		return true;
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

/* Returns what is wrong with the line, or NULL. */
static const char *apply_line(struct options *options, char *line)
{
	char *value, *key;

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
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].key, key) == 0)
			return apply(options, i, value) ? NULL : "a value that makes no sense";
	return "a key that is not known";
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

int conffile_read(struct options *options, const char *path)
{
	char *text = NULL, *line, *rest;
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

		n++;
		wrong = apply_line(options, line);
		if (wrong) {
			fprintf(stderr, "xenstored: %s:%d: %s\n", path, n, wrong);
			r = -EINVAL;
		}
	}
	return r;
}
