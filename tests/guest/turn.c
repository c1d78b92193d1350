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

static void introduce_ourselves(struct guest *guest)
{
	char domid[16] = "";
	const char *at = domid;

	if (!store_read(guest, "domid", domid, sizeof(domid)))
		guest->domid = (uint32_t)text_number(&at, 0);
	store_read(guest, "name", guest->name, sizeof(guest->name));
}

/* docs/misc/xenstore-paths: the request is acknowledged by emptying the node. */
static void obey(struct guest *guest)
{
	char request[32];

	if (guest->deaf || store_read(guest, "control/shutdown", request, sizeof(request)) ||
	    !request[0])
		return;
	store_write(guest, "control/shutdown", "%s", "");
	console_print(guest, "shutdown: %s\n", request);
	if (text_equal(request, "poweroff") || text_equal(request, "halt"))
		hyper_shutdown(SHUTDOWN_poweroff);
	if (text_equal(request, "reboot"))
		hyper_shutdown(SHUTDOWN_reboot);
	if (text_equal(request, "crash"))
		hyper_shutdown(SHUTDOWN_crash);
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
			obey(guest);
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
	store_watch(guest, "control/shutdown", SHUTDOWN_TOKEN);
	for (;;)
		turn(guest);
}
