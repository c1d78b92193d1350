/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lsevtchn: without options what the stock program of that name prints, with options more. A
 * command line that the stock program understood is left to stock(), whatever it makes of it.
 */
#include "config.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hyper.h"
#include "listing.h"
#include "summary.h"
#include "tally.h"

enum {
	EXIT_FITS = 0,
	EXIT_FINDINGS = 1,
	EXIT_UNKNOWN = 2,
};

static const char usage[] =
	"usage: lsevtchn [DOMID]\n"
	"       lsevtchn --summary [DOMID]\n"
	"\n"
	"  -s, --summary   ports in use by kind and by peer domain (default: of domain 0)\n"
	"  -h, --help      this text\n"
	"  -V, --version   name and version\n";

/* The stock program: domain 0, or whatever strtol() makes of the first argument; exit status 0
 * or 1. */
static int stock(const char *argument)
{
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	long domid = argument ? strtol(argument, NULL, 10) : 0;
	struct scan scan = { 0 };
	struct scan_source source;
	int r;

	if (hyper_open(&hyper, NULL) < 0)
		errx(EXIT_FAILURE, "failed to open control interface");
	source = hyper_source(hyper);
	r = scan_read(&scan, (uint16_t)domid, &source);
	listing_print(stdout, &scan);
	if (r < 0) {
		errno = -r;
		perror("xc_evtchn_status");
	}
	scan_deinit(&scan);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int summarize(uint32_t domid)
{
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	struct scan scan = { 0 };
	struct tally tally = { 0 };
	struct scan_source source;
	int r = hyper_open(&hyper, NULL);

	if (r < 0)
		errx(EXIT_UNKNOWN, "cannot open the control interface: %s", strerror(-r));
	source = hyper_source(hyper);
	r = scan_read(&scan, domid, &source);
	if (r == 0)
		r = tally_make(&tally, &scan);
	if (r < 0)
		errx(EXIT_UNKNOWN, "domain %u: %s", domid, strerror(-r));
	printf("domain %u\n", domid);
	summary_kinds(stdout, &scan, &tally);
	summary_peers(stdout, &tally);
	tally_deinit(&tally);
	scan_deinit(&scan);
	return EXIT_FITS;
}

/* Options begin with '-'; "-1" was a number to the stock program. */
static bool has_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-' && !isdigit((unsigned char)argv[i][1]))
			return true;
	return false;
}

static uint32_t parse_domid(const char *text)
{
	char *end;
	unsigned long domid;

	errno = 0;
	domid = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || domid >= 0x7ff0)
		errx(EXIT_UNKNOWN, "'%s' is no domain number", text);
	return domid;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "summary", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	if (!has_options(argc, argv))
		return stock(argc > 1 ? argv[1] : NULL);
	while ((c = getopt_long(argc, argv, "shV", options, NULL)) != -1) {
		switch (c) {
		case 's':
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts(PACKAGE_STRING);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_UNKNOWN;
		}
	}
	return summarize(optind < argc ? parse_domid(argv[optind]) : 0);
}
