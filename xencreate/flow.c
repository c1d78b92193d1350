/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Halved at once, and given back one by one: as with any road that is shared with others. */
#include "flow.h"

void flow_init(struct flow *flow, size_t least, size_t most)
{
	*flow = (struct flow){ .least = least < most ? least : most, .most = most };
	flow->limit = most / 2 > flow->least ? most / 2 : flow->least;
}

void flow_done(struct flow *flow, uint64_t console_us)
{
	flow->n_done++;
	if (console_us > flow->console_us)
		flow->console_us = console_us;
}

static enum flow_why shrink(struct flow *flow, enum flow_why why, uint64_t now_us)
{
	if (flow->limit == flow->least ||
	    (flow->shrunk_us && now_us < flow->shrunk_us + FLOW_TARGET_US))
		return FLOW_WELL;
	flow->limit = flow->limit / 2 > flow->least ? flow->limit / 2 : flow->least;
	flow->shrunk_us = now_us;
	return why;
}

enum flow_why flow_tick(struct flow *flow, uint64_t store_us, uint64_t console_us, uint64_t now_us)
{
	size_t n_done = flow->n_done;

	if (flow->console_us > console_us)
		console_us = flow->console_us;
	flow->n_done = 0;
	flow->console_us = 0;
	if (store_us > FLOW_TARGET_US)
		return shrink(flow, FLOW_STORE, now_us);
	if (console_us > FLOW_TARGET_US)
		return shrink(flow, FLOW_CONSOLE, now_us);
	if (store_us < FLOW_TARGET_US / 2 && console_us < FLOW_TARGET_US / 2)
		flow->limit = flow->most - flow->limit > n_done ? flow->limit + n_done : flow->most;
	return FLOW_WELL;
}

const char *flow_why_name(enum flow_why why)
{
	return why == FLOW_STORE ? "store" : why == FLOW_CONSOLE ? "console" : "";
}
