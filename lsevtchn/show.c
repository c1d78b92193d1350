/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "census.h"
#include "cmdline.h"
#include "domainview.h"
#include "finding.h"
#include "fitview.h"
#include "jsonout.h"
#include "metrics.h"
#include "textfile.h"
#include "view.h"

/* Peers of a summary: as many as can be taken in at a glance. */
#define PEERS_SHOWN 20

const struct census_domain *show_domain(const struct cmdline *cmdline, const struct census *census)
{
	const char *name = cmdline->domain ? cmdline->domain : "0";
	const struct census_domain *domain;
	unsigned long domid;
	char *end;

	errno = 0;
	domid = strtoul(name, &end, 10);
	/* xl too takes a number for a number before it looks for a name. */
	if (isdigit((unsigned char)*name) && !*end && !errno && domid <= UINT32_MAX) {
		domain = census_find(census, domid);
		if (domain)
			return domain;
	}
	return census_find_name(census, name);
}

static int show_text(FILE *to, const struct cmdline *cmdline, const struct census *census,
		     const struct census_domain *domain, const struct finding_list *findings,
		     const struct policy *policy)
{
	struct paint paint;
	int r = 0;

	paint_init(&paint, to, cmdline->colour);
	switch (cmdline->mode) {
	case CMDLINE_ALL:
		r = view_all(&paint, census, cmdline->sort);
		break;
	case CMDLINE_BY_PEER:
		r = domainview_peers(&paint, census, domain, SIZE_MAX);
		break;
	case CMDLINE_CHECK_CAPS:
		r = view_caps(&paint, census, policy);
		break;
	case CMDLINE_DOMAIN:
		r = domainview_print(&paint, census, domain, SIZE_MAX);
		if (r == 0)
			domainview_ports(&paint, census, domain);
		break;
	default:
		r = domainview_print(&paint, census, domain, PEERS_SHOWN);
		break;
	}
	if (r == 0 && cmdline->mode != CMDLINE_BY_PEER)
		view_findings(&paint, census, findings);
	return r;
}

int show_census(FILE *to, const struct cmdline *cmdline, const struct census *census,
		const struct finding_list *findings, const struct policy *policy, int64_t time_s)
{
	bool about_all = cmdline->mode == CMDLINE_ALL || cmdline->mode == CMDLINE_CHECK_CAPS;
	const struct census_domain *domain = about_all ? NULL : show_domain(cmdline, census);

	if (!about_all && !domain)
		return -ESRCH;
	switch (cmdline->format) {
	case CMDLINE_JSON:
		return jsonout_census(to, census, domain, findings, policy, time_s);
	case CMDLINE_OPENMETRICS:
		metrics_print(to, census, findings, time_s);
		return 0;
	default:
		return show_text(to, cmdline, census, domain, findings, policy);
	}
}

/* Prints into memory what goes to a file, so that the file is never half. */
struct sheet {
	FILE *to;
	char *text; /* owned */
	size_t len;
};

static int sheet_open(struct sheet *sheet, const struct cmdline *cmdline)
{
	*sheet = (struct sheet){ .to = stdout };
	if (!cmdline->output)
		return 0;
	sheet->to = open_memstream(&sheet->text, &sheet->len);
	return sheet->to ? 0 : -ENOMEM;
}

static int sheet_close(struct sheet *sheet, const struct cmdline *cmdline, int r)
{
	if (sheet->to == stdout)
		return r < 0 ? r : fflush(stdout) == EOF ? -EIO : 0;
	if (fclose(sheet->to) == EOF && r == 0)
		r = -ENOMEM;
	if (r == 0)
		r = textfile_replace(cmdline->output, sheet->text, sheet->len, 0644, -1, -1);
	free(sheet->text);
	return r;
}

int show_census_out(const struct cmdline *cmdline, const struct census *census,
		    const struct finding_list *findings, const struct policy *policy,
		    int64_t time_s)
{
	struct sheet sheet;
	int r = sheet_open(&sheet, cmdline);

	if (r < 0)
		return r;
	return sheet_close(&sheet, cmdline,
			   show_census(sheet.to, cmdline, census, findings, policy, time_s));
}

int show_preflight_out(const struct cmdline *cmdline, const struct preflight *preflight)
{
	struct sheet sheet;
	int r = sheet_open(&sheet, cmdline);
	struct paint paint;

	if (r < 0)
		return r;
	if (cmdline->format == CMDLINE_JSON) {
		r = jsonout_preflight(sheet.to, preflight);
	} else {
		paint_init(&paint, sheet.to, cmdline->colour);
		fitview_print(&paint, preflight, cmdline->explain);
	}
	return sheet_close(&sheet, cmdline, r);
}
