/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live update: what is kept changes hands. The process that goes marks its folder; the one that
 * comes makes a folder of its own beside it and puts that in its place by one exchange of names, so
 * that at every moment there is one that is whole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "log.h"
#include "persist/persist.h"
#include "persist/persist_priv.h"
#include "persist/put.h"
#include "persist/statedir.h"
#include "protocol/conn.h"
#include "protocol/protocol.h"
#include "step.h"

#define STATE_PATH_MAX 512
/* What a state takes besides the store: journals, what came over sockets, what tdb takes ahead. */
#define STATE_BYTES (4u * 1024 * 1024)

uint64_t persist_next_id(const struct persist *persist)
{
	return persist->next_id;
}

uint64_t persist_adopt_client(struct persist *persist, struct conn *conn, uint64_t id,
			      uint32_t out_at)
{
	struct conn_record *record = &conn->record;

	if (!id)
		id = persist->next_id;
	if (id >= persist->next_id)
		persist->next_id = id + 1;
	persist_keep(persist, conn, id, out_at);
	put_client_whole(&persist->sink, conn);
	record->out_known = out_at + conn->out.n_bytes;
	record->is_slow = record->is_slow_known = conn->out.n_bytes;
	record->slow_at = out_at;
	record->has_input = conn->in_len;
	return id;
}

int persist_check_place(const struct persist *persist, uint64_t n_bytes)
{
	uint64_t needed = n_bytes + n_bytes / 4 + STATE_BYTES;
	char parent[STATE_PATH_MAX];
	const char *slash = strrchr(persist->dir, '/');
	int len = slash ? (int)(slash - persist->dir) + 1 : 0;
	struct statvfs fs;
	struct statx folder;

	if (snprintf(parent, sizeof(parent), "%.*s.", len, persist->dir) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	/* Of a link it is the link that is replaced. */
	if (statx(AT_FDCWD, persist->dir, AT_SYMLINK_NOFOLLOW, 0, &folder) < 0)
		return -errno;
	if (folder.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return -EBUSY;
	/* "..", or "/": it has no name of its own. */
	if (!strcmp(persist->dir + len, "..") || !persist->dir[len])
		return -EBUSY;
	if (statvfs(parent, &fs) < 0)
		return -errno;
	/* A tmpfs without a limit has no blocks. */
	return fs.f_blocks && (uint64_t)fs.f_bavail * fs.f_frsize < needed ? -ENOSPC : 0;
}

int persist_hand_over(struct persist *persist, bool handed_over)
{
	return statedir_hand_over(persist, handed_over);
}

int persist_take_place(struct persist *persist, const char *dir, bool anyway)
{
	const struct quota *quota = persist->protocol->quota;

	persist_commit(persist);
	/*
	 * A ring that came in the last turn is taken for one that was just introduced, whose page
	 * may have to be reset: so one more turn, which changes nothing.
	 */
	put_quota(&persist->sink, ENTRY_ALL_DOMAINS, QUOTA_NODES, false,
		  quota_limit(quota, QUOTA_NODES, false));
	persist_commit(persist);
	if (persist->is_broken && !anyway)
		return -ENOSPC;
	STEP("state of the next daemon complete");
	return statedir_replace(persist, dir);
}

int persist_outdate(const char *dir)
{
	CLEANUP(close_fd) int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_fd) int lock_fd = -1;
	struct persist persist = { .dir_fd = dir_fd };

	if (dir_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (faccessat(dir_fd, "turn", F_OK, 0) < 0)
		return 0;
	lock_fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock_fd < 0)
		return -errno;
	if (flock(lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	return statedir_hand_over(&persist, true);
}

int statedir_hand_over(const struct persist *persist, bool handed_over)
{
	int fd;

	if (!handed_over)
		return unlinkat(persist->dir_fd, STATEDIR_MARK, 0) < 0 ? -errno : 0;
	fd = openat(persist->dir_fd, STATEDIR_MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Empties a folder; folders in it, which are what was set aside, go to @to. */
static void clear(const char *dir, int to)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(stream), entry->d_name, 0) < 0 && to >= 0)
			(void)renameat(dirfd(stream), entry->d_name, to, entry->d_name);
	}
	closedir(stream);
}

int statedir_replace(struct persist *persist, const char *dir)
{
	char *copy = strdup(dir);
	int r = 0;

	if (!copy)
		return -ENOMEM;
	if (renameat2(AT_FDCWD, persist->dir, AT_FDCWD, dir, RENAME_EXCHANGE) == 0) {
		STEP("state replaced");
		clear(persist->dir, persist->dir_fd);
		rmdir(persist->dir);
	} else if (errno != ENOENT || rename(persist->dir, dir) < 0) {
		r = -errno;
		log_error(persist->log, "%s cannot take the place of %s: %s", persist->dir, dir,
			  strerror(-r));
		free(copy);
		return r;
	}
	free(persist->dir);
	persist->dir = copy;
	return 0;
}

void persist_clear(const char *dir)
{
	clear(dir, -1);
}
