/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration stream, as it is once read and before it is written: one struct for each kind of
 * record. Bytes are the business of writer.h and reader.h.
 *
 * A stream is a preamble and records; a record that refers to another one comes after it. Records
 * of kinds that a reader does not know are skipped, so ours (STREAM_OWN_*) may stand among those
 * of the specification. They say what it has no words for; they are only for the daemon that is
 * started next by this one on the same host, and their layout may change with their version.
 *
 * Source: docs/designs/xenstore-migration.md of Xen.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stdint.h>

#define STREAM_VERSION_MAX 2

enum stream_type {
	STREAM_END,
	STREAM_GLOBAL,
	STREAM_CONN,
	STREAM_WATCH,
	STREAM_TXN,
	STREAM_NODE,
	STREAM_QUOTA,
	STREAM_DOMAIN,
	STREAM_WATCH_EXT, /* version 2 */
	STREAM_OWN_SERVER = 0x78730001,
	STREAM_OWN_DOMAIN,
	STREAM_OWN_CLIENT,
	STREAM_OWN_TXN,
	STREAM_OWN_TXN_NODE,
};

/* In the tdomid of a ring that acts for nobody. */
#define STREAM_NO_TARGET 0x7ff4

struct stream_global {
	int32_t listen_fd; /* -1: none */
	int32_t evtchn_fd; /* -1: none */
};

struct stream_conn {
	uint32_t id; /* not 0 */
	bool is_socket;
	int32_t fd;	 /* socket */
	uint32_t domid;	 /* ring, as what follows */
	uint32_t target; /* or STREAM_NO_TARGET */
	uint32_t port;	 /* ours */
	const char *in;	 /* received and not served: whole messages, then maybe a part of one */
	uint32_t in_len;
	const char *out; /* not sent: maybe the end of a message, then whole ones */
	uint32_t out_len;
	uint32_t partial_len; /* of the end of a message at the front of out */
	uint64_t unique_id;   /* of a ring's domain; 0: not told. Never written: who
				 reads it asks Xen */
};

struct stream_watch {
	uint32_t conn;
	const char *path; /* as it was registered: may be relative; NUL-terminated */
	const char *token;
	uint32_t path_len;
	uint32_t token_len;
	uint16_t depth; /* 0xffff: any */
};

struct stream_txn {
	uint32_t conn;
	uint32_t id;
};

struct stream_perm {
	uint32_t domid;
	char rights; /* 'n', 'r', 'w' or 'b' */
	bool stale;
};

struct stream_node {
	uint32_t conn; /* not 0: seen by a transaction only */
	uint32_t txid;
	const char *path; /* absolute, or a special one */
	uint32_t path_len;
	const char *value;
	uint32_t value_len;
	const uint8_t *perms; /* reader_perm() */
	uint32_t n_perms;
};

/* Limits of all (STREAM_QUOTA), or of a domain; reader_limit(). */
struct stream_domain {
	uint32_t domid;	   /* of a domain only, as are the features */
	uint32_t features; /* 0 before version 2 */
	uint32_t n_limits;
	const uint8_t *values;
	const char *names; /* n_limits strings with their NULs */
};

#define STREAM_OWN_VERSION 1

struct stream_own_server {
	uint32_t version;
	uint32_t updater;   /* connection that is answered in the name of the new daemon; 0: none */
	uint32_t virq;	    /* port of the event of dying domains, still bound */
	int32_t park_fd[2]; /* -1: no sockets are parked (park.h) */
	int32_t program_fd; /* of the daemon that wrote this */
	uint64_t generation;
	uint64_t next_client; /* number for the next client that is kept */
	const char *args;     /* n_args strings with their NULs: how it was called */
	uint32_t n_args;
};

#define STREAM_DOMAIN_INTRODUCED 1u
#define STREAM_DOMAIN_SHUTDOWN	 2u
#define STREAM_DOMAIN_IGNORED	 4u

struct stream_own_domain {
	uint32_t domid;
	uint32_t flags;	      /* STREAM_DOMAIN_* */
	uint32_t remote_port; /* of its ring */
	uint32_t features;
	uint8_t handle[16];
	uint64_t unique_id; /* 0: not known, or written before there was one here */
};

struct stream_own_client {
	uint32_t conn;
	uint32_t next_txid;
	uint32_t req_cons;   /* ring */
	uint32_t rsp_prod;   /* ring */
	uint64_t id;	     /* under which it is kept; 0: it is not */
	bool head_is_answer; /* the end of a message at the front of its output is no event */
};

#define STREAM_TXN_LOST	  1u /* it touched what has changed since: no commit */
#define STREAM_TXN_FAILED 2u

struct stream_own_txn {
	uint32_t conn;
	uint32_t id;
	uint32_t flags; /* STREAM_TXN_* */
	uint32_t n_changes;
	int32_t n_owned;
};

#define STREAM_TN_EXISTS    1u
#define STREAM_TN_REMOVED   2u
#define STREAM_TN_CREATED   4u
#define STREAM_TN_IMPLIED   8u
#define STREAM_TN_FIRES	    16u
#define STREAM_TN_SUBTREE   32u /* kind of the event: else exact */
#define STREAM_TN_HAS_VALUE 64u
#define STREAM_TN_HAS_BASE  128u
#define STREAM_TN_FLAGS	    255u

struct stream_own_txn_node {
	uint32_t conn;
	uint32_t txid;
	uint32_t flags;	  /* STREAM_TN_* */
	uint32_t touched; /* TXN_* */
	uint32_t place;	  /* created: among the children created below the same parent */
	int32_t children_bytes;
	const char *path;
	uint32_t path_len;
	const char *value;
	uint32_t value_len;
	const uint8_t *perms; /* none: those of the base */
	uint32_t n_perms;
};

struct stream_record {
	uint32_t type; /* enum stream_type, or unknown */
	union {
		struct stream_global global;
		struct stream_conn conn;
		struct stream_watch watch; /* both kinds */
		struct stream_txn txn;
		struct stream_node node;
		struct stream_domain domain; /* also STREAM_QUOTA */
		struct stream_own_server own_server;
		struct stream_own_domain own_domain;
		struct stream_own_client own_client;
		struct stream_own_txn own_txn;
		struct stream_own_txn_node own_txn_node;
	};
};

#endif
