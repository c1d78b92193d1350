# SPDX-License-Identifier: GPL-2.0-or-later
# The simulated Xen host: four stand-in libraries, simxend behind them, simxen in front.

# Stock programs without sanitizers load these, so they are built without them in every build.
pkglib_LTLIBRARIES = simxen/libsimxen.la simxen/libxencall.la simxen/libxenevtchn.la \
	simxen/libxengnttab.la simxen/libxenforeignmemory.la

SIMLIB_CPPFLAGS = -D_GNU_SOURCE
SIMLIB_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -fvisibility=hidden

simxen_libsimxen_la_SOURCES = simxen/lib/client.c simxen/lib/client.h simxen/wire.h
simxen_libsimxen_la_CPPFLAGS = $(SIMLIB_CPPFLAGS)
simxen_libsimxen_la_CFLAGS = $(SIMLIB_CFLAGS)
simxen_libsimxen_la_LDFLAGS = -version-info 0:0:0
simxen_libsimxen_la_LIBADD = $(XENTOOLLOG_LIBS)

# The sonames and symbol versions of Xen 4.17's: see the .map files.
simxen_libxencall_la_SOURCES = simxen/lib/xencall.c
simxen_libxencall_la_CPPFLAGS = $(SIMLIB_CPPFLAGS)
simxen_libxencall_la_CFLAGS = $(SIMLIB_CFLAGS)
simxen_libxencall_la_LDFLAGS = -version-info 4:0:3 -Wl,--version-script=$(srcdir)/simxen/lib/libxencall.map
simxen_libxencall_la_LIBADD = simxen/libsimxen.la
simxen_libxencall_la_DEPENDENCIES = simxen/libsimxen.la simxen/lib/libxencall.map

simxen_libxenevtchn_la_SOURCES = simxen/lib/xenevtchn.c
simxen_libxenevtchn_la_CPPFLAGS = $(SIMLIB_CPPFLAGS)
simxen_libxenevtchn_la_CFLAGS = $(SIMLIB_CFLAGS)
simxen_libxenevtchn_la_LDFLAGS = -version-info 3:0:2 -Wl,--version-script=$(srcdir)/simxen/lib/libxenevtchn.map
simxen_libxenevtchn_la_LIBADD = simxen/libsimxen.la
simxen_libxenevtchn_la_DEPENDENCIES = simxen/libsimxen.la simxen/lib/libxenevtchn.map

simxen_libxengnttab_la_SOURCES = simxen/lib/xengnttab.c
simxen_libxengnttab_la_CPPFLAGS = $(SIMLIB_CPPFLAGS)
simxen_libxengnttab_la_CFLAGS = $(SIMLIB_CFLAGS)
simxen_libxengnttab_la_LDFLAGS = -version-info 3:0:2 -Wl,--version-script=$(srcdir)/simxen/lib/libxengnttab.map
simxen_libxengnttab_la_LIBADD = simxen/libsimxen.la
simxen_libxengnttab_la_DEPENDENCIES = simxen/libsimxen.la simxen/lib/libxengnttab.map

simxen_libxenforeignmemory_la_SOURCES = simxen/lib/xenforeignmemory.c
simxen_libxenforeignmemory_la_CPPFLAGS = $(SIMLIB_CPPFLAGS)
simxen_libxenforeignmemory_la_CFLAGS = $(SIMLIB_CFLAGS)
simxen_libxenforeignmemory_la_LDFLAGS = -version-info 5:0:4 \
	-Wl,--version-script=$(srcdir)/simxen/lib/libxenforeignmemory.map
simxen_libxenforeignmemory_la_LIBADD = simxen/libsimxen.la
simxen_libxenforeignmemory_la_DEPENDENCIES = simxen/libsimxen.la simxen/lib/libxenforeignmemory.map

EXTRA_DIST += simxen/README.md simxen/demo.py simxen/demo.sh simxen/sanitized simxen/scenario simxen/lib/libxencall.map simxen/lib/libxenevtchn.map \
	simxen/lib/libxengnttab.map simxen/lib/libxenforeignmemory.map

noinst_LIBRARIES += simxen/libsimcore.a simxen/libsimserver.a
SIM_CPPFLAGS = $(AM_CPPFLAGS) -D__XEN_TOOLS__ -I$(srcdir)/simxen

simxen_libsimcore_a_SOURCES = \
	simxen/core/changes.c simxen/core/changes.h \
	simxen/core/conring.c simxen/core/conring.h \
	simxen/core/domain.c simxen/core/domain.h \
	simxen/core/domctl.c simxen/core/domctl.h \
	simxen/core/domctl_create.c \
	simxen/core/domctl_policy.c simxen/core/domctl_policy.h \
	simxen/core/domctl_vcpu.c \
	simxen/core/event_op.c \
	simxen/core/evtchn.c simxen/core/evtchn.h \
	simxen/core/evtchndev.c simxen/core/evtchndev.h \
	simxen/core/fault.c simxen/core/fault.h \
	simxen/core/grant.c simxen/core/grant.h \
	simxen/core/host.c simxen/core/host.h \
	simxen/core/hypercall.c simxen/core/hypercall.h \
	simxen/core/interface.h \
	simxen/core/mapping.c simxen/core/mapping.h \
	simxen/core/memory.c simxen/core/memory.h \
	simxen/core/memory_op.c \
	simxen/core/misc_op.c \
	simxen/core/p2m.c simxen/core/p2m.h \
	simxen/core/resource.c simxen/core/resource.h \
	simxen/core/sysctl.c \
	simxen/core/vcpu.c simxen/core/vcpu.h
simxen_libsimcore_a_CPPFLAGS = $(SIM_CPPFLAGS)
simxen_libsimcore_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)

# The words of tests/guest/ over another machine. Its C library must not be mistaken for the real one.
noinst_LIBRARIES += simxen/libsimguest.a
simxen_libsimguest_a_SOURCES = \
	simxen/guest/boot.c simxen/guest/boot.h \
	simxen/guest/heap.c simxen/guest/heap.h \
	simxen/guest/machine.c \
	simxen/guest/played.h \
	simxen/guest/player.c simxen/guest/player.h \
	tests/guest/console.c \
	tests/guest/guest.h \
	tests/guest/hostile.c \
	tests/guest/relay.c tests/guest/relay.h \
	tests/guest/store.c \
	tests/guest/text.c \
	tests/guest/turn.c \
	tests/guest/words.c
simxen_libsimguest_a_CPPFLAGS = $(SIM_CPPFLAGS) -I$(srcdir) -Dmemcpy=guest_memcpy -Dmemmove=guest_memmove \
	-Dmemset=guest_memset -Dmemcmp=guest_memcmp -Dstrlen=guest_strlen
simxen_libsimguest_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)

simxen_libsimserver_a_SOURCES = \
	simxen/server/calls.c simxen/server/calls.h \
	simxen/server/control.c simxen/server/control.h \
	simxen/server/evtchnfd.c simxen/server/evtchnfd.h \
	simxen/server/options.c simxen/server/options.h \
	simxen/server/process.c simxen/server/process.h \
	simxen/server/procmap.c \
	simxen/server/server.h \
	simxen/server/worker.c simxen/server/worker.h
simxen_libsimserver_a_CPPFLAGS = $(SIM_CPPFLAGS)
simxen_libsimserver_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS) $(EVENT_CFLAGS)

pkglibexec_PROGRAMS = simxen/simxend
simxen_simxend_SOURCES = simxen/server/simxend.c
simxen_simxend_CPPFLAGS = $(SIM_CPPFLAGS)
simxen_simxend_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS) $(EVENT_CFLAGS)
simxen_simxend_LDADD = simxen/libsimserver.a simxen/libsimguest.a simxen/libsimcore.a $(COMMON_LIBS) -lpthread

bin_PROGRAMS += simxen/simxen
simxen_simxen_SOURCES = simxen/front/simxen.c simxen/front/enclosure.c simxen/front/enclosure.h simxen/wire.h
simxen_simxen_CPPFLAGS = $(SIM_CPPFLAGS) -DPKGLIBDIR='"$(pkglibdir)"' -DPKGLIBEXECDIR='"$(pkglibexecdir)"'
simxen_simxen_CFLAGS = $(AM_CFLAGS)

noinst_PROGRAMS += simxen/simcost
simxen_simcost_SOURCES = simxen/bench/simcost.c
simxen_simcost_LDADD = libcommon.a $(XENCTRL_LIBS) $(XENEVTCHN_LIBS)

check_LIBRARIES += simxen/libsimhost.a
simxen_libsimhost_a_SOURCES = tests/unit/simhost.c tests/unit/simhost.h
simxen_libsimhost_a_CPPFLAGS = $(SIM_CPPFLAGS)
simxen_libsimhost_a_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS) $(CMOCKA_CFLAGS)
SIM_UNIT_LIBS = simxen/libsimhost.a $(UNIT_LIBS) simxen/libsimcore.a $(COMMON_LIBS)

check_PROGRAMS += tests/unit/test_sim_evtchn tests/unit/test_sim_domain tests/unit/test_sim_mapping \
	tests/unit/test_sim_fault tests/unit/test_sim_changes
tests_unit_test_sim_changes_SOURCES = tests/unit/test_sim_changes.c
tests_unit_test_sim_changes_CPPFLAGS = $(SIM_CPPFLAGS)
tests_unit_test_sim_changes_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_sim_changes_LDADD = $(SIM_UNIT_LIBS)
tests_unit_test_sim_evtchn_SOURCES = tests/unit/test_sim_evtchn.c
tests_unit_test_sim_evtchn_CPPFLAGS = $(SIM_CPPFLAGS)
tests_unit_test_sim_evtchn_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_sim_evtchn_LDADD = $(SIM_UNIT_LIBS)
tests_unit_test_sim_mapping_SOURCES = tests/unit/test_sim_mapping.c
tests_unit_test_sim_mapping_CPPFLAGS = $(SIM_CPPFLAGS)
tests_unit_test_sim_mapping_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_sim_mapping_LDADD = $(SIM_UNIT_LIBS)
tests_unit_test_sim_fault_SOURCES = tests/unit/test_sim_fault.c
tests_unit_test_sim_fault_CPPFLAGS = $(SIM_CPPFLAGS)
tests_unit_test_sim_fault_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_sim_fault_LDADD = $(SIM_UNIT_LIBS)
tests_unit_test_sim_domain_SOURCES = tests/unit/test_sim_domain.c
tests_unit_test_sim_domain_CPPFLAGS = $(SIM_CPPFLAGS)
tests_unit_test_sim_domain_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_unit_test_sim_domain_LDADD = $(SIM_UNIT_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_simcalls
tests_fuzz_fuzz_simcalls_SOURCES = tests/fuzz/fuzz_simcalls.c tests/fuzz/replay.c
tests_fuzz_fuzz_simcalls_CPPFLAGS = $(SIM_CPPFLAGS)
tests_fuzz_fuzz_simcalls_CFLAGS = $(AM_CFLAGS) $(BSD_CFLAGS)
tests_fuzz_fuzz_simcalls_LDADD = simxen/libsimcore.a $(COMMON_LIBS)

# The contract: the same calls on simxen and on real Xen. answers.txt is what real Xen answered.
noinst_PROGRAMS += simxen/contract/contract
simxen_contract_contract_SOURCES = \
	simxen/contract/asked.c \
	simxen/contract/built.c \
	simxen/contract/contract.h \
	simxen/contract/create.c \
	simxen/contract/death.c \
	simxen/contract/domain.c \
	simxen/contract/evtchn.c \
	simxen/contract/foreign.c \
	simxen/contract/gnttab.c \
	simxen/contract/handle.c \
	simxen/contract/hvm.c \
	simxen/contract/main.c \
	simxen/contract/memory.c \
	simxen/contract/placement.c \
	simxen/contract/ports.c \
	simxen/contract/refusals.c
simxen_contract_contract_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
simxen_contract_contract_LDADD = $(XENCTRL_LIBS) $(XENGUEST_LIBS) $(XENCALL_LIBS) $(XENEVTCHN_LIBS) \
	$(XENGNTTAB_LIBS) $(XENFOREIGNMEMORY_LIBS)
EXTRA_DIST += simxen/contract/contract.sh simxen/contract/answers.txt
dist_man_MANS += doc/simxen.1
