# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own daemons, from the bed's cache: downloaded once, unpacked, never installed."""
import functools
import sys
from pathlib import Path

from .says import StoreError

sys.path.append(str(Path(__file__).resolve().parents[1] / "xen"))

from bed import packages  # noqa: E402
from bed.cache import BedError  # noqa: E402


@functools.cache
def root():
    """The folder in which the packages are unpacked."""
    try:
        return packages.root()
    except BedError as error:
        raise StoreError(str(error)) from None


def program(name):
    """A program of Debian's Xen packages."""
    found = sorted(root().glob(f"usr/lib/xen-*/bin/{name}"))
    if not found:
        raise StoreError(f"Debian's packages hold no {name}")
    return found[-1]
