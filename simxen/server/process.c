/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process says hello on its control connection and gets the frame file, the shared area and a
 * group of slots; later it asks for event-channel handles. When the connection closes the process
 * is gone, as far as this library instance is concerned, and so are its mappings.
 */
#include "process.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "core/host.h"
#include "core/memory.h"
#include "evtchnfd.h"
#include "log.h"
#include "server.h"
#include "wire.h"

static struct process *of_caller(struct caller *caller)
{
	return (struct process *)((char *)caller - offsetof(struct process, caller));
}

/* The shared buffer behind an address of the caller, or NULL. */
static void *buffer_at(const struct process *process, uint64_t address, size_t len)
{
	const struct server *server = process->server;
	uint64_t base, at;

	if (process->group < 0)
		return NULL;
	base = server->area->buffers_at[process->group];
	at = address - base;
	if (!base || at >= WIRE_PIECE_BYTES || len > WIRE_PIECE_BYTES - at)
		return NULL;
	return (char *)server->area + WIRE_PIECE_AT(process->group) + at;
}

static int caller_read(struct caller *caller, void *to, uint64_t from, size_t len)
{
	struct iovec local = { to, len }, remote = { (void *)(uintptr_t)from, len };
	const void *buffer = buffer_at(of_caller(caller), from, len);

	if (buffer)
		memcpy(to, buffer, len);
	if (buffer || !len)
		return 0;
	return process_vm_readv(of_caller(caller)->pid, &local, 1, &remote, 1, 0) == (ssize_t)len
		       ? 0
		       : -EFAULT;
}

static int caller_write(struct caller *caller, uint64_t to, const void *from, size_t len)
{
	struct iovec local = { (void *)(uintptr_t)from, len },
		     remote = { (void *)(uintptr_t)to, len };

	void *buffer = buffer_at(of_caller(caller), to, len);

	if (buffer)
		memcpy(buffer, from, len);
	if (buffer || !len)
		return 0;
	return process_vm_writev(of_caller(caller)->pid, &local, 1, &remote, 1, 0) == (ssize_t)len
		       ? 0
		       : -EFAULT;
}

static void process_gone(struct process *process)
{
	struct server *server = process->server;

	LIST_REMOVE(process, next);
	if (process->group >= 0)
		server->by_group[process->group] = NULL;
	if (process->event)
		event_free(process->event);
	close(process->fd);
	process->is_gone = true;
	process_hold(process);
	process_release(process);
}

void process_hold(struct process *process)
{
	process->n_calls++;
}

void process_release(struct process *process)
{
	if (--process->n_calls || !process->is_gone)
		return;
	mapper_deinit(&process->mapper);
	if (process->maps_fd >= 0)
		close(process->maps_fd);
	free(process);
}

static int answer(int fd, const void *data, size_t len, const int *fds, size_t n_fds)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (n_fds) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return sendmsg(fd, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* A group whose slots a killed process left behind is cleared before it is used again. */
static int64_t take_group(struct server *server)
{
	for (uint32_t tries = 0; tries < WIRE_GROUPS; tries++) {
		uint32_t group = server->next_group++ % WIRE_GROUPS;
		struct wire_slot *slots = &server->area->slots[group * WIRE_GROUP];
		bool queued = false;

		if (server->by_group[group])
			continue;
		for (int i = 0; i < WIRE_GROUP; i++)
			queued = queued || slots[i].state == WIRE_ASKED;
		if (queued)
			continue;
		memset(slots, 0, WIRE_GROUP * sizeof(*slots));
		server->area->buffers_at[group] = 0;
		return group;
	}
	return -1;
}

static int hello(struct process *process, const struct wire_message *message)
{
	struct server *server = process->server;
	struct wire_welcome welcome = { .n_frames = memory_n_frames(server->host->memory),
					.n_cpus = server->n_cpus };
	const int fds[2] = { memory_fd(server->host->memory), server->area_fd };
	char path[64];

	if (message->version != WIRE_VERSION)
		welcome.error = EPROTO;
	else if (process->group < 0)
		process->group = take_group(server);
	if (!welcome.error && process->group < 0)
		welcome.error = EMFILE;
	if (welcome.error)
		return answer(process->fd, &welcome, sizeof(welcome), NULL, 0);
	server->by_group[process->group] = process;
	snprintf(path, sizeof(path), "/proc/%d/maps", process->pid);
	if (process->maps_fd < 0)
		process->maps_fd = open(path, O_RDONLY | O_CLOEXEC);
	welcome.first_slot = (uint32_t)process->group * WIRE_GROUP;
	return answer(process->fd, &welcome, sizeof(welcome), fds, 2);
}

static int open_evtchn(struct process *process)
{
	struct wire_answer reply = { .error = 0 };
	int fd = -1, r;

	r = hypercall_fault(process->server->host, "evtchn.open");
	if (!r)
		r = evtchnfd_open(process->server, &fd, &reply.number);
	if (r < 0) {
		reply.error = -r;
		return answer(process->fd, &reply, sizeof(reply), NULL, 0);
	}
	r = answer(process->fd, &reply, sizeof(reply), &fd, 1);
	close(fd);
	return r;
}

static int command(struct process *process, char *text)
{
	char buf[sizeof(struct wire_answer) + WIRE_TEXT_MAX];
	struct wire_answer *reply = (struct wire_answer *)(void *)buf;
	int r;

	memset(buf, 0, sizeof(*reply) + 1);
	r = control_command(process->server, text, reply->text, WIRE_TEXT_MAX);
	reply->error = -r;
	return answer(process->fd, reply, sizeof(*reply) + strlen(reply->text) + 1, NULL, 0);
}

/* Return: 0, or negative when the connection has to go. */
static int serve(struct process *process)
{
	char buf[sizeof(struct wire_message) + WIRE_TEXT_MAX + 1];
	struct wire_message *message = (struct wire_message *)(void *)buf;
	ssize_t n = recv(process->fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if ((size_t)n < sizeof(*message))
		return -ECONNRESET;
	buf[n] = '\0';
	switch (message->request) {
	case WIRE_HELLO:
		return hello(process, message);
	case WIRE_OPEN_EVTCHN:
		return open_evtchn(process);
	case WIRE_COMMAND:
		return command(process, message->text);
	default:
		return -EPROTO;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct process *process = ctx;
	struct server *server = process->server;

	(void)fd, (void)what;
	server_lock(server);
	if (serve(process) < 0)
		process_gone(process);
	server_unlock(server);
}

static int process_new(struct server *server, int fd)
{
	struct process *process = calloc(1, sizeof(*process));
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);

	if (!process || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		free(process);
		close(fd);
		return -ENOMEM;
	}
	process->server = server;
	process->caller = (struct caller){ .read = caller_read, .write = caller_write };
	process->pid = peer.pid;
	process->fd = fd;
	process->maps_fd = -1;
	process->group = -1;
	mapper_init(&process->mapper, server->host, (uintptr_t)process);
	LIST_INSERT_HEAD(&server->processes, process, next);
	process->event =
		event_new(loop_base(server->loop), fd, EV_READ | EV_PERSIST, on_readable, process);
	if (!process->event || event_add(process->event, NULL) < 0) {
		process_gone(process);
		return -ENOMEM;
	}
	return 0;
}

static void on_connection(evutil_socket_t listener, short what, void *ctx)
{
	struct server *server = ctx;
	int fd;

	(void)what;
	server_lock(server);
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		if (process_new(server, fd) < 0)
			log_warning(server->log, "no memory for another process");
	server_unlock(server);
}

int process_listen(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", server->dir,
			 WIRE_SOCKET);

	if (n >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listener < 0)
		return -errno;
	unlink(address.sun_path);
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(server->listener, 4096) < 0)
		return -errno;
	server->listen_event = event_new(loop_base(server->loop), server->listener,
					 EV_READ | EV_PERSIST, on_connection, server);
	if (!server->listen_event || event_add(server->listen_event, NULL) < 0)
		return -ENOMEM;
	return 0;
}
