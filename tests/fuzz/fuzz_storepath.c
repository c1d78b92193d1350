/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths and permission strings: what is accepted keeps every rule, whatever was written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/path.h"
#include "model/perms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash_key key = { { 11, 22, 33 } };

static void check_path(const char *text, bool special)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@";
	static struct path path;
	uint32_t levels = 0, len = 0;

	if (path_parse(&path, &key, "/local/domain/7", text, strlen(text), special) < 0)
		return;
	if (strlen(path.text) != path.len || strspn(path.text, good) != path.len)
		abort();
	if (strstr(path.text, "//") || (path.len > 1 && path.text[path.len - 1] == '/'))
		abort();
	if (path.text[0] != (path.special ? '@' : '/') || (path.special && !special))
		abort();
	for (const char *p = path.text; *p; p++)
		levels += *p == '/';
	if (path.n_levels != (path.len == 1 && !path.special ? 0 : levels + path.special))
		abort();
	for (uint32_t i = 1; i <= path.n_levels; i++) {
		path_name(&path, i, &len);
		if (!len)
			abort();
	}
	if (path_quota_len(&path) > path.len)
		abort();
}

static void check_perms(const char *text, size_t size)
{
	struct perm list[32];
	uint32_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += text[i] == '\0';
	if (n > 32 || perms_parse(text, size, list, n) < 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		if (list[i].rights > 3 || list[i].stale)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	check_path(text, true);
	check_path(text, false);
	check_perms(text, size + 1);
	free(text);
	return 0;
}
