# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons that speak the store's protocol: each is started afresh, in a folder of its own on tmpfs."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS = 60


class StoreError(Exception):
    """Something the user can be told in a sentence."""


def scratch_folder():
    """A new folder on tmpfs, so that no disk is measured; its path is short enough for a socket."""
    return Path(tempfile.mkdtemp(prefix="store-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


class Daemon:
    """What can be started: how it is called and where its socket will be."""

    name = ""
    is_floor = False
    has_host = False        # does a Xen run below it, real or simulated?

    def __init__(self, build):
        self.build = build

    def command(self, folder, wrapper):
        """The command line, with the words of wrapper right before the daemon's own; stays in the foreground."""
        raise NotImplementedError

    def present(self):
        """Is the program there?"""
        return self.program().is_file()

    def program(self):
        """The daemon's executable file."""
        raise NotImplementedError

    def environment(self, folder):
        """Added to the environment."""
        return {"XENSTORED_RUNDIR": str(folder)}

    def socket(self, folder):
        return folder / "socket"

    @contextlib.contextmanager
    def running(self, cpu=None, wrapper=lambda folder: [], options=()):
        """Starts it (on one CPU, if given) and gives a Running; ends it afterwards.

        wrapper(folder): see command(); options: further words for the daemon.
        """
        folder = scratch_folder()
        log = open(folder / "log", "wb")
        words = [*self.command(folder, wrapper(folder)), *options]
        process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, **self.environment(folder)},
            preexec_fn=(lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None)
        try:
            self._wait(process, folder)
            yield Running(self, process, folder)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            log.close()
            shutil.rmtree(folder, ignore_errors=True)

    def _wait(self, process, folder):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                tail = (folder / "log").read_text(errors="replace")[-2000:]
                raise StoreError(f"{self.name} ended at start with status {process.returncode}\n{tail}")
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(str(self.socket(folder)))
                    break
                except OSError:
                    time.sleep(0.01)
        else:
            raise StoreError(f"{self.name} did not open its socket in {START_SECONDS} s")
        time.sleep(0.05)  # it forgets that client


class Running:
    """A daemon that serves."""

    def __init__(self, daemon, process, folder):
        self.daemon = daemon
        self.process = process
        self.folder = folder

    def check_alive(self):
        """A daemon that ended while it was asked has lost, whatever it answered."""
        if self.process.poll() is not None:
            tail = (self.folder / "log").read_text(errors="replace")[-2000:]
            raise StoreError(f"{self.daemon.name} ended with status {self.process.returncode}\n{tail}")

    @property
    def pid(self):
        return self.process.pid

    @property
    def socket(self):
        return self.daemon.socket(self.folder)


class Ours(Daemon):
    """The daemon of this project."""
    name = "ours"

    def program(self):
        return self.build / "xenstored/xenstored"

    def command(self, folder, wrapper):
        return [*wrapper, self.program(), "--no-fork", "--pid-file", folder / "pid"]



CLASSES = {daemon.name: daemon for daemon in (Ours,)}
