# SPDX-License-Identifier: GPL-2.0-or-later
# cmocka programs: no Xen, no root, no sleep. A new one is two lines here and one in the list.
check_LIBRARIES += libunit.a
libunit_a_SOURCES = tests/unit/unit.c tests/unit/unit.h
libunit_a_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

UNIT_LIBS = libunit.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_log tests/unit/test_ring tests/unit/test_loop tests/unit/test_ports

tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
tests_unit_test_ring_SOURCES = tests/unit/test_ring.c
tests_unit_test_ring_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
tests_unit_test_ports_SOURCES = tests/unit/test_ports.c
tests_unit_test_ports_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)

# xenstored's live update.
check_LIBRARIES += libupdateworld.a
libupdateworld_a_SOURCES = tests/unit/updateworld.c tests/unit/updateworld.h
libupdateworld_a_CPPFLAGS = $(XENSTORED_CPPFLAGS)
libupdateworld_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
UPDATE_TEST_LIBS = libupdateworld.a libxenstored_update.a libxenstored_persist.a libxenstored_protocol.a \
	libxenstored_model.a $(COMMON_LIBS) $(TDB_LIBS)

check_PROGRAMS += tests/unit/test_stream tests/unit/test_update tests/fuzz/fuzz_migration
tests_unit_test_stream_SOURCES = tests/unit/test_stream.c
tests_unit_test_stream_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_stream_LDADD = $(UNIT_LIBS) $(UPDATE_TEST_LIBS)
tests_unit_test_update_SOURCES = tests/unit/test_update.c
tests_unit_test_update_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_update_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_update_LDADD = $(UNIT_LIBS) $(UPDATE_TEST_LIBS)
tests_fuzz_fuzz_migration_SOURCES = tests/fuzz/fuzz_migration.c tests/fuzz/replay.c
tests_fuzz_fuzz_migration_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/unit
tests_fuzz_fuzz_migration_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_fuzz_fuzz_migration_LDADD = $(UPDATE_TEST_LIBS)

# xenstored's persistence, in the build that stops at each step (include/step.h).
check_LIBRARIES += libxenstored_persist_steps.a
libxenstored_persist_steps_a_SOURCES = $(XENSTORED_PERSIST_SOURCES) \
	tests/unit/persist_world.c tests/unit/persist_world.h
libxenstored_persist_steps_a_CPPFLAGS = $(XENSTORED_CPPFLAGS) -DXENSTORED_STEPS
libxenstored_persist_steps_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS) $(TDB_CFLAGS)

check_PROGRAMS += tests/unit/test_journal tests/unit/test_persist
PERSIST_TEST_LIBS = $(UNIT_LIBS) libxenstored_persist_steps.a libxenstored_protocol.a libxenstored_model.a \
	$(COMMON_LIBS) $(TDB_LIBS)
tests_unit_test_journal_SOURCES = tests/unit/test_journal.c
tests_unit_test_journal_CPPFLAGS = $(XENSTORED_CPPFLAGS) -DXENSTORED_STEPS
tests_unit_test_journal_LDADD = $(PERSIST_TEST_LIBS)
tests_unit_test_persist_SOURCES = tests/unit/test_persist.c
tests_unit_test_persist_CPPFLAGS = $(XENSTORED_CPPFLAGS) -DXENSTORED_STEPS
tests_unit_test_persist_LDADD = $(PERSIST_TEST_LIBS)
