/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that wait in a pair of sockets: each is in it at every moment, until it is not
 * wanted. */
#include "park.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define N_MAX 512

struct label {
	uint32_t number;
	char name[16];
};

/* What was put in or got out, by number. */
struct crowd {
	int fds[N_MAX];
	uint32_t n_seen[N_MAX];
	uint32_t refuse; /* every so manieth is not wanted; 0: all are */
	uint32_t at;
	uint32_t n;
};

static struct label label_of(uint32_t number)
{
	struct label label = { .number = number };

	snprintf(label.name, sizeof(label.name), "number %u", number);
	return label;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	CHECK_EQ(fstat(fd, &st), 0);
	return st.st_ino;
}

static void fill(struct crowd *crowd, struct park *park, uint32_t n)
{
	for (; crowd->n < n; crowd->n++) {
		struct label label = label_of(crowd->n);
		int fds[2];

		CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
		close(fds[1]);
		crowd->fds[crowd->n] = fds[0];
		CHECK_EQ(park_add(park, fds[0], &label), 0);
	}
}

static void empty(struct crowd *crowd)
{
	for (uint32_t i = 0; i < crowd->n; i++)
		close(crowd->fds[i]);
}

static bool found(void *ctx, int fd, void *text)
{
	struct crowd *crowd = ctx;
	const struct label *label = text;
	struct label expected = label_of(label->number);

	CHECK(label->number < crowd->n);
	CHECK_MEM_EQ(label, &expected, sizeof(expected));
	CHECK_EQ(inode_of(fd), inode_of(crowd->fds[label->number]));
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	crowd->n_seen[label->number]++;
	/* The park writes its own before it is closed. */
	close(crowd->fds[label->number]);
	crowd->fds[label->number] = fd;
	return !crowd->refuse || label->number % crowd->refuse;
}

static bool next(void *ctx, int *fd, void *text)
{
	struct crowd *crowd = ctx;
	struct label label;

	while (crowd->refuse && crowd->at < crowd->n && crowd->at % crowd->refuse == 0)
		crowd->at++;
	if (crowd->at == crowd->n)
		return false;
	label = label_of(crowd->at);
	*fd = crowd->fds[crowd->at++];
	memcpy(text, &label, sizeof(label));
	return true;
}

/* As the next process does: nothing but the two descriptors is left. */
static struct park *inherit(struct park *park)
{
	struct park *heir;
	int fds[2];

	park_fds(park, fds);
	fds[0] = dup(fds[0]);
	fds[1] = dup(fds[1]);
	park_free(park);
	CHECK_EQ(park_adopt(&heir, fds, sizeof(struct label)), 0);
	return heir;
}

static void check_seen(const struct crowd *crowd, uint32_t times)
{
	for (uint32_t i = 0; i < crowd->n; i++)
		CHECK_EQ(crowd->n_seen[i], crowd->refuse && i % crowd->refuse == 0 ? 1 : times);
}

TEST(all_that_were_parked_come_back_and_stay_for_the_next_one)
{
	struct crowd crowd = { 0 };
	struct park *park;

	CHECK_EQ(park_new(&park, sizeof(struct label)), 0);
	fill(&crowd, park, 100);
	for (uint32_t times = 1; times <= 3; times++) {
		park = inherit(park);
		CHECK_EQ(park_recover(park, found, &crowd), 0);
		check_seen(&crowd, times);
	}
	park_free(park);
	empty(&crowd);
}

TEST(who_is_not_wanted_does_not_come_again)
{
	struct crowd crowd = { .refuse = 3 };
	struct park *park;

	CHECK_EQ(park_new(&park, sizeof(struct label)), 0);
	fill(&crowd, park, 100);
	for (uint32_t times = 1; times <= 2; times++) {
		park = inherit(park);
		CHECK_EQ(park_recover(park, found, &crowd), 0);
		check_seen(&crowd, times);
	}
	park_free(park);
	empty(&crowd);
}

TEST(tidied_it_holds_those_that_are_left_and_nobody_else)
{
	struct crowd crowd = { 0 };
	struct park *park;

	CHECK_EQ(park_new(&park, sizeof(struct label)), 0);
	fill(&crowd, park, 100);
	crowd.refuse = 4;
	CHECK_EQ(park_tidy(park, next, &crowd), 0);
	park = inherit(park);
	CHECK_EQ(park_recover(park, found, &crowd), 0);
	for (uint32_t i = 0; i < crowd.n; i++)
		CHECK_EQ(crowd.n_seen[i], i % 4 ? 1 : 0);
	park_free(park);
	empty(&crowd);
}

/* Of one that is in it only a copy is left: its other end notices when it is dropped. */
TEST(a_descriptor_lives_as_long_as_it_is_in_it)
{
	struct label label = label_of(0);
	struct crowd nobody = { 0 };
	struct park *park;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(park_new(&park, sizeof(label)), 0);
	CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
	CHECK_EQ(park_add(park, fds[0], &label), 0);
	close(fds[0]);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	park_left(park);
	CHECK_EQ(park_tidy(park, next, &nobody), 0);
	CHECK_EQ(write(fds[1], "x", 1), -1);
	CHECK_EQ(errno, EPIPE);
	close(fds[1]);
	park_free(park);
}

static bool count(void *ctx, int fd, void *text)
{
	struct crowd *crowd = ctx;

	(void)text;
	crowd->fds[crowd->n++] = fd;
	return true;
}

TEST(those_for_whom_no_file_may_be_open_are_let_go)
{
	struct crowd all = { 0 }, some = { 0 }, again = { 0 };
	struct rlimit limit, low;
	struct park *park;
	int lowest;

	CHECK_EQ(park_new(&park, sizeof(struct label)), 0);
	fill(&all, park, 20);
	/* In one message. */
	CHECK_EQ(park_tidy(park, next, &all), 0);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	lowest = dup(STDERR_FILENO);
	close(lowest);
	low = limit;
	low.rlim_cur = (rlim_t)lowest + 5;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
	CHECK_EQ(park_recover(park, count, &some), -EMFILE);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK(some.n > 0 && some.n < 20);
	empty(&some);
	park = inherit(park);
	CHECK_EQ(park_recover(park, count, &again), 0);
	CHECK_EQ(again.n, some.n);
	empty(&again);
	empty(&all);
	park_free(park);
}

TEST(what_is_no_ticket_is_refused)
{
	struct crowd crowd = { 0 };
	struct park *park;
	int fds[2];

	CHECK_EQ(park_new(&park, sizeof(struct label)), 0);
	park_fds(park, fds);
	CHECK_EQ(write(fds[0], "gibberish", 9), 9);
	CHECK_EQ(park_recover(park, found, &crowd), -EBADMSG);
	park_free(park);
}
