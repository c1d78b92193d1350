/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domtype.h"

#include <errno.h>
#include <string.h>

static const char *const names[DOMTYPE_N] = {
	[DOMTYPE_UNKNOWN] = "unknown",
	[DOMTYPE_PV] = "pv",
	[DOMTYPE_PVH] = "pvh",
	[DOMTYPE_HVM] = "hvm",
};

const char *domtype_name(enum domtype type)
{
	return names[type < DOMTYPE_N ? type : DOMTYPE_UNKNOWN];
}

int domtype_parse(enum domtype *type, const char *name)
{
	for (unsigned int i = DOMTYPE_UNKNOWN + 1; i < DOMTYPE_N; i++) {
		if (strcmp(name, names[i]) == 0) {
			*type = i;
			return 0;
		}
	}
	return -EINVAL;
}
