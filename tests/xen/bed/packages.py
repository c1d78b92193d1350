# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's packages, by name: downloaded and unpacked into the cache, never installed.

The names are the lines "download" of build-aux/packages; a name that ends in "=" stands for what this
package depends on under the same name and a version (linux-image-amd64= for the kernel image of today).
A package that was downloaded once is used until the cache is removed: later runs need no network.
"""
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from . import cache
from .cache import BedError, say

LIST = Path(__file__).resolve().parents[3] / "build-aux" / "packages"

# Of what the packages hold, the bed needs this. The kernel's modules are picked by image.py.
WANTED = re.compile(r"\./(boot/(xen-[\d.]+-amd64\.gz|vmlinuz-)|usr/lib/xen-[\d.]+/bin/|usr/bin/xenstore"
                    r"|lib/modules/[^/]+/(kernel/(drivers/(xen|virtio|block|char|net/xen-netback)|fs|net/(9p|bridge|802|llc)|lib|crypto|arch)/|kernel/drivers/net/xen-netfront|modules\.))")


def names():
    """The packages to download, from build-aux/packages."""
    found = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words and words[0] == "download":
            found += words[1:]
    return found


def _run(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def _update():
    """Fetches apt's package lists, as root or through sudo."""
    say("fetching Debian's package lists (apt-get update)")
    as_root = [] if shutil.which("sudo") is None or _run("id", "-u").stdout.strip() == "0" else ["sudo"]
    result = _run(*as_root, "apt-get", "update", "-qq")
    if result.returncode != 0:
        raise BedError(f"apt-get update failed:\n{result.stdout.strip()}")


def _concrete(name):
    """The real package behind a name of the list."""
    if not name.endswith("="):
        return name
    meta = name[:-1]
    stem = re.escape(meta.rsplit("-", 1)[0])
    match = re.search(rf"^Depends:.*?\b({stem}-\S+-amd64) ", _run("apt-cache", "show", meta).stdout, re.M)
    if not match:
        raise BedError(f"apt knows no package behind {meta}")
    return match.group(1)


def _download(target):
    wanted = [_concrete(name) for name in names()]
    say(f"downloading {len(wanted)} packages: {' '.join(wanted)}")
    result = _run("apt-get", "download", "-qq", *wanted, cwd=target)
    if result.returncode != 0:
        raise BedError(f"apt-get download failed:\n{result.stdout.strip()}")


def _fetch(target):
    """Downloads every package into target; with fresh lists if the present ones are missing or stale."""
    try:
        _download(target)
    except BedError:
        _update()
        _download(target)


def _unpack(debs, target):
    say("unpacking them into the cache")
    for deb in sorted(debs.glob("*.deb")):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as reader:
            with tarfile.open(fileobj=reader.stdout, mode="r|") as archive:
                for member in archive:
                    if WANTED.match(member.name):
                        archive.extract(member, target, set_attrs=member.isfile())
        if reader.returncode != 0:
            raise BedError(f"{deb.name} cannot be unpacked; remove {debs} to have it downloaded again")


def root():
    """The folder with the unpacked packages; its name changes with the list of packages and with this file."""
    debs = cache.made(f"debs-{cache.digest(*names())}", _fetch)
    key = cache.digest(Path(__file__), *sorted(deb.name for deb in debs.glob("*.deb")))
    return cache.made(f"root-{key}", lambda target: _unpack(debs, target))
