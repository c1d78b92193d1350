/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live update: another program takes the place of this one in the same process. What it needs to
 * know it reads from a stream (update/stream.h), what it needs to have it inherits: the listening
 * socket, those of the clients, and the event-channel handle with its ports.
 *
 *	update.h	the command: which program, when, and what is answered
 *	trial.h		does the program start at all?
 *	handover.c	everything into a stream, and exec
 *	takeover.h	in the new program: from the stream to a daemon that serves
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "update/dump.h"
#include "update/writer.h"

struct conn;
struct domains;
struct handover;
struct listener;
struct server;

/* In the run directory, where all daemons look for it. */
#define HANDOVER_FILE "state_dump"

struct handover_plan {
	const char *program;
	char **argv;		    /* ends with NULL */
	const char *cmdline;	    /* for the log; may be NULL */
	bool own;		    /* it is one of ours */
	uint32_t version;	    /* of the stream */
	const struct conn *updater; /* gets its answer from the new program */
};

/**
 * handover_go() - become another program; between turns
 * @why: out: room for what to tell the operator
 *
 * Returns only if that failed, and then nothing has changed.
 */
void handover_go(struct server *server, const struct handover_plan *plan, char *why,
		 uint32_t why_size);

/** handover_try() - write the stream, for a trial; 0, or what hinders it */
int handover_try(struct server *server, const struct handover_plan *plan);
/** handover_end_try() - remove it */
void handover_end_try(struct server *server);

/* While the stream is written. Clients come in the same order each time they are gone through. */
struct handover {
	struct server *server; /* borrowed */
	struct writer writer;
	bool own;
	bool second_pass; /* transactions, after the nodes */
	const struct conn *updater;
	struct dump_answer answer; /* to it */
	uint32_t updater_id;
	uint32_t n_conns;
};

/**
 * handover_client() - write one client down
 * @head: who it is; gets its number here
 * @req_cons, @rsp_prod: of a ring
 */
void handover_client(struct handover *handover, const struct conn *conn, struct stream_conn *head,
		     uint32_t req_cons, uint32_t rsp_prod);

/** domains_hand_over(), listener_hand_over() - call it for each of theirs */
void domains_hand_over(struct domains *domains, struct handover *handover);
void listener_hand_over(struct listener *listener, struct handover *handover);
/** domains_hand_over_limits() - what is not about connections */
void domains_hand_over_limits(struct domains *domains, struct handover *handover);

/**
 * domains_inherit(), listener_inherit() - whether the next program inherits the descriptors
 * @foreign: it expects its sockets to block
 */
void listener_inherit(struct listener *listener, bool inherit, bool foreign);
/** domains_virq() - let go of the event of dying domains, or have it again; 0 or what binding says
 */
int domains_virq(struct domains *domains, bool have);

#endif
