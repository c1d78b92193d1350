/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store daemon that answers with anything. Input: what it sends, in pieces; the first byte of
 * each piece is its length. The client may hang up, but each request is answered exactly once.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "storeclient.h"

#define N_REQUESTS 4
#define TURNS	   8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bench {
	struct loop *loop;
	struct storeclient *client;
	struct loop_hook hook;
	int listener, fd;
	const uint8_t *data;
	size_t size;
	unsigned int n_asked, n_answered, n_turns;
};

static void on_reply(void *ctx, int error, const char *data, size_t len)
{
	struct bench *bench = ctx;

	assert(error <= 0 && data[len] == '\0' && len <= 4096);
	bench->n_answered++;
}

static void on_event(void *ctx, const char *path, const char *token)
{
	(void)ctx;
	assert(strlen(path) + strlen(token) <= 4096);
}

static void on_connected(void *ctx)
{
	struct bench *bench = ctx;

	for (int i = 0; i < N_REQUESTS; i++)
		if (storeclient_read(bench->client, 0, "/x", on_reply, bench) == 0)
			bench->n_asked++;
}

static const struct storeclient_handlers handlers = {
	.event = on_event,
	.connected = on_connected,
};

/* Each turn one piece, as long as somebody listens. */
static void end_turn(void *ctx)
{
	struct bench *bench = ctx;
	size_t len;

	if (bench->fd < 0)
		bench->fd = accept4(bench->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (bench->fd >= 0 && bench->size) {
		len = bench->data[0] < bench->size - 1 ? bench->data[0] : bench->size - 1;
		if (send(bench->fd, bench->data + 1, len, MSG_NOSIGNAL) < 0)
			bench->size = 1;
		bench->data += len + 1;
		bench->size -= len + 1 < bench->size ? len + 1 : bench->size;
	}
	if (++bench->n_turns >= TURNS)
		loop_stop(bench->loop, 0);
	loop_again(bench->loop);
}

static void listen_at(struct bench *bench, char path[64])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(path, 64, "/tmp/fuzz_storewire.%d", getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	bench->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert(bench->listener >= 0);
	assert(bind(bench->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	assert(listen(bench->listener, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench bench = { .fd = -1, .data = data, .size = size };
	char path[64];
	int r = loop_new(&bench.loop);

	assert(r == 0);
	listen_at(&bench, path);
	r = storeclient_new(&bench.client, bench.loop, path, &handlers, &bench);
	assert(r == 0);
	bench.hook = (struct loop_hook){ .fn = end_turn, .ctx = &bench };
	loop_turn_hook(bench.loop, &bench.hook);
	loop_again(bench.loop);
	loop_run(bench.loop);
	storeclient_free(bench.client);
	assert(bench.n_answered == bench.n_asked);
	loop_free(bench.loop);
	if (bench.fd >= 0)
		close(bench.fd);
	close(bench.listener);
	unlink(path);
	return 0;
}
