/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the libraries and simxend.
 *
 * A process has one control connection (SOCK_SEQPACKET), over which it gets descriptors. Calls go
 * through shared memory: the caller fills a slot, pushes it onto the list of the CPU that it runs
 * on, and wakes the thread of simxend that is pinned there, so that a call is two switches on one
 * CPU and no interrupt to another. Arguments are registers; simxend reads and writes the caller's
 * memory.
 *
 * An event-channel handle is a stream socket of its own. simxend writes the ports that fired, 4
 * bytes each; the client writes ports to unmask, or to notify if the top bit is set.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>

#define WIRE_VERSION  1
#define WIRE_PORTS    (1u << 17)
#define WIRE_CPUS     256
#define WIRE_GROUP    4	   /* slots of one process */
#define WIRE_GROUPS   8192 /* processes at once */
#define WIRE_NOTIFY   0x80000000u
#define WIRE_PAGE     4096
#define WIRE_BUFFERS  64 /* pages that one process has for buffers */
#define WIRE_TEXT_MAX 4096
#define WIRE_SOCKET   "simxend.sock" /* in the directory that SIMXEN_DIR names */
#define WIRE_DIR      "/run/simxen"  /* … or here */
#define WIRE_PROC     "proc"	     /* what stands for /proc/xen, in that directory */

enum wire_request {
	WIRE_HELLO = 1,	  /* → struct wire_welcome; descriptors: frames, area */
	WIRE_OPEN_EVTCHN, /* → struct wire_answer; descriptor: the handle */
	WIRE_COMMAND,	  /* text → struct wire_answer with text; only this one needs no hello */
};

struct wire_message {
	uint32_t request;
	uint32_t version;
	char text[]; /* WIRE_COMMAND */
};

struct wire_welcome {
	int32_t error;
	uint32_t first_slot;
	uint64_t n_frames;
	uint32_t n_cpus; /* that have threads of simxend */
	uint32_t pad;
};

struct wire_answer {
	int32_t error;
	uint32_t number; /* of a handle */
	char text[];
};

enum wire_call {
	WIRE_HYPERCALL,	       /* op, 5 arguments */
	WIRE_BIND_INTERDOMAIN, /* handle, domid, port */
	WIRE_BIND_UNBOUND,     /* handle, domid */
	WIRE_BIND_VIRQ,	       /* handle, virq */
	WIRE_UNBIND,	       /* handle, port */
	WIRE_RESTRICT,	       /* handle, domid */
	WIRE_CLOSED,	       /* handle: its descriptor was closed, maybe for the last time */
	WIRE_MAP_FOREIGN,      /* address, n, write, domid, frames, errors (int) or 0, mfns */
	WIRE_MAP_GRANT,	       /* address, n, write, domids, refs, stride of domids, mfns */
	WIRE_MAP_RESOURCE,     /* address, n, domid, type, id, frame, mfns */
	WIRE_UNMAP,	       /* address, n, is_grant */
	WIRE_COPY_GRANT,       /* n, segments */
};

enum wire_state { WIRE_FREE, WIRE_ASKED, WIRE_ANSWERED };

struct wire_slot {
	uint32_t state; /* futex: enum wire_state */
	uint32_t next;	/* in the list of a CPU: slot number + 1 */
	uint32_t call;
	uint32_t taken; /* by a thread of the process that owns it */
	uint64_t args[7];
	int64_t result;
} __attribute__((aligned(128)));

struct wire_cpu {
	uint32_t head; /* futex: slot number + 1, or 0 */
} __attribute__((aligned(64)));

struct wire_area {
	uint32_t owners[WIRE_PORTS];	  /* port of dom0 → number of the handle that holds it */
	uint64_t buffers_at[WIRE_GROUPS]; /* where the process has its buffers mapped, or 0 */
	struct wire_cpu cpus[WIRE_CPUS];
	struct wire_slot slots[WIRE_GROUPS * WIRE_GROUP];
};

/* The buffers follow the area in the same file, one piece for each group. */
#define WIRE_AREA_BYTES	 ((sizeof(struct wire_area) + WIRE_PAGE - 1) / WIRE_PAGE * WIRE_PAGE)
#define WIRE_PIECE_BYTES ((uint64_t)WIRE_BUFFERS * WIRE_PAGE)
#define WIRE_PIECE_AT(i) (WIRE_AREA_BYTES + (uint64_t)(i)*WIRE_PIECE_BYTES)
#define WIRE_FILE_BYTES	 WIRE_PIECE_AT(WIRE_GROUPS)

#endif
