# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	tests/stores/README.md \
	tests/stores/__init__.py \
	tests/stores/daemons.py
