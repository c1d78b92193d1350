# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon under test: started, killed, started again."""
import os
import signal
import socket
import struct
import subprocess
import time

from .keeper import Keeper

START_SECONDS = 120


class Ended(Exception):
    """The daemon ended by itself before it served."""


class Daemon:
    """xenstored in a folder of its own."""

    def __init__(self, program, folder, options, environment):
        self.command = [str(program), "-N", *options]
        self.more_environment = environment
        self.folder = folder
        self.socket_path = f"{folder}/socket"
        self.log = open(f"{folder}/log", "ab")      # pylint: disable=consider-using-with
        self.process = None
        self.n_starts = 0
        self.step = None            # at which it ends; "N:NAME"
        self.next_step = None       # at which it ends after the next start

    def environment(self):
        return dict(os.environ, XENSTORED_RUNDIR=self.folder, **self.more_environment)

    def arguments(self):
        """The command line."""
        return self.command[:1] + ([f"--die-at={self.step}"] if self.step else []) + self.command[1:]

    def launch(self):
        """The process, before it serves."""
        return subprocess.Popen(self.arguments(), env=self.environment(), stderr=self.log, stdin=subprocess.DEVNULL)

    def start(self):
        """Returns the seconds until it served."""
        began = time.monotonic()
        self.step, self.next_step = self.next_step, None
        self.process = self.launch()
        self.n_starts += 1
        self._wait_until_it_serves(began)
        return time.monotonic() - began

    def _wait_until_it_serves(self, began):
        """Until it answers: a kept listener accepts before anybody serves."""
        probe = None
        while True:
            try:
                probe = probe or self._probe()
                if probe.recv(16):
                    probe.close()
                    return
                probe = None        # turned away
            except socket.timeout:
                pass
            except OSError:
                probe = None
                time.sleep(0.0005)
            if self.process.poll() == -signal.SIGKILL:
                raise Ended
            if self.process.poll() is not None:
                raise SystemExit(f"the daemon ended with {self.process.returncode}, see {self.folder}/log")
            if time.monotonic() > began + START_SECONDS:
                raise SystemExit(f"the daemon does not serve, see {self.folder}/log")

    def _probe(self):
        link = self.connect()
        link.settimeout(0.002)
        link.sendall(struct.pack("=IIII", 2, 1, 0, 2) + b"/\0")
        return link

    def connect(self):
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(self.socket_path)
        except OSError:
            link.close()
            raise
        return link

    def kill(self):
        """Here and now, whatever it is doing."""
        os.kill(self.process.pid, signal.SIGKILL)

    def is_dying(self):
        """Has it ended? Its sockets are closed a moment before that shows."""
        end = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        return self.process.poll() is not None

    def reap(self):
        status = self.process.wait()
        if status != -signal.SIGKILL:
            raise SystemExit(f"the daemon had ended with {status} before it was killed, see {self.folder}/log")

    def stop(self):
        """Asks it to end."""
        self.process.terminate()
        return self.process.wait()


class SocketLink:
    """A connection that lives as long as the daemon."""

    def __init__(self, link):
        self.link = link
        link.setblocking(False)
        self.unsent = b""

    def send(self, data):
        self.unsent += data
        self._push()

    def _push(self):
        try:
            while self.unsent:
                self.unsent = self.unsent[self.link.send(self.unsent):]
        except BlockingIOError:
            pass
        except OSError:
            self.unsent = b""

    def receive(self):
        self._push()
        try:
            data = self.link.recv(1 << 16)
        except BlockingIOError:
            return b""
        except OSError:
            return None
        return data or None


class KeptDaemon(Daemon):
    """The same under a stand-in for the service manager, which keeps the descriptors that it is given."""

    def __init__(self, program, folder, options, environment):
        super().__init__(program, folder, options, environment)
        self.keeper = Keeper(folder)

    def launch(self):
        self.keeper.read()
        return self.keeper.launch(self.arguments(), self.environment(), self.log)
