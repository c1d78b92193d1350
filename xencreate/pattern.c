/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expansion of %d, %0Wd, %n and %%. */
#include "pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Understands what follows a '%': moves *@at behind it and gives its letter ('d', 'n', '%'), or 0.
 */
static char directive(const char **at, int *width)
{
	const char *p = *at;

	*width = 0;
	if (*p == '0' && isdigit((unsigned char)p[1]) && p[2] == 'd') {
		*width = p[1] - '0';
		p += 2;
	}
	if (*p != 'd' && *p != 'n' && *p != '%')
		return 0;
	*at = p + 1;
	return *p;
}

int pattern_check(const char *pattern, bool many)
{
	bool numbered = false;
	int width;

	while (*pattern) {
		char letter;

		if (*pattern++ != '%')
			continue;
		letter = directive(&pattern, &width);
		if (!letter)
			return -EINVAL;
		numbered |= letter == 'd';
	}
	return many && !numbered ? -EDOM : 0;
}

int pattern_name(char *buf, const char *pattern, const char *name, unsigned int number)
{
	size_t n = 0;
	int width;

	while (*pattern) {
		size_t room = PATTERN_NAME_MAX - n;
		int took;

		if (*pattern != '%') {
			took = snprintf(buf + n, room, "%c", *pattern++);
		} else {
			pattern++;
			switch (directive(&pattern, &width)) {
			case 'd':
				took = snprintf(buf + n, room, "%0*u", width, number);
				break;
			case 'n':
				took = snprintf(buf + n, room, "%s", name);
				break;
			case '%':
				took = snprintf(buf + n, room, "%%");
				break;
			default:
				return -EINVAL;
			}
		}
		if ((size_t)took >= room)
			return -ENAMETOOLONG;
		n += (size_t)took;
	}
	buf[n] = '\0';
	return 0;
}

int pattern_name_check(const char *name)
{
	size_t len = strlen(name);

	if (len >= PATTERN_NAME_MAX)
		return -ENAMETOOLONG;
	if (strspn(name, "0123456789") == len || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (name[i] < 0x20 || name[i] > 0x7e || name[i] == '/')
			return -EINVAL;
	return 0;
}
