/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of files that are not as they were left: a damaged state is refused, never half
 * used; nor is one of another version, another boot or another daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/store.h"
#include "persist/format.h"
#include "persist/journal.h"
#include "persist/persist_priv.h"
#include "persist_world.h"
#include "protocol/wire.h"
#include "step.h"
#include "unit.h"

struct site {
	struct world_ring rings[WORLD_CLIENTS];
	struct world *world;
	struct persist_options options;
	char dir[64];
	char copy[64];
	char *dump; /* of the world as it was when it was killed */
};

static struct site site;

void step_reached(const char *name)
{
	(void)name;
}

static void ask(uint32_t type, const char *payload, uint32_t len)
{
	world_ask(site.world, 0, type, 0, payload, len);
}

#define ASK(type, payload) ask(type, payload, sizeof(payload) - 1)

static void take_turn(uint32_t flush_max)
{
	world_serve(site.world, 0, 1u << 20);
	persist_commit(site.world->persist);
	world_flush(site.world, 0, flush_max);
	persist_delivered(site.world->persist);
}

/* A few turns, an image in between, the last answer on its way. */
static void begin(void)
{
	memset(&site, 0, sizeof(site));
	world_folder(site.dir);
	world_folder(site.copy);
	CHECK_EQ(world_new(&site.world, site.dir, site.rings, &site.options), 0);
	world_connect(site.world, 0, &site.rings[0]);
	ASK(WIRE_WRITE, "/a/b\0value");
	ASK(WIRE_SET_PERMS, "/a\0r1\0b2\0");
	take_turn(1000);
	CHECK_EQ(persist_finish(site.world->persist), 0);
	ASK(WIRE_WATCH, "/a\0token\0");
	take_turn(1000);
	ASK(WIRE_WRITE, "/a/c\0other");
	take_turn(20);
	site.dump = world_dump(site.world);
}

static void end(void)
{
	if (site.world)
		world_free(site.world);
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		free(site.rings[i].requests);
		free(site.rings[i].received);
	}
	free(site.dump);
	world_remove(site.dir);
	world_remove(site.copy);
}

#define SITE_TEST(name)                   \
	static void at_site_##name(void); \
	TEST(name)                        \
	{                                 \
		begin();                  \
		at_site_##name();         \
		end();                    \
	}                                 \
	static void at_site_##name(void)

/* Brings up the copy; its dump, to be freed, or NULL with the error in *@r. */
static char *revive(const struct persist_options *options, int *r)
{
	struct world *world;
	char *dump;

	*r = world_new(&world, site.copy, site.rings, options);
	if (*r < 0)
		return NULL;
	dump = world_dump(world);
	world_free(world);
	return dump;
}

static int open_copy(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", site.copy, name);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	return fd;
}

static uint32_t copy_size(const char *name)
{
	int fd = open_copy(name);
	struct stat st;

	CHECK_EQ(fstat(fd, &st), 0);
	close(fd);
	return (uint32_t)st.st_size;
}

static void change_byte(const char *name, uint32_t at, uint8_t mask)
{
	int fd = open_copy(name);
	uint8_t byte;

	CHECK_EQ(pread(fd, &byte, 1, at), 1);
	byte ^= mask;
	CHECK_EQ(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void expect(int wanted)
{
	int r;
	char *dump = revive(&site.options, &r);

	CHECK_EQ(r, wanted);
	if (dump)
		CHECK_STR_EQ(dump, site.dump);
	free(dump);
}

/* Refused, or as good as new: nothing between. Returns whether it was refused. */
static bool expect_honesty(const char *name, uint32_t at)
{
	int r;
	char *dump = revive(&site.options, &r);

	if (r < 0) {
		if (r != -EBADMSG && r != -ENOTSUP && r != -ENODATA && r != -ESTALE)
			print_message("%s, byte %u: %s\n", name, at, strerror(-r));
		CHECK(r == -EBADMSG || r == -ENOTSUP || r == -ENODATA);
		return true;
	}
	if (strcmp(dump, site.dump) != 0)
		print_message("%s, byte %u: accepted with something else\n", name, at);
	CHECK_STR_EQ(dump, site.dump);
	free(dump);
	return false;
}

SITE_TEST(a_kill_leaves_all_of_it)
{
	world_copy(site.dir, site.copy);
	expect(0);
}

static const char *const names[] = { "turn", "journal.0", "journal.1", "image" };

/* EVERY=1 in the environment takes every byte, otherwise about one in 13. */
static uint32_t stride(void)
{
	return getenv("EVERY") ? 1 : 13;
}

SITE_TEST(a_flipped_bit_is_found_or_harmless)
{
	uint32_t n_refused = 0, n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t size, at;

		world_copy(site.dir, site.copy);
		size = copy_size(names[i]);
		/* What lies behind the end of the journals is all alike. */
		if (size > 20000)
			size = 20000;
		for (at = i % stride(); at < size; at += at < 1024 ? 1 : stride() * 5) {
			world_copy(site.dir, site.copy);
			change_byte(names[i], at, (uint8_t)(1u << (at * 7 + i) % 8));
			if (strcmp(names[i], "turn") == 0 && at >= 32 && at < 56)
				continue; /* another boot: that is another test */
			n_refused += expect_honesty(names[i], at);
			n++;
		}
	}
	print_message("%u of %u flips refused\n", n_refused, n);
	CHECK(n_refused > 500);
}

SITE_TEST(a_file_cut_off_anywhere_is_found_or_was_not_needed)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t size;

		world_copy(site.dir, site.copy);
		size = copy_size(names[i]);
		for (uint32_t at = 0; at < size; at += at < 1500 ? 3 : 977) {
			int fd;

			world_copy(site.dir, site.copy);
			fd = open_copy(names[i]);
			CHECK_EQ(ftruncate(fd, at), 0);
			close(fd);
			expect_honesty(names[i], at);
		}
	}
}

SITE_TEST(a_missing_file_is_found)
{
	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		world_copy(site.dir, site.copy);
		snprintf(path, sizeof(path), "%s/%s", site.copy, names[i]);
		CHECK_EQ(unlink(path), 0);
		expect(-EBADMSG);
	}
}

SITE_TEST(an_image_of_another_state_is_refused)
{
	char command[256], other[64];
	struct world *world;

	world_folder(other);
	CHECK_EQ(world_new(&world, other, site.rings, &site.options), 0);
	world_free(world);
	world_copy(site.dir, site.copy);
	snprintf(command, sizeof(command), "cp %s/image %s/image", other, site.copy);
	CHECK_EQ(system(command), 0);
	expect(-EBADMSG);
	world_remove(other);
}

static void write_at(const char *name, uint32_t at, const void *data, size_t len)
{
	int fd = open_copy(name);

	CHECK_EQ(pwrite(fd, data, len, at), (ssize_t)len);
	close(fd);
}

SITE_TEST(a_newer_version_is_refused)
{
	uint32_t newer = FORMAT_VERSION + 1;

	world_copy(site.dir, site.copy);
	write_at("turn", offsetof(struct format_mark, version), &newer, sizeof(newer));
	expect(-ENOTSUP);
}

SITE_TEST(what_is_from_before_a_boot_is_forgotten)
{
	struct turn_page page;
	int fd, r;
	char *dump;

	world_copy(site.dir, site.copy);
	fd = open_copy("turn");
	CHECK_EQ(pread(fd, &page, sizeof(page), 0), sizeof(page));
	page.boot_id[3] ^= 1;
	page.checksum = checksum(&page, offsetof(struct turn_page, checksum), 0);
	CHECK_EQ(pwrite(fd, &page, sizeof(page), 0), sizeof(page));
	close(fd);
	dump = revive(&site.options, &r);
	CHECK_EQ(r, 0);
	CHECK(!strstr(dump, "/a/b"));
	free(dump);
}

SITE_TEST(two_daemons_do_not_share_a_folder)
{
	struct world *world;

	CHECK_EQ(world_new(&world, site.dir, site.rings, &site.options), -EEXIST);
}

SITE_TEST(fresh_sets_aside_what_is_there)
{
	struct persist_options options = { .fresh = true };
	char path[128];
	int r;
	char *dump;

	world_copy(site.dir, site.copy);
	change_byte("image", 100, 1);
	dump = revive(&options, &r);
	CHECK_EQ(r, 0);
	CHECK(!strstr(dump, "/a/b"));
	free(dump);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/aside.1/%s", site.copy, names[i]);
		CHECK_EQ(unlink(path), 0);
	}
	snprintf(path, sizeof(path), "%s/aside.1", site.copy);
	CHECK_EQ(rmdir(path), 0);
}

static void remove_aside(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s/aside.1", site.copy);
	CHECK_EQ(system(command), 0);
}

SITE_TEST(recover_takes_what_came_before_the_damage)
{
	struct persist_options options = { .recover = true };
	uint64_t number = journal_state(site.world->persist->journal)->number;
	int r;
	char *dump;

	/* The last byte of the last record's value. */
	world_copy(site.dir, site.copy);
	change_byte(number & 1 ? "journal.1" : "journal.0",
		    (uint32_t)(sizeof(struct journal_head) +
			       journal_bytes(site.world->persist->journal) - 1),
		    0x10);
	expect(-EBADMSG);
	dump = revive(&options, &r);
	CHECK_EQ(r, 0);
	CHECK(strstr(dump, "/a/b"));
	CHECK(strstr(dump, "watch /a token"));
	CHECK(!strstr(dump, "/a/c"));
	free(dump);
	/* What was recovered is a state like any other. */
	dump = revive(&site.options, &r);
	CHECK_EQ(r, 0);
	CHECK(strstr(dump, "watch /a token"));
	free(dump);
	remove_aside();
}

SITE_TEST(recover_without_a_journal_takes_the_image)
{
	struct persist_options options = { .recover = true };
	int r;
	char *dump;

	world_copy(site.dir, site.copy);
	change_byte("turn", 3, 0x20);
	dump = revive(&options, &r);
	CHECK_EQ(r, 0);
	CHECK(strstr(dump, "/a/b"));
	CHECK(!strstr(dump, "/a/c"));
	free(dump);
	remove_aside();
}

SITE_TEST(reading_takes_no_room)
{
	uint64_t bytes;

	take_turn(1000);
	take_turn(1000);
	bytes = journal_bytes(site.world->persist->journal);
	for (int i = 0; i < 1000; i++) {
		ASK(WIRE_READ, "/a/b\0");
		take_turn(1000);
	}
	CHECK_EQ(journal_bytes(site.world->persist->journal), bytes);
	free(site.dump);
	site.dump = world_dump(site.world);
	world_copy(site.dir, site.copy);
	expect(0);
}

SITE_TEST(a_turn_without_anything_writes_nothing)
{
	uint64_t serial;

	take_turn(1000);
	take_turn(1000);
	serial = journal_serial(site.world->persist->journal);
	take_turn(1000);
	CHECK_EQ(journal_serial(site.world->persist->journal), serial);
}

/* A file system without room, as far as files that grow can tell. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size ? size : limit.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Looks for room, or makes an image, as often as it takes. */
static void wait_for_room(void)
{
	for (int i = 0; i < 60; i++) {
		ASK(WIRE_READ, "/a/b\0");
		site.world->now_ms = (uint64_t)i * 100;
		take_turn(1000);
	}
}

static const char *last_answer(void)
{
	return site.rings[0].received + site.rings[0].rsp_prod - 7;
}

SITE_TEST(without_room_changes_are_refused_until_there_is_some)
{
	static char big[3000] = "/big-0";

	site.world->persist->step_bytes = 200;
	limit_files(4096);
	for (int i = 0; i < 300; i++) {
		big[5] = (char)('0' + i % 50);
		ask(WIRE_WRITE, big, sizeof(big));
		take_turn(10000);
	}
	CHECK_STR_EQ(last_answer(), "ENOSPC");
	CHECK(!site.world->persist->is_broken);
	ASK(WIRE_RM, "/big-1\0");
	take_turn(1000);
	CHECK_STR_EQ(site.rings[0].received + site.rings[0].rsp_prod - 3, "OK");
	/* Killed now, it comes back with all that it has acknowledged. */
	limit_files(0);
	free(site.dump);
	site.dump = world_dump(site.world);
	world_copy(site.dir, site.copy);
	expect(0);
	wait_for_room();
	ASK(WIRE_WRITE, "/after\0x");
	take_turn(1000);
	take_turn(1000);
	free(site.dump);
	site.dump = world_dump(site.world);
	CHECK(strstr(site.dump, "/after"));
	world_copy(site.dir, site.copy);
	expect(0);
}

SITE_TEST(what_is_larger_than_the_reserve_is_owned_up_to)
{
	static char big[3000] = "/big-000";

	ASK(WIRE_TRANSACTION_START, "\0");
	take_turn(1000);
	for (int i = 0; i < 500; i++) {
		snprintf(big, sizeof(big), "/big-%03d", i);
		world_ask(site.world, 0, WIRE_WRITE, 1, big, sizeof(big));
		take_turn(1000);
	}
	limit_files(4096);
	world_ask(site.world, 0, WIRE_TRANSACTION_END, 1, "T\0", 2);
	take_turn(1000);
	CHECK(site.world->persist->is_broken);
	ASK(WIRE_RM, "/big-001\0");
	take_turn(1000);
	CHECK_STR_EQ(last_answer(), "ENOSPC");
	/* Killed now, it would come back with less than it has acknowledged: so it says. */
	limit_files(0);
	world_copy(site.dir, site.copy);
	expect(-ENODATA);
	site.world->persist->step_bytes = 100000;
	wait_for_room();
	CHECK(!site.world->persist->is_broken);
	ASK(WIRE_WRITE, "/after\0x");
	take_turn(1000);
	take_turn(1000);
	free(site.dump);
	site.dump = world_dump(site.world);
	CHECK(strstr(site.dump, "/after"));
	world_copy(site.dir, site.copy);
	expect(0);
}
