/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and names of the wire protocol. The message header is xs_wire.h's; operations are listed
 * here because older headers lack the newest ones.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>
#include <xen/io/xs_wire.h>

enum wire_op {
	WIRE_CONTROL = 0,
	WIRE_DIRECTORY = 1,
	WIRE_READ = 2,
	WIRE_GET_PERMS = 3,
	WIRE_WATCH = 4,
	WIRE_UNWATCH = 5,
	WIRE_TRANSACTION_START = 6,
	WIRE_TRANSACTION_END = 7,
	WIRE_INTRODUCE = 8,
	WIRE_RELEASE = 9,
	WIRE_GET_DOMAIN_PATH = 10,
	WIRE_WRITE = 11,
	WIRE_MKDIR = 12,
	WIRE_RM = 13,
	WIRE_SET_PERMS = 14,
	WIRE_WATCH_EVENT = 15,
	WIRE_ERROR = 16,
	WIRE_IS_DOMAIN_INTRODUCED = 17,
	WIRE_RESUME = 18,
	WIRE_SET_TARGET = 19,
	WIRE_RESET_WATCHES = 21,
	WIRE_DIRECTORY_PART = 22,
	WIRE_GET_FEATURE = 23,
	WIRE_SET_FEATURE = 24,
	WIRE_GET_QUOTA = 25,
	WIRE_SET_QUOTA = 26,
	WIRE_N_OPS,
};

#define WIRE_HEADER_SIZE 16
#define WIRE_PAYLOAD_MAX 4096
#define WIRE_MESSAGE_MAX (WIRE_HEADER_SIZE + WIRE_PAYLOAD_MAX)

/* What a ring can do beyond the basics; the same bits in GET_FEATURE and in the ring page. */
#define WIRE_FEATURE_RECONNECTION 1u
#define WIRE_FEATURE_ERROR	  2u
#define WIRE_FEATURE_WATCH_DEPTH  4u
#define WIRE_FEATURE_DOMID_ANY	  8u
#define WIRE_FEATURES                                                                \
	(WIRE_FEATURE_RECONNECTION | WIRE_FEATURE_ERROR | WIRE_FEATURE_WATCH_DEPTH | \
	 WIRE_FEATURE_DOMID_ANY)

/**
 * wire_error_name() - what the protocol calls an errno
 * @error: positive
 *
 * Return: "EINVAL" for those it has no name for.
 */
const char *wire_error_name(int error);

/** wire_op_name() - name of an operation, or NULL */
const char *wire_op_name(uint32_t type);

#endif
