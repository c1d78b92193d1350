/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one header of the test guest: the machine it runs on, its two rings, its clock, and the words
 * on its command line.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>
#include <xen/sched.h>
#include <xen/xen.h>

#define NEVER	       UINT64_MAX
#define MS	       UINT64_C(1000000) /* in nanoseconds */
#define TASKS_MAX      16
#define EVENTS_MAX     16
#define EVENT_TEXT_MAX 256

struct guest;
struct task;

/* Why a word is called besides its time having come. */
enum wake {
	WAKE_STORE = 1,	  /* the store ring moved */
	WAKE_CONSOLE = 2, /* the console ring moved */
	WAKE_EVENT = 4,	  /* guest->event is a watch event of this word's token */
	ALONE = 8,	  /* no reason: the guest does nothing else, and this at once */
};

/* A word of the command line: what it is called, what it does, when it wants to be called. */
struct word {
	const char *name;
	/* Does a piece of work that never waits long and says when to be called next: a time of
	 * clock_ns(), or NEVER. The first call has task->n_calls 0. */
	uint64_t (*step)(struct guest *guest, struct task *task);
	unsigned int wakes_on; /* set of enum wake */
};

#define TIMES_MAX 128

/* A word in use. */
struct task {
	const struct word *word;
	const char *arg; /* what stood after '=', or "" */
	uint64_t due_ns;
	uint64_t n_calls;
	uint64_t n, m, sum, min, max, end_ns; /* for the word's own use, zero at first */
	uint32_t times[TIMES_MAX];	      /* ping: how often it took so long, see bucket_us() */
};

struct event {
	char path[EVENT_TEXT_MAX];
	char token[EVENT_TEXT_MAX];
};

/* One of several that are asked together. */
struct question {
	uint32_t type, txid;
	const void *payload;
	uint32_t len;
	char *value; /* of this size: where the answer goes, if it is no error; NULL: store->answer
		      */
	size_t size;
	uint32_t id; /* 0: answered */
	int error;
};

struct store {
	struct xenstore_domain_interface *ring;
	uint32_t port;
	uint32_t next_id;
	/* The message that is coming in. */
	struct xsd_sockmsg head;
	char payload[XENSTORE_PAYLOAD_MAX + 1];
	uint32_t n_in;
	/* The last answer that nobody has given a place. */
	uint32_t answer_len;
	char answer[XENSTORE_PAYLOAD_MAX + 1];
	/* Those that are asked at present. */
	struct question *questions;
	uint32_t n_questions;
	/* Watch events not delivered yet, and those that found no room. */
	struct event events[EVENTS_MAX];
	uint32_t n_events;
	uint64_t n_lost, n_stray;
};

struct console {
	struct xencons_interface *ring;
	uint32_t port;
};

struct guest {
	struct shared_info *shared;
	char cmdline[1024];
	struct store store;
	struct console console;
	uint32_t domid;
	char name[128];
	struct event *event; /* the watch event that is being delivered, or NULL */
	unsigned int
		woken; /* set of enum wake: ports that fired and whose words have not been called */
	bool deaf;     /* control/shutdown is not obeyed */
	bool knows_request; /* what it said when it was watched */
	struct task tasks[TASKS_MAX];
	uint32_t n_tasks;
};

/* hyper.c: the hypervisor */
int hyper_evtchn_op(int cmd, void *arg);
int hyper_update_va(void *va, uint64_t pte);
uint64_t hyper_mfn_to_pfn(uint64_t mfn);
/** hyper_poll() - sleep until one of @ports is pending or @until_ns (NEVER: no limit) has come. */
int hyper_poll(evtchn_port_t *ports, unsigned int n_ports, uint64_t until_ns);
/** hyper_enable() - PVH: have Xen fill the page of hypercalls; before any of them. */
void hyper_enable(uint64_t page_paddr);
/** hyper_map_shared() - PVH: have the shared page appear at @paddr, instead of what is there. */
int hyper_map_shared(uint64_t paddr);
/** hyper_param() - PVH: one of the numbers that the builder left; 0 on failure. */
uint64_t hyper_param(uint32_t index);
/** hyper_notify() - send an event through @port. */
void hyper_notify(uint32_t port);
_Noreturn void hyper_shutdown(unsigned int reason);
/** hyper_fault() - do what the hypervisor ends a domain for: a fault that nobody handles. */
void hyper_fault(void);

/* clock.c: time and sleep */
/** clock_ns() - nanoseconds since the hypervisor started. */
uint64_t clock_ns(struct guest *guest);
/** clock_sleep() - wait for an event on the store or the console port, at most until @until_ns. */
void clock_sleep(struct guest *guest, uint64_t until_ns);
/** clock_take() - if @port is pending, it is not any more, and guest->woken says so. Call before
 * looking at its ring. */
void clock_take(struct guest *guest, uint32_t port);

/* store.c: XenStore. All give 0 or a negative XEN_E… number: the store's own, or -XEN_ETIMEDOUT
 * after 10 s. */
int store_request(struct guest *guest, uint32_t type, uint32_t txid, const void *payload,
		  uint32_t len);
int store_read(struct guest *guest, const char *path, char *value, size_t size);
int store_write(struct guest *guest, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int store_watch(struct guest *guest, const char *path, const char *token);
/** store_ask() - ask @n at once, and wait until all are answered; whatever the store says, even
 * an error, is in each. */
int store_ask(struct guest *guest, struct question *questions, uint32_t n);
/** store_send() - put a request into the ring if it fits whole; its answer is dropped. */
bool store_send(struct guest *guest, uint32_t type, const void *payload, uint32_t len);
/** store_put(), store_get() - bytes into the ring of requests, and out of the other, as many as
 * there is room for, or as there are; none if the indices make no sense. Nobody is told. */
uint32_t store_put(struct store *store, const char *data, uint32_t len);
uint32_t store_get(struct store *store, char *data, uint32_t len);
/** store_receive() - take what has arrived: answers, watch events. */
void store_receive(struct guest *guest);
/** store_error_name() - "ENOENT" for -XEN_ENOENT; "OK" for 0. */
const char *store_error_name(int error);

/* console.c: the PV console */
/** console_print() - a line of text (at most 1,000 bytes); waits at most a second for room, then
 * drops the rest. */
void console_print(struct guest *guest, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** console_put() - what fits of @data; returns how much that was. */
uint32_t console_put(struct guest *guest, const char *data, uint32_t len);
/** console_get() - what was typed, at most @size bytes. */
uint32_t console_get(struct guest *guest, char *data, uint32_t size);
/** console_room() - bytes that fit now. */
uint32_t console_room(struct guest *guest);

/* text.c: what a C library would bring */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
bool text_equal(const char *a, const char *b);
/** text_number() - the decimal number at *@s, which moves past it and one comma; @fallback if there
 * is none. */
uint64_t text_number(const char **s, uint64_t fallback);
/** text_format(): %s, %c, %u, %lu, %d, %x; the result is cut to @size and always ends in NUL.
 * Returns its length. */
size_t text_format(char *to, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t text_vformat(char *to, size_t size, const char *fmt, va_list ap);

/* words*.c: the table of words, in the order of README.md; ends with a NULL name */
extern const struct word words[];
uint64_t word_bad_ring(struct guest *guest, struct task *task);
uint64_t word_flood_store(struct guest *guest, struct task *task);
uint64_t word_flood_console(struct guest *guest, struct task *task);
uint64_t word_mute_store(struct guest *guest, struct task *task);
uint64_t word_mute_watch(struct guest *guest, struct task *task);
uint64_t word_flood_events(struct guest *guest, struct task *task);
uint64_t word_relay(struct guest *guest, struct task *task);
uint64_t word_hog_ports(struct guest *guest, struct task *task);
uint64_t word_hog_nodes(struct guest *guest, struct task *task);
uint64_t word_hog_watches(struct guest *guest, struct task *task);
uint64_t word_hog_transactions(struct guest *guest, struct task *task);

/* turn.c */
/** turn_for_ever() - do what guest->cmdline says; the rings and ports are set. */
_Noreturn void turn_for_ever(struct guest *guest);

/* main.c */
_Noreturn void main_pv(const struct start_info *info);
_Noreturn void main_pvh(uint64_t info_paddr);

#endif
