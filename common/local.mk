# SPDX-License-Identifier: GPL-2.0-or-later
# What two or more programs share.
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES = \
	common/daemon.c \
	common/domaininfo.c \
	common/grants.c \
	common/keeper.c \
	common/log.c \
	common/loop.c \
	common/park.c \
	common/ports.c \
	common/ring.c \
	common/storeclient.c \
	common/storelist.c \
	include/cleanup.h \
	include/daemon.h \
	include/domaininfo.h \
	include/grants.h \
	include/keeper.h \
	include/log.h \
	include/loop.h \
	include/park.h \
	include/ports.h \
	include/ring.h \
	include/step.h \
	include/storelist.h \
	include/storeclient.h
libcommon_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(BSD_CFLAGS) $(SYSTEMD_CFLAGS)

# What a program that uses libcommon.a links.
COMMON_LIBS = libcommon.a $(EVENT_LIBS) $(BSD_LIBS) $(SYSTEMD_LIBS) $(XENEVTCHN_LIBS) $(XENTOOLLOG_LIBS)

EXTRA_DIST += tests/unit/fakestore.h

check_PROGRAMS += tests/unit/test_daemon tests/unit/test_park tests/unit/test_storeclient
tests_unit_test_park_SOURCES = tests/unit/test_park.c
tests_unit_test_park_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
tests_unit_test_daemon_SOURCES = tests/unit/test_daemon.c
tests_unit_test_daemon_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
tests_unit_test_storeclient_SOURCES = tests/unit/test_storeclient.c tests/unit/fakestore.c
tests_unit_test_storeclient_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_storeclient_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_storewire
tests_fuzz_fuzz_storewire_SOURCES = tests/fuzz/fuzz_storewire.c tests/fuzz/replay.c
tests_fuzz_fuzz_storewire_LDADD = $(COMMON_LIBS)
check_PROGRAMS += tests/unit/test_storelist
tests_unit_test_storelist_SOURCES = tests/unit/test_storelist.c tests/unit/fakestore.c
tests_unit_test_storelist_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_storelist_LDADD = $(UNIT_LIBS) $(COMMON_LIBS)
