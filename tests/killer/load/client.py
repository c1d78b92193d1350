# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that keeps a ledger: it knows every byte that it has to get for what it asked."""
import struct

from .tree import (DIRECTORY, ERROR, EVENT, GET_PERMS, MKDIR, OK, READ, RM, SET_PERMS, TRANSACTION_END,
                   TRANSACTION_START, WATCH, WRITE, Tree)

NAMES = [b"a", b"b", b"c", b"dd", b"e-e"]
KINDS = (WRITE,) * 6 + (READ,) * 3 + (MKDIR, RM, RM, SET_PERMS, DIRECTORY, GET_PERMS, TRANSACTION_START)


class Wrong(Exception):
    """The daemon lost, doubled or changed something; the message says what."""


def message(kind, payload, req_id=0, tx_id=0):
    return struct.pack("=IIII", kind, req_id, tx_id, len(payload)) + payload


class Asked:
    """One request: the events that come before its answer, the answer, and the tree from then on."""

    def __init__(self, req_id, answer, events, tree):
        self.req_id = req_id
        self.answer = answer        # (type, payload); None: the number of a transaction
        self.events = events        # paths
        self.tree = tree
        self.merged = set()         # paths of which an event came when this was asked already


class Transaction:
    """A few changes at once. Nothing is asked before its start and its end have been answered."""

    def __init__(self, tree, left):
        self.id = None
        self.tree = tree
        self.events = []
        self.left = left            # changes still to be asked
        self.is_ending = False
        self.is_doubtful = False    # there was a restart: it ends with EAGAIN, and inside all may be


class Client:
    """home: its part of the store, where nobody else writes. owner: its domid, or None: it is privileged."""

    def __init__(self, name, link, home, owner, random, tally):
        self.name = name
        self.link = link
        self.home = home
        self.owner = owner
        self.random = random
        self.tally = tally
        self.tree = Tree.empty((b"n" + (owner or b"0"),))
        self.acknowledged = self.tree
        self.told = []              # all events that its requests have caused
        self.is_merged = False      # slow: an event that waits already does not come a second time
        self.req_id = 0
        self.forget()

    def forget(self):
        """The connection is new: nothing is on its way."""
        self.asked = []
        self.buf = b""
        self.seen = []              # own events since the last answer
        self.txn = None
        self.first = []             # the event that says that a watch stands
        self.on_event = None        # called with the path of events that are not for itself

    def restarted(self):
        """The daemon was killed, the connection lives."""
        if self.txn:
            self.txn.is_doubtful = True

    # -- asking
    def _send(self, kind, payload, answer, events=(), tree=None, tx_id=0):
        self.req_id += 1
        self.asked.append(Asked(self.req_id, answer, self.first + list(events), tree or self.tree))
        self.first = []
        if tree:
            self.tree = tree
        self.link.send(message(kind, payload, self.req_id, tx_id))
        self.tally["requests"] += 1

    def watch(self, path, token):
        self._send(WATCH, path + b"\0" + token + b"\0", (WATCH, OK))
        if token == b"own":
            self.first = [path]

    def make_home(self):
        self._send(MKDIR, self.home + b"\0", (MKDIR, OK))

    def _path(self):
        return b"".join(b"/" + self.random.choice(NAMES) for _ in range(self.random.randint(1, 3)))

    def _value(self):
        return b"%d:" % self.req_id + b"v" * self.random.choice((0, 5, 20, 20, 300, 1500))

    def ask(self):
        """One request more; False: it has to wait for an answer first."""
        txn = self.txn
        if txn and (txn.id is None or txn.is_ending):
            return False
        if txn:
            self._ask_within(txn)
            return True
        kind = self.random.choice(KINDS)
        if kind == TRANSACTION_START:
            self._send(kind, b"\0", None)
            self.txn = Transaction(self.tree, self.random.randint(0, 4))
        else:
            self._ask_now(kind, self._path())
        return True

    def _ask_now(self, kind, path):
        full = self.home + path
        there = self.tree.has(path)
        above = self.tree.has(path.rsplit(b"/", 1)[0])
        if kind == WRITE:
            value = self._value()
            self._send(kind, full + b"\0" + value, (kind, OK), [full], self.tree.write(path, value))
        elif kind == MKDIR and not there:
            self._send(kind, full + b"\0", (kind, OK), [full], self.tree.write(path, b""))
        elif kind == RM and there:
            self._send(kind, full + b"\0", (kind, OK), [full], self.tree.remove(path))
        elif kind == SET_PERMS and there:
            owner = self.owner or b"0"
            perms = (self.random.choice((b"n", b"r", b"w", b"b")) + owner, b"r0")
            self._send(kind, full + b"\0" + b"".join(perm + b"\0" for perm in perms), (kind, OK), [full],
                       self.tree.set_perms(path, perms))
        elif kind == MKDIR or (kind == RM and above):
            self._send(kind, full + b"\0", (kind, OK))
        elif kind in (RM, SET_PERMS):
            rest = b"n" + (self.owner or b"0") + b"\0" if kind == SET_PERMS else b""
            self._send(kind, full + b"\0" + rest, (ERROR, b"ENOENT\0"))
        else:
            self._send(kind, full + b"\0", self.tree.answer(kind, path))

    def _ask_within(self, txn):
        if not txn.left:
            txn.is_ending = True
            self._send(TRANSACTION_END, b"T\0", (TRANSACTION_END, OK), txn.events, txn.tree, txn.id)
            return
        txn.left -= 1
        path = self._path()
        full = self.home + path
        if self.random.random() < 0.3:
            self._send(READ, full + b"\0", txn.tree.answer(READ, path), tx_id=txn.id)
            return
        value = self._value()
        txn.tree = txn.tree.write(path, value)
        if full not in txn.events:
            txn.events.append(full)
        self._send(WRITE, full + b"\0" + value, (WRITE, OK), tx_id=txn.id)

    # -- being answered
    def receive(self):
        """Takes what has come. False: the connection is closed."""
        data = self.link.receive()
        if data is None:
            return False
        self.buf += data
        while len(self.buf) >= 16:
            kind, req_id, _, length = struct.unpack_from("=IIII", self.buf)
            if len(self.buf) < 16 + length:
                break
            payload = self.buf[16:16 + length]
            self.buf = self.buf[16 + length:]
            if kind == EVENT:
                self._take_event(payload)
            else:
                self._take_answer(kind, req_id, payload)
        return True

    def _take_event(self, payload):
        path, token, rest = payload.split(b"\0")
        if rest:
            raise Wrong(f"{self.name}: bad event {payload!r}")
        self.tally["events"] += 1
        if token == b"own":
            self.seen.append(path)
            for asked in self.asked[1:] if self.is_merged else ():
                asked.merged.add(path)
        elif self.on_event:
            self.on_event(path)

    def _take_answer(self, kind, req_id, payload):
        got = (kind, payload)
        if not self.asked:
            raise Wrong(f"{self.name}: an answer to nothing: {got}")
        asked = self.asked.pop(0)
        if asked.req_id != req_id:
            raise Wrong(f"{self.name}: answer to {req_id}, but {asked.req_id} is due: {got}")
        self.tally["answers"] += 1
        txn = self.txn
        if asked.answer is None:
            if kind != TRANSACTION_START:
                raise Wrong(f"{self.name}: no transaction: {got}")
            txn.id = int(payload[:-1])
        elif txn and txn.is_ending and not self.asked:
            self._take_end(txn, asked, got)
        elif got != asked.answer and not (txn and txn.is_doubtful and txn.id):
            raise Wrong(f"{self.name}: {asked.answer} expected, got {got}")
        events = [path for path in asked.events if path in self.seen or path not in asked.merged]
        # A transaction tells its changes in the order in which it first looked at the nodes.
        if sorted(self.seen) != sorted(events) or (kind != TRANSACTION_END and self.seen != events):
            raise Wrong(f"{self.name}: events {events} expected before the answer to {req_id}, got {self.seen}")
        self.told += [path for path in self.seen if path != self.home]
        self.seen = []
        self.acknowledged = asked.tree

    def _take_end(self, txn, asked, got):
        self.txn = None
        if txn.is_doubtful and got == (ERROR, b"EAGAIN\0"):
            self.tally["eagain"] += 1
            asked.events = [path for path in asked.events if path == self.home]
            self.tree = asked.tree = self.acknowledged
        elif got != asked.answer:
            raise Wrong(f"{self.name}: end of a transaction: {got}")

    # -- after the connection was lost
    def candidates(self):
        """What the tree may be: what is acknowledged, and one more request each of those that may have been served."""
        trees = [self.acknowledged]
        for asked in self.asked:
            if asked.tree is not trees[-1]:
                trees.append(asked.tree)
        return trees
