# SPDX-License-Identifier: GPL-2.0-or-later
# The protocol in process (inproc.[ch]), and the unit tests and fuzz targets of xenstored that use it.
EXTRA_DIST += tests/inproc/README.md

# xenstored's model: tests/unit/test_X.c for xenstored/model/X.c.
XENSTORED_MODEL_TESTS = tests/unit/test_cut tests/unit/test_fair tests/unit/test_path tests/unit/test_store tests/unit/test_table tests/unit/test_txn tests/unit/test_view
check_PROGRAMS += $(XENSTORED_MODEL_TESTS)
EXTRA_DIST += tests/unit/xenstored_fixture.h

MODEL_TEST_LIBS = $(UNIT_LIBS) libxenstored_model.a
tests_unit_test_cut_SOURCES = tests/unit/test_cut.c
tests_unit_test_cut_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_cut_LDADD = $(MODEL_TEST_LIBS)
tests_unit_test_fair_SOURCES = tests/unit/test_fair.c
tests_unit_test_fair_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_fair_LDADD = $(MODEL_TEST_LIBS)
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

check_PROGRAMS += tests/unit/test_random
tests_unit_test_random_SOURCES = tests/unit/test_random.c tests/unit/naive.c tests/unit/naive.h
tests_unit_test_random_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_random_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_random_LDADD = $(MODEL_TEST_LIBS)

# xenstored's connections, with clients that read when they are told to.
check_PROGRAMS += tests/unit/test_conn
tests_unit_test_conn_SOURCES = tests/unit/test_conn.c tests/inproc/inproc.c tests/inproc/inproc.h
tests_unit_test_conn_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/inproc
tests_unit_test_conn_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_conn_LDADD = $(UNIT_LIBS) libxenstored_protocol.a libxenstored_model.a $(COMMON_LIBS)

check_PROGRAMS += tests/unit/test_conffile
tests_unit_test_conffile_SOURCES = tests/unit/test_conffile.c
tests_unit_test_conffile_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_conffile_LDADD = $(UNIT_LIBS) $(XENSTORED_LIBS)

check_PROGRAMS += tests/unit/test_sink
tests_unit_test_sink_SOURCES = tests/unit/test_sink.c
tests_unit_test_sink_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_sink_LDADD = $(UNIT_LIBS) libxenstored_protocol.a

check_PROGRAMS += tests/unit/test_contention
tests_unit_test_contention_SOURCES = tests/unit/test_contention.c tests/inproc/inproc.c tests/inproc/inproc.h
tests_unit_test_contention_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/inproc
tests_unit_test_contention_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_contention_LDADD = $(UNIT_LIBS) libxenstored_protocol.a libxenstored_model.a $(COMMON_LIBS)

# Every allocation fails once.
check_PROGRAMS += tests/unit/test_oom
tests_unit_test_oom_SOURCES = tests/unit/test_oom.c tests/inproc/inproc.c tests/inproc/inproc.h
tests_unit_test_oom_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/inproc
tests_unit_test_oom_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_oom_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup
tests_unit_test_oom_LDADD = $(UNIT_LIBS) libxenstored_protocol.a libxenstored_model.a $(COMMON_LIBS)

check_PROGRAMS += tests/unit/test_schedule
tests_unit_test_schedule_SOURCES = tests/unit/test_schedule.c xenstored/server/schedule.c
tests_unit_test_schedule_CPPFLAGS = $(XENSTORED_CPPFLAGS) -DTICKS_OF_TEST
tests_unit_test_schedule_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_schedule_LDADD = $(UNIT_LIBS) libxenstored_model.a

check_PROGRAMS += tests/unit/test_ringconn
tests_unit_test_ringconn_SOURCES = tests/unit/test_ringconn.c tests/unit/ringworld.c tests/unit/ringworld.h \
	xenstored/server/ringconn.c
tests_unit_test_ringconn_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_ringconn_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_ringconn_LDADD = $(UNIT_LIBS) libxenstored_protocol.a libxenstored_model.a $(COMMON_LIBS)

check_PROGRAMS += tests/unit/test_domains_check
tests_unit_test_domains_check_SOURCES = tests/unit/test_domains_check.c xenstored/server/domains_check.c
tests_unit_test_domains_check_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_unit_test_domains_check_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_domains_check_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)

# The test plays libxenmanage, which Xen has from 4.21 on.
check_PROGRAMS += tests/unit/test_domstate
tests_unit_test_domstate_SOURCES = tests/unit/test_domstate.c tests/unit/fakemanage/xenmanage.h \
	xenstored/server/domstate.c
tests_unit_test_domstate_CPPFLAGS = -I$(srcdir)/tests/unit/fakemanage -DHAVE_XENMANAGE=1 $(XENSTORED_CPPFLAGS)
tests_unit_test_domstate_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)

# tests/fuzz on xenstored: each on its corpus, and on variants of it.
STORE_FUZZ_LIBS = libxenstored_protocol.a libxenstored_model.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_storesession tests/fuzz/fuzz_storestream tests/fuzz/fuzz_storering \
	tests/fuzz/fuzz_storepath
tests_fuzz_fuzz_storesession_SOURCES = tests/fuzz/fuzz_storesession.c tests/fuzz/replay.c \
	tests/inproc/inproc.c tests/inproc/inproc.h
tests_fuzz_fuzz_storesession_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/inproc
tests_fuzz_fuzz_storesession_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_fuzz_fuzz_storesession_LDADD = $(STORE_FUZZ_LIBS)
tests_fuzz_fuzz_storestream_SOURCES = tests/fuzz/fuzz_storestream.c tests/fuzz/replay.c \
	tests/inproc/inproc.c tests/inproc/inproc.h
tests_fuzz_fuzz_storestream_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/inproc
tests_fuzz_fuzz_storestream_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_fuzz_fuzz_storestream_LDADD = $(STORE_FUZZ_LIBS)
tests_fuzz_fuzz_storering_SOURCES = tests/fuzz/fuzz_storering.c tests/fuzz/replay.c \
	tests/unit/ringworld.c tests/unit/ringworld.h xenstored/server/ringconn.c
tests_fuzz_fuzz_storering_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/unit
tests_fuzz_fuzz_storering_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_fuzz_fuzz_storering_LDADD = libxenstored_protocol.a libxenstored_model.a libcommon.a $(XENTOOLLOG_LIBS)
tests_fuzz_fuzz_storepath_SOURCES = tests/fuzz/fuzz_storepath.c tests/fuzz/replay.c
tests_fuzz_fuzz_storepath_CPPFLAGS = $(XENSTORED_CPPFLAGS)
tests_fuzz_fuzz_storepath_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_fuzz_fuzz_storepath_LDADD = libxenstored_model.a
