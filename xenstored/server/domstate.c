/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxenmanage, which came with Xen 4.21. */
#include "config.h"

#include "server/domstate.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"

#ifdef HAVE_XENMANAGE

#include <xenmanage.h>

struct domstate {
	xenmanage_handle *manage; /* owned */
};

static void translate(struct domstate_info *out, uint32_t domid, unsigned int state, uint64_t id)
{
	*out = (struct domstate_info){ .domid = domid };
	if (!(state & XENMANAGE_GETDOMSTATE_STATE_EXIST))
		return;
	out->unique_id = id;
	out->is_dying = state &
			(XENMANAGE_GETDOMSTATE_STATE_DYING | XENMANAGE_GETDOMSTATE_STATE_DEAD);
	out->is_shutdown = state & XENMANAGE_GETDOMSTATE_STATE_SHUTDOWN;
}

int domstate_get(struct domstate *state, uint32_t domid, struct domstate_info *out)
{
	unsigned int flags;
	uint64_t id;

	if (xenmanage_get_domain_info(state->manage, domid, &flags, NULL, &id) < 0)
		return -errno;
	translate(out, domid, flags, id);
	return 0;
}

int domstate_next(struct domstate *state, struct domstate_info *out)
{
	unsigned int domid, flags;
	uint64_t id;

	if (xenmanage_poll_changed_domain(state->manage, &domid, &flags, NULL, &id) < 0)
		return -errno;
	translate(out, domid, flags, id);
	return 0;
}

int domstate_new(struct domstate **out, struct log *log)
{
	CLEANUP(domstate_free) struct domstate *state = calloc(1, sizeof(*state));
	struct domstate_info info;
	int r;

	if (!state)
		return -ENOMEM;
	state->manage = xenmanage_open(log_xtl(log), 0);
	r = state->manage ? domstate_get(state, 0, &info) : -errno;
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		log_info(log, "Xen tells no unique ids: domains are known by their UUIDs");
		return -EOPNOTSUPP;
	}
	*out = STEAL(state);
	return 0;
}

void domstate_free(struct domstate *state)
{
	if (!state)
		return;
	xenmanage_close(state->manage);
	free(state);
}

#else

int domstate_new(struct domstate **out, struct log *log)
{
	(void)out, (void)log;
	return -EOPNOTSUPP;
}

void domstate_free(struct domstate *state)
{
	(void)state;
}

int domstate_get(struct domstate *state, uint32_t domid, struct domstate_info *out)
{
	(void)state, (void)domid, (void)out;
	return -EOPNOTSUPP;
}

int domstate_next(struct domstate *state, struct domstate_info *out)
{
	(void)state, (void)out;
	return -EOPNOTSUPP;
}

#endif
