# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU that runs Xen: started, spoken to over QMP and the serial console, saved, restored, ended.

A machine belongs to one run: its sockets, logs and share lie in the run's own folder, and what it boots is
read only, so any number of them can run from one image and one saved state.
"""
import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .cache import BedError

QEMU = "qemu-system-x86_64"
# Without the last option Xen's scheduler can let a CPU idle beside a dom0 that wants to run, for ever: a vCPU that has used
# up its credit to the last is one above idle, so another CPU than its last one "resists" to take it over, while its last one
# leaves it to that other, which has been told (seen with "r" on the console: dom0 in the queue, both CPUs idle).
XEN_OPTIONS = ("console=com1 com1=115200,8n1 dom0_mem={dom0},max:{dom0} dom0_max_vcpus=1 bootscrub=0 noreboot "
               "sched_credit2_migrate_resist=0")
# Commas inside the kernel's arguments are doubled. rdrand makes dom0's random pool ready at once.
DOM0_OPTIONS = "console=hvc0 random.trust_cpu=on quiet"


@dataclass(frozen=True)
class Memory:
    """Sizes in MiB, and what hypervisor and dom0's kernel are told beyond the usual: "xen.fifo_events=0"."""
    total: int = 2048
    dom0: int = 1024
    xen_options: str = ""
    dom0_options: str = ""


def qemu_version():
    """QEMU's version, which a saved state depends on."""
    if shutil.which(QEMU) is None:
        raise BedError(f"{QEMU} is not installed: build-aux/setup bed")
    return subprocess.run([QEMU, "--version"], text=True, check=True, stdout=subprocess.PIPE).stdout.splitlines()[0]


def command(image, memory, folder, state=None):
    """QEMU's command line; the machine's part of it is what a saved state depends on."""
    dom0_options = f"{DOM0_OPTIONS} {memory.dom0_options}".strip().replace(",", ",,")
    xen_options = f"{XEN_OPTIONS.format(dom0=f'{memory.dom0}M')} {memory.xen_options}".strip()
    modules = f"{image.kernel} {dom0_options},{image.dom0}"
    # One thread for both CPUs: on a busy machine with two CPUs 300 domains take 65 ms each, with a thread each 140 to 290.
    line = [QEMU, "-accel", "tcg,thread=single", "-cpu", "qemu64,+rdrand,+svm,+npt", "-smp", "2", "-m", f"{memory.total}M",
            "-display", "none", "-net", "none", "-no-reboot", "-no-user-config", "-nodefaults",
            "-kernel", str(image.hypervisor), "-append", xen_options,
            "-initrd", modules,
            "-chardev", f"socket,id=com,path={folder}/console,server=on,wait=off,logfile={folder}/console.log",
            "-serial", "chardev:com", "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
            "-virtfs", f"local,path={folder}/share,mount_tag=share,security_model=none,id=share",
            "-virtfs", f"local,path={image.folder},mount_tag=image,security_model=none,readonly=on,id=image"]
    if image.disk:
        # Without a state the disk is an overlay of this run; with one, the overlay that belongs to it, left as it is.
        overlay = Path(state).parent / "disk.qcow2" if state else f"{folder}/disk.qcow2"
        line += ["-drive", f"file={overlay},format=qcow2,if=virtio,cache=unsafe,snapshot={'on' if state else 'off'}"]
    if state:
        line += ["-incoming", f"exec:cat {shlex.quote(str(state))}"]
    return line


class Machine:
    """A running QEMU. Use as a context manager: whatever happens, the process ends with the block."""

    def __init__(self, image, memory, folder, state=None):
        self.folder = Path(folder)
        self.restored = state is not None
        self.process = None
        self._line = command(image, memory, self.folder, state)
        self._disk = image.disk if state is None else None
        self.console_sink = lambda data: None       # called with what the console says from now on
        self._sockets = {}
        self._answers = b""

    def __enter__(self):
        if self._disk:
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(self._disk),
                            str(self.folder / "disk.qcow2")], check=True)
        with open(self.folder / "qemu.log", "wb") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(self._line, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for connection in self._sockets.values():
            connection.close()

    def console_text(self):
        """All that came over the serial console: Xen's, dom0's, and what the kernel says about guests."""
        path = self.folder / "console.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def trouble(self):
        """Says in a few words why nothing more can be expected from this machine, or None."""
        if self.process.poll() is not None:
            text = (self.folder / "qemu.log").read_text(encoding="utf-8", errors="replace").strip()
            return f"QEMU ended with status {self.process.returncode}" + (f": {text}" if text else "")
        text = self.console_text()
        for sign in ("Panic on CPU", "Kernel panic", "FATAL TRAP"):
            if sign in text:
                return f"the machine died ({sign!r} on its console)"
        return None

    def _connect(self, name):
        if name not in self._sockets:
            deadline = time.monotonic() + 20
            while True:
                connection = socket.socket(socket.AF_UNIX)
                try:
                    connection.connect(str(self.folder / name))
                    break
                except OSError as error:
                    connection.close()
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        raise BedError(self.trouble() or f"QEMU opens no {name} socket: {error}") from error
                    time.sleep(0.01)
            connection.settimeout(30)
            self._sockets[name] = connection
            if name == "qmp":
                self._qmp_line()
                self.qmp("qmp_capabilities")
        return self._sockets[name]

    def _qmp_line(self):
        while b"\n" not in self._answers:
            data = self._sockets["qmp"].recv(65536)
            if not data:
                raise BedError(self.trouble() or "QEMU closed its control socket")
            self._answers += data
        line, self._answers = self._answers.split(b"\n", 1)
        return json.loads(line)

    def qmp(self, execute, **arguments):
        """Gives QEMU an order and returns its answer."""
        connection = self._connect("qmp")
        connection.sendall(json.dumps({"execute": execute, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = self._qmp_line()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise BedError(f"QEMU refuses {execute}: {answer['error']['desc']}")

    def _drain_console(self, connection):
        """What nobody reads fills the socket after some hundred characters, and then Xen waits for its UART for ever."""
        with contextlib.suppress(OSError):
            while data := connection.recv(4096):
                self.console_sink(data)

    def type_bytes(self, data):
        """Sends key strokes to dom0's console."""
        if "console" not in self._sockets:
            connection = self._connect("console")
            connection.settimeout(None)
            threading.Thread(target=self._drain_console, args=(connection,), daemon=True).start()
        self._sockets["console"].sendall(data)

    def type(self, line):
        """Types a short line (a long one would lose characters)."""
        self.type_bytes(line.encode() + b"\n")

    def wait(self, happened, seconds, what):
        """Polls happened() until it is true; BedError after so many seconds or when the machine is dead."""
        deadline = time.monotonic() + seconds
        while not happened():
            reason = self.trouble()
            if reason:
                raise BedError(f"{what}: {reason}")
            if time.monotonic() > deadline:
                raise BedError(f"{what} took longer than {seconds} s")
            time.sleep(0.02)

    def wait_waiting(self, seconds):
        """Waits until dom0 has booted and waits for its orders."""
        self.wait(lambda: "bed: waiting" in self.console_text(), seconds, "booting Xen and dom0")

    def save(self, path):
        """Writes the machine's state to path and ends the machine; a disk's overlay is complete then."""
        self.qmp("stop")
        self.qmp("migrate-set-parameters", **{"max-bandwidth": 10 << 30})
        self.qmp("migrate", uri=f"exec:cat > {shlex.quote(str(path))}")
        self.wait(lambda: self.qmp("query-migrate").get("status") in ("completed", "failed"), 120,
                  "saving the machine's state")
        answer = self.qmp("query-migrate")
        if answer["status"] != "completed":
            raise BedError(f"saving the machine's state: {answer.get('error-desc', 'failed')}")
        self.qmp("quit")
        self.process.wait(30)

    def resume(self):
        """Lets a machine that was started from a state run on."""
        self.wait(lambda: self.qmp("query-status")["status"] == "paused", 60, "restoring the saved machine")
        self.qmp("cont")

    def power_off(self, seconds=30):
        """Asks dom0, which has ended its work, to power the machine off, and waits for QEMU to end."""
        self.type("off")
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise BedError(f"the machine did not power off within {seconds} s") from error


def short_folder(parent=None):
    """A new folder whose path is short enough for a socket in it."""
    path = Path(tempfile.mkdtemp(prefix="xenscale-", dir=parent))
    if len(os.fsencode(path)) > 80:
        path.rmdir()
        path = Path(tempfile.mkdtemp(prefix="xenscale-", dir="/tmp"))
    return path
