/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines on their way to the journal, as its socket receives them. */
#include "journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

struct bench {
	char dir[64];
	char path[96];
	int fd; /* where the journal would listen; -1: nobody does */
	struct journal *journal;
	struct journal_source *source;
};

static void listen_there(struct bench *bench)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, bench->path);
	bench->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK_EQ(bind(bench->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void set_up(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	strcpy(bench->dir, "/tmp/test_journal.XXXXXX");
	CHECK(mkdtemp(bench->dir));
	snprintf(bench->path, sizeof(bench->path), "%s/socket", bench->dir);
	listen_there(bench);
	CHECK_EQ(journal_new(&bench->journal, bench->path), 0);
	CHECK_EQ(journal_source_new(&bench->source, bench->journal, "guest-web", 7), 0);
}

static void tear_down(struct bench *bench)
{
	journal_source_free(bench->source);
	journal_free(bench->journal);
	if (bench->fd >= 0)
		close(bench->fd);
	unlink(bench->path);
	rmdir(bench->dir);
}

/* The value of one field of the next message, "" if there is none; NULL if there is no message. */
static const char *next(struct bench *bench, const char *field, char value[4096])
{
	char message[8192], *at = message;
	ssize_t n = recv(bench->fd, message, sizeof(message), 0);

	if (n < 0)
		return NULL;
	value[0] = '\0';
	while (at < message + n) {
		char *newline = memchr(at, '\n', (size_t)(message + n - at));
		uint64_t len;

		CHECK(newline && newline + 1 + sizeof(len) <= message + n);
		memcpy(&len, newline + 1, sizeof(len));
		len = le64toh(len);
		CHECK(newline + 1 + sizeof(len) + len < message + n);
		if ((size_t)(newline - at) == strlen(field) && !memcmp(at, field, strlen(field))) {
			memcpy(value, newline + 1 + sizeof(len), len);
			value[len] = '\0';
		}
		at = newline + 1 + sizeof(len) + len;
		CHECK_EQ(*at++, '\n');
	}
	return value;
}

static void put(struct bench *bench, const char *text)
{
	journal_write(bench->source, text, strlen(text));
}

TEST(each_line_is_one_entry_with_its_domain)
{
	struct bench bench;
	char value[4096];

	set_up(&bench);
	CHECK_EQ(journal_source_name(bench.source, "web"), 0);
	put(&bench, "one\r\ntwo\nth");
	CHECK_STR_EQ(next(&bench, "MESSAGE", value), "one");
	CHECK_STR_EQ(next(&bench, "XEN_DOMID", value), "7");
	CHECK(!next(&bench, "MESSAGE", value));
	put(&bench, "ree\nfour\nfive\n");
	CHECK_STR_EQ(next(&bench, "MESSAGE", value), "three");
	CHECK_STR_EQ(next(&bench, "XEN_DOMAIN", value), "web");
	CHECK_STR_EQ(next(&bench, "SYSLOG_IDENTIFIER", value), "guest-web");
	CHECK_EQ(journal_lost_bytes(bench.source), 0);
	tear_down(&bench);
}

TEST(a_line_without_an_end_is_cut_where_it_is_too_long)
{
	char text[2 * JOURNAL_LINE_MAX + 10], value[4096];
	struct bench bench;

	set_up(&bench);
	memset(text, 'x', sizeof(text));
	journal_write(bench.source, text, sizeof(text));
	CHECK_EQ(strlen(next(&bench, "MESSAGE", value)), JOURNAL_LINE_MAX);
	CHECK_EQ(strlen(next(&bench, "MESSAGE", value)), JOURNAL_LINE_MAX);
	CHECK(!next(&bench, "MESSAGE", value));
	tear_down(&bench);
}

TEST(the_rest_of_a_line_is_sent_at_the_end)
{
	struct bench bench;
	char value[4096];

	set_up(&bench);
	put(&bench, "login: ");
	journal_source_free(bench.source);
	bench.source = NULL;
	CHECK_STR_EQ(next(&bench, "MESSAGE", value), "login: ");
	tear_down(&bench);
}

TEST(a_name_cannot_forge_a_field)
{
	struct bench bench;
	char value[4096];

	set_up(&bench);
	CHECK_EQ(journal_source_name(bench.source, "x\nPRIORITY=0\nMESSAGE=forged"), 0);
	put(&bench, "MESSAGE=also forged\n");
	CHECK_STR_EQ(next(&bench, "MESSAGE", value), "MESSAGE=also forged");
	put(&bench, "two\n");
	CHECK_STR_EQ(next(&bench, "PRIORITY", value), "6");
	put(&bench, "three\n");
	CHECK_STR_EQ(next(&bench, "XEN_DOMAIN", value), "x\nPRIORITY=0\nMESSAGE=forged");
	tear_down(&bench);
}

TEST(nobody_waits_for_a_journal_that_is_slow_or_away)
{
	struct bench bench;
	char value[4096];

	set_up(&bench);
	for (int i = 0; i < 100000 && !journal_lost_bytes(bench.source); i++)
		put(&bench, "a line\n");
	CHECK_EQ(journal_lost_bytes(bench.source), 7);
	close(bench.fd);
	unlink(bench.path);
	put(&bench, "nobody\n");
	CHECK_EQ(journal_lost_bytes(bench.source), 14);
	listen_there(&bench);
	put(&bench, "again\n");
	CHECK_STR_EQ(next(&bench, "MESSAGE", value), "again");
	CHECK_EQ(journal_lost_bytes(bench.source), 14);
	tear_down(&bench);
}
