# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons that speak the store's protocol: each is started afresh, in a folder of its own on tmpfs."""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import stock
from .host import SimHost, joined
from .says import StoreError

START_SECONDS = 60


def scratch_folder():
    """A new folder on tmpfs, so that no disk is measured; its path is short enough for a socket."""
    return Path(tempfile.mkdtemp(prefix="store-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


class Daemon:
    """What can be started: how it is called and where its socket will be."""

    name = ""
    is_floor = False
    needs_host = False      # does it start only where there is a Xen?
    can_host = True         # can it use one?
    STOP_SECONDS = 60       # after SIGTERM; then SIGKILL

    def __init__(self, build, with_host=True):
        self.build = build.absolute()
        self.has_host = self.can_host and (with_host or self.needs_host)

    def program(self):
        """The daemon's executable file."""
        raise NotImplementedError

    def command(self, folder, host, options):
        """The command line; stays in the foreground and writes folder/pid.

        host: a SimHost or None; options: limits and the like, as C xenstored spells them.
        """
        raise NotImplementedError

    def present(self):
        """Is the program there, and what it needs?"""
        try:
            return self.program().is_file() and (not self.has_host or SimHost.present(self.build))
        except StoreError:
            return False

    def environment(self):
        """Added to the environment of the daemon alone."""
        return {}

    def socket(self, folder, host):
        """Where its socket is, seen from outside."""
        del host
        return folder / "socket"

    @contextlib.contextmanager
    def running(self, cpu=None, wrapper=lambda folder: [], options=()):
        """Starts it (on one CPU, if given) and gives a Running; ends it afterwards.

        wrapper(folder): words to put before the daemon's own; options: see command().
        """
        folder = scratch_folder()
        host = SimHost(self.build, folder) if self.has_host else None
        words = [*self._settings(), *(["taskset", "-c", cpu] if cpu is not None else []), *wrapper(folder),
                 *self.command(folder, host, options)]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen([str(word) for word in (host.around(words) if host else words)],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env={**os.environ, "XENSTORED_RUNDIR": str(folder)})
        running = Running(self, process, folder, host)
        try:
            self._wait(running)
            yield running
            running.end()
            running.check_sanitizers()
        finally:
            running.end()
            shutil.rmtree(folder, ignore_errors=True)

    def _settings(self):
        return ["env", *(f"{name}={value}" for name, value in self.environment().items())]

    def _wait(self, running):
        deadline = time.monotonic() + START_SECONDS
        while True:
            running.check_alive()
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(str(running.socket))
                    break
                except OSError:
                    time.sleep(0.005)
            if time.monotonic() > deadline:
                raise StoreError(f"{self.name} did not open its socket in {START_SECONDS} s")
        running.find_pid()


class Running:
    """A daemon that serves."""

    def __init__(self, daemon, process, folder, host):
        self.daemon = daemon
        self.process = process      # the daemon, or what runs it on a host
        self.folder = folder
        self.host = host
        self.pid = None
        self.socket = daemon.socket(folder, host)

    def find_pid(self):
        """The daemon's own pid: our child's, unless a host is around it."""
        self.pid = self.process.pid
        deadline = time.monotonic() + START_SECONDS
        while self.host:
            text = (self.folder / "pid").read_text(encoding="ascii") if (self.folder / "pid").exists() else ""
            if text.strip().isdigit():
                self.pid = int(text)
                return
            if time.monotonic() > deadline:
                raise StoreError(f"{self.daemon.name} wrote no pid file")
            time.sleep(0.005)

    def connect(self):
        """A new connection to its socket."""
        return joined(self.socket)

    def log(self):
        """The end of what it said."""
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def check_alive(self):
        """A daemon that ended while it was asked has lost, whatever it answered."""
        if self.process.poll() is not None:
            raise StoreError(f"{self.daemon.name} ended with status {self.process.returncode}\n{self.log()}")

    def check_sanitizers(self):
        """In a build that has them, what they say at the end counts as well: leaks."""
        text = (self.folder / "log").read_text(errors="replace")
        at = re.search("ERROR: [A-Za-z]+Sanitizer|runtime error:", text)
        if at:
            raise StoreError(f"{self.daemon.name}: {text[max(0, at.start() - 200):][:3000]}")

    def end(self):
        """Ends the daemon, then what was around it."""
        if self.host:
            self.host.end()
            self.host = None
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            try:
                os.kill(self.pid or self.process.pid, number)
            except ProcessLookupError:
                pass
            try:
                self.process.wait(self.daemon.STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        self.process.kill()
        self.process.wait()


class Ours(Daemon):
    """The daemon of this project; without a host it serves its socket only."""
    name = "ours"

    def program(self):
        return self.build / "xenstored/xenstored"

    def command(self, folder, host, options):
        words = [self.program(), "--no-fork", "--pid-file", folder / "pid", *options]
        if not host:
            return words + ["--no-domain-init"]
        return words + ["--kva-path", host.kva, "--port-path", host.port]


class StockC(Daemon):
    """Debian's C xenstored."""
    name = "C"
    needs_host = True

    def program(self):
        return stock.program("xenstored")

    def command(self, folder, host, options):
        return [self.program(), "--no-fork", "--pid-file", folder / "pid", *options]


class StockOX(Daemon):
    """Debian's oxenstored."""
    name = "OX"
    needs_host = True
    STOP_SECONDS = 1        # it does not heed every SIGTERM

    # Its configuration has these limits; it knows no others.
    LIMITS = {"--entry-nb": "quota-maxentity", "--watch-nb": "quota-maxwatch", "--transaction": "quota-transaction",
              "--path-max": "quota-path-max", "transaction-nodes": "quota-maxrequests"}

    def program(self):
        return stock.program("oxenstored")

    def command(self, folder, host, options):
        config = folder / "oxenstored.conf"
        config.write_text(f"xenstored-kva = {host.kva}\nxenstored-port = {host.port}\npid-file = {folder}/pid\n"
                          # A log that is named is rotated, by renaming it: never name a device here.
                          "xenstored-log-nb-files = 0\naccess-log-nb-files = 0\npersistent = false\n" +
                          self._limits(options), encoding="ascii")
        return [self.program(), "--no-fork", "--config-file", config]

    def _limits(self, options):
        pairs = [value.split("=") if name == "--quota" else (name, value)
                 for name, value in zip(options[::2], options[1::2])]
        return "".join(f"{self.LIMITS[name]} = {value}\n" for name, value in pairs if name in self.LIMITS)

    def environment(self):
        return {"LD_PRELOAD": self.build / "tests/stores/.libs/libmodest.so"}

    def socket(self, folder, host):
        return host.run_xenstored / "socket"


CLASSES = {daemon.name: daemon for daemon in (Ours, StockC, StockOX)}
