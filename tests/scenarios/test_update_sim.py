# SPDX-License-Identifier: GPL-2.0-or-later
"""Live update and takeover on a simulated host: programs connected, guests with rings at work."""
import itertools
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))

from stores.daemons import Ours, StockC     # noqa: E402
from stores.says import StoreError          # noqa: E402

CONTROL, DIRECTORY, READ, WATCH, TRANSACTION_START, TRANSACTION_END, INTRODUCE = 0, 1, 2, 4, 6, 7, 8
RELEASE, GET_DOMAIN_PATH, WRITE, RM, SET_PERMS, EVENT, ERROR, IS_DOMAIN_INTRODUCED = 9, 10, 11, 13, 14, 15, 16, 17
OK = b"OK\0"
OTHER = {"ours": "C", "C": "ours"}


class Client:
    """A connection; events are put aside."""

    def __init__(self, path):
        self.link = socket.socket(socket.AF_UNIX)
        # Not with settimeout(): C xenstored lets one wait at a time, and others are refused unless they do.
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("=qq", 30, 0))
        self.link.connect(str(path))
        self.link.settimeout(120)
        self.events = []
        self.req_id = 0

    def send(self, kind, *strings, tx=0, raw=None):
        payload = raw if raw is not None else b"".join(s.encode() + b"\0" for s in strings)
        self.req_id += 1
        self.link.sendall(struct.pack("=4I", kind, self.req_id, tx, len(payload)) + payload)

    def _take(self, n):
        data = b""
        while len(data) < n:
            piece = self.link.recv(n - len(data))
            assert piece, "the connection was closed"
            data += piece
        return data

    def message(self):
        """The next one, whatever it is: (type, payload)."""
        kind, req_id, _, length = struct.unpack("=4I", self._take(16))
        return kind, req_id, self._take(length)

    def answer(self):
        while True:
            kind, req_id, payload = self.message()
            if kind == EVENT:
                self.events.append(payload.split(b"\0")[0].decode())
                continue
            assert req_id == self.req_id
            return kind, payload

    def ask(self, kind, *strings, tx=0, raw=None):
        self.send(kind, *strings, tx=tx, raw=raw)
        return self.answer()

    def event(self):
        """Waits for one."""
        while not self.events:
            kind, _, payload = self.message()
            assert kind == EVENT
            self.events.append(payload.split(b"\0")[0].decode())
        return self.events.pop(0)


class Pinger(threading.Thread):
    """A client that writes, reads and hears of it all the time; counts how often, and the longest wait."""

    def __init__(self, client, path):
        super().__init__(daemon=True)
        self.client, self.path = client, path
        self.count, self.longest, self.failed, self.stop = 0, 0, None, False
        assert client.ask(WRITE, raw=path.encode() + b"\0-1")[0] == WRITE
        assert client.ask(WATCH, path, "ping")[0] == WATCH
        assert client.event() == path
        self.start()

    def run(self):
        try:
            while not self.stop:
                began = time.monotonic()
                value = b"%d" % self.count
                kind, payload = self.client.ask(WRITE, raw=self.path.encode() + b"\0" + value)
                assert (kind, payload) == (WRITE, OK), payload
                assert self.client.event() == self.path
                assert self.client.ask(READ, self.path) == (READ, value)
                self.count += 1
                self.longest = max(self.longest, time.monotonic() - began)
        except Exception as failed:      # pylint: disable=broad-exception-caught
            self.failed = failed

    def end(self):
        self.stop = True
        self.join(300)
        assert not self.failed, repr(self.failed)
        assert not self.client.events
        return self.count


class World:
    """A daemon on a host, guests and programs at work."""

    def __init__(self, build, running, n_guests):
        self.build, self.running = build, running
        self.toolstack = Client(running.socket)
        self.pingers = []
        self.first = 1
        for _ in range(n_guests):
            self.add_guest()
        self.pingers.append(Pinger(Client(running.socket), "/tool/ping"))

    def add_guest(self):
        domid, self.first = self.first, self.first + 1
        home = f"/local/domain/{domid}"
        assert self.toolstack.ask(WRITE, raw=home.encode() + b"\0")[0] == WRITE
        frame, port = self.running.host.create(domid)
        assert self.toolstack.ask(SET_PERMS, home, f"n{domid}") == (SET_PERMS, OK)
        assert self.toolstack.ask(INTRODUCE, str(domid), str(frame), str(port)) == (INTRODUCE, OK)
        self.pingers.append(Pinger(Client(self.running.host.ring(domid)), home + "/ping"))

    def update(self, program, *arguments, start=("-t", "20"), by=None):
        """Replaces the daemon; the answer to the command."""
        by = by or self.toolstack
        answer = by.ask(CONTROL, "live-update", "-f", str(program))
        assert answer == (CONTROL, OK), answer
        if arguments:
            answer = by.ask(CONTROL, "live-update", "-c", " ".join(str(word) for word in arguments))
            assert answer == (CONTROL, OK), answer
        return by.ask(CONTROL, "live-update", "-s", *start)

    def reconnect(self):
        """Waits for a daemon that was started again; the one that has ended may still accept for a moment."""
        end = time.monotonic() + 120
        before = self.running.pid
        while True:
            try:
                self.running.find_pid()
                self.toolstack = Client(self.running.socket)
                if self.running.pid != before and self.toolstack.ask(READ, "/")[0] == READ:
                    return
            except (OSError, AssertionError):
                pass
            assert time.monotonic() < end, self.running.log()
            time.sleep(0.01)

    def to(self, name):
        """Replaces the daemon by another kind."""
        daemon = {"ours": Ours, "C": StockC}[name](self.build)
        words = daemon.command(self.running.folder, self.running.host, [])
        answer = self.update(words[0], *words[1:])
        assert answer == (CONTROL, OK), answer
        assert os.readlink(f"/proc/{self.running.pid}/exe") == str(words[0])

    def all_go_on(self):
        """Has everybody made progress from now on?"""
        before = [pinger.count for pinger in self.pingers]
        end = time.monotonic() + 120
        while any(pinger.count < old + 3 for pinger, old in zip(self.pingers, before)):
            for pinger in self.pingers:
                assert not pinger.failed, repr(pinger.failed)
            assert time.monotonic() < end, f"somebody waits: {before}, {[p.count for p in self.pingers]}"
            self.running.check_alive()
            time.sleep(0.005)

    def end(self):
        return sum(pinger.end() for pinger in self.pingers)


def started(build, name, options=()):
    daemon = {"ours": Ours, "C": StockC}[name](build)
    if not daemon.present():
        pytest.skip(f"{name} or the simulated host is not there")
    return daemon.running(options=options)


def n_descriptors(running):
    return len(os.listdir(f"/proc/{running.pid}/fd"))


def test_ours_to_ours_many_times(build):
    with started(build, "ours") as running:
        world = World(build, running, 5)
        world.to("ours")
        before = n_descriptors(running)
        for _ in range(10):
            world.to("ours")
            world.all_go_on()
            assert n_descriptors(running) == before
        world.add_guest()
        world.all_go_on()
        assert world.end() > 100
        assert not (running.folder / "state_dump").exists()
        assert world.toolstack.ask(CONTROL, "check") == (CONTROL, OK)


@pytest.mark.parametrize("names", [("C", "ours"), ("ours", "C"), ("C", "ours", "C", "ours", "ours", "C")], ids=" to ".join)
def test_from_one_kind_to_another(build, names):
    with started(build, names[0]) as running:
        world = World(build, running, 5)
        for name in names[1:]:
            world.to(name)
            world.all_go_on()
        world.add_guest()
        world.all_go_on()
        running.host.destroy(2)
        released = Client(running.socket)
        assert released.ask(WATCH, "@releaseDomain", "r")[0] == WATCH
        world.pingers[1].stop = True
        assert world.toolstack.ask(DIRECTORY, "/local/domain")[0] == DIRECTORY
        del world.pingers[1]
        assert world.end() > 50


TO_TAKE = "there is a store to take over"
SLIPS = {"--no-such-option": TO_TAKE, "--entry-nb=many": TO_TAKE, "and": TO_TAKE, "--config-file=/no/such/file": TO_TAKE,
         "--pid-file=/no/such/folder/pid": TO_TAKE, "--state-dir=/proc/no/such/folder": "nothing can be kept",
         # It ends in no name under which another folder could take its place.
         "--state-dir={folder}/state/..": "nothing can be kept",
         "--kva-path=/no/such/file": "dom0's kernel is not served", "--port-path=/no/such/file": "dom0's kernel is not served",
         "--trace-file=/no/such/file": "/no/such/file", "--access-log=/no/such/file": "/no/such/file",
         "--read-only-socket=/no/such/socket": "nobody is served there"}


@pytest.mark.parametrize("word", SLIPS)
def test_a_slip_in_an_argument_does_not_cost_the_store(build, word):
    """Xen's daemon tries nothing before it goes, and what it has given away is lost if it is not taken."""
    with started(build, "C") as running:
        world = World(build, running, 3)
        program, *arguments = Ours(build).command(running.folder, running.host, [])
        assert world.update(program, *arguments, word.format(folder=running.folder)) == (CONTROL, OK)
        assert os.readlink(f"/proc/{running.pid}/exe") == str(program)
        world.all_go_on()
        assert SLIPS[word] in running.log(), running.log()
        world.to("ours")
        world.all_go_on()
        assert world.end() > 20


@pytest.mark.parametrize("names", [("C", "ours"), ("ours", "ours"), ("C", "ours", "ours")], ids=" to ".join)
def test_a_ring_that_could_not_be_taken_over_can_be_introduced_anew(build, names):
    """Its port is still bound, and nobody knows it: it must not be in the way of the next one."""
    with started(build, names[0]) as running:
        world = World(build, running, 0)
        frame, port = running.host.create(8)
        assert world.toolstack.ask(INTRODUCE, "8", str(frame), str(port)) == (INTRODUCE, OK)
        guest = Client(running.host.ring(8))
        home = (GET_DOMAIN_PATH, b"/local/domain/8\0")
        assert guest.ask(GET_DOMAIN_PATH, "8") == home
        running.host.control("fail", "gntdev.map")
        world.to(names[1])
        running.host.control("clear")
        assert "domain 8: its ring cannot be served again" in running.log()
        for name in names[2:]:
            world.to(name)
        assert world.toolstack.ask(IS_DOMAIN_INTRODUCED, "8") == (IS_DOMAIN_INTRODUCED, b"F\0")
        assert world.toolstack.ask(INTRODUCE, "8", str(frame), str(port)) == (INTRODUCE, OK)
        assert world.toolstack.ask(IS_DOMAIN_INTRODUCED, "8") == (IS_DOMAIN_INTRODUCED, b"T\0")
        assert guest.ask(GET_DOMAIN_PATH, "8") == home
        assert world.toolstack.ask(RELEASE, "8") == (RELEASE, OK)
        world.end()


class Mortal(Ours):
    """Ends at a step of a live update, and is started again, as itself, by a shell that stands for the service manager."""

    def __init__(self, build, step):
        super().__init__(build)
        self.step = step.replace(" ", "_")

    def command(self, folder, host, options):
        words = super().command(folder, host, options)
        self.again = words[1:]
        return ["/bin/sh", "-c", 'first=$1; shift; "$first" "$@"; shift; exec "$0" "$@"', words[0],
                self.build / "tests/killer/xenstored-steps", f"--die-at=1:{self.step}", *words[1:]]


STEPS = ["stream written", "handed over", "about to become another", "state of the next daemon complete",
         "state replaced", "taken over"]


@pytest.mark.parametrize("step", STEPS)
def test_guests_go_on_if_it_is_killed_at(build, step):
    daemon = Mortal(build, step)
    if not daemon.present() or not (build / "tests/killer/xenstored-steps").is_file():
        pytest.skip("the simulated host is not there")
    with daemon.running() as running:
        world = World(build, running, 5)
        world.pingers.pop().end()           # it has a socket, which ends
        world.toolstack.ask(WRITE, raw=b"/kept\0x")
        world.toolstack.ask(CONTROL, "live-update", "-f", str(build / "tests/killer/xenstored-steps"))
        arguments = " ".join(str(word) for word in daemon.again)
        world.toolstack.ask(CONTROL, "live-update", "-c", f"--die-at=1:{daemon.step} {arguments}")
        with pytest.raises((AssertionError, ConnectionError)):
            world.toolstack.ask(CONTROL, "live-update", "-s", "-t", "20")
        world.reconnect()
        assert world.toolstack.ask(READ, "/kept") == (READ, b"x")
        world.all_go_on()
        world.to("ours")
        world.all_go_on()
        assert world.end() > 20
        assert not (running.folder / "state_dump").exists()
        assert "ends at" in running.log()
