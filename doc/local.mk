# SPDX-License-Identifier: GPL-2.0-or-later
dist_doc_DATA += doc/differences.md doc/figures-xenstored.md doc/takeover.md doc/tests-xenstored.md doc/versions.md doc/xenstored-advisories.md
