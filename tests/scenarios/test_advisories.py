# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/xenstored-advisories.md names tests that there are, and no test of an advisory is missing in it."""
import re

from conftest import TOP

DOCUMENT = (TOP / "doc/xenstored-advisories.md").read_text(encoding="utf-8")
TABLES = [line for line in DOCUMENT.splitlines() if line.startswith("| ")]
# Those that concern a store daemon, up to the newest that is known.
ADVISORIES = {38, 72, 115, 206, 233, 272, 322, 323, 324, 325, 326, 330, 352, 353, 414, 415, 416, 417, 418, 419, 420, 421,
              425, 481, 483, 484}


def known_tests():
    """Names of all scenarios of tests/wire and tests of tests/unit."""
    found = set()
    for path in (TOP / "tests/wire").glob("*.xst"):
        found |= set(re.findall(r"^scenario (.*)$", path.read_text(encoding="utf-8"), re.M))
    for path in (TOP / "tests/unit").glob("test_*.c"):
        found |= set(re.findall(r"TEST\((\w+)\)", path.read_text(encoding="utf-8")))
    return {name.strip() for name in found}


def named_in(line):
    """The tests that a row of the document names: its last cell."""
    return set(re.findall(r"`([^`]+)`", line.rstrip(" |").rsplit("|", 1)[-1]))


def test_every_advisory_has_a_row_with_tests():
    rows = {int(number): named_in(line) for line in TABLES for number in re.findall(r"^\| XSA-(\d+) ", line)}
    assert set(rows) == ADVISORIES
    assert all(rows.values())


def test_the_tests_that_are_named_are_there():
    named = set().union(*(named_in(line) for line in TABLES))
    assert len(named) > 40
    assert named - known_tests() == set()


def test_no_test_of_an_advisory_is_left_out():
    of_advisories = {name for name in known_tests() if re.match(r"XSA[-_]\d", name)}
    named = set().union(*(named_in(line) for line in TABLES))
    assert of_advisories - named == set()
