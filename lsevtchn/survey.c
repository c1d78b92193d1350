/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "survey.h"

#include <string.h>

#include "census.h"
#include "hyper.h"
#include "lookup.h"
#include "savedcfg.h"
#include "selfinfo.h"
#include "textfile.h"

#define STORE_TIMEOUT_MS 5000

/* Domain 0 unless the kernel's UUID is another's. */
static uint32_t own_domid(const struct census *census)
{
	CLEANUP(free) char *own = NULL;
	char uuid[37];

	if (textfile_read(&own, NULL, "/sys/hypervisor/uuid") < 0)
		return 0;
	for (size_t i = 0; i < census->n_domains; i++)
		if (strncmp(own, cap_handle_format(uuid, census->domains[i].handle),
			    sizeof(uuid) - 1) == 0)
			return census->domains[i].domid;
	return 0;
}

int survey_list(struct hyper *hyper, struct census *census, const struct survey_options *options)
{
	struct census_domain *self;
	int r = hyper_domains(hyper, census);

	if (r < 0)
		return r;
	census->self = own_domid(census);
	self = census_find(census, census->self);
	if (self) {
		hyper_told(hyper, &self->evidence);
		selfinfo_evidence(&self->evidence);
	}
	if (options->caps)
		savedcfg_read(census, SAVEDCFG_FOLDER);
	return 0;
}

int survey_all(struct hyper *hyper, struct census *census, const struct survey_options *options,
	       int *store_error)
{
	const struct scan_source source = hyper_source(hyper);
	int r = survey_list(hyper, census, options);

	*store_error = 0;
	if (r < 0)
		return r;
	if (options->names)
		*store_error = lookup_now(census, STORE_TIMEOUT_MS);
	return census_scan(census, &source);
}
