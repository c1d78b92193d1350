/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains for tests of a store, by command: one line in, one line out. A domain's ring is offered
 * as a stream socket: what is written there goes into the request ring, what the daemon answers
 * comes out. The guest's side of the event channel is played by the simulated host (simxen).
 *
 *   create DOMID|0          ok DOMID FRAME PORT
 *   many N FILE             ok N: N domains, a line "DOMID FRAME PORT" for each in FILE
 *   destroy DOMID           ok
 *   shutdown DOMID REASON   ok
 *   ring DOMID SOCKET       ok: whoever connects there speaks through the ring
 *   peek DOMID OFFSET       ok NUMBER: 32 bits of the store page
 *   poke DOMID OFFSET N     ok: written
 *   kick DOMID              ok: the guest sent an event
 *   quiet DOMID 0|1         ok: does the bridge leave answers in the ring?
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

#include "bridge.h"
#include "guest.h"

#define DOMAINS_MAX 0x7ff0

struct guests {
	xc_interface *xch;
	struct bridge *bridge;
	struct guest *known[DOMAINS_MAX]; /* owned */
};

static int say(int r)
{
	if (r < 0)
		printf("error %s\n", strerrorname_np(-r) ? strerrorname_np(-r) : "?");
	return r;
}

static int create(struct guests *guests, uint32_t domid, struct guest *out)
{
	int r = guest_create(guests->xch, domid, out);

	if (r < 0)
		return r;
	free(guests->known[out->domid]);
	guests->known[out->domid] = malloc(sizeof(*out));
	if (!guests->known[out->domid])
		return -ENOMEM;
	*guests->known[out->domid] = *out;
	return 0;
}

static int many(struct guests *guests, uint32_t n, const char *path)
{
	FILE *file = fopen(path, "we");
	struct guest guest;
	int r = 0;

	if (!file)
		return -errno;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		r = create(guests, 0, &guest);
		if (r == 0)
			fprintf(file, "%u %" PRIu64 " %u\n", guest.domid, guest.frame, guest.port);
	}
	if (fclose(file) != 0 && r == 0)
		r = -errno;
	return r;
}

static int destroy(struct guests *guests, uint32_t domid)
{
	/* Our own mapping of its page would keep it from going. */
	bridge_forget(guests->bridge, domid);
	if (xc_domain_destroy(guests->xch, domid) < 0)
		return -errno;
	free(guests->known[domid]);
	guests->known[domid] = NULL;
	return 0;
}

static int with_page(struct guests *guests, const char *word, uint32_t domid, const char *rest)
{
	const struct guest *guest = guests->known[domid];
	uint32_t offset = 0, value = 0;
	int r;

	if (!guest)
		return say(-ESRCH);
	sscanf(rest, "%" SCNu32 " %" SCNu32, &offset, &value);
	r = bridge_know(guests->bridge, guest);
	if (r == 0 && !strcmp(word, "ring"))
		r = bridge_listen(guests->bridge, domid, rest);
	else if (r == 0 && !strcmp(word, "poke"))
		bridge_poke(guests->bridge, domid, offset, value);
	else if (r == 0 && !strcmp(word, "kick"))
		r = bridge_kick(guests->bridge, domid);
	else if (r == 0 && !strcmp(word, "quiet"))
		bridge_quiet(guests->bridge, domid, offset);
	else if (r == 0 && !strcmp(word, "peek"))
		value = bridge_page(guests->bridge, domid)[offset / 4 % 1024];
	if (say(r) < 0)
		return r;
	return strcmp(word, "peek") ? printf("ok\n") : printf("ok %" PRIu32 "\n", value);
}

static void take_command(struct guests *guests, char *line)
{
	char word[16] = "", *rest;
	struct guest guest;
	uint32_t number = 0;
	int used = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%15s %" SCNu32 " %n", word, &number, &used) < 2 ||
	    number >= DOMAINS_MAX) {
		say(-EINVAL);
		return;
	}
	rest = line + used;
	if (!strcmp(word, "create")) {
		if (say(create(guests, number, &guest)) == 0)
			printf("ok %u %" PRIu64 " %u\n", guest.domid, guest.frame, guest.port);
	} else if (!strcmp(word, "many")) {
		if (say(many(guests, number, rest)) == 0)
			printf("ok %u\n", number);
	} else if (!strcmp(word, "destroy")) {
		if (say(destroy(guests, number)) == 0)
			printf("ok\n");
	} else if (!strcmp(word, "shutdown")) {
		if (xc_domain_shutdown(guests->xch, number, atoi(rest)) < 0)
			say(-errno);
		else
			printf("ok\n");
	} else {
		with_page(guests, word, number, rest);
	}
}

int main(void)
{
	struct guests *guests = calloc(1, sizeof(*guests));
	char line[512];
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN); /* who spoke through a ring may leave at any moment */
	if (!guests)
		return 1;
	guests->xch = xc_interface_open(NULL, NULL, 0);
	if (!guests->xch) {
		perror("guests: xc_interface_open");
		return 1;
	}
	r = bridge_new(&guests->bridge);
	if (r < 0) {
		fprintf(stderr, "guests: bridge: %s\n", strerror(-r));
		return 1;
	}
	printf("ready\n");
	while (fgets(line, sizeof(line), stdin))
		take_command(guests, line);
	bridge_free(guests->bridge);
	xc_interface_close(guests->xch);
	for (uint32_t domid = 0; domid < DOMAINS_MAX; domid++)
		free(guests->known[domid]);
	free(guests);
	return 0;
}
