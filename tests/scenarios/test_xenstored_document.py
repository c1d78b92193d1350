# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/tests-xenstored.md names tests that there are, and at least one for each feature."""
import re

from conftest import TOP
from test_advisories import known_tests, named_in

TABLE = [line for line in (TOP / "doc/tests-xenstored.md").read_text(encoding="utf-8").splitlines()
         if line.startswith("| ") and not line.startswith("| feature")]


def there():
    """Scenarios of the wire and unit tests, and those beside this one and on the real Xen."""
    found = known_tests() | {path.name for path in (TOP / "tests/xen/scenarios").glob("*.sh")}
    for path in (TOP / "tests/scenarios").glob("test_*.py"):
        found |= set(re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.M))
    return found


def test_each_feature_of_the_store_has_tests_that_there_are():
    assert len(TABLE) > 60
    assert [line for line in TABLE if not named_in(line)] == []
    assert set().union(*map(named_in, TABLE)) - there() == set()
