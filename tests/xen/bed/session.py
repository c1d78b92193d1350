# SPDX-License-Identifier: GPL-2.0-or-later
"""One run: a machine, a share that carries our programs and a scenario in, its output and logs out."""
import os
import shlex
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import cache, debian, image, programs, state
from .cache import BedError
from .machine import Machine, Memory, short_folder
from .ownxen import OwnXen

HERE = Path(__file__).resolve().parent.parent
# Where the build leaves what dom0 runs. A program that is not built is not on the share.
PROGRAMS = ("xenstored/xenstored", "xenconsoled/xenconsoled", "lsevtchn/lsevtchn", "xencreate/xencreate", "xencreate/xencreate-take",
            "tests/xen/asks", "tests/xen/wire", "xencreate/alike",
            "tests/bench/evtchnload",
            "systemd/xenconsoled.service",
            "systemd/xen-evtchn-watch.service", "systemd/50-lsevtchn-preflight.conf",
            "systemd/xenstored.service", "systemd/xen-init-dom0.service", "systemd/xencreate-pool@.service")
# The same, from the sources.
FILES = ("xencreate/xencreate-matrix", "systemd/proc-xen.mount", "systemd/xen.service", "systemd/xenscale.conf")
GUESTS = "tests/guest"
# A state is kept for machines up to this size; larger ones are booted.
STATE_MIB = 4096


@dataclass
class Job:
    """What to run, on which machine, against which daemons."""
    script: Path
    build: Path
    store: str = "ours"
    console: str = "ours"
    bed: str = "busybox"                            # which dom0: busybox or systemd
    memory: Memory = field(default_factory=Memory)
    seconds: int = 120
    fresh: bool = False                             # boot, even though a saved state would do
    extra: list = field(default_factory=list)       # further files to put beside our programs
    environment: dict = field(default_factory=dict)
    shell: bool = False                             # afterwards, give the user dom0's console
    xen: OwnXen | None = None                       # another Xen than Debian's


@dataclass
class Result:
    """What came of it. status is the scenario's own, or None if it did not end."""
    status: int | None
    reason: str | None
    start_seconds: float
    seconds: float


def _fill_programs(share, job, have):
    """Copies our programs, the guests and whatever libraries dom0 has not."""
    built = [job.build / name for name in PROGRAMS if (job.build / name).is_file()] + [HERE.parents[1] / name for name in FILES]
    guests = [path for path in sorted((job.build / GUESTS).glob("guest*"))
              if path.is_file() and programs.is_elf(path) and path.suffix != ".o"]
    for needed, word in (("xenstored", job.store), ("xenconsoled", job.console)):
        if word == "ours" and not (job.build / needed / needed).is_file():
            raise BedError(f"no {needed} in {job.build}: build it first, or run with --stock")
    target = share / "programs"
    (target / "bin").mkdir(parents=True)
    (target / "lib").mkdir()
    for path in built + job.extra:
        programs.copy(path, target / "bin")
    for path in guests:
        programs.copy(path, target / "guests")
    for library in programs.libraries([path for path in built + job.extra if programs.is_elf(path)],
                                      job.xen.libraries() if job.xen else None):
        if library.name not in have:
            programs.copy(library, target / "lib")


def _fill(share, job, have):
    (share / "log").mkdir(parents=True)
    _fill_programs(share, job, have)
    shutil.copytree(HERE / "dom0", share / "dom0")
    shutil.copyfile(job.script, share / "scenario.sh")
    values = {"STORE": job.store, "CONSOLE": job.console, **job.environment}
    (share / "environment").write_text("".join(f"export {name}={shlex.quote(str(value))}\n"
                                               for name, value in values.items()), encoding="utf-8")
    (share / "output").touch()


class Session:
    """A machine with its share, ready to play the job. Its folder is gone after the block unless kept."""

    def __init__(self, job):
        self.job = job
        self.folder = None
        self.machine = None
        self.on_start = lambda: None    # called when dom0 is ready to begin
        self._seen = 0

    def __enter__(self):
        if self.job.xen and self.job.bed == "systemd":
            raise BedError("another Xen is for the busybox bed")
        files = debian.get() if self.job.bed == "systemd" else image.get(self.job.xen)
        saved = None
        if not self.job.fresh and self.job.memory.total <= STATE_MIB:
            saved = state.get(files, self.job.memory)
        self.folder = short_folder()
        try:
            _fill(self.folder / "share", self.job, files.libraries())
            self.machine = Machine(files, self.job.memory, self.folder, saved).__enter__()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *exception):
        self.machine.__exit__(*exception)
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, target):
        """Copies the run's logs and output to target, for someone to look at."""
        shutil.rmtree(target, ignore_errors=True)
        (target / "log").mkdir(parents=True)
        for source in [self.folder / "console.log", self.folder / "qemu.log", self.folder / "share/output"]:
            if source.exists():
                shutil.copyfile(source, target / source.name)
        for source in (self.folder / "share/log").glob("*"):
            if source.is_file():
                shutil.copyfile(source, target / "log" / source.name)

    def start(self):
        """Brings dom0 to the point where the scenario begins; returns how long that took in seconds."""
        began = time.monotonic()
        machine = self.machine
        if machine.restored:
            machine.resume()
        else:
            machine.wait_waiting(state.BOOT_SECONDS)
        (self.folder / "share/clock").write_text(f"{time.time():.0f}\n", encoding="ascii")
        machine.type("go")
        return time.monotonic() - began

    def new_output(self):
        """What the scenario has said since the last call, as whole lines."""
        with open(self.folder / "share/output", "rb") as file:
            file.seek(self._seen)
            data = file.read()
        data = data[:data.rfind(b"\n") + 1]
        self._seen += len(data)
        return data.decode("utf-8", errors="replace").splitlines()

    def status(self):
        """The scenario's exit status, or None while it runs."""
        path = self.folder / "share/status"
        text = path.read_text(encoding="ascii").strip() if path.exists() else ""
        return int(text) if text else None

    def play(self, line):
        """Runs the scenario to its end and calls line(text) for each line it prints."""
        try:
            began = time.monotonic()
            start_seconds = self.start()
            self.on_start()

            def ended():
                over = self.status() is not None
                for text in self.new_output():
                    line(text)
                return over

            self.machine.wait(ended, self.job.seconds, "the scenario")
            reason = None
        except BedError as error:
            reason = str(error)
        return Result(self.status(), reason, start_seconds if "start_seconds" in locals() else 0,
                      time.monotonic() - began)


def failed_folder(name):
    """Where the logs of a failed run go."""
    path = cache.folder() / "failed"
    path.mkdir(exist_ok=True)
    os.utime(path)
    return path / name
