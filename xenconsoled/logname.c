/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of guest logs: only the bytes that could leave the folder or hurt a terminal are changed.
 */
#include "logname.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HASH_DIGITS 8

static bool is_code(const char *p)
{
	return p[0] == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]);
}

static bool must_escape(const char *p)
{
	unsigned char c = (unsigned char)*p;

	return c == '/' || c < 0x20 || c == 0x7f || is_code(p);
}

/* FNV-1a; a name this long is rare, and a clash only means a shared file. */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

const char *logname_guest(char buf[LOGNAME_SIZE], const char *name, uint32_t domid,
			  const char *suffix)
{
	char own[32];
	size_t n, room;

	if (!name || !*name) {
		snprintf(own, sizeof(own), "domid-%u", domid);
		name = own;
	}
	n = (size_t)sprintf(buf, "guest-");
	room = LOGNAME_SIZE - sizeof("%XX~.log") - HASH_DIGITS - strlen(suffix);
	for (const char *p = name; *p; p++) {
		if (n > room) {
			n += (size_t)sprintf(buf + n, "~%0*x", HASH_DIGITS, hash(name));
			break;
		}
		if (must_escape(p))
			n += (size_t)sprintf(buf + n, "%%%02X", (unsigned char)*p);
		else
			buf[n++] = *p;
	}
	sprintf(buf + n, "%s.log", suffix);
	return buf;
}
