/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's name, as anybody may have written it: its log lies in the folder, under a plain name.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "logname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *buf = malloc(LOGNAME_SIZE), *name = malloc(size + 1);
	const char *file;

	assert(buf && name);
	memcpy(name, data, size);
	name[size] = '\0';
	file = logname_guest(buf, name, 32751, "-vuart0");
	assert(file == buf && strlen(file) < LOGNAME_SIZE);
	assert(!strncmp(file, "guest-", 6));
	assert(!strcmp(file + strlen(file) - strlen("-vuart0.log"), "-vuart0.log"));
	for (const char *p = file; *p; p++)
		assert(*p != '/' && (unsigned char)*p >= 0x20 && *p != 0x7f);
	free(name);
	free(buf);
	return 0;
}
