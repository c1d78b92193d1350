# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/differences.md, written from the "differs" lines of the scenarios, so that each is one that was seen."""
from collections import Counter
from pathlib import Path

FILE = Path(__file__).resolve().parents[3] / "doc/differences.md"

HEAD = """# Where our xenstored differs from Debian's

Each line is a scenario of `tests/wire` that the daemon named plays otherwise; the tests fail when one of them no longer
does, or when another one begins to. What is not listed is alike. Written by `tests/wire/run --write-differences`.

Where the generations of C xenstored differ, ours does what the newest does (messages 23 to 26, depth of watches, exempt
dom0), and a limit of N means that N are allowed. Beyond them all, by design: making and removing children of one directory
is no conflict between transactions, a transaction that only reads never fails, and it sees one state of the store.
How many differ, and how often for each reason: `tests/wire/run --totals`.

Live update: the program named is started beside the daemon first, and one that does not start, or does not take its arguments,
is refused. Open transactions go along to a daemon of ours; for others they have to end, as with C. What they have touched is
never written in records that the stream has for it, which C 4.17 and later take for nodes that everybody sees.
"""

TITLES = {"C": "From C xenstored 4.17", "OX": "From oxenstored 4.17"}


def asked(scenarios, daemon):
    """Those that this daemon is asked."""
    return [one for one in scenarios if one.only in ("", daemon)]


def counts(scenarios):
    """(daemon, how many it is asked, how many of them it plays otherwise) of each."""
    return [(daemon, len(asked(scenarios, daemon)), sum(daemon in one.differs for one in asked(scenarios, daemon)))
            for daemon in ("ours", *TITLES)]


def totals(scenarios):
    """How many there are, and how many differ and why, for people."""
    lines = [f"{len(scenarios)} scenarios in {len({one.file for one in scenarios})} files, "
             f"{sum(one.needs_host for one in scenarios)} of them with domains"]
    for daemon, n_asked, n_differ in counts(scenarios):
        lines.append(f"{daemon}: asked {n_asked}, as the scenario says {n_asked - n_differ}, otherwise {n_differ}")
        reasons = Counter(one.differs[daemon] for one in scenarios if daemon in one.differs)
        lines += [f"    {number:4}  {reason}" for reason, number in reasons.most_common()]
    return "\n".join(lines)


def text(scenarios):
    """The whole document."""
    parts = [HEAD, "\n| daemon | scenarios asked | as ours | otherwise |\n|---|---|---|---|\n"]
    parts += [f"| {daemon} | {n_asked} | {n_asked - n_differ} | {n_differ} |\n"
              for daemon, n_asked, n_differ in counts(scenarios) if daemon in TITLES]
    for daemon, title in TITLES.items():
        rows = [(one.file, one.name, one.differs[daemon]) for one in scenarios if daemon in one.differs]
        parts.append(f"\n## {title}\n\n| scenarios | rule | {daemon} |\n|---|---|---|\n")
        parts += [f"| {file} | {name} | {reason} |\n" for file, name, reason in rows]
    return "".join(parts)


def current(scenarios):
    """Does the document say what the scenarios say?"""
    return FILE.is_file() and FILE.read_text(encoding="utf-8") == text(scenarios)


def write(scenarios):
    FILE.write_text(text(scenarios), encoding="utf-8")
