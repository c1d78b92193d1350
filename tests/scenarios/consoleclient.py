#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of terminals, as xenconsole is one: reads what comes into FOLDER/N, types a line now and then if told to.

    consoleclient.py FOLDER [--type] PATH...      N counts the paths from 1; ends when told to, or when all have hung up

FOLDER/hung-up gets N and the time for each that has hung up."""
import contextlib
import os
import resource
import select
import signal
import sys
import termios
import time
import tty


def main():
    folder, *words = sys.argv[1:]
    types = "--type" in words
    paths = [word for word in words if word != "--type"]
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))      # two for each path
    poll = select.poll()
    files, number = {}, 0
    for n, path in enumerate(paths, 1):
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(fd, termios.TCSANOW)
        files[fd] = (n, open(f"{folder}/{n}", "wb", buffering=0))   # pylint: disable=consider-using-with
        poll.register(fd, select.POLLIN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    open(f"{folder}/ready", "w", encoding="ascii").close()
    typed = time.monotonic()
    while files:
        for fd, what in poll.poll(20):
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if data:
                files[fd][1].write(data)
                continue
            poll.unregister(fd)
            with open(f"{folder}/hung-up", "a", encoding="ascii") as file:
                file.write(f"{files[fd][0]} {time.monotonic():.3f} {what}\n")
            del files[fd]
            os.close(fd)
        if types and time.monotonic() - typed > 0.05:
            typed = time.monotonic()
            number += 1
            for fd in files:
                with contextlib.suppress(OSError):      # hung up, which the next poll() says
                    os.write(fd, b"typed %d\n" % number)


main()
