# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += xencreate/xencreate
noinst_LIBRARIES += libxencreate.a
libxencreate_a_SOURCES = \
	xencreate/actions.c xencreate/actions.h \
	xencreate/admit.c xencreate/admit.h \
	xencreate/batch.c xencreate/batch.h \
	xencreate/build.c xencreate/build.h \
	xencreate/claims.c xencreate/claims.h \
	xencreate/cpus.c xencreate/cpus.h \
	xencreate/destroy.c xencreate/destroy.h \
	xencreate/device.c xencreate/device.h \
	xencreate/devtree.c xencreate/devtree.h \
	xencreate/disk.c \
	xencreate/flow.c xencreate/flow.h \
	xencreate/forking.h \
	xencreate/forecast.c xencreate/forecast.h \
	xencreate/guestcfg.c xencreate/guestcfg.h \
	xencreate/handed.c xencreate/handed.h \
	xencreate/handles.c xencreate/handles.h \
	xencreate/hotplug.c xencreate/hotplug.h \
	xencreate/image.c xencreate/image.h \
	xencreate/job.c xencreate/job.h \
	xencreate/jobback.c xencreate/jobback.h \
	xencreate/jobstore.c xencreate/jobstore.h \
	xencreate/journal.c xencreate/journal.h \
	xencreate/keys.c xencreate/keys.h \
	xencreate/lockfile.c xencreate/lockfile.h \
	xencreate/macs.c xencreate/macs.h \
	xencreate/mould.c xencreate/mould.h xencreate/mould_priv.h xencreate/mould_pvh.c xencreate/mould_take.c \
	xencreate/names.c xencreate/names.h \
	xencreate/options.c xencreate/options.h \
	xencreate/pace.c xencreate/pace.h \
	xencreate/pattern.c xencreate/pattern.h \
	xencreate/place.c xencreate/place.h \
	xencreate/plan.c xencreate/plan.h \
	xencreate/planout.c xencreate/planout.h \
	xencreate/plug.c xencreate/plug.h \
	xencreate/pool/abandon.c xencreate/pool/abandon.h \
	xencreate/pool/client.c \
	xencreate/pool/desk.c xencreate/pool/desk_priv.h \
	xencreate/pool/figures.c xencreate/pool/figures.h \
	xencreate/pool/generation.c xencreate/pool/generation.h \
	xencreate/pool/ledger.c xencreate/pool/ledger.h \
	xencreate/pool/main.c xencreate/pool/main.h \
	xencreate/pool/pool.c xencreate/pool/pool.h xencreate/pool/pool_priv.h \
	xencreate/pool/refill.c xencreate/pool/refill.h \
	xencreate/pool/renew.c \
	xencreate/pool/roster.c xencreate/pool/roster.h \
	xencreate/pool/say.c \
	xencreate/pool/stock.c \
	xencreate/pool/take.c xencreate/pool/take.h \
	xencreate/pool/yield.c xencreate/pool/yield.h \
	xencreate/proof.c xencreate/proof.h \
	xencreate/rates.c xencreate/rates.h \
	xencreate/recover.c xencreate/recover.h \
	xencreate/remnant.c xencreate/remnant.h \
	xencreate/report.c xencreate/report.h \
	xencreate/room.c xencreate/room.h \
	xencreate/scripts.c xencreate/scripts.h \
	xencreate/settings.c xencreate/settings.h \
	xencreate/shell.c xencreate/shell.h \
	xencreate/stage.c xencreate/stage.h \
	xencreate/sweep.c xencreate/sweep.h \
	xencreate/targets.c xencreate/targets.h \
	xencreate/tokens.c xencreate/tokens.h \
	xencreate/tree.c xencreate/tree.h \
	xencreate/undo.c xencreate/undo.h \
	xencreate/unplug.c xencreate/unplug.h \
	xencreate/userdata.c xencreate/userdata.h \
	xencreate/victim.c xencreate/victim.h \
	xencreate/vif.c \
	xencreate/worker.c xencreate/worker.h \
	xencreate/writer.c xencreate/writer.h \
	xencreate/xlconf.c xencreate/xlconf.h
libxencreate_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(JSON_CFLAGS)
libxencreate_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir) -I$(srcdir)/lsevtchn -I$(srcdir)/xencreate

XENCREATE_LIBS = libxencreate.a $(LSEVTCHN_LIBS) $(XENGUEST_LIBS) $(XLUTIL_LIBS) $(XENLIGHT_LIBS) $(XENFOREIGNMEMORY_LIBS) \
	$(XENGNTTAB_LIBS) $(JSON_LIBS)
sbin_PROGRAMS += xencreate/xencreate-take
xencreate_xencreate_take_SOURCES = xencreate/pool/takemain.c
xencreate_xencreate_take_CPPFLAGS = $(libxencreate_a_CPPFLAGS)
xencreate_xencreate_take_LDADD = libxencreate.a
xencreate_xencreate_SOURCES = xencreate/main.c
xencreate_xencreate_CPPFLAGS = $(libxencreate_a_CPPFLAGS)
xencreate_xencreate_LDADD = $(XENCREATE_LIBS)

check_PROGRAMS += tests/unit/test_guestcfg
tests_unit_test_guestcfg_SOURCES = tests/unit/test_guestcfg.c
tests_unit_test_guestcfg_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_guestcfg_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_claims
tests_unit_test_claims_SOURCES = tests/unit/test_claims.c
tests_unit_test_claims_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_claims_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_create_journal
tests_unit_test_create_journal_SOURCES = tests/unit/test_create_journal.c
tests_unit_test_create_journal_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_create_journal_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_flow
tests_unit_test_flow_SOURCES = tests/unit/test_flow.c
tests_unit_test_flow_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_flow_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_room
tests_unit_test_room_SOURCES = tests/unit/test_room.c
tests_unit_test_room_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_room_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_rates
tests_unit_test_rates_SOURCES = tests/unit/test_rates.c
tests_unit_test_rates_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_rates_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_keys
tests_unit_test_keys_SOURCES = tests/unit/test_keys.c
tests_unit_test_keys_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_keys_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_pace
tests_unit_test_pace_SOURCES = tests/unit/test_pace.c
tests_unit_test_pace_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_pace_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_pattern
tests_unit_test_pattern_SOURCES = tests/unit/test_pattern.c
tests_unit_test_pattern_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_pattern_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_plan
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c
tests_unit_test_plan_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_plan_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_proof
tests_unit_test_proof_SOURCES = tests/unit/test_proof.c
tests_unit_test_proof_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate -I$(srcdir)/lsevtchn
tests_unit_test_proof_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_tree
tests_unit_test_tree_SOURCES = tests/unit/test_tree.c
tests_unit_test_tree_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_tree_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_undo
tests_unit_test_undo_SOURCES = tests/unit/test_undo.c
tests_unit_test_undo_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_undo_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_userdata
tests_unit_test_userdata_SOURCES = tests/unit/test_userdata.c
tests_unit_test_userdata_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_userdata_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_place
tests_unit_test_place_SOURCES = tests/unit/test_place.c
tests_unit_test_place_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_place_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_device
tests_unit_test_device_SOURCES = tests/unit/test_device.c
tests_unit_test_device_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_device_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_macs
tests_unit_test_macs_SOURCES = tests/unit/test_macs.c
tests_unit_test_macs_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_macs_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_scripts
tests_unit_test_scripts_SOURCES = tests/unit/test_scripts.c
tests_unit_test_scripts_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_scripts_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_pool_ledger
tests_unit_test_pool_ledger_SOURCES = tests/unit/test_pool_ledger.c
tests_unit_test_pool_ledger_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_pool_ledger_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
check_PROGRAMS += tests/unit/test_pool_refill
tests_unit_test_pool_refill_SOURCES = tests/unit/test_pool_refill.c
tests_unit_test_pool_refill_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/xencreate
tests_unit_test_pool_refill_LDADD = $(UNIT_LIBS) $(XENCREATE_LIBS)
dist_man_MANS += doc/xencreate.8 doc/xencreate-matrix.8 doc/xencreate-take.8
dist_sbin_SCRIPTS = xencreate/xencreate-matrix
dist_completion_DATA += xencreate/completion/xencreate
EXTRA_DIST += xencreate/README.md xencreate/pool/README.md xencreate/bench/README.md xencreate/bench/cost.sh xencreate/bench/fresh xencreate/bench/fresh.sh xencreate/bench/pool.md xencreate/bench/profile.md xencreate/bench/pool.sh xencreate/bench/single.sh xencreate/bench/xl.sh

noinst_PROGRAMS += xencreate/floor
xencreate_floor_SOURCES = xencreate/bench/floor.c
xencreate_floor_CPPFLAGS = $(libxencreate_a_CPPFLAGS) -I$(srcdir)/xencreate
xencreate_floor_LDADD = $(XENCREATE_LIBS)

noinst_PROGRAMS += xencreate/alike
xencreate_alike_SOURCES = xencreate/bench/alike.c xencreate/bench/alike.h xencreate/bench/alikepvh.c
xencreate_alike_CPPFLAGS = $(libxencreate_a_CPPFLAGS) -I$(srcdir)/xencreate
xencreate_alike_LDADD = $(XENCREATE_LIBS)

noinst_PROGRAMS += xencreate/runs
xencreate_runs_SOURCES = xencreate/bench/runs.c
xencreate_runs_LDADD =
