# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated Xen host below a daemon, and the domains on it."""
import os
import select
import socket
import subprocess
import time

from .says import StoreError

START_SECONDS = 120
GONE_SECONDS = 120       # a dead domain stays until nobody maps its pages


def joined(path):
    """A connection to a socket."""
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(str(path))
    return stream


class SimHost:
    """simxen around one daemon, and tests/stores/guests beside it, which makes domains and plays their rings."""

    def __init__(self, build, folder):
        self.build = build
        self.folder = folder / "host"
        self.kva = self.folder / "proc/xsd_kva"
        self.port = self.folder / "proc/xsd_port"
        self.run_xenstored = self.folder / "run-xenstored"
        self.helper = None
        self.process = None     # of a host that stands alone

    @staticmethod
    def present(build):
        """Is simxen built?"""
        return (build / "simxen/simxen").is_file() and (build / "tests/stores/guests").is_file()

    def around(self, words):
        """The command that starts the host with these words on it."""
        return [self.build / "simxen/simxen", "run", "-d", self.folder, "--", *words]

    def stand(self):
        """The host alone, until end(): for daemons that come and go."""
        # What runs on it begins when it is up.
        self.process = subprocess.Popen([str(word) for word in [self.build / "simxen/simxen", "run", "-n", "-d", self.folder,
                                                                "--", "sh", "-c", "echo; exec cat"]],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with self.process.stdout as said:
            if not select.select([said], [], [], START_SECONDS)[0] or not said.readline():
                raise StoreError("simxen does not start")

    def environment(self):
        """For programs on a host that stands alone."""
        return {"SIMXEN_DIR": str(self.folder), "LD_LIBRARY_PATH": str(self.build / "simxen/.libs")}

    def store_options(self):
        """Where a store finds dom0's ring, for our xenstored on a host that stands alone."""
        return ["--kva-path", str(self.kva), "--port-path", str(self.port)]

    def control(self, *words):
        """A command of simxen ctl."""
        subprocess.run([str(word) for word in [self.build / "simxen/simxen", "ctl", *words]], check=True,
                       env={**os.environ, **self.environment()})

    def _ask(self, *words):
        """One command to the helper; returns the words after "ok"."""
        if not self.helper:
            self.helper = subprocess.Popen([str(self.build / "tests/stores/guests")], text=True,
                                           env={**os.environ, **self.environment()},
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if self.helper.stdout.readline() != "ready\n":
                raise StoreError("tests/stores/guests did not start")
        line = " ".join(str(word) for word in words)
        self.helper.stdin.write(line + "\n")
        self.helper.stdin.flush()
        answer = self.helper.stdout.readline().split()
        if answer[:1] != ["ok"]:
            raise StoreError(f"guests: {line}: {' '.join(answer) or 'it ended'}")
        return answer[1:]

    def create(self, domid):
        """Makes a domain of this number; returns its store frame and port. Waits for a dying one to go."""
        deadline = time.monotonic() + GONE_SECONDS
        while True:
            try:
                _, frame, port = self._ask("create", domid)
                return int(frame), int(port)
            except StoreError as error:
                if "EEXIST" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def create_many(self, number, path):
        """Makes domains and writes a line "domid frame port" for each."""
        self._ask("many", number, path)

    def destroy(self, domid):
        """Ends a domain."""
        self._ask("destroy", domid)

    def shutdown(self, domid, reason):
        """The domain stops by itself."""
        self._ask("shutdown", domid, reason)

    def ring(self, domid):
        """A socket path: whoever connects speaks through the domain's ring."""
        path = self.folder / f"ring{domid}"
        self._ask("ring", domid, path)
        return path

    def connector(self, domid):
        """Makes connections through a domain's ring; each begins with a clean sheet."""
        return lambda: joined(self.ring(domid))

    def peek(self, domid, offset):
        """A word of the domain's store page."""
        return int(self._ask("peek", domid, offset)[0])

    def poke(self, domid, offset, value):
        """Writes a word of the domain's store page."""
        self._ask("poke", domid, offset, value)

    def kick(self, domid):
        """The guest sends an event on its store port."""
        self._ask("kick", domid)

    def quiet(self, domid, on):
        """Leaves answers in the ring, or reads them again."""
        self._ask("quiet", domid, int(on))

    def end(self):
        """Ends the helper, and a host that stands alone; another one ends with its daemon."""
        if self.helper:
            self.helper.stdin.close()
            self.helper.wait(120)
            self.helper.stdout.close()
            self.helper = None
        if self.process:
            self.process.stdin.close()
            self.process.wait(120)
