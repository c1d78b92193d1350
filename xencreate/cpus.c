/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bit per CPU, lowest first, as Xen takes it. */
#include "cpus.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cpus_add(struct cpus *cpus, unsigned int cpu)
{
	cpus->bits[cpu / 8] |= (uint8_t)(1U << cpu % 8);
}

void cpus_drop(struct cpus *cpus, unsigned int cpu)
{
	cpus->bits[cpu / 8] &= (uint8_t) ~(1U << cpu % 8);
}

bool cpus_has(const struct cpus *cpus, unsigned int cpu)
{
	return cpus->bits[cpu / 8] & 1U << cpu % 8;
}

unsigned int cpus_count(const struct cpus *cpus)
{
	unsigned int n = 0;

	for (size_t i = 0; i < sizeof(cpus->bits); i++)
		n += (unsigned int)__builtin_popcount(cpus->bits[i]);
	return n;
}

unsigned int cpus_nth(const struct cpus *cpus, unsigned int n)
{
	unsigned int cpu = 0;

	while (!cpus_has(cpus, cpu) || n--)
		cpu++;
	return cpu;
}

static int number(const char **at, unsigned int *out)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**at))
		return -EINVAL;
	value = strtoul(*at, &end, 10);
	if (value >= CPUS_MAX)
		return -EINVAL;
	*at = end;
	*out = (unsigned int)value;
	return 0;
}

static int part(struct cpus *cpus, const char **at)
{
	bool out = **at == '^';
	unsigned int first, last;
	int r;

	*at += out;
	if (!strncmp(*at, "node", 4))
		return -EOPNOTSUPP;
	if (!strncmp(*at, "all", 3) && !out) {
		memset(cpus, 0xff, sizeof(*cpus));
		*at += 3;
		return 0;
	}
	r = number(at, &first);
	last = first;
	if (!r && **at == '-') {
		++*at;
		r = number(at, &last);
	}
	if (r < 0 || last < first)
		return -EINVAL;
	for (unsigned int cpu = first; cpu <= last; cpu++)
		(out ? cpus_drop : cpus_add)(cpus, cpu);
	return 0;
}

static void skip_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		++*at;
}

int cpus_parse(struct cpus *cpus, const char *text)
{
	memset(cpus, 0, sizeof(*cpus));
	for (;;) {
		int r;

		skip_blanks(&text);
		r = part(cpus, &text);
		if (r < 0)
			return r;
		skip_blanks(&text);
		if (!*text)
			break;
		if (*text++ != ',')
			return -EINVAL;
	}
	return cpus_count(cpus) ? 0 : -EINVAL;
}
