# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that break simxend's protocol hurt nobody but themselves."""
import mmap
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
WIRE = (HERE.parents[1] / "simxen/wire.h").read_text(encoding="utf-8")
HELLO, OPEN_EVTCHN, COMMAND = 1, 2, 3
N_CALLS = 16


def number(name):
    """A constant of wire.h."""
    return eval(re.search(rf"^#define {name}\s+(.*?)\s*(?:/\*.*)?$", WIRE, re.MULTILINE)[1].replace("u", ""))  # pylint: disable=eval-used


VERSION, PORTS, CPUS, GROUP, GROUPS = (number(f"WIRE_{name}") for name in ("VERSION", "PORTS", "CPUS", "GROUP", "GROUPS"))
# struct wire_area: owners, buffers, then a line of 64 bytes per CPU and one of 128 per slot
CPUS_AT = (4 * PORTS + 8 * GROUPS + 63) // 64 * 64
SLOTS_AT = (CPUS_AT + 64 * CPUS + 127) // 128 * 128
AREA_BYTES = SLOTS_AT + 128 * GROUP * GROUPS


class Client:
    """A connection by hand, without the libraries."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(60)
        self.socket.connect(os.environ["SIMXEN_DIR"] + "/simxend.sock")

    def ask(self, data, n_fds=2):
        """(answer, descriptors); an empty answer: hung up."""
        try:
            self.socket.send(data)
            answer, fds, _, _ = socket.recv_fds(self.socket, 8192, n_fds)
        except (ConnectionResetError, BrokenPipeError):
            return b"", []
        return answer, list(fds)

    def hello(self):
        """The shared area, mapped, and the number of our first slot."""
        answer, fds = self.ask(struct.pack("<II", HELLO, VERSION))
        error, first = struct.unpack_from("<iI", answer)
        assert error == 0
        area = mmap.mmap(fds[1], AREA_BYTES)
        for fd in fds:
            os.close(fd)
        return area, first


def good_one():
    """Does an honest program get its answers?"""
    return subprocess.run(["simxen", "ctl", "status"], check=False, stdout=subprocess.DEVNULL, timeout=300).returncode == 0 and \
        subprocess.run([sys.executable, "-c", f"import sys; sys.path.append({str(HERE)!r}); import simprobe; h = simprobe.Host(); "
                        "d = h.create(); assert h.alloc(d) == 1 and h.destroy(d) == 0"], check=False, timeout=300).returncode == 0


def frames(rand):
    """Messages of every wrong form on the control connection."""
    texts = [b"", b"fail", b"fail " + b"x" * 4000, b"\0", b"notify 1", b"notify -1 -1", b"notify 70000 1", b"notify 0 131072", b"memory 1x",
             b"conring " + b"%s%n" * 900, b"a " * 1000, b"event lose port=99999999999999999999"]
    for text in texts:
        Client().ask(struct.pack("<II", COMMAND, VERSION) + text)
    for length in (0, 1, 4, 7, 8, 9, 4096, 8192, 60000):
        Client().ask(rand.randbytes(length))
    for request in (HELLO, OPEN_EVTCHN, COMMAND, 0, 4, 2**32 - 1):
        for version in (VERSION, 0, 2**32 - 1):
            client = Client()
            for _ in range(3):
                for fd in client.ask(struct.pack("<II", request, version))[1]:
                    os.close(fd)
    # descriptors that nobody asked for; leaving without reading
    client = Client()
    with open("/dev/null", "rb") as null:
        socket.send_fds(client.socket, [struct.pack("<II", HELLO, VERSION)], [null.fileno()] * 20)
    client.socket.close()


def slots(rand):
    """Calls with any number and any arguments, and lists that are rings or rubbish."""
    client = Client()
    area, first = client.hello()
    heads = [CPUS_AT + 64 * cpu for cpu in range(os.cpu_count())]

    def at(slot):
        return SLOTS_AT + 128 * slot

    def any_number():
        return rand.choice([0, 1, 2, 5, 4096, 0x7ff0, 0x10000, 2**31, 2**32 - 1, 2**47 - 4096, 2**63, 2**64 - 4096, 2**64 - 1,
                            rand.randrange(2**16) << 12])

    for step in range(1500):
        slot = first + rand.randrange(GROUP)
        call = rand.randrange(N_CALLS) if step % 50 else rand.randrange(2**32)
        struct.pack_into("<IIII7Qq", area, at(slot), 1, 0, call, 1, *[any_number() for _ in range(7)], 0)
        struct.pack_into("<I", area, rand.choice(heads), slot + 1)
        if step % 100 == 0:
            time.sleep(0.01)
    # a list without end, one that leaves the area, a head that does
    for nexts, head in (([first + 1], first + 1), ([first + 2, first + 1], first + 1), ([2**32 - 1], first + 1), ([0], 2**32 - 1)):
        for i, each in enumerate(nexts):
            struct.pack_into("<II", area, at(first + i), 1, each)
        for where in heads:
            struct.pack_into("<I", area, where, head)
        wake(area)
        time.sleep(0.05)
    # where ports belong and where buffers lie, all wrong
    area[:CPUS_AT] = rand.randbytes(CPUS_AT)
    wake(area)


def wake(area):
    """Honest calls from every CPU, so that the threads look at their lists."""
    del area
    for cpu in range(os.cpu_count()):
        subprocess.run(["taskset", "-c", str(cpu), "simxen", "ctl", "status"], check=False, stdout=subprocess.DEVNULL, timeout=300)


def handles(rand):
    """Words of any value on a handle of event channels, cut anywhere."""
    client = Client()
    client.hello()
    for _ in range(20):
        _, fds = client.ask(struct.pack("<II", OPEN_EVTCHN, VERSION), 1)
        with socket.socket(fileno=fds[0]) as handle:
            handle.settimeout(60)
            for _ in range(20):
                handle.send(rand.randbytes(rand.randrange(1, 3000)))
                handle.send(struct.pack("<4I", 0x80000000, 0x80000001, 131071, 0x80000000 | 131072))


def break_it():
    """All of it, and between the pieces an honest program."""
    rand = random.Random(int(sys.argv[1]))
    for attack in (frames, slots, handles):
        attack(rand)
        assert good_one(), attack.__name__
    print("stands")


@pytest.mark.parametrize("seed", range(3))
def test_a_broken_client_breaks_nothing(build, seed):
    """The host stands, serves others, and ends well (which in a build with sanitizers says that nothing was found)."""
    simxen = build / "simxen/simxen"
    if not simxen.is_file():
        pytest.skip("simxen is not built")
    result = subprocess.run([str(simxen), "run", "--", sys.executable, __file__, str(seed)], text=True, check=False, capture_output=True,
                            timeout=300, stdin=subprocess.DEVNULL,
                            env={**os.environ, "PATH": f"{simxen.parent}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"})
    assert result.returncode == 0 and result.stdout.splitlines()[-1] == "stands", result.stdout[-2000:] + result.stderr[-4000:]


if __name__ == "__main__":
    break_it()
