# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays one scenario against a running daemon and says what went differently."""
import re
import time

from .client import ERROR, Broken, Client, Closed, Silent
from .scenario import TYPES, Word

ANSWER_SECONDS = 30         # a daemon that takes longer for what it owes, be it an event, is stuck
LATE_SECONDS = 0.01         # events nobody expects may still come at the end
QUIET_SECONDS = 0.3         # silence that counts as no answer
# A daemon known to play a scenario otherwise may do so by silence, or by saying what it should not:
KNOWN_ANSWER_SECONDS = 1
KNOWN_QUIET_SECONDS = 5     # ends with the first word
SYNC = (TYPES["GET_DOMAIN_PATH"], b"0\0")


class Different(Exception):
    """The daemon did not do what the scenario says; the message says what it did."""


def _shown(message):
    """A message as the scenario would have it."""
    if message.type == ERROR:
        return message.payload.rstrip(b"\0").decode("ascii", "replace")
    text = "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}"
                   for byte in message.payload[:200]).replace("\\x00", "\\0")
    return f'"{text}"' + (f" … ({len(message.payload)} bytes)" if len(message.payload) > 200 else "")


class Player:
    """One scenario on one daemon. connect(): to its socket; host: creates and destroys domains, or None without a Xen;
    differs: is the daemon known to play it otherwise?"""

    def __init__(self, scenario, connect, host=None, differs=False, trace=None):
        self.scenario = scenario
        self.connect = connect
        self.host = host
        self.seconds = KNOWN_ANSWER_SECONDS if differs else ANSWER_SECONDS
        self.quiet_seconds = KNOWN_QUIET_SECONDS if differs else QUIET_SECONDS
        self.late_seconds = KNOWN_QUIET_SECONDS if differs else LATE_SECONDS
        self.trace = trace or (lambda text: None)
        self.clients = {}
        self.silent = set()         # who was refused for good: not asked again
        self.raw = set()            # who sent raw bytes last: a question would land amid them
        self.txns = {}              # (who, name) -> id
        self.variables = {}

    def play(self):
        """Raises Different at the first line that goes otherwise."""
        try:
            self._set_up()
            for step in self.scenario.steps:
                for count in range(1, step.repeat + 1):
                    self.variables["i"] = str(count)
                    self._play_step(step)
            self._check_end()
        finally:
            for client in self.clients.values():
                client.close()

    def _set_up(self):
        created = {int(step.words[0].text) for step in self.scenario.steps
                   if step.who == "host" and step.operation == "CREATE" and step.words[0].text.isdigit()}
        for domid in self.scenario.exists:
            self._create(domid)
        introduced = [domid for domid in self.scenario.domains if domid not in created]
        for domid in introduced:
            if domid not in self.scenario.exists:
                self._create(domid)
        if introduced:
            self._introduce(introduced)
        for who in self._speakers():
            if who.startswith("dom0") or int(who[3:]) in introduced:
                self._client(who)

    def _speakers(self):
        found = []
        for step in self.scenario.steps:
            for who in [step.who] + [event.who for event in step.events]:
                if who != "host" and who not in found:
                    found.append(who)
        return found

    def _client(self, who):
        if who not in self.clients:
            if re.match(r"dom0(\.|$)", who):
                self.clients[who] = Client(self.connect)
            else:
                self.clients[who] = Client(self.host.connector(int(who[3:])))
        return self.clients[who]

    def _create(self, domid):
        frame, port = self.host.create(domid)
        self.variables[f"gfn{domid}"] = str(frame)
        self.variables[f"port{domid}"] = str(port)

    def _introduce(self, domids):
        client = Client(self.connect)
        for domid in domids:
            payload = "".join(f"{word}\0" for word in
                              (domid, self.variables[f"gfn{domid}"], self.variables[f"port{domid}"]))
            client.request(TYPES["INTRODUCE"], payload.encode())
            message = client.answer(self.seconds)
            if message.payload != b"OK\0":
                raise Different(f"INTRODUCE {domid} before the first line: {_shown(message)}")
        client.close()

    def _filled(self, data):
        """$i, then $gfn5, $port5 replaced."""
        for pattern in (rb"\$(i)", rb"\$((?:gfn|port)\d+)"):
            data = re.sub(pattern, lambda match: self.variables[match.group(1).decode()].encode(), data)
        return data

    def _play_step(self, step):
        words = [Word(self._filled(word.data), word.quoted) for word in step.words]
        try:
            before = self._act(step, words)
            self._check_events(step, before)
        except Different as different:
            raise Different(f"line {step.line}: {step.source}\n{different}") from None
        except Broken as broken:
            raise Different(f"line {step.line}: {step.source}\nthe daemon sent {broken}") from None

    def _act(self, step, words):
        """Does what the line says and checks the answer; returns the number of events that came before it."""
        if step.who == "host":
            self._host_acts(step, words)
            return 0
        client = self._client(step.who)
        if step.operation == "RECONNECT":
            client.connect()
            self.raw.discard(step.who)
            if step.who.startswith("dom0"):
                self.silent.discard(step.who)   # a ring may still be deaf: until it speaks
            return 0
        (self.raw.add if step.operation == "SEND" else self.raw.discard)(step.who)
        number, req_id, tx_id = self._send(client, step, words)
        wanted = step.answer[0]
        self.silent.discard(step.who)
        if not wanted.quoted and wanted.data in (b"none", b"closed"):
            self._check_silence(client, step.who, wanted.text)
            return len(client.events)
        try:
            message = client.answer(self.seconds)
        except Silent:
            raise Different(f"no answer in {self.seconds} s") from None
        except Closed:
            raise Different("the daemon closed the connection") from None
        before = len(client.events)
        self.trace(f"{step.source}   -> {_shown(message)}")
        if req_id is not None and (message.req_id, message.tx_id) != (req_id, tx_id):
            raise Different(f"req_id {message.req_id} and tx_id {message.tx_id} came back, not {req_id} and {tx_id}")
        self._check_answer(step, words, number, message)
        if message.type != ERROR and step.operation == "RELEASE":
            self.silent.add(f"dom{words[0].text}")     # nobody answers it any more
        return before

    def _send(self, client, step, words):
        """(type, req_id, tx_id) of what was sent; req_id None if it was raw bytes."""
        tx_id = self._txn(step, step.txn)
        data = [word.data for word in words]
        try:
            if step.operation == "SEND":
                client.send(b"".join(data))
                return None, None, None
            if step.operation == "START":
                number, payload = TYPES["TRANSACTION_START"], b"\0"
            elif step.operation in ("COMMIT", "ABORT"):
                tx_id = self._txn(step, words[0].text)
                number, payload = TYPES["TRANSACTION_END"], b"T\0" if step.operation == "COMMIT" else b"F\0"
            elif step.operation == "RAW":
                number = TYPES[words[0].text] if words[0].text in TYPES else int(words[0].text)
                payload = b"".join(data[1:])
            else:
                number = TYPES[step.operation]
                payload = b"".join(word + b"\0" for word in data)
                if step.operation == "WRITE" and len(data) == 2:
                    payload = payload[:-1]      # a value has no NUL
            return number, client.request(number, payload, tx_id), tx_id
        except Closed:
            raise Different("the connection is closed") from None

    def _txn(self, step, name):
        if not name:
            return 0
        return int(name) if name.isdigit() else self.txns.get((step.who, name), 0) or \
            next((number for (_, known), number in self.txns.items() if known == name), 0)

    def _check_silence(self, client, who, wanted):
        try:
            message = client.answer(self.quiet_seconds if wanted == "none" else self.seconds)
        except Silent:
            if wanted == "none":
                if who not in self.raw:
                    self.silent.add(who)
                return
            raise Different("the connection stays open") from None
        except Closed:
            if wanted == "closed":
                self.silent.add(who)
                return
            raise Different("the daemon closed the connection") from None
        raise Different(f"an answer came: {_shown(message)}")

    def _check_answer(self, step, words, number, message):
        answer = step.answer
        first = answer[0]
        bare = not first.quoted and len(answer) == 1
        if bare and re.match(rb"E[A-Z0-9]+$", first.data):
            good = message.type == ERROR and message.payload == first.data + b"\0"
        elif bare and first.data == b"error":
            good = message.type == ERROR
        elif number is not None and message.type != number:
            good = False
        elif step.operation == "START" and bare and first.data == b"OK":
            good = re.match(rb"[1-9][0-9]*\0$", message.payload) is not None
            if good:
                self.txns[step.who, words[0].text] = int(message.payload[:-1])
        elif bare and first.data == b"OK":
            good = message.payload == b"OK\0"
        elif bare and first.data == b"*":
            good = True
        elif not first.quoted and first.data == b"~":
            good = re.fullmatch(answer[1].data, message.payload, re.S) is not None
        elif len(answer) == 1 and first.quoted:
            good = message.payload == self._filled(first.data)
        elif number == TYPES["READ"]:
            good = message.payload == self._filled(b" ".join(word.data for word in answer))
        else:
            good = message.payload == b"".join(self._filled(word.data) + b"\0" for word in answer)
        if not good:
            raise Different(f"the answer is {_shown(message)}")

    def _host_acts(self, step, words):
        numbers = [int(word.text, 0) for word in words]
        who = f"dom{numbers[0]}"
        if step.operation == "CREATE":
            self._create(numbers[0])
        elif step.operation == "DESTROY":
            self.host.destroy(numbers[0])
            self.silent.add(who)
        elif step.operation == "SHUTDOWN":
            self.host.shutdown(*numbers)
            self.silent.add(who)        # a real one does nothing more
        elif step.operation == "PEEK":
            self._peek(numbers, int(step.answer[0].text, 0))
        elif step.operation == "POKE":
            self.host.poke(*numbers)
            self.silent.add(who)        # may be deaf now; until it speaks again
        elif step.operation == "KICK":
            self.host.kick(numbers[0])
        else:
            self.host.quiet(*numbers)
            (self.silent.add if numbers[1] else self.silent.discard)(who)

    def _peek(self, numbers, wanted):
        """The daemon may still be about to write the word."""
        deadline = time.monotonic() + self.seconds
        while (value := self.host.peek(*numbers)) != wanted:
            if time.monotonic() > deadline:
                raise Different(f"the word at {numbers[1]} is {value}")
            time.sleep(0.001)

    def _check_events(self, step, before):
        self._sync()
        wanted = {}
        for event in step.events:
            wanted.setdefault(event.who, []).append(event)
        for who in set(wanted) - set(self.clients):
            raise Different(f"{who} cannot see events: it is not connected")
        for who, client in self.clients.items():
            if who in self.silent and who not in wanted:
                continue
            self._await_events(client, len(wanted.get(who, [])), self.seconds)
            came, client.events = client.events, []
            for message in came:
                self.trace(f"    event for {who}: {_shown(message)}")
            self._compare(who, wanted.get(who, []), came, before if who == step.who else None)

    def _check_end(self):
        """Nothing more comes, not even late."""
        deadline = time.monotonic() + self.late_seconds
        while True:
            time.sleep(LATE_SECONDS)
            self._sync()
            for who, client in self.clients.items():
                if client.events:
                    raise Different(f"at the end: one more event for {who}: {_shown(client.events[0])}")
            if time.monotonic() > deadline:
                return

    def _sync(self):
        """What was caused so far has come once a later question is answered: connections are in order."""
        for who, client in self.clients.items():
            if who in self.silent | self.raw:
                continue
            try:
                client.request(*SYNC)
                client.answer(self.seconds)
            except Silent:
                raise Different(f"{who} is not answered any more") from None
            except Closed:
                raise Different(f"the daemon closed the connection of {who}") from None

    @staticmethod
    def _await_events(client, number, seconds):
        while len(client.events) < number:
            try:
                client.await_event(seconds)
            except (Silent, Closed):
                return

    def _compare(self, who, wanted, came, before):
        pairs = [tuple(message.payload[:-1].split(b"\0")) for message in came]
        expected = [(self._filled(event.path), self._filled(event.token)) for event in wanted]
        if pairs != expected:
            def text(events):
                return ", ".join(b" ".join(pair).decode("utf-8", "replace")[:200] for pair in events) or "none"
            raise Different(f"events for {who}: {text(pairs)}; the scenario says: {text(expected)}")
        if before is not None:
            for position, event in enumerate(wanted):
                if event.order and (event.order == "<") != (position < before):
                    raise Different(f"event {event.path.decode('utf-8', 'replace')} came "
                                    f"{'before' if position < before else 'after'} the answer")
