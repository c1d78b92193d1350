# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Xen host inside QEMU, made from Debian's packages and our build. See ../README.md."""
