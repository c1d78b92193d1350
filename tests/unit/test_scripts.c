/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop.h"
#include "unit.h"

struct outcome {
	struct loop *loop;
	unsigned int n_left;
	int error, status;
	char said[SCRIPTS_SAID_MAX];
};

static void on_done(void *ctx, const struct scripts_result *result)
{
	struct outcome *outcome = ctx;

	outcome->error = result->error;
	outcome->status = result->status;
	snprintf(outcome->said, sizeof(outcome->said), "%s", result->said);
	if (!--outcome->n_left)
		loop_stop(outcome->loop, 0);
}

/* Runs sh -c @text, @n times, at most @n_max at a time. */
static void run(struct outcome *outcome, const char *text, unsigned int n, size_t n_max,
		uint64_t timeout_ms)
{
	const char *const argv[] = { "sh", "-c", text, NULL };
	const char *const env[] = { "XENBUS_PATH=backend/vif/1/0", NULL };
	const struct scripts_request request = {
		.argv = argv,
		.env = env,
		.timeout_ms = timeout_ms,
		.done = on_done,
		.ctx = outcome,
	};
	CLEANUP(loop_free) struct loop *loop = NULL;
	CLEANUP(scripts_free) struct scripts *scripts = NULL;

	*outcome = (struct outcome){ .n_left = n };
	CHECK_EQ(loop_new(&loop), 0);
	outcome->loop = loop;
	CHECK_EQ(scripts_new(&scripts, loop, n_max), 0);
	for (unsigned int i = 0; i < n; i++)
		CHECK_EQ(scripts_run(scripts, &request), 0);
	CHECK_EQ(outcome->n_left, n); /* never from within */
	CHECK_EQ(loop_run(loop), 0);
}

TEST(a_script_has_its_environment_and_no_input)
{
	struct outcome outcome;

	run(&outcome, "test \"$XENBUS_PATH\" = backend/vif/1/0 && ! read line", 1, 1, 5000);
	CHECK_EQ(outcome.error, 0);
	CHECK_STR_EQ(outcome.said, "");
}

TEST(a_failure_comes_with_the_last_line)
{
	struct outcome outcome;

	run(&outcome, "echo first; echo the reason >&2; exit 3", 1, 1, 5000);
	CHECK_EQ(outcome.error, -EIO);
	CHECK_EQ(outcome.status, 3);
	CHECK_STR_EQ(outcome.said, "the reason");
	run(&outcome, "kill -9 $$", 1, 1, 5000);
	CHECK_EQ(outcome.error, -EPIPE);
}

TEST(one_that_says_too_much_is_not_kept_waiting)
{
	struct outcome outcome;

	run(&outcome, "i=0; while [ $i -lt 9000 ]; do echo 0123456789abcdef; i=$((i + 1)); done", 1,
	    1, 5000);
	CHECK_EQ(outcome.error, 0);
	CHECK_STR_EQ(outcome.said, "0123456789abcdef");
}

/* Its end closes what it holds of the pipe: read() tells then. */
TEST(time_ends_a_script_with_all_that_it_has_started)
{
	struct outcome outcome;
	char byte, text[64];
	int fds[2];

	CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
	snprintf(text, sizeof(text), "sleep 77 >/proc/%d/fd/%d & wait", getpid(), fds[1]);
	run(&outcome, text, 1, 1, 100);
	CHECK_EQ(outcome.error, -ETIMEDOUT);
	close(fds[1]);
	CHECK_EQ(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

TEST(a_script_gets_no_descriptor_that_others_left_open)
{
	int fd = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
	struct outcome outcome;
	char text[64];

	CHECK(fd > 2);
	snprintf(text, sizeof(text), "[ -e /proc/$$/fd/1 ] && [ ! -e /proc/$$/fd/%d ]", fd);
	run(&outcome, text, 1, 1, 5000);
	CHECK_EQ(outcome.error, 0);
	close(fd);
}

TEST(no_more_run_at_a_time_than_may)
{
	char folder[] = "/tmp/test_scripts.XXXXXX", text[256];
	struct outcome outcome;

	CHECK(mkdtemp(folder));
	snprintf(text, sizeof(text),
		 "touch %s/$$; [ $(ls %s | wc -l) -le 2 ]; r=$?; sleep 0.01; rm %s/$$; exit $r",
		 folder, folder, folder);
	run(&outcome, text, 8, 2, 5000);
	CHECK_EQ(outcome.error, 0);
	rmdir(folder);
}

TEST(what_cannot_be_started_says_so)
{
	const char *const argv[] = { "/no/such/script", NULL };
	struct outcome outcome = { .n_left = 1 };
	const struct scripts_request request = {
		.argv = argv, .timeout_ms = 1000, .done = on_done, .ctx = &outcome
	};
	CLEANUP(loop_free) struct loop *loop = NULL;
	CLEANUP(scripts_free) struct scripts *scripts = NULL;

	CHECK_EQ(loop_new(&loop), 0);
	outcome.loop = loop;
	CHECK_EQ(scripts_new(&scripts, loop, 1), 0);
	CHECK_EQ(scripts_run(scripts, &request), 0);
	CHECK_EQ(loop_run(loop), 0);
	CHECK_EQ(outcome.error, -EIO);
	CHECK_EQ(outcome.status, 127);
	CHECK_STR_EQ(outcome.said, "No such file or directory");
}
