/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for libFuzzer where it is not: feeds a target the files of its corpus, each a number of
 * times with some bytes changed, the same way in every run.
 *
 * usage: fuzz_NAME [FOLDER]      default: $srcdir/tests/fuzz/corpus/NAME
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192
/* Of each input, and of all of them together. */
#define VARIANTS_EACH 4000
#define VARIANTS_ALL  24000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t data[INPUT_MAX];
	size_t size;
};

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* An exact copy on the heap, so that a sanitizer sees each byte beyond its end. */
static void feed(const struct input *input)
{
	uint8_t *data = malloc(input->size ? input->size : 1);

	if (!data)
		abort();
	memcpy(data, input->data, input->size);
	LLVMFuzzerTestOneInput(data, input->size);
	free(data);
}

static void change(struct input *input, uint64_t *random)
{
	static const uint8_t telling[] = { 0,	1,   '\n', '\r', 0x1b, '/',
					   '%', '0', '9',  0x7f, 0x80, 0xff };
	size_t at = input->size ? next_random(random) % input->size : 0;

	switch (next_random(random) % 5) {
	case 0:
		input->data[at] = (uint8_t)next_random(random);
		break;
	case 1:
		input->data[at] = telling[next_random(random) % sizeof(telling)];
		break;
	case 2:
		input->data[at] ^= (uint8_t)(1 << next_random(random) % 8);
		break;
	case 3:
		input->size = at;
		break;
	case 4:
		if (input->size < INPUT_MAX)
			input->data[input->size++] = telling[next_random(random) % sizeof(telling)];
		break;
	}
}

static int replay(const char *folder, const char *name, int n_variants, uint64_t *random)
{
	char path[8192];
	struct input input, variant;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file)
		return -errno;
	input.size = fread(input.data, 1, sizeof(input.data), file);
	fclose(file);
	feed(&input);
	for (int i = 0; i < n_variants; i++) {
		variant = input;
		for (uint64_t n = next_random(random) % 8 + 1; n; n--)
			change(&variant, random);
		feed(&variant);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"),
		   *name = strstr(program_invocation_short_name, "fuzz_");
	uint64_t random = 20240229;
	struct dirent **entries;
	char folder[4000];
	int n, n_variants, n_replayed = 0;

	if (argc > 1)
		snprintf(folder, sizeof(folder), "%s", argv[1]);
	else
		snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
			 name ? name + strlen("fuzz_") : "");
	n = scandir(folder, &entries, NULL, alphasort);
	n_variants = n > 0 && VARIANTS_ALL / n < VARIANTS_EACH ? VARIANTS_ALL / n : VARIANTS_EACH;
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' &&
		    replay(folder, entries[i]->d_name, n_variants, &random) == 0)
			n_replayed++;
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	printf("1..1\n%s 1 - %d inputs of %s and %d variants of each\n",
	       n_replayed ? "ok" : "not ok", n_replayed, folder, n_variants);
	return n_replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
