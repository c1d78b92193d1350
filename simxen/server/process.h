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
	int fd;	       /* control connection */
	int maps_fd;   /* /proc/PID/maps, opened early: it names this memory and no successor's */
	int64_t group; /* of slots, -1: none yet */
	struct event *event; /* owned */
	LIST_ENTRY(process) next;
};

/** process_listen() - make the socket and accept. Return: 0 or what the system says. */
int process_listen(struct server *server);

/** process_free_all() - at the end. */
void process_free_all(struct server *server);

/** process_maps() - is the mapping there, in this process? For host_hooks.mapping_alive. */
bool process_maps(const struct mapping *mapping);

#endif
