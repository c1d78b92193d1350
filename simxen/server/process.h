/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Client processes: their control connection, their slots, their memory, what they have mapped. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "core/hypercall.h"
#include "core/mapping.h"

struct event;
struct server;

struct process {
	struct server *server; /* borrowed: owns us */
	struct caller caller;  /* its memory */
	struct mapper mapper;
	pid_t pid;
	int fd;	     /* control connection */
	int maps_fd; /* /proc/PID/maps, opened early: it names this memory and no successor's */
	uint32_t n_calls;    /* on their way in workers, which may let the lock go meanwhile */
	bool is_gone;	     /* the last of them frees it */
	int64_t group;	     /* of slots, -1: none yet */
	struct event *event; /* owned */
	LIST_ENTRY(process) next;
};

/** process_listen() - make the socket and accept. Return: 0 or what the system says. */
int process_listen(struct server *server);

/** process_hold(), process_release() - around a call: the process stays, even if its connection
 * goes. */
void process_hold(struct process *process);
void process_release(struct process *process);

/** process_maps() - is the mapping there, in this process? For host_hooks.mapping_alive. */
bool process_maps(const struct mapping *mapping);

#endif
