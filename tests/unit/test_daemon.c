/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going into the background, saying so, and being the only one. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

/* What a daemon tells about itself to the test. */
struct report {
	pid_t pid, sid;
	char cwd[64];
	dev_t stdio_rdev[3];
};

static void report_and_serve(int to)
{
	struct report report = { .pid = getpid(), .sid = getsid(0) };
	struct stat st;

	if (!getcwd(report.cwd, sizeof(report.cwd)))
		_exit(9);
	for (int fd = 0; fd < 3; fd++)
		report.stdio_rdev[fd] = fstat(fd, &st) == 0 ? st.st_rdev : 0;
	if (write(to, &report, sizeof(report)) != sizeof(report))
		_exit(9);
}

/* Starts a child that becomes a daemon; it says so, or dies without a word. Returns its status. */
static int start(bool well, struct report *report)
{
	int fds[2], status, ready_fd;
	pid_t child;

	CHECK_EQ(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		if (daemon_fork(&ready_fd) < 0)
			_exit(8);
		report_and_serve(fds[1]);
		if (well)
			daemon_ready(ready_fd);
		_exit(7);
	}
	CHECK(child > 0);
	CHECK_EQ(read(fds[0], report, sizeof(*report)), sizeof(*report));
	CHECK_EQ(waitpid(child, &status, 0), child);
	close(fds[0]);
	close(fds[1]);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(the_first_process_ends_well_only_after_the_daemon_has_said_that_it_serves)
{
	struct report report;

	CHECK_EQ(start(true, &report), EXIT_SUCCESS);
	CHECK_EQ(start(false, &report), EXIT_FAILURE);
}

TEST(a_daemon_has_left_everything_behind)
{
	struct report report;
	struct stat null;

	CHECK_EQ(stat("/dev/null", &null), 0);
	CHECK_EQ(start(true, &report), EXIT_SUCCESS);
	CHECK_STR_EQ(report.cwd, "/");
	/* Leading no session, it can't acquire a terminal by opening one. */
	CHECK_NE(report.sid, report.pid);
	CHECK_NE(report.sid, getsid(0));
	for (int fd = 0; fd < 3; fd++)
		CHECK_EQ(report.stdio_rdev[fd], null.st_rdev);
}

TEST(the_service_manager_is_told)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/test_daemon.XXXXXX", message[256];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ssize_t n;

	CHECK(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", dir);
	CHECK_EQ(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	daemon_ready(-1);
	unsetenv("NOTIFY_SOCKET");
	n = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);
	CHECK(n > 0);
	message[n] = '\0';
	CHECK(strstr(message, "READY=1"));
	close(fd);
	unlink(address.sun_path);
	rmdir(dir);
}

TEST(a_pid_file_names_its_owner_and_its_lock_holds_until_that_ends)
{
	char dir[] = "/tmp/test_daemon.XXXXXX", path[64], text[32] = "";
	struct daemon_pidfile *mine = NULL, *other = NULL;
	int fds[2], fd, pid = 0, status;
	pid_t child;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pid", dir);
	CHECK_EQ(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		char go;

		close(fds[1]);
		if (daemon_pidfile_take(&mine, path, &pid) < 0)
			_exit(9);
		_exit(read(fds[0], &go, 1) == 0 ? 0 : 9);
	}
	close(fds[0]);
	/* Until the child has the lock the file may be ours for the taking: wait for its content.
	 */
	do {
		usleep(1000);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		if (fd >= 0)
			close(fd);
	} while (atoi(text) != child);
	CHECK_EQ(daemon_pidfile_take(&other, path, &pid), -EEXIST);
	CHECK_EQ(pid, child);
	close(fds[1]);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	/* It has not removed its file, as one that is killed. */
	CHECK_EQ(access(path, F_OK), 0);
	CHECK_EQ(daemon_pidfile_take(&other, path, &pid), 0);
	daemon_pidfile_drop(other);
	CHECK_EQ(access(path, F_OK), -1);
	rmdir(dir);
}

TEST(a_pid_file_in_a_folder_that_is_not_there_is_an_error)
{
	struct daemon_pidfile *pidfile = NULL;
	int other;

	CHECK_EQ(daemon_pidfile_take(&pidfile, "/tmp/no/such/folder/pid", &other), -ENOENT);
	CHECK(!pidfile);
	daemon_pidfile_drop(NULL);
}
