/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the store's text: decimal numbers, the type of a console, the domain in a path. */
#include "nodes.h"

#include <string.h>
#include <xen/xen.h>

static const char *const names[NODES_COUNT] = {
	[NODES_PORT] = "port",	 [NODES_RING_REF] = "ring-ref", [NODES_TYPE] = "type",
	[NODES_LIMIT] = "limit", [NODES_TTY] = "tty",
};

const char *nodes_name(enum nodes_id id)
{
	return names[id];
}

/* Decimal digits and nothing else, at most @max. */
static bool parse_number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned int digit = (unsigned char)text[i] - (unsigned int)'0';

		if (digit > 9 || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

void nodes_set(struct nodes *nodes, enum nodes_id id, const char *value, size_t len)
{
	uint64_t n;

	if (!value)
		return;
	/* Some writers count the NUL in; every client of the store reads C strings. */
	len = strnlen(value, len);
	switch (id) {
	case NODES_PORT:
		/* Port 0 is never bound to anything. */
		nodes->has_port = parse_number(value, len, UINT32_MAX, &n) && n;
		nodes->port = nodes->has_port ? (uint32_t)n : 0;
		break;
	case NODES_RING_REF:
		nodes->has_ring_ref = parse_number(value, len, UINT64_MAX, &n);
		nodes->ring_ref = nodes->has_ring_ref ? n : 0;
		break;
	case NODES_TYPE:
		nodes->foreign_type = len != strlen("xenconsoled") ||
				      memcmp(value, "xenconsoled", len) != 0;
		break;
	case NODES_LIMIT:
		nodes->limit_bytes = parse_number(value, len, UINT64_MAX, &n) ? n : 0;
		break;
	case NODES_TTY:
		if (len < sizeof(nodes->tty)) {
			memcpy(nodes->tty, value, len);
			nodes->tty[len] = '\0';
		}
		break;
	case NODES_COUNT:
		break;
	}
}

bool nodes_is_ours(const struct nodes *nodes)
{
	return nodes->has_port && nodes->has_ring_ref && !nodes->foreign_type;
}

static bool parse_domid(const char *text, size_t len, uint32_t *domid)
{
	uint64_t n;

	if (!parse_number(text, len, DOMID_FIRST_RESERVED - 1, &n))
		return false;
	*domid = (uint32_t)n;
	return true;
}

bool nodes_domid(const char *text, uint32_t *domid)
{
	return parse_domid(text, strlen(text), domid);
}

bool nodes_domid_of(const char *path, uint32_t *domid)
{
	static const char prefix[] = "/local/domain/";
	const char *digits, *end;

	if (strncmp(path, prefix, strlen(prefix)) != 0)
		return false;
	digits = path + strlen(prefix);
	end = strchrnul(digits, '/');
	return strcmp(end, "/console/tty") != 0 &&
	       parse_domid(digits, (size_t)(end - digits), domid);
}
