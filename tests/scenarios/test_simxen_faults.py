# SPDX-License-Identifier: GPL-2.0-or-later
"""Each fault that simxen can be told to make, by command and by file."""
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PRELUDE = """
import sys
sys.path.append({here!r})
from simprobe import Host, ctl, timed
host = Host()
a, b = host.create(), host.create()
for line in {commands!r}:
    assert ctl(*line.split()) == 0, line
"""


@pytest.fixture(name="fault", params=["command", "file"])
def on_a_host_with_faults(request, build, tmp_path):
    """fault(["fail x"], "script") runs the script with these faults in force; two domains, a and b, were made before it."""
    simxen = build / "simxen/simxen"
    if not simxen.is_file():
        pytest.skip("simxen is not built")

    def run(faults, script, seed=1):
        plan = tmp_path / "faults"
        plan.write_text("# a plan\n\n" + "\n".join(faults) + "\n", encoding="ascii")
        options = [f"--seed={seed}"] + ([f"--faults={plan}"] if request.param == "file" else [])
        text = PRELUDE.format(here=str(HERE), commands=faults if request.param == "command" else []) + script
        result = subprocess.run([str(simxen), "run", *options, "--", "/usr/bin/python3", "-c", text], text=True, check=False,
                                capture_output=True, timeout=300, stdin=subprocess.DEVNULL,
                                env={**os.environ, "PATH": f"{simxen.parent}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"})
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout.splitlines()

    return run


def test_the_nth_call_fails(fault):
    assert fault(["fail event_channel_op.alloc_unbound nth=3 errno=ENFILE"], "print(*[host.alloc(a) for i in range(5)])") == ["1 2 ENFILE 3 4"]


def test_so_many_calls_fail(fault):
    assert fault(["fail event_channel_op.alloc_unbound nth=2 times=2"], "print(*[host.alloc(a) for i in range(5)])") == ["1 EIO EIO 2 3"]


def test_all_calls_of_a_family_fail(fault):
    lines = fault(["fail memory_op.* errno=ENOMEM"], "print(host.populate(a), host.populate(b)); ctl('clear'); print(len(host.populate(a)))")
    assert lines[-1] == "1" and set(lines[0].split()) <= {"ENOMEM", "EBUSY"}


def test_a_call_is_late(fault):
    assert fault(["fail event_channel_op.alloc_unbound delay=3000000 nth=2"], """
first, second, third = (timed(host.alloc, a) for i in range(3))
print(first[0], second[0], third[0], first[1] < 3, second[1] >= 3, third[1] < 3)""") == ["1 2 3 True True True"]


def test_others_go_on_while_a_call_waits(fault):
    assert fault(["fail event_channel_op.alloc_unbound delay=8000000 nth=1"], """
import os
child = os.fork()
if not child:
    os._exit(Host().alloc(a))
import time
time.sleep(1) # it asks
print(host.alloc(b), os.waitpid(child, os.WNOHANG)[0], os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))""") == ["1 0 1"]


LISTEN = """
port = host.bind(a, host.alloc(a))
first = host.pending()
host.unmask(port)
def heard():
    n = 0
    while (got := host.pending()):
        assert got == port
        n += 1
        host.unmask(port)
    return n
"""


def test_an_event_is_lost(fault):
    # the first event is that of binding; counted from it
    assert fault(["event lose domid=0 nth=3"], LISTEN + """
assert first == port
print(*[ctl('notify', a, 1) or heard() for i in range(4)])""") == ["1 0 1 1"]


def test_all_events_of_a_port_are_lost(fault):
    assert fault(["event lose port=1"], """
one = host.bind(a, host.alloc(a))
assert host.pending() == one, 'ports of dom0 begin above its kernel\\'s'
host.unmask(one)
ctl('notify', a, 1)
print(host.pending() == one)""") == ["True"]


def test_an_event_comes_twice(fault):
    assert fault(["event double domid=0 nth=2"], LISTEN + "print(*[ctl('notify', a, 1) or heard() for i in range(3)])") == ["2 1 1"]


def test_a_domain_dies_in_the_middle(fault):
    assert fault(["fail foreignmemory.map nth=2 kill=2"], """
frame = host.populate(b)[0]
first = host.map(b, frame)
print(isinstance(first, int), host.exists(b))
print(host.map(a, host.populate(a)[0]) != 'ESRCH')
while isinstance(host.alloc(b), int):
    pass
print(host.exists(a), host.alloc(b))""") == ["True True", "True", "True EINVAL"]


def test_a_call_finds_its_own_domain_dead(fault):
    assert fault(["fail event_channel_op.alloc_unbound nth=2 kill=1"], "print(host.alloc(a), host.alloc(a), host.alloc(b))") in (
        ["1 EINVAL 1"], ["1 ESRCH 1"])


def test_a_mapping_is_refused(fault):
    assert fault(["fail foreignmemory.map nth=1 errno=ENOMEM"], """
frame = host.populate(a)[0]
print(host.map(a, frame), isinstance(host.map(a, frame), int))""") == ["ENOMEM True"]


def test_a_grant_is_refused(fault):
    assert fault(["fail gntdev.map errno=ENOSPC"], "print(host.map_grant(a, 1)); ctl('clear'); print(host.map_grant(a, 1))") == [
        "ENOSPC", "EINVAL"]


def test_a_port_is_refused(fault):
    assert fault(["fail evtchn.bind_interdomain nth=1 errno=ENOSPC"], """
port = host.alloc(a)
print(host.bind(a, port), isinstance(host.bind(a, port), int))""") == ["ENOSPC True"]


def test_the_host_has_no_memory(fault):
    assert fault(["memory none"], """
print(host.create()); ctl('memory', 'ok'); print(len(host.populate(host.create(), 4)))""") == ["ENOMEM", "4"]


def test_the_host_has_a_little_memory(fault):
    # What Xen itself would need for the two domains counts as used.
    lines = fault(["memory 100"], """
assert isinstance(a, int)
n = 0
while n < 64 and isinstance(host.populate(a), list):
    n += 1
ctl('memory', 'ok')
print(n < 64, isinstance(host.populate(a), list))""")
    assert lines == ["True True"]


def test_a_domain_has_no_ports(fault):
    assert fault(["ports none 1"], "print(host.alloc(a), host.alloc(b)); ctl('ports', 'ok', 1); print(host.alloc(a))") == ["ENOSPC 1", "1"]


def test_dom0_has_no_ports(fault):
    assert fault(["ports none 0"], """
port = host.alloc(a)
print(port, host.bind(a, port)); ctl('ports', 'ok'); print(isinstance(host.bind(a, port), int))""") == ["1 ENOSPC", "True"]


def test_chance_follows_the_seed(fault):
    draw = "print(*[host.alloc(a) == 'EIO' for i in range(40)])"
    faults = ["fail event_channel_op.alloc_unbound chance=30"]
    one, again, other = fault(faults, draw, seed=7), fault(faults, draw, seed=7), fault(faults, draw, seed=8)
    assert one == again and one != other
    assert 2 <= one[0].count("True") <= 25
    assert fault(["seed 8", *faults], draw, seed=7) == other


def test_clear_ends_all(fault):
    assert fault(["fail event_channel_op.*", "memory none", "ports none", "event lose", "clear"], LISTEN + """
print(first == port, len(host.populate(a)), ctl('notify', a, 1) or heard())""") == ["True 1 1"]


def test_a_file_that_cannot_be_understood_stops_the_start(build, tmp_path):
    simxen = build / "simxen/simxen"
    if not simxen.is_file():
        pytest.skip("simxen is not built")
    plan = tmp_path / "faults"
    plan.write_text("fail x\nfial y\n", encoding="ascii")
    result = subprocess.run([str(simxen), "run", f"--faults={plan}", "--", "true"], text=True, check=False, capture_output=True, timeout=300)
    assert result.returncode != 0
    assert "fial" in result.stderr
