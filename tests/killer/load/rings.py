# SPDX-License-Identifier: GPL-2.0-or-later
"""Domains on a simulated host, speaking through their rings: they come and go, also while nobody serves."""
import socket
import sys
import time
from pathlib import Path

from .client import Client, Wrong, message
from .daemon import SocketLink
from .tree import ERROR, MKDIR, OK, READ, RM, SET_PERMS

sys.path.append(str(Path(__file__).resolve().parents[2]))

from stores.host import SimHost  # noqa: E402

INTRODUCE, RELEASE, IS_INTRODUCED = 8, 9, 17
GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA = 23, 24, 25, 26
FEATURES = (2, 4, 6, 14)
# Limits that the load does not reach, however they are set.
LIMITS = {b"nodes": (500, 9999), b"watches": (64, 999), b"memory": (1 << 20, 1 << 24), b"transactions": (8, 99),
          b"node-size": (2000, 4000), b"soft-memory": (1 << 19, 1 << 20)}
WITNESS = 1                 # number of the domain that hears who comes and goes
DEPTH = 8                   # requests on their way per domain
COMPARE_EVERY = 40          # kills


class Admin(Client):
    """dom0's tools. What was not answered when the connection ended is asked again."""

    def __init__(self, *args):
        super().__init__(*args)
        self.open = {}              # req_id -> type, payload, and called with the answer in place of a comparison

    def do(self, kind, words, then):
        payload = b"".join(word + b"\0" for word in words)
        self.open[self.req_id + 1] = kind, payload, then
        self._send(kind, payload, (kind, OK))

    def _take_answer(self, kind, req_id, payload):
        then = self.open.pop(req_id, (None,) * 3)[2]
        if then and self.asked[0].req_id == req_id:
            self.asked[0].answer = kind, payload
        super()._take_answer(kind, req_id, payload)
        if then:
            then((kind, payload))

    def reconnect(self, link):
        self.link = link
        self.buf = b""
        for asked in self.asked:
            kind, payload, _ = self.open[asked.req_id]
            link.send(message(kind, payload, asked.req_id))


class NoLink:
    """Until there is one again."""

    def send(self, data):
        """It is sent when there is one."""

    def receive(self):
        """Nothing."""
        return b""


class Witness(Client):
    """A domain that hears who comes and goes."""

    def __init__(self, *args):
        super().__init__(*args)
        self.heard = {b"@introduceDomain": 0, b"@releaseDomain": 0}

    def _take_event(self, payload):
        self.heard[payload.split(b"\0")[0]] += 1


class Guest:
    """A place for domains of one number, one after another."""

    def __init__(self, rings, domid, is_mortal):
        self.rings = rings
        self.domid = domid
        self.is_mortal = is_mortal
        self.name = b"%d" % domid
        self.home = b"/k/d%d" % domid
        self.client = None
        self.exists = self.is_introduced = self.is_ending = False
        self.n_open = 0             # requests about it that are not answered
        self.limits = {}            # of its own
        self.features = None
        self.quiet_until = None
        self.successor = None       # frame and port of a domain that has its number already

    def _do(self, kind, words, then):
        self.n_open += 1

        def done(got):
            self.n_open -= 1
            then(got)
        self.rings.admin.do(kind, words, done)

    def _check(self, *allowed):
        """Judges an answer: requests about a domain that is gone may fail."""
        def judge(got):
            if got[0] == ERROR and not self.is_ending and got[1] not in allowed:
                raise Wrong(f"domain {self.domid}: {got}")
        return judge

    def be_born(self):
        """All that a toolstack asks for a new domain, without waiting for the answers."""
        rings = self.rings
        frame, port = self.successor or rings.host.create(self.domid)
        rings.tally["births"] += 1
        self.exists, self.is_ending, self.limits, self.features, self.successor = True, False, {}, None, None
        self._do(MKDIR, [self.home], self._check())
        self._do(SET_PERMS, [self.home, b"n" + self.name], self._check())
        if rings.random.random() < 0.5:
            self.features = rings.random.choice(FEATURES)
            # Asked again, because the answer was lost, after it was introduced.
            self._do(SET_FEATURE, [self.name, b"%d" % self.features], self._check(b"EBUSY\0"))
        self._do(INTRODUCE, [self.name, b"%d" % frame, b"%d" % port], self._introduced)

    def _introduced(self, got):
        self._check()(got)
        if got[0] == ERROR:
            return
        self.is_introduced = True
        self.rings.expected[b"@introduceDomain"] += 1
        if self.is_ending:
            self.rings.expected[b"@releaseDomain"] += 1
        else:
            rings = self.rings
            self.client = Client(f"domain {self.domid}", rings.connect(self.domid), self.home, self.name,
                                 rings.random, rings.tally)
            self.client.is_merged = True
            self.client.watch(self.home, b"own")

    def set_limit(self):
        item = self.rings.random.choice(list(LIMITS))
        value = b"%d" % self.rings.random.randint(*LIMITS[item])

        def done(got):
            self._check()(got)
            if got[0] != ERROR:
                self.limits[item] = value
        self._do(SET_QUOTA, [self.name, item, value], done)
        self.rings.tally["limits"] += 1

    def listen(self, now):
        """Now and then it does not look at its answers for a while."""
        rings = self.rings
        if self.quiet_until and now > self.quiet_until:
            rings.host.quiet(self.domid, 0)
            self.quiet_until = None
        elif not self.quiet_until and rings.random.random() < 0.01:
            rings.host.quiet(self.domid, 1)
            self.quiet_until = now + rings.random.random() * 0.1

    def _leave(self):
        self.client = self.quiet_until = None
        self.is_ending = True
        if self.is_introduced:
            self.rings.expected[b"@releaseDomain"] += 1

    def die(self):
        """At any moment."""
        self._leave()
        self.rings.tally["deaths"] += 1
        self.rings.host.destroy(self.domid)
        self.exists = False

    def be_replaced(self):
        """While nobody serves: the next domain of this number is there before anybody saw the end of this one."""
        self.die()
        self.successor = self.rings.host.create(self.domid)
        self.rings.tally["reused"] += 1

    def be_released(self):
        """The toolstack takes it away, though it exists; then it ends."""
        self._leave()
        self.rings.tally["released"] += 1
        self._do(RELEASE, [self.name], self._check(b"ENOENT\0"))

    def clear_up(self):
        """Once all is answered and told: nothing of it may be left."""
        if self.n_open or not self.rings.is_all_told():
            return
        if self.exists:
            self.rings.host.destroy(self.domid)
        if self.is_introduced:
            self._do(READ, [self.home], self._is_gone)
        # If it ended before it owned its home, that is there yet.
        self._do(RM, [self.home], lambda got: None)
        self.exists = self.is_introduced = self.is_ending = False

    def _is_gone(self, got):
        if got != (ERROR, b"ENOENT\0"):
            raise Wrong(f"domain {self.domid} is gone, but its nodes are not: {got}")

    def tick(self, now):
        rings, chance = self.rings, self.rings.random.random()
        if self.is_ending:
            self.clear_up()
        elif not self.exists:
            if chance < 0.1 and not self.n_open:
                self.be_born()
        elif self.is_mortal and chance < 0.005 and (rings.is_kept or not self.n_open):
            self.die()
        elif self.is_mortal and chance < 0.008 and not self.n_open and self.is_introduced:
            self.be_released()
        elif chance < 0.02:
            self.set_limit()
        if self.client:
            while len(self.client.asked) < DEPTH and self.client.ask():
                pass
            self.listen(now)

    def receive(self):
        if self.client and not self.client.receive():
            raise Wrong(f"{self.client.name}: its ring is closed")

    def compare(self, ask, read_tree):
        """What the daemon knows of it and what it has to be; all is settled."""
        is_known = ask(IS_INTRODUCED, self.name) == b"T\0"
        if is_known != bool(self.is_introduced and not self.is_ending):
            raise Wrong(f"domain {self.domid}: introduced: {self.is_introduced}, the daemon says {is_known}")
        if not self.exists or self.is_ending:
            return
        if self.features is not None and ask(GET_FEATURE, self.name) != b"%d\0" % self.features:
            raise Wrong(f"domain {self.domid}: its features are forgotten")
        for item, value in self.limits.items():
            if ask(GET_QUOTA, self.name + b"\0" + item) != value + b"\0":
                raise Wrong(f"domain {self.domid}: its limit {item} is forgotten")
        if self.client and read_tree(self.home) != self.client.tree.nodes:
            raise Wrong(f"domain {self.domid}: its nodes are not what was acknowledged")


class Rings:
    """The simulated host with its domains, beside a run over sockets."""

    def __init__(self, build, folder, n_domains, is_kept, random, tally):
        self.host = SimHost(build.absolute(), Path(folder))
        self.host.stand()
        self.random = random
        self.tally = tally
        self.is_kept = is_kept
        tally.update(dict.fromkeys(("births", "deaths", "released", "reused", "limits", "specials"), 0))
        self.admin = Admin("admin", NoLink(), b"/admin", None, random, tally)
        self.witness = None
        self.expected = {b"@introduceDomain": 0, b"@releaseDomain": 0}
        # Half of them live as long as the host.
        self.guests = [Guest(self, WITNESS + 1 + n, n % 2) for n in range(n_domains)]
        self.limits = {}
        self.n_kills = 0

    def connect(self, domid):
        """Speak through a domain's ring."""
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(self.host.ring(domid)))
        return SocketLink(link)

    def begin(self, ask):
        """ask: an answer, awaited."""
        frame, port = self.host.create(WITNESS)
        ask(INTRODUCE, b"%d\0%d\0%d" % (WITNESS, frame, port))
        self.witness = Witness("listener", self.connect(WITNESS), b"/listener", b"1", self.random, self.tally)
        for name in self.expected:
            ask(SET_PERMS, name + b"\0n0\0r%d" % WITNESS)
            self.witness.watch(name, name[1:])
            self.expected[name] += 1    # that the watch stands
        while self.witness.asked:
            self.witness.receive()

    def is_all_told(self):
        return self.witness.heard == self.expected

    def set_limit(self):
        """For all domains that have none of their own."""
        value = b"%d" % self.random.randint(2048, 4096)

        def done(_):
            self.limits[b"path-max"] = value
        self.admin.do(SET_QUOTA, [b"path-max", value], done)
        self.tally["limits"] += 1

    def tick(self):
        now = time.monotonic()
        for guest in self.guests:
            guest.tick(now)
        if self.random.random() < 0.01:
            self.set_limit()
        self.receive()

    def receive(self):
        for guest in self.guests:
            guest.receive()
        if not self.witness.receive():
            raise Wrong("the listener's ring is closed")
        if self.admin.receive():
            return
        if self.is_kept:
            raise Wrong("admin: the connection was closed")
        self.admin.link = NoLink()

    def down(self):
        """The daemon is not there."""
        for guest in self.guests:
            if not guest.exists or guest.is_ending:
                continue
            if guest.client:
                guest.client.restarted()
            if guest.is_mortal and guest.is_introduced and not guest.n_open and self.random.random() < 0.15:
                self.random.choice((guest.die, guest.be_replaced))()

    def up(self, connect):
        """It is there again."""
        self.n_kills += 1
        if not isinstance(self.admin.link, NoLink) and self.is_kept:
            return
        try:
            self.admin.reconnect(SocketLink(connect()))
        except OSError:
            self.admin.link = NoLink()  # it is not; next time

    def is_time_to_compare(self):
        return self.n_kills % COMPARE_EVERY == 0

    def settle(self, connect):
        """Until all is answered and told."""
        end = time.monotonic() + 120
        for guest in self.guests:
            if guest.quiet_until:
                guest.listen(end)
        while self.admin.asked or not self.is_all_told() or any(g.client and g.client.asked for g in self.guests):
            if isinstance(self.admin.link, NoLink):
                self.admin.reconnect(SocketLink(connect()))
            self.receive()
            if time.monotonic() > end:
                raise Wrong(f"not answered: {len(self.admin.asked)} of admin, "
                            f"{[g.client and len(g.client.asked) for g in self.guests]} of domains; "
                            f"expected {self.expected}, heard {self.witness.heard}")

    def compare(self, ask, read_tree):
        """Daemon and ledger."""
        for guest in self.guests:
            guest.compare(ask, read_tree)
        for item, value in self.limits.items():
            if ask(GET_QUOTA, item) != value + b"\0":
                raise Wrong(f"limit {item} for all is forgotten")
        self.tally["specials"] = sum(self.witness.heard.values())
