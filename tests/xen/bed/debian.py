# SPDX-License-Identifier: GPL-2.0-or-later
"""The other dom0: a small Debian with systemd, for what only a service manager shows.

Made with mmdebstrap from the packages by name, trimmed to what boots in some ten seconds. Xen's daemons are in
it and not started: units under test, or start_daemons, do that. The kernel's modules come from the bed's own
unpacked packages, so that no kernel package and no initramfs-tools are needed inside.
"""
import os
import shutil
import subprocess
from pathlib import Path

from . import cache, packages, programs
from .cache import BedError, say
from .image import BUSYBOX, DOM0, Image, MODULES, fill_guest, fill_kernel, install, modules_of, pack

PACKAGES = ("systemd", "systemd-sysv", "udev", "dbus", "kmod", "procps", "strace", "xen-utils-4.17", "xenstore-utils",
            "python3-minimal", "libpython3-stdlib", "iproute2")
DISK_MIB = 700

# What the initramfs loads to reach disk and share, and what systemd loads itself later.
EARLY = tuple(name for name in MODULES if not name.startswith("xen")) + (
    "virtio_blk", "crc32c_generic", "jbd2", "mbcache", "crc16", "ext4")
LATER = ("xen-evtchn", "xenfs", "xen-privcmd", "xen-gntdev", "xen-gntalloc", "autofs4", "loop", "llc", "stp", "bridge",
         "xen-netback", "xen-blkback")

# Seven of the ten seconds that the boot takes less: nothing in a test needs these.
MASKED = ("systemd-udev-trigger.service", "systemd-udevd.service", "systemd-udevd-control.socket",
          "systemd-udevd-kernel.socket", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount",
          "proc-sys-fs-binfmt_misc.mount", "dev-mqueue.mount", "dev-hugepages.mount", "sys-kernel-debug.mount",
          "sys-kernel-tracing.mount", "sys-kernel-config.mount", "sys-fs-fuse-connections.mount",
          "kmod-static-nodes.service", "systemd-logind.service", "systemd-update-utmp.service",
          "systemd-update-utmp-runlevel.service", "systemd-random-seed.service", "systemd-sysusers.service",
          "systemd-journal-flush.service", "systemd-user-sessions.service", "getty@tty1.service", "getty.target",
          "serial-getty@hvc0.service", "systemd-pstore.service", "systemd-sysctl.service",
          "systemd-remount-fs.service", "systemd-modules-load.service", "systemd-tmpfiles-setup-dev.service",
          "dbus.service", "dbus.socket", "remote-fs.target", "apt-daily.timer", "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "systemd-tmpfiles-clean.timer",
          "xen.service", "xendomains.service")


def _run(*command):
    """Runs a tool, also one that only root has on the PATH."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    subprocess.run([shutil.which(command[0], path=path) or command[0], *(str(word) for word in command[1:])], check=True)


def _bootstrap(target):
    if os.geteuid() != 0:
        raise BedError("the dom0 with systemd can only be made by root")
    for tool in ("mmdebstrap", "mkfs.ext4", "qemu-img", "depmod"):
        if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            raise BedError(f"{tool} is not installed: build-aux/setup systemd")
    say("making a Debian with systemd for dom0")
    log = target / "mmdebstrap.log"
    with open(log, "wb") as out:
        result = subprocess.run(["mmdebstrap", "--variant=apt", '--aptopt=APT::Install-Recommends "false"',
                                 f"--include={','.join(PACKAGES)}", "bookworm", str(target / "root.tar")],
                                stdout=out, stderr=out, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        kept = cache.folder() / "mmdebstrap.log"
        shutil.copyfile(log, kept)
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise BedError(f"mmdebstrap failed:\n{tail}\n--- all of it: {kept}")


def _mask(tree):
    system = tree / "etc/systemd/system"
    for unit in MASKED:
        path = system / unit
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/null")
    generators = tree / "etc/systemd/system-generators"
    generators.mkdir(parents=True, exist_ok=True)
    for path in (tree / "lib/systemd/system-generators").iterdir():
        if path.name != "systemd-sysv-generator":
            (generators / path.name).symlink_to("/dev/null")


def _adapt(tree, root):
    """Makes the plain Debian our dom0."""
    _mask(tree)
    kernel = modules_of(root)
    target = tree / "lib/modules" / kernel.name
    for name in LATER:
        module = next(kernel.glob(f"**/{name}.ko"))
        programs.copy(module, target / module.parent.relative_to(kernel))
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        programs.copy(kernel / name, target)
    _run("depmod", "-b", tree, kernel.name)
    for name, text in (("etc/fstab", ""), ("etc/hostname", "dom0\n"), ("etc/machine-id", f"{'5ca1e' * 6}00\n"),
                       ("etc/systemd/journald.conf", "[Journal]\nStorage=volatile\n"), ("etc/xen/xl.conf", "")):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="ascii")
    for name in ("share", "image"):
        (tree / name).mkdir()
    install(tree, BUSYBOX, "bin")
    install(tree, DOM0 / "wait", "bed")
    programs.copy(DOM0 / "bed.service", tree / "etc/systemd/system")
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "bed.service").symlink_to("../bed.service")


def _initramfs(target, root):
    tree = target / "tree"
    for name in ("proc", "sys", "dev", "bin", "r"):
        (tree / name).mkdir(parents=True)
    install(tree, BUSYBOX, "bin")
    kernel = modules_of(root)
    for number, name in enumerate(EARLY):
        module = next(kernel.glob(f"**/{name}.ko"))
        programs.copy(module, tree / "modules", f"{number:02}-{module.name}")
    programs.copy(DOM0 / "disk-init", tree, "init").chmod(0o755)
    pack(tree, target / "dom0.cpio")
    shutil.rmtree(tree)


def _make(target, root):
    _bootstrap(target)
    tree = target / "disk"
    tree.mkdir()
    _run("tar", "-xf", target / "root.tar", "-C", tree, "--numeric-owner", "--exclude=./dev/*")
    _adapt(tree, root)
    say("making its disk and initramfs")
    _run("truncate", "-s", f"{DISK_MIB}M", target / "root.ext4")
    _run("mkfs.ext4", "-q", "-O", "^has_journal", "-E", "lazy_itable_init=1,root_owner=0:0", "-d", tree, target / "root.ext4")
    names = sorted({path.name for path in tree.glob("lib/x86_64-linux-gnu/*.so*")} |
                   {path.name for path in tree.glob("usr/lib/x86_64-linux-gnu/*.so*")})
    (target / "libraries").write_text("\n".join(names) + "\n", encoding="ascii")
    shutil.rmtree(tree)
    (target / "root.tar").unlink()
    _initramfs(target, root)
    fill_kernel(target, root)
    fill_guest(target, root)


def get():
    """The image, from the cache or made now."""
    root = packages.root()
    here = Path(__file__).resolve().parent
    key = cache.digest(root.name, Path(__file__), here / "image.py", here / "programs.py", BUSYBOX,
                       *(DOM0 / name for name in ("wait", "disk-init", "bed.service", "guest-init")))
    return Image(cache.made(f"debian-{key}", lambda target: _make(target, root)), key)
