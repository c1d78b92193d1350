/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What making domains costs when there is neither store nor console: the hypercalls and libxenguest
 * alone, one domain after the other, in one process. xencreate is measured against it.
 *
 * usage: floor CONFIG N [--keep]	prints "present shell_us build_us unpause_us" per domain,
 * and the total
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <xenctrl.h>

#include "build.h"
#include "guestcfg.h"
#include "image.h"
#include "log.h"
#include "shell.h"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int make_one(xc_interface *xch, const struct guestcfg *config, unsigned int present,
		    uint32_t *domid)
{
	uint64_t start_us = now_us(), shell_us, build_us;
	struct build_result result;
	struct shell shell;
	const struct build_request request = { .xch = xch, .config = config, .shell = &shell };
	uint8_t handle[16];
	char message[200] = "";
	int r = getrandom(handle, sizeof(handle), 0) == sizeof(handle) ? 0 : -errno;

	if (!r)
		r = shell_create(&shell, xch, config, handle, 1023, NULL, 0, 0);
	if (r < 0)
		return r;
	*domid = shell.domid;
	shell_us = now_us();
	r = build_domain(&result, &request, NULL, message, sizeof(message));
	build_us = now_us();
	if (!r && xc_domain_unpause(xch, shell.domid) < 0)
		r = -errno;
	if (r < 0)
		fprintf(stderr, "floor: %s %s\n", message, strerror(-r));
	else
		printf("%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", present, shell_us - start_us,
		       build_us - shell_us, now_us() - build_us);
	return r;
}

static int make_all(xc_interface *xch, const struct guestcfg *config, unsigned int n, bool keep)
{
	CLEANUP(free) uint32_t *domids = calloc(n, sizeof(*domids));
	uint64_t start_us = now_us();
	unsigned int made = 0;
	int r = domids ? 0 : -ENOMEM;

	while (!r && made < n) {
		r = make_one(xch, config, made, &domids[made]);
		made++;
	}
	printf("# %u domains in %" PRIu64 " us\n", made, now_us() - start_us);
	for (unsigned int i = 0; !keep && i < made; i++)
		if (domids[i])
			xc_domain_destroy(xch, domids[i]);
	return r;
}

int main(int argc, char **argv)
{
	CLEANUP(log_free) struct log *log = NULL;
	CLEANUP(guestcfg_free) struct guestcfg *config = NULL;
	CLEANUP(image_set_free) struct image_set *images = NULL;
	xc_interface *xch;
	int r;

	if (argc < 3 || log_new(&log, "floor", LOG_LEVEL_WARNING, LOG_TARGET_STDERR) < 0)
		return 2;
	xch = xc_interface_open(log_xtl(log), log_xtl(log), 0);
	if (!xch || guestcfg_read(&config, argv[1], false, log) < 0 ||
	    image_set_load(&images, &config, 1, xch, log) < 0)
		return 2;
	r = make_all(xch, config, (unsigned int)strtoul(argv[2], NULL, 10),
		     argc > 3 && !strcmp(argv[3], "--keep"));
	xc_interface_close(xch);
	return r < 0;
}
