/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the host's domains, kept while time goes on: a name is read when its domain appears
 * and when it changes, so that to look one up costs nothing, however many there are.
 */
#ifndef POOL_ROSTER_H
#define POOL_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct roster;
struct storeclient;
struct xc_interface_core;

/**
 * roster_new() - an empty one, which is not current
 * @out:     owned by the caller
 * @store:   borrowed; answers all that we asked before the roster goes
 * @changed: called from the loop when it may have become current
 *
 * Return: 0 or -ENOMEM.
 */
int roster_new(struct roster **out, struct xc_interface_core *xch, struct storeclient *store,
	       void (*changed)(void *ctx), void *ctx);
void roster_free(struct roster *roster);
DEFINE_CLEANUP(struct roster *, roster_free)

/** roster_connected() - the store is there (again): what it says is asked anew. */
void roster_connected(struct roster *roster);

/** roster_event() - a watch fired. Return: true if it was ours. */
bool roster_event(struct roster *roster, const char *path, const char *token);

/**
 * roster_update() - list the host if domains have come or gone
 *
 * Return: 1 (it is current), 0 (names are still to be read: changed() will be called), -ENOTCONN,
 * -ENOMEM, or what the hypervisor says.
 */
int roster_update(struct roster *roster);

/** roster_find() - the domid of this name, or 0. */
uint32_t roster_find(const struct roster *roster, const char *name);

/** roster_find_uuid() - likewise; as the hypervisor had it when it was last listed. */
uint32_t roster_find_uuid(const struct roster *roster, const uint8_t uuid[16]);

#endif
