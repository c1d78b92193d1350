/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypercall runs on the CPU of its caller: waking a thread there costs a context switch, waking
 * one elsewhere an interrupt to a CPU that may have to be woken itself (in a virtual machine ten
 * times as much). So each CPU has its list of slots and its thread; the client picks by where it
 * runs.
 */
#include "worker.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "log.h"
#include "process.h"
#include "server.h"
#include "wire.h"

#define THREADS_A_CPU 4
#define N_SLOTS	      (WIRE_GROUPS * WIRE_GROUP)

static long futex(uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

unsigned int worker_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	return n < 1 ? 1 : n > WIRE_CPUS ? WIRE_CPUS : (unsigned int)n;
}

static void answer(struct server *server, uint32_t number)
{
	struct wire_slot *slot = &server->area->slots[number];
	struct process *process;
	uint64_t args[7];

	server_lock(server);
	process = server->by_group[number / WIRE_GROUP];
	/* A slot of a process that is gone stays in the list until it is seen here. */
	if (process) {
		/* Once: a client that goes on writing to its slot changes nothing of this call. */
		memcpy(args, slot->args, sizeof(args));
		process_hold(process);
		slot->result = calls_do(process, slot->call, args);
		process_release(process);
		server->n_calls++;
	}
	server_unlock(server);
	__atomic_store_n(&slot->state, WIRE_ANSWERED, __ATOMIC_RELEASE);
	futex(&slot->state, FUTEX_WAKE, 1);
}

/* What is read from there was written by clients, who may write anything. */
static uint32_t next_of(const struct server *server, uint32_t at)
{
	uint32_t next = __atomic_load_n(&server->area->slots[at - 1].next, __ATOMIC_RELAXED);

	return next > N_SLOTS ? 0 : next;
}

/* Gives slots that were taken off the list back to it, for another thread. */
static void push(struct server *server, uint32_t *head, uint32_t first)
{
	uint32_t at = first, next, after;

	for (uint32_t i = 0; i < N_SLOTS && (next = next_of(server, at)); i++)
		at = next;
	after = __atomic_load_n(head, __ATOMIC_RELAXED);
	do
		server->area->slots[at - 1].next = after;
	while (!__atomic_compare_exchange_n(head, &after, first, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	futex(head, FUTEX_WAKE, 1);
}

/* The list has the latest first. Return: the oldest slot + 1, with the others before it back on the
 * list; 0: there is none. */
static uint32_t take_oldest(struct server *server, uint32_t *head)
{
	uint32_t first = __atomic_exchange_n(head, 0, __ATOMIC_ACQUIRE), at = first, before = 0;
	uint32_t next;

	if (!at || at > N_SLOTS)
		return 0;
	for (uint32_t i = 0; (next = next_of(server, at)); i++) {
		if (i == N_SLOTS)
			return 0; /* a ring: whoever made it waits in vain */
		before = at;
		at = next;
	}
	if (before) {
		server->area->slots[before - 1].next = 0;
		push(server, head, first);
	}
	return at;
}

static void *run(void *ctx)
{
	const struct server_worker *worker = ctx;
	struct server *server = worker->server;
	uint32_t *head = &server->area->cpus[worker->cpu].head;

	for (;;) {
		uint32_t slot = take_oldest(server, head);

		if (slot)
			answer(server, slot - 1);
		else
			futex(head, FUTEX_WAIT, 0);
	}
	return NULL;
}

static void pin(const struct server_worker *worker)
{
	const struct sched_param param = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(worker->cpu, &set);
	if (pthread_setaffinity_np(worker->thread, sizeof(set), &set))
		log_debug(worker->server->log, "CPU %u cannot be used", worker->cpu);
	/* A hypercall is not preempted by ordinary processes; without the privilege it works too.
	 */
	if (pthread_setschedparam(worker->thread, SCHED_RR, &param))
		log_debug(worker->server->log, "no real-time priority");
}

int worker_start(struct server *server)
{
	uint32_t n = server->n_cpus * THREADS_A_CPU;

	server->workers = calloc(n, sizeof(*server->workers));
	if (!server->workers)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct server_worker *worker = &server->workers[i];
		int r;

		*worker = (struct server_worker){ .server = server, .cpu = i / THREADS_A_CPU };
		r = pthread_create(&worker->thread, NULL, run, worker);
		if (r)
			return -r;
		pin(worker);
	}
	return 0;
}
