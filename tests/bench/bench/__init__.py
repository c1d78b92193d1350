# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench of xenstored: rows and goals, daemons, measurements, reports."""
