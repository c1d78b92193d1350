# SPDX-License-Identifier: GPL-2.0-or-later
noinst_PROGRAMS += tests/relay/relay
tests_relay_relay_SOURCES = \
	tests/relay/daemon.c tests/relay/daemon.h \
	tests/relay/lent.c tests/relay/lent.h \
	tests/relay/relay.c
tests_relay_relay_CPPFLAGS = $(libxencreate_a_CPPFLAGS) -I$(srcdir)/xencreate
tests_relay_relay_CFLAGS = $(AM_CFLAGS) $(XENCTRL_CFLAGS) $(XENEVTCHN_CFLAGS) $(XENFOREIGNMEMORY_CFLAGS)
tests_relay_relay_LDADD = $(XENCREATE_LIBS) $(XENCTRL_LIBS) $(XENEVTCHN_LIBS) $(XENFOREIGNMEMORY_LIBS)

EXTRA_DIST += tests/relay/README.md
