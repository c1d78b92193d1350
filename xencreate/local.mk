# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += xencreate/xencreate
noinst_LIBRARIES += libxencreate.a
libxencreate_a_SOURCES = \
	xencreate/batch.c xencreate/batch.h \
	xencreate/build.c xencreate/build.h \
	xencreate/destroy.c xencreate/destroy.h \
	xencreate/guestcfg.c xencreate/guestcfg.h \
	xencreate/host.c xencreate/host.h \
	xencreate/image.c xencreate/image.h \
	xencreate/job.c xencreate/job.h \
	xencreate/keys.c xencreate/keys.h \
	xencreate/names.c xencreate/names.h \
	xencreate/options.c xencreate/options.h \
	xencreate/pattern.c xencreate/pattern.h \
	xencreate/plan.c xencreate/plan.h \
	xencreate/report.c xencreate/report.h \
	xencreate/shell.c xencreate/shell.h \
	xencreate/stage.c xencreate/stage.h \
	xencreate/sweep.c xencreate/sweep.h \
	xencreate/tree.c xencreate/tree.h \
	xencreate/undo.c xencreate/undo.h \
	xencreate/victim.c xencreate/victim.h \
	xencreate/worker.c xencreate/worker.h
libxencreate_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(JSON_CFLAGS)
xencreate_xencreate_SOURCES = xencreate/main.c
xencreate_xencreate_LDADD = libxencreate.a $(COMMON_LIBS) $(XENCTRL_LIBS) $(XENGUEST_LIBS) $(XLUTIL_LIBS) $(JSON_LIBS)
