# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF programs and the libraries they need, as ldd names them on this machine."""
import os
import re
import shutil
import subprocess
from pathlib import Path

from .cache import BedError

# Loaded by name at run time, so ldd does not see them: pthread_cancel() needs the first.
HIDDEN = ("libgcc_s.so.1",)


def is_elf(path):
    """Is this file an ELF program or library?"""
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries(programs, first=None):
    """All shared libraries of programs, the dynamic loader among them; BedError names what is missing.

    first: a folder in which they are looked for before all others
    """
    found = set()
    environment = dict(os.environ, LD_LIBRARY_PATH=str(first)) if first else None
    for program in programs:
        result = subprocess.run(["ldd", str(program)], text=True, check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=environment)
        lost = re.findall(r"(\S+) => not found", result.stdout)
        if lost:
            raise BedError(f"{program} needs {', '.join(lost)}, not on this machine: build-aux/setup build bed")
        found.update(re.findall(r"(?:=> |^\s*)(/\S+) \(0x", result.stdout, re.M))
    libc = [Path(name) for name in found if name.endswith("/libc.so.6")]
    found.update(str(libc[0].parent / name) for name in HIDDEN if libc)
    return sorted(Path(name) for name in found)


def copy(path, folder, name=None):
    """Copies a file's content (links followed) into folder, with its mode."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (name or path.name)
    shutil.copyfile(path, target)
    shutil.copymode(path, target)
    return target
