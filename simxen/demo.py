#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./demo --sim without its set-up: domains by the thousand on a simulated host, at native speed, with our daemons, Debian's, or both."""
import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
sys.path.insert(0, str(TOP / "tests/xen"))
sys.dont_write_bytecode = True

from bed import curve, packages  # noqa: E402
from bed.cache import BedError  # noqa: E402
from bed.screen import Screen  # noqa: E402

WHO = {"ours": "our xenstored and xenconsoled", "stock": "Debian's xenstored and xenconsoled"}
GUEST_MIB = 5               # 4 and what Xen adds; memory is taken only where guests write to it
HOST_MIB = 2048
FILES_PER_CONSOLE = 3       # both ends of a pty, and a log
MARKS = (*curve.PRESENT, 4000, 5000, 7500, 9990, 15000, 20000, 25000, 29900)
RESULTS = TOP / "build/demo"


def open_files():
    """How many a process may have here."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def consoles_that_fit():
    """(how many consoles xenconsoled can serve here, what is in the way of more)"""
    limit, in_use = (int(Path(f"/proc/sys/kernel/pty/{name}").read_text(encoding="ascii")) for name in ("max", "nr"))
    by_files = (open_files() - 100) // FILES_PER_CONSOLE
    # Ours has the kernel allow more of them, if it may.
    if os.access("/proc/sys/kernel/pty/max", os.W_OK) or limit - in_use >= by_files:
        return by_files, f"a process may open {open_files()} files, and a console takes {FILES_PER_CONSOLE}"
    return limit - in_use, f"{limit} pseudo-terminals (kernel.pty.max), {in_use} of them in use"


class Process:
    """A daemon: CPU time and memory when the first domain begins, and when the last is there."""

    def __init__(self, name, pid):
        self.name = name
        self.pid = pid
        self.before = self.after = None

    def _figures(self):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines())
        words = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks = int(words[11]) + int(words[12])
        return [int(status[key].split()[0]) for key in ("RssAnon", "RssShmem", "VmRSS")] + [ticks * 1000 / os.sysconf("SC_CLK_TCK")]

    def look(self):
        """The first time at the begin, the second at the end."""
        self.before, self.after = self.after, self._figures()

    def row(self, n):
        """Name, CPU ms per domain, MiB at the end, own KiB and shared KiB per domain."""
        grown = [after - before for before, after in zip(self.before, self.after)]
        return f"{self.name:>12} {grown[3] / n:>10.2f} {self.after[2] / 1024:>10.1f} {grown[0] / n:>11.2f} {grown[1] / n:>11.2f}"


class Run:
    """One host from power-on to power-off, as the script inside tells it."""

    def __init__(self, screen, options, store):
        self.screen = screen
        self.n = options.n
        self.store = store
        self.in_flight = options.in_flight
        self.build = options.build.resolve()
        self.curve = curve.Curve(store)
        self.processes = []
        self.piece = ""
        self.said = {}
        self.done = False

    def _command(self):
        words = [self.build / "simxen/simxen", "run", f"--memory={HOST_MIB + self.n * GUEST_MIB}"]
        if self.store == "stock":
            words.append(f"--stock={packages.root()}")
        return list(map(str, [*words, "--", HERE / "demo.sh"]))

    def _take_events(self, stream):
        """What the creator has written so far: perhaps not yet the end of a line."""
        for text in stream:
            self.piece += text
            if not text.endswith("\n"):
                break
            text, self.piece = self.piece, ""
            if '"event":"created"' in text:
                event = json.loads(text)
                stages = event["stages_us"]
                self.curve.created.append(curve.Created(event["end_us"] / 1e6, (stages["store"] + stages["introduce"]) / 1e3))

    def _take(self, text, answer):
        word, _, rest = text.partition(" ")
        if word == "@pid":
            name, pid = rest.split()
            self.processes.append(Process(name, int(pid)))
        elif word in ("@begin", "@made"):
            for process in self.processes:
                process.look()
            self.done = word == "@made"
            answer.write("\n")
            answer.flush()
        elif word.startswith("@"):
            self.said.setdefault(word[1:], []).append(rest)
        else:
            self.screen.line(f"  {text}")

    def play(self):
        """Starts the host and reads what it says until it ends."""
        consoles = self.n <= consoles_that_fit()[0]
        events = RESULTS / f"sim-{self.store}.events"
        RESULTS.mkdir(parents=True, exist_ok=True)
        events.write_text("", encoding="ascii")
        environment = {**os.environ, "BUILD": str(self.build), "N": str(self.n), "STORE": self.store, "EVENTS": str(events),
                       "IN_FLIGHT": str(self.in_flight), "WAIT": "ready" if consoles else "store"}
        began = time.monotonic()
        self.screen.begin("create", "the first domains are on their way")
        with subprocess.Popen(self._command(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=environment) as process, \
                events.open(encoding="ascii") as stream:
            os.set_blocking(process.stdout.fileno(), False)
            while process.poll() is None:
                time.sleep(0.2)
                self._poll(process.stdout, process.stdin, stream)
            self._poll(process.stdout, process.stdin, stream)
        if process.returncode != 0 or len(self.curve) != self.n or not self.done:
            self.screen.end("stopped here")
            raise BedError(f"{len(self.curve)} of {self.n} domains were made; the host's status: {process.returncode}")
        self.said["took"] = [f"{time.monotonic() - began:.1f}"]
        events.unlink()
        self.curve.save(RESULTS / f"sim-{self.store}.tsv")

    def _poll(self, output, answer, stream):
        while text := output.readline():
            self._take(text.rstrip("\n"), answer)
        before = len(self.curve)
        self._take_events(stream)
        if len(self.curve) > before:
            self.screen.progress(len(self.curve), self.n, f"{self.curve.total():.0f} s")
            if len(self.curve) == self.n:
                self.screen.end(f"{self.n} domains, {self.curve.total() * 1000 / self.n:.2f} ms each", self.curve.total())

    def summary(self):
        """What was seen."""
        line = self.screen.line
        fit, why = consoles_that_fit()
        if self.n > fit:
            line(f"  all have the store; {fit} consoles are served, what the other guests say stays in their rings:")
            line(f"  {why}")
        for key, title in (("console", "a console"), ("ports", "dom0's event channels")):
            if key in self.said:
                line(f"  {title}:")
                for text in self.said[key]:
                    line(f"    {text}")
        line(f"  {self.said['host'][0]}")
        line(f"  all of it, with the end of the domains, took {self.said['took'][0]} s")
        line()


def figures(runs, one_by_one):
    """Lines of text: time per domain as they grow in number, CPU time and memory of each process per domain."""
    column = "in the store" if one_by_one else "each in store"
    yield f"{'':>15}" + "".join(f"   {run.store:^27}" for run in runs)
    yield f"{'domains present':>15}" + f"   {'ms per domain':>13} {column:>13}" * len(runs)
    for present in MARKS:
        around = [run.curve.around(present) for run in runs]
        if all(figure is None for figure in around):
            break
        yield f"{present:>15}" + "".join(f"   {figure[0]:>13.2f} {figure[1]:>13.2f}" for figure in around)
    yield f"{'all, seconds':>15}" + "".join(f"   {run.curve.total():>13.1f} {'':>13}" for run in runs)
    for run in runs:
        yield ""
        yield f"{run.store:>12} {'CPU ms':>10} {'memory':>10} {'own KiB':>11} {'shared KiB':>11}"
        yield f"{'':>12} {'per domain':>10} {'MiB':>10} {'per domain':>11} {'per domain':>11}"
        for process in run.processes:
            yield process.row(run.n)


def main():
    parser = argparse.ArgumentParser(prog="demo --sim", description="Domains on a simulated Xen host, at native speed.")
    parser.add_argument("n", nargs="?", type=int, default=1000, metavar="N", help="how many domains (1000)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stock", action="store_true", help="Debian's xenstored and xenconsoled instead of ours")
    which.add_argument("--compare", action="store_true", help="ours, then Debian's, one domain after another, and both side by side")
    parser.add_argument("--in-flight", type=int, metavar="K", help="so many domains at once (default: xencreate's choice; with --compare 1)")
    parser.add_argument("--build", type=Path, default=TOP / "build/gcc", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 1 <= options.n <= 32000:
        parser.error("N is from 1 to 32000")
    if options.in_flight is None:
        options.in_flight = 1 if options.compare else 0
    screen = Screen()
    runs = []
    try:
        for store in ("ours", "stock") if options.compare else ("stock" if options.stock else "ours",):
            screen.line(f"{options.n} domains of 4 MiB on a simulated host; {WHO[store]}")
            runs.append(Run(screen, options, store))
            runs[-1].play()
            runs[-1].summary()
    except BedError as error:
        screen.line(f"demo: {error}")
        return 1
    except KeyboardInterrupt:
        screen.line("\ndemo: interrupted; the host is gone with it")
        return 130
    text = list(figures(runs, options.in_flight == 1))
    (RESULTS / "sim.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    for each in text:
        screen.line("  " + each)
    return 0


if __name__ == "__main__":
    sys.exit(main())
