# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays scenarios against a store daemon; the format is in ../README.md."""
