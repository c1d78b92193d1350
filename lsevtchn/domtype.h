/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three ways a domain can run. */
#ifndef DOMTYPE_H
#define DOMTYPE_H

enum domtype {
	DOMTYPE_UNKNOWN,
	DOMTYPE_PV,
	DOMTYPE_PVH,
	DOMTYPE_HVM,
	DOMTYPE_N,
};

/** domtype_name() - "unknown", "pv", "pvh", "hvm". */
const char *domtype_name(enum domtype type);

/** domtype_parse() - the reverse, without "unknown". Return: 0 or -EINVAL. */
int domtype_parse(enum domtype *type, const char *name);

#endif
