/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays the guests: after unpause a domain acts as its command line says, by the very code of the
 * real test kernel (tests/guest/: words, store, console, turns) over another hyper.c and clock.c.
 *
 * Each guest is a fiber, which runs until it polls; between events it costs its stack and no
 * thread. A guest that never sleeps is preempted when it asks for the time.
 */
#ifndef PLAYER_H
#define PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct domain;
struct host;
struct player;

/**
 * player_new() - nobody plays yet
 * @out:  owned by the caller; player_free() before host_free()
 * @wake: called when player_run() has something to do; may come from any thread that holds the lock
 *
 * Return: 0 or -ENOMEM.
 */
int player_new(struct player **out, void (*wake)(void *ctx), void *ctx);
void player_free(struct player *player);
DEFINE_CLEANUP(struct player *, player_free)

/* For the hooks of the same names; all with the lock held. */
void player_guest_runs(struct player *player, struct domain *domain);
void player_guest_stops(struct player *player, struct domain *domain);
void player_guest_gone(struct player *player, struct domain *domain);
void player_guest_event(struct player *player, struct domain *domain, uint32_t port);

/**
 * player_run_one() - let the guest that waits longest run until it sleeps
 * @now_ns: host_now_ns()
 *
 * Return: false when none can run.
 */
bool player_run_one(struct player *player, uint64_t now_ns);

/** player_due_ns() - when the next sleeper wants to wake, UINT64_MAX: none. */
uint64_t player_due_ns(const struct player *player);

#endif
