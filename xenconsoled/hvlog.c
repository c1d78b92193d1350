/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VIRQ_CON_RING says that the hypervisor has printed; the ring is read from a running index until a
 * read comes up short. The index is kept in a file of the run-time folder, so that a new daemon
 * goes on where the last one was killed instead of logging the whole ring again. It is valid for
 * one boot only.
 */
#include "hvlog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xenctrl.h>

#include "journal.h"
#include "log.h"
#include "logfile.h"
#include "loop.h"
#include "options.h"
#include "ports.h"
#include "server.h"

#define READ_SIZE (16u << 10)

struct hvlog {
	struct server *server;		       /* borrowed: owns us */
	struct logfile *logfile;	       /* owned; NULL if only the journal gets it */
	struct journal_source *journal_source; /* owned; NULL if only the log gets it */
	/* Of its own: a handle that outlived us would keep the interrupt from our successor. */
	struct ports *ports; /* owned */
	struct port port;
	uint32_t index; /* of the hypervisor's ring: what comes next */
	int index_fd;	/* -1: it cannot be kept */
	char boot[64];	/* identity of this boot */
	char buffer[READ_SIZE];
};

#define hvlog_of_port(p) ((struct hvlog *)(void *)((char *)(p)-offsetof(struct hvlog, port)))

static void load_boot(struct hvlog *hvlog)
{
	CLEANUP(close_fd) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, hvlog->boot, sizeof(hvlog->boot) - 1);

	hvlog->boot[n > 0 ? n : 0] = '\0';
	hvlog->boot[strcspn(hvlog->boot, "\n")] = '\0';
}

static void load_index(struct hvlog *hvlog)
{
	char path[PATH_MAX], text[128], boot[64];
	unsigned int index;
	ssize_t n;

	load_boot(hvlog);
	snprintf(path, sizeof(path), "%s/xenconsoled.hvlog", hvlog->server->options->run_dir);
	hvlog->index_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (hvlog->index_fd < 0) {
		log_warning(hvlog->server->log, "%s: %s", path, strerror(errno));
		return;
	}
	n = pread(hvlog->index_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%63s %u", boot, &index) == 2 && !strcmp(boot, hvlog->boot))
		hvlog->index = index;
}

/* One write of constant length: there is never half an index. */
static void save_index(struct hvlog *hvlog)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "%s %010u\n", hvlog->boot, hvlog->index);

	if (hvlog->index_fd >= 0 && pwrite(hvlog->index_fd, text, (size_t)len, 0) < 0)
		log_debug(hvlog->server->log, "cannot keep the index: %s", strerror(errno));
}

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
		if (hvlog->logfile)
			logfile_write(hvlog->logfile, hvlog->buffer, n,
				      loop_now_ms(hvlog->server->loop));
		if (hvlog->journal_source)
			journal_write(hvlog->journal_source, hvlog->buffer, n);
		if (n)
			save_index(hvlog);
	} while (n == sizeof(hvlog->buffer));
}

static bool on_virq(struct port *port)
{
	read_ring(hvlog_of_port(port));
	return true;
}

static int open_logs(struct hvlog *hvlog)
{
	struct server *server = hvlog->server;
	const struct options *options = server->options;
	struct logfile_policy policy = {
		.dir = options->log_dir,
		.stamp = options->stamp_hv,
		.replace_escape = options->replace_escape,
		.max_bytes = options->log_size_bytes,
		.n_kept = options->log_count,
	};
	int r = 0;

	if (options->log_hv)
		r = logfile_new(&hvlog->logfile, server->log, &policy, "hypervisor.log");
	if (hvlog->logfile)
		logfile_open(hvlog->logfile, loop_now_ms(server->loop));
	if (r == 0 && options->journal_hv)
		r = journal_source_new(&hvlog->journal_source, server->journal, "xen-hypervisor",
				       -1);
	return r;
}

int hvlog_new(struct hvlog **out, struct server *server)
{
	CLEANUP(hvlog_free) struct hvlog *hvlog = calloc(1, sizeof(*hvlog));
	int r;

	if (!hvlog)
		return -ENOMEM;
	hvlog->server = server;
	hvlog->port.ready = on_virq;
	hvlog->index_fd = -1;
	r = open_logs(hvlog);
	if (r < 0)
		return r;
	r = ports_new(&hvlog->ports, server->loop, log_xtl(server->log));
	if (r == 0)
		r = ports_bind_virq(hvlog->ports, &hvlog->port, VIRQ_CON_RING);
	if (r < 0)
		return r;
	load_index(hvlog);
	read_ring(hvlog);
	*out = STEAL(hvlog);
	return 0;
}

void hvlog_free(struct hvlog *hvlog)
{
	if (!hvlog)
		return;
	ports_free(hvlog->ports);
	logfile_free(hvlog->logfile);
	journal_source_free(hvlog->journal_source);
	if (hvlog->index_fd >= 0)
		close(hvlog->index_fd);
	free(hvlog);
}

void hvlog_reopen(struct hvlog *hvlog)
{
	if (hvlog->logfile)
		logfile_reopen(hvlog->logfile, loop_now_ms(hvlog->server->loop));
}
