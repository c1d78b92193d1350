# SPDX-License-Identifier: GPL-2.0-or-later
"""One connection to a store: sends requests, keeps events and answers in the order in which they come."""
import select
import socket
import struct
import time
from dataclasses import dataclass

from .scenario import TYPES

HEADER = struct.Struct("=IIII")
PAYLOAD_MAX = 4096
EVENT = TYPES["WATCH_EVENT"]
ERROR = TYPES["ERROR"]


class Closed(Exception):
    """The daemon closed the connection."""


class Silent(Exception):
    """Nothing came in time."""


class Broken(Exception):
    """Something came that no store may send."""


@dataclass(frozen=True)
class Message:
    """One message of the daemon."""
    type: int
    req_id: int
    tx_id: int
    payload: bytes


def to_socket(path):
    """A connector for Client: the daemon's socket."""
    def connect():
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(str(path))
        return stream
    return connect


class Client:
    """A stream to the daemon: its socket, or what carries a domain's ring. connect() makes one."""

    def __init__(self, connect):
        self.make = connect
        self.socket = None
        self.connect()

    def connect(self):
        """Opens it (again)."""
        self.close()
        self.socket = self.make()
        self.buffer = b""
        self.events = []        # watch events that have come and were not taken yet
        self.next_id = 1

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def send(self, data):
        """Sends bytes as they are."""
        self.socket.settimeout(60)
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed() from None
        except socket.timeout:
            raise Silent() from None

    def request(self, number, payload, tx_id=0):
        """Sends one request and returns its req_id."""
        req_id = self.next_id
        self.next_id += 1
        self.send(HEADER.pack(number, req_id, tx_id, len(payload)) + payload)
        return req_id

    def message(self, seconds):
        """The next message of any kind."""
        deadline = time.monotonic() + seconds
        while True:
            found = self._take()
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise Silent()
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed()
            self.buffer += data

    def _take(self):
        if len(self.buffer) < HEADER.size:
            return None
        kind, req_id, tx_id, length = HEADER.unpack_from(self.buffer)
        if length > PAYLOAD_MAX:
            raise Broken(f"a message of {length} bytes")
        if len(self.buffer) < HEADER.size + length:
            return None
        payload = self.buffer[HEADER.size:HEADER.size + length]
        self.buffer = self.buffer[HEADER.size + length:]
        if kind == EVENT and (req_id or tx_id or payload.count(b"\0") != 2 or payload[-1:] != b"\0"):
            raise Broken(f"an event that is none: {payload!r}")
        return Message(kind, req_id, tx_id, payload)

    def answer(self, seconds):
        """The next message that is no event; events that come before it are kept."""
        while True:
            message = self.message(seconds)
            if message.type != EVENT:
                return message
            self.events.append(message)

    def await_event(self, seconds):
        """Waits for one more event."""
        message = self.message(seconds)
        if message.type != EVENT:
            raise Broken(f"an answer that nobody waits for: {message}")
        self.events.append(message)
