# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of the killer, longer ones with --long; tests/killer/README.md says what it proves."""
import subprocess
from pathlib import Path

import pytest

KILLER = Path(__file__).resolve().parent.parent / "killer/killer"


WAYS = [("--kills", "60"), ("--steps", "1", "--kept"), ("--kills", "60", "--rings", "--kept"), ("--steps", "1", "--rings")]
LONG_WAYS = [("--kills", "500", "--kept"), ("--steps", "3"), ("--kills", "500", "--rings"), ("--kills", "500", "--updates", "--kept"),
             ("--steps", "3", "--rings", "--kept")]


@pytest.mark.parametrize("way", WAYS + [pytest.param(way, marks=pytest.mark.long) for way in LONG_WAYS], ids=" ".join)
def test_nothing_acknowledged_is_lost(build, way):
    programs = ["xenstored/xenstored", "tests/killer/xenstored-steps"]
    for program in programs + ["simxen/simxen", "tests/stores/guests"] * ("--rings" in way):
        if not (build / program).exists():
            pytest.skip(f"{program} is not built")
    result = subprocess.run(["/usr/bin/python3", KILLER, "--build", build, *way], text=True, check=False, timeout=600,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout
