# SPDX-License-Identifier: GPL-2.0-or-later
"""A store as simple as can be, to compare a real one with: a dictionary, copied for each transaction.

A transaction that commits must be as if all its requests had been made at once, at the commit: they are made again on
the store as it is then, and each must answer as it did. One that is refused must have a reason: something that it
touched is not as it was at its start. One that changed nothing is never refused.
"""
import itertools
from dataclasses import dataclass, field

VERSIONS = itertools.count()
READ, WRITE, OWNER = 1, 2, 4
RIGHTS = {"n": 0, "r": READ, "w": WRITE, "b": READ | WRITE}


class Refused(Exception):
    """The answer is an error of this name."""


@dataclass
class Node:
    """A value, permissions as (letter, domid), children in order; another version with each change."""
    value: bytes = b""
    perms: tuple = (("n", 0),)
    children: list = field(default_factory=list)
    version: int = field(default_factory=lambda: next(VERSIONS))

    def change(self):
        self.version = next(VERSIONS)
        return self


def parent_of(path):
    return path.rsplit("/", 1)[0] or "/"


def rights(node, who):
    """What domain number who may do; 0 may everything."""
    if who in (0, node.perms[0][1]):
        return READ | WRITE | OWNER
    for letter, domid in node.perms[1:]:
        if domid == who:
            return RIGHTS[letter]
    return RIGHTS[node.perms[0][0]]


class Naive:
    """All nodes by path."""

    def __init__(self, nodes=None):
        self.nodes = nodes if nodes is not None else {"/": Node()}

    def copy(self):
        return Naive({path: Node(node.value, node.perms, list(node.children), node.version) for path, node in self.nodes.items()})

    def ancestor(self, path):
        """The nearest one that is there, itself included."""
        while path not in self.nodes:
            path = parent_of(path)
        return path

    def find(self, path, who, need):
        """The node, for one who needs these rights; else the error that tells least."""
        node = self.nodes.get(path)
        if node is None:
            above = self.nodes[self.ancestor(path)]
            raise Refused("ENOENT" if rights(above, who) & need or who == 0 else "EACCES")
        if rights(node, who) & need != need:
            raise Refused("EACCES")
        return node

    def do(self, who, operation, path, argument=b""):
        """One request; the payload of its answer, or Refused."""
        return getattr(self, operation.lower())(who, path, argument)

    def read(self, who, path, _):
        return self.find(path, who, READ).value

    def directory(self, who, path, _):
        return b"".join(name.encode() + b"\0" for name in self.find(path, who, READ).children)

    def get_perms(self, who, path, _):
        return b"".join(f"{letter}{domid}\0".encode() for letter, domid in self.find(path, who, READ).perms)

    def _create(self, who, path, value):
        above = self.ancestor(path)
        perms = self.nodes[above].perms
        if who:
            perms = ((perms[0][0], who), *perms[1:])
        while above != path:
            name = path[len(above):].lstrip("/").split("/")[0]
            self.nodes[above].change().children.append(name)
            above = above.rstrip("/") + "/" + name
            self.nodes[above] = Node(b"", perms)
        self.nodes[path].value = value

    def write(self, who, path, value):
        try:
            self.find(path, who, WRITE).change().value = value
        except Refused as refused:
            if str(refused) != "ENOENT":
                raise
            self._create(who, path, value)
        return b"OK\0"

    def mkdir(self, who, path, _):
        try:
            self.find(path, who, WRITE)
        except Refused as refused:
            if str(refused) != "ENOENT":
                raise
            self._create(who, path, b"")
        return b"OK\0"

    def rm(self, who, path, _):
        try:
            self.find(path, who, WRITE)
        except Refused as refused:
            if str(refused) == "ENOENT" and parent_of(path) in self.nodes:
                return b"OK\0"
            raise
        self.nodes[parent_of(path)].change().children.remove(path.rsplit("/", 1)[1])
        for gone in [one for one in self.nodes if one == path or one.startswith(path + "/")]:
            del self.nodes[gone]
        return b"OK\0"

    def set_perms(self, who, path, perms):
        node = self.find(path, who, WRITE | OWNER)
        if who and perms[0][1] != node.perms[0][1]:
            raise Refused("EPERM")
        node.change().perms = perms
        return b"OK\0"


class Transaction:
    """What was asked inside, and how it was answered.

    It may see the store as it was at its start, or (who has just lost a conflict, and waits for others) as it was at
    the first request inside: as long as the answers do not tell, both are possible.
    """

    def __init__(self, now):
        self.seen = [(now.copy(), now.copy())]      # as it sees it, as it was
        self.done = []
        self.changes = {}                           # id() of a store in seen -> has it been changed?

    def check(self, now, request, answer):
        """None, or what the answer should have been."""
        if not self.done:
            self.seen.append((now.copy(), now.copy()))
        before = next(VERSIONS)
        wanted = [answer_of(store, *request) for store, _ in self.seen]
        for store, _ in self.seen:
            changed = any(node.version > before for node in store.nodes.values())
            self.changes[id(store)] = self.changes.get(id(store), False) or changed
        self.seen = [pair for pair, one in zip(self.seen, wanted) if one == answer]
        self.done.append((*request, answer))
        return None if self.seen else wanted[0]

    def may_have_changed(self):
        """Of what it may have seen: has it changed something in one, in all?"""
        changes = [self.changes.get(id(store), False) for store, _ in self.seen]
        return any(changes), all(changes)

    def may_commit(self, now):
        """The store after it, or None: on the store as it is now, some request would be answered otherwise."""
        after = now.copy()
        for *request, answer in self.done:
            if answer_of(after, *request) != answer:
                return None
        return after

    def may_be_refused(self, now):
        """Is something that it touched, or that is above or below what it removed, not as it was?"""
        return any(self._differs(store, start, now) for store, start in self.seen)

    def _differs(self, store, start, now):
        touched = {"/"}
        for _, operation, path, _, _ in self.done:
            for nodes in (start.nodes, now.nodes, store.nodes):
                if operation == "RM":
                    touched |= {one for one in nodes if one.startswith(path + "/")}
            while path != "/":
                touched.add(path)
                path = parent_of(path)
        return any(start.nodes.get(path) != now.nodes.get(path) for path in touched)


def answer_of(store, who, operation, path, argument):
    try:
        return store.do(who, operation, path, argument)
    except Refused as refused:
        return str(refused)
