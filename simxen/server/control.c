/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See control.h. */
#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/domain.h"
#include "core/evtchn.h"
#include "core/fault.h"
#include "core/host.h"
#include "core/memory.h"
#include "server.h"

/* Pages that somebody has written to: only those take real memory. */
static uint64_t n_used_pages(const struct host *host)
{
	struct stat st;

	if (fstat(memory_fd(host->memory), &st) < 0)
		return 0;
	return (uint64_t)st.st_blocks * 512 / MEMORY_PAGE_BYTES;
}

static void status(const struct server *server, char *answer, size_t size)
{
	const struct host *host = server->host;

	snprintf(answer, size,
		 "pid %d\ndomains %" PRIu32 "\nfree_pages %" PRIu64 "\ntotal_pages %" PRIu64
		 "\nused_pages %" PRIu64 "\nhypercalls %" PRIu64 "\nnotifications %" PRIu64
		 "\nevents %" PRIu64 "\nnot_simulated %" PRIu32 "\n",
		 getpid(), host->n_domains, host_n_free_pages(host), memory_n_frames(host->memory),
		 n_used_pages(host), server->n_calls, server->n_notified, server->n_delivered,
		 host->n_unknown);
}

static void unknown(const struct server *server, char *answer, size_t size)
{
	const struct host *host = server->host;
	size_t at = 0;

	for (uint32_t i = 0; i < host->n_unknown && at < size; i++)
		at += (size_t)snprintf(answer + at, size - at, "%s\n", host->unknown[i]);
}

/* "conring TEXT": the hypervisor says something. */
static int conring(struct server *server, const char *text)
{
	host_print(server->host, "%s\n", text);
	return 0;
}

/* "notify DOMID PORT": as if that guest had sent an event on its port. */
static int notify(struct host *host, const char *words, char *answer, size_t size)
{
	struct domain *domain;
	uint32_t domid, port;

	if (sscanf(words, "%" SCNu32 " %" SCNu32, &domid, &port) != 2) {
		snprintf(answer, size, "notify DOMID PORT");
		return -EINVAL;
	}
	domain = domid < HOST_DOMIDS ? host_domain(host, (uint16_t)domid) : NULL;
	return domain ? evtchn_send(domain, port) : -ESRCH;
}

int control_command(struct server *server, char *line, char *answer, size_t size)
{
	struct host *host = server->host;
	int r;

	answer[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (!strcmp(line, "status")) {
		status(server, answer, size);
		return 0;
	}
	if (!strcmp(line, "unknown")) {
		unknown(server, answer, size);
		return 0;
	}
	if (!strncmp(line, "conring ", 8))
		return conring(server, line + 8);
	if (!strncmp(line, "notify ", 7))
		return notify(host, line + 7, answer, size);
	r = fault_command(host->faults, line, answer, size);
	if (!r)
		memory_limit(host->memory, fault_memory(host->faults));
	return r;
}
