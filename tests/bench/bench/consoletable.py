# SPDX-License-Identifier: GPL-2.0-or-later
"""The console bench's figures as the table of doc/bench-xenconsoled.md."""
COLUMNS = (("ours", "ours"), ("kept", "kept"), ("unlimited", "unlimited"), ("stock", "stock"), ("floor", "floor"))


def number(value):
    """Three digits, as people write them."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def mib(kib):
    return number(kib / 1024)


def idle(f):
    return f"{number(f['wakeups/s'])}; {number(f['CPU us/s'])}; {mib(f['KiB'])}"


def birth(f):
    return f"{number(f['birth CPU us'])}, {number(f['death CPU us'])}; {number(f['tty ms p50'])}, {number(f['tty ms max'])}"


def flood(f):
    if f["MB/s"] < 0.001:
        return "nothing in the time"
    return f"{number(f['MB/s'])}; {number(f['CPU ns/byte'])}"


def latency(f):
    return f"{number(f['us p50 min'])}, {number(f['us p99 min'])}; {number(f['us p50 median'])}, {number(f['us p99 median'])}"


def unread(f):
    return mib(f["KiB"])


def restart(f):
    text = f"{number(f['ms min'])}, {number(f['ms median'])}; {number(f['CPU ms min'])}"
    if "end ms min" in f:
        text += f" (the simulator's maps, one by one, {number(f['maps ms min'])}; the old one's end {number(f['end ms min'])}; settled {number(f['settled ms min'])}, CPU {number(f['settled CPU ms min'])})"
    return text


# What stands in a cell.
CELLS = {
    "idle": (idle, "wakeups/s; CPU µs/s; MiB"),
    "birth": (birth, "birth, death: CPU µs; tty in the store: ms p50, max"),
    "flood": (flood, "MB/s; CPU ns/byte"),
    "latency": (latency, "echo µs: least p50, p99 of the rounds; those in the middle"),
    "unread": (unread, "MiB"),
    "restart": (restart, "ms least, middle; CPU ms least"),
}


def cell(case, got):
    if got is None:
        return ""
    if isinstance(got, str):
        return got
    return CELLS[case.partition("-")[0]][0](got)


def table(figures):
    """@figures: as --output writes them. Lines of Markdown."""
    rows = {}
    for one in figures:
        rows.setdefault((one["case"], one["size"]), {})[one["daemon"]] = one["figures"]
    used = [(name, title) for name, title in COLUMNS if any(name in row for row in rows.values())]
    lines = ["| case, consoles | " + " | ".join(title for _, title in used) + " |", "|---|" + "---|" * len(used)]
    explained = set()
    for (case, size), row in rows.items():
        kind = case.partition("-")[0]
        what = f": {CELLS[kind][1]}" if kind not in explained else ""
        explained.add(kind)
        lines.append(f"| {case}, {size:,}{what} | " + " | ".join(cell(case, row.get(name)) for name, _ in used) + " |")
    return lines
