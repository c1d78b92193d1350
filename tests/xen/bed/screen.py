# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines that are read while one waits: steps with their time, and a progress bar that is drawn over itself.

On anything but a terminal the bar becomes a plain line every few seconds, and nothing is drawn over.
"""
import sys
import time

WIDTH = 28


class Screen:
    """Where ./demo speaks."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.live = out.isatty()
        self._step = None
        self._began = 0.0
        self._drawn = ""
        self._next = 0.0

    def _print(self, text):
        self.out.write(text)
        self.out.flush()

    def line(self, text=""):
        """A line of its own."""
        self._clear()
        self._print(text + "\n")

    def _clear(self):
        if self._drawn:
            self._print("\r\033[K")
            self._drawn = ""

    def begin(self, name, text):
        """A step that takes time begins."""
        self._step, self._began, self._next = (name, text), time.monotonic(), time.monotonic() + 5
        if self.live:
            self._draw(f"  {name:<10}  {text} …")

    def end(self, text=None, seconds=None):
        """It is done: one line with its time."""
        if self._step is None:
            return
        name, before = self._step
        took = time.monotonic() - self._began if seconds is None else seconds
        self._step = None
        self.line(f"  {name:<10}  {text or before:<66} {took:>7.1f} s")

    def _draw(self, text):
        self._clear()
        self._drawn = text
        self._print(text)

    def progress(self, done, total, note):
        """The step's bar."""
        name = self._step[0] if self._step else ""
        if self.live:
            full = done * WIDTH // max(total, 1)
            if time.monotonic() >= self._next - 4.9 or done == total:
                self._next = time.monotonic() + 5
                self._draw(f"  {name:<10}  [{'█' * full}{'·' * (WIDTH - full)}] {done} of {total}, {note}")
        elif time.monotonic() > self._next:
            self._next = time.monotonic() + 5
            self.line(f"  {name:<10}  {done} of {total}, {note}")
