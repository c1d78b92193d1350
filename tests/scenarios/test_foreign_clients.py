# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that others have written, over the daemon's socket and through a domain's ring on a simulated host."""
import contextlib
import ctypes
import errno
import os
import re
import subprocess
import sys
import threading

import pytest
from conftest import TOP

sys.path.append(str(TOP / "tests"))
from stores import daemons, stock  # noqa: E402
from stores.says import StoreError  # noqa: E402

GUEST = 7


@contextlib.contextmanager
def guests_ring(running):
    """Path of a socket that is the ring of a domain, whose home is its own."""
    frame, port = running.host.create(GUEST)
    tool = Tools(running.socket)
    tool("xenstore-write", f"/local/domain/{GUEST}", "")
    tool("xenstore-chmod", f"/local/domain/{GUEST}", f"n{GUEST}")
    with Handle(running.socket) as handle:
        assert handle.lib.xs_introduce_domain(handle.xs, GUEST, ctypes.c_ulong(frame), port)
    yield running.host.ring(GUEST)


@pytest.fixture(name="path", params=["socket", "ring"])
def where_to_connect(build, request):
    """Whoever connects there speaks with our daemon."""
    try:
        daemon = daemons.Ours(build, with_host=request.param == "ring")
        if not daemon.present():
            pytest.skip("the daemon is not built")
        with daemon.running() as running:
            if request.param == "socket":
                Tools(running.socket)("xenstore-write", "/local/domain/0", "")
                yield running.socket
            else:
                with guests_ring(running) as path:
                    yield path
            running.check_alive()
    except StoreError as error:
        pytest.fail(str(error))


class Tools:
    """Debian's xenstore-*."""

    def __init__(self, path):
        self.environment = {**os.environ, "XENSTORED_PATH": str(path), "LC_ALL": "C"}
        self.folder = stock.root() / "usr/bin"

    def __call__(self, *words, status=0):
        result = subprocess.run([str(self.folder / words[0]), *words[1:]], env=self.environment, text=True,
                                capture_output=True, timeout=300, check=False)
        assert result.returncode == status, result.stderr
        return result.stdout


class Handle:
    """libxenstore, as a program that is linked with it has it."""

    def __init__(self, path):
        os.environ["XENSTORED_PATH"] = str(path)
        self.lib = ctypes.CDLL("libxenstore.so.4", use_errno=True)
        for name in ("xs_open", "xs_read", "xs_read_watch", "xs_directory"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.libc = ctypes.CDLL(None)
        self.libc.free.argtypes = [ctypes.c_void_p]
        self.xs = ctypes.c_void_p(self.lib.xs_open(0))
        del os.environ["XENSTORED_PATH"]        # or the next daemon would take it for its own
        assert self.xs

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.xs_close(self.xs)

    def read(self, path, txn=0):
        length = ctypes.c_uint()
        at = self.lib.xs_read(self.xs, txn, path.encode(), ctypes.byref(length))
        if not at:
            return None
        value = ctypes.string_at(at, length.value).decode()
        self.libc.free(at)
        return value

    def write(self, path, value, txn=0):
        return bool(self.lib.xs_write(self.xs, txn, path.encode(), value.encode(), len(value)))

    def start(self):
        return self.lib.xs_transaction_start(self.xs)

    def end(self, txn):
        return bool(self.lib.xs_transaction_end(self.xs, txn, False))

    def watch(self, path, token):
        return bool(self.lib.xs_watch(self.xs, path.encode(), token.encode()))

    def event(self):
        """(path, token) of the next one."""
        number = ctypes.c_uint()
        at = self.lib.xs_read_watch(self.xs, ctypes.byref(number))
        texts = ctypes.cast(at, ctypes.POINTER(ctypes.c_char_p))
        event = texts[0].decode(), texts[1].decode()
        self.libc.free(at)
        return event


def test_debians_command_line_tools(path):
    tool = Tools(path)
    tool("xenstore-write", "a/b", "hello", "a/c", "x y")
    assert tool("xenstore-read", "a/b", "a/c") == "hello\nx y\n"
    assert tool("xenstore-list", "a") == "b\nc\n"
    assert 'b = "hello"' in tool("xenstore-ls", "-f", "a")
    tool("xenstore-exists", "a/b")
    tool("xenstore-exists", "a/nothing", status=1)
    tool("xenstore-rm", "a/c")
    if path.name.startswith("ring"):    # that one program at a time may have
        return
    with subprocess.Popen([tool.folder / "xenstore-watch", "-n", "2", "a"], env=tool.environment, text=True,
                          stdout=subprocess.PIPE) as watching:
        assert watching.stdout.readline() == "a\n"
        tool("xenstore-write", "a/b", "again")
        assert watching.stdout.readline() == "a/b\n"
        assert watching.wait(300) == 0
    tool("xenstore-rm", "a")
    tool("xenstore-read", "a/b", status=1)


def test_debians_test_xenstore(path):
    """Times and checks all operations; "ta err" wants the EAGAIN of a transaction that has lost."""
    program = stock.program("test-xenstore")
    result = subprocess.run([str(program), "-i", "20"], env=Tools(path).environment, text=True, capture_output=True,
                            timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ta err" in result.stdout
    assert "fail" not in result.stdout.lower()


def test_debians_test_xenstore_at_random(path):
    program = stock.program("test-xenstore")
    result = subprocess.run([str(program), "-r", "2"], env=Tools(path).environment, text=True, capture_output=True,
                            timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_directory_that_takes_several_answers(path):
    """DIRECTORY says E2BIG, and libxenstore asks for the parts."""
    with Handle(path) as handle:
        names = [f"a-child-with-quite-a-long-name-{i:03}" for i in range(200 if not path.name.startswith("ring") else 50)]
        assert all(handle.write(f"many/{name}", "") for name in names)
        number = ctypes.c_uint()
        at = handle.lib.xs_directory(handle.xs, 0, b"many", ctypes.byref(number))
        texts = ctypes.cast(at, ctypes.POINTER(ctypes.c_char_p))
        assert [texts[i].decode() for i in range(number.value)] == names
        handle.libc.free(at)


def test_threads_of_libxenstore_share_a_handle(path):
    """One reads events while others ask, each its own; counting in transactions loses nothing."""
    n_threads, n_rounds = 4, 50
    with Handle(path) as handle:
        assert handle.write("count", "0") and handle.watch("count", "token")
        wrong, seen = [], []

        def listen():
            while len(seen) < 2 or seen[-1] != "done":
                seen.append(handle.event()[1])
                if handle.read("count") == str(n_threads * n_rounds):
                    return

        def count(number):
            for i in range(n_rounds):
                if not handle.write(f"own/{number}", str(i)) or handle.read(f"own/{number}") != str(i):
                    wrong.append((number, i))
                done = False
                while not done:
                    txn = handle.start()
                    value = handle.read("count", txn)
                    handle.write("count", str(int(value or 0) + 1), txn)
                    done = handle.end(txn)

        threads = [threading.Thread(target=count, args=(i,)) for i in range(n_threads)]
        listener = threading.Thread(target=listen, daemon=True)
        for thread in (listener, *threads):
            thread.start()
        for thread in threads:
            thread.join(50)
            assert not thread.is_alive()
        handle.write("count", handle.read("count"))     # the listener may have looked before the last commit
        listener.join(10)
        assert not listener.is_alive()
        assert wrong == [] and handle.read("count") == str(n_threads * n_rounds)
        assert set(seen) == {"token"}


def test_pyxs(path):
    pyxs = pytest.importorskip("pyxs")
    home = f"/local/domain/{GUEST}" if path.name.startswith("ring") else "/local/domain/0"
    with pyxs.Client(unix_socket_path=str(path)) as client:
        client.write(f"{home}/p/a".encode(), b"1")
        assert client[f"{home}/p/a".encode()] == b"1"
        assert client.list(f"{home}/p".encode()) == [b"a"]
        assert not client.exists(f"{home}/p/b".encode())
        with client.monitor() as monitor:
            monitor.watch(f"{home}/p".encode(), b"token")
            assert next(monitor.wait()).path == f"{home}/p".encode()
            client.write(f"{home}/p/b".encode(), b"2")
            assert next(monitor.wait()).path == f"{home}/p/b".encode()
        client.transaction()
        client.write(f"{home}/p/c".encode(), b"3")
        assert client.commit()
        assert client.read(f"{home}/p/c".encode()) == b"3"
        client.delete(f"{home}/p".encode())
        with pytest.raises(pyxs.PyXSError):
            client.read(f"{home}/p/c".encode())


def test_debians_tools_for_permissions(path):
    tool = Tools(path)
    tool("xenstore-write", "p/a", "1", "p/a/b", "2", "p/c", "3")
    tool("xenstore-chmod", "p/c", f"n{GUEST}" if path.name.startswith("ring") else "n0", "r3")
    tool("xenstore-chmod", "-r", "p/a", f"n{GUEST}" if path.name.startswith("ring") else "n0", "b4")
    shown = tool("xenstore-ls", "-f", "-p", "p").splitlines()
    owner = f"n{GUEST}" if path.name.startswith("ring") else "n0"
    assert [re.sub(r"\s+", " ", line).strip() for line in shown] == [
        f'p/a = "1" ({owner},b4)', f'p/a/b = "2" ({owner},b4)', f'p/c = "3" ({owner},r3)']
    tool("xenstore-read", "-R", "p/a")
    assert "a" in tool("xenstore-list", "-p", "p")


def test_what_toolstacks_call_of_libxenstore(build):
    """Domains introduced, aimed at each other, resumed and released; watches taken away; one transaction given up."""
    try:
        with daemons.Ours(build, with_host=True).running() as running, Handle(running.socket) as handle:
            made = {domid: running.host.create(domid) for domid in (GUEST, GUEST + 1)}
            lib, xs = handle.lib, handle.xs
            lib.xs_get_domain_path.restype = lib.xs_get_permissions.restype = ctypes.c_void_p
            lib.xs_control_command.restype = lib.xs_check_watch.restype = ctypes.c_void_p
            assert not lib.xs_is_domain_introduced(xs, GUEST)
            for domid, (frame, port) in made.items():
                assert lib.xs_introduce_domain(xs, domid, ctypes.c_ulong(frame), port)
                assert lib.xs_is_domain_introduced(xs, domid)
            assert lib.xs_set_target(xs, GUEST + 1, GUEST)
            assert lib.xs_resume_domain(xs, GUEST)
            at = lib.xs_get_domain_path(xs, GUEST)
            assert ctypes.string_at(at).decode() == f"/local/domain/{GUEST}"
            handle.libc.free(at)
            assert lib.xs_release_domain(xs, GUEST)
            assert not lib.xs_is_domain_introduced(xs, GUEST)
            assert not lib.xs_release_domain(xs, GUEST) and ctypes.get_errno() == errno.ENOENT
            assert lib.xs_mkdir(xs, 0, b"/kept") and handle.watch("/kept", "token") and handle.event() == ("/kept", "token")
            entries = (ctypes.c_uint * 4)(0, 0, GUEST + 1, 1)       # struct xs_permissions: n0, r8
            assert lib.xs_set_permissions(xs, 0, b"/kept", entries, 2)
            number = ctypes.c_uint()
            at = lib.xs_get_permissions(xs, 0, b"/kept", ctypes.byref(number))
            assert list(ctypes.cast(at, ctypes.POINTER(ctypes.c_uint))[:4]) == [0, 0, GUEST + 1, 1] and number.value == 2
            handle.libc.free(at)
            assert handle.event() == ("/kept", "token")
            assert lib.xs_unwatch(xs, b"/kept", b"token") and not lib.xs_check_watch(xs)
            txn = handle.start()
            assert handle.write("/kept", "lost", txn) and lib.xs_transaction_end(xs, txn, True)
            assert handle.read("/kept") == ""
            assert lib.xs_rm(xs, 0, b"/kept") and handle.read("/kept") is None
            at = lib.xs_control_command(xs, b"check", None, 0)
            assert ctypes.string_at(at) == b"OK"
            handle.libc.free(at)
            running.check_alive()
    except StoreError as error:
        pytest.fail(str(error))
