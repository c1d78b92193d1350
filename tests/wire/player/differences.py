# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/differences.md, written from the "differs" lines of the scenarios, so that each is one that was seen."""
from pathlib import Path

FILE = Path(__file__).resolve().parents[3] / "doc/differences.md"

HEAD = """# Where our xenstored differs from Debian's

Each line is a scenario of `tests/wire` that the daemon named plays otherwise; the tests fail when one of them no longer
does, or when another one begins to. What is not listed is alike. Written by `tests/wire/run --write-differences`.

Where the generations of C xenstored differ, ours does what the newest does (messages 23 to 26, depth of watches, exempt
dom0), and a limit of N means that N are allowed. Beyond them all, by design: making and removing children of one directory
is no conflict between transactions, a transaction that only reads never fails, and it sees one state of the store.

Live update: the program named is started beside the daemon first, and one that does not start, or does not take its arguments,
is refused. Open transactions go along to a daemon of ours; for others they have to end, as with C. What they have touched is
never written in records that the stream has for it, which C 4.17 and later take for nodes that everybody sees.
"""

TITLES = {"C": "From C xenstored 4.17", "OX": "From oxenstored 4.17"}


def text(scenarios):
    """The whole document."""
    parts = [HEAD]
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
