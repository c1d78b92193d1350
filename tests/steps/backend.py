# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for the kernel's backends of vifs and disks: new ones wait for their script, and close when their front half goes."""
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "wire"))

from player.client import Client, Closed, Silent, to_socket  # noqa: E402
from player.scenario import TYPES  # noqa: E402

FOLDER = "/local/domain/0/backend"
INITIALISING, INIT_WAIT, CLOSING, CLOSED = b"1", b"2", b"5", b"6"


class Backend(threading.Thread):
    """Serves the store at a socket until end()."""

    def __init__(self, socket):
        super().__init__(daemon=True)
        self.store = Client(to_socket(socket))
        self.over = False
        self.devices = {}       # a front half's folder to its back half's
        for kind in ("vif", "vbd"):
            self._watch(f"{FOLDER}/{kind}", "back")
        self.start()

    def end(self):
        """Lets all go."""
        self.over = True
        self.join(10)
        self.store.close()

    def _ask(self, name, *words, tx_id=0):
        self.store.request(TYPES[name], "\0".join(words).encode() + b"\0", tx_id)
        answer = self.store.answer(120)
        return None if answer.type == TYPES["ERROR"] else answer

    def _read(self, path, tx_id=0):
        answer = self._ask("READ", path, tx_id=tx_id)
        return None if answer is None else answer.payload

    def _watch(self, path, token):
        self._ask("WATCH", path, token)

    def _switch(self, folder, state):
        """As the kernel does it: only if there is a state to be changed."""
        while True:
            tx_id = int(self._ask("TRANSACTION_START", "").payload.rstrip(b"\0"))
            there = self._read(f"{folder}/state", tx_id) is not None
            if there:
                self.store.request(TYPES["WRITE"], f"{folder}/state".encode() + b"\0" + state, tx_id)
                self.store.answer(120)
            if self._ask("TRANSACTION_END", "T" if there else "F", tx_id=tx_id) is not None:
                return

    def _back(self, path):
        """Something below a back half has changed."""
        words = path[len(FOLDER):].split("/")
        if len(words) < 4:
            return
        folder = f"{FOLDER}/{'/'.join(words[1:4])}"
        state, front = self._read(f"{folder}/state"), self._read(f"{folder}/frontend")
        if state is None or front is None:
            return
        front = front.decode()
        if state == INITIALISING and self._read(f"{front}/state") is not None and front not in self.devices:
            self.devices[front] = folder
            self._switch(folder, INIT_WAIT)
            self._watch(f"{front}/state", f"front {front}")
        elif state == CLOSING and self._read(f"{front}/state") is None:
            self._close(front)

    def _close(self, front):
        folder = self.devices.pop(front, None)
        if folder:
            self._ask("UNWATCH", f"{front}/state", f"front {front}")
            self._switch(folder, CLOSED)

    def run(self):
        while not self.over:
            try:
                if not self.store.events:
                    self.store.await_event(0.05)
            except Silent:
                continue
            except Closed:
                return
            path, token = self.store.events.pop(0).payload.decode().split("\0")[:2]
            if token == "back":
                self._back(path)
            elif self._read(path) is None:
                self._close(token.split(" ")[1])
