# SPDX-License-Identifier: GPL-2.0-or-later
# cmocka programs: no Xen, no root, no sleep. A new one is two lines here and one in the list.
check_LIBRARIES += libunit.a
libunit_a_SOURCES = tests/unit/unit.c tests/unit/unit.h
libunit_a_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

UNIT_LIBS = libunit.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_log tests/unit/test_ring tests/unit/test_loop

tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
tests_unit_test_ring_SOURCES = tests/unit/test_ring.c
tests_unit_test_ring_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
