/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pty by /dev/ptmx; a new one's slave is opened through the master: no path can mislead us. */
#include "tty.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cleanup.h"

void tty_init(struct tty *tty)
{
	tty->master = tty->slave = -1;
	tty->path[0] = '\0';
}

/* As cfmakeraw(). The kernel's own structure and calls: the C library asks twice more what is. */
static void make_raw(struct termios *attributes)
{
	attributes->c_iflag &=
		~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	attributes->c_oflag &= ~(tcflag_t)OPOST;
	attributes->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	attributes->c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	attributes->c_cflag |= CS8;
	attributes->c_cc[VMIN] = 1;
	attributes->c_cc[VTIME] = 0;
}

static int set_raw(int fd)
{
	struct termios attributes, before;

	if (ioctl(fd, TCGETS, &attributes) < 0)
		return -errno;
	before = attributes;
	make_raw(&attributes);
	if (!memcmp(&before, &attributes, sizeof(before)))
		return 0;
	return ioctl(fd, TCSETS, &attributes) < 0 ? -errno : 0;
}

int tty_number(int master, uint32_t *number)
{
	return ioctl(master, TIOCGPTN, number) < 0 ? -errno : 0;
}

int tty_identify(const struct tty *tty, struct tty_identity *identity)
{
	struct stat st;

	if (fstat(tty->slave, &st) < 0)
		return -errno;
	identity->device = (uint32_t)st.st_dev;
	return tty_number(tty->master, &identity->number);
}

/* As ptsname_r(), which also looks the path up: thousands of ptys are opened when we start. */
static void set_path(char path[TTY_PATH_SIZE], uint32_t number)
{
	snprintf(path, TTY_PATH_SIZE, "/dev/pts/%u", number);
}

static int set_up(int fd)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int r = set_raw(fd);

	if (r < 0)
		return r;
	if (ioctl(fd, TIOCSWINSZ, &size) < 0)
		return -errno;
	/* devpts lets the group tty write: those would be keystrokes in a guest's console. */
	return fchmod(fd, 0600) < 0 ? -errno : 0;
}

int tty_open(struct tty *tty)
{
	CLEANUP(close_fd) int master = -1;
	CLEANUP(close_fd) int slave = -1;
	uint32_t number;
	int r;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (master < 0)
		return -errno;
	if (unlockpt(master) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	r = set_up(slave);
	if (r == 0)
		r = tty_number(master, &number);
	if (r < 0)
		return r;
	set_path(tty->path, number);
	tty->master = STEAL_FD(master);
	tty->slave = STEAL_FD(slave);
	return 0;
}

int tty_adopt(struct tty *tty, int master, const struct tty_identity *identity, const char *path)
{
	char name[TTY_PATH_SIZE];

	set_path(name, identity->number);
	if (strcmp(name, path) != 0)
		return -ENXIO;
	tty->master = master;
	memcpy(tty->path, name, sizeof(name));
	return 0;
}

int tty_complete(struct tty *tty, uint32_t device, bool *has_client)
{
	struct pollfd state = { .fd = tty->master };
	CLEANUP(close_fd) int slave = -1;
	struct stat st;

	if (poll(&state, 1, 0) < 0)
		return -errno;
	slave = open(tty->path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	if (slave < 0 || fstat(slave, &st) < 0)
		return -errno;
	/* The number was compared with the master's; in another file system it is another pty's. */
	if ((uint32_t)st.st_dev != device)
		return -ENXIO;
	*has_client = !(state.revents & POLLHUP);
	if (!*has_client)
		set_raw(slave);
	tty->slave = STEAL_FD(slave);
	return 0;
}

void tty_make_raw(struct tty *tty)
{
	set_raw(tty->slave);
}

int tty_unread_bytes(const struct tty *tty)
{
	int n;

	return ioctl(tty->slave, FIONREAD, &n) < 0 ? 0 : n;
}

int tty_raise_limit(void)
{
	CLEANUP(close_fd) int fd = open("/proc/sys/kernel/pty/max", O_RDWR | O_CLOEXEC);
	char text[32];
	ssize_t n;
	int len;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	len = snprintf(text, sizeof(text), "%ld\n", 2 * strtol(text, NULL, 10));
	return pwrite(fd, text, (size_t)len, 0) < 0 ? -errno : 0;
}

void tty_close(struct tty *tty)
{
	if (tty->slave >= 0)
		close(tty->slave);
	if (tty->master >= 0)
		close(tty->master);
	tty_init(tty);
}
