/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking the hypervisor who is there: for one domain, for new ones, or for all.
 *
 * New domains nearly always have numbers above all known ones, because the hypervisor counts up: a
 * birth is found by asking for those alone. A death that nobody can name means a look at all; such
 * looks are spaced so that they never take more than a small share of our time, however many
 * domains die at once.
 */
#ifndef SURVEY_H
#define SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct domaininfo;
struct server;
struct survey;

struct survey_handlers {
	/* The hypervisor has listed this domain. */
	void (*found)(void *ctx, uint32_t domid, const struct domaininfo *info);
	/* It knows no domain of this number. */
	void (*missing)(void *ctx, uint32_t domid);
	/* All that there are have been listed: who was not found is gone. */
	void (*complete)(void *ctx);
	/* The highest number among the domains known. */
	uint32_t (*top)(void *ctx);
};

/**
 * survey_new() - nothing asked yet
 * @out:      owned by the caller
 * @handlers: borrowed for the survey's life
 *
 * Return: 0 or -ENOMEM.
 */
int survey_new(struct survey **out, struct server *server, const struct survey_handlers *handlers,
	       void *ctx);
void survey_free(struct survey *survey);
DEFINE_CLEANUP(struct survey *, survey_free)

/** survey_one() - look at one domain now. A failure leads to a look at all. */
void survey_one(struct survey *survey, uint32_t domid);
/** survey_expect_births(), survey_expect_deaths() - look with the next survey_turn(). */
void survey_expect_births(struct survey *survey);
void survey_expect_deaths(struct survey *survey);
/** survey_turn() - the end of a turn: look, if a look is due and allowed; else a timer waits. */
void survey_turn(struct survey *survey);

/** survey_is_done() - has a look at all ever succeeded? */
bool survey_is_done(const struct survey *survey);

#endif
