/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals that outlive a daemon; the test plays the service manager, and one daemon after
 * another. */
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "unit.h"

/* Where the manager has what it keeps, out of the way of the descriptors that it hands out. */
#define SAFE_FD	 200
#define KEPT_MAX 16
#define N_MANY	 300

struct manager {
	char name[32]; /* of its socket, which has no file */
	int notify;
	int fds[KEPT_MAX];
	char names[KEPT_MAX][32];
	uint32_t n;
};

struct world {
	struct manager manager;
	struct loop *loop;
	struct log *log;
	struct loop_hook hook;
	struct kept *kept;
};

static void stop_after_turn(void *ctx)
{
	loop_stop(ctx, 0);
}

static void turn(struct world *world)
{
	loop_again(world->loop);
	CHECK_EQ(loop_run(world->loop), 0);
}

static void keep(struct manager *manager, const char *text, int fd)
{
	const char *name = strstr(text, "FDNAME=");

	CHECK(name && strstr(text, "FDSTORE=1") && strstr(text, "FDPOLL=0"));
	CHECK(manager->n < KEPT_MAX);
	manager->fds[manager->n] = fcntl(fd, F_DUPFD, SAFE_FD);
	snprintf(manager->names[manager->n++], sizeof(manager->names[0]), "%.31s", name + 7);
	close(fd);
}

static void read_notifications(struct manager *manager)
{
	char text[256], room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { text, sizeof(text) - 1 };
	ssize_t n;

	for (;;) {
		struct msghdr message = { .msg_iov = &iov,
					  .msg_iovlen = 1,
					  .msg_control = room,
					  .msg_controllen = sizeof(room) };
		int fd;

		n = recvmsg(manager->notify, &message, MSG_DONTWAIT);
		if (n < 0)
			return;
		text[n] = '\0';
		CHECK(CMSG_FIRSTHDR(&message) != NULL);
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
		keep(manager, text, fd);
	}
}

/* As systemd does: the descriptors from 3 on, and what they are in the environment. */
static void begin_daemon(struct world *world)
{
	struct manager *manager = &world->manager;
	char text[32], names[KEPT_MAX * 33] = "";

	read_notifications(manager);
	for (uint32_t i = 0; i < manager->n; i++) {
		CHECK_EQ(dup2(manager->fds[i], 3 + (int)i), 3 + (int)i);
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? ":" : "",
			 manager->names[i]);
	}
	setenv("NOTIFY_SOCKET", manager->name, 1);
	if (manager->n) {
		snprintf(text, sizeof(text), "%d", getpid());
		setenv("LISTEN_PID", text, 1);
		snprintf(text, sizeof(text), "%u", manager->n);
		setenv("LISTEN_FDS", text, 1);
		setenv("LISTEN_FDNAMES", names, 1);
	}
	CHECK_EQ(kept_new(&world->kept, world->loop, world->log), 0);
	CHECK(world->kept != NULL);
}

/* It ends and lets the next one go on. */
static void end_daemon(struct world *world)
{
	kept_leave(world->kept);
	kept_free(world->kept);
	world->kept = NULL;
}

static void set_up(struct world *world)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *name = world->manager.name;
	socklen_t len;
	int fd;

	memset(world, 0, sizeof(*world));
	/* The places from 3 on are the manager's to fill. */
	for (int i = 3; i < 3 + KEPT_MAX; i++)
		if (fcntl(i, F_GETFD) < 0)
			CHECK_EQ(dup2(0, i), i);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	len = (socklen_t)snprintf(name, sizeof(world->manager.name), "@test-kept-%d", getpid());
	memcpy(address.sun_path + 1, name + 1, len - 1);
	len += offsetof(struct sockaddr_un, sun_path);
	CHECK_EQ(bind(fd, (struct sockaddr *)&address, len), 0);
	world->manager.notify = fcntl(fd, F_DUPFD, SAFE_FD);
	close(fd);
	CHECK_EQ(loop_new(&world->loop), 0);
	CHECK_EQ(log_new(&world->log, "test_kept", LOG_LEVEL_ERROR, LOG_TARGET_STDERR), 0);
	world->hook = (struct loop_hook){ .fn = stop_after_turn, .ctx = world->loop };
	loop_turn_hook(world->loop, &world->hook);
	begin_daemon(world);
}

static void tear_down(struct world *world)
{
	kept_free(world->kept);
	log_free(world->log);
	loop_free(world->loop);
	for (uint32_t i = 0; i < world->manager.n; i++)
		close(world->manager.fds[i]);
	close(world->manager.notify);
	unsetenv("NOTIFY_SOCKET");
}

static struct kept_label label_of(uint32_t domid)
{
	struct kept_label label = { .domid = domid };

	memset(label.handle, (int)domid + 1, sizeof(label.handle));
	return label;
}

static void open_kept(struct world *world, uint32_t domid, struct tty *tty, struct kept_tty *entry)
{
	struct kept_label label = label_of(domid);

	memset(entry, 0, sizeof(*entry));
	tty_init(tty);
	CHECK_EQ(tty_open(tty), 0);
	kept_add(world->kept, entry, &label, tty);
	CHECK(entry->place != NULL);
}

static int open_client(const char *path)
{
	return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static bool is_hung_up(int client)
{
	struct pollfd state = { .fd = client };

	return poll(&state, 1, 0) == 1 && (state.revents & POLLHUP);
}

TEST(without_a_manager_nothing_is_kept)
{
	struct kept_label label = label_of(1);
	struct kept_tty entry = { 0 };
	struct kept *kept = NULL;
	struct tty tty;

	unsetenv("NOTIFY_SOCKET");
	CHECK_EQ(kept_new(&kept, NULL, NULL), 0);
	CHECK(!kept);
	CHECK(!kept_has(kept, 1));
	tty_init(&tty);
	CHECK(!kept_take(kept, &label, "/dev/pts/0", &tty, &entry));
	CHECK_EQ(tty_open(&tty), 0);
	kept_add(kept, &entry, &label, &tty);
	kept_remove(kept, &entry);
	kept_forget(kept, 1);
	kept_leave(kept);
	tty_close(&tty);
}

TEST(a_client_goes_on_where_it_was)
{
	struct kept_label label = label_of(7);
	struct kept_tty entry;
	struct world world;
	struct tty tty, next;
	bool has_client = false;
	char path[TTY_PATH_SIZE], got[16];
	int client;

	set_up(&world);
	open_kept(&world, 7, &tty, &entry);
	memcpy(path, tty.path, sizeof(path));
	client = open_client(path);
	CHECK_EQ(write(tty.master, "before ", 7), 7);
	end_daemon(&world);
	tty_close(&tty);
	CHECK(!is_hung_up(client));
	CHECK_EQ(write(client, "keys", 4), 4);

	begin_daemon(&world);
	CHECK(kept_has(world.kept, 7));
	CHECK(!kept_has(world.kept, 8));
	tty_init(&next);
	CHECK(kept_take(world.kept, &label, path, &next, &entry));
	CHECK_EQ(tty_complete(&next, entry.label.tty.device, &has_client), 0);
	CHECK(has_client);
	CHECK(!kept_has(world.kept, 7));
	CHECK_STR_EQ(next.path, path);
	CHECK_EQ(write(next.master, "after", 5), 5);
	for (size_t n = 0; n < 12;) {
		ssize_t more = read(client, got + n, sizeof(got) - n);

		CHECK(more > 0 || errno == EAGAIN);
		n += more > 0 ? (size_t)more : 0;
	}
	CHECK_MEM_EQ(got, "before after", 12);
	CHECK_EQ(read(next.master, got, sizeof(got)), 4);
	CHECK_MEM_EQ(got, "keys", 4);

	/* And once more, with nobody there. */
	close(client);
	end_daemon(&world);
	tty_close(&next);
	begin_daemon(&world);
	CHECK(kept_take(world.kept, &label, path, &next, &entry));
	CHECK_EQ(tty_complete(&next, entry.label.tty.device, &has_client), 0);
	CHECK(!has_client);
	CHECK_EQ(tty_complete(&next, entry.label.tty.device + 1, &has_client), -ENXIO);
	kept_remove(world.kept, &entry);
	tty_close(&next);
	tear_down(&world);
}

/* Takes with one wrong word, and looks whether the client is hung up. */
static void check_refused(const struct kept_label *label, const char *path)
{
	struct kept_tty entry;
	struct world world;
	struct tty tty, next;
	int client;

	set_up(&world);
	open_kept(&world, 7, &tty, &entry);
	client = open_client(tty.path);
	end_daemon(&world);
	begin_daemon(&world);
	tty_init(&next);
	CHECK(kept_has(world.kept, 7));
	CHECK(!kept_take(world.kept, label, path ? path : tty.path, &next, &entry));
	CHECK(!tty_is_open(&next));
	CHECK(!kept_has(world.kept, 7));
	tty_close(&tty);
	turn(&world);
	CHECK(is_hung_up(client));
	close(client);
	tear_down(&world);
}

TEST(a_domain_with_the_number_of_another_does_not_get_its_terminal)
{
	struct kept_label label = label_of(7);

	label.handle[15]++;
	check_refused(&label, NULL);
}

/* A dead domain's client may still read its last words when its number is another's already. */
TEST(of_two_with_one_number_the_right_one_is_taken_and_the_other_closed)
{
	struct kept_label labels[2] = { label_of(7), label_of(7) };
	struct kept_tty entries[2] = { 0 };
	struct world world;
	struct tty ttys[2], next;
	int clients[2];

	labels[0].handle[3]++;
	for (int mine = 0; mine < 2; mine++) {
		set_up(&world);
		for (int i = 0; i < 2; i++) {
			tty_init(&ttys[i]);
			CHECK_EQ(tty_open(&ttys[i]), 0);
			kept_add(world.kept, &entries[i], &labels[i], &ttys[i]);
			clients[i] = open_client(ttys[i].path);
		}
		end_daemon(&world);
		begin_daemon(&world);
		tty_init(&next);
		CHECK(kept_take(world.kept, &labels[mine], ttys[mine].path, &next, &entries[mine]));
		CHECK(!kept_has(world.kept, 7));
		for (int i = 0; i < 2; i++)
			tty_close(&ttys[i]);
		turn(&world);
		CHECK(!is_hung_up(clients[mine]));
		CHECK(is_hung_up(clients[!mine]));
		for (int i = 0; i < 2; i++)
			close(clients[i]);
		kept_remove(world.kept, &entries[mine]);
		tty_close(&next);
		tear_down(&world);
	}
}

TEST(one_that_the_store_does_not_name_is_closed)
{
	struct kept_label label = label_of(7);

	check_refused(&label, "");
	check_refused(&label, "/dev/pts/99999");
	check_refused(&label, "/etc/passwd");
}

TEST(a_terminal_that_ends_hangs_up_on_its_client_at_the_end_of_the_turn)
{
	struct kept_tty entry;
	struct world world;
	struct tty tty;
	int client;

	set_up(&world);
	open_kept(&world, 7, &tty, &entry);
	client = open_client(tty.path);
	kept_remove(world.kept, &entry);
	kept_remove(world.kept, &entry);
	tty_close(&tty);
	CHECK(!is_hung_up(client));
	turn(&world);
	CHECK(is_hung_up(client));
	close(client);
	end_daemon(&world);
	begin_daemon(&world);
	CHECK(!kept_has(world.kept, 7));
	tear_down(&world);
}

static bool is_odd(void *ctx, uint32_t domid)
{
	(void)ctx;
	return domid % 2;
}

TEST(of_many_those_whose_domain_is_gone_are_closed_and_no_others)
{
	static struct kept_tty entries[N_MANY];
	static struct tty ttys[N_MANY];
	static int clients[N_MANY];
	struct world world;

	set_up(&world);
	for (uint32_t i = 0; i < N_MANY; i++) {
		open_kept(&world, i, &ttys[i], &entries[i]);
		clients[i] = open_client(ttys[i].path);
	}
	for (uint32_t i = 0; i < 100; i++)
		kept_remove(world.kept, &entries[i]);
	end_daemon(&world);
	for (uint32_t i = 0; i < N_MANY; i++)
		tty_close(&ttys[i]);
	begin_daemon(&world);
	for (uint32_t i = 0; i < N_MANY; i++)
		CHECK_EQ(kept_has(world.kept, i), i >= 100);
	kept_forget_unless(world.kept, is_odd, NULL);
	kept_forget(world.kept, 299);
	turn(&world);
	for (uint32_t i = 0; i < N_MANY; i++) {
		CHECK_EQ(kept_has(world.kept, i), i >= 100 && i % 2 && i != 299);
		CHECK_EQ(is_hung_up(clients[i]), i < 100 || i % 2 == 0 || i == 299);
		close(clients[i]);
	}
	tear_down(&world);
}

TEST(places_are_used_again)
{
	struct kept_tty entry;
	struct world world;
	struct tty tty;

	set_up(&world);
	for (uint32_t i = 0; i < 1000; i++) {
		open_kept(&world, i, &tty, &entry);
		kept_remove(world.kept, &entry);
		tty_close(&tty);
		if (i % 7 == 0)
			turn(&world);
	}
	read_notifications(&world.manager);
	CHECK_EQ(world.manager.n, 2);
	tear_down(&world);
}
