# SPDX-License-Identifier: GPL-2.0-or-later
noinst_PROGRAMS += tests/stores/guests

tests_stores_guests_SOURCES = \
	tests/stores/bridge.c tests/stores/bridge.h \
	tests/stores/guest.c tests/stores/guest.h \
	tests/stores/guests.c
tests_stores_guests_CFLAGS = $(AM_CFLAGS) $(XENCTRL_CFLAGS) $(XENGUEST_CFLAGS) $(XENFOREIGNMEMORY_CFLAGS)
tests_stores_guests_LDADD = libcommon.a $(XENGUEST_LIBS) $(XENCTRL_LIBS) $(XENFOREIGNMEMORY_LIBS) -lpthread

# oxenstored insists on raising the limit of open files; tests run without that privilege too.
noinst_LTLIBRARIES += tests/stores/libmodest.la
tests_stores_libmodest_la_SOURCES = tests/stores/modest.c
tests_stores_libmodest_la_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
tests_stores_libmodest_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

EXTRA_DIST += \
	tests/stores/README.md \
	tests/stores/__init__.py \
	tests/stores/daemons.py \
	tests/stores/host.py \
	tests/stores/real.py \
	tests/stores/says.py \
	tests/stores/stock.py
