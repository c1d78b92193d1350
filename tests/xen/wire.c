// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Says to xenstored whatever it is told to, right or wrong, and prints what comes back: libxenstore
 * would refuse to send most of it. All frames of one call go over one connection, each after the
 * answer to the one before.
 *
 * A frame is TYPE[:LEN]=PAYLOAD, numbers in decimal, \0 and \xNN in the payload. LEN is what the
 * header announces if that is not the payload's length. For each frame one line: "TYPE PAYLOAD" of
 * the answer (escaped likewise), "closed" if the daemon hung up, or "silence" if nothing came for a
 * second.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SILENCE_MS  1000
#define PAYLOAD_MAX 65536

struct header {
	uint32_t type, req_id, tx_id, len;
};

/* Turns \0, \xNN and \\ into bytes; returns their number. */
static size_t unescape(const char *text, char *to)
{
	size_t n = 0;

	while (*text && n < PAYLOAD_MAX) {
		if (text[0] == '\\' && text[1] == '0') {
			to[n++] = 0;
			text += 2;
		} else if (text[0] == '\\' && text[1] == 'x' && text[2] && text[3]) {
			const char digits[] = { text[2], text[3], 0 };

			to[n++] = (char)strtoul(digits, NULL, 16);
			text += 4;
		} else if (text[0] == '\\' && text[1] == '\\') {
			to[n++] = '\\';
			text += 2;
		} else {
			to[n++] = *text++;
		}
	}
	return n;
}

static void print_escaped(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == 0)
			fputs("\\0", stdout);
		else if (data[i] < ' ' || data[i] > '~' || data[i] == '\\')
			printf("\\x%02x", (unsigned char)data[i]);
		else
			putchar(data[i]);
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "wire: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

/* Reads exactly @len bytes. Return: 1, 0 (hung up), -1 (silence). */
static int receive(int fd, void *to, size_t len)
{
	char *at = to;

	while (len) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&pollfd, 1, SILENCE_MS) <= 0)
			return -1;
		got = read(fd, at, len);
		if (got <= 0)
			return 0;
		at += got;
		len -= (size_t)got;
	}
	return 1;
}

static void print_answer(int fd)
{
	static char payload[PAYLOAD_MAX];
	struct header header;
	int r = receive(fd, &header, sizeof(header));

	if (r > 0 && header.len <= sizeof(payload))
		r = receive(fd, payload, header.len);
	if (r > 0) {
		printf("%u ", header.type);
		print_escaped(payload, header.len <= sizeof(payload) ? header.len : 0);
	} else {
		fputs(r < 0 ? "silence" : "closed", stdout);
	}
	putchar('\n');
	fflush(stdout);
}

/* Return: 0 or -1 (@frame is none). */
static int say(int fd, const char *frame, uint32_t req_id)
{
	static char message[sizeof(struct header) + PAYLOAD_MAX];
	struct header header = { .req_id = req_id };
	char *end;
	size_t len;

	header.type = (uint32_t)strtoul(frame, &end, 10);
	if (*end != '=' && *end != ':')
		return -1;
	frame = end;
	if (*frame == ':')
		header.len = (uint32_t)strtoul(frame + 1, &end, 10);
	if (*end != '=')
		return -1;
	len = unescape(end + 1, message + sizeof(header));
	if (*frame != ':')
		header.len = (uint32_t)len;
	memcpy(message, &header, sizeof(header));
	/* A daemon that has hung up shows in the answer. */
	if (send(fd, message, sizeof(header) + len, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		perror("wire: send");
	return 0;
}

int main(int argc, char **argv)
{
	const char *path = getenv("XENSTORED_PATH");
	int fd;

	if (argc < 2) {
		fputs("usage: wire TYPE[:LEN]=PAYLOAD...\n", stderr);
		return 2;
	}
	fd = connect_to(path ? path : "/run/xenstored/socket");
	for (int i = 1; i < argc; i++) {
		if (say(fd, argv[i], (uint32_t)i) < 0) {
			fprintf(stderr, "wire: no frame: %s\n", argv[i]);
			return 2;
		}
		print_answer(fd);
	}
	close(fd);
	return 0;
}
