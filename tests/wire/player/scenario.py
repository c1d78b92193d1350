# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads .xst files into scenarios: who asks what, what comes back, who is told."""
import re
from dataclasses import dataclass, field

TYPES = {name: number for number, name in enumerate(
    "CONTROL DIRECTORY READ GET_PERMS WATCH UNWATCH TRANSACTION_START TRANSACTION_END INTRODUCE RELEASE "
    "GET_DOMAIN_PATH WRITE MKDIR RM SET_PERMS WATCH_EVENT ERROR IS_DOMAIN_INTRODUCED RESUME SET_TARGET RESTRICT "
    "RESET_WATCHES DIRECTORY_PART GET_FEATURE SET_FEATURE GET_QUOTA SET_QUOTA".split())}

_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\*(\d+))?|([^\s"]+)')
_WHO = re.compile(r"dom\d+(\.\d+)?$|host$")
_ESCAPES = {"0": b"\0", "n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\", '"': b'"'}


class FormatError(Exception):
    """A line that makes no sense; says which."""


@dataclass(frozen=True)
class Word:
    """One argument: its bytes, and whether any of it was in quotes."""
    data: bytes
    quoted: bool

    @property
    def text(self):
        return self.data.decode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Event:
    """A watch event that has to come. order: "<" before the answer, ">" after it, "" either."""
    who: str
    path: bytes
    token: bytes
    order: str = ""


@dataclass
class Step:
    """One line: a request and all that it leads to."""
    line: int
    source: str
    who: str
    operation: str
    txn: str                        # name or number after "@"; "" for none
    words: list
    answer: list                    # Words after "="
    events: list
    repeat: int = 1


@dataclass
class Scenario:
    """A rule and the lines that show it."""
    file: str
    line: int
    name: str
    steps: list = field(default_factory=list)
    exists: list = field(default_factory=list)
    options: list = field(default_factory=list)
    only: str = ""                                  # daemon that it is for; "": all
    on_host: bool = False                           # asks for a Xen though no domain speaks
    played: str = ""                                # why no real guest can do so
    differs: dict = field(default_factory=dict)     # daemon name -> reason

    @property
    def domains(self):
        """The domains that speak, by number; dom0 uses sockets."""
        speakers = {step.who for step in self.steps} | {event.who for step in self.steps for event in step.events}
        return sorted({int(who[3:].split(".")[0]) for who in speakers if who not in ("host",) and
                       not re.match(r"dom0(\.|$)", who)})

    @property
    def needs_host(self):
        """Does it need a Xen (domains), or is a socket enough?"""
        return bool(self.on_host or self.domains or self.exists or any(step.who == "host" for step in self.steps))


def _unescape(text):
    out = b""
    at = 0
    while at < len(text):
        char = text[at]
        if char != "\\":
            out += char.encode("utf-8", "surrogateescape")
            at += 1
        elif text[at + 1] == "x":
            out += bytes([int(text[at + 2:at + 4], 16)])
            at += 4
        else:
            # Others stay as they are, backslash and all: they mean something to a regex.
            out += _ESCAPES.get(text[at + 1], text[at:at + 2].encode())
            at += 2
    return out


def words_of(text):
    """Splits at blanks outside quotes; pieces that touch make one word."""
    words = []
    for token in re.finditer(r'(?:"(?:[^"\\]|\\.)*"(?:\*\d+)?|[^\s"])+', text):
        data, quoted = b"", False
        for piece in _PIECE.finditer(token.group()):
            if piece.group(1) is not None:
                quoted = True
                data += _unescape(piece.group(1)) * int(piece.group(2) or 1)
            else:
                data += piece.group(3).encode("utf-8", "surrogateescape")
        words.append(Word(data, quoted))
    if '"' in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        raise FormatError("a quote is not closed")
    return words


def _is(word, text):
    return not word.quoted and word.data == text


def _event(order, words):
    if len(words) != 4 or words[1].data != b"EVENT" or not _WHO.match(words[0].text):
        raise FormatError("an event is: + WHO EVENT path token")
    return Event(words[0].text, words[2].data, words[3].data, order)


def _split(words):
    """(request, answer, events) of a line's words."""
    marks = [i for i, word in enumerate(words) if not word.quoted and word.data in (b"=", b"+", b"+<", b"+>")]
    if not marks or words[marks[0]].data != b"=":
        raise FormatError("no answer: WHO REQUEST = ANSWER")
    ends = marks[1:] + [len(words)]
    answer = words[marks[0] + 1:ends[0]]
    events = []
    for mark, end in zip(marks[1:], ends[1:]):
        if words[mark].data == b"=":
            raise FormatError("two answers in one line")
        events.append(_event(words[mark].text[1:], words[mark + 1:end]))
    if not answer:
        raise FormatError("the answer is missing")
    return words[:marks[0]], answer, events


def _step(number, text):
    words = words_of(text)
    repeat = 1
    if words and _is(words[0], b"repeat"):
        repeat = int(words[1].text)
        words = words[2:]
    request, answer, events = _split(words)
    if len(request) < 2 or not _WHO.match(request[0].text):
        raise FormatError("who? dom0, dom0.2, dom1, … or host")
    operation, _, txn = request[1].text.partition("@")
    known = set(TYPES) | {"RAW", "SEND", "RECONNECT", "START", "COMMIT", "ABORT"}
    if request[0].text == "host":
        known = {"CREATE", "DESTROY", "SHUTDOWN", "PEEK", "POKE", "KICK", "QUIET"}
    if operation not in known:
        raise FormatError(f"no operation is called {operation}")
    return Step(number, text.strip(), request[0].text, operation, txn, request[2:], answer, events, repeat)


def _header(scenario, text):
    word, _, rest = text.strip().partition(" ")
    if word == "exists":
        scenario.exists += [int(number) for number in rest.split()]
    elif word == "host":
        scenario.on_host = True
    elif word == "only":
        scenario.only = rest.strip()
    elif word == "played":
        if not rest.strip():
            raise FormatError("played why")
        scenario.played = rest.strip()
    elif word == "options":
        scenario.options += rest.split()
    elif word == "differs":
        daemon, _, reason = rest.strip().partition(" ")
        if not reason.strip():
            raise FormatError("differs DAEMON why")
        scenario.differs[daemon] = reason.strip()
    else:
        raise FormatError(f"no header is called {word}")


def _logical_lines(text):
    """(line number, text, indented) with comments gone and continued step lines joined."""
    lines = []
    in_header = False
    for number, line in enumerate(text.splitlines(), 1):
        line = re.sub(r'^((?:[^"#]|"(?:[^"\\]|\\.)*")*)#.*$', r"\1", line).rstrip()
        if not line:
            continue
        indented = line[0].isspace()
        if indented and lines and not in_header:
            lines[-1] = (lines[-1][0], lines[-1][1] + " " + line.strip(), False)
            continue
        if not indented:
            in_header = line.startswith("scenario ")
        lines.append((number, line, indented))
    return lines


def read(path):
    """All scenarios of one file."""
    scenarios = []
    for number, line, indented in _logical_lines(path.read_text(encoding="utf-8")):
        try:
            if line.startswith("scenario "):
                scenarios.append(Scenario(path.stem, number, line[len("scenario "):].strip()))
            elif not scenarios:
                raise FormatError("a file begins with a scenario")
            elif indented:
                _header(scenarios[-1], line)
            else:
                scenarios[-1].steps.append(_step(number, line))
        except (FormatError, ValueError, KeyError, IndexError) as error:
            raise FormatError(f"{path}:{number}: {error}\n  {line}") from None
    names = [scenario.name for scenario in scenarios]
    for name in names:
        if names.count(name) > 1:
            raise FormatError(f"{path}: two scenarios are called \"{name}\"")
    return scenarios
