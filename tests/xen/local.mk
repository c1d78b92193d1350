# SPDX-License-Identifier: GPL-2.0-or-later
# The bed and its scenarios are scripts; these are the programs they need beside the daemons.
noinst_PROGRAMS += tests/xen/asks tests/xen/wire
tests_xen_asks_SOURCES = tests/xen/asks.c tests/bench/hist.c tests/bench/hist.h
tests_xen_wire_SOURCES = tests/xen/wire.c

EXTRA_DIST += \
	tests/xen/README.md \
	tests/xen/run \
	tests/xen/bed/__init__.py \
	tests/xen/bed/cache.py \
	tests/xen/bed/curve.py \
	tests/xen/bed/debian.py \
	tests/xen/bed/devicemodel.py \
	tests/xen/bed/image.py \
	tests/xen/bed/machine.py \
	tests/xen/bed/ownxen.py \
	tests/xen/bed/packages.py \
	tests/xen/bed/programs.py \
	tests/xen/bed/screen.py \
	tests/xen/bed/session.py \
	tests/xen/bed/state.py \
	tests/xen/bed/tap.py \
	tests/xen/demo.py \
	tests/xen/dom0/bed.service \
	tests/xen/dom0/caps.sh \
	tests/xen/dom0/demo.sh \
	tests/xen/dom0/disk-init \
	tests/xen/dom0/guest-init \
	tests/xen/dom0/hvm.sh \
	tests/xen/dom0/init \
	tests/xen/dom0/kill9.sh \
	tests/xen/dom0/lib.sh \
	tests/xen/dom0/pool.sh \
	tests/xen/dom0/session \
	tests/xen/dom0/update.sh \
	tests/xen/dom0/wait \
	tests/xen/scenarios/caps.sh tests/xen/scenarios/caps-all.sh tests/xen/scenarios/caps-linux.sh \
	tests/xen/scenarios/evtchn-service.sh \
	tests/xen/scenarios/evtchn-cost.sh \
	tests/xen/scenarios/floods.sh \
	tests/xen/scenarios/forecast.sh \
	tests/xen/scenarios/forecast-small.sh \
	tests/xen/scenarios/hand-over.sh \
	tests/xen/scenarios/hand-over-hvm.sh \
	tests/xen/scenarios/hvm.sh \
	tests/xen/scenarios/screens.sh \
	tests/xen/scenarios/guest-words.sh \
	tests/xen/scenarios/live-update-long.sh \
	tests/xen/scenarios/live-update.sh \
	tests/xen/scenarios/matrix.sh tests/xen/scenarios/packages.sh tests/xen/scenarios/renamed.sh \
	tests/xen/scenarios/lsevtchn.sh \
	tests/xen/scenarios/bad-input.sh \
	tests/xen/scenarios/citizen.sh \
	tests/xen/scenarios/console-again.sh \
	tests/xen/scenarios/console-kill.sh \
	tests/xen/scenarios/console-life.sh \
	tests/xen/scenarios/console-logs.sh \
	tests/xen/scenarios/console-service.sh \
	tests/xen/scenarios/console.sh \
	tests/xen/scenarios/devices.sh \
	tests/xen/scenarios/kill9-long.sh \
	tests/xen/scenarios/kill9.sh \
	tests/xen/scenarios/pool-life.sh \
	tests/xen/scenarios/pool-service.sh \
	tests/xen/scenarios/pool.sh \
	tests/xen/scenarios/restart.sh \
	tests/xen/scenarios/smoke.sh \
	tests/xen/scenarios/store-service.sh \
	tests/xen/scenarios/xencreate.sh \
	tests/xen/scenarios/xl.sh
