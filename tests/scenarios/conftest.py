# SPDX-License-Identifier: GPL-2.0-or-later
"""What every scenario may use: the programs of the build under test."""
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--build", type=Path, default=TOP / "build/gcc", help="folder of the build under test")


@pytest.fixture(scope="session")
def build(request):
    """The build folder."""
    return request.config.getoption("build")


@pytest.fixture
def program(build):
    """program("lsevtchn") is the path of a program of ours; the test is skipped where it is not built."""

    def find(name):
        path = build / name / name
        if not path.is_file():
            pytest.skip(f"{name} is not built")
        return path

    return find
