# SPDX-License-Identifier: GPL-2.0-or-later
"""Load, kill, start again, compare: over sockets that end with the daemon, or are kept."""
import random
import struct
import time

from .client import Client, Wrong, message
from .daemon import Daemon, Ended, KeptDaemon, SocketLink
from .rings import Rings
from .tree import CONTROL, DIRECTORY, GET_PERMS, READ, Tree

DEPTH = 8                   # requests on their way per client
RUN_SECONDS = 0.03          # the longest time between a start and a kill
UPDATE_SECONDS = 0.3        # the same if there are to be live updates between them
STEP_SECONDS = 3            # after which a step is not awaited any more


class Run:
    """A daemon and its clients, which end with it."""

    daemon_type = Daemon

    def __init__(self, args):
        self.random = random.Random(args.seed)
        self.tally = dict.fromkeys(("requests", "answers", "events", "eagain", "witnessed", "missed", "early"), 0)
        program = "tests/killer/xenstored-steps" if args.steps else "xenstored/xenstored"
        options, environment, self.rings = list(args.option), {}, None
        if args.rings:
            self.rings = Rings(args.build, args.folder, args.rings, self.daemon_type is KeptDaemon, self.random, self.tally)
            options += self.rings.host.store_options()
            environment = self.rings.host.environment()
        else:
            options.append("-D")
        self.daemon = self.daemon_type(args.build / program, args.folder, options, environment)
        self.daemon.start()
        self.clients = [Client(f"client {i}", None, b"/k/%d" % i, None, self.random, self.tally)
                        for i in range(args.clients)]
        self.witness = Client("witness", None, b"/witness", None, self.random, self.tally)
        self.restart_seconds = []
        self.with_updates = args.updates
        self.run_seconds = UPDATE_SECONDS if args.updates else RUN_SECONDS
        self.operator = None
        if args.updates:
            self.tally["updates"] = 0

    def operate(self):
        """Somebody has the daemon replaced now and then; everybody else must not notice."""
        if not self.with_updates:
            return
        if not self.operator and self.random.random() < 0.05:
            self.operator = Operator(self.daemon)
        elif self.operator and self.operator.go_on():
            self.operator = None
            self.tally["updates"] += 1

    def start(self):
        """Seconds that it took. A step may come before it serves: then that was a kill more."""
        while True:
            try:
                return self.daemon.start()
            except Ended:
                self.daemon.reap()
                self.tally["early"] += 1
                self.daemon.step = None

    def connect(self):
        """New connections after a start; each client has its own events told, the witness all."""
        self.witnessed = {client.home: [] for client in self.clients}
        for client in self.clients + [self.witness]:
            client.link = None
            client.forget()
            client.told = []
        for client in self.clients + [self.witness]:
            client.link = SocketLink(self.daemon.connect())
        self.witness.watch(b"/k", b"all")
        self.settle([self.witness])
        for client in self.clients:
            client.make_home()
        self.settle(self.clients)
        self.witness.on_event = self._witness
        for client in self.clients:
            client.told = []
            client.watch(client.home, b"own")

    def _witness(self, path):
        home = b"/".join(path.split(b"/")[:3])
        if path != home and home in self.witnessed:
            self.witnessed[home].append(path)
            self.tally["witnessed"] += 1

    def settle(self, clients, seconds=120):
        """Until everything is answered."""
        until = time.monotonic() + seconds
        while any(client.asked for client in clients):
            if time.monotonic() > until:
                waiting = next(client for client in clients if client.asked)
                raise Wrong(f"{waiting.name}: no answer to {len(waiting.asked)} requests")
            for client in clients:
                if not client.receive():
                    raise Wrong(f"{client.name}: the connection was closed")

    def load_until(self, end):
        """Keeps everybody busy."""
        while not self.is_over(end):
            for client in self.clients:
                while len(client.asked) < DEPTH and client.ask():
                    pass
                client.receive()
            self.witness.receive()
            if self.rings:
                self.rings.tick()
            self.operate()

    def drain(self):
        """What had been sent before the kill still arrives, and counts."""
        for client in self.clients + [self.witness]:
            while client.link and client.receive():
                pass
            if client.link:
                client.link.link.close()
        for client in self.clients:
            seen = self.witnessed[client.home]
            both = min(len(seen), len(client.told))
            if seen[:both] != client.told[:both]:
                raise Wrong(f"{client.name}: the witness saw other events: {seen[:both]}, {client.told[:both]}")

    def read_tree(self, link, home):
        """What the store holds below home."""
        nodes, todo = {}, [b""]
        while todo:
            path = todo.pop()
            found = [ask(link, kind, home + path) for kind in (READ, GET_PERMS, DIRECTORY)]
            children = tuple(found[2].split(b"\0")[:-1])
            nodes[path] = (found[0], tuple(found[1].split(b"\0")[:-1]), children)
            todo += [path + b"/" + child for child in children]
        return nodes

    def compare(self):
        """Each client's part of the store is what it has to be; from here on that is what it is."""
        while True:
            try:
                self._compare()
                return
            except OSError:
                if not self.daemon.step or not self.daemon.is_dying():
                    raise
                # Reading has taken it to its step.
                self.daemon.reap()
                self.tally["early"] += 1
                self.start()

    def _compare(self):
        link = self.daemon.connect()
        for client in self.clients:
            nodes = self.read_tree(link, client.home)
            for tree in client.candidates():
                if tree.nodes == nodes:
                    client.tree = client.acknowledged = Tree(nodes)
                    break
            else:
                raise Wrong(f"{client.name}: acknowledged {difference(client.acknowledged.nodes, nodes)}, "
                            f"and {len(client.asked)} requests on their way do not explain it")
        link.close()

    def begin(self):
        """Before the first kill."""
        if not self.rings:
            return
        link = self.daemon.connect()
        self.rings.begin(lambda kind, payload: ask(link, kind, payload))
        link.close()
        self.rings.up(self.daemon.connect)

    def start_again(self):
        """After a kill."""
        if self.rings:
            self.rings.down()
        self.restart_seconds.append(self.start())
        if not self.rings:
            return
        self.rings.up(self.daemon.connect)
        if not self.daemon.step and self.rings.is_time_to_compare():
            self.compare_rings()

    def compare_rings(self):
        """All that domains were told is so."""
        self.rings.settle(self.daemon.connect)
        link = self.daemon.connect()
        self.rings.compare(lambda kind, payload: ask(link, kind, payload), lambda home: self.read_tree(link, home))
        link.close()

    def kill(self):
        """Ends the daemon: at a random moment, or waits until it ends at the step that it was told."""
        if not self.daemon.step:
            self.daemon.kill()
        elif self.daemon.process.poll() is None:
            self.tally["missed"] += 1
            self.daemon.kill()
        self.daemon.reap()
        self.operator = None

    def is_over(self, end):
        """Has the load gone on long enough?"""
        if not self.daemon.step:
            return time.monotonic() > end
        return self.daemon.process.poll() is not None or time.monotonic() > end + STEP_SECONDS

    def finish(self):
        """After the last one."""
        if self.rings:
            self.compare_rings()

    def end(self):
        """Of daemon and host."""
        self.daemon.stop()
        if self.rings:
            self.rings.host.end()

    def kill_once(self):
        try:
            self.connect()
            self.load_until(time.monotonic() + self.random.random() * self.run_seconds)
        except (Wrong, OSError):
            if not self.daemon.step or not self.daemon.is_dying():
                raise
        self.kill()
        self.drain()
        self.start_again()
        self.compare()


class Operator:
    """One who wants a live update."""

    def __init__(self, daemon):
        self.link = SocketLink(daemon.connect())
        self.buf = b""
        command = daemon.arguments()
        self.words = [(b"-f", command[0].encode()), (b"-c", " ".join(command[1:]).encode()), (b"-s", b"-t", b"20")]
        self._send()

    def _send(self):
        words = (b"live-update",) + self.words.pop(0)
        self.link.send(message(CONTROL, b"".join(word + b"\0" for word in words)))

    def go_on(self):
        """True: the daemon has been replaced."""
        self.buf += self.link.receive() or b""
        if len(self.buf) < 16:
            return False
        if self.buf[16:] != b"OK\0":
            raise Wrong(f"live update: {self.buf[16:]}")
        self.buf = b""
        if not self.words:
            self.link.link.close()
            return True
        self._send()
        return False


class KeptRun(Run):
    """Connections outlive the daemon: every request is answered once, every event comes once."""

    daemon_type = KeptDaemon

    def __init__(self, args):
        super().__init__(args)
        self.tally.update(visitors=0, turned_away=0)
        self.visitors = []

    def begin(self):
        super().begin()
        self.connect()

    def visit(self):
        """Clients that come, ask once, and go; some stay for a while."""
        if self.random.random() < 0.3:
            visitor = Client("visitor", SocketLink(self.daemon.connect()), b"/v", None, self.random, self.tally)
            visitor.link.send(message(READ, b"/tool\0"))
            visitor.answered = False
            self.visitors.append(visitor)
            self.tally["visitors"] += 1
        for visitor in list(self.visitors):
            data = visitor.link.receive()
            if data:
                visitor.answered = True
            elif data is None and visitor.answered:
                raise Wrong("a client was served and then turned away")
            elif data is None:
                self.tally["turned_away"] += 1      # killed between its arrival and the place where it is kept
            if data is None or (visitor.answered and self.random.random() < 0.2):
                visitor.link.link.close()
                self.visitors.remove(visitor)

    def load_until(self, end):
        while not self.is_over(end):
            for client in self.clients:
                while len(client.asked) < DEPTH and client.ask():
                    pass
                self.receive(client)
            self.receive(self.witness)
            self.visit()
            if self.rings:
                self.rings.tick()
            self.operate()

    def receive(self, client):
        if not client.receive():
            raise Wrong(f"{client.name}: the connection was closed")

    def kill_once(self):
        self.load_until(time.monotonic() + self.random.random() * self.run_seconds)
        self.kill()
        for client in self.clients:
            client.restarted()
        self.start_again()

    def finish(self):
        super().finish()
        self.settle(self.clients)
        end = time.monotonic() + 60
        while any(len(self.witnessed[client.home]) < len(client.told) for client in self.clients):
            self.receive(self.witness)
            if time.monotonic() > end:
                break
        for client in self.clients:
            if self.witnessed[client.home] != client.told:
                raise Wrong(f"{client.name}: the witness saw {len(self.witnessed[client.home])} events, "
                            f"{len(client.told)} were caused")
        self.compare()


def ask(link, kind, path):
    """One answer, awaited."""
    link.sendall(struct.pack("=IIII", kind, 1, 0, len(path) + 1) + path + b"\0")
    head = link.recv(16, 0x100)     # MSG_WAITALL
    if len(head) < 16:
        raise ConnectionResetError("it ended")
    answer, _, _, length = struct.unpack("=IIII", head)
    payload = link.recv(length, 0x100) if length else b""
    if answer != kind:
        raise Wrong(f"{kind} of {path}: {payload}")
    return payload


def difference(must, found):
    """The paths at which two trees differ, with both sides."""
    return {path: (must.get(path), found.get(path)) for path in sorted(set(must) | set(found))
            if must.get(path) != found.get(path)}
