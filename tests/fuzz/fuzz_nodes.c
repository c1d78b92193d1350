/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store says about a console: lines "IVALUE", I the number of the node; paths of events.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy with the NUL behind it that the store client always puts there. */
static char *copy_of(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	assert(text);
	memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

static void check_path(const char *path)
{
	uint32_t domid = UINT32_MAX;
	char again[64];

	if (!nodes_domid_of(path, &domid)) {
		assert(domid == UINT32_MAX);
		return;
	}
	assert(domid < 0x7ff0);
	snprintf(again, sizeof(again), "/local/domain/%u", domid);
	/* The number may have zeros in front; the folder is there in any case. */
	assert(!strncmp(path, again, strlen("/local/domain/")));
	assert(strlen(path) < strlen("/console/tty") ||
	       strcmp(strchrnul(path + strlen("/local/domain/"), '/'), "/console/tty") != 0);
}

static void check(const struct nodes *nodes)
{
	assert(!nodes->has_port || nodes->port);
	assert(nodes->has_port || !nodes->port);
	assert(nodes->has_ring_ref || !nodes->ring_ref);
	assert(strlen(nodes->tty) < sizeof(nodes->tty));
	assert(nodes_is_ours(nodes) ==
	       (nodes->has_port && nodes->has_ring_ref && !nodes->foreign_type));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nodes nodes = { 0 };

	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		char *line = copy_of(data, len);
		uint32_t domid;

		if (len)
			nodes_set(&nodes, (enum nodes_id)(data[0] % NODES_COUNT), line + 1,
				  len - 1);
		check(&nodes);
		check_path(line);
		if (nodes_domid(line, &domid))
			assert(domid < 0x7ff0);
		free(line);
		data += len + (end ? 1 : 0);
		size -= len + (end ? 1 : 0);
	}
	return 0;
}
