# SPDX-License-Identifier: GPL-2.0-or-later
# Scenarios as data, played in process. A new *.xst is one line in WIRE_SCENARIOS.
WIRE_SCENARIOS = \
	tests/inproc/basics.xst \
	tests/inproc/control.xst \
	tests/inproc/directory_part.xst \
	tests/inproc/domains.xst \
	tests/inproc/malformed.xst \
	tests/inproc/perms.xst \
	tests/inproc/quotas.xst \
	tests/inproc/specials.xst \
	tests/inproc/transactions.xst \
	tests/inproc/watches.xst
EXTRA_DIST += tests/inproc/README.md $(WIRE_SCENARIOS)

check_PROGRAMS += tests/inproc/run_xst
tests_inproc_run_xst_SOURCES = \
	tests/inproc/inproc.c tests/inproc/inproc.h \
	tests/inproc/run_xst.c \
	tests/inproc/script.c tests/inproc/script.h
tests_inproc_run_xst_CPPFLAGS = $(XENSTORED_CPPFLAGS) -I$(srcdir)/tests/wire
tests_inproc_run_xst_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_inproc_run_xst_LDADD = libxenstored_protocol.a libxenstored_model.a $(COMMON_LIBS)
