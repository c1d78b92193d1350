# SPDX-License-Identifier: GPL-2.0-or-later
"""xenstored in a folder, to be started, killed and asked."""
import contextlib
import os
import signal
import socket
import struct
import subprocess
import time

DIRECTORY, READ, GET_PERMS, WRITE, EVENT, ERROR = 1, 2, 3, 11, 15, 16


class Link:
    """One connection, request by request."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        self.socket.connect(str(path))
        self.events = []

    def _take(self, n_bytes):
        data = b""
        while len(data) < n_bytes:
            more = self.socket.recv(n_bytes - len(data))
            if not more:
                raise ConnectionResetError("the connection was closed")
            data += more
        return data

    def _message(self):
        kind, _, _, length = struct.unpack("=4I", self._take(16))
        return kind, self._take(length)

    def ask(self, kind, *words, raw=b""):
        """The payload of the answer, without its last NUL; an error's name."""
        payload = b"".join((word if isinstance(word, bytes) else str(word).encode()) + b"\0" for word in words) + raw
        self.socket.sendall(struct.pack("=4I", kind, 1, 0, len(payload)) + payload)
        while True:
            got, answer = self._message()
            if got != EVENT:
                return answer.rstrip(b"\0") if got in (kind, ERROR) else None
            self.events.append(answer.split(b"\0")[0])

    def write(self, path, value):
        return self.ask(WRITE, path, raw=value)


class Store:
    """The daemon in a folder: started, killed, started again."""

    def __init__(self, program, folder, options=("-D",), environment=None):
        self.program = program
        self.folder = folder
        self.options = options
        self.environment = {**os.environ, "XENSTORED_RUNDIR": str(folder), **(environment or {})}
        self.state = folder / "state"
        self.socket = folder / "socket"
        self.process = None
        self.said = ""

    def start(self, *options):
        """Whether it serves; if not, it has ended. What it said is in said."""
        self.socket.unlink(missing_ok=True)
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([str(self.program), "-N", *self.options, *options], env=self.environment, stderr=log)
        deadline = time.monotonic() + 120
        while self.process.poll() is None:
            with contextlib.suppress(OSError):
                assert Link(self.socket).ask(DIRECTORY, "/") is not None
                break
            assert time.monotonic() < deadline, "it neither serves nor ends"
            time.sleep(0.002)
        self.said = (self.folder / "log").read_text()
        assert self.process.poll() is None or self.process.returncode > 0, f"died of signal {self.process.returncode}"
        return self.process.poll() is None

    def link(self):
        return Link(self.socket)

    def end(self, number=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(300)

    def tree(self):
        """All nodes: path -> value, permissions, children in their order."""
        link, nodes, todo = self.link(), {}, [b"/"]
        while todo:
            path = todo.pop()
            children = link.ask(DIRECTORY, path).split(b"\0")
            nodes[path] = link.ask(READ, path), link.ask(GET_PERMS, path), children
            todo += [path.rstrip(b"/") + b"/" + child for child in children if child]
        return nodes


def spoil_journal(store):
    """Damage in the middle of what is kept."""
    journal = max((store.state / f"journal.{i}" for i in (0, 1)), key=lambda path: path.stat().st_mtime_ns)
    data = bytearray(journal.read_bytes())
    data[len(data.rstrip(b"\0")) // 2] ^= 4
    journal.write_bytes(data)


def dies(store, program, step, *options):
    """Whether xenstored-steps was killed at this step of its start."""
    store.socket.unlink(missing_ok=True)
    with subprocess.Popen([str(program), f"--die-at={step}", "-N", *store.options, *options], env=store.environment,
                          stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not store.socket.exists():
            time.sleep(0.002)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1 if store.socket.exists() else 20)
        is_dead = process.poll() == -signal.SIGKILL
        process.kill()
    return is_dead
