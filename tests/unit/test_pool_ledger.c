/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockfile.h"
#include "unit.h"

#define HEAD   "xencreate-pool 1\n"
#define UUID_A "0000000000004000800000000000000a"
#define UUID_B "0000000000004000800000000000000b"

static const uint8_t uuid_a[16] = { [15] = 0xa }, uuid_b[16] = { [15] = 0xb };

static struct ledger_entry *only(struct ledger_list *list)
{
	struct ledger_entry *entry = TAILQ_FIRST(list);

	CHECK(entry && !TAILQ_NEXT(entry, link));
	return entry;
}

TEST(each_record_is_read_back)
{
	struct ledger_list list = TAILQ_HEAD_INITIALIZER(list);
	struct ledger_entry *entry;

	CHECK_EQ(ledger_read(&list, HEAD "plan 7 " UUID_A " 3\n"), 0);
	entry = only(&list);
	CHECK_EQ(entry->state, LEDGER_PLANNED);
	CHECK_EQ(entry->number, 3);
	CHECK_EQ(entry->uuid[15], 0xa);
	ledger_list_free(&list);
	CHECK_EQ(ledger_read(&list, HEAD "plan 7 " UUID_A " 3\nbegun 7 12\nready 7 ff 900\n"
					 "taken 7 id-1 a name\n"),
		 0);
	entry = only(&list);
	CHECK_EQ(entry->state, LEDGER_TAKEN);
	CHECK_EQ(entry->domid, 12);
	CHECK_EQ(entry->form, 255);
	CHECK_EQ(entry->born_s, 900);
	CHECK_STR_EQ(entry->request, "id-1");
	CHECK_STR_EQ(entry->name, "a name");
	ledger_list_free(&list);
}

TEST(what_was_not_written_to_its_end_is_not_so)
{
	struct ledger_list list = TAILQ_HEAD_INITIALIZER(list);

	CHECK_EQ(ledger_read(&list, "xencreate-po"), 0);
	CHECK(TAILQ_EMPTY(&list));
	CHECK_EQ(ledger_read(&list, HEAD "plan 1 " UUID_A " 1\ntaken 1 id a\ngiven 1"), 0);
	CHECK_EQ(only(&list)->state, LEDGER_TAKEN);
	ledger_list_free(&list);
	CHECK_EQ(ledger_read(&list, HEAD "plan 1 " UUID_A " 1\ntaken 1 id a\ngiven 1\n"), 0);
	CHECK_EQ(only(&list)->state, LEDGER_GIVEN);
	ledger_list_free(&list);
}

TEST(what_is_no_ledger_is_refused)
{
	static const char *const texts[] = {
		"xencreate-journal 1\n",
		HEAD "begun 1 2\n",
		HEAD "plan 1 xyz 1\n",
		HEAD "plan 1 " UUID_A "\n",
		HEAD "plan 1 " UUID_A " 1\nplan 1 " UUID_B " 1\n",
		HEAD "plan 1 " UUID_A " 1\nready 1\n",
		HEAD "plan 1 " UUID_A " 1\ntaken 1 id\n",
		HEAD "plan 1 " UUID_A " 1\nlost 1\n",
		HEAD "nonsense\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ledger_list list = TAILQ_HEAD_INITIALIZER(list);

		CHECK_EQ(ledger_read(&list, texts[i]), -EINVAL);
		ledger_list_free(&list);
	}
}

/* A folder of the test's own. */
static char *folder_new(void)
{
	char template[] = "/tmp/ledger-XXXXXX";

	return strdup(mkdtemp(template));
}

TEST(the_next_process_finds_what_the_last_one_had)
{
	CLEANUP(free) char *folder = folder_new();
	struct ledger *ledger, *second;
	struct ledger_entry *a, *b, *gone;

	CHECK_EQ(ledger_open(&ledger, folder, "p"), 0);
	CHECK_EQ(ledger_open(&second, folder, "p"), -EBUSY);
	CHECK_EQ(ledger_plan(ledger, &a, uuid_a, 1), 0);
	CHECK_EQ(ledger_plan(ledger, &gone, uuid_b, 2), 0);
	CHECK_EQ(ledger_gone(ledger, gone), 0);
	CHECK_EQ(ledger_plan(ledger, &b, uuid_b, 2), 0);
	CHECK_EQ(ledger_begun(ledger, a, 5), 0);
	CHECK_EQ(ledger_ready(ledger, a, 77, 8), 0);
	ledger_close(ledger);

	CHECK_EQ(ledger_open(&ledger, folder, "p"), 0);
	a = TAILQ_FIRST(ledger_entries(ledger));
	b = TAILQ_NEXT(a, link);
	CHECK_EQ(a->state, LEDGER_READY);
	CHECK_EQ(a->domid, 5);
	CHECK_EQ(a->form, 77);
	CHECK_EQ(b->state, LEDGER_PLANNED);
	CHECK_EQ(b->number, 2);
	CHECK(!TAILQ_NEXT(b, link));
	/* Numbers are not used again: lines about the old one cannot be taken for the new one's. */
	CHECK_NE(b->id, 2);
	CHECK_EQ(ledger_gone(ledger, a), 0);
	CHECK_EQ(ledger_gone(ledger, b), 0);
	ledger_close(ledger);
	CHECK_EQ(rmdir(folder), 0); /* nothing is left to say */
}

TEST(a_taker_finds_what_became_of_its_request)
{
	CLEANUP(free) char *folder = folder_new();
	struct ledger_list list = TAILQ_HEAD_INITIALIZER(list);
	const struct ledger_entry *found;
	struct ledger *ledger;
	struct ledger_entry *a, *b;

	CHECK_EQ(ledger_open(&ledger, folder, "p"), 0);
	CHECK_EQ(ledger_plan(ledger, &a, uuid_a, 1), 0);
	CHECK_EQ(ledger_plan(ledger, &b, uuid_b, 2), 0);
	CHECK_EQ(ledger_taken(ledger, a, "mine", "web"), 0);
	CHECK_EQ(ledger_given(ledger, a), 0);
	CHECK_EQ(ledger_look(&list, &found, folder, "p", "mine"), 0);
	CHECK(found && found->state == LEDGER_GIVEN);
	CHECK_STR_EQ(found->name, "web");
	ledger_list_free(&list);
	CHECK_EQ(ledger_look(&list, &found, folder, "p", "other"), 0);
	CHECK(!found);
	ledger_list_free(&list);
	CHECK_EQ(ledger_look(&list, &found, folder, "q", "mine"), -ENOENT);
	ledger_gone(ledger, b);
	ledger_close(ledger);
	CHECK_EQ(rmdir(folder), 0);
}

TEST(the_file_does_not_grow_with_the_domains_that_come_and_go)
{
	CLEANUP(free) char *folder = folder_new();
	struct ledger *ledger;
	struct ledger_entry *entry;
	char path[64], request[16];
	FILE *file;
	long size;

	CHECK_EQ(ledger_open(&ledger, folder, "p"), 0);
	for (int i = 0; i < 20000; i++) {
		CHECK_EQ(ledger_plan(ledger, &entry, uuid_a, 1), 0);
		snprintf(request, sizeof(request), "%d", i);
		CHECK_EQ(ledger_taken(ledger, entry, request, "n"), 0);
		CHECK_EQ(ledger_given(ledger, entry), 0);
	}
	CHECK_EQ(ledger_plan(ledger, &entry, uuid_b, 1), 0);
	snprintf(path, sizeof(path), "%s/p.pool", folder);
	file = fopen(path, "r");
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	fclose(file);
	CHECK(size < 500000);
	CHECK(lockfile_is_held(path));
	ledger_close(ledger);
	CHECK(!lockfile_is_held(path));
	CHECK_EQ(ledger_open(&ledger, folder, "p"), 0);
	entry = TAILQ_LAST(ledger_entries(ledger), ledger_list);
	CHECK_EQ(entry->uuid[15], 0xb);
	ledger_gone(ledger, entry);
	ledger_close(ledger);
	CHECK_EQ(rmdir(folder), 0);
}

TEST(a_pool_is_called_by_letters_and_digits)
{
	CHECK(ledger_pool_check("web-1.a_b"));
	CHECK(!ledger_pool_check(""));
	CHECK(!ledger_pool_check("../x"));
	CHECK(!ledger_pool_check(".x"));
	CHECK(!ledger_pool_check("a b"));
	CHECK(!ledger_pool_check("a/b"));
}
