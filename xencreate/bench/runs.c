/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a program takes from its start to its end, again and again: "runs N COMMAND…", where
 * each %d of the command is the number of the run. Prints least, median, 99th percentile and most
 * in milliseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 32
#define WORD_MAX  256

extern char **environ;

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void put_number(char word[WORD_MAX], const char *from, unsigned int number)
{
	const char *at = strstr(from, "%d");

	if (at)
		snprintf(word, WORD_MAX, "%.*s%u%s", (int)(at - from), from, number, at + 2);
	else
		snprintf(word, WORD_MAX, "%s", from);
}

static int run(char **command, int n_words, unsigned int number)
{
	static const char nowhere[] = "/dev/null";
	char words[WORDS_MAX][WORD_MAX], *argv[WORDS_MAX + 1] = { 0 };
	posix_spawn_file_actions_t actions;
	int status, r;
	pid_t pid;

	for (int i = 0; i < n_words; i++) {
		put_number(words[i], command[i], number);
		argv[i] = words[i];
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, nowhere, O_WRONLY, 0);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 2 ? (unsigned int)atoi(argv[1]) : 0, n_failed = 0;
	uint64_t *took = calloc(n + 1, sizeof(*took));

	if (!n || argc - 2 > WORDS_MAX || !took) {
		fprintf(stderr, "usage: runs N COMMAND...\n");
		return 2;
	}
	for (unsigned int i = 0; i < n; i++) {
		uint64_t start_us = now_us();

		n_failed += run(argv + 2, argc - 2, i + 1) != 0;
		took[i] = now_us() - start_us;
	}
	qsort(took, n, sizeof(*took), compare);
	printf("least %.2f p50 %.2f p99 %.2f most %.2f ms, %u failed\n", (double)took[0] / 1e3,
	       (double)took[(n * 50 + 99) / 100 - 1] / 1e3,
	       (double)took[(n * 99 + 99) / 100 - 1] / 1e3, (double)took[n - 1] / 1e3, n_failed);
	free(took);
	return n_failed ? 1 : 0;
}
