# SPDX-License-Identifier: GPL-2.0-or-later
# The bench: built with everything else, so that it cannot rot; ./check runs it for a moment without judging times.
noinst_PROGRAMS += tests/bench/bench-floor tests/bench/bench-guests tests/bench/bench-load tests/bench/bench-ringfloor

tests_bench_bench_floor_SOURCES = \
	tests/bench/floor.c tests/bench/floor.h \
	tests/bench/floor_xen.c tests/bench/floor_xen.h
tests_bench_bench_floor_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS)
tests_bench_bench_floor_LDADD = $(COMMON_LIBS) $(XENGNTTAB_LIBS)

tests_bench_bench_ringfloor_SOURCES = tests/bench/ringfloor.c
tests_bench_bench_ringfloor_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(XENGNTTAB_CFLAGS)
tests_bench_bench_ringfloor_LDADD = $(COMMON_LIBS) $(XENGNTTAB_LIBS)

tests_bench_bench_load_SOURCES = \
	tests/bench/bulk.c tests/bench/bulk.h \
	tests/bench/cases.c tests/bench/cases.h \
	tests/bench/floor.h \
	tests/bench/hist.c tests/bench/hist.h \
	tests/bench/load.c tests/bench/load.h \
	tests/bench/proc.c tests/bench/proc.h \
	tests/bench/register.c tests/bench/register.h \
	tests/bench/run.c tests/bench/run.h \
	tests/bench/step.c tests/bench/step.h \
	tests/bench/wire.c tests/bench/wire.h

tests_bench_bench_guests_SOURCES = \
	tests/bench/floods.c tests/bench/floods.h \
	tests/bench/guestload.c \
	tests/bench/hist.c tests/bench/hist.h \
	tests/bench/step.c tests/bench/step.h
tests_bench_bench_guests_CFLAGS = $(AM_CFLAGS) $(XENFOREIGNMEMORY_CFLAGS)
tests_bench_bench_guests_LDADD = libcommon.a $(XENFOREIGNMEMORY_LIBS)

EXTRA_DIST += \
	tests/bench/README.md \
	tests/bench/quiet-guest \
	tests/bench/lsevtchn \
	tests/bench/xenconsoled \
	tests/bench/persist \
	tests/bench/xenstored \
	tests/bench/bench/__init__.py \
	tests/bench/bench/consoles.py \
	tests/bench/bench/consoletable.py \
	tests/bench/bench/counters.py \
	tests/bench/bench/measure.py \
	tests/bench/bench/report.py \
	tests/bench/bench/rivals.py \
	tests/bench/bench/rows.py
