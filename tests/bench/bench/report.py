# SPDX-License-Identifier: GPL-2.0-or-later
"""What the bench shows: a table for the terminal, JSON for machines, plots for people."""
import json
import shutil
import subprocess

from .rows import BY_THE_CLOCK, GROWTH_MAX, GROWTH_SIZES

PERCENTILES = ("p50", "p90", "p99", "p999", "max")
BENCH_LOAD = 2.5        # the daemon, the load generator, and a little


def human(value):
    """A figure in as many digits as matter."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 100 else f"{value:.2f}"


class Table:
    """Figures by row and daemon; each the best of its rounds: what others do on the machine only adds."""

    def __init__(self, daemons):
        self.daemons = daemons
        self.figures = {}       # row name -> daemon name -> [figure per round]
        self.latencies = {}     # case -> daemon name -> percentile -> µs

    def add(self, row, daemon, run):
        """run: what was measured, as Bench returns it."""
        self.figures.setdefault(row.name, {}).setdefault(daemon.name, []).append(row.figure_of(run))
        if "p50_ns" not in run:
            return
        best = self.latencies.setdefault(row.case, {}).setdefault(daemon.name, {})
        for name in PERCENTILES:
            best[name] = min(run[f"{name}_ns"] / 1e3, best.get(name, float("inf")))

    def figure(self, row, name):
        """The best, or None if it was not measured."""
        rounds = self.figures.get(row.name, {}).get(name)
        return (max if row.at_least else min)(rounds) if rounds else None

    def judged(self, row, name):
        """The value that the goal speaks of: the figure or its ratio to the floor's."""
        figure = self.figure(row, name)
        if figure is None or not row.to_floor:
            return figure
        floor = self.figure(row, "floor")
        return figure / floor if floor else None

    def lines(self, rows):
        """The table as text."""
        names = [daemon.name for daemon in self.daemons]
        head = f"{'case':<18} {'figure':<15}" + "".join(f"{name:>22}" for name in names) + f"  {'goal':<16}"
        lines = [head, "-" * len(head)]
        for row in rows:
            cells = ""
            for name in names:
                text = human(self.figure(row, name))
                if row.to_floor and name != "floor" and self.judged(row, name) is not None:
                    text += f" ({human(self.judged(row, name))} x)"
                cells += f"{text:>22}"
            sign = "≥" if row.at_least else "≤"
            goal = f"{sign} {human(row.goal)}{' x floor' if row.to_floor else ''}"
            lines.append(f"{row.case:<18} {row.unit:<15}{cells}  {goal:<16} {self.verdict(row)}")
        return lines

    def latency_lines(self):
        """How long clients waited for one operation, in µs; nothing if that was not measured."""
        if not self.latencies:
            return []
        head = f"{'µs per operation':<18} {'daemon':<12}" + "".join(f"{name:>10}" for name in PERCENTILES)
        lines = ["", head, "-" * len(head)]
        for case, daemons in self.latencies.items():
            for name, found in daemons.items():
                lines.append(f"{case:<18} {name:<12}" + "".join(f"{human(found[key]):>10}" for key in PERCENTILES))
        return lines

    def verdict(self, row):
        """Whether ours reaches the goal."""
        value = self.judged(row, "ours")
        if value is None:
            return ""
        return "met" if row.met(value) else "MISSED"

    @staticmethod
    def disturbed(load):
        """A remark on figures by the clock if the machine (load: processes that wanted to run) did other work, too."""
        if load <= BENCH_LOAD:
            return []
        return [f"The machine did other work (load {load:.1f}): {', '.join(sorted(BY_THE_CLOCK))} are by the clock and "
                "cannot be trusted; CPU, instructions, system calls and bytes can."]

    def as_json(self, rows):
        return [{"case": row.case, "figure": row.figure, "unit": row.unit, "goal": row.goal,
                 "goal_is_multiple_of_floor": row.to_floor, "at_least": row.at_least,
                 "rounds": self.figures.get(row.name, {}),
                 "judged": {daemon.name: self.judged(row, daemon.name) for daemon in self.daemons}}
                for row in rows]


def instruction_lines(found):
    """found: case -> daemon -> instructions in user space per operation."""
    names = list(next(iter(found.values()), {}))
    lines = [f"{'instructions':<18}" + "".join(f"{name:>12}" for name in names)]
    lines.append("-" * len(lines[0]))
    for case, daemons in found.items():
        lines.append(f"{case:<18}" + "".join(f"{human(daemons.get(name)):>12}" for name in names))
    return lines


def growth_lines(growth):
    """growth: case -> daemon -> size -> CPU µs per operation."""
    lines = [f"{'case':<18} {'daemon':<12}" + "".join(f"{size:>12,}" for size in GROWTH_SIZES) +
             f"{'last/first':>12}{'floor grows':>13}"]
    lines.append("-" * len(lines[0]))
    for case, daemons in growth.items():
        floor = _growth_of(daemons.get("floor"))
        for name, sizes in daemons.items():
            ratio = _growth_of(sizes)
            verdict = ""
            if name == "ours" and ratio:
                verdict = "  flat" if ratio <= GROWTH_MAX * max(1.0, floor or 1.0) else "  GROWS"
            lines.append(f"{case:<18} {name:<12}" + "".join(f"{human(sizes.get(size)):>12}" for size in GROWTH_SIZES) +
                         f"{human(ratio):>12}{human(floor) if name != 'floor' else '':>13}{verdict}")
    return lines


def _growth_of(sizes):
    if not sizes or GROWTH_SIZES[0] not in sizes or GROWTH_SIZES[-1] not in sizes:
        return None
    return sizes[GROWTH_SIZES[-1]] / sizes[GROWTH_SIZES[0]]


def write_json(path, content):
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _gnuplot(path, width, height, points, script):
    """Writes path.png and path.svg, if there is gnuplot."""
    if not shutil.which("gnuplot"):
        return False
    for terminal, suffix in (("pngcairo", "png"), ("svg", "svg")):
        head = (f'set terminal {terminal} size {width},{height} font "sans,{points}" background "white"\n'
                f'set output "{path}.{suffix}"\n')
        subprocess.run(["gnuplot"], input=head + script, text=True, check=True)
    return True


def plot_table(path, table, rows):
    """Bars: each row's figure as a multiple of what its goal allows, so that 1 is the line to stay under."""
    names = [daemon.name for daemon in table.daemons if daemon.name != "floor"]
    data = []
    for row in rows:
        cells = []
        for name in names:
            value = table.judged(row, name)
            share = None if not value else (row.goal / value if row.at_least else value / row.goal)
            cells.append(f"{share:.4g}" if share else "?")
        data.append(f'"{row.case} {row.figure}" ' + " ".join(cells))
    series = ", ".join(f'$data using {i + 2}:xtic(1) title "{name}"' for i, name in enumerate(names))
    return _gnuplot(path, 1600, 900, 11, f"""
set title "xenstored: each figure as a multiple of its goal (lower is better, 1 is the goal)"
set style data histogram
set style fill solid 0.8
set logscale y
set ytics add ("goal" 1)
set grid y
set xtics rotate by 40 right noenhanced
set datafile missing "?"
set key top left
$data << EOD
{chr(10).join(data)}
EOD
plot {series}, 1 with lines lw 2 lc "black" notitle
""")


def plot_growth(path, growth, unit):
    """Lines: cost per operation over how many are there, one small plot per case."""
    cases = list(growth)
    columns = 3
    plots = []
    for case in cases:
        series = []
        for name, sizes in growth[case].items():
            points = "\\n".join(f"{size} {sizes[size]:.4g}" for size in GROWTH_SIZES if size in sizes)
            series.append((name, points))
        blocks = "\n".join(f"$d{i} << EOD\n{points.replace(chr(92) + 'n', chr(10))}\nEOD"
                           for i, (_, points) in enumerate(series))
        lines = ", ".join(f'$d{i} using 1:2 with linespoints lw 2 title "{name}"' for i, (name, _) in enumerate(series))
        plots.append(f'{blocks}\nset title "{case}" noenhanced\nplot {lines}')
    height = 300 * ((len(cases) + columns - 1) // columns)
    body = "\n".join(plots)
    return _gnuplot(path, 1500, height, 10, f"""
set multiplot layout {(len(cases) + columns - 1) // columns},{columns}
set logscale xy
set grid
set key top left
set xlabel "how many are there"
set ylabel "{unit} per operation"
{body}
unset multiplot
""")
