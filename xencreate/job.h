/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One domain's way through the stages, forwards and, if it has to be, back. A job sends, and goes
 * on when all that it has sent is answered; nothing here waits.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "build.h"
#include "place.h"
#include "plug.h"
#include "shell.h"
#include "stage.h"
#include "tree.h"
#include "undo.h"
#include "unplug.h"

struct handles;
struct job;
struct journal;
struct plan_domain;
struct proof;
struct report;
struct scripts;
struct tokens;
struct worker_pool;
struct worker_result;

enum job_wait {
	JOB_WAIT_STORE,	  /* until the store daemon has taken the domain's ring: less would leave a
			     guest without store */
	JOB_WAIT_CONSOLE, /* until the console daemon has a terminal for it */
	JOB_WAIT_READY,	  /* until the guest says so */
};

enum job_state {
	JOB_IDLE,
	JOB_RUNNING,
	JOB_UNDOING,
	JOB_DONE,
	JOB_FAILED,
};

/* What all jobs of a batch have in common; owned by the batch. */
struct job_env {
	struct handles *host;
	struct worker_pool *pool;
	struct report *report;	 /* or NULL */
	struct journal *journal; /* or NULL */
	struct proof *proof;
	struct scripts *scripts;
	struct unplug_env unplug;
	enum job_wait wait;
	bool paused; /* leave the domains paused */
	struct place place;
	const char *ready_node; /* below the domain's folder */
	uint64_t timeout_us;	/* for a console, and for a guest, each */
	bool closing;		/* answers do not matter any more */
	struct tree tree;	/* scratch */
	/* Called once per job, at the end of its way. */
	void (*finished)(void *ctx, struct job *job);
	void *ctx;
};

struct job {
	TAILQ_ENTRY(job) link; /* the batch's list of those on their way */
	struct job_env *env;
	const struct plan_domain *plan;
	uint32_t id;
	enum job_state state;
	enum stage stage;
	struct shell shell;
	struct build_result build;
	unsigned int n_pending;	 /* answers of the store that are still to come */
	unsigned int n_answered; /* of the tree's requests */
	bool in_worker;
	bool in_xl;
	bool introduction_begun, introduced, tty_seen, ready_seen;
	bool tty_watched, ready_watched;
	bool ready_expected;  /* the watch's own first event tells nothing new */
	bool taken;	      /* made beforehand; now it gets its name: job_take() */
	char tty[32];	      /* its terminal, if it was asked for */
	bool connection_lost; /* of something that was sent: send it again */
	struct plugs plugs;
	struct unplug unplug;
	uint64_t waiting_since_us; /* in the stage of the devices: since when for backends; 0: a
				      script has just ended */
	struct undo undo;
	bool unclean;
	bool store_given_up; /* the way back goes on without it */
	int error;
	char message[256];
	uint64_t start_us, stage_start_us, undo_start_us;
	uint64_t stage_us[N_STAGES];
};

/** job_init() - @job is zeroed; @id comes back in results and watch tokens. */
void job_init(struct job *job, struct job_env *env, const struct plan_domain *plan, uint32_t id);

/** job_start() - take the first step; the pool has room for it. */
void job_start(struct job *job);

/**
 * job_take() - a domain that was made beforehand and left paused gets the name that its plan has
 * by now, and runs
 * @job: done; goes on in @env until it is done again, or taken back with all that is the domain's
 */
void job_take(struct job *job, struct job_env *env);

/** job_adopt() - like one that is done: the domain was made by an earlier process. @job:
 * initialised
 */
void job_adopt(struct job *job, uint32_t domid);

/** job_result() - a worker has answered. */
void job_result(struct job *job, const struct worker_result *result);

/** job_reconnected() - there is a new connection to the store: do again what was lost with the old
 * one. */
void job_reconnected(struct job *job);

/** job_cancel() - give up as soon as what is under way has been answered; @why becomes the job's
 * error. */
void job_cancel(struct job *job, int error, const char *why);

/** job_finish() - from jobback.c: the end of the way. */
void job_finish(struct job *job, enum job_state state);

/** job_note_error() - from jobstore.c: something failed; the first error counts. */
void job_note_error(struct job *job, int error, const char *what);

/** job_settle() - from jobstore.c: an answer came; take the next step if none is missing. */
void job_settle(struct job *job);

/** job_event() - a watch of this job fired. */
void job_event(struct job *job, const struct tokens *token);

/** job_deinit() - free what it holds, when its batch is over. */
void job_deinit(struct job *job);

/**
 * job_check_time() - cancel if it has waited too long; on the way back, go on without the store
 * Return: true if it cannot go on before the store's answers that are missing have failed:
 * storeclient_drop().
 */
bool job_check_time(struct job *job, uint64_t now_us);

#endif
