#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./demo without its set-up: boots a real Xen, creates domains, shows them alive, powers off."""
import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from bed import curve, image, tap  # noqa: E402
from bed.cache import BedError  # noqa: E402
from bed.machine import Memory  # noqa: E402
from bed.screen import Screen  # noqa: E402
from bed.session import Job, Session, failed_folder  # noqa: E402

# MiB: what Xen takes for a guest of 4 MiB with what hangs on it, and for itself.
GUEST_MIB = 4.3
XEN_MIB = 256
RESULTS = TOP / "build/demo"
WHO = {"ours": "xenstored and xenconsoled are ours", "stock": "xenstored and xenconsoled are Debian's"}


def memory_for(n_domains):
    """A machine that n tiny domains fit into."""
    dom0 = 1024 if n_domains <= 1000 else 2048
    total = dom0 + XEN_MIB + int(n_domains * GUEST_MIB)
    return Memory(max(2048, -(-total // 512) * 512), dom0)


def check_room(memory):
    """BedError if the machine that we are on has not the memory."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) // 1024
            if available < memory.total + 256:
                raise BedError(f"this needs a machine with {memory.total} MiB inside, and only {available} MiB are free here")


def grouped(lines):
    """lsevtchn's table of peers with equal neighbours on one line: three thousand guests look alike."""
    run = []

    def shown():
        first, last = run[0], run[-1]
        domains = first[0] if first is last else f"{first[0]} – {last[0]}"
        return f"  {domains:>14} {first[1]:>10} {first[2]:>10}" + ("   each" if first is not last else "")

    for text in lines:
        words = text.split()
        if len(words) == 3 and all(word.isdigit() for word in words):
            if run and words[1:] != run[-1][1:]:
                yield shown()
                run = []
            run.append(words)
        else:
            yield text.replace("  domain  connected    waiting", f"  {'domain':>14} {'connected':>10} {'waiting':>10}")
    if run:
        yield shown()


class Show:
    """What dom0 says becomes what the user sees."""

    def __init__(self, screen, n_domains, name, one_by_one):
        self.screen = screen
        self.n_domains = n_domains
        self.one_by_one = one_by_one
        self.curve = curve.Curve(name)
        self.counts = tap.Counts()
        self.said = {}
        self.remarks = []
        self._in_flight = set()
        self._recent = []
        self._store_cpu = None
        self._piece = ""

    def line(self, text):
        """One line of dom0's output. What the creator writes comes in pieces: a sample may stand in the middle of a line."""
        piece, sample, ns = text.partition("@store-cpu ")
        if sample:
            self._piece += piece
            self._ran(int(ns) / 1e6)
            return
        text, self._piece = self._piece + text, ""
        self.counts.take(text)
        if text.startswith("{"):
            self._event(json.loads(text))
        elif text.startswith("@phase "):
            self._phase(text.split()[1])
        elif text.startswith("@"):
            word, _, rest = text[1:].partition(" ")
            self.said.setdefault(word, []).append(rest)
        elif text.startswith(("not ok", "#")):
            self.remarks.append(text)

    def _phase(self, name):
        self.screen.end(self._done_text())
        texts = {"daemons": "xenstored, xen-init-dom0, xenconsoled", "create": "the first domains are on their way",
                 "answers": "ten round trips through the store from each, and a greeting",
                 "look": "at dom0 from within", "destroy": "all of them, until nothing is left"}
        self.screen.begin(name, texts[name])

    def _done_text(self):
        if not self.curve.created or self.said.get("created"):
            return None
        self.said["created"] = [""]
        total = self.curve.total()
        return f"{len(self.curve)} domains, {total * 1000 / len(self.curve):.1f} ms each"

    def _event(self, event):
        if event["event"] == "stage":
            self._in_flight.add(event["name"])
        elif event["event"] == "failed":
            self.remarks.append(f"{event['name']}: {event['error']}")
        elif event["event"] == "created":
            self._in_flight.discard(event["name"])
            stages = event["stages_us"]
            store = (stages.get("store", 0) + stages.get("introduce", 0)) / 1e3 if self.one_by_one else None
            self.curve.created.append(curve.Created(event["end_us"] / 1e6, store))
            self._progress()

    def _ran(self, ms):
        """xenstored has run for so long by now: what came since the last time is shared by the domains that came since.
        One by one a domain's time in the store is known from its stages; with others on their way most of that is waiting."""
        if self._store_cpu is None or self.curve.share(ms - self._store_cpu):
            self._store_cpu = ms

    def _progress(self):
        """Rate and time left, from the domains of the last seconds."""
        created = self.curve.created
        self._recent = [one for one in self._recent if one.at > created[-1].at - 5] + [created[-1]]
        span = created[-1].at - (self._recent[0].at if len(self._recent) < len(created) else 0)
        rate = len(self._recent) / span if span > 0 else 0
        left = f"{(self.n_domains - len(created)) / rate:.0f} s left" if rate else ""
        self.screen.progress(len(created), self.n_domains,
                             f"{len(self._in_flight)} in flight, {rate:.1f}/s, {left}")

    def _one(self, word):
        return self.said.get(word, [""])[0]

    def summary(self):
        """After the end: what was seen."""
        line = self.screen.line
        line()
        line("  Creation, per hundred domains")
        for text in self.curve.table(self.one_by_one):
            line("  " + text)
        line()
        if "ports" in self.said:
            line("  dom0's event channels, as lsevtchn counts them")
            for text in grouped(self.said["ports"]):
                line("    " + text)
            line()
        line(f"  The console of {self._one('console-of').replace('guest-', '', 1)}")
        for text in self.said.get("console", []):
            line("    " + text)
        line()
        answered, pings = (self._one("pings").split() + ["0", "0"])[:2]
        mean, slowest = (self._one("ping-us").split() + ["?", "?"])[:2]
        line(f"  {answered} of {self.n_domains} guests answered through the store: {pings} round trips, mean {mean} µs, slowest {slowest} µs")
        line(f"  {self._one('consoles')} of {self.n_domains} consoles have spoken")
        line(f"  destroyed in {int(self._one('destroyed')) / 1e6:.1f} s: no domain, event channel, node or file is left")
        sizes = dict(text.split() for text in self.said.get("daemon", []))
        line("  memory: " + ", ".join(f"{name} {int(size) / 1024:.1f} MiB" for name, size in sizes.items()))
        line()


def play(screen, store, options):
    """One run; returns its curve."""
    if not (options.build / "xencreate/xencreate").is_file():
        raise BedError(f"no xencreate in {options.build}: build it first")
    memory = memory_for(options.n)
    check_room(memory)
    began = time.monotonic()
    job = Job(script=HERE / "dom0/demo.sh", build=options.build.resolve(), store=store, console=store, memory=memory,
              seconds=300 + options.n * 2, environment={"N": options.n, "IN_FLIGHT": options.in_flight})
    screen.line(f"{options.n} domains on a real Xen in QEMU (2 CPUs, {memory.total} MiB, software emulation); {WHO[store]}")
    screen.line()
    image.get()
    screen.begin("machine", "Xen 4.17 and dom0 boot")
    show = Show(screen, options.n, store, options.in_flight == 1)
    with Session(job) as session:
        session.on_start = lambda: screen.end("Xen and dom0 are back from their saved state" if session.machine.restored
                                              else "Xen and dom0 have booted")
        result = session.play(show.line)
        good = result.status == 0 and show.counts.complete() and not show.counts.failed
        if not good:
            session.keep(failed_folder("demo"))
            screen.end("stopped here")
            reason = result.reason or "\n".join(show.remarks) or f"dom0 ended with status {result.status}"
            raise BedError(f"{reason}\nlogs: {failed_folder('demo')}")
        screen.end()
        screen.begin("power off", "dom0 powers the machine off")
        try:
            session.machine.power_off(60)
        except BedError as error:
            session.keep(failed_folder("demo"))
            raise BedError(f"{error}; logs: {failed_folder('demo')}") from error
        screen.end()
    RESULTS.mkdir(parents=True, exist_ok=True)
    show.curve.save(RESULTS / f"{store}.tsv")
    show.summary()
    screen.line(f"  all of it took {time.monotonic() - began:.1f} s")
    return show.curve


def compare(screen, options):
    """Our daemons, then Debian's, and both curves together."""
    curves = []
    for store in ("ours", "stock"):
        curves.append(play(screen, store, options))
        screen.line()
    picture = RESULTS / "compare.png"
    text = list(curve.comparison(curves))
    (RESULTS / "compare.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    screen.line("The same creator, one domain after another; only the daemons differ")
    screen.line()
    for line in text:
        screen.line("  " + line)
    screen.line()
    if options.n >= 20:
        curve.plot(curves, [RESULTS / f"{one.name}.tsv" for one in curves], picture)
        screen.line(f"  as a picture: {picture.relative_to(TOP)}")


def main():
    parser = argparse.ArgumentParser(prog="demo", description="Domains on a real Xen, from nothing.")
    parser.add_argument("n", nargs="?", type=int, default=100, metavar="N", help="how many domains (100)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stock", action="store_true", help="Debian's xenstored and xenconsoled instead of ours")
    which.add_argument("--compare", action="store_true", help="ours, then Debian's, and both curves side by side")
    parser.add_argument("--in-flight", type=int, metavar="K",
                        help="so many domains at once (default: xencreate's choice; with --compare 1)")
    parser.add_argument("--build", type=Path, default=TOP / "build/gcc", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.n < 1:
        parser.error("N is at least 1")
    if options.in_flight is None:
        options.in_flight = 1 if options.compare else 0
    screen = Screen()
    try:
        if options.compare:
            compare(screen, options)
        else:
            play(screen, "stock" if options.stock else "ours", options)
    except BedError as error:
        screen.line(f"demo: {error}")
        return 1
    except KeyboardInterrupt:
        screen.line("\ndemo: interrupted; the machine is gone with it")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
