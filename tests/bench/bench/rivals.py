# SPDX-License-Identifier: GPL-2.0-or-later
"""What is compared: the floor and the store daemons."""
from stores import daemons


class Floor(daemons.Daemon):
    """The echo server."""
    name = "floor"
    is_floor = True
    needs_host = True       # it maps and binds what INTRODUCE names

    def program(self):
        return self.build / "tests/bench/bench-floor"

    def command(self, folder, host, options):
        return [self.program(), folder / "socket", folder / "pid"]


class Stateless(daemons.Ours):
    """Ours without persistence: what does that cost?"""
    name = "no-state"

    def command(self, folder, host, options):
        return [*super().command(folder, host, options), "--no-state"]


CLASSES = {"floor": Floor, "ours": daemons.Ours, "no-state": Stateless, **daemons.CLASSES}


def made(build, names):
    """The daemons to measure: those named, or all whose programs are there; the floor always, and first."""
    chosen = [make(build) for name, make in CLASSES.items() if not names or name in names or name == "floor"]
    return [daemon for daemon in chosen if names or daemon.present()]
