# SPDX-License-Identifier: GPL-2.0-or-later
"""What dom0 needs for HVM guests: Debian's QEMU for Xen, hvmloader, a BIOS. Fetched only for scenarios that say so."""
import re
import subprocess
import tarfile
from pathlib import Path

from . import cache, packages
from .cache import BedError, say

WANTED = re.compile(r"\./usr/libexec/xen-qemu-system-i386$|\./usr/lib/xen-[\d.]+/boot/hvmloader$")
# Of packages that the bed's own QEMU depends on.
INSTALLED = (Path("/usr/share/seabios/bios-256k.bin"), Path("/usr/share/qemu/keymaps/en-us"))


def _names():
    """The packages to download, from build-aux/packages."""
    lines = (line.split() for line in packages.LIST.read_text(encoding="utf-8").splitlines())
    return [name for words in lines if words and words[0] == "device-model" for name in words[1:]]


def _unpack(deb, target):
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as reader:
        with tarfile.open(fileobj=reader.stdout, mode="r|") as archive:
            for member in archive:
                if WANTED.match(member.name):
                    member.name = Path(member.name).name
                    archive.extract(member, target)


def _make(target):
    say(f"downloading {' '.join(_names())}")
    result = subprocess.run(["apt-get", "download", "-qq", *_names()], cwd=target, text=True, check=False, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    if result.returncode != 0:
        raise BedError(f"apt-get download failed (apt-get update?):\n{result.stdout.strip()}")
    for deb in sorted(target.glob("*.deb")):
        _unpack(deb, target)
        deb.unlink()


def files():
    """Paths of all of it; a scenario finds them in $OURS."""
    packages.root()     # whose lists of packages are fresh
    folder = cache.made(f"model-{cache.digest(*_names(), Path(__file__))}", _make)
    found = sorted(folder.iterdir()) + [path for path in INSTALLED if path.is_file()]
    if len(found) != 2 + len(INSTALLED):
        raise BedError(f"of a device model there is only {', '.join(map(str, found))}: remove {folder}, or build-aux/setup bed")
    return found
