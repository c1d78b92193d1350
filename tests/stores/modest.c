/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into oxenstored, which gives up if it may not raise its limit of open files: it gets as
 * many as may be had.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int setrlimit(__rlimit_resource_t resource, const struct rlimit *wanted)
{
	struct rlimit have, most = *wanted;

	if (syscall(SYS_prlimit64, 0, resource, wanted, NULL) == 0)
		return 0;
	if (errno != EPERM || syscall(SYS_prlimit64, 0, resource, NULL, &have) < 0)
		return -1;
	if (most.rlim_max > have.rlim_max)
		most.rlim_max = have.rlim_max;
	if (most.rlim_cur > most.rlim_max)
		most.rlim_cur = most.rlim_max;
	return (int)syscall(SYS_prlimit64, 0, resource, &most, NULL);
}
