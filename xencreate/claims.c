/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals and ledgers are the record: one that is locked has a living process. The gate is a lock
 * on their folder, held while somebody looks into them and adds to his own, so that of two who want
 * the same the second one sees the first.
 */
#include "claims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "device.h"
#include "guestcfg.h"
#include "journal.h"
#include "lockfile.h"
#include "log.h"
#include "macs.h"
#include "plan.h"
#include "pool/ledger.h"

#define GATE_MS 10000

struct search {
	int (*fn)(void *ctx, const struct claim *claim);
	void *ctx;
};

int claims_enter(int *gate, const char *folder, bool wait)
{
	CLEANUP(close_fd) int fd = -1;
	int r;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = lockfile_take(fd, wait ? GATE_MS : 0);
	if (r < 0)
		return r;
	*gate = STEAL_FD(fd);
	return 0;
}

/* "domain CONFIG CAP UUID NAME" or "mac ADDRESS"; whatever else stands there claims nothing. */
static int claim_line(const struct search *search, char *line)
{
	struct claim claim = { 0 };
	uint8_t uuid[16], mac[DEVICE_MAC_LEN];
	char text[37];
	int n = 0;

	if (!strncmp(line, "mac ", 4) && !device_mac_parse(mac, line + 4)) {
		claim.mac = macs_number(mac);
		return search->fn(search->ctx, &claim);
	}
	if (sscanf(line, "domain %*u %*u %36s %n", text, &n) != 1 || !n ||
	    guestcfg_uuid(uuid, text) < 0)
		return 0;
	claim.name = line + n;
	claim.uuid = uuid;
	return search->fn(search->ctx, &claim);
}

static int search_journal(const struct search *search, const char *path)
{
	FILE *file = fopen(path, "re");
	CLEANUP(free) char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int r = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno; /* its batch has just ended */
	while (!r && (len = getline(&line, &size, file)) > 0) {
		if (line[len - 1] != '\n')
			break;
		line[len - 1] = '\0';
		r = claim_line(search, line);
	}
	fclose(file);
	return r;
}

static int search_ledger(const struct search *search, const char *folder, const char *pool)
{
	struct ledger_list list = TAILQ_HEAD_INITIALIZER(list);
	const struct ledger_entry *entry;
	int r = ledger_look(&list, &entry, folder, pool, "");

	if (r == -ENOENT || r == -EINVAL)
		r = 0; /* it has just gone; what is no ledger claims nothing */
	TAILQ_FOREACH (entry, &list, link) {
		const struct claim claim = { .name = entry->name, .uuid = entry->uuid };

		if (!r && entry->state == LEDGER_TAKEN)
			r = search->fn(search->ctx, &claim);
	}
	ledger_list_free(&list);
	return r;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && !strcmp(name + len - end, suffix);
}

static int search_file(const struct search *search, const char *folder, const char *name,
		       const char *own)
{
	char path[PATH_MAX], pool[NAME_MAX + 1];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if ((own && !strcmp(path, own)) || !lockfile_is_held(path))
		return 0;
	if (ends_in(name, JOURNAL_SUFFIX))
		return search_journal(search, path);
	snprintf(pool, sizeof(pool), "%.*s", (int)(strlen(name) - strlen(LEDGER_SUFFIX)), name);
	return search_ledger(search, folder, pool);
}

int claims_each(const char *folder, const char *own,
		int (*fn)(void *ctx, const struct claim *claim), void *ctx)
{
	const struct search search = { fn, ctx };
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (entry = readdir(dir)))
		if (ends_in(entry->d_name, JOURNAL_SUFFIX) || ends_in(entry->d_name, LEDGER_SUFFIX))
			r = search_file(&search, folder, entry->d_name, own);
	closedir(dir);
	return r;
}

/* --- a plan --- */

struct check {
	const struct plan *plan;
	struct log *log;
	const struct plan_domain **given; /* owned: those whose UUID was given */
	size_t n_given;
};

static int compare(void *ctx, const struct claim *claim)
{
	const struct check *check = ctx;
	const struct plan_domain *same;

	if (!claim->name)
		return 0;
	same = plan_find(check->plan, claim->name);
	for (size_t i = 0; !same && i < check->n_given; i++)
		if (!memcmp(check->given[i]->uuid, claim->uuid, 16))
			same = check->given[i];
	if (!same)
		return 0;
	log_error(check->log,
		  "another batch, or a pool, is making a domain with the name or UUID of %s",
		  same->name);
	return -EEXIST;
}

int claims_check(const struct plan *plan, const char *folder, const char *own, struct log *log)
{
	CLEANUP(free)
	const struct plan_domain **given = calloc(plan->n_domains + 1, sizeof(const void *));
	struct check check = { .plan = plan, .log = log, .given = given };

	if (!given)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_domains; i++)
		if (plan->domains[i].config->has_uuid)
			given[check.n_given++] = &plan->domains[i];
	return claims_each(folder, own, compare, &check);
}
