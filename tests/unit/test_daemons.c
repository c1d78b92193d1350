/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemons.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static const char *const names[] = { "somestored", "otherstored", NULL };

/* A process of that name that listens, if there is a path, and then waits to be killed. */
static pid_t start(const char *name, const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		strcpy(address.sun_path, socket_path);
		if ((*socket_path && (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
				      listen(fd, 5) < 0)) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	CHECK(file);
	CHECK(fputs(text, file) >= 0);
	CHECK_EQ(fclose(file), 0);
}

TEST(a_pid_file_names_a_process_only_if_it_is_called_so)
{
	char path[] = "/tmp/test_daemons.XXXXXX", text[32];
	pid_t other = start("bystander", ""), right = start("otherstored", "");
	struct daemons_process process = { 0 };
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	snprintf(text, sizeof(text), "%d\n", (int)right);
	write_file(path, text);
	CHECK_EQ(daemons_named(&process, path, names), 0);
	CHECK_EQ(process.pid, right);
	CHECK_STR_EQ(process.name, "otherstored");
	end(right);
	CHECK_EQ(daemons_named(&process, path, names), -ESRCH);
	snprintf(text, sizeof(text), "%d\n", (int)other);
	write_file(path, text);
	CHECK_EQ(daemons_named(&process, path, names), -ESRCH);
	end(other);
	unlink(path);
	CHECK_EQ(daemons_named(&process, path, names), -ESRCH);
}

TEST(a_pid_file_with_nonsense_names_nobody)
{
	static const char *const texts[] = {
		"", "\n", "-1\n", "0\n", "nobody\n", " 1 ", "4294967297\n", "99999999999999\n"
	};
	char path[] = "/tmp/test_daemons.XXXXXX";
	struct daemons_process process;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(path, texts[i]);
		CHECK_EQ(daemons_named(&process, path, names), -ESRCH);
	}
	unlink(path);
}

TEST(of_two_that_are_called_alike_the_socket_tells_which)
{
	char folder[] = "/tmp/test_daemons.XXXXXX", path[64];
	struct daemons_process process = { 0 };
	pid_t elsewhere, here;

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	elsewhere = start("somestored", "");
	here = start("somestored", path);
	CHECK_EQ(daemons_peer(&process, path, names), 0);
	CHECK_EQ(process.pid, here);
	CHECK_STR_EQ(process.name, "somestored");
	end(here);
	CHECK_EQ(daemons_peer(&process, path, names), -ECONNREFUSED);
	end(elsewhere);
	unlink(path);
	CHECK_EQ(daemons_peer(&process, path, names), -ECONNREFUSED);
	rmdir(folder);
}
