/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the command line, then takes turns: take what arrived, let the words that are due do their
 * piece, sleep in the hypervisor until a port fires or the next word's time has come.
 *
 * Nothing here knows what machine it runs on: simxen plays its guests with this file and the words,
 * over its own hyper.c and clock.c.
 */
#include "guest.h"

#define SHUTDOWN_TOKEN "shutdown"

/* docs/misc/xenstore-paths: the request is acknowledged by emptying the node. */
static void obey(struct guest *guest, const char *request)
{
	store_write(guest, "control/shutdown", "%s", "");
	console_print(guest, "shutdown: %s\n", request);
	if (text_equal(request, "poweroff") || text_equal(request, "halt"))
		hyper_shutdown(SHUTDOWN_poweroff);
	if (text_equal(request, "reboot"))
		hyper_shutdown(SHUTDOWN_reboot);
	if (text_equal(request, "crash"))
		hyper_shutdown(SHUTDOWN_crash);
}

static void look_for_request(struct guest *guest)
{
	char request[32];

	/* The watch's own event tells nothing new. */
	if (!guest->knows_request) {
		guest->knows_request = true;
		return;
	}
	if (!guest->deaf && !store_read(guest, "control/shutdown", request, sizeof(request)) &&
	    request[0])
		obey(guest, request);
}

/* All at once: three thousand guests that ask one thing after the other take turns with whoever
 * makes the next ones. The request is read when it is watched, so nothing can come between. */
static void introduce_ourselves(struct guest *guest)
{
	static const char watched[] = "control/shutdown\0" SHUTDOWN_TOKEN;
	char domid[16] = "", request[32] = "";
	const char *at = domid;
	struct question questions[] = {
		{ XS_READ, 0, "domid", sizeof("domid"), domid, sizeof(domid), 0, 0 },
		{ XS_READ, 0, "name", sizeof("name"), guest->name, sizeof(guest->name), 0, 0 },
		{ XS_WATCH, 0, watched, sizeof(watched), NULL, 0, 0, 0 },
		{ XS_READ, 0, watched, sizeof("control/shutdown"), request, sizeof(request), 0, 0 },
	};

	store_ask(guest, questions, sizeof(questions) / sizeof(questions[0]));
	guest->domid = (uint32_t)text_number(&at, 0);
	/* Without the watch there is no event of its own. */
	guest->knows_request = questions[2].id || questions[2].error;
	if (request[0] && !guest->deaf)
		obey(guest, request);
}

static void add_task(struct guest *guest, const char *name, const char *arg)
{
	const struct word *word = words;

	while (word->name && !text_equal(word->name, name))
		word++;
	if (!word->name || guest->n_tasks == TASKS_MAX) {
		console_print(guest, "%s: %s\n", word->name ? "one word too many" : "unknown word",
			      name);
		return;
	}
	guest->tasks[guest->n_tasks++] = (struct task){ .word = word, .arg = arg };
}

/* Cuts the command line in place: "word word=arg …". */
static void parse(struct guest *guest)
{
	char *at = guest->cmdline;

	while (*at) {
		char *name, *arg = NULL;

		if (*at == ' ') {
			at++;
			continue;
		}
		for (name = at; *at && *at != ' '; at++) {
			if (*at == '=' && !arg) {
				*at = '\0';
				arg = at + 1;
			}
		}
		if (*at)
			*at++ = '\0';
		add_task(guest, name, arg ? arg : "");
	}
}

static void call(struct guest *guest, struct task *task)
{
	task->due_ns = task->word->step(guest, task);
	task->n_calls++;
}

static void deliver_events(struct guest *guest)
{
	struct store *store = &guest->store;
	struct event event;

	while (store->n_events) {
		event = store->events[0];
		memmove(store->events, store->events + 1, --store->n_events * sizeof(event));
		if (text_equal(event.token, SHUTDOWN_TOKEN)) {
			look_for_request(guest);
			continue;
		}
		guest->event = &event;
		for (uint32_t i = 0; i < guest->n_tasks; i++)
			if ((guest->tasks[i].word->wakes_on & WAKE_EVENT) &&
			    text_equal(event.token, guest->tasks[i].word->name))
				call(guest, &guest->tasks[i]);
		guest->event = NULL;
	}
}

static void turn(struct guest *guest)
{
	uint64_t now_ns, next_ns = NEVER;
	unsigned int woken;

	clock_take(guest, guest->store.port);
	clock_take(guest, guest->console.port);
	store_receive(guest);
	deliver_events(guest);
	woken = guest->woken;
	guest->woken = 0;
	now_ns = clock_ns(guest);
	for (uint32_t i = 0; i < guest->n_tasks; i++)
		if (guest->tasks[i].due_ns <= now_ns || (guest->tasks[i].word->wakes_on & woken))
			call(guest, &guest->tasks[i]);
	for (uint32_t i = 0; i < guest->n_tasks; i++)
		if (guest->tasks[i].due_ns < next_ns)
			next_ns = guest->tasks[i].due_ns;
	if (!guest->store.n_events && !guest->woken && next_ns > clock_ns(guest))
		clock_sleep(guest, next_ns);
}

void turn_for_ever(struct guest *guest)
{
	parse(guest);
	for (uint32_t i = 0; i < guest->n_tasks; i++)
		if (guest->tasks[i].word->wakes_on & ALONE)
			call(guest, &guest->tasks[i]);
	introduce_ourselves(guest);
	for (;;)
		turn(guest);
}
