# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	tests/wire/README.md \
	tests/wire/random \
	tests/wire/run \
	tests/wire/player/__init__.py \
	tests/wire/player/client.py \
	tests/wire/player/differences.py \
	tests/wire/player/naive.py \
	tests/wire/player/play.py \
	tests/wire/player/scenario.py \
	tests/wire/advisories.xst \
	tests/wire/control.xst \
	tests/wire/directory.xst \
	tests/wire/domains.xst \
	tests/wire/feature.xst \
	tests/wire/framing.xst \
	tests/wire/paths.xst \
	tests/wire/perms.xst \
	tests/wire/quota.xst \
	tests/wire/ring.xst \
	tests/wire/rm.xst \
	tests/wire/special.xst \
	tests/wire/together.xst \
	tests/wire/txn.xst \
	tests/wire/txn_conflict.xst \
	tests/wire/values.xst \
	tests/wire/watch.xst \
	tests/wire/watch_who.xst
