/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the four stand-in libraries share: the connection of this process to simxend. One per
 * process, made at the first open; a forked child makes its own.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xentoollog_logger;

#define CLIENT_API __attribute__((visibility("default")))

/**
 * client_connect() - make sure that there is a connection
 *
 * Return: 0 or -1 with errno: ENOENT (no simxend, like a missing device), EPROTO (another version).
 */
CLIENT_API int client_connect(void);

/**
 * client_call() - one call, from any thread
 *
 * Return: what simxend answered: a value ≥ 0 or a negative errno.
 */
CLIENT_API int64_t client_call(uint32_t call, const uint64_t args[7]);

/**
 * client_alloc_pages() - page-aligned memory, zeroed, that simxend reaches without a system call,
 * or, if it is used up, any other
 *
 * Return: NULL with errno ENOMEM.
 */
CLIENT_API void *client_alloc_pages(size_t n);
CLIENT_API void client_free_pages(void *p, size_t n);

/** client_fd() - the control connection's descriptor, or -1. */
CLIENT_API int client_fd(void);

/**
 * client_open_evtchn() - ask for an event-channel handle
 * @number: out: what wire_area.owners says for its ports
 *
 * Return: the descriptor, or -1 with errno.
 */
CLIENT_API int client_open_evtchn(bool cloexec, uint32_t *number);

/** client_owner() - the handle that holds @port of dom0, 0: none. */
CLIENT_API uint32_t client_owner(uint32_t port);

/**
 * client_reserve() - address space for a mapping, not accessible yet
 * @at: where, or NULL; @flags: additional mmap() flags
 *
 * Return: the address, or NULL with errno.
 */
CLIENT_API void *client_reserve(void *at, size_t n_pages, int flags);

/**
 * client_map_frames() - put frames into reserved address space; pages without one (UINT64_MAX) give
 * SIGBUS when touched. A forked child does not inherit the pages.
 *
 * Return: 0 or -1 with errno; the address space stays reserved.
 */
CLIENT_API int client_map_frames(void *at, const uint64_t *mfns, size_t n_pages, int prot);

/** client_say() - a line to @logger, or to stderr without one, as Xen's libraries do. */
CLIENT_API void client_say(struct xentoollog_logger *logger, const char *context, int error,
			   const char *text);

/** client_proc_path() - the file that stands for a path under /proc/xen. Return: false for others.
 */
CLIENT_API bool client_proc_path(const char *path, char *buf, size_t size);

#endif
