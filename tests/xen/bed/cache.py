# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the bed keeps what is slow to make: one folder, shared by every run of this user.

Whatever lies there is named by a hash of all that went into it, made under a lock in a folder of another
name and then renamed, so a reader never sees half a thing and two runs never make the same one twice.
"""
import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

KEEP_DAYS = 14


class BedError(Exception):
    """Something the user can be told in a sentence; the message names the log where there is one."""


def say(text):
    """Tells the user what is being done while it takes its time."""
    print(f"bed: {text}", file=sys.stderr, flush=True)


def folder():
    """The cache folder, created on first use."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = Path(base) / "xenscale"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(name):
    """Holds the cache's lock called name; says so if it has to wait for another run."""
    with open(folder() / f"{name}.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run is preparing {name}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(*parts):
    """A short name for all parts together: files by their content, everything else by its text."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


def made(name, make):
    """Returns the cache's folder called name; if it is not there, make(folder) fills it first."""
    path = folder() / name
    with locked(name.rsplit("-", 1)[0]):
        if not path.is_dir():
            scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder()))
            try:
                make(scratch)
                scratch.chmod(0o755)
                scratch.rename(path)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        os.utime(path)
        _forget_old(keep=path)
    return path


def _forget_old(keep):
    """Removes what no run has used for KEEP_DAYS (each use touches the folder)."""
    limit = time.time() - KEEP_DAYS * 86400
    for path in folder().iterdir():
        old = path.is_dir() and path != keep and path.name != "debs" and path.stat().st_mtime < limit
        if old:
            shutil.rmtree(path, ignore_errors=True)
