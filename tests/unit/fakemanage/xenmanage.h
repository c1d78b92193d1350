/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of libxenmanage the daemon uses, for test_domstate.c, which plays the library: it runs also
 * where there is none (Xen up to 4.20).
 */
#ifndef XENMANAGE_H
#define XENMANAGE_H

#include <stdint.h>

struct xentoollog_logger;
typedef struct xenmanage_handle xenmanage_handle;

enum {
	XENMANAGE_GETDOMSTATE_STATE_EXIST = 1,
	XENMANAGE_GETDOMSTATE_STATE_SHUTDOWN = 2,
	XENMANAGE_GETDOMSTATE_STATE_DYING = 4,
	XENMANAGE_GETDOMSTATE_STATE_DEAD = 8,
};

xenmanage_handle *xenmanage_open(struct xentoollog_logger *logger, unsigned int open_flags);
int xenmanage_close(xenmanage_handle *hdl);
int xenmanage_get_domain_info(xenmanage_handle *hdl, unsigned int domid, unsigned int *state,
			      unsigned int *caps, uint64_t *unique_id);
int xenmanage_poll_changed_domain(xenmanage_handle *hdl, unsigned int *domid, unsigned int *state,
				  unsigned int *caps, uint64_t *unique_id);

#endif
