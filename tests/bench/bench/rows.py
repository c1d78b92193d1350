# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the table: which case, which figure of it, and what it has to be."""
import resource
from dataclasses import dataclass

# How a figure is made from what the load generator reports for one run.
FIGURES = {
    "cpu": ("µs of CPU", lambda run: run["cpu_ns"] / run["ops"] / 1e3),
    "events": ("events/s", lambda run: run["events"] / run["wall_ns"] * 1e9),
    "ms": ("ms of CPU", lambda run: run["cpu_ns"] / run["ops"] / 1e6),
    "p50": ("µs, p50", lambda run: run["p50_ns"] / 1e3),
    "rate": ("ops/s", lambda run: run["ops"] / run["wall_ns"] * 1e9),
    "bytes": ("bytes", lambda run: (run["pss_after"] - run["pss_before"]) / run["ops"]),
    "instructions": ("instructions", lambda run: run["instructions"]),
    "syscalls": ("system calls", lambda run: run["syscalls"]),
}


@dataclass(frozen=True)
class Row:
    """One line of the table."""
    case: str
    figure: str          # key of FIGURES
    goal: float
    to_floor: bool       # the goal is a multiple of the floor's figure
    at_least: bool = False

    @property
    def name(self):
        return f"{self.case}:{self.figure}"

    @property
    def unit(self):
        return FIGURES[self.figure][0]

    def figure_of(self, run):
        """The row's figure for one run."""
        return FIGURES[self.figure][1](run)

    def met(self, value):
        """Is the goal reached? value: the figure, or its ratio to the floor, as the goal is given."""
        return value >= self.goal if self.at_least else value <= self.goal


def _cpu(case, goal):
    return Row(case, "cpu", goal, to_floor=True)


ROWS = [
    Row("read-pipelined", "cpu", 0.9, to_floor=False),
    _cpu("clients-100", 1.3),
    _cpu("clients-3000", 1.3),
    _cpu("idle-clients", 1.1),
    _cpu("round-robin", 1.15),
    _cpu("register", 1.2),
    _cpu("unregister", 1.2),
    _cpu("watch-one", 1.5),
    Row("watch-fanout", "events", 0.7, to_floor=True, at_least=True),
    _cpu("watch-strangers", 1.1),
    _cpu("watch-unwatch", 1.2),
    _cpu("child-add-remove", 1.2),
    _cpu("txn-separate", 1.5),
    _cpu("idle-domains", 1.1),
    _cpu("introduce", 1.5),
    Row("remove-tree", "ms", 1.0, to_floor=False),
    Row("read", "instructions", 1500, to_floor=False),
    Row("write", "instructions", 3000, to_floor=False),
    Row("mkdir-rm", "instructions", 7000, to_floor=False),
    Row("txn-of-three", "instructions", 7000, to_floor=False),
    Row("read", "syscalls", 3, to_floor=False),
    Row("own-event", "p50", 55, to_floor=False),
    Row("txn-same", "rate", 15000, to_floor=False, at_least=True),
    Row("memory-node", "bytes", 200, to_floor=False),
    Row("memory-connection", "bytes", 300, to_floor=False),
    Row("memory-watch", "bytes", 160, to_floor=False),
]

# Cases whose cost must not depend on how many are there, and the figure that shows it.
GROWING = {
    "clients-3000": "cpu", "idle-clients": "cpu", "round-robin": "cpu", "register": "cpu",
    "unregister": "cpu", "watch-one": "cpu", "watch-strangers": "cpu",
    "watch-unwatch": "cpu", "child-add-remove": "cpu", "idle-domains": "cpu", "introduce": "cpu",
}
GROWTH_SIZES = (10, 300, 3000, 30000)
# Here each one needs descriptors: the limit of the process may allow fewer than the largest size.
ONE_DESCRIPTOR_EACH = {"clients-3000", "idle-clients", "round-robin", "watch-one"}
DESCRIPTORS_KEPT = 200
GROWTH_MAX = 1.10

# The same in instructions, which repeat. Registering includes unregistering, many at once, and the other way round. Not those
# that wait for all at once: the daemon's turns end by the clock, and under callgrind after a request or two.
GROWING_COUNTED = tuple(case for case in GROWING if case != "clients-3000")
# Callgrind has no more mappings for ring pages.
COUNTED_DOMAINS_MAX = 20000

# Cases whose instructions are counted with --instructions: all that repeat one operation.
COUNTED = ("read", "write", "mkdir-rm", "txn-of-three", "txn-separate", "own-event", "watch-one", "watch-fanout",
           "watch-strangers", "watch-unwatch", "child-add-remove", "round-robin")
COUNTED_SIZE = 100

# Figures that others who use the machine spoil, however often one measures.
BY_THE_CLOCK = {"events", "p50", "rate"}

# These cases need domains that exist on the host, and some more than are said to be there.
WITH_DOMAINS = {"idle-domains": 0, "introduce": 0, "register": 1000, "unregister": 1000}


def growth_size(case, size, counted=False):
    """How many can be had of the size asked for."""
    if counted and case in ("idle-domains", "introduce"):
        return min(size, COUNTED_DOMAINS_MAX)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return min(size, limit - DESCRIPTORS_KEPT) if case in ONE_DESCRIPTOR_EACH else size
