# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons that are compared: each is started afresh for every run, in a folder of its own on tmpfs."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tests/xen"))

START_SECONDS = 60


class BenchError(Exception):
    """Something the user can be told in a sentence."""


def scratch_folder():
    """A new folder on tmpfs, so that no disk is measured; its path is short enough for a socket."""
    return Path(tempfile.mkdtemp(prefix="xsbench-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


class Daemon:
    """What can be started: how it is called and where its socket will be."""

    name = ""
    is_floor = False
    has_domains = False

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
    def running(self, cpu, wrapper=lambda folder: []):
        """Starts it on the given CPU and gives a Running; ends it afterwards. wrapper(folder): see command()."""
        folder = scratch_folder()
        log = open(folder / "log", "wb")
        process = subprocess.Popen(
            [str(word) for word in self.command(folder, wrapper(folder))], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, **self.environment(folder)}, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
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
                raise BenchError(f"{self.name} ended at start with status {process.returncode}\n{tail}")
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(str(self.socket(folder)))
                    break
                except OSError:
                    time.sleep(0.01)
        else:
            raise BenchError(f"{self.name} did not open its socket in {START_SECONDS} s")
        time.sleep(0.05)  # it forgets that client


class Running:
    """A daemon that serves."""

    def __init__(self, daemon, process, folder):
        self.daemon = daemon
        self.process = process
        self.folder = folder

    @property
    def pid(self):
        return self.process.pid

    @property
    def socket(self):
        return self.daemon.socket(self.folder)


class Floor(Daemon):
    """The echo server."""
    name = "floor"
    is_floor = True

    def program(self):
        return self.build / "tests/bench/bench-floor"

    def command(self, folder, wrapper):
        return [*wrapper, self.program(), self.socket(folder)]


class Ours(Daemon):
    """The daemon of this project."""
    name = "ours"

    def program(self):
        return self.build / "xenstored/xenstored"

    def command(self, folder, wrapper):
        return [*wrapper, self.program(), "--no-fork", "--pid-file", folder / "pid"]


NAMES = ("floor", "ours")
_CLASSES = {"floor": Floor, "ours": Ours}


def made(build, names):
    """The daemons to measure: those named, or all whose programs are there; the floor always, and first."""
    chosen = [_CLASSES[name](build) for name in NAMES if not names or name in names or name == "floor"]
    return [daemon for daemon in chosen if names or daemon.present()]
