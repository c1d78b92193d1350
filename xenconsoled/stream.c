/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serving a ring: peek, write to log and pty, take, notify once. Bytes leave the ring only after
 * they are in the log, so a daemon killed in between loses none.
 */
#include "stream.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "conring.h"
#include "console.h"
#include "journal.h"
#include "logfile.h"
#include "loop.h"
#include "options.h"
#include "server.h"
#include "terminal.h"

/*
 * What the queue gets per turn, while quiet guests are about and while none is; and one guest of
 * it.
 */
#define SLICE_BYTES	8192
#define BIG_SLICE_BYTES 65536
#define ABOUT_MS	1000
#define QUANTUM_BYTES	CONRING_OUT_SIZE
#define TTY_SLICE_BYTES (64u << 10)
#define BAD_RING_LOG_MS 60000

TAILQ_HEAD(stream_list, console);

struct streams {
	struct server *server;	   /* borrowed: owns us */
	struct stream_list queued; /* borrowed consoles, next one first */
	struct stream_list paused; /* by due time: all pauses are equally long */
	struct event *resume;	   /* due when the first of them is */
	uint64_t quiet_ms;	   /* when a quiet one was last served */
	struct loop_hook hook;
};

#define console_of_port(p) ((struct console *)(void *)((char *)(p)-offsetof(struct console, port)))

static struct streams *streams_of(const struct console *console)
{
	return console->server->streams;
}

static void arm_resume(struct streams *streams, uint64_t now_ms)
{
	const struct console *first = TAILQ_FIRST(&streams->paused);
	uint64_t wait_ms = first->due_ms > now_ms ? first->due_ms - now_ms : 0;
	struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
				.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	event_add(streams->resume, &wait);
}

static void leave_queue(struct console *console)
{
	struct streams *streams = streams_of(console);

	if (console->flow == CONSOLE_QUEUED)
		TAILQ_REMOVE(&streams->queued, console, queued);
	else if (console->flow == CONSOLE_PAUSED)
		TAILQ_REMOVE(&streams->paused, console, queued);
	console->flow = CONSOLE_LISTENING;
}

static void enqueue(struct console *console)
{
	struct streams *streams = streams_of(console);

	leave_queue(console);
	console->flow = CONSOLE_QUEUED;
	TAILQ_INSERT_TAIL(&streams->queued, console, queued);
	loop_again(console->server->loop);
}

static void pause_console(struct console *console)
{
	struct streams *streams = streams_of(console);
	uint64_t now_ms = loop_now_ms(console->server->loop);

	leave_queue(console);
	console->flow = CONSOLE_PAUSED;
	console->due_ms = now_ms + THROTTLE_PAUSE_MS;
	console->stats.paused_ms += THROTTLE_PAUSE_MS;
	TAILQ_INSERT_TAIL(&streams->paused, console, queued);
	if (TAILQ_FIRST(&streams->paused) == console)
		arm_resume(streams, now_ms);
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
	struct streams *streams = ctx;
	uint64_t rate = streams->server->options->rate_bytes_per_s;
	uint64_t now_ms = loop_now_ms(streams->server->loop);
	struct console *console;

	(void)fd, (void)what;
	while ((console = TAILQ_FIRST(&streams->paused)) && console->due_ms <= now_ms) {
		if (throttle_charge(&console->throttle, rate, now_ms, 0))
			enqueue(console);
		else
			pause_console(console);
	}
	if (console)
		arm_resume(streams, now_ms);
}

/* --- from the guest --- */

/* Writes what the pty takes now; the rest is the caller's. A full pty is no error. */
static size_t write_tty(struct console *console, const char *data, size_t len)
{
	ssize_t n = write(console->tty.master, data, len);

	if (n >= 0)
		return (size_t)n;
	if (errno != EAGAIN && errno != EINTR)
		terminal_give_up(console);
	return 0;
}

static void to_tty(struct console *console, const char *data, size_t len)
{
	terminal_complete(console);
	if (tty_is_open(&console->tty) && !console->backlog.size_bytes) {
		size_t n = write_tty(console, data, len);

		data += n;
		len -= n;
	}
	if (!len)
		return;
	backlog_push(&console->backlog, data, len);
	if (tty_is_open(&console->tty) && !console->tty_is_full) {
		console->tty_is_full = true;
		event_add(console->tty_writable, NULL);
	}
}

static void to_logs(struct console *console, const char *data, size_t len)
{
	if (console->logfile)
		logfile_write(console->logfile, data, len, loop_now_ms(console->server->loop));
	if (console->journal_source)
		journal_write(console->journal_source, data, len);
}

static void report_bad_ring(struct console *console)
{
	uint32_t n_held_back;

	console->stats.n_bad_rings++;
	if (log_limit_pass(&console->bad_ring_limit, loop_now_ms(console->server->loop),
			   BAD_RING_LOG_MS, &n_held_back))
		log_warning(console->server->log,
			    "domain %u: its console ring's indices make no sense (%u more times)",
			    console->domid, n_held_back);
}

/* Must the guest wait because nobody reads what it has printed? */
static bool must_wait(const struct console *console)
{
	return console->server->options->keep_overflow && backlog_is_full(&console->backlog);
}

/* Moves up to @budget bytes from ring to log and pty; returns how many. The guest must be told. */
static uint32_t drain(struct console *console, uint32_t budget)
{
	char data[CONRING_OUT_SIZE];
	uint32_t total = 0, n;

	while (total < budget) {
		uint32_t want = budget - total;

		if (must_wait(console) && !console->dead)
			break;
		if (want > sizeof(data))
			want = sizeof(data);
		if (conring_peek(console->page, data, want, &n) < 0) {
			report_bad_ring(console);
			break;
		}
		if (!n)
			break;
		to_logs(console, data, n);
		to_tty(console, data, n);
		conring_take(console->page, n);
		total += n;
	}
	console->stats.out_bytes += total;
	return total;
}

static void tell_guest(struct console *console)
{
	ports_notify(console->server->ports, &console->port);
}

/*
 * Decides what a console that is in no queue waits for next; @n bytes have been taken from it.
 * Return: true if that is its port.
 */
static bool decide(struct console *console, uint32_t n)
{
	struct server *server = console->server;

	quiet_note(&console->quiet, loop_now_ms(server->loop), n);
	if (!throttle_charge(&console->throttle, server->options->rate_bytes_per_s,
			     loop_now_ms(server->loop), n + THROTTLE_EVENT_BYTES)) {
		pause_console(console);
		return false;
	}
	if (must_wait(console)) {
		console->flow = CONSOLE_BLOCKED;
		return false;
	}
	/*
	 * What it has printed meanwhile comes with the next event: to look again at once would find
	 * little bits, and cost an event for each.
	 */
	return true;
}

static void resume_input(struct console *console)
{
	if (!console->input_stalled || !conring_room(console->page))
		return;
	console->input_stalled = false;
	if (tty_is_open(&console->tty))
		event_add(console->tty_readable, NULL);
}

static bool on_port(struct port *port)
{
	struct console *console = console_of_port(port);
	uint64_t now_ms = loop_now_ms(console->server->loop);
	uint32_t n;

	console->stats.n_events++;
	resume_input(console);
	/* A port that was bound anew fires although its console still waits for something else. */
	if (console->flow != CONSOLE_LISTENING)
		return false;
	if (!quiet_is(&console->quiet, now_ms)) {
		enqueue(console);
		return false;
	}
	streams_of(console)->quiet_ms = now_ms;
	n = drain(console, QUIET_BYTES);
	if (n)
		tell_guest(console);
	return decide(console, n);
}

void stream_look(struct console *console)
{
	if (on_port(&console->port))
		ports_unmask(console->server->ports, &console->port);
}

/*
 * The end of a turn: some of what those who print much have waiting. They are told together in the
 * end: whoever is woken by that should not take our place on the CPU between two rings.
 */
static void serve_queue(void *ctx)
{
	struct streams *streams = ctx;
	struct console *console;
	uint64_t idle_ms = loop_now_ms(streams->server->loop) - streams->quiet_ms;
	uint32_t slice = idle_ms < ABOUT_MS ? SLICE_BYTES : BIG_SLICE_BYTES;
	struct console *to_tell[BIG_SLICE_BYTES / QUANTUM_BYTES];
	uint32_t n_rings = 0, n_to_tell = 0;

	while (n_rings++ < slice / QUANTUM_BYTES && (console = TAILQ_FIRST(&streams->queued))) {
		uint32_t n;

		leave_queue(console);
		if (!console->page)
			continue;
		n = drain(console, QUANTUM_BYTES);
		if (n)
			to_tell[n_to_tell++] = console;
		if (decide(console, n))
			ports_unmask(console->server->ports, &console->port);
	}
	for (uint32_t i = 0; i < n_to_tell; i++)
		tell_guest(to_tell[i]);
	if (TAILQ_FIRST(&streams->queued))
		loop_again(streams->server->loop);
}

void stream_last_drain(struct console *console)
{
	/* No client will make room any more; and twice the ring's size, as its writer may not quite
	 * have stopped. */
	console->dead = true;
	if (drain(console, 2 * CONRING_OUT_SIZE))
		tell_guest(console);
}

/* --- the pty --- */

static void unblock(struct console *console)
{
	if (console->flow == CONSOLE_BLOCKED && !backlog_is_full(&console->backlog))
		enqueue(console);
}

void stream_on_tty_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct console *console = ctx;
	size_t total = 0, len;
	const char *data;

	(void)fd, (void)what;
	console->tty_is_full = false;
	while (total < TTY_SLICE_BYTES && tty_is_open(&console->tty) &&
	       (len = backlog_peek(&console->backlog, &data))) {
		size_t n = write_tty(console, data, len);

		if (!n)
			break;
		backlog_consume(&console->backlog, n);
		total += n;
	}
	if (console->backlog.size_bytes && tty_is_open(&console->tty)) {
		console->tty_is_full = true;
		event_add(console->tty_writable, NULL);
	}
	unblock(console);
}

void stream_on_tty_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct console *console = ctx;
	char data[CONRING_IN_SIZE];
	uint32_t room = console->page ? conring_room(console->page) : 0;
	ssize_t n;

	(void)what;
	if (!room) {
		/* The guest's next event may say that it has read some. */
		console->input_stalled = true;
		event_del(console->tty_readable);
		return;
	}
	n = read(fd, data, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		terminal_give_up(console);
		return;
	}
	conring_give(console->page, data, (uint32_t)n);
	console->stats.in_bytes += (uint64_t)n;
	ports_notify(console->server->ports, &console->port);
}

/* --- birth and death --- */

void stream_init(struct console *console)
{
	console->port.ready = on_port;
	terminal_init(console);
}

void stream_deinit(struct console *console)
{
	leave_queue(console);
	terminal_close(console);
}

int streams_new(struct streams **out, struct server *server)
{
	CLEANUP(streams_free) struct streams *streams = calloc(1, sizeof(*streams));

	if (!streams)
		return -ENOMEM;
	streams->server = server;
	TAILQ_INIT(&streams->queued);
	TAILQ_INIT(&streams->paused);
	streams->resume = evtimer_new(loop_base(server->loop), on_resume, streams);
	if (!streams->resume)
		return -ENOMEM;
	streams->hook = (struct loop_hook){ .fn = serve_queue, .ctx = streams };
	loop_turn_hook(server->loop, &streams->hook);
	*out = STEAL(streams);
	return 0;
}

void streams_free(struct streams *streams)
{
	if (!streams)
		return;
	assert(TAILQ_EMPTY(&streams->queued) && TAILQ_EMPTY(&streams->paused));
	if (streams->hook.fn)
		loop_turn_unhook(streams->server->loop, &streams->hook);
	if (streams->resume)
		event_free(streams->resume);
	free(streams);
}
