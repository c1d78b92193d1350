# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated host with our daemons on it, and a picture of all that a creation could leave behind."""
import mmap
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "wire"))

from player.client import Client, to_socket  # noqa: E402
from player.scenario import TYPES  # noqa: E402

SOCKET = "/run/xenstored/socket"
FOLDERS = ("/run/xencreate", "/var/lib/xen", "/run/xen")
# What is no leftover: libxl's list of recent domain numbers.
KNOWN = {"/run/xen/domid-history", "/run/xen/domid-history.lock"}
SHARED = struct.Struct("QQIi48s")       # struct steps
COUNT, FAIL, KILL = range(3)
LAST = []       # what the last programs said


class Steps:
    """The file that tells the preloaded library which step to spoil, and how."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(SHARED.size))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), SHARED.size)

    def set(self, target, action, error=0):
        """From now on."""
        self.map[:] = SHARED.pack(0, target, action, error, b"")

    def seen(self):
        """How many steps were taken, and the name of the target if it was."""
        n, _, _, _, name = SHARED.unpack(self.map[:])
        return n, name.split(b"\0")[0].decode()


def wait_until(true, seconds=120.0):
    """Polls until it is so; returns whether it came."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Host:
    """Daemons up; pictures of what is there."""

    def __init__(self, build):
        self.build = build
        self.daemons = []
        log = open("/run/xen/daemons.log", "ab")   # pylint: disable=consider-using-with
        self._start([build / "xenstored/xenstored", "--no-fork", "--pid-file=/run/xen/xenstored.pid"], log)
        assert wait_until(Path(SOCKET).exists), "xenstored does not start"
        subprocess.run(["xen-init-dom0"], check=True, stdout=subprocess.DEVNULL)
        self._start([build / "xenconsoled/xenconsoled", "--interactive", "--pid-file=/run/xen/xenconsoled.pid"], log)
        self.store = Client(to_socket(SOCKET))
        time.sleep(0.5)     # until the console daemon has its watches

    def _start(self, line, log):
        # pylint: disable-next=consider-using-with
        self.daemons.append(subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def end(self):
        """Ends the daemons."""
        self.store.close()
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait(60)

    def _ask(self, name, path):
        self.store.request(TYPES[name], path.encode() + b"\0")
        return self.store.answer(120)

    def nodes(self, path="/"):
        """Every node's path, apart from what only the first domain brings."""
        found = set()
        folders = [path]
        while folders:
            folder = folders.pop()
            answer = self._ask("DIRECTORY", folder)
            if answer.type == TYPES["ERROR"]:
                continue
            for name in answer.payload.decode().split("\0")[:-1]:
                child = f"{folder.rstrip('/')}/{name}"
                found.add(child)
                folders.append(child)
        return found - {"/vm", "/libxl"}

    @staticmethod
    def files():
        """Every file that a creation might write."""
        return {str(path) for folder in FOLDERS for path in Path(folder).rglob("*") if path.is_file()} - KNOWN

    def picture(self):
        """All that must be as before."""
        status = dict(line.split() for line in subprocess.run(["simxen", "ctl", "status"], text=True, check=True,
                                                              capture_output=True).stdout.splitlines() if len(line.split()) == 2)
        ports = subprocess.run([self.build / "lsevtchn/lsevtchn", "0"], text=True, check=True, capture_output=True).stdout
        return {"domains": {status["domains"]}, "free memory": {status["free_pages"]}, "nodes": self.nodes(),
                "dom0's ports": set(ports.splitlines()), "files": self.files()}

    def leftovers(self, before, seconds, allowed=()):
        """What is there that was not, once nothing changes any more: lines of text. @allowed: how those begin that may be."""
        found = []

        def same():
            found.clear()
            now = self.picture()
            for what, items in now.items():
                found.extend(f"{what}: {item} is new" for item in sorted(items - before[what])[:5])
                found.extend(f"{what}: {item} is gone" for item in sorted(before[what] - items)[:5])
            found[:] = [line for line in found if not line.startswith(tuple(allowed))]
            return not found

        wait_until(same, seconds)
        return list(found)


def session_members(session):
    """Pids of a session's processes that still run."""
    members = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(int(folder.name))
    return members


def run(line, environment, seconds=300):
    """A program in a session of its own: (status or -signal, what it said on stderr, processes that stay)."""
    with subprocess.Popen([str(word) for word in line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, **environment}, start_new_session=True) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[0] + b"\n(it hung)"
        session = process.pid
    LAST[:] = [*LAST[-8:], f"$ {' '.join(map(str, line))}", f"status {process.returncode}", said.decode(errors="replace")]
    wait_until(lambda: not session_members(session), 30)
    return process.returncode, said.decode(errors="replace"), session_members(session)
