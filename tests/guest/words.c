/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of words, and the words of well-behaved guests. The hostile ones are in hostile.c.
 * README.md documents all. */
#include "guest.h"

static uint64_t word_hello(struct guest *guest, struct task *task)
{
	(void)task;
	console_print(guest, "hello from domain %u %s\n", guest->domid, guest->name);
	store_write(guest, "data/hello", "%u %s", guest->domid, guest->name);
	return NEVER;
}

static uint64_t word_ready(struct guest *guest, struct task *task)
{
	(void)task;
	store_write(guest, "data/ready", "1");
	return NEVER;
}

/* The number of a time: four per factor of two. */
static unsigned int bucket(uint64_t us)
{
	unsigned int octave = us ? 63 - (unsigned int)__builtin_clzll(us) : 0, n;

	n = octave < 2 ? (unsigned int)us : octave * 4 + (unsigned int)(us >> (octave - 2) & 3) - 4;
	return n < TIMES_MAX ? n : TIMES_MAX - 1;
}

/* The longest time that has this number. */
static uint64_t bucket_us(unsigned int n)
{
	return n < 4 ? n : (((n & 3) + 5ull) << (n / 4 - 1)) - 1;
}

/* So long took so many of a hundred, at most. */
static uint64_t percentile_us(const struct task *task, uint64_t percent)
{
	uint64_t seen = 0;
	unsigned int i = 0;

	for (; i < TIMES_MAX - 1; i++) {
		seen += task->times[i];
		if (seen * 100 >= task->n * percent)
			break;
	}
	return bucket_us(i);
}

static void report_ping(struct guest *guest, const struct task *task)
{
	uint64_t n = task->n ? task->n : 1;

	store_write(guest, "data/ping/count", "%lu", task->n);
	store_write(guest, "data/ping/errors", "%lu", task->m);
	store_write(guest, "data/ping/p50", "%lu", percentile_us(task, 50));
	store_write(guest, "data/ping/p99", "%lu", percentile_us(task, 99));
	store_write(guest, "data/ping/us", "%lu %lu %lu", task->min / 1000, task->sum / n / 1000,
		    task->max / 1000);
}

/* One round: write a number, read it back. Times are of the pair. */
static void ping_once(struct guest *guest, struct task *task)
{
	uint64_t start_ns = clock_ns(guest), took_ns;
	char sent[24], back[24] = "";
	int r;

	text_format(sent, sizeof(sent), "%lu", task->n);
	r = store_write(guest, "data/ping/value", "%s", sent);
	if (!r)
		r = store_read(guest, "data/ping/value", back, sizeof(back));
	if (r || !text_equal(sent, back)) {
		task->m++;
		console_print(guest, "ping: %s sent, \"%s\" came back, %s\n", sent, back,
			      store_error_name(r));
	}
	took_ns = clock_ns(guest) - start_ns;
	task->n++;
	task->times[bucket(took_ns / 1000)]++;
	task->sum += took_ns;
	if (task->n == 1 || took_ns < task->min)
		task->min = took_ns;
	if (took_ns > task->max)
		task->max = took_ns;
}

static uint64_t word_ping(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t n = text_number(&arg, 10), pause_ms = text_number(&arg, 0), now_ns;

	ping_once(guest, task);
	now_ns = clock_ns(guest);
	if (n && task->n >= n) {
		report_ping(guest, task);
		console_print(guest, "ping: %lu round trips, %lu errors\n", task->n, task->m);
		return NEVER;
	}
	if (!n && now_ns >= task->end_ns) {
		report_ping(guest, task);
		task->end_ns = now_ns + 1000 * MS;
	}
	return now_ns + pause_ms * MS;
}

static uint64_t word_watch(struct guest *guest, struct task *task)
{
	const char *path = task->arg[0] ? task->arg : "data/watch";
	char value[256];
	int r;

	if (!task->n_calls) {
		r = store_watch(guest, path, "watch");
		if (r)
			console_print(guest, "watch: %s %s\n", path, store_error_name(r));
		return NEVER;
	}
	if (!guest->event)
		return NEVER;
	task->n++;
	r = store_read(guest, guest->event->path, value, sizeof(value));
	console_print(guest, "watch: %s = %s\n", guest->event->path,
		      r ? store_error_name(r) : value);
	store_write(guest, "data/watched", "%lu", task->n);
	return NEVER;
}

static uint64_t word_chatter(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t per_second = text_number(&arg, 10), n = text_number(&arg, 0),
		 size = text_number(&arg, 0);
	uint64_t now_ns = clock_ns(guest);
	char line[512];
	size_t len;

	if (!per_second || (n && task->n == n))
		return NEVER;
	if (!task->n_calls || task->due_ns == NEVER) /* the first, or held up by a full console */
		task->due_ns = now_ns;
	if (task->due_ns > now_ns) /* woken early: the console has room again */
		return task->due_ns;
	len = text_format(line, sizeof(line), "chatter %lu ", task->n);
	while (len + 1 < size && len + 2 < sizeof(line)) {
		line[len] = (char)('a' + len % 26);
		len++;
	}
	line[len++] = '\n';
	if (console_room(guest) < len)
		return NEVER; /* until the console's event */
	console_put(guest, line, (uint32_t)len);
	task->n++;
	return task->due_ns + 1000 * MS / per_second;
}

static uint64_t word_echo(struct guest *guest, struct task *task)
{
	char text[256];
	uint32_t n, room = console_room(guest);

	(void)task;
	while ((n = console_get(guest, text, room < sizeof(text) ? room : sizeof(text)))) {
		console_put(guest, text, n);
		room = console_room(guest);
	}
	return NEVER;
}

static uint64_t word_deaf(struct guest *guest, struct task *task)
{
	(void)task;
	guest->deaf = true;
	return NEVER;
}

/* The words that end the guest wait for the time given. */
static bool time_has_come(struct guest *guest, struct task *task)
{
	const char *arg = task->arg;
	uint64_t now_ns = clock_ns(guest);

	if (!task->n_calls)
		task->end_ns = now_ns + text_number(&arg, 0) * MS;
	return now_ns >= task->end_ns;
}

static uint64_t word_exit(struct guest *guest, struct task *task)
{
	if (time_has_come(guest, task))
		hyper_shutdown(SHUTDOWN_poweroff);
	return task->end_ns;
}

static uint64_t word_reboot(struct guest *guest, struct task *task)
{
	if (time_has_come(guest, task))
		hyper_shutdown(SHUTDOWN_reboot);
	return task->end_ns;
}

static uint64_t word_crash(struct guest *guest, struct task *task)
{
	if (time_has_come(guest, task))
		hyper_shutdown(SHUTDOWN_crash);
	return task->end_ns;
}

static uint64_t word_fault(struct guest *guest, struct task *task)
{
	if (time_has_come(guest, task))
		hyper_fault();
	return task->end_ns;
}

static uint64_t word_spin(struct guest *guest, struct task *task)
{
	(void)task;
	return clock_ns(guest);
}

const struct word words[] = {
	{ "hello", word_hello, 0 },
	{ "ready", word_ready, 0 },
	{ "ping", word_ping, 0 },
	{ "watch", word_watch, WAKE_EVENT },
	{ "chatter", word_chatter, WAKE_CONSOLE },
	{ "echo", word_echo, WAKE_CONSOLE },
	{ "relay", word_relay, ALONE },
	{ "deaf", word_deaf, 0 },
	{ "exit", word_exit, 0 },
	{ "reboot", word_reboot, 0 },
	{ "crash", word_crash, 0 },
	{ "fault", word_fault, 0 },
	{ "spin", word_spin, 0 },
	{ "flood-console", word_flood_console, WAKE_CONSOLE },
	{ "flood-store", word_flood_store, WAKE_STORE },
	{ "mute-store", word_mute_store, WAKE_STORE },
	{ "mute-watch", word_mute_watch, WAKE_STORE },
	{ "flood-events", word_flood_events, 0 },
	{ "bad-ring", word_bad_ring, 0 },
	{ "hog-ports", word_hog_ports, 0 },
	{ "hog-nodes", word_hog_nodes, 0 },
	{ "hog-watches", word_hog_watches, 0 },
	{ "hog-transactions", word_hog_transactions, 0 },
	{ NULL, NULL, 0 },
};
