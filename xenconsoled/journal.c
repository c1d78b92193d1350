/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One datagram per line. libsystemd's sd_journal_sendv() would wait for a journal that is slow, and
 * with it all consoles would; hence its protocol on a socket of our own that does not wait.
 * Source: systemd.io/JOURNAL_NATIVE_PROTOCOL: NAME, newline, length as 64 bits little endian,
 * value, newline.
 */
#include "journal.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

struct journal {
	int fd;
	struct sockaddr_un address;
};

struct journal_source {
	struct journal *journal; /* borrowed: freed after us */
	char *identifier;	 /* owned, as is the next one */
	char *name;		 /* NULL: none */
	char domid[24];		 /* "" for none */
	uint64_t lost_bytes;
	size_t len; /* of the line that has begun */
	char line[JOURNAL_LINE_MAX];
};

/* A message in pieces; its fields' values are borrowed until it is sent. */
struct message {
	struct iovec iov[4 * 6];
	uint64_t lengths[6];
	int n_fields;
};

static void put(struct message *message, const char *name, const char *value, size_t len)
{
	struct iovec *iov = &message->iov[4 * message->n_fields];
	uint64_t *length = &message->lengths[message->n_fields++];

	*length = htole64(len);
	iov[0] = (struct iovec){ (char *)name, strlen(name) }; /* its newline included */
	iov[1] = (struct iovec){ length, sizeof(*length) };
	iov[2] = (struct iovec){ (char *)value, len };
	iov[3] = (struct iovec){ "\n", 1 };
}

int journal_new(struct journal **out, const char *path)
{
	CLEANUP(journal_free) struct journal *journal = calloc(1, sizeof(*journal));
	int n;

	if (!journal)
		return -ENOMEM;
	journal->fd = -1;
	journal->address.sun_family = AF_UNIX;
	n = snprintf(journal->address.sun_path, sizeof(journal->address.sun_path), "%s", path);
	if (n >= (int)sizeof(journal->address.sun_path))
		return -ENAMETOOLONG;
	journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (journal->fd < 0)
		return -errno;
	*out = STEAL(journal);
	return 0;
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal);
}

static void send_line(struct journal_source *source, size_t raw_bytes)
{
	struct message message = { .n_fields = 0 };
	struct msghdr head = {
		.msg_name = &source->journal->address,
		.msg_namelen = sizeof(source->journal->address),
		.msg_iov = message.iov,
	};
	size_t len = source->len;

	while (len && source->line[len - 1] == '\r')
		len--;
	put(&message, "MESSAGE\n", source->line, len);
	put(&message, "PRIORITY\n", "6", 1);
	put(&message, "SYSLOG_IDENTIFIER\n", source->identifier, strlen(source->identifier));
	if (*source->domid)
		put(&message, "XEN_DOMID\n", source->domid, strlen(source->domid));
	if (source->name)
		put(&message, "XEN_DOMAIN\n", source->name, strlen(source->name));
	head.msg_iovlen = 4 * (size_t)message.n_fields;
	if (sendmsg(source->journal->fd, &head, MSG_NOSIGNAL) < 0)
		source->lost_bytes += raw_bytes;
	source->len = 0;
}

int journal_source_new(struct journal_source **out, struct journal *journal, const char *identifier,
		       int64_t domid)
{
	CLEANUP(journal_source_free) struct journal_source *source = calloc(1, sizeof(*source));

	if (!source)
		return -ENOMEM;
	source->journal = journal;
	source->identifier = strdup(identifier);
	if (!source->identifier)
		return -ENOMEM;
	if (domid >= 0)
		snprintf(source->domid, sizeof(source->domid), "%lld", (long long)domid);
	*out = STEAL(source);
	return 0;
}

void journal_source_free(struct journal_source *source)
{
	if (!source)
		return;
	if (source->len)
		send_line(source, source->len);
	free(source->identifier);
	free(source->name);
	free(source);
}

int journal_source_name(struct journal_source *source, const char *name)
{
	char *copy = name ? strdup(name) : NULL;

	if (name && !copy)
		return -ENOMEM;
	free(source->name);
	source->name = copy;
	return 0;
}

void journal_write(struct journal_source *source, const char *data, size_t len)
{
	while (len) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) : len;
		size_t room = sizeof(source->line) - source->len;

		if (n > room) {
			n = room;
			newline = NULL;
		}
		memcpy(source->line + source->len, data, n);
		source->len += n;
		data += n;
		len -= n;
		if (newline) {
			data++;
			len--;
			send_line(source, source->len + 1);
		} else if (source->len == sizeof(source->line)) {
			send_line(source, source->len);
		}
	}
}

uint64_t journal_lost_bytes(const struct journal_source *source)
{
	return source->lost_bytes;
}
