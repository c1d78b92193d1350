# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons and domains on a real Xen, in the machine that tests/xen boots; tests/relay runs in it and does what is said here."""
import contextlib
import socket
import sys
import threading
import time
from pathlib import Path

from .says import StoreError

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS / "xen"))

from bed.cache import BedError  # noqa: E402
from bed.session import Job, Session  # noqa: E402

PERIOD = 0.0005         # seconds between two looks at the file
ORDER_SECONDS = 60
GONE_SECONDS = 120       # a dead domain stays until nobody maps its pages
DAEMONS = {"ours": "xenstored", "C": "stock"}
# The kernel looks at its devices when it first hears of a store; nothing of that belongs to a scenario.
SCRIPT = """# SPDX-License-Identifier: GPL-2.0-or-later
[ -e /dev/xen/privcmd ] || xen_devices || give_up "Xen's devices are there"
start_store || give_up "xenstored starts"
sleep 1
kill -9 $store_pid
ln -s "$STOCK/xenstored" /bin/stock
ok "all was done" relay /share/wire "$GUESTS/guest"
"""


class Channel:
    """A connection in the machine; .ours is the end of a socket that stands for it here."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        # Answers may wait for somebody who is about to ask for something else.
        self.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)


class RealXen:
    """The machine, until the block ends; one daemon at a time."""

    def __init__(self, build, name, line=lambda text: None):
        self.build, self.name = build.absolute(), name
        self.folder = None
        self.answers = []
        self.channels = {}
        self.next_channel = 0
        self.lock = threading.RLock()           # of the channels, and of the file that grows
        self.is_over = False
        self.line = line

    @contextlib.contextmanager
    def up(self, scratch):
        """Boots it; scratch: a folder for the script."""
        script = scratch / "wire.sh"
        script.write_text(SCRIPT, encoding="ascii")
        job = Job(script=script, build=self.build, store={"ours": "ours", "C": "stock"}[self.name],
                  extra=[self.build / "tests/relay/relay"])
        try:
            with Session(job) as session:
                self.folder = session.folder / "share/wire"
                self.folder.mkdir()
                with open(self.folder / "to", "ab", buffering=0) as self.to:
                    session.start()
                    self._first_answer(session)
                    threading.Thread(target=self._pump, daemon=True).start()
                    yield self
                    self.ask("end")
                    self.is_over = True
                session.machine.wait(lambda: session.status() is not None, 30, "the end of relay")
                if session.status():
                    raise StoreError("relay: " + " ".join(session.new_output()))
        except BedError as error:
            raise StoreError(str(error)) from None
        finally:
            self.is_over = True

    def _first_answer(self, session):
        def has_begun():
            path = self.folder / "from"
            return session.status() is not None or (path.exists() and path.read_bytes().endswith(b"\n"))
        session.machine.wait(has_begun, 60, "the start of relay")
        if session.status() is not None:
            raise StoreError("relay: " + " ".join(session.new_output()))
        self.source = open(self.folder / "from", "rb")      # pylint: disable=consider-using-with
        self.rest = b""
        self._look()
        if self.answers != [["ok"]]:
            raise StoreError(f"relay cannot work: {self.answers}")
        self.answers.clear()

    # -- the two files

    def _look(self):
        """Takes what has come."""
        data = self.rest + self.source.read()
        *lines, self.rest = data.split(b"\n")
        for line in lines:
            words = line.decode("ascii").split()
            if words[0] == "heard":
                channel = self.channels.get(int(words[1]))
                if channel:
                    self._hand_over(channel, bytes.fromhex(words[2]))
            elif words[0] == "closed":
                channel = self.channels.pop(int(words[1]), None)
                if channel:
                    channel.theirs.close()
            else:
                self.answers.append(words)
        return bool(lines)

    @staticmethod
    def _hand_over(channel, data):
        channel.theirs.setblocking(True)
        with contextlib.suppress(OSError):
            channel.theirs.sendall(data)
        channel.theirs.setblocking(False)

    def _forward(self):
        """What was written into channels goes out; those that were closed are."""
        for number, channel in list(self.channels.items()):
            while True:
                try:
                    data = channel.theirs.recv(4096)
                except BlockingIOError:
                    break
                except OSError:
                    data = b""
                if not data:
                    del self.channels[number]
                    channel.theirs.close()
                    self._order("close", number)
                    break
                self._write("say", number, data.hex())

    def _write(self, *words):
        self.to.write(" ".join(str(word) for word in words).encode("ascii") + b"\n")

    def _pump(self):
        while not self.is_over:
            with self.lock:
                self._forward()
                moved = self._look()
            if not moved:
                time.sleep(PERIOD)

    def _order(self, *words):
        """Holding the lock: one order and its answer."""
        self._write(*words)
        deadline = time.monotonic() + ORDER_SECONDS
        while not self.answers:
            if not self._look():
                time.sleep(PERIOD)
            if time.monotonic() > deadline:
                raise StoreError(f"relay: no answer to {' '.join(str(word) for word in words)}")
        return self.answers.pop(0)

    def ask(self, *words):
        """One order, after all that was said before it; the words after "ok"."""
        with self.lock:
            self._forward()
            answer = self._order(*words)
        if answer[0] != "ok":
            raise StoreError(f"relay: {' '.join(str(word) for word in words)}: {' '.join(answer)}")
        return answer[1:]

    @contextlib.contextmanager
    def running(self, options=()):
        """A new daemon with an empty store."""
        self.ask("start", DAEMONS[self.name], "--no-fork", "--pid-file=/run/xenstored.pid", *options)
        self.channels.clear()
        yield Running(self)

    def joined(self, domid=0):
        """A new connection through a domain's ring, or, 0, to the daemon's socket."""
        channel = Channel()
        with self.lock:
            number = self.next_channel = (self.next_channel + 1) % 256
            self._forward()
            self.channels[number] = channel
            try:
                self.ask("open", number, domid)
            except StoreError:
                del self.channels[number]
                raise
        return channel.ours


class Running:
    """A daemon that serves there, as stores.daemons.Running, and the host around it, as stores.host.SimHost."""

    def __init__(self, machine):
        self.machine = machine
        self.host = self

    def check_alive(self):
        """A daemon that ended while it was asked has lost, whatever it answered."""
        try:
            self.machine.ask("lives")
        except StoreError:
            log = (self.machine.folder / "log").read_text(errors="replace")[-2000:]
            raise StoreError(f"{self.machine.name} ended\n{log}") from None

    def connect(self):
        """A new connection to its socket."""
        return self.machine.joined()

    def connector(self, domid):
        """Makes connections through a domain's ring."""
        return lambda: self.machine.joined(domid)

    def create(self, domid):
        """Makes a domain of this number; returns its store frame and port. Waits for a dying one to go."""
        deadline = time.monotonic() + GONE_SECONDS
        while True:
            try:
                frame, port = self.machine.ask("create", domid)
                return int(frame), int(port)
            except StoreError as error:
                if "EEXIST" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def destroy(self, domid):
        """Ends a domain."""
        self.machine.ask("destroy", domid)

    def shutdown(self, domid, reason):
        """It stops, as if by itself."""
        self.machine.ask("shutdown", domid, reason)

    def peek(self, domid, offset):
        """A word of the domain's store page, as the domain sees it."""
        return int(self.machine.ask("peek", domid, offset)[0])

    def poke(self, domid, offset, value):
        """The domain writes a word of its store page."""
        self.machine.ask("poke", domid, offset, value)

    def kick(self, domid):
        """The domain sends an event on its store port."""
        self.machine.ask("kick", domid)

    def quiet(self, domid, on):
        """It leaves answers in the ring, or takes them again."""
        self.machine.ask("quiet", domid, int(on))
