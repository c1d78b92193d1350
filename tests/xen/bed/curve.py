# SPDX-License-Identifier: GPL-2.0-or-later
"""How long creation takes as domains grow in number: from one line per created domain to tables and a plot."""
import subprocess
from dataclasses import dataclass, replace

from .cache import BedError

PRESENT = (10, 100, 300, 600, 900, 1200, 1500, 2000, 2500, 2900)
WINDOW = 25     # domains on either side that a figure is averaged over


@dataclass(frozen=True)
class Created:
    """One domain became ready: when (s since the first began), and how much of its time was the store's (ms; None: not yet
    known). One by one that is how long its stages in the store took; with others on their way, xenstored's CPU."""
    at: float
    store_ms: float | None


class Curve:
    """The domains of one run in the order in which they became ready."""

    def __init__(self, name, created=()):
        self.name = name
        self.created = list(created)

    def __len__(self):
        return len(self.created)

    def share(self, ms):
        """What the store's part of the last domains' time was, of all together whose part is not yet known; false if there
        are none."""
        n_open = 0
        while n_open < len(self) and self.created[-1 - n_open].store_ms is None:
            n_open += 1
        for at in range(len(self) - n_open, len(self)):
            self.created[at] = replace(self.created[at], store_ms=ms / n_open)
        return n_open > 0

    def total(self):
        """Seconds from the first domain's begin to the last one's readiness."""
        return self.created[-1].at if self.created else 0.0

    def between(self, first, last):
        """(ms per domain, of it in the store) over the domains number first to last, counted from 1."""
        part = self.created[first - 1:last]
        began = self.created[first - 2].at if first > 1 else 0.0
        return (part[-1].at - began) * 1000 / len(part), sum(one.store_ms for one in part) / len(part)

    def around(self, present):
        """The same for domains made while about so many were there; None if the run never got there."""
        if present >= len(self):
            return None
        reach = min(WINDOW, present - 1, len(self) - present)
        return self.between(present - reach + 1, present + reach)

    def hundreds(self):
        """(first, last, ms per domain, of it in the store) for each hundred domains."""
        for first in range(1, len(self) + 1, 100):
            last = min(first + 99, len(self))
            yield (first, last, *self.between(first, last))

    def save(self, path):
        """One line per domain: number, seconds, ms in the store."""
        lines = [f"{number}\t{one.at:.4f}\t{one.store_ms:.3f}" for number, one in enumerate(self.created, 1)]
        path.write_text("# domains\tseconds\tstore ms\n" + "\n".join(lines) + "\n", encoding="ascii")

    def table(self, one_by_one):
        """Lines of text: time per domain for each hundred. When several are on their way at once, a domain's own time in
        the store is no part of the time between one and the next: then it is xenstored's CPU."""
        column = "of it in the store" if one_by_one else "of it xenstored"
        yield f"{'domains':>13}   {'ms per domain':>13}   {column:>18}"
        for first, last, ms, store in self.hundreds():
            yield f"{f'{first} – {last}':>13}   {ms:>13.1f}   {store:>18.1f}"


def comparison(curves):
    """Lines of text: the curves side by side at a few numbers of domains present."""
    yield f"{'':>15}" + "".join(f"   {curve.name:^26}" for curve in curves)
    yield f"{'domains present':>15}" + f"   {'ms per domain':>13} {'in the store':>12}" * len(curves)
    for present in PRESENT:
        figures = [curve.around(present) for curve in curves]
        if all(figure is None for figure in figures):
            break
        cells = (f"   {'–':>13} {'–':>12}" if figure is None else f"   {figure[0]:>13.1f} {figure[1]:>12.1f}" for figure in figures)
        yield f"{present:>15}" + "".join(cells)
    yield f"{'all, seconds':>15}" + "".join(f"   {curve.total():>13.1f} {'':>12}" for curve in curves)


def plot(curves, data, picture):
    """Draws ms per domain over domains present as a PNG. data: the file that each curve was saved to."""
    smooth = min(WINDOW, max(2, min(len(curve) for curve in curves) // 10))
    script = [f"set terminal pngcairo size 1100,650 font 'sans,11'; set output '{picture}'",
              "set title 'Creating a domain while others are there (real Xen, software emulation)'",
              "set xlabel 'domains present'; set ylabel 'ms per domain'; set grid; set key top left; set yrange [0:*]"]
    lines = []
    for number, (curve, path) in enumerate(zip(curves, data)):
        # The slope over the last few domains, and the store's part averaged over as many.
        points = f"every {smooth}"
        script.append(f"last{number} = 0; from{number} = 0")
        lines.append(f"'{path}' {points} using 1:(now = ($2 - last{number}) * 1000 / ($1 - from{number}), "
                     f"last{number} = $2, from{number} = $1, now) with lines lw 2 lc {number + 1} title '{curve.name}'")
        lines.append(f"'{path}' {points} using 1:3 with lines dt 2 lc {number + 1} title '{curve.name}, in the store'")
    result = subprocess.run(["gnuplot"], input="\n".join(script) + "\nplot " + ", ".join(lines) + "\n", text=True,
                            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        raise BedError(f"gnuplot failed:\n{result.stdout.strip()}")
