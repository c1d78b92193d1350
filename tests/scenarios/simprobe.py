# SPDX-License-Identifier: GPL-2.0-or-later
"""Xen's libraries as a program uses them, for scripts that run on a simulated host: each call gives its result, or the errno's name."""
import ctypes
import errno
import mmap
import select
import subprocess
import sys
import time

LIBRARIES = {"xc": "libxenctrl.so.4.17", "xenevtchn": "libxenevtchn.so.1", "xengnttab": "libxengnttab.so.1",
             "xenforeignmemory": "libxenforeignmemory.so.1"}
READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE


class CreateDomain(ctypes.Structure):
    """struct xen_domctl_createdomain of Xen 4.17."""
    _fields_ = [("ssidref", ctypes.c_uint32), ("handle", ctypes.c_uint8 * 16), ("flags", ctypes.c_uint32), ("iommu_opts", ctypes.c_uint32),
                ("max_vcpus", ctypes.c_uint32), ("max_evtchn_port", ctypes.c_uint32), ("max_grant_frames", ctypes.c_int32),
                ("max_maptrack_frames", ctypes.c_int32), ("grant_opts", ctypes.c_uint32), ("vmtrace_size", ctypes.c_uint32),
                ("cpupool_id", ctypes.c_uint32), ("emulation_flags", ctypes.c_uint32), ("misc_flags", ctypes.c_uint32)]


class Host:
    """One handle of each kind."""

    def __init__(self):
        self.libraries = {name: ctypes.CDLL(file, use_errno=True) for name, file in LIBRARIES.items()}
        for name in ("xc_interface_open", "xenevtchn_open", "xengnttab_open", "xenforeignmemory_open", "xengnttab_map_grant_ref",
                     "xenforeignmemory_map"):
            self._function(name).restype = ctypes.c_void_p
        self.handles = {"xc": self._function("xc_interface_open")(None, None, 0)}
        for name in ("xenevtchn", "xengnttab", "xenforeignmemory"):
            self.handles[name] = self._function(f"{name}_open")(None, 0)

    def _function(self, name):
        return getattr(self.libraries[name.split("_")[0]], name)

    def call(self, name, *args):
        """The function with its library's handle first. -1 and NULL become the errno's name."""
        function = self._function(name)
        ctypes.set_errno(0)
        result = function(ctypes.c_void_p(self.handles[name.split("_")[0]]), *args)
        if result is None or result == -1:
            return errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno()))
        return result

    def create(self):
        """A domain with one vCPU and room for 64 pages; its number or an errno's name."""
        domid = ctypes.c_uint32(0)
        config = CreateDomain(max_vcpus=1, max_evtchn_port=1023, max_grant_frames=4, grant_opts=1)
        result = self.call("xc_domain_create", ctypes.byref(domid), ctypes.byref(config))
        if result == 0:
            result = self.call("xc_domain_setmaxmem", domid, ctypes.c_uint64(256))
        if result == 0:
            result = self.call("xc_domain_max_vcpus", domid, 1)
        return domid.value if result == 0 else result

    def destroy(self, domid):
        return self.call("xc_domain_destroy", domid)

    def alloc(self, domid):
        """An unbound port of the domain, for dom0."""
        return self.call("xc_evtchn_alloc_unbound", domid, 0)

    def bind(self, domid, port):
        return self.call("xenevtchn_bind_interdomain", domid, port)

    def populate(self, domid, n=1):
        """The frames of so many new pages, or an errno's name."""
        pages = (ctypes.c_uint64 * n)(*range(n))
        result = self.call("xc_domain_populate_physmap_exact", domid, ctypes.c_ulong(n), 0, 0, pages)
        return list(pages) if result == 0 else result

    def map(self, domid, frame):
        frames = (ctypes.c_uint64 * 1)(frame)
        return self.call("xenforeignmemory_map", domid, READ_WRITE, ctypes.c_size_t(1), frames, None)

    def map_grant(self, domid, ref):
        return self.call("xengnttab_map_grant_ref", domid, ref, READ_WRITE)

    def pending(self, seconds=0.3):
        """The port that fired, or None."""
        fd = self._function("xenevtchn_fd")(ctypes.c_void_p(self.handles["xenevtchn"]))
        if not select.select([fd], [], [], seconds)[0]:
            return None
        return self.call("xenevtchn_pending")

    def unmask(self, port):
        return self.call("xenevtchn_unmask", port)

    def exists(self, domid):
        """Is it listed?"""
        info = ctypes.create_string_buffer(4096)
        return self.call("xc_domain_getinfo", domid, 1, info) == 1 and int.from_bytes(info.raw[:4], "little") == domid


def ctl(*words):
    """simxen ctl: its exit status."""
    return subprocess.run(["simxen", "ctl", *map(str, words)], check=False, stderr=sys.stderr).returncode


def timed(function, *args):
    """(result, seconds)"""
    began = time.monotonic()
    return function(*args), time.monotonic() - began
