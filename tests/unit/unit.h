/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TEST(the_rule_it_proves) { CHECK_EQ(…); } and nothing else: each test registers itself and unit.c
 * runs them through cmocka.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void unit_register(const char *name, CMUnitTestFunction fn);

#define TEST(name)                                                     \
	static void test_##name(void **state);                         \
	__attribute__((constructor)) static void register_##name(void) \
	{                                                              \
		unit_register(#name, test_##name);                     \
	}                                                              \
	static void test_##name(__attribute__((unused)) void **state)

#define CHECK(condition)      assert_true(condition)
#define CHECK_EQ(a, b)	      assert_int_equal(a, b)
#define CHECK_NE(a, b)	      assert_int_not_equal(a, b)
#define CHECK_STR_EQ(a, b)    assert_string_equal(a, b)
#define CHECK_MEM_EQ(a, b, n) assert_memory_equal(a, b, n)

#endif
