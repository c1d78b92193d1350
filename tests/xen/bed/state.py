# SPDX-License-Identifier: GPL-2.0-or-later
"""A booted machine's saved state: booted once, then every run starts from it in about a second."""
import shutil
from pathlib import Path

from . import cache
from .cache import BedError, say
from .machine import DOM0_OPTIONS, Machine, XEN_OPTIONS, command, qemu_version, short_folder

BOOT_SECONDS = 120


def boot_failed(folder, error):
    """The same error with the place of the console log, which is kept."""
    log = cache.folder() / "boot-failed.log"
    shutil.copyfile(folder / "console.log", log)
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])
    return BedError(f"{error}\n--- the console's last lines\n{tail}\n--- all of it: {log}")


def _make(target, image, memory):
    say("booting Xen once, to save its state")
    folder = short_folder()
    try:
        (folder / "share").mkdir()
        with Machine(image, memory, folder) as machine:
            try:
                machine.wait_waiting(BOOT_SECONDS)
                machine.save(target / "state")
            except BedError as error:
                raise boot_failed(folder, error) from error
        shutil.copyfile(folder / "console.log", target / "console.log")
        if image.disk:
            shutil.move(folder / "disk.qcow2", target / "disk.qcow2")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def get(image, memory):
    """The state file for an image and a memory size; made now if need be."""
    line = command(image, memory, Path("/"))
    key = cache.digest(image.key, qemu_version(), XEN_OPTIONS, DOM0_OPTIONS, *line)
    return cache.made(f"state-{key}", lambda target: _make(target, image, memory)) / "state"
