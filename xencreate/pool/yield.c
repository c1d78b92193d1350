/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A journal that is locked has a living batch. */
#include "pool/yield.h"

#include "cleanup.h"
#include "journal.h"
#include "lockfile.h"

bool yield_is_asked(const char *folder)
{
	bool asked = false;
	char **paths;
	size_t n;

	if (journal_list(&paths, &n, folder) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		asked |= lockfile_is_held(paths[i]);
		free(paths[i]);
	}
	free(paths);
	return asked;
}
