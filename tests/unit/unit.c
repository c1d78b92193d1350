/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects the tests of one program and runs them. */
#include "unit.h"

#include <assert.h>
#include <errno.h>

#define TESTS_MAX 512

static struct CMUnitTest tests[TESTS_MAX];
static size_t n_tests;

void unit_register(const char *name, CMUnitTestFunction fn)
{
	assert(n_tests < TESTS_MAX);
	tests[n_tests++] = (struct CMUnitTest){ .name = name, .test_func = fn };
}

int main(int argc, char **argv)
{
	(void)argc;
	cmocka_set_test_filter(argv[1]); /* one test by name; NULL runs all */
	return _cmocka_run_group_tests(program_invocation_short_name, tests, n_tests, NULL, NULL);
}
