# SPDX-License-Identifier: GPL-2.0-or-later
"""What a service manager does for a daemon that hands it descriptors. Source: sd_pid_notify_with_fds(3)."""
import fcntl
import os
import signal
import socket


class Keeper:
    """Keeps the descriptors of one daemon; notifications come to FOLDER/notify."""

    def __init__(self, folder):
        self.path = f"{folder}/notify"
        self.kept = []              # (name, descriptor): the newest first, as systemd passes them on
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.notify.bind(self.path)
        self.notify.setblocking(False)

    def read(self):
        """Does what was asked meanwhile; returns what was said: for each message its fields."""
        said = []
        while True:
            try:
                text, fds, _, _ = socket.recv_fds(self.notify, 4096, 253)
            except BlockingIOError:
                return said
            fields = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
            if "FDSTORE" in fields:
                self.kept = [(fields["FDNAME"], fd) for fd in fds] + self.kept
            if "FDSTOREREMOVE" in fields:
                self.lose(lambda name: name == fields["FDNAME"])        # pylint: disable=cell-var-from-loop
            said.append(fields)

    def lose(self, is_lost):
        """All whose name is_lost() says so of."""
        for name, fd in self.kept:
            if is_lost(name):
                os.close(fd)
        self.kept = [(name, fd) for name, fd in self.kept if not is_lost(name)]

    def launch(self, command, environment, log):
        """The daemon, with all that is kept."""
        environment = dict(environment, NOTIFY_SOCKET=self.path)
        if self.kept:
            environment["LISTEN_FDS"] = str(len(self.kept))
            environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in self.kept)
        return Forked(command, environment, [fd for _, fd in self.kept], log)


class Forked:
    """What of subprocess.Popen is needed; subprocess cannot tell a child its own number."""

    def __init__(self, command, environment, fds, log):
        self.returncode = None
        self.pid = os.fork()
        if self.pid:
            return
        try:
            # First out of the way of the places where they belong.
            copies = [os.dup(fd) for fd in fds]
            high = [self._dup_above(fd, 3 + len(fds)) for fd in copies]
            os.dup2(log.fileno(), 2)
            for place, fd in enumerate(high, 3):
                os.dup2(fd, place)
            os.closerange(3 + len(fds), 1024)
            environment["LISTEN_PID"] = str(os.getpid())
            os.execve(command[0], command, environment)
        finally:
            os._exit(127)

    @staticmethod
    def _dup_above(fd, lowest):
        return fcntl.fcntl(fd, fcntl.F_DUPFD, lowest)

    def _done(self, status):
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._done(status)
        return self.returncode

    def wait(self):
        return self.returncode if self.returncode is not None else self._done(os.waitpid(self.pid, 0)[1])

    def terminate(self):
        os.kill(self.pid, signal.SIGTERM)
