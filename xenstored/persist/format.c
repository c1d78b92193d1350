/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose file is it, of which version, of which boot? */
#include "persist/format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void format_boot_id(uint8_t *boot_id)
{
	CLEANUP(close_fd)
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	int digits = 0;

	memset(boot_id, 0, FORMAT_BOOT_ID_SIZE);
	for (ssize_t i = 0; i < n && digits < 2 * FORMAT_BOOT_ID_SIZE; i++) {
		int d = hex_digit(text[i]);

		if (d < 0)
			continue;
		boot_id[digits / 2] = (uint8_t)(boot_id[digits / 2] << 4 | d);
		digits++;
	}
}

int format_check_mark(const struct format_mark *mark, const char *magic, const char *name,
		      struct log *log)
{
	if (memcmp(mark->magic, magic, sizeof(mark->magic)) != 0) {
		log_error(log, "saved state: %s: this is not a file of xenstored", name);
		return -EBADMSG;
	}
	if (mark->byte_order != FORMAT_BYTE_ORDER) {
		log_error(log, "saved state: %s: it is from another kind of machine", name);
		return -ENOTSUP;
	}
	if (mark->version != FORMAT_VERSION) {
		log_error(log, "saved state: %s: it has version %u, this program knows %u", name,
			  mark->version, FORMAT_VERSION);
		return -ENOTSUP;
	}
	return 0;
}
