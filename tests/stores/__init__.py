# SPDX-License-Identifier: GPL-2.0-or-later
"""The store daemons that tests and bench start: ours and Debian's."""
