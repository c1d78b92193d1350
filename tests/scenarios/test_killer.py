# SPDX-License-Identifier: GPL-2.0-or-later
"""A short run of the killer in each of its ways; tests/killer/README.md says what it proves."""
import subprocess
from pathlib import Path

import pytest

KILLER = Path(__file__).resolve().parent.parent / "killer/killer"


@pytest.mark.parametrize("way", [("--kills", "60"), ("--kills", "60", "--kept"), ("--steps", "1"),
                                 ("--steps", "1", "--kept"), ("--kills", "60", "--rings"),
                                 ("--kills", "60", "--rings", "--kept"), ("--steps", "1", "--rings"),
                                 ("--steps", "1", "--rings", "--kept")], ids=" ".join)
def test_nothing_acknowledged_is_lost(build, way):
    programs = ["xenstored/xenstored", "tests/killer/xenstored-steps"]
    for program in programs + ["simxen/simxen", "tests/stores/guests"] * ("--rings" in way):
        if not (build / program).exists():
            pytest.skip(f"{program} is not built")
    result = subprocess.run(["/usr/bin/python3", KILLER, "--build", build, *way], text=True, check=False, timeout=300,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout
