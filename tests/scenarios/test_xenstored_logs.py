# SPDX-License-Identifier: GPL-2.0-or-later
"""xenstored: its trace, its access log, its own log, the configuration that names them, and the socket for those who only ask."""
import contextlib
import os
import re
import signal
import stat
import subprocess
import sys
import time

import pytest
from conftest import TOP

sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests/wire")]
from player.client import ERROR, Client, to_socket  # noqa: E402
from player.scenario import TYPES  # noqa: E402
from stores import daemons  # noqa: E402
from stores.says import StoreError  # noqa: E402

SECONDS = 120
OK = b"OK\0"


class Asker(Client):
    """ask("WRITE", b"/a\0x"): the answer's payload, or the name of an error."""

    def __init__(self, path):
        super().__init__(to_socket(path))

    def ask(self, kind, payload, txn=0):
        self.request(TYPES[kind], payload, txn)
        message = self.answer(SECONDS)
        return message.payload[:-1].decode() if message.type == ERROR else message.payload

    def control(self, *words):
        return self.ask("CONTROL", "".join(f"{word}\0" for word in words).encode())


@contextlib.contextmanager
def started(build, *options, with_host=False):
    """The daemon with these options, as something that has .socket, .pid and .folder."""
    daemon = daemons.Ours(build, with_host=with_host)
    if not daemon.present():
        pytest.skip("the daemon is not built")
    try:
        with daemon.running(options=options) as running:
            yield running
            running.check_alive()
    except StoreError as error:
        pytest.fail(str(error))


def until(condition):
    """Waits until it holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def config(folder, text):
    path = folder / "conf"
    path.write_text(text)
    return f"--config-file={path}"


def lines(path):
    return path.read_text().splitlines()


def without_dates(path):
    """The lines of an access log, who and what; blanks at the end do not matter."""
    date = re.compile(r"\[\d{8}T\d\d:\d\d:\d\d\.\d{3}Z\]  ")
    assert all(date.match(line) for line in lines(path)), lines(path)
    return [re.sub(r"A\d+", "A", date.sub("", line)).rstrip() for line in lines(path)]


def begin(log, n_clients):
    """Empties the log once nobody but these is connected: who looked whether the daemon is up has gone."""
    until(lambda: log.read_text().count("newconn") - log.read_text().count("endconn") == n_clients)
    log.write_text("")


def test_the_access_log_is_as_oxenstored_writes_it(build, tmp_path):
    log = tmp_path / "access"
    with started(build, f"--access-log={log}") as running:
        client = Asker(running.socket)
        assert client.ask("READ", b"/\0") == b""
        assert "A           newconn" in without_dates(log)
        begin(log, 1)
        assert client.ask("WATCH", b"/a\0tok\0") == OK
        assert client.ask("WRITE", b'/a\0one\n"two"') == OK
        assert client.ask("READ", b"/a\0") == b'one\n"two"'
        assert client.ask("READ", b"/none\0") == "ENOENT"
        assert client.ask("RM", b"/\0") == "EINVAL"
        txn = int(client.ask("TRANSACTION_START", b"\0")[:-1])
        assert client.ask("MKDIR", b"/b\0", txn) == OK
        assert client.ask("TRANSACTION_END", b"T\0", txn) == OK
        client.close()
        until(lambda: "endconn" in log.read_text())
        assert without_dates(log) == [
            "A           watch     /a tok", "A           w event   /a tok",
            r'A           write     /a one\n\"two\"', "A           w event   /a tok",
            "A           rm        /", "A           error     EINVAL",
            "A.1         mkdir     /b", "A.1         commit", "A           endconn"]


def test_reads_transactions_and_introductions_are_logged_if_asked_for(build, tmp_path):
    log = tmp_path / "access"
    keys = "".join(f"access-log-{what}-ops = true\n" for what in ("read", "transactions", "special"))
    with started(build, config(tmp_path, f"access-log-file = {log}\naccess-log-nb-chars = -1\n{keys}")) as running:
        client, other = Asker(running.socket), Asker(running.socket)
        assert client.ask("READ", b"/\0") == b"" and other.ask("READ", b"/\0") == b""
        begin(log, 2)
        value = b"v" * 500
        assert client.ask("WRITE", b"/a\0" + value) == OK
        assert client.ask("READ", b"/a\0") == value
        assert client.ask("READ", b"/none\0") == "ENOENT"
        assert client.ask("GET_DOMAIN_PATH", b"7\0") == b"/local/domain/7\0"
        txn = int(client.ask("TRANSACTION_START", b"\0")[:-1])
        client.ask("READ", b"/a\0", txn)
        client.ask("WRITE", b"/a\0mine", txn)
        other.ask("WRITE", b"/a\0theirs")
        assert client.ask("TRANSACTION_END", b"T\0", txn) == "EAGAIN"
        assert without_dates(log) == [
            "A           write     /a " + "v" * 500, "A           read      /a", "A           read      /none",
            "A           error     ENOENT", "A           getdomain 7", "A           t start",
            "A.1         read      /a", "A.1         write     /a mine", "A           write     /a theirs",
            "A.1         t end     T", "A.1         conflict", "A.1         error     EAGAIN"]


def test_a_domain_has_its_number_in_the_access_log(build, tmp_path):
    log = tmp_path / "access"
    with started(build, f"--access-log={log}", with_host=True) as running:
        frame, port = running.host.create(7)
        tool = Asker(running.socket)
        assert tool.ask("INTRODUCE", f"7\0{frame}\0{port}\0".encode()) == OK
        tool.ask("MKDIR", b"/local/domain/7\0")
        tool.ask("SET_PERMS", b"/local/domain/7\0n7\0")
        assert Asker(running.host.ring(7)).ask("WRITE", b"data\0x") == OK
        assert "D7           write     data x" in without_dates(log), "\n".join(without_dates(log))


def test_an_access_log_is_rotated_and_begun_anew(build, tmp_path):
    log = tmp_path / "access"
    keys = "access-log-nb-lines = 10\naccess-log-nb-files = 3\naccess-log-nb-chars = 60\n"
    with started(build, config(tmp_path, f"access-log-file = {log}\n{keys}")) as running:
        client = Asker(running.socket)
        for i in range(45):
            assert client.ask("WRITE", f"/a\0{i} ".encode() + b"x" * 100) == OK
        files = sorted(path.name for path in tmp_path.glob("access*"))
        assert files == ["access", "access.1", "access.2"]
        assert [len(lines(tmp_path / name)) for name in files[1:]] == [10, 10]
        assert all(len(line) <= 59 and line.endswith("..") for line in lines(tmp_path / "access.1"))
        log.rename(tmp_path / "moved")
        os.kill(running.pid, signal.SIGHUP)
        until(log.exists)
        client.ask("WRITE", b"/a\0last")
        assert "last" in log.read_text() and "last" not in (tmp_path / "moved").read_text()


def test_a_trace_tells_messages_and_objects(build, tmp_path):
    trace = tmp_path / "trace"
    with started(build, "-T", str(trace)) as running:
        client = Asker(running.socket)
        assert client.ask("WATCH", b"/a\0tok\0") == OK
        assert client.ask("UNWATCH", b"/a\0tok\0") == OK
        assert client.ask("WATCH", b"/b\0tok\0") == OK
        txn = int(client.ask("TRANSACTION_START", b"\0")[:-1])
        client.ask("TRANSACTION_END", b"F\0", txn)
        client.ask("TRANSACTION_START", b"\0")
        client.close()
        until(lambda: trace.read_text().count("DESTROY transaction") == 2)
        text = trace.read_text()
        assert re.search(r"^io: IN 0x[0-9a-f]+ \(d0\) \d{8} \d\d:\d\d:\d\d WATCH \(/a tok \)$", text, re.M)
        assert re.search(r"^io: OUT 0x[0-9a-f]+ \(d0\) \d{8} \d\d:\d\d:\d\d WATCH_EVENT \(/a tok \)$", text, re.M)
        for what, n in (("watch", 2), ("transaction", 2)):
            made = re.findall(f"^obj: CREATE {what} (0x[0-9a-f]+)$", text, re.M)
            gone = re.findall(f"^obj: DESTROY {what} (0x[0-9a-f]+)$", text, re.M)
            assert len(made) == n and sorted(made) == sorted(gone), text
        # Switched off, and on again in a file that somebody has moved.
        client = Asker(running.socket)
        assert client.control("log", "-obj") == OK
        client.ask("WATCH", b"/c\0silent\0")
        assert "CREATE watch" not in trace.read_text()[len(text):]
        trace.rename(tmp_path / "moved")
        os.kill(running.pid, signal.SIGHUP)
        until(lambda: trace.exists() and trace.read_text() == "\n***\n")
        assert client.control("log", "off") == OK
        size = trace.stat().st_size
        client.ask("READ", b"/\0")
        assert trace.stat().st_size == size
        assert client.control("log", "on") == OK
        client.ask("READ", b"/\0")
        assert "READ" in trace.read_text()
        assert client.control("logfile", str(tmp_path / "other")) == OK
        client.ask("READ", b"/\0")
        assert "READ" in (tmp_path / "other").read_text()
        assert stat.S_IMODE((tmp_path / "other").stat().st_mode) == 0o600


def test_the_daemons_own_log_goes_where_the_configuration_says(build, tmp_path):
    log = tmp_path / "xenstored.log"
    with started(build, config(tmp_path, f"xenstored-log-file = {log}\nxenstored-log-level = info\n")) as running:
        client = Asker(running.socket)
        assert client.control("print", "hello") == OK
        assert re.search(r"^\[\d{8}T[\d:.]+Z\|   info\|xenstored\] control: hello$", log.read_text(), re.M)
        log.rename(tmp_path / "moved")
        os.kill(running.pid, signal.SIGHUP)
        until(log.exists)
        assert client.control("print", "again") == OK
        assert "again" in log.read_text()


def test_a_quiet_log_says_warnings_only(build, tmp_path):
    log = tmp_path / "xenstored.log"
    text = f"xenstored-log-file = {log}\nxenstored-log-level = warn\n"
    with started(build, config(tmp_path, text), "-Q", "client-watches=1") as running:
        client = Asker(running.socket)
        assert client.control("print", "hello") == OK
        assert client.ask("WATCH", b"/a\0tok\0") == OK
        assert client.ask("WATCH", b"/b\0tok\0") == "ENOSPC"
        assert "hello" not in log.read_text() and 'quota "client-watches"' in log.read_text()


def test_of_three_commits_one_is_refused_if_asked_for(build, tmp_path):
    with started(build, config(tmp_path, "test-eagain = true\n")) as running:
        client = Asker(running.socket)
        answers = []
        for _ in range(9):
            txn = int(client.ask("TRANSACTION_START", b"\0")[:-1])
            client.ask("WRITE", b"/a\0x", txn)
            answers.append(client.ask("TRANSACTION_END", b"T\0", txn))
        assert answers.count("EAGAIN") == 3 and answers.count(OK) == 6


SHIPPED = """# as oxenstored is shipped
pid-file = /run/xen/xenstored.pid
test-eagain = false
merge-activate = true
conflict-burst-limit = 5.0
conflict-max-history-seconds = 0.05
conflict-rate-limit-is-aggregate = true
perms-activate = true
perms-watch-activate = true
quota-activate = true
quota-maxentity = 1000
quota-maxsize = 2048
quota-maxwatch = 100
quota-transaction = 10
quota-maxrequests = 1024
quota-path-max = 1024
quota-maxoutstanding = 1024
quota-maxwatchevents = 1024
persistent = false
xenstored-log-file = /var/log/xen/xenstored.log
xenstored-log-level = null
xenstored-log-nb-files = 10
xenstored-log-nb-lines = 13215
xenstored-log-nb-chars = -1
access-log-file = /var/log/xen/xenstored-access.log
access-log-nb-files = 20
access-log-nb-lines = 13215
access-log-nb-chars = 180
access-log-read-ops = false
access-log-transactions-ops = false
access-log-special-ops = false
allow-debug = false
ring-scan-interval = 20
gc-max-overhead = 120
xenstored-kva = /proc/xen/xsd_kva
xenstored-port = /proc/xen/xsd_port
"""


def config_test(program, folder, text):
    return subprocess.run([program("xenstored"), config(folder, text), "--config-test"], capture_output=True, text=True,
                          timeout=SECONDS, check=False)


def test_a_test_of_the_configuration_names_every_key(program, tmp_path):
    result = config_test(program, tmp_path, SHIPPED)
    assert result.returncode == 0, result.stderr
    keys = [line.split(" = ")[0] for line in SHIPPED.splitlines()[1:]]
    for key in keys:
        assert re.search(rf"conf:\d+: {key}: (taken|not needed: .+)$", result.stderr, re.M), key
    assert "nobody knows" not in result.stderr
    assert len(result.stderr.splitlines()) == len(keys)


def test_a_key_that_nobody_knows_fails_the_test_and_not_the_start(build, program, tmp_path):
    text = "quota-maxentity = 9\nquota-maxentiti = 9\n"
    result = config_test(program, tmp_path, text)
    assert result.returncode == 2
    assert re.search(r"conf:2: quota-maxentiti: nobody knows this key", result.stderr)
    with started(build, config(tmp_path, text)) as running:
        assert b"nodes            :        9" in Asker(running.socket).control("quota")


def test_every_key_is_in_the_man_page(program, tmp_path):
    assert program("xenstored")
    page = (TOP / "doc/xenstored.8").read_text().replace("\\-", "-")
    known = re.findall(r'\{ "([a-z-]+)", [A-Z_]+,', (TOP / "xenstored/server/conffile.c").read_text())
    assert len(known) == 35
    assert [key for key in known if key not in page] == []
    assert tmp_path


def test_who_only_asks_changes_nothing(build, tmp_path):
    path = tmp_path / "asked"
    with started(build, f"--read-only-socket={path}") as running:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        tool, client = Asker(running.socket), Asker(path)
        assert tool.ask("WRITE", b"/a\0x") == OK
        assert client.ask("READ", b"/a\0") == b"x"
        assert client.ask("DIRECTORY", b"/\0") == b"tool\0a\0"
        assert client.ask("GET_PERMS", b"/a\0") == b"n0\0"
        assert client.ask("WATCH", b"/a\0tok\0") == OK
        client.await_event(SECONDS)
        tool.ask("WRITE", b"/a\0y")
        client.await_event(SECONDS)
        txn = int(client.ask("TRANSACTION_START", b"\0")[:-1])
        assert client.ask("READ", b"/a\0", txn) == b"y"
        assert client.ask("WRITE", b"/a\0z", txn) == "EROFS"
        assert client.ask("TRANSACTION_END", b"T\0", txn) == OK
        for kind, payload in (("WRITE", b"/a\0z"), ("MKDIR", b"/z\0"), ("RM", b"/a\0"), ("SET_PERMS", b"/a\0b0\0"),
                              ("INTRODUCE", b"1\0002\0003\0"), ("RELEASE", b"1\0"), ("RESUME", b"1\0"),
                              ("SET_TARGET", b"1\0002\0"), ("SET_FEATURE", b"1\0000\0"), ("SET_QUOTA", b"nodes\0005\0"),
                              ("CONTROL", b"quota\0set\0nodes\0005\0"), ("CONTROL", b"help\0")):
            assert client.ask(kind, payload) == "EROFS", kind
        assert client.ask("GET_QUOTA", b"nodes\0") == b"1000\0"
        assert client.ask("RESET_WATCHES", b"\0") == OK
        assert tool.ask("READ", b"/a\0") == b"y"
    assert not path.exists()


def test_who_only_asks_stays_so_after_a_live_update(build, tmp_path):
    """Its connection ends with the old program: one that could not tell it from the others would let it write."""
    path = tmp_path / "asked"
    with started(build, f"--read-only-socket={path}") as running:
        tool, client = Asker(running.socket), Asker(path)
        assert client.ask("READ", b"/\0") == b""
        assert tool.control("live-update", "-f", build / "xenstored/xenstored") == OK
        assert tool.control("live-update", "-s", "-t", "20") == OK
        assert client.socket.recv(1) == b""
        again = Asker(path)
        assert again.ask("READ", b"/\0") == b""
        assert again.ask("WRITE", b"/a\0x") == "EROFS"
        assert tool.ask("WRITE", b"/a\0x") == OK
