# SPDX-License-Identifier: GPL-2.0-or-later
"""What every scenario may use: the programs of the build under test."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests"))

from stores import stock  # noqa: E402
from stores.says import StoreError  # noqa: E402

# On a simulated host: our daemons, whose process ids are $store and $console. Their files lie in folders of that host.
DAEMONS = """
mkdir -p /run/xen /var/log/xen/console
"$BUILD/xenstored/xenstored" --no-fork --pid-file=/run/xen/xenstored.pid 2>/dev/null &
store=$!
for i in $(seq 100); do [ -S /run/xenstored/socket ] && break; sleep 0.05; done
xen-init-dom0 >/dev/null
"$BUILD/xenconsoled/xenconsoled" --interactive 2>/dev/null &
console=$!
trap 'kill $store $console' EXIT
sleep 0.3
"""


def pytest_addoption(parser):
    parser.addoption("--build", type=Path, default=TOP / "build/gcc", help="folder of the build under test")
    parser.addoption("--long", action="store_true", help="also those that take long")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: left out unless --long is given")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long"):
        items[:] = [item for item in items if not item.get_closest_marker("long")]


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


@pytest.fixture(name="sim")
def run_on_host(build):
    """sim("script", "--dom0-abi=2l") runs it on a fresh host, our programs first on the path."""
    simxen = build / "simxen/simxen"
    needed = [simxen, build / "lsevtchn/lsevtchn", build / "tests/bench/evtchnload"]
    if not all(path.is_file() for path in needed):
        pytest.skip("simxen is not built")
    folders = [build / name for name in ("lsevtchn", "tests/bench", "xencreate", "xenstored", "xenconsoled", "simxen")]
    path = ":".join(map(str, [*folders, os.environ["PATH"]]))
    environment = {**os.environ, "PATH": path, "LC_ALL": "C", "BUILD": str(build)}

    def run(script, *options, seconds=300):
        # Debian's tools, if they are there, come first on the path.
        script = 'lsevtchn() { "$BUILD/lsevtchn/lsevtchn" "$@"; }\n' + script
        return subprocess.run([str(simxen), "run", *map(str, options), "--", "bash", "-c", script], text=True, check=False,
                              capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, env=environment)

    return run


@pytest.fixture(name="debian")
def debians_folder():
    """Where Debian's Xen packages are unpacked."""
    try:
        return stock.root()
    except StoreError as error:
        return pytest.skip(str(error))


@pytest.fixture
def daemons():
    """The beginning of a script that needs our daemons on its host."""
    return DAEMONS


@pytest.fixture
def stepping(build):
    """The xenstored that ends at a chosen step (tests/killer)."""
    path = build / "tests/killer/xenstored-steps"
    if not path.is_file():
        pytest.skip("xenstored-steps is not built")
    return path
