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

# xenstored's model: tests/unit/test_X.c for xenstored/model/X.c.
XENSTORED_MODEL_TESTS = tests/unit/test_path tests/unit/test_store tests/unit/test_table tests/unit/test_txn tests/unit/test_view
check_PROGRAMS += $(XENSTORED_MODEL_TESTS)
EXTRA_DIST += tests/unit/xenstored_fixture.h

MODEL_TEST_LIBS = $(UNIT_LIBS) libxenstored_model.a
tests_unit_test_path_SOURCES = tests/unit/test_path.c
tests_unit_test_path_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_path_LDADD = $(MODEL_TEST_LIBS)
tests_unit_test_store_SOURCES = tests/unit/test_store.c
tests_unit_test_store_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_store_LDADD = $(MODEL_TEST_LIBS)
tests_unit_test_table_SOURCES = tests/unit/test_table.c
tests_unit_test_table_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_table_LDADD = $(MODEL_TEST_LIBS)
tests_unit_test_txn_SOURCES = tests/unit/test_txn.c
tests_unit_test_txn_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_txn_LDADD = $(MODEL_TEST_LIBS)
tests_unit_test_view_SOURCES = tests/unit/test_view.c
tests_unit_test_view_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_view_LDADD = $(MODEL_TEST_LIBS)

# xenstored's connections, with clients that read when they are told to.
check_PROGRAMS += tests/unit/test_conn
tests_unit_test_conn_SOURCES = tests/unit/test_conn.c tests/inproc/inproc.c tests/inproc/inproc.h
tests_unit_test_conn_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/inproc
tests_unit_test_conn_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_conn_LDADD = $(UNIT_LIBS) libxenstored_protocol.a libxenstored_model.a $(COMMON_LIBS)

# xenstored's persistence, in the build that stops at each step (xenstored/persist/step.h).
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
