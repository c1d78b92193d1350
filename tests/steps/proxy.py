# SPDX-License-Identifier: GPL-2.0-or-later
"""Between a client and the store daemon: one request, counted from the start, is refused, or ends the connection, or is swallowed."""
import contextlib
import os
import socket
import struct
import threading

HEADER = struct.Struct("=IIII")
ERROR = 16
REFUSE, HANG_UP, SWALLOW = "refused", "connection ended", "never answered"


class Proxy:
    """Listens at path; every connection is passed on to the daemon's socket."""

    def __init__(self, path, daemon):
        self.path = path
        self.daemon = daemon
        self.n_requests = 0
        self.target = 0
        self.how = REFUSE
        self.error = b"ENOSPC"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, target, how):
        """From now on: request number target (from 1; 0: none)."""
        self.n_requests, self.target, self.how = 0, target, how

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.daemon)
            lock = threading.Lock()
            for work in (self._requests, self._answers):
                threading.Thread(target=work, args=(client, server, lock), daemon=True).start()

    @staticmethod
    def _receive(stream, n):
        data = b""
        while len(data) < n:
            more = stream.recv(n - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def _message(self, stream):
        head = self._receive(stream, HEADER.size)
        return head, self._receive(stream, HEADER.unpack(head)[3])

    @staticmethod
    def _end(*streams):
        for stream in streams:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()

    def _requests(self, client, server, lock):
        with contextlib.suppress(OSError):
            while True:
                head, payload = self._message(client)
                self.n_requests += 1
                if self.n_requests != self.target:
                    server.sendall(head + payload)
                elif self.how == HANG_UP:
                    break
                elif self.how == REFUSE:
                    # What was asked before has to be answered before: the daemon is asked something harmless instead.
                    self._refuse(head, server)
        self._end(client, server)

    def _refuse(self, head, server):
        """Lets the daemon itself refuse: a write to a path that cannot be, under the same number. The type is put right on the way back."""
        _, req_id, _, _ = HEADER.unpack(head)
        payload = b"not a path!\0"
        server.sendall(HEADER.pack(11, req_id, 0, len(payload)) + payload)

    def _answers(self, client, server, lock):
        with contextlib.suppress(OSError):
            while True:
                head, payload = self._message(server)
                kind, req_id, tx_id, _ = HEADER.unpack(head)
                if kind == ERROR and payload == b"EINVAL\0":
                    payload = self.error + b"\0"
                    head = HEADER.pack(kind, req_id, tx_id, len(payload))
                with lock:
                    client.sendall(head + payload)
        self._end(client, server)
