/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What passes over the console of a guest whose word is "relay", in both directions: a head, then
 * head.len bytes. Little-endian, as all of Xen's x86.
 */
#ifndef RELAY_H
#define RELAY_H

#include <stdint.h>

#define RELAY_LEN_MAX 512

enum relay_kind {
	RELAY_DATA = 'D',  /* to the guest: into its request ring; from it: out of the answers' */
	RELAY_UP = 'U',	   /* u32: is there somebody for whom answers are taken? Drops what waits */
	RELAY_QUIET = 'Q', /* u32: are answers left in the ring? */
	RELAY_KICK = 'K',  /* send an event */
	RELAY_PEEK = 'R',  /* u32: offset in the store page, of 32 bits */
	RELAY_POKE = 'W',  /* u32, u32: offset, value */
	RELAY_DONE = 'A',  /* from the guest, after all but data: u32, what RELAY_PEEK has read */
};

struct relay_head {
	uint8_t kind, unused;
	uint16_t len;
};

#endif
