# SPDX-License-Identifier: GPL-2.0-or-later
# One target per parser of foreign bytes. Here each runs on its corpus; tests/fuzz/run searches for more.
EXTRA_DIST += tests/fuzz/README.md tests/fuzz/run tests/fuzz/storesession.dict tests/fuzz/corpus

