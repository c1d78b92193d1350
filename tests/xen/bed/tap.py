# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what a TAP stream says: passed, failed, skipped, and whether it came to its end."""
import re

LINE = re.compile(r"(not )?ok\b(?:\s+\d+)?(?:.*?#\s*(skip|todo)\b)?", re.I)


class Counts:
    """Numbers of one or several streams."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.planned = None

    def take(self, text):
        """Looks at one line."""
        match = LINE.match(text)
        if match:
            if match.group(2) and match.group(2).lower() == "skip":
                self.skipped += 1
            elif match.group(1):
                self.failed += 1
            else:
                self.passed += 1
        elif re.fullmatch(r"1\.\.\d+", text.strip()):
            self.planned = int(text.strip()[3:])

    def complete(self):
        """Has the stream named its plan, and kept it?"""
        return self.planned is not None and self.planned == self.passed + self.failed + self.skipped

    def count_as_failed(self):
        """A run that went wrong without saying so in a test is one failed test."""
        if not self.failed:
            self.failed = 1

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"
