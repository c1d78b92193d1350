/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Templates are expanded for every request sent, so by hand and not with snprintf(). */
#include "step.h"

#include <assert.h>

static char *put_number(char *to, uint32_t number)
{
	char digits[10];
	int n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

static uint32_t variable(const struct step_vars *vars, char name)
{
	switch (name) {
	case 'c':
		return vars->client;
	case 'i':
		return vars->iteration;
	case 'q':
		return vars->iteration / 100;
	case 'r':
		return vars->iteration % 100;
	case 't':
		return vars->target;
	case 'd':
		return vars->domain;
	case 'D':
		return vars->domid;
	case 'G':
		return vars->frame;
	case 'P':
		return vars->port;
	default:
		assert(!"unknown variable in a step");
		return 0;
	}
}

uint32_t step_payload(const struct step *step, const struct step_vars *vars, char *to)
{
	char *start = to;

	for (const char *from = step->payload; *from; from++) {
		assert(to - start < XENSTORE_PAYLOAD_MAX - 10);
		if (*from == '%')
			to = put_number(to, variable(vars, *++from));
		else
			*to++ = *from == '|' ? '\0' : *from;
	}
	return (uint32_t)(to - start);
}

struct floor_order step_order(const struct step *step, uint32_t event_conn)
{
	return (struct floor_order){
		.type = step->type,
		.reply_len = step->reply_len,
		.n_events = step->n_events,
		.event_len = step->event_len,
		.event_conn = event_conn,
	};
}
