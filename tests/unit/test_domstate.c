/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon makes of libxenmanage's answers; the library is played here. */
#include <errno.h>
#include <xenmanage.h>

#include "log.h"
#include "server/domstate.h"
#include "unit.h"

struct xenmanage_handle {
	int is_open;
};

/* What the library says. */
static struct xenmanage_handle handle;
static int open_errno, call_errno;
static unsigned int says_domid, says_state;
static uint64_t says_id;

xenmanage_handle *xenmanage_open(struct xentoollog_logger *logger, unsigned int open_flags)
{
	(void)logger;
	CHECK_EQ(open_flags, 0);
	errno = open_errno;
	if (open_errno)
		return NULL;
	handle.is_open++;
	return &handle;
}

int xenmanage_close(xenmanage_handle *hdl)
{
	if (hdl)
		hdl->is_open--;
	return 0;
}

static int say(unsigned int *state, uint64_t *id)
{
	errno = call_errno;
	if (call_errno)
		return -1;
	*state = says_state;
	*id = says_id;
	return 0;
}

int xenmanage_get_domain_info(xenmanage_handle *hdl, unsigned int domid, unsigned int *state,
			      unsigned int *caps, uint64_t *unique_id)
{
	(void)domid;
	CHECK_EQ(hdl->is_open, 1);
	CHECK(!caps);
	return say(state, unique_id);
}

int xenmanage_poll_changed_domain(xenmanage_handle *hdl, unsigned int *domid, unsigned int *state,
				  unsigned int *caps, uint64_t *unique_id)
{
	CHECK_EQ(hdl->is_open, 1);
	CHECK(!caps);
	*domid = says_domid;
	return say(state, unique_id);
}

static struct log *quiet(void)
{
	struct log *log;

	CHECK_EQ(log_new(&log, "domstate", LOG_LEVEL_ERROR, 0), 0);
	return log;
}

static struct domstate *begin(struct log *log)
{
	struct domstate *domstate;

	open_errno = call_errno = 0;
	says_state = XENMANAGE_GETDOMSTATE_STATE_EXIST;
	CHECK_EQ(domstate_new(&domstate, log), 0);
	return domstate;
}

TEST(a_xen_that_does_not_know_the_call_is_not_asked_again)
{
	struct log *log = quiet();
	struct domstate *domstate = NULL;

	open_errno = ENOENT;
	CHECK_EQ(domstate_new(&domstate, log), -EOPNOTSUPP);
	open_errno = 0;
	call_errno = EACCES; /* Xen 4.20, under the library of 4.21 */
	CHECK_EQ(domstate_new(&domstate, log), -EOPNOTSUPP);
	call_errno = ENOMEM;
	CHECK_EQ(domstate_new(&domstate, log), -ENOMEM);
	CHECK(!domstate);
	CHECK_EQ(handle.is_open, 0);
	domstate_free(NULL);
	log_free(log);
}

TEST(states_are_told_apart)
{
	struct log *log = quiet();
	struct domstate *domstate = begin(log);
	struct domstate_info info;

	says_id = 0x123456789abcdef0;
	CHECK_EQ(domstate_get(domstate, 7, &info), 0);
	CHECK_EQ(info.domid, 7);
	CHECK_EQ(info.unique_id, 0x123456789abcdef0);
	CHECK(!info.is_dying && !info.is_shutdown);
	says_state = XENMANAGE_GETDOMSTATE_STATE_EXIST | XENMANAGE_GETDOMSTATE_STATE_SHUTDOWN;
	CHECK_EQ(domstate_get(domstate, 7, &info), 0);
	CHECK(!info.is_dying && info.is_shutdown);
	says_state = XENMANAGE_GETDOMSTATE_STATE_EXIST | XENMANAGE_GETDOMSTATE_STATE_DYING;
	CHECK_EQ(domstate_get(domstate, 7, &info), 0);
	CHECK(info.is_dying);
	says_state = XENMANAGE_GETDOMSTATE_STATE_EXIST | XENMANAGE_GETDOMSTATE_STATE_DEAD;
	CHECK_EQ(domstate_get(domstate, 7, &info), 0);
	CHECK(info.is_dying);
	call_errno = ESRCH;
	CHECK_EQ(domstate_get(domstate, 7, &info), -ESRCH);
	domstate_free(domstate);
	CHECK_EQ(handle.is_open, 0);
	log_free(log);
}

TEST(the_next_that_changed_comes_with_its_number_until_there_is_none)
{
	struct log *log = quiet();
	struct domstate *domstate = begin(log);
	struct domstate_info info;

	says_domid = 3000;
	says_id = 99;
	CHECK_EQ(domstate_next(domstate, &info), 0);
	CHECK_EQ(info.domid, 3000);
	CHECK_EQ(info.unique_id, 99);
	/* One that is gone has nothing but its number, whatever else there was said. */
	says_state = 0;
	CHECK_EQ(domstate_next(domstate, &info), 0);
	CHECK_EQ(info.domid, 3000);
	CHECK_EQ(info.unique_id, 0);
	call_errno = ENOENT;
	CHECK_EQ(domstate_next(domstate, &info), -ENOENT);
	domstate_free(domstate);
	log_free(log);
}
