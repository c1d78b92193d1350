/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that lends its store ring to somebody in dom0: bytes that come over the console go into
 * the ring of requests as they are, answers and events go back. So any stream, right or wrong, can
 * be said by a real guest, with its own page, indices and event channel.
 *
 * It says nothing of its own to the store, not even before.
 */
#include "relay.h"
#include "guest.h"

#define CARRY 4096

struct relay {
	char in[sizeof(struct relay_head) + RELAY_LEN_MAX]; /* a frame that is coming in */
	uint32_t n_in;
	char carry[CARRY]; /* waits for room in the ring */
	uint32_t n_carry;
	bool is_up, is_quiet;
};

static uint32_t word_at(const char *data)
{
	uint32_t value;

	memcpy(&value, data, sizeof(value));
	return value;
}

static void send_frame(struct guest *guest, enum relay_kind kind, const void *data, uint32_t len)
{
	struct relay_head head = { .kind = (uint8_t)kind, .len = (uint16_t)len };

	console_put(guest, (const char *)&head, sizeof(head));
	console_put(guest, data, len);
}

static void poke(struct guest *guest, struct relay *relay, uint32_t offset, uint32_t value)
{
	volatile uint32_t *page = (volatile uint32_t *)(void *)guest->store.ring;

	page[offset / 4 % 1024] = value;
	/* A guest that begins anew has forgotten what it could not say before. */
	if (offset == offsetof(struct xenstore_domain_interface, connection) &&
	    value == XENSTORE_RECONNECT)
		relay->n_carry = 0;
}

/* Does what the frame says, if there is room for what comes of it. */
static bool obey(struct guest *guest, struct relay *relay, const struct relay_head *head,
		 const char *data)
{
	uint32_t value = 0;

	if (head->kind == RELAY_DATA) {
		if (relay->n_carry + head->len > CARRY)
			return false;
		memcpy(relay->carry + relay->n_carry, data, head->len);
		relay->n_carry += head->len;
		return true;
	}
	if (console_room(guest) < sizeof(*head) + sizeof(value))
		return false;
	switch (head->kind) {
	case RELAY_UP:
		relay->is_up = word_at(data);
		relay->n_carry = 0;
		break;
	case RELAY_QUIET:
		relay->is_quiet = word_at(data);
		break;
	case RELAY_KICK:
		hyper_notify(guest->store.port);
		break;
	case RELAY_PEEK:
		value = ((volatile uint32_t *)(void *)guest->store.ring)[word_at(data) / 4 % 1024];
		break;
	case RELAY_POKE:
		poke(guest, relay, word_at(data), word_at(data + 4));
		break;
	default:
		hyper_shutdown(SHUTDOWN_crash);
	}
	send_frame(guest, RELAY_DONE, &value, sizeof(value));
	return true;
}

/* One frame from the console. Returns whether there was one. */
static bool take_order(struct guest *guest, struct relay *relay)
{
	struct relay_head head;

	for (;;) {
		uint32_t wanted = sizeof(head), n;

		if (relay->n_in >= sizeof(head)) {
			memcpy(&head, relay->in, sizeof(head));
			if (head.len > RELAY_LEN_MAX)
				hyper_shutdown(SHUTDOWN_crash);
			wanted += head.len;
			if (relay->n_in == wanted)
				break;
		}
		n = console_get(guest, relay->in + relay->n_in, wanted - relay->n_in);
		if (!n)
			return false;
		relay->n_in += n;
	}
	if (!obey(guest, relay, &head, relay->in + sizeof(head)))
		return false;
	relay->n_in = 0;
	return true;
}

static bool carry_out(struct guest *guest, struct relay *relay)
{
	uint32_t n = store_put(&guest->store, relay->carry, relay->n_carry);

	relay->n_carry -= n;
	memmove(relay->carry, relay->carry + n, relay->n_carry);
	return n;
}

static bool carry_in(struct guest *guest, struct relay *relay)
{
	char data[RELAY_LEN_MAX];
	uint32_t room = console_room(guest), n;

	if (!relay->is_up || relay->is_quiet || room <= sizeof(struct relay_head))
		return false;
	room -= (uint32_t)sizeof(struct relay_head);
	n = store_get(&guest->store, data, room < sizeof(data) ? room : sizeof(data));
	if (n)
		send_frame(guest, RELAY_DATA, data, n);
	return n;
}

uint64_t word_relay(struct guest *guest, struct task *task)
{
	struct relay relay = { .n_in = 0 };

	(void)task;
	for (;;) {
		bool moved, ordered;

		clock_take(guest, guest->store.port);
		clock_take(guest, guest->console.port);
		ordered = take_order(guest, &relay);
		moved = carry_out(guest, &relay);
		moved |= carry_in(guest, &relay);
		if (moved)
			hyper_notify(guest->store.port);
		if (!moved && !ordered)
			clock_sleep(guest, NEVER);
	}
	return NEVER;
}
