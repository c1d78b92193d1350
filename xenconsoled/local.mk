# SPDX-License-Identifier: GPL-2.0-or-later
# The console daemon: everything but main.c in a library, which tests link too.
sbin_PROGRAMS += xenconsoled/xenconsoled
noinst_LIBRARIES += libxenconsoled.a

libxenconsoled_a_SOURCES = \
	xenconsoled/backlog.c \
	xenconsoled/backlog.h \
	xenconsoled/batch.c \
	xenconsoled/batch.h \
	xenconsoled/clients.c \
	xenconsoled/clients.h \
	xenconsoled/conring.c \
	xenconsoled/conring.h \
	xenconsoled/console.c \
	xenconsoled/console.h \
	xenconsoled/control.c \
	xenconsoled/control.h \
	xenconsoled/domain.c \
	xenconsoled/domain.h \
	xenconsoled/domains.c \
	xenconsoled/domains.h \
	xenconsoled/hvlog.c \
	xenconsoled/hvlog.h \
	xenconsoled/journal.c \
	xenconsoled/journal.h \
	xenconsoled/kept.c \
	xenconsoled/kept.h \
	xenconsoled/kept_place.c \
	xenconsoled/kept_priv.h \
	xenconsoled/lastwords.c \
	xenconsoled/lastwords.h \
	xenconsoled/lines.c \
	xenconsoled/lines.h \
	xenconsoled/logfile.c \
	xenconsoled/logfile.h \
	xenconsoled/logname.c \
	xenconsoled/logname.h \
	xenconsoled/nodes.c \
	xenconsoled/nodes.h \
	xenconsoled/options.c \
	xenconsoled/options.h \
	xenconsoled/probe.c \
	xenconsoled/probe.h \
	xenconsoled/quiet.c \
	xenconsoled/quiet.h \
	xenconsoled/report.c \
	xenconsoled/report.h \
	xenconsoled/retire.c \
	xenconsoled/retire.h \
	xenconsoled/retry.c \
	xenconsoled/retry.h \
	xenconsoled/server.c \
	xenconsoled/server.h \
	xenconsoled/stats.c \
	xenconsoled/stats.h \
	xenconsoled/stream.c \
	xenconsoled/stream.h \
	xenconsoled/survey.c \
	xenconsoled/survey.h \
	xenconsoled/terminal.c \
	xenconsoled/terminal.h \
	xenconsoled/throttle.c \
	xenconsoled/throttle.h \
	xenconsoled/tty.c \
	xenconsoled/tty.h
libxenconsoled_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(XENCTRL_CFLAGS)

XENCONSOLED_LIBS = libxenconsoled.a $(COMMON_LIBS) $(XENCTRL_LIBS) $(XENGNTTAB_LIBS) $(XENFOREIGNMEMORY_LIBS)

xenconsoled_xenconsoled_SOURCES = xenconsoled/main.c
xenconsoled_xenconsoled_LDADD = $(XENCONSOLED_LIBS)

EXTRA_DIST += xenconsoled/README.md systemd/xenconsoled.service.in
systemdsystemunit_DATA += systemd/xenconsoled.service
CLEANFILES += systemd/xenconsoled.service
systemd/xenconsoled.service: $(srcdir)/systemd/xenconsoled.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) 's,[@]sbindir[@],$(sbindir),g' \
		$(srcdir)/systemd/xenconsoled.service.in >$@
dist_man_MANS += doc/xenconsoled.8
dist_completion_DATA += xenconsoled/completion/xenconsoled
dist_doc_DATA += doc/differences-xenconsoled.md doc/bench-xenconsoled.md doc/tests-xenconsoled.md

# Unit tests: name, and what it is called in the tests' folder.
CONSOLE_TEST_LIBS = $(UNIT_LIBS) $(XENCONSOLED_LIBS)
CONSOLE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xenconsoled

check_PROGRAMS += \
	tests/unit/test_backlog \
	tests/unit/test_conring \
	tests/unit/test_consoleoptions \
	tests/unit/test_lines \
	tests/unit/test_logfile \
	tests/unit/test_logname \
	tests/unit/test_nodes \
	tests/unit/test_throttle
tests_unit_test_backlog_SOURCES = tests/unit/test_backlog.c
tests_unit_test_backlog_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_backlog_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_conring_SOURCES = tests/unit/test_conring.c
tests_unit_test_conring_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_conring_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_consoleoptions_SOURCES = tests/unit/test_consoleoptions.c
tests_unit_test_consoleoptions_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_consoleoptions_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_lines_SOURCES = tests/unit/test_lines.c
tests_unit_test_lines_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_lines_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_logfile_SOURCES = tests/unit/test_logfile.c
tests_unit_test_logfile_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_logfile_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_logname_SOURCES = tests/unit/test_logname.c
tests_unit_test_logname_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_logname_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_nodes_SOURCES = tests/unit/test_nodes.c
tests_unit_test_nodes_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_nodes_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_throttle_SOURCES = tests/unit/test_throttle.c
tests_unit_test_throttle_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_throttle_LDADD = $(CONSOLE_TEST_LIBS)

check_PROGRAMS += tests/unit/test_consolejournal
tests_unit_test_consolejournal_SOURCES = tests/unit/test_consolejournal.c
tests_unit_test_consolejournal_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_consolejournal_LDADD = $(CONSOLE_TEST_LIBS)
check_PROGRAMS += tests/unit/test_consolestats tests/unit/test_consoletty tests/unit/test_kept tests/unit/test_quiet
tests_unit_test_quiet_SOURCES = tests/unit/test_quiet.c
tests_unit_test_quiet_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_quiet_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_kept_SOURCES = tests/unit/test_kept.c
tests_unit_test_kept_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_kept_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_consolestats_SOURCES = tests/unit/test_consolestats.c
tests_unit_test_consolestats_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_consolestats_LDADD = $(CONSOLE_TEST_LIBS)
tests_unit_test_consoletty_SOURCES = tests/unit/test_consoletty.c
tests_unit_test_consoletty_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_unit_test_consoletty_LDADD = $(CONSOLE_TEST_LIBS)

# With the second kind of console, which only ARM has: the same code, tried on any host.
noinst_PROGRAMS += tests/scenarios/xenconsoled-vuart
tests_scenarios_xenconsoled_vuart_SOURCES = xenconsoled/main.c $(libxenconsoled_a_SOURCES)
tests_scenarios_xenconsoled_vuart_CPPFLAGS = $(AM_CPPFLAGS) -DCONSOLE_WITH_VUART
tests_scenarios_xenconsoled_vuart_CFLAGS = $(libxenconsoled_a_CFLAGS)
tests_scenarios_xenconsoled_vuart_LDADD = $(COMMON_LIBS) $(XENCTRL_LIBS) $(XENGNTTAB_LIBS) $(XENFOREIGNMEMORY_LIBS)

# The bench: what it is measured against, and what measures.
noinst_PROGRAMS += tests/bench/bench-confloor tests/bench/bench-conload
tests_bench_bench_confloor_SOURCES = tests/bench/confloor.c
tests_bench_bench_confloor_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_bench_bench_confloor_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
tests_bench_bench_confloor_LDADD = $(XENCONSOLED_LIBS) $(XENSTORE_LIBS)
tests_bench_bench_conload_SOURCES = tests/bench/conload.c tests/bench/hist.c tests/bench/hist.h
tests_bench_bench_conload_CFLAGS = $(AM_CFLAGS) $(XENGNTTAB_CFLAGS)
tests_bench_bench_conload_LDADD = $(XENSTORE_LIBS) $(XENGNTTAB_LIBS)

check_PROGRAMS += \
	tests/fuzz/fuzz_conring \
	tests/fuzz/fuzz_lines \
	tests/fuzz/fuzz_logname \
	tests/fuzz/fuzz_nodes
tests_fuzz_fuzz_conring_SOURCES = tests/fuzz/fuzz_conring.c tests/fuzz/replay.c
tests_fuzz_fuzz_conring_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_fuzz_fuzz_conring_LDADD = $(XENCONSOLED_LIBS)
tests_fuzz_fuzz_lines_SOURCES = tests/fuzz/fuzz_lines.c tests/fuzz/replay.c
tests_fuzz_fuzz_lines_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_fuzz_fuzz_lines_LDADD = $(XENCONSOLED_LIBS)
tests_fuzz_fuzz_logname_SOURCES = tests/fuzz/fuzz_logname.c tests/fuzz/replay.c
tests_fuzz_fuzz_logname_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_fuzz_fuzz_logname_LDADD = $(XENCONSOLED_LIBS)
tests_fuzz_fuzz_nodes_SOURCES = tests/fuzz/fuzz_nodes.c tests/fuzz/replay.c
tests_fuzz_fuzz_nodes_CPPFLAGS = $(CONSOLE_TEST_CPPFLAGS)
tests_fuzz_fuzz_nodes_LDADD = $(XENCONSOLED_LIBS)
