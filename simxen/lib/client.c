/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library has no context to hang state on: the connection is the one mutable global here, guarded
 * by a mutex, and replaced when the process turns out to be another one than it was made by.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xentoollog.h>

#include "../wire.h"

#define PAGE_BYTES   4096
#define WAIT_SECONDS 2
#define PROC_XEN     "/proc/xen/"

struct connection {
	pid_t pid;
	int control;
	int frames;
	uint64_t n_frames;
	uint32_t first_slot;
	uint32_t n_cpus;
	struct wire_area *area;
	char *buffers;
	uint64_t buffers_taken; /* a bit for each page */
};

_Static_assert(WIRE_BUFFERS == 64, "one word of bits");

static struct connection *current;
static char *inherited; /* the buffers of the process that we were forked from: not mapped here */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *directory(void)
{
	const char *dir = secure_getenv("SIMXEN_DIR");

	return dir && *dir ? dir : WIRE_DIR;
}

static int connect_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, n;

	n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory(), WIRE_SOCKET);
	if (n >= (int)sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int saved = errno == ECONNREFUSED ? ENOENT : errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Sends a request and receives its answer with up to @n_fds descriptors; -1 and errno on failure.
 */
static ssize_t ask(int fd, uint32_t request, void *answer, size_t size, int *fds, int n_fds)
{
	const struct wire_message message = { .request = request, .version = WIRE_VERSION };
	char control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec iov = { answer, size };
	struct msghdr header = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int got[4] = { -1, -1, -1, -1 };
	ssize_t n;

	if (send(fd, &message, sizeof(message), MSG_NOSIGNAL) < 0)
		return -1;
	do {
		n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		errno = n ? errno : ENODEV;
		return -1;
	}
	c = CMSG_FIRSTHDR(&header);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(got, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	for (int i = 0; i < n_fds; i++)
		fds[i] = got[i];
	return n;
}

static void forget(struct connection *c)
{
	if (c->area)
		munmap(c->area, sizeof(*c->area));
	if (c->buffers)
		munmap(c->buffers, WIRE_PIECE_BYTES);
	if (c->control >= 0)
		close(c->control);
	if (c->frames >= 0)
		close(c->frames);
	free(c);
}

static int map_shared(struct connection *c, int fd)
{
	uint32_t group = c->first_slot / WIRE_GROUP;
	void *area = mmap(NULL, sizeof(*c->area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	void *buffers = mmap(NULL, WIRE_PIECE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     (off_t)WIRE_PIECE_AT(group));
	int saved = errno;

	close(fd);
	c->area = area == MAP_FAILED ? NULL : area;
	c->buffers = buffers == MAP_FAILED ? NULL : buffers;
	errno = saved;
	if (!c->area || !c->buffers)
		return -1;
	madvise(area, sizeof(*c->area), MADV_DONTFORK);
	madvise(buffers, WIRE_PIECE_BYTES, MADV_DONTFORK);
	c->area->buffers_at[group] = (uintptr_t)buffers;
	return 0;
}

static struct connection *connection_new(void)
{
	struct connection *c = calloc(1, sizeof(*c));
	struct wire_welcome welcome = { .error = 0 };
	int fds[2] = { -1, -1 };
	int saved;

	if (!c)
		return NULL;
	c->pid = getpid();
	c->frames = -1;
	c->control = connect_socket();
	if (c->control < 0)
		goto failed;
	if (ask(c->control, WIRE_HELLO, &welcome, sizeof(welcome), fds, 2) < 0)
		goto failed;
	if (welcome.error) {
		errno = welcome.error;
		goto failed;
	}
	c->frames = fds[0];
	c->n_frames = welcome.n_frames;
	c->first_slot = welcome.first_slot;
	c->n_cpus = welcome.n_cpus;
	if (map_shared(c, fds[1]) < 0)
		goto failed;
	return c;
failed:
	saved = errno;
	forget(c);
	errno = saved;
	return NULL;
}

/* In a forked child the parent's slots are not ours: its descriptors are closed, its area is not
 * inherited. */
static struct connection *get_connection(void)
{
	struct connection *c;

	pthread_mutex_lock(&lock);
	if (current && current->pid != getpid()) {
		inherited = current->buffers;
		current->area = NULL;
		current->buffers = NULL;
		forget(current);
		current = NULL;
	}
	if (!current)
		current = connection_new();
	c = current;
	pthread_mutex_unlock(&lock);
	return c;
}

int client_connect(void)
{
	return get_connection() ? 0 : -1;
}

int client_fd(void)
{
	const struct connection *c = get_connection();

	return c ? c->control : -1;
}

static long futex(uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

static bool is_gone(const struct connection *c)
{
	char byte;

	return recv(c->control, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* NULL if all are taken and nobody is left who would free one. */
static struct wire_slot *take_slot(struct connection *c, uint32_t *number)
{
	for (uint32_t i = 0;; i++) {
		struct wire_slot *slot;

		if (i && !(i % WIRE_GROUP)) {
			if (is_gone(c))
				return NULL;
			sched_yield(); /* more threads than slots: wait for one to come free */
		}
		*number = c->first_slot + i % WIRE_GROUP;
		slot = &c->area->slots[*number];
		if (!__atomic_exchange_n(&slot->taken, 1, __ATOMIC_ACQUIRE))
			return slot;
	}
}

static void push(struct connection *c, struct wire_slot *slot, uint32_t number)
{
	int cpu = sched_getcpu();
	uint32_t *head = &c->area->cpus[cpu < 0 ? 0 : (uint32_t)cpu % c->n_cpus].head;

	slot->next = __atomic_load_n(head, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(head, &slot->next, number + 1, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	futex(head, FUTEX_WAKE, 1, NULL);
}

int64_t client_call(uint32_t call, const uint64_t args[7])
{
	const struct timespec timeout = { .tv_sec = WAIT_SECONDS };
	struct connection *c = get_connection();
	struct wire_slot *slot;
	uint32_t number;
	int64_t result;

	if (!c)
		return -errno;
	slot = take_slot(c, &number);
	if (!slot)
		return -ENODEV;
	slot->call = call;
	memcpy(slot->args, args, sizeof(slot->args));
	__atomic_store_n(&slot->state, WIRE_ASKED, __ATOMIC_RELAXED);
	push(c, slot, number);
	while (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == WIRE_ASKED) {
		if (futex(&slot->state, FUTEX_WAIT, WIRE_ASKED, &timeout) < 0 &&
		    errno == ETIMEDOUT && is_gone(c))
			return -ENODEV; /* simxend is gone; the slot with it */
	}
	result = slot->result;
	__atomic_store_n(&slot->taken, 0, __ATOMIC_RELEASE);
	return result;
}

int client_open_evtchn(bool cloexec, uint32_t *number)
{
	struct wire_answer answer = { .error = 0 };
	struct connection *c = get_connection();
	int fd = -1;
	ssize_t n;

	if (!c)
		return -1;
	pthread_mutex_lock(&lock); /* one request at a time on the control connection */
	n = ask(c->control, WIRE_OPEN_EVTCHN, &answer, sizeof(answer), &fd, 1);
	pthread_mutex_unlock(&lock);
	if (n < 0)
		return -1;
	if (answer.error || fd < 0) {
		errno = answer.error ? answer.error : EPROTO;
		return -1;
	}
	if (!cloexec)
		fcntl(fd, F_SETFD, 0);
	*number = answer.number;
	return fd;
}

uint32_t client_owner(uint32_t port)
{
	const struct connection *c = get_connection();

	return c && port < WIRE_PORTS ? __atomic_load_n(&c->area->owners[port], __ATOMIC_ACQUIRE)
				      : 0;
}

void *client_alloc_pages(size_t n)
{
	struct connection *c = get_connection();
	uint64_t taken, mask;
	void *p;
	int r;

	n = n ? n : 1;
	for (unsigned int i = 0; c && n < WIRE_BUFFERS && i + n <= WIRE_BUFFERS; i++) {
		mask = ((1ull << n) - 1) << i;
		taken = __atomic_load_n(&c->buffers_taken, __ATOMIC_RELAXED);
		while (!(taken & mask))
			if (__atomic_compare_exchange_n(&c->buffers_taken, &taken, taken | mask,
							false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return memset(c->buffers + (size_t)i * PAGE_BYTES, 0,
					      n * PAGE_BYTES);
	}
	r = posix_memalign(&p, PAGE_BYTES, n * PAGE_BYTES);
	errno = r;
	return r ? NULL : memset(p, 0, n * PAGE_BYTES);
}

void client_free_pages(void *p, size_t n)
{
	struct connection *c = get_connection();
	size_t at;

	n = n ? n : 1;
	if (inherited && (char *)p >= inherited && (char *)p < inherited + WIRE_PIECE_BYTES)
		return;
	if (!c || (char *)p < c->buffers || (char *)p >= c->buffers + WIRE_PIECE_BYTES) {
		free(p);
		return;
	}
	at = (size_t)((char *)p - c->buffers) / PAGE_BYTES;
	__atomic_and_fetch(&c->buffers_taken, ~(((1ull << n) - 1) << at), __ATOMIC_RELEASE);
}

void *client_reserve(void *at, size_t n_pages, int flags)
{
	void *address = mmap(at, n_pages * PAGE_BYTES, PROT_NONE,
			     flags | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return address == MAP_FAILED ? NULL : address;
}

int client_map_frames(void *at, const uint64_t *mfns, size_t n_pages, int prot)
{
	const struct connection *c = get_connection();
	size_t first = 0;

	if (!c)
		return -1;
	while (first < n_pages) {
		size_t n = 1;
		uint64_t mfn = mfns[first];

		while (first + n < n_pages &&
		       mfns[first + n] == (mfn == UINT64_MAX ? UINT64_MAX : mfn + n))
			n++;
		if (mfn == UINT64_MAX)
			mfn = c->n_frames; /* beyond the end of the file: SIGBUS */
		if (mmap((char *)at + first * PAGE_BYTES, n * PAGE_BYTES, prot,
			 MAP_SHARED | MAP_FIXED, c->frames,
			 (off_t)(mfn * PAGE_BYTES)) == MAP_FAILED)
			return -1;
		first += n;
	}
	return madvise(at, n_pages * PAGE_BYTES, MADV_DONTFORK);
}

void client_say(struct xentoollog_logger *logger, const char *context, int error, const char *text)
{
	if (logger)
		xtl_log(logger, XTL_ERROR, error, context, "%s", text);
	else
		fprintf(stderr, "%s: error: %s: %s\n", context, text, strerror(error));
}

bool client_proc_path(const char *path, char *buf, size_t size)
{
	if (strncmp(path, PROC_XEN, strlen(PROC_XEN)) != 0)
		return false;
	return snprintf(buf, size, "%s/%s/%s", directory(), WIRE_PROC, path + strlen(PROC_XEN)) <
	       (int)size;
}
