/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the manager keeps anything for this service it does not say; asking costs nothing. */
#include "keeper.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"

struct keeper {
	struct log *log; /* borrowed: outlives us */
	int n;
	int *fds;     /* owned; -1: taken */
	char **names; /* owned, with the strings */
};

int keeper_new(struct keeper **out, struct log *log)
{
	CLEANUP(keeper_free) struct keeper *keeper = NULL;
	int n;

	*out = NULL;
	if (!getenv("NOTIFY_SOCKET"))
		return 0;
	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return -ENOMEM;
	keeper->log = log;
	n = sd_listen_fds_with_names(1, &keeper->names);
	if (n > 0) {
		keeper->fds = calloc((size_t)n, sizeof(*keeper->fds));
		if (!keeper->fds)
			return -ENOMEM;
		keeper->n = n;
	}
	for (int i = 0; i < keeper->n; i++)
		keeper->fds[i] = SD_LISTEN_FDS_START + i;
	*out = STEAL(keeper);
	return 0;
}

void keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return;
	for (int i = 0; i < keeper->n; i++) {
		if (keeper->fds[i] >= 0)
			close(keeper->fds[i]);
		free(keeper->names[i]);
	}
	free(keeper->names);
	free(keeper->fds);
	free(keeper);
}

int keeper_take(struct keeper *keeper, const char *name)
{
	for (int i = 0; keeper && i < keeper->n; i++)
		if (keeper->fds[i] >= 0 && strcmp(keeper->names[i], name) == 0)
			return STEAL_FD(keeper->fds[i]);
	return -1;
}

void keeper_remove(struct keeper *keeper, const char *name)
{
	char text[128];
	int r;

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	r = sd_notify(0, text);
	if (r < 0)
		log_warning(keeper->log, "the service manager does not let go of \"%s\": %s", name,
			    strerror(-r));
}

/* Closes what was kept under @name, here and there. */
static void let_go(struct keeper *keeper, const char *name, int fd)
{
	if (fd < 0)
		return;
	close(fd);
	keeper_remove(keeper, name);
}

bool keeper_take_pair(struct keeper *keeper, const char *first, const char *second, int fds[2])
{
	fds[0] = keeper_take(keeper, first);
	fds[1] = keeper_take(keeper, second);
	if (fds[0] >= 0 && fds[1] >= 0)
		return true;
	let_go(keeper, first, fds[0]);
	let_go(keeper, second, fds[1]);
	return false;
}

void keeper_store(struct keeper *keeper, const char *name, int fd)
{
	char text[128];
	int r;

	/* It is kept whatever poll() says of it: an end of a pair is nobody's to hang up. */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	r = sd_pid_notify_with_fds(0, 0, text, &fd, 1);
	if (r < 0)
		log_warning(keeper->log, "the service manager does not keep \"%s\": %s", name,
			    strerror(-r));
}
