# SPDX-License-Identifier: GPL-2.0-or-later
"""What one client's part of the store must hold: a small model of the store, for one writer."""

CONTROL, READ, GET_PERMS, DIRECTORY, WATCH = 0, 2, 3, 1, 4
TRANSACTION_START, TRANSACTION_END = 6, 7
WRITE, MKDIR, RM, SET_PERMS, EVENT, ERROR = 11, 12, 13, 14, 15, 16
OK = b"OK\0"


class Tree:
    """Nodes below one path. Values are bytes, children in order of creation; never changed in place."""

    def __init__(self, nodes):
        self.nodes = nodes          # path -> (value, perms, (names of children…))

    @staticmethod
    def empty(perms):
        return Tree({b"": (b"", perms, ())})

    def has(self, path):
        return path in self.nodes

    def write(self, path, value):
        """The tree with path set, missing ancestors made with the permissions of the one above."""
        nodes = dict(self.nodes)
        at = b""
        for name in path.split(b"/")[1:]:
            below = at + b"/" + name
            if below not in nodes:
                old_value, perms, children = nodes[at]
                nodes[at] = (old_value, perms, children + (name,))
                nodes[below] = (b"", perms, ())
            at = below
        nodes[path] = (value,) + nodes[path][1:]
        return Tree(nodes)

    def remove(self, path):
        nodes = {key: node for key, node in self.nodes.items()
                 if key != path and not key.startswith(path + b"/")}
        above, name = path.rsplit(b"/", 1)
        value, perms, children = nodes[above]
        nodes[above] = (value, perms, tuple(child for child in children if child != name))
        return Tree(nodes)

    def set_perms(self, path, perms):
        nodes = dict(self.nodes)
        value, _, children = nodes[path]
        nodes[path] = (value, perms, children)
        return Tree(nodes)

    def answer(self, kind, path):
        """(type, payload) of READ, GET_PERMS or DIRECTORY."""
        if path not in self.nodes:
            return ERROR, b"ENOENT\0"
        value, perms, children = self.nodes[path]
        if kind == READ:
            return kind, value
        return kind, b"".join(item + b"\0" for item in (perms if kind == GET_PERMS else children))
