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
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "log.h"
#include "process.h"
#include "server.h"
#include "wire.h"

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

	server_lock(server);
	process = server->by_group[number / WIRE_GROUP];
	/* A slot of a process that is gone stays in the list until it is seen here. */
	if (process) {
		slot->result = calls_do(process, slot->call, slot->args);
		server->n_calls++;
	}
	server_unlock(server);
	__atomic_store_n(&slot->state, WIRE_ANSWERED, __ATOMIC_RELEASE);
	futex(&slot->state, FUTEX_WAKE, 1);
}

static void *run(void *ctx)
{
	const struct server_worker *worker = ctx;
	struct server *server = worker->server;
	uint32_t *head = &server->area->cpus[worker->cpu].head;

	for (;;) {
		uint32_t list = __atomic_exchange_n(head, 0, __ATOMIC_ACQUIRE), oldest = 0;

		if (!list) {
			futex(head, FUTEX_WAIT, 0);
			continue;
		}
		while (list) { /* the latest came first: turn the list round */
			struct wire_slot *slot;
			uint32_t next;

			if (list > WIRE_GROUPS * WIRE_GROUP)
				break; /* a client wrote rubbish there: only its own calls are lost
					*/
			slot = &server->area->slots[list - 1];
			next = slot->next;
			slot->next = oldest;
			oldest = list;
			list = next;
		}
		while (oldest) {
			uint32_t number = oldest - 1;

			oldest = server->area->slots[number].next;
			answer(server, number);
		}
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
	server->workers = calloc(server->n_workers, sizeof(*server->workers));
	if (!server->workers)
		return -ENOMEM;
	for (uint32_t i = 0; i < server->n_workers; i++) {
		struct server_worker *worker = &server->workers[i];
		int r;

		*worker = (struct server_worker){ .server = server, .cpu = i };
		r = pthread_create(&worker->thread, NULL, run, worker);
		if (r)
			return -r;
		pin(worker);
	}
	return 0;
}
