# SPDX-License-Identifier: GPL-2.0-or-later
"""xencreate on a simulated host: citizens of xl, and nothing left of a creation that was spoilt."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests"))

from stores import stock  # noqa: E402
from stores.says import StoreError  # noqa: E402

HOST = """
set -eu
PATH=$BUILD/xenstored:$BUILD/xenconsoled:$BUILD/xencreate:$PATH
xenstored --pid-file=/run/xen/xenstored.pid
for i in $(seq 100); do [ -S /run/xenstored/socket ] && break; sleep 0.05; done
xen-init-dom0 >/dev/null
xenconsoled --pid-file=/run/xen/xenconsoled.pid
printf 'name="t"\\ntype="%s"\\nkernel="%s"\\nmemory=4\\nextra="hello ready"\\n' pv "$KERNEL" >/run/xen/t.cfg
"""


@pytest.fixture(name="run")
def run_on_host(build):
    """run("script") runs it on a fresh host with our daemons and Debian's xl."""
    simxen = build / "simxen/simxen"
    if not simxen.is_file():
        pytest.skip("simxen is not built")
    try:
        debian = stock.root()
    except StoreError as error:
        pytest.skip(str(error))

    def run(script, seconds=60):
        environment = {**os.environ, "LC_ALL": "C", "BUILD": str(build.resolve()), "KERNEL": str(build.resolve() / "tests/guest/guest"),
                       "PATH": f"{simxen.parent}:{os.environ['PATH']}"}
        return subprocess.run([str(simxen), "run", "--stock", str(debian), "--", "bash", "-c", HOST + script], text=True, check=False,
                              capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, env=environment)

    return run


def test_xl_knows_what_it_made(run):
    """The saved config, the lists, the ways to end a domain; no file or number is left or forgotten."""
    result = run("""
        xencreate -n 3 --wait=ready --quiet /run/xen/t.cfg
        xl list -l t-2 | grep -c '"name": "t-2"'
        xl vcpu-list t-2 | tail -n 1 | awk '{ print $1, $3 }'
        xl rename t-1 other
        xl list -l other | grep -c '"cmdline": "hello ready"'
        xl shutdown -w t-3 >/dev/null
        xl destroy other
        xencreate destroy --quiet --all
        xl list | tail -n +2 | wc -l
        ls /var/lib/xen | grep -v 'userdata-d.0.0' || echo no file
        cut -d' ' -f2 /run/xen/domid-history | tr '\\n' ' '
        """)
    assert result.stdout.splitlines() == ["1", "t-2 0", "1", "1", "no file", "1 2 3 "], result.stderr


def test_a_daemon_that_hangs_ends_the_batch_in_time(run):
    """A stopped store daemon: the batch gives up, and goes back once it runs again."""
    result = run("""
        pid=$(cat /run/xen/xenstored.pid)
        (sleep 0.3; kill -STOP $pid; sleep 3; kill -CONT $pid) &
        xencreate -n 300 --timeout=1 --json /run/xen/t.cfg >/run/xen/events 2>/run/xen/said || echo "status $?"
        wait
        grep -c '"event":"summary"' /run/xen/events
        made=$(grep -c '"event":"created"' /run/xen/events || true)
        [ "$(xl list | tail -n +3 | wc -l)" = "$made" ] && echo as reported
        xencreate destroy --all --quiet
        xl list | tail -n +2 | wc -l
        """)
    assert result.stdout.splitlines() == ["status 3", "1", "as reported", "1"], result.stderr


def test_nothing_is_left_of_a_creation_that_is_spoilt(build):
    """Some of the steps; tests/steps/sweep does all of them."""
    if not (build / "tests/steps/.libs/libsteps.so").is_file():
        pytest.skip("the library is not built")
    result = subprocess.run([str(TOP / "tests/steps/sweep"), f"--build={build}", "--every=14"], text=True, check=False,
                            capture_output=True, timeout=170, stdin=subprocess.DEVNULL)
    parts = re.findall(r"^ok - (\w+): (\d+) points", result.stdout, re.MULTILINE)
    assert [name for name, _ in parts] == ["fail", "kill", "store", "destroy"], result.stdout + result.stderr
    assert sum(int(n) for _, n in parts) > 60
