/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * simxend around the core: one loop thread for sockets and guests, one thread per CPU for calls,
 * and one lock, which whoever touches the host holds.
 */
#ifndef SERVER_H
#define SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"

struct evtchnfd;
struct event;
struct host;
struct log;
struct player;
struct process;
struct wire_area;

#define SERVER_HANDLE_BUCKETS 16384
LIST_HEAD(evtchnfd_bucket, evtchnfd);

struct server_worker {
	struct server *server;
	uint32_t cpu;
	pthread_t thread;
};

struct server {
	struct log *log;       /* borrowed: main's */
	struct loop *loop;     /* owned */
	struct host *host;     /* owned */
	struct player *player; /* owned: plays the guests */
	const char *dir;       /* borrowed: main's option */
	pthread_mutex_t lock;
	atomic_uint n_waiting; /* threads that want the lock */

	struct wire_area *area; /* owned mapping of area_fd */
	int area_fd;
	struct process **by_group; /* owned array of WIRE_GROUPS borrowed processes */
	uint32_t next_group;
	LIST_HEAD(, process) processes; /* owned */

	LIST_HEAD(, evtchnfd) handles;		   /* owned */
	struct evtchnfd_bucket *handle_buckets;	   /* owned; borrowed handles by number */
	TAILQ_HEAD(evtchnfd_list, evtchnfd) fired; /* have ports to deliver before the lock goes */
	struct evtchnfd_list blocked;		   /* wait for room in their socket */

	int listener;
	struct event *listen_event; /* owned, like the next three */
	struct event *kick_event;
	struct event *tidy_timer;
	struct event *guest_timer;
	int kick_fd; /* wakes the loop from a worker */
	bool tidy_wanted;
	uint64_t tidy_ms; /* how long until dying domains are looked at again */

	struct server_worker *workers; /* owned */
	uint32_t n_cpus;
	uint64_t n_calls, n_notified, n_delivered;
};

/** server_lock(), server_unlock() - what has fired is delivered before the lock goes. */
void server_lock(struct server *server);
void server_unlock(struct server *server);

/** server_kick() - have the loop take a turn; from any thread. */
void server_kick(struct server *server);

#endif
