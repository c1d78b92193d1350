# SPDX-License-Identifier: GPL-2.0-or-later
"""Another Xen than Debian's: a folder as "make install" of Xen leaves it, with its hypervisor, libraries and tools.

Only the hypervisor must be there (boot/xen*.gz, or xen.gz) and libxenctrl; of the tools what there is. Dom0 has them
where the scenarios look for Debian's. What lies below the folder is found wherever the build has put it.
"""
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .cache import BedError

# In dom0.
BIN = "usr/lib/xen-own/bin"
LIB = "usr/lib/xen-own/lib"


@dataclass(frozen=True)
class OwnXen:
    """One such folder."""
    folder: Path

    def _files(self, pattern):
        return sorted(path for path in self.folder.rglob(pattern) if path.is_file() and not path.is_symlink())

    def hypervisor(self):
        """Its image, as gzip has it. Links to it do not count."""
        found = [path for path in self._files("xen*.gz") if "debug" not in path.parts]
        if len(found) != 1:
            raise BedError(f"one xen*.gz is wanted in {self.folder}, there are {len(found)}")
        return found[0]

    def libraries(self):
        """The folder of its libraries."""
        found = self._files("libxenctrl.so.*")
        if not found:
            raise BedError(f"there is no libxenctrl in {self.folder}")
        return found[-1].parent

    def tool(self, name):
        """The program of that name, or None; the links of xenstore are programs too."""
        found = [path for path in sorted(self.folder.rglob(name))
                 if path.parent.name in ("bin", "sbin") and path.is_file() and os.access(path, os.X_OK)]
        return found[0] if found else None

    def other_places(self, tool):
        """Where else in dom0 a tool is looked for by others of it, which were told their prefix when they were built."""
        return [str(tool.relative_to("/")), str(tool.relative_to(self.folder))]

    def home(self, library):
        """Where in dom0 a library belongs that a program of this machine needs."""
        return LIB if library.is_relative_to(self.folder) else str(library.parent.relative_to("/"))

    def version(self):
        """As its libraries have it: "4.20"."""
        return re.sub(r".*\.so\.", "", self._files("libxenctrl.so.*")[-1].name)
