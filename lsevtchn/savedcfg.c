/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "savedcfg.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "census.h"
#include "textfile.h"

static void read_one(struct census_domain *domain, const char *folder)
{
	CLEANUP(free) char *json = NULL;
	char path[PATH_MAX], uuid[37];
	struct cap cap;
	size_t len;

	snprintf(path, sizeof(path), "%s/userdata-d.%" PRIu32 ".%s.libxl-json", folder,
		 domain->domid, cap_handle_format(uuid, domain->handle));
	if (textfile_read(&json, &len, path) < 0 || cap_config_parse(&cap, json, len) < 0)
		return;
	if (domain->cap.source == CAP_SOURCE_UNKNOWN)
		domain->cap = cap;
	else
		domain->cap.driver_domain = cap.driver_domain;
}

void savedcfg_read(struct census *census, const char *folder)
{
	for (size_t i = 0; i < census->n_domains; i++) {
		struct census_domain *domain = &census->domains[i];

		if (domain->domid == 0)
			domain->cap =
				(struct cap){ .max_port = CAP_NONE, .source = CAP_SOURCE_DOM0 };
		else
			read_one(domain, folder);
	}
}
