/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device lists of an xl.cfg, and what xlcfg needs to say where something in it is wrong. */
#ifndef XLDEVICE_H
#define XLDEVICE_H

#include <stdint.h>
#include <stdio.h>

#include <libxlutil.h>

struct guest;
struct xlcfg_defaults;

struct xldevice_parser {
	XLU_Config *config;  /* borrowed */
	FILE *report;	     /* borrowed: where libxlutil and we complain; a memory stream, */
	char *const *said;   /* borrowed: whose text is found here after a flush */
	const char *source;  /* borrowed */
	struct guest *guest; /* borrowed: gets the devices */
	const struct xlcfg_defaults *defaults; /* borrowed */
};

/**
 * xldevice_read() - add all devices of the configuration to its guest
 *
 * Return: 0, -EINVAL (the reason is in the report), -ENOMEM.
 */
int xldevice_read(struct xldevice_parser *parser);

/** xldevice_count() - how many entries the list or single value @key has. Return: 0 or -EINVAL. */
int xldevice_count(struct xldevice_parser *parser, const char *key, uint32_t *n);

/** xldevice_line() - where @value, or the setting @key if it is NULL, stands in the file; 0: not
 * known. */
unsigned int xldevice_line(struct xldevice_parser *parser, const char *key, XLU_ConfigValue *value);

/** xldevice_refuse() - complain in libxlutil's manner. Return: -EINVAL. */
int xldevice_refuse(struct xldevice_parser *parser, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
