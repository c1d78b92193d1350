# SPDX-License-Identifier: GPL-2.0-or-later
"""xenstored over its socket alone, without Xen."""
import contextlib
import os
import resource
import socket
import struct
import subprocess
import time

READ = 2


def wait_for(path):
    """Until somebody listens there."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            connect(path).close()
            return
        time.sleep(0.01)


@contextlib.contextmanager
def served(program, folder, n_files=1024):
    """The daemon with a limit of open files; its process and the path of its socket."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n_files, n_files))     # noqa: E731
    environment = dict(os.environ, XENSTORED_RUNDIR=str(folder))
    path = folder / "socket"
    command = [program("xenstored"), "--no-fork", "--no-domain-init", f"--pid-file={folder}/pid"]
    with subprocess.Popen(command, env=environment, preexec_fn=limit, stderr=subprocess.PIPE) as process:
        try:
            wait_for(path)
            yield process, path
        finally:
            process.terminate()
            process.wait(300)


def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(120)
    client.connect(str(path))
    return client


def asks(client):
    """A READ of / and its answer's type."""
    client.sendall(struct.pack("<4I", READ, 1, 0, 2) + b"/\0")
    return struct.unpack("<4I", client.recv(16))[0]


def cpu_ticks(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_clients_beyond_the_limit_of_files_wait_and_cost_nothing(program, tmp_path):
    with served(program, tmp_path, n_files=24) as (process, path):
        clients = [connect(path) for _ in range(40)]
        assert asks(clients[0]) == READ
        before = cpu_ticks(process)
        time.sleep(1)
        assert cpu_ticks(process) - before < 20       # of 100: a daemon that spins takes them all
        assert asks(clients[0]) == READ
        for client in clients[:-1]:
            client.close()
        assert asks(clients[-1]) == READ              # its turn has come


def test_who_comes_as_soon_as_the_socket_is_there_is_not_refused(program, tmp_path):
    environment = dict(os.environ, XENSTORED_RUNDIR=str(tmp_path))
    command = [program("xenstored"), "--no-fork", "--no-domain-init", "--no-state", f"--pid-file={tmp_path}/pid"]
    for _ in range(200):
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                while process.poll() is None:
                    with contextlib.suppress(FileNotFoundError):
                        client = connect(tmp_path / "socket")       # refused: the file was there too early
                        break
                assert asks(client) == READ
                client.close()
            finally:
                process.terminate()
                process.wait(300)
        assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
