# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong here."""


class StoreError(Exception):
    """Something the user can be told in a sentence or two."""
