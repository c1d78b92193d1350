/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pty that survives its clients, and who has it open. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "clients.h"
#include "loop.h"
#include "tty.h"
#include "unit.h"

static void open_tty(struct tty *tty)
{
	tty_init(tty);
	CHECK(!tty_is_open(tty));
	CHECK_EQ(tty_open(tty), 0);
	CHECK(tty_is_open(tty));
}

static int open_as_client(const struct tty *tty)
{
	int fd = open(tty->path, O_RDWR | O_NOCTTY);

	CHECK(fd >= 0);
	return fd;
}

TEST(all_bytes_pass_unchanged_in_both_directions)
{
	char sent[256], got[300];
	struct tty tty;
	int client;

	for (int i = 0; i < 256; i++)
		sent[i] = (char)i;
	open_tty(&tty);
	client = open_as_client(&tty);
	CHECK_EQ(write(tty.master, sent, sizeof(sent)), sizeof(sent));
	/* The kernel hands bytes over in its own time. */
	while (tty_unread_bytes(&tty) < (int)sizeof(sent))
		sched_yield();
	CHECK_EQ(read(client, got, sizeof(got)), sizeof(sent));
	CHECK_MEM_EQ(got, sent, sizeof(sent));
	CHECK_EQ(tty_unread_bytes(&tty), 0);
	CHECK_EQ(write(client, sent, sizeof(sent)), sizeof(sent));
	CHECK_EQ(read(tty.master, got, sizeof(got)), sizeof(sent));
	CHECK_MEM_EQ(got, sent, sizeof(sent));
	close(client);
	tty_close(&tty);
}

TEST(the_master_sees_no_end_when_clients_leave)
{
	struct tty tty;
	char c;

	open_tty(&tty);
	for (int i = 0; i < 3; i++) {
		close(open_as_client(&tty));
		CHECK_EQ(read(tty.master, &c, 1), -1);
		CHECK_EQ(errno, EAGAIN);
	}
	tty_close(&tty);
}

TEST(a_full_pty_is_no_error)
{
	char data[2048] = { 0 };
	struct tty tty;
	ssize_t n;

	open_tty(&tty);
	do
		n = write(tty.master, data, sizeof(data));
	while (n > 0);
	CHECK_EQ(n, -1);
	CHECK_EQ(errno, EAGAIN);
	tty_close(&tty);
}

TEST(only_its_owner_may_open_it_and_it_has_a_size)
{
	struct winsize size;
	struct tty tty;
	struct stat st;

	open_tty(&tty);
	CHECK_EQ(stat(tty.path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_EQ(ioctl(tty.slave, TIOCGWINSZ, &size), 0);
	CHECK_EQ(size.ws_row, 24);
	CHECK_EQ(size.ws_col, 80);
	CHECK(fcntl(tty.master, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(tty.slave, F_GETFD) & FD_CLOEXEC);
	tty_close(&tty);
	CHECK(!tty_is_open(&tty));
	CHECK_STR_EQ(tty.path, "");
}

/* --- clients --- */

struct watched {
	struct clients_pty pty;
	struct tty tty;
	unsigned int n_left;
};

static void on_left(struct clients_pty *pty)
{
	struct watched *watched = (void *)pty;

	watched->n_left++;
	tty_make_raw(&watched->tty);
}

struct bench {
	struct loop *loop;
	struct clients *clients;
	struct watched one, two;
	struct loop_hook hook;
};

static void stop_after_turn(void *ctx)
{
	loop_stop(ctx, 0);
}

static void turn(struct bench *bench)
{
	loop_again(bench->loop);
	CHECK_EQ(loop_run(bench->loop), 0);
}

static void set_up(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	CHECK_EQ(loop_new(&bench->loop), 0);
	CHECK_EQ(clients_new(&bench->clients, bench->loop), 0);
	bench->hook = (struct loop_hook){ .fn = stop_after_turn, .ctx = bench->loop };
	loop_turn_hook(bench->loop, &bench->hook);
	for (struct watched *watched = &bench->one; watched;
	     watched = watched == &bench->one ? &bench->two : NULL) {
		open_tty(&watched->tty);
		watched->pty.left = on_left;
		CHECK_EQ(clients_watch(bench->clients, &watched->pty, watched->tty.path), 0);
	}
}

static void tear_down(struct bench *bench)
{
	clients_unwatch(bench->clients, &bench->one.pty);
	clients_unwatch(bench->clients, &bench->two.pty);
	tty_close(&bench->one.tty);
	tty_close(&bench->two.tty);
	clients_free(bench->clients);
	loop_free(bench->loop);
}

TEST(clients_are_counted_as_they_come_and_go)
{
	struct bench bench;
	int a, b;

	set_up(&bench);
	turn(&bench);
	CHECK_EQ(bench.one.pty.n_clients, 0);
	a = open_as_client(&bench.one.tty);
	turn(&bench);
	b = open_as_client(&bench.one.tty);
	turn(&bench);
	CHECK_EQ(bench.one.pty.n_clients, 2);
	CHECK_EQ(bench.two.pty.n_clients, 0);
	close(a);
	turn(&bench);
	CHECK_EQ(bench.one.pty.n_clients, 1);
	CHECK_EQ(bench.one.n_left, 1);
	close(b);
	turn(&bench);
	CHECK_EQ(bench.one.pty.n_clients, 0);
	CHECK_EQ(bench.one.n_left, 2);
	CHECK_EQ(bench.two.n_left, 0);
	tear_down(&bench);
}

TEST(what_a_client_did_to_the_settings_is_undone_when_it_leaves)
{
	struct termios before, after, changed;
	struct bench bench;
	int client;

	set_up(&bench);
	client = open_as_client(&bench.one.tty);
	CHECK_EQ(tcgetattr(client, &before), 0);
	changed = before;
	changed.c_lflag |= ECHO | ICANON | ISIG;
	changed.c_oflag |= OPOST | ONLCR;
	CHECK_EQ(tcsetattr(client, TCSANOW, &changed), 0);
	close(client);
	turn(&bench);
	CHECK_EQ(tcgetattr(bench.one.tty.slave, &after), 0);
	CHECK_EQ(after.c_lflag & (ECHO | ICANON | ISIG), 0);
	CHECK_EQ(after.c_oflag & OPOST, 0);
	tear_down(&bench);
}

TEST(an_unwatched_pty_is_forgotten)
{
	struct bench bench;

	set_up(&bench);
	clients_unwatch(bench.clients, &bench.one.pty);
	clients_unwatch(bench.clients, &bench.one.pty);
	close(open_as_client(&bench.one.tty));
	turn(&bench);
	CHECK_EQ(bench.one.n_left, 0);
	tear_down(&bench);
}
