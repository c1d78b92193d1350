/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "guestcfg.h"
#include "log.h"
#include "plan.h"
#include "unit.h"

#define UUID_A "00000000-0000-4000-8000-00000000000a"
#define PLAN   "xencreate-journal 1\nwait ready\nconfig /a b\ndomain 0 1023 " UUID_A " web 1\ngo\n"

struct seen {
	char text[256];
	int stop;
};

static int note(void *ctx, const struct claim *claim)
{
	struct seen *seen = ctx;
	size_t len = strlen(seen->text);

	if (claim->name)
		snprintf(seen->text + len, sizeof(seen->text) - len, "%s/%02x;", claim->name,
			 claim->uuid[15]);
	else
		snprintf(seen->text + len, sizeof(seen->text) - len, "%llx;",
			 (unsigned long long)claim->mac);
	return seen->stop;
}

/* A file of a folder; the descriptor holds its lock if it is to be a living process's. */
static int put(const char *folder, const char *name, const char *text, bool alive)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	if (alive)
		CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

static void take_away(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	CHECK_EQ(unlink(path), 0);
}

TEST(what_living_batches_and_pools_are_about_to_use_is_listed)
{
	char folder[] = "/tmp/claims-XXXXXX";
	struct seen seen = { 0 };
	int batch, dead, pool;

	CHECK(mkdtemp(folder));
	batch = put(folder, "1.journal", PLAN "mac 00:16:3e:00:00:07\nbegun 0 5\ndomain 0 1 half",
		    true);
	dead = put(folder, "2.journal", "domain 0 1023 " UUID_A " dead\n", false);
	pool = put(folder, "p.pool",
		   "xencreate-pool 1\n"
		   "plan 1 000000000000400080000000000000010 1\nbegun 1 3\nready 1 0 0\n"
		   "plan 2 000000000000400080000000000000011 2\nbegun 2 4\nready 2 0 0\n"
		   "taken 2 me given away\n",
		   true);
	close(put(folder, "notes", "domain 0 1023 " UUID_A " no journal\n", false));
	CHECK_EQ(claims_each(folder, NULL, note, &seen), 0);
	CHECK(strstr(seen.text, "web 1/0a;163e000007;"));
	CHECK(strstr(seen.text, "given away/"));
	CHECK(!strstr(seen.text, "half") && !strstr(seen.text, "dead") &&
	      !strstr(seen.text, "no journal"));
	close(batch);
	close(dead);
	close(pool);
	take_away(folder, "1.journal");
	take_away(folder, "2.journal");
	take_away(folder, "p.pool");
	take_away(folder, "notes");
	CHECK_EQ(rmdir(folder), 0);
}

TEST(ones_own_are_left_out_and_the_first_that_matters_ends_the_search)
{
	char folder[] = "/tmp/claims-XXXXXX", own[64];
	struct seen seen = { .stop = -EEXIST };
	int batch;

	CHECK(mkdtemp(folder));
	batch = put(folder, "1.journal", PLAN "domain 0 1023 " UUID_A " web 2\n", true);
	CHECK_EQ(claims_each(folder, NULL, note, &seen), -EEXIST);
	CHECK_STR_EQ(seen.text, "web 1/0a;");
	snprintf(own, sizeof(own), "%s/1.journal", folder);
	seen = (struct seen){ 0 };
	CHECK_EQ(claims_each(folder, own, note, &seen), 0);
	CHECK_STR_EQ(seen.text, "");
	close(batch);
	take_away(folder, "1.journal");
	CHECK_EQ(rmdir(folder), 0);
	CHECK_EQ(claims_each(folder, NULL, note, &seen), 0); /* no folder: nobody claims */
}

TEST(a_plan_clashes_by_name_or_by_a_given_uuid)
{
	char folder[] = "/tmp/claims-XXXXXX";
	struct guestcfg config = { .name = (char *)"web" };
	struct plan_domain domain = { .config = &config, .name = "other" };
	CLEANUP(log_free) struct log *log = NULL;
	CLEANUP(plan_free) struct plan *plan = NULL;
	int batch;

	CHECK_EQ(log_new(&log, "test", LOG_LEVEL_ERROR, 0), 0);
	CHECK(mkdtemp(folder));
	batch = put(folder, "1.journal", PLAN, true);
	CHECK_EQ(guestcfg_uuid(domain.uuid, UUID_A), 0);
	CHECK_EQ(plan_restore(&plan, &domain, 1, log), 0);
	CHECK_EQ(claims_check(plan, folder, NULL, log), 0); /* a random one is nobody else's */
	config.has_uuid = true;
	CHECK_EQ(claims_check(plan, folder, NULL, log), -EEXIST);
	config.has_uuid = false;
	plan_free(STEAL(plan));
	strcpy(domain.name, "web 1");
	CHECK_EQ(plan_restore(&plan, &domain, 1, log), 0);
	CHECK_EQ(claims_check(plan, folder, NULL, log), -EEXIST);
	close(batch);
	CHECK_EQ(claims_check(plan, folder, NULL, log), 0);
	take_away(folder, "1.journal");
	CHECK_EQ(rmdir(folder), 0);
}

TEST(who_looks_is_alone)
{
	char folder[] = "/tmp/claims-XXXXXX";
	int gate = -1, other = -1;

	CHECK(mkdtemp(folder));
	CHECK_EQ(claims_enter(&gate, folder, true), 0);
	CHECK_EQ(claims_enter(&other, folder, false), -EBUSY);
	close(gate);
	CHECK_EQ(claims_enter(&other, folder, false), 0);
	close(other);
	CHECK_EQ(rmdir(folder), 0);
}
