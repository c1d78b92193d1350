/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VIRQ_CON_RING says that the hypervisor has printed; the ring is read from a running index until a
 * read comes up short.
 */
#include "hvlog.h"

#include <errno.h>
#include <string.h>
#include <xenctrl.h>

#include "log.h"
#include "logfile.h"
#include "loop.h"
#include "options.h"
#include "ports.h"
#include "server.h"

#define READ_SIZE (16u << 10)

struct hvlog {
	struct server *server;	 /* borrowed: owns us */
	struct logfile *logfile; /* owned */
	struct port port;
	uint32_t index; /* of the hypervisor's ring: what comes next */
	char buffer[READ_SIZE];
};

#define hvlog_of_port(p) ((struct hvlog *)(void *)((char *)(p)-offsetof(struct hvlog, port)))

static void read_ring(struct hvlog *hvlog)
{
	unsigned int n;

	do {
		n = sizeof(hvlog->buffer);
		if (xc_readconsolering(hvlog->server->xc, hvlog->buffer, &n, 0, 1, &hvlog->index) <
		    0) {
			log_error(hvlog->server->log, "cannot read the hypervisor's messages: %s",
				  strerror(errno));
			return;
		}
		logfile_write(hvlog->logfile, hvlog->buffer, n, loop_now_ms(hvlog->server->loop));
	} while (n == sizeof(hvlog->buffer));
}

static bool on_virq(struct port *port)
{
	read_ring(hvlog_of_port(port));
	return true;
}

int hvlog_new(struct hvlog **out, struct server *server)
{
	CLEANUP(hvlog_free) struct hvlog *hvlog = calloc(1, sizeof(*hvlog));
	struct logfile_policy policy = {
		.dir = server->options->log_dir,
		.stamp = server->options->stamp_hv,
		.replace_escape = server->options->replace_escape,
		.max_bytes = server->options->log_size_bytes,
		.n_kept = server->options->log_count,
	};
	int r;

	if (!hvlog)
		return -ENOMEM;
	hvlog->server = server;
	hvlog->port.ready = on_virq;
	r = logfile_new(&hvlog->logfile, server->log, &policy, "hypervisor.log",
			loop_now_ms(server->loop));
	if (r < 0)
		return r;
	r = ports_bind_virq(server->ports, &hvlog->port, VIRQ_CON_RING);
	if (r < 0)
		return r;
	read_ring(hvlog);
	*out = STEAL(hvlog);
	return 0;
}

void hvlog_free(struct hvlog *hvlog)
{
	if (!hvlog)
		return;
	ports_unbind(hvlog->server->ports, &hvlog->port);
	logfile_free(hvlog->logfile);
	free(hvlog);
}

void hvlog_reopen(struct hvlog *hvlog)
{
	logfile_reopen(hvlog->logfile, loop_now_ms(hvlog->server->loop));
}
