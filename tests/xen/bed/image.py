# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU boots: hypervisor, dom0 kernel, dom0 initramfs; and a small Linux for guests.

Neither programs under test nor scenarios are in the image: those come over the share (session.py), so the
image, and a booted machine's saved state with it, last until a Debian package or this folder changes.
"""
import gzip
import lzma
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache, ownxen, packages, programs
from .cache import BedError, say

HERE = Path(__file__).resolve().parent
DOM0 = HERE.parent / "dom0"
BUSYBOX = Path("/bin/busybox")

# In the order in which dom0 loads them. xenbus is built in.
MODULES = ("xen-evtchn", "xen-privcmd", "xenfs", "xen-gntdev", "xen-gntalloc", "virtio_ring", "virtio",
           "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "9pnet", "9pnet_virtio", "netfs",
           "fscache", "9p")
# A guest's: it loads them when its command line speaks of devices.
GUEST_MODULES = ("xen-netfront", "xen-blkfront")

# Debian's own tools; the daemons among them are the rivals and what "--stock" runs.
STOCK = ("xl", "libxl-save-helper", "xenstored", "oxenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "lsevtchn",
         "xenstore-control", "xen-diag")
STOCK_BIN = ("xenstore", "xenstore-chmod", "xenstore-exists", "xenstore-list", "xenstore-ls", "xenstore-read",
             "xenstore-rm", "xenstore-watch", "xenstore-write")


@dataclass(frozen=True)
class Image:
    """The files of one image, and the key that names everything made from it."""
    folder: Path
    key: str

    @property
    def hypervisor(self):
        return self.folder / "xen"

    @property
    def kernel(self):
        return self.folder / "vmlinux"

    @property
    def dom0(self):
        return self.folder / "dom0.cpio"

    @property
    def guest(self):
        return self.folder / "guest.cpio"

    @property
    def disk(self):
        """The disk of a dom0 that has one, or None."""
        path = self.folder / "root.ext4"
        return path if path.exists() else None

    def libraries(self):
        """Names of the libraries that dom0 has already."""
        return set((self.folder / "libraries").read_text(encoding="ascii").split())


def _only(folder, pattern):
    found = sorted(folder.glob(pattern))
    if not found:
        raise BedError(f"the unpacked packages hold no {pattern}; remove {folder} and try again")
    return found[-1]


def modules_of(root):
    """The folder of the kernel's modules among the unpacked packages."""
    return _only(root, "lib/modules/*")


def unpack_kernel(bzimage):
    """The ELF kernel inside a bzImage: saves its own slow unpacking at each boot.

    Source: the kernel's Documentation/x86/boot.rst: setup_sects at 0x1f1, payload_offset and payload_length
    at 0x248, counted from the end of the setup sectors.
    """
    setup = (bzimage[0x1f1] or 4) + 1
    offset, length = struct.unpack_from("<II", bzimage, 0x248)
    start = setup * 512 + offset
    payload = bzimage[start:start + length]
    if payload[:6] != b"\xfd7zXZ\0":
        raise BedError("the dom0 kernel is not compressed with xz, as Debian 12's is")
    return lzma.LZMADecompressor().decompress(payload)


def pack(tree, target):
    """Packs a folder as an initramfs."""
    listing = subprocess.run(["find", ".", "-print0"], cwd=tree, check=True, stdout=subprocess.PIPE).stdout
    with open(target, "wb") as out:
        subprocess.run(["cpio", "--null", "--create", "--format=newc", "--owner=0:0", "--quiet"], cwd=tree,
                       check=True, input=listing, stdout=out)


def install(tree, program, folder):
    target = programs.copy(program, tree / folder)
    target.chmod(0o755)
    return target


def _stock(root, xen):
    """The stock programs, and where each belongs in dom0. Another Xen's store clients go before Debian's."""
    tools = _only(root, "usr/lib/xen-*/bin")
    found = {root / "usr/bin" / name: "usr/bin" for name in STOCK_BIN}
    if not xen:
        # xl and its helper look for each other where Debian has put them.
        found.update({tools / name: str(tools.relative_to(root)) for name in STOCK})
        return found
    found.update({xen.tool(name): ownxen.BIN for name in STOCK + STOCK_BIN if xen.tool(name)})
    return found


def _dom0_tree(tree, root, xen):
    """Fills a folder with dom0's files. Returns the names of the libraries."""
    stock = _stock(root, xen)
    for name in ("proc", "sys", "dev", "run", "tmp", "share", "image", "etc", "var/lib/xen", "var/log/xen/console",
                 "var/lib/xenstored", "var/run", "var/lock", "bin", "sbin", "root"):
        (tree / name).mkdir(parents=True)
    install(tree, BUSYBOX, "bin")
    for program, folder in stock.items():
        install(tree, program, folder)
        for place in xen.other_places(program) if folder == ownxen.BIN else []:
            link = tree / place
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(f"/{folder}/{program.name}")
    libraries = programs.libraries(stock, xen.libraries() if xen else None)
    for library in libraries:
        install(tree, library, xen.home(library) if xen else library.parent.relative_to("/"))
    modules = modules_of(root)
    for number, name in enumerate(MODULES):
        module = _only(modules, f"**/{name}.ko")
        programs.copy(module, tree / "modules", f"{number:02}-{module.name}")
    (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="ascii")
    (tree / "etc/group").write_text("root:x:0:\ntty:x:5:\n", encoding="ascii")
    (tree / "etc/xen").mkdir()
    (tree / "etc/xen/xl.conf").touch()
    install(tree, DOM0 / "init", ".")
    install(tree, DOM0 / "wait", "bed")
    return [library.name for library in libraries]


def _guest_tree(tree, root):
    """Fills a folder with the files of a Linux guest: busybox, a store client, an init."""
    for name in ("proc", "sys", "dev", "run", "bin", "sbin", "tmp"):
        (tree / name).mkdir(parents=True)
    install(tree, BUSYBOX, "bin")
    client = root / "usr/bin/xenstore"
    install(tree, client, "usr/bin")
    for library in programs.libraries([client]):
        install(tree, library, library.parent.relative_to("/"))
    for name in GUEST_MODULES:
        programs.copy(_only(modules_of(root), f"**/{name}.ko"), tree / "modules")
    programs.copy(DOM0 / "guest-init", tree, "init").chmod(0o755)


def fill_kernel(target, root, xen=None):
    """Puts hypervisor and kernel, both unpacked, into an image's folder."""
    hypervisor = xen.hypervisor() if xen else _only(root, "boot/xen-*-amd64.gz")
    (target / "xen").write_bytes(gzip.decompress(hypervisor.read_bytes()))
    (target / "vmlinux").write_bytes(unpack_kernel(_only(root, "boot/vmlinuz-*").read_bytes()))


def fill_guest(target, root):
    """Puts the Linux guest's initramfs into an image's folder."""
    tree = target / "tree"
    _guest_tree(tree, root)
    pack(tree, target / "guest.cpio")
    shutil.rmtree(tree)


def _make(target, root, xen):
    say(f"making the dom0 image, with Xen {xen.version()} of {xen.folder}" if xen else "making the dom0 image")
    fill_kernel(target, root, xen)
    tree = target / "tree"
    libraries = _dom0_tree(tree, root, xen)
    pack(tree, target / "dom0.cpio")
    shutil.rmtree(tree)
    fill_guest(target, root)
    (target / "libraries").write_text("\n".join(libraries) + "\n", encoding="ascii")


def get(xen=None):
    """The image for today's packages and tree, or another Xen (ownxen.py), from the cache or made now."""
    if not os.access(BUSYBOX, os.X_OK):
        raise BedError("busybox is not installed: build-aux/setup bed")
    root = packages.root()
    tools = sorted(path for path in _stock(root, xen) if not path.is_symlink())
    libraries = programs.libraries(tools, xen.libraries() if xen else None)
    key = cache.digest(root.name, Path(__file__), HERE / "programs.py", HERE / "ownxen.py", BUSYBOX,
                       *(DOM0 / name for name in ("init", "wait", "guest-init")), *libraries,
                       *([xen.hypervisor(), *tools] if xen else []))
    return Image(cache.made(f"image-{key}", lambda target: _make(target, root, xen)), key)
