/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's consoles as one, and the watch on their nodes. */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server.h"
#include "storeclient.h"

#define PATH_SIZE  64
#define TOKEN_SIZE 32

int domain_new(struct domain **out, struct server *server, uint32_t domid, const uint8_t handle[16])
{
	struct domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return -ENOMEM;
	domain->server = server;
	domain->domid = domid;
	memcpy(domain->handle, handle, sizeof(domain->handle));
	domain->want_name = true;
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		console_init(&domain->consoles[i], server, &console_kinds[i], domain->domid,
			     domain->handle);
	*out = domain;
	return 0;
}

static void free_domain(struct loop_garbage *garbage)
{
	struct domain *domain = (void *)((char *)garbage - offsetof(struct domain, garbage));

	free(domain->name);
	free(domain);
}

bool domain_settle(struct domain *domain)
{
	bool changed = false;

	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		changed |= console_settle(&domain->consoles[i]);
	return changed;
}

void domain_release_guest(struct domain *domain)
{
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		console_release_guest(&domain->consoles[i]);
}

void domain_bury(struct domain *domain)
{
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		console_deinit(&domain->consoles[i]);
	domain->garbage.free = free_domain;
	loop_defer_free(domain->server->loop, &domain->garbage);
}

bool domain_has_clients(struct domain *domain)
{
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		if (console_has_clients(&domain->consoles[i]))
			return true;
	return false;
}

bool domain_is_being_read(struct domain *domain)
{
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		if (console_is_being_read(&domain->consoles[i]))
			return true;
	return false;
}

void domain_set_name(struct domain *domain, const char *name)
{
	char *copy = name ? strdup(name) : NULL;

	domain->want_name = !copy;
	/* One whose nodes are gone is still called what it was called. */
	if (!copy)
		return;
	free(domain->name);
	domain->name = copy;
}

static void watch_words(char path[PATH_SIZE], char token[TOKEN_SIZE], uint32_t domid)
{
	snprintf(path, PATH_SIZE, "/local/domain/%u/%s", domid, console_kinds[0].folder);
	snprintf(token, TOKEN_SIZE, "dom%u", domid);
}

void domain_watch(struct domain *domain)
{
	struct storeclient *store = domain->server->store;
	char path[PATH_SIZE], token[TOKEN_SIZE];

	if (domain->watched || !storeclient_is_connected(store))
		return;
	watch_words(path, token, domain->domid);
	if (storeclient_watch(store, path, token, NULL, NULL) < 0)
		return; /* only without memory: tried again with the next look at its nodes */
	domain->watched = domain->first_event = true;
}

void domain_unwatch(struct domain *domain)
{
	struct storeclient *store = domain->server->store;
	char path[PATH_SIZE], token[TOKEN_SIZE];

	if (!domain->watched || !storeclient_is_connected(store))
		return;
	watch_words(path, token, domain->domid);
	(void)storeclient_unwatch(store, path, token, NULL, NULL);
	domain->watched = false;
}

void domain_named_late(struct domain *domain)
{
	domain->want_name = true;
	for (size_t i = 0; i < CONSOLE_N_KINDS; i++)
		domain->consoles[i].is_named_late = true;
}

bool domain_is_folder(const struct domain *domain, const char *path)
{
	char watched[PATH_SIZE], token[TOKEN_SIZE];

	watch_words(watched, token, domain->domid);
	return !strcmp(path, watched);
}

bool domain_is_first_event(struct domain *domain, const char *path)
{
	if (!domain->first_event)
		return false;
	domain->first_event = false;
	return domain_is_folder(domain, path);
}
