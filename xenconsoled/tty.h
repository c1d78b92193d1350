/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pseudo-terminal. We keep its slave side open, so that the master never sees a hang-up when a
 * client leaves, and raw, so that bytes pass unchanged.
 */
#ifndef TTY_H
#define TTY_H

#include <stdbool.h>
#include <stdint.h>

#define TTY_PATH_SIZE 32

struct tty {
	int master; /* not blocking; -1 while not open */
	int slave;
	char path[TTY_PATH_SIZE]; /* what clients open */
};

/** tty_init() - nothing open. */
void tty_init(struct tty *tty);

/**
 * tty_open() - make a pty of 24 by 80 characters that root alone may open
 *
 * Return: 0, -ENOSPC (all ptys of the system are in use: sysctl kernel.pty.max), -EMFILE, -ENFILE,
 * -ENOMEM, or what the kernel says.
 * Source: pty(7), ioctl_tty(2) TIOCGPTPEER.
 */
int tty_open(struct tty *tty);

/* Which pty it is: one of a devpts file system. */
struct tty_identity {
	uint32_t number; /* N of /dev/pts/N */
	uint32_t device; /* st_dev of the file system */
};

/** tty_number() - N of /dev/pts/N, of the pty with this master; 0, or -ENOTTY: it is none. */
int tty_number(int master, uint32_t *number);
/** tty_identify() - of an open one; 0 or a negative errno */
int tty_identify(const struct tty *tty, struct tty_identity *identity);

/**
 * tty_adopt() - go on with a pty that another process has opened with tty_open(), and is gone
 * @master:   owned by @tty on success
 * @identity: as tty_identify() told; its number has been compared with @master
 * @path:     the path that it must have
 *
 * It costs no system call. Nothing may be read or written before tty_complete().
 *
 * Return: 0 or -ENXIO (it has another path).
 */
int tty_adopt(struct tty *tty, int master, const struct tty_identity *identity, const char *path);
/**
 * tty_complete() - open the slave of one that was adopted
 * @device:     of the identity that it was adopted with
 * @has_client: out: somebody has it open; if nobody has, it is made raw
 *
 * The slave is opened by its path: by a master whose mount namespace is gone it cannot be.
 *
 * Return: 0, -ENXIO (the path leads elsewhere), or what the kernel says.
 * Source: tty_ioctl(4); poll(2), POLLHUP: no slave is open.
 */
int tty_complete(struct tty *tty, uint32_t device, bool *has_client);

/** tty_make_raw() - undo what a client that has left did to the terminal's settings. */
void tty_make_raw(struct tty *tty);

/** tty_unread_bytes() - what a client could still read without us. */
int tty_unread_bytes(const struct tty *tty);

/**
 * tty_raise_limit() - allow twice as many ptys on this system
 *
 * Return: 0, or -EACCES, -EROFS, … if we may not.
 * Source: Documentation/admin-guide/sysctl/kernel.rst, pty.
 */
int tty_raise_limit(void);

/** tty_close() - its clients see a hang-up. */
void tty_close(struct tty *tty);

/** tty_is_open() */
#define tty_is_open(tty) ((tty)->master >= 0)

#endif
