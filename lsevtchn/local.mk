# SPDX-License-Identifier: GPL-2.0-or-later
# The model of event-channel capacity: no descriptor, no clock. xencreate links it too.
noinst_LIBRARIES += libcapacity.a
libcapacity_a_SOURCES = \
	lsevtchn/scan.c \
	lsevtchn/scan.h \
	lsevtchn/tally.c \
	lsevtchn/tally.h
libcapacity_a_CFLAGS = $(AM_CFLAGS)

# Everything of the program but main(), for the tests to link.
noinst_LIBRARIES += liblsevtchn.a
liblsevtchn_a_SOURCES = \
	lsevtchn/hyper.c \
	lsevtchn/hyper.h \
	lsevtchn/listing.c \
	lsevtchn/listing.h \
	lsevtchn/summary.c \
	lsevtchn/summary.h
liblsevtchn_a_CFLAGS = $(AM_CFLAGS) $(XENCTRL_CFLAGS) $(XENCALL_CFLAGS)

sbin_PROGRAMS += lsevtchn/lsevtchn
lsevtchn_lsevtchn_SOURCES = lsevtchn/main.c
lsevtchn_lsevtchn_LDADD = liblsevtchn.a libcapacity.a $(XENCTRL_LIBS) $(XENCALL_LIBS)

EXTRA_DIST += lsevtchn/README.md tests/unit/fakehost.h

check_PROGRAMS += tests/unit/test_scan tests/unit/test_tally tests/unit/test_listing
tests_unit_test_scan_SOURCES = tests/unit/test_scan.c
tests_unit_test_scan_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_scan_LDADD = $(UNIT_LIBS) libcapacity.a
tests_unit_test_tally_SOURCES = tests/unit/test_tally.c
tests_unit_test_tally_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_tally_LDADD = $(UNIT_LIBS) libcapacity.a
tests_unit_test_listing_SOURCES = tests/unit/test_listing.c
tests_unit_test_listing_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_listing_LDADD = $(UNIT_LIBS) liblsevtchn.a libcapacity.a
