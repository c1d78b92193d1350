/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a table costs one hypercall a port unless ports are asked for in batches. How long a
 * table is can only be found by running off its end, and most tables have one bucket: the first
 * batch covers it and the port behind it, later ones double as long as the table goes on, so that
 * small tables waste nothing and large ones little.
 */
#include "scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int scan_add(struct scan *scan, const struct scan_port *port)
{
	if (scan->n_ports == scan->n_alloc) {
		size_t n = scan->n_alloc ? scan->n_alloc * 2 : SCAN_BUCKET;
		struct scan_port *ports = reallocarray(scan->ports, n, sizeof(*ports));

		if (!ports)
			return -ENOMEM;
		scan->ports = ports;
		scan->n_alloc = n;
	}
	scan->ports[scan->n_ports++] = *port;
	return 0;
}

/* Takes one answer in. Return: 0, 1 if the scan is over (scan->error says why), or -ENOMEM. */
static int take(struct scan *scan, uint32_t number, const struct scan_answer *answer)
{
	struct scan_port port = answer->port;

	switch (answer->error) {
	case 0:
		break;
	case -EACCES:
		memset(&port, 0, sizeof(port));
		port.kind = SCAN_OWNED;
		break;
	case -EINVAL:
		return 1;
	default:
		scan->error = answer->error;
		return 1;
	}
	port.port = number;
	scan->n_valid = number + 1;
	if (port.kind == SCAN_CLOSED)
		return 0;
	return scan_add(scan, &port);
}

int scan_read(struct scan *scan, uint32_t domid, const struct scan_source *source)
{
	CLEANUP(free) struct scan_answer *answers = calloc(SCAN_BATCH_MAX, sizeof(*answers));
	uint32_t next = 0, batch = SCAN_BUCKET + 1;

	if (!answers)
		return -ENOMEM;
	scan->domid = domid;
	scan->error = 0;
	scan->n_ports = 0;
	scan->n_valid = 0;
	while (next < SCAN_PORTS_MAX) {
		uint32_t n = batch < SCAN_PORTS_MAX - next ? batch : SCAN_PORTS_MAX - next;
		int got = source->status(source->ctx, domid, next, n, answers);

		if (got < 0)
			return scan->error = got;
		for (int i = 0; i < got; i++) {
			int r = take(scan, next + i, &answers[i]);

			if (r < 0)
				return scan->error = r;
			if (r > 0)
				return scan->error;
		}
		next += got;
		batch = next <= SCAN_BUCKET + 1 ? SCAN_BUCKET : batch * 2;
		if (batch > SCAN_BATCH_MAX)
			batch = SCAN_BATCH_MAX;
	}
	return 0;
}

void scan_deinit(struct scan *scan)
{
	free(scan->ports);
	memset(scan, 0, sizeof(*scan));
}

const char *scan_kind_name(enum scan_kind kind)
{
	static const char *const names[SCAN_N_KINDS] = {
		[SCAN_CLOSED] = "closed",
		[SCAN_UNBOUND] = "unbound",
		[SCAN_INTERDOMAIN] = "interdomain",
		[SCAN_PIRQ] = "pirq",
		[SCAN_VIRQ] = "virq",
		[SCAN_IPI] = "ipi",
		[SCAN_OWNED] = "xen",
		[SCAN_OTHER] = "other",
	};

	return kind < SCAN_N_KINDS ? names[kind] : "other";
}

const char *scan_virq_name(uint32_t virq)
{
	static const char *const names[] = {
		[0] = "TIMER",	    [1] = "DEBUG",	[2] = "CONSOLE",  [3] = "DOM_EXC",
		[4] = "TBUF",	    [6] = "DEBUGGER",	[7] = "XENOPROF", [8] = "CON_RING",
		[9] = "PCPU_STATE", [10] = "MEM_EVENT", [11] = "ARGO",	  [12] = "ENOMEM",
		[13] = "XENPMU",    [16] = "MCA",
	};

	return virq < sizeof(names) / sizeof(names[0]) ? names[virq] : NULL;
}
