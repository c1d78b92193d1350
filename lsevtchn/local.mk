# SPDX-License-Identifier: GPL-2.0-or-later
# The model of event-channel capacity: no clock, no hypervisor. xencreate links it too.
noinst_LIBRARIES += libcapacity.a
libcapacity_a_SOURCES = \
	lsevtchn/abi.c \
	lsevtchn/abi.h \
	lsevtchn/advice.c \
	lsevtchn/advice.h \
	lsevtchn/assume.c \
	lsevtchn/assume.h \
	lsevtchn/audit.c \
	lsevtchn/audit.h \
	lsevtchn/cap.c \
	lsevtchn/cap.h \
	lsevtchn/capacity.c \
	lsevtchn/capacity.h \
	lsevtchn/capcheck.c \
	lsevtchn/capproof.c \
	lsevtchn/capproof.h \
	lsevtchn/capcheck.h \
	lsevtchn/census.c \
	lsevtchn/census.h \
	lsevtchn/demand.c \
	lsevtchn/demand.h \
	lsevtchn/domtype.c \
	lsevtchn/domtype.h \
	lsevtchn/finding.c \
	lsevtchn/finding.h \
	lsevtchn/guest.c \
	lsevtchn/guest.h \
	lsevtchn/leak.c \
	lsevtchn/leak.h \
	lsevtchn/policy.c \
	lsevtchn/policy.h \
	lsevtchn/preflight.c \
	lsevtchn/preflight.h \
	lsevtchn/scan.c \
	lsevtchn/scan.h \
	lsevtchn/tally.c \
	lsevtchn/tally.h \
	lsevtchn/textfile.c \
	lsevtchn/textfile.h \
	lsevtchn/xlcfg.c \
	lsevtchn/xlcfg.h \
	lsevtchn/xlconf.c \
	lsevtchn/xlconf.h \
	lsevtchn/xldevice.c \
	lsevtchn/xldevice.h
libcapacity_a_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(XENLIGHT_CFLAGS)

# What a program that uses libcapacity.a links.
CAPACITY_LIBS = libcapacity.a $(JSON_LIBS) $(XLUTIL_LIBS) $(XENLIGHT_LIBS)

# Everything of the program but main(), for the tests to link.
noinst_LIBRARIES += liblsevtchn.a
liblsevtchn_a_SOURCES = \
	lsevtchn/act.c \
	lsevtchn/act.h \
	lsevtchn/amend.c \
	lsevtchn/amend.h \
	lsevtchn/cmdline.c \
	lsevtchn/cmdline.h \
	lsevtchn/daemons.c \
	lsevtchn/daemons.h \
	lsevtchn/domainview.c \
	lsevtchn/domainview.h \
	lsevtchn/fit.c \
	lsevtchn/fit.h \
	lsevtchn/fitview.c \
	lsevtchn/fitview.h \
	lsevtchn/hyper.c \
	lsevtchn/hyper.h \
	lsevtchn/jsonout.c \
	lsevtchn/jsonout.h \
	lsevtchn/listing.c \
	lsevtchn/listing.h \
	lsevtchn/lookup.c \
	lsevtchn/lookup.h \
	lsevtchn/measure.c \
	lsevtchn/measure.h \
	lsevtchn/metrics.c \
	lsevtchn/metrics.h \
	lsevtchn/paint.c \
	lsevtchn/paint.h \
	lsevtchn/run.c \
	lsevtchn/run.h \
	lsevtchn/savedcfg.c \
	lsevtchn/savedcfg.h \
	lsevtchn/selfinfo.c \
	lsevtchn/selfinfo.h \
	lsevtchn/show.c \
	lsevtchn/show.h \
	lsevtchn/storeonce.c \
	lsevtchn/storeonce.h \
	lsevtchn/survey.c \
	lsevtchn/survey.h \
	lsevtchn/sysfacts.c \
	lsevtchn/sysfacts.h \
	lsevtchn/view.c \
	lsevtchn/view.h \
	lsevtchn/watch.c \
	lsevtchn/watch.h
liblsevtchn_a_CFLAGS = $(AM_CFLAGS) $(XENLIGHT_CFLAGS) $(XENCTRL_CFLAGS) $(XENCALL_CFLAGS) $(EVENT_CFLAGS) $(JSON_CFLAGS) $(SYSTEMD_CFLAGS)

# What links everything but main().
LSEVTCHN_LIBS = liblsevtchn.a $(CAPACITY_LIBS) $(COMMON_LIBS) $(XENCTRL_LIBS) $(XENCALL_LIBS)

sbin_PROGRAMS += lsevtchn/lsevtchn
lsevtchn_lsevtchn_SOURCES = lsevtchn/main.c
lsevtchn_lsevtchn_LDADD = $(LSEVTCHN_LIBS)

dist_man_MANS += doc/lsevtchn.8
dist_doc_DATA += doc/lsevtchn.schema.json doc/lsevtchn-screens.md
dist_completion_DATA += lsevtchn/completion/lsevtchn
systemdsystemunit_DATA += systemd/xen-evtchn-watch.service
xendomainsdropindir = $(systemdsystemunitdir)/xendomains.service.d
xendomainsdropin_DATA = systemd/50-lsevtchn-preflight.conf
CLEANFILES += systemd/xen-evtchn-watch.service systemd/50-lsevtchn-preflight.conf
EXTRA_DIST += systemd/xen-evtchn-watch.service.in systemd/50-lsevtchn-preflight.conf.in

systemd/xen-evtchn-watch.service: $(srcdir)/systemd/xen-evtchn-watch.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) 's,[@]sbindir[@],$(sbindir),g' \
		$(srcdir)/systemd/xen-evtchn-watch.service.in >$@

systemd/50-lsevtchn-preflight.conf: $(srcdir)/systemd/50-lsevtchn-preflight.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) 's,[@]sbindir[@],$(sbindir),g' \
		$(srcdir)/systemd/50-lsevtchn-preflight.conf.in >$@

EXTRA_DIST += lsevtchn/README.md tests/unit/fakehost.h tests/unit/fakeworld.h

check_PROGRAMS += tests/fuzz/fuzz_policy tests/fuzz/fuzz_xlcfg
tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c tests/fuzz/replay.c
tests_fuzz_fuzz_policy_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_fuzz_fuzz_policy_LDADD = $(CAPACITY_LIBS)
tests_fuzz_fuzz_xlcfg_SOURCES = tests/fuzz/fuzz_xlcfg.c tests/fuzz/replay.c
tests_fuzz_fuzz_xlcfg_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_fuzz_fuzz_xlcfg_LDADD = $(LSEVTCHN_LIBS)

# Fills tables and walks them, for benches and scenarios.
noinst_PROGRAMS += tests/bench/evtchnload
tests_bench_evtchnload_SOURCES = tests/bench/evtchnload.c
tests_bench_evtchnload_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_bench_evtchnload_CFLAGS = $(AM_CFLAGS) $(XENCTRL_CFLAGS)
tests_bench_evtchnload_LDADD = $(LSEVTCHN_LIBS)

# One stanza a test; those with fake hosts share a header.
check_PROGRAMS += tests/unit/test_abi
tests_unit_test_abi_SOURCES = tests/unit/test_abi.c
tests_unit_test_abi_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_abi_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_cap
tests_unit_test_cap_SOURCES = tests/unit/test_cap.c
tests_unit_test_cap_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_cap_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_policy
tests_unit_test_policy_SOURCES = tests/unit/test_policy.c
tests_unit_test_policy_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_policy_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_scan
tests_unit_test_scan_SOURCES = tests/unit/test_scan.c
tests_unit_test_scan_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_scan_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_tally
tests_unit_test_tally_SOURCES = tests/unit/test_tally.c
tests_unit_test_tally_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_tally_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_listing
tests_unit_test_listing_SOURCES = tests/unit/test_listing.c
tests_unit_test_listing_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_listing_LDADD = $(UNIT_LIBS) $(LSEVTCHN_LIBS)
check_PROGRAMS += tests/unit/test_daemons
tests_unit_test_daemons_SOURCES = tests/unit/test_daemons.c
tests_unit_test_daemons_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_daemons_LDADD = $(UNIT_LIBS) $(LSEVTCHN_LIBS)
check_PROGRAMS += tests/unit/test_census
tests_unit_test_census_SOURCES = tests/unit/test_census.c
tests_unit_test_census_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_census_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_leak
tests_unit_test_leak_SOURCES = tests/unit/test_leak.c
tests_unit_test_leak_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_leak_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_capcheck
tests_unit_test_capcheck_SOURCES = tests/unit/test_capcheck.c
tests_unit_test_capcheck_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_capcheck_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_xlcfg
tests_unit_test_xlcfg_SOURCES = tests/unit/test_xlcfg.c
tests_unit_test_xlcfg_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_xlcfg_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_demand
tests_unit_test_demand_SOURCES = tests/unit/test_demand.c
tests_unit_test_demand_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_demand_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_preflight
tests_unit_test_preflight_SOURCES = tests/unit/test_preflight.c
tests_unit_test_preflight_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_preflight_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
check_PROGRAMS += tests/unit/test_amend
tests_unit_test_amend_SOURCES = tests/unit/test_amend.c
tests_unit_test_amend_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_amend_LDADD = $(UNIT_LIBS) $(LSEVTCHN_LIBS)
check_PROGRAMS += tests/unit/test_selfinfo
tests_unit_test_selfinfo_SOURCES = tests/unit/test_selfinfo.c
tests_unit_test_selfinfo_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_selfinfo_LDADD = $(UNIT_LIBS) $(LSEVTCHN_LIBS)
check_PROGRAMS += tests/unit/test_cmdline
tests_unit_test_cmdline_SOURCES = tests/unit/test_cmdline.c
tests_unit_test_cmdline_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_cmdline_LDADD = $(UNIT_LIBS) $(LSEVTCHN_LIBS)
check_PROGRAMS += tests/unit/test_output
tests_unit_test_output_SOURCES = tests/unit/test_output.c
tests_unit_test_output_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_output_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_output_LDADD = $(UNIT_LIBS) $(LSEVTCHN_LIBS)
check_PROGRAMS += tests/unit/test_capproof
tests_unit_test_capproof_SOURCES = tests/unit/test_capproof.c
tests_unit_test_capproof_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lsevtchn
tests_unit_test_capproof_LDADD = $(UNIT_LIBS) $(CAPACITY_LIBS)
