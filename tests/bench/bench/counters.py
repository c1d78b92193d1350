# SPDX-License-Identifier: GPL-2.0-or-later
"""Counting what a daemon does without its help: system calls and instructions."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from stores.says import StoreError

ATTACH_SECONDS = 10


class SyscallCounter:
    """Counts the system calls of a running daemon from now on: by the kernel's tracepoint, or else by strace."""

    def __init__(self, running):
        self.log = running.folder / "syscalls"
        pid = str(running.pid)
        if self._perf_works():
            self.method = "perf stat -e raw_syscalls:sys_enter"
            command = ["perf", "stat", "-x,", "-o", str(self.log), "-e", "raw_syscalls:sys_enter", "-p", pid]
            attached = self._perf_attached
        elif shutil.which("strace"):
            self.method = "strace -c -f"
            command = ["strace", "-c", "-f", "-o", str(self.log), "-p", pid]
            attached = self._strace_attached
        else:
            raise StoreError("system calls are counted by perf or strace; neither works here")
        self.daemon_pid = pid
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + ATTACH_SECONDS
        while not attached():
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.process.kill()
                raise StoreError(f"{command[0]} did not attach to the daemon")
            time.sleep(0.02)

    @staticmethod
    def _perf_works():
        if not shutil.which("perf"):
            return False
        result = subprocess.run(["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"], check=False,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return result.returncode == 0 and "not supported" not in result.stderr

    def _perf_attached(self):
        folder = Path(f"/proc/{self.process.pid}/fd")
        links = [os.readlink(fd) for fd in folder.iterdir() if fd.is_symlink()]
        return any("perf_event" in link for link in links)

    def _strace_attached(self):
        status = Path(f"/proc/{self.daemon_pid}/status").read_text(encoding="ascii")
        return not re.search(r"^TracerPid:\s+0$", status, re.M)

    def stop(self):
        """How many there were."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(ATTACH_SECONDS)
        text = self.log.read_text(encoding="ascii", errors="replace")
        if self.method.startswith("perf"):
            match = re.search(r"^(\d+),", text, re.M)
        else:
            match = re.search(r"^\s*100\.00\s+\S+\s+\S+\s+(\d+)(?:\s+\d+)?\s+total$", text, re.M)
        if not match:
            raise StoreError(f"no count in what {self.method} wrote:\n{text}")
        return int(match.group(1))


def callgrind_words(folder):
    """What to put before a daemon's command to have its instructions counted."""
    return ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.%p",
            f"--log-file={folder}/valgrind.log"]


def callgrind_words_later(folder):
    """The same, but nothing is counted before a CallgrindCounter is made: until then it is several times as fast."""
    return [*callgrind_words(folder), "--instr-atstart=no"]


class CallgrindCounter:
    """Counts the instructions of a daemon that runs under callgrind, from now on."""

    def __init__(self, running):
        self.folder, self.pid = running.folder, str(running.pid)
        self._wait_idle()
        self._tell("--instr=on")
        self._tell("--zero")

    def _wait_idle(self):
        """Connections may be made and not yet accepted."""
        before, deadline = -1, time.monotonic() + ATTACH_SECONDS
        while before != (now := self._cpu_ns()) and time.monotonic() < deadline:
            before = now
            time.sleep(0.3)

    def _cpu_ns(self):
        return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{self.pid}/task").iterdir())

    def _tell(self, what):
        result = subprocess.run(["callgrind_control", what, self.pid], check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=ATTACH_SECONDS)
        if result.returncode != 0 or "OK" not in result.stdout:
            raise StoreError(f"callgrind_control {what}: {result.stdout.strip()}")

    def stop(self):
        """How many there were."""
        self._tell("--dump")
        return callgrind_total(self.folder)


def callgrind_total(folder):
    """The instructions of the daemon that ended: the largest count, should it have had children."""
    totals = []
    for path in folder.glob("callgrind.*"):
        match = re.search(r"^(?:summary|totals): (\d+)", path.read_text(encoding="ascii", errors="replace"), re.M)
        if match:
            totals.append(int(match.group(1)))
    if not totals:
        raise StoreError("callgrind wrote no total")
    return max(totals)
