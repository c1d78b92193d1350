/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host has room for the next domain: what is asked of the hypervisor, how often, and
 * what is made of it. */
#include "room.h"
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <xenctrl.h>

#define N_PORTS	   4095
#define N_RESERVED 16
#define END	   (N_PORTS - N_RESERVED) /* the last port that may be used */
#define SECOND	   UINT64_C(1000000)
#define START	   (5 * SECOND)
#define KIB	   4096
#define PAGES	   (KIB / 4)

/* The hypervisor: all ports below n_used are in use. */
static struct {
	uint32_t n_used;
	uint64_t n_free_pages;
	unsigned int n_asked_ports, n_asked_memory;
	bool fails;
} host;

int xc_evtchn_status(xc_interface *xch, xc_evtchn_status_t *status)
{
	(void)xch;
	host.n_asked_ports++;
	if (host.fails || status->dom != DOMID_SELF) {
		errno = EPERM;
		return -1;
	}
	status->status = status->port < host.n_used ? EVTCHNSTAT_interdomain : EVTCHNSTAT_closed;
	return 0;
}

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
	(void)xch;
	host.n_asked_memory++;
	if (host.fails) {
		errno = EPERM;
		return -1;
	}
	info->free_pages = host.n_free_pages / 2;
	info->scrub_pages = host.n_free_pages - host.n_free_pages / 2;
	return 0;
}

static struct room room_of(uint32_t n_used, uint64_t n_free_domains)
{
	memset(&host, 0, sizeof(host));
	host.n_used = n_used;
	host.n_free_pages = n_free_domains * PAGES;
	return (struct room){ .n_ports = N_PORTS,
			      .n_reserved = N_RESERVED,
			      .patience_us = 60 * SECOND };
}

static enum room_what ask(struct room *room, unsigned int n_begun, uint64_t now_us)
{
	const struct room_promised promised = { .kib = (uint64_t)n_begun * KIB,
						.n_domains = n_begun };

	return room_for(room, KIB, &promised, now_us);
}

TEST(with_plenty_there_is_one_question_for_many)
{
	struct room room = room_of(100, 10000);

	for (unsigned int i = 0; i < 640; i++)
		CHECK_EQ(ask(&room, 8, START + i), ROOM_ENOUGH);
	CHECK_EQ(host.n_asked_memory, 10);
	CHECK_EQ(host.n_asked_ports, 10);
}

TEST(near_the_last_port_each_domain_asks)
{
	struct room room = room_of(END - 100, 10000);

	for (unsigned int i = 0; i < 10; i++)
		CHECK_EQ(ask(&room, 0, START + i), ROOM_ENOUGH);
	CHECK_EQ(host.n_asked_ports, 20);
}

TEST(the_last_port_but_the_reserve_is_the_end)
{
	struct room room = room_of(END, 10000);

	CHECK_EQ(ask(&room, 0, START), ROOM_ENOUGH); /* port END itself is free */
	host.n_used = END + 1;
	CHECK_EQ(ask(&room, 0, START + 1), ROOM_PORTS);
}

TEST(those_on_their_way_will_take_ports_too)
{
	struct room room = room_of(END - 30, 10000);

	CHECK_EQ(ask(&room, 7, START), ROOM_ENOUGH);
	CHECK_EQ(ask(&room, 8, START + 1), ROOM_PORTS);
	/* When they are done, and took less than they might have, the next one may begin. */
	CHECK_EQ(ask(&room, 0, START + SECOND), ROOM_ENOUGH);
}

TEST(more_on_their_way_than_there_are_ports_wait_for_each_other)
{
	struct room room = room_of(50, 10000);

	room.n_ports = 100;
	CHECK_EQ(ask(&room, 1000, START), ROOM_PORTS);
	CHECK_EQ(ask(&room, 0, START + SECOND), ROOM_ENOUGH);
}

TEST(what_is_short_is_asked_for_ten_times_a_second)
{
	struct room room = room_of(N_PORTS, 10000);
	unsigned int n;

	CHECK_EQ(ask(&room, 0, START), ROOM_PORTS);
	n = host.n_asked_ports;
	for (unsigned int i = 0; i < 1000; i++)
		CHECK_EQ(ask(&room, 0, START + i), ROOM_PORTS);
	CHECK_EQ(host.n_asked_ports, n);
	host.n_used = 100;
	CHECK_EQ(ask(&room, 0, START + SECOND / 100), ROOM_PORTS);
	CHECK_EQ(ask(&room, 0, START + SECOND / 10), ROOM_ENOUGH);
}

TEST(patience_ends_and_the_hypervisor_will_say_what_is_missing)
{
	struct room room = room_of(N_PORTS, 10000);

	CHECK_EQ(ask(&room, 0, START), ROOM_PORTS);
	CHECK_EQ(ask(&room, 0, START + 59 * SECOND), ROOM_PORTS);
	CHECK_EQ(ask(&room, 0, START + 60 * SECOND), ROOM_ENOUGH);
	CHECK_EQ(ask(&room, 0, START + 61 * SECOND), ROOM_ENOUGH);
}

TEST(patience_begins_anew_each_time)
{
	struct room room = room_of(N_PORTS, 10000);

	CHECK_EQ(ask(&room, 0, START), ROOM_PORTS);
	host.n_used = 100;
	CHECK_EQ(ask(&room, 0, START + 50 * SECOND), ROOM_ENOUGH);
	host.n_used = N_PORTS;
	room.n_unasked = 0;
	CHECK_EQ(ask(&room, 0, START + 51 * SECOND), ROOM_PORTS);
	CHECK_EQ(ask(&room, 0, START + 110 * SECOND), ROOM_PORTS);
	CHECK_EQ(ask(&room, 0, START + 111 * SECOND), ROOM_ENOUGH);
}

TEST(memory_that_was_promised_is_not_free)
{
	struct room room = room_of(100, 10);

	CHECK_EQ(ask(&room, 9, START), ROOM_ENOUGH);
	room = room_of(100, 10);
	CHECK_EQ(ask(&room, 10, START), ROOM_MEMORY);
	CHECK_EQ(ask(&room, 9, START + SECOND), ROOM_ENOUGH);
}

TEST(memory_is_counted_off_between_two_questions)
{
	struct room room = room_of(100, 3);

	for (unsigned int i = 0; i < 3; i++)
		CHECK_EQ(ask(&room, 0, START + i), ROOM_ENOUGH);
	CHECK_EQ(host.n_asked_memory, 1);
	host.n_free_pages = 0;
	CHECK_EQ(ask(&room, 0, START + 3), ROOM_MEMORY);
}

TEST(what_is_not_known_or_cannot_be_asked_is_no_obstacle)
{
	struct room room = room_of(N_PORTS, 10000);

	room.n_ports = 0;
	CHECK_EQ(ask(&room, 10, START), ROOM_ENOUGH);
	CHECK_EQ(host.n_asked_ports, 0);
	room = room_of(N_PORTS, 0);
	host.fails = true;
	CHECK_EQ(ask(&room, 10, START), ROOM_ENOUGH);
}

TEST(each_shortage_has_a_name)
{
	CHECK(!strcmp(room_name(ROOM_PORTS), "ports"));
	CHECK(!strcmp(room_name(ROOM_MEMORY), "memory"));
	CHECK(!strcmp(room_name(ROOM_ENOUGH), ""));
}
