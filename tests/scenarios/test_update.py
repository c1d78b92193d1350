# SPDX-License-Identifier: GPL-2.0-or-later
"""Live update over the socket alone: what is answered, and that nobody is harmed when it does not work."""
import os
import signal
import subprocess
import time

import pytest
from test_update_sim import CONTROL, ERROR, OK, READ, TRANSACTION_END, TRANSACTION_START, WATCH, WRITE, Client
from test_xenstored import wait_for


class Served:
    """The daemon in a folder."""

    def __init__(self, program, folder, *options, launcher=()):
        self.program, self.folder, self.socket = program, folder, folder / "socket"
        environment = dict(os.environ, XENSTORED_RUNDIR=str(folder))
        self.log = open(folder / "log", "ab")       # pylint: disable=consider-using-with
        self.words = [*launcher, str(program), "--no-fork", "--no-domain-init", *options]
        self.process = subprocess.Popen(self.words, env=environment, stderr=self.log)
        wait_for(self.socket)

    def update(self, client, *start, binary=None, cmdline=None):
        assert client.ask(CONTROL, "live-update", "-f", str(binary or self.program)) == (CONTROL, OK)
        if cmdline is not None:
            assert client.ask(CONTROL, "live-update", "-c", cmdline) == (CONTROL, OK)
        kind, payload = client.ask(CONTROL, "live-update", "-s", *start)
        assert kind == CONTROL
        return payload[:-1].decode()

    def text(self):
        return (self.folder / "log").read_text()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(300) == 0
        self.log.close()


@pytest.fixture
def served(program, tmp_path):
    """A daemon that is expected to live on whatever happens."""
    daemon = Served(program("xenstored"), tmp_path)
    yield daemon
    assert daemon.process.poll() is None, daemon.text()
    daemon.end()
    assert not (tmp_path / "state_dump").exists()


@pytest.fixture
def client(served):
    """A client with something to lose: a watch, a node, an open transaction."""
    client = Client(served.socket)
    assert client.ask(WRITE, raw=b"/mine\0before") == (WRITE, OK)
    assert client.ask(WATCH, "/mine", "token") == (WATCH, OK)
    client.event()
    client.tx = int(client.ask(TRANSACTION_START, "")[1][:-1])
    assert client.ask(WRITE, raw=b"/mine/in\0tx", tx=client.tx) == (WRITE, OK)
    yield client
    assert client.ask(READ, "/mine") == (READ, b"before")
    assert client.ask(TRANSACTION_END, "T", tx=client.tx) == (TRANSACTION_END, OK)
    assert client.events.pop() == "/mine/in"
    assert client.ask(READ, "/mine/in") == (READ, b"tx")


def script(folder, text, name="script"):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_what_the_stock_daemon_answers(served, client, tmp_path):
    ask = lambda *words: client.ask(CONTROL, "live-update", *words)     # noqa: E731
    (tmp_path / "data").write_text("no program")
    assert ask() == (ERROR, b"EINVAL\0")
    assert ask("-b", "100") == (ERROR, b"EINVAL\0")
    assert ask("-f", "/no/such/file") == (CONTROL, b"File not accessible.\0")
    assert ask("-f", str(tmp_path / "data")) == (CONTROL, b"File not executable.\0")
    assert ask("-a") == (CONTROL, b"No live-update session active.\0")
    assert ask("-c", "-N") == (CONTROL, b"Not in live-update session.\0")
    assert ask("-s") == (CONTROL, b"Not in live-update session.\0")
    assert ask("-f", str(served.program)) == (CONTROL, OK)
    other = Client(served.socket)
    assert other.ask(CONTROL, "live-update", "-f", str(served.program)) == \
        (CONTROL, b"live-update session already active.\0")
    assert other.ask(CONTROL, "live-update", "-s") == (CONTROL, b"Not in live-update session.\0")
    assert ask("-s", "-x") == (ERROR, b"EINVAL\0")
    assert ask("-s", "-t") == (ERROR, b"EINVAL\0")
    assert ask("-s", "-v", "3") == (CONTROL, b"Migration stream version not supported.\0")
    assert ask("-s", "-v", "0") == (CONTROL, b"Migration stream version not supported.\0")
    assert ask("-a") == (CONTROL, OK)
    assert ask("-s") == (CONTROL, b"Not in live-update session.\0")
    assert b"live-update     [-c <cmdline>]" in client.ask(CONTROL, "help")[1]


def test_a_session_ends_with_its_client(served, client):
    other = Client(served.socket)
    assert other.ask(CONTROL, "live-update", "-f", str(served.program)) == (CONTROL, OK)
    other.link.close()
    deadline = time.monotonic() + 120
    while (answer := served.update(client)) != "OK":    # it is still there
        assert time.monotonic() < deadline, answer


@pytest.mark.parametrize("text", ["", "#!/bin/false\n", "#!/no/such/interpreter\n", "#!/bin/sh\nkill -9 $$\n",
                                  "#!/bin/sh\necho why it does not; exit 3\n"],
                         ids=["empty", "fails", "no interpreter", "killed", "says why"])
def test_a_program_that_does_not_start_is_refused(served, client, tmp_path, text):
    answer = served.update(client, binary=script(tmp_path, text))
    assert answer.startswith("The new binary does not start: ")
    assert ("why it does not" in answer) == ("why it does not" in text)
    assert served.update(client) == "OK"


def test_a_program_that_is_no_store_is_refused(served, client):
    """It does start, and would end with what it is told."""
    assert served.update(client, binary="/bin/ls") == "The new binary does not start: its --help knows no xenstored"
    assert served.update(client, binary="/bin/true") == "The new binary does not start: its --help knows no xenstored"
    assert served.update(client) == "OK"


def test_bad_arguments_are_refused(served, client):
    answer = served.update(client, cmdline="--no-fork --no-such-option")
    assert answer.startswith("The new binary does not start: ") and "no-such-option" in answer
    assert served.update(client, cmdline="--no-fork --no-domain-init --verbose") == "OK"
    assert b"--verbose" in open(f"/proc/{served.process.pid}/cmdline", "rb").read()


def test_a_program_that_cannot_be_called_after_all(served, client, tmp_path):
    # It starts for --help, says that it is ours, and is gone when it is needed.
    text = f'#!/bin/sh\ncase "$*" in *config-test) rm "$0" ;; esac\nexec {served.program} "$@"\n'
    answer = served.update(client, binary=script(tmp_path, text))
    assert answer == "Error activating new binary. (No such file or directory)"
    assert served.update(client) == "OK"


def test_one_that_fails_at_the_very_end_gives_back(served, client, tmp_path):
    before = len(os.listdir(f"/proc/{served.process.pid}/fd"))
    answer = served.update(client, cmdline=f"--no-fork --no-domain-init --pid-file={tmp_path}/no/such/folder/pid")
    assert answer == "The new daemon cannot have its pid file."
    assert b"no/such" not in open(f"/proc/{served.process.pid}/cmdline", "rb").read()
    answer = served.update(client, cmdline="--no-fork --no-domain-init --state-dir=/proc/no/such/folder")
    assert answer.startswith("The new daemon cannot go on")
    assert len(os.listdir(f"/proc/{served.process.pid}/fd")) == before
    assert served.update(client) == "OK"
    assert len(os.listdir(f"/proc/{served.process.pid}/fd")) == before


def test_it_can_be_called_off_by_another(served, client, tmp_path):
    slow = script(tmp_path, "#!/bin/sh\nexec sleep 100\n")
    assert client.ask(CONTROL, "live-update", "-f", str(slow)) == (CONTROL, OK)
    client.send(CONTROL, "live-update", "-s", "-t", "60")
    other = Client(served.socket)
    assert other.ask(READ, "/mine") == (READ, b"before")       # everybody is served meanwhile
    assert other.ask(CONTROL, "live-update", "-a") == (CONTROL, OK)
    assert client.answer() == (CONTROL, b"Cancellation was requested\0")


FOREIGN = "#!/bin/sh\n[ \"$1\" = --help ] && echo xenstored && exit 0\nexec {0} \"$@\"\n"


def test_another_program_waits_for_transactions_to_end(served, tmp_path, program):
    """One that does not say that it is ours, although it is."""
    binary = script(tmp_path, FOREIGN.format(program("xenstored")))
    client, busy, late = (Client(served.socket) for _ in range(3))
    tx = int(busy.ask(TRANSACTION_START, "")[1][:-1])
    assert served.update(client, "-t", "0", binary=binary).startswith("Domains with long running transactions:\nDomain 0: ")
    assert client.ask(CONTROL, "live-update", "-f", str(binary)) == (CONTROL, OK)
    client.send(CONTROL, "live-update", "-s", "-t", "200")
    time.sleep(0.3)
    late.send(TRANSACTION_START, "")                            # held back
    late.link.settimeout(0.3)
    with pytest.raises(TimeoutError):
        late.message()
    late.link.settimeout(120)
    assert busy.ask(WRITE, raw=b"/busy\0x", tx=tx) == (WRITE, OK)
    assert busy.ask(TRANSACTION_END, "T", tx=tx) == (TRANSACTION_END, OK)
    assert client.answer() == (CONTROL, OK)
    assert late.answer()[0] == TRANSACTION_START
    assert client.ask(READ, "/busy") == (READ, b"x")
    # By force they are lost.
    tx = int(busy.ask(TRANSACTION_START, "")[1][:-1])
    assert busy.ask(WRITE, raw=b"/lost\0x", tx=tx) == (WRITE, OK)
    assert served.update(client, "-F", binary=binary) == "OK"
    assert busy.ask(TRANSACTION_END, "T", tx=tx) == (ERROR, b"EAGAIN\0")


def test_what_another_program_took_over_is_not_used_again(program, tmp_path):
    """Ours is called by another name, serves without keeping anything, and is killed; then the next start is ours."""
    daemon = Served(program("xenstored"), tmp_path)
    client = Client(daemon.socket)
    assert client.ask(WRITE, raw=b"/old\0x") == (WRITE, OK)
    binary = script(tmp_path, FOREIGN.format(program("xenstored")))
    assert daemon.update(client, binary=binary, cmdline="--no-fork --no-domain-init --no-state") == "OK"
    assert client.ask(WRITE, raw=b"/old\0newer") == (WRITE, OK)
    daemon.process.kill()
    daemon.process.wait()
    daemon = Served(program("xenstored"), tmp_path)
    assert Client(daemon.socket).ask(READ, "/old") == (ERROR, b"ENOENT\0")
    assert "another daemon has taken over the store" in daemon.text()
    assert (tmp_path / "state/aside.1/image").exists()
    daemon.end()


def test_a_damaged_stream_is_refused(program, tmp_path):
    (tmp_path / "state_dump").write_bytes(b"xenstore\0\0\0\1\0\0\0\0\5\0\0\0\xff\xff\0\0")
    result = subprocess.run([program("xenstored"), "-N", "-D", "-U"], env=dict(os.environ, XENSTORED_RUNDIR=str(tmp_path)),
                            text=True, stderr=subprocess.PIPE, timeout=300, check=False)
    assert result.returncode != 0
    assert "a record is longer than the stream" in result.stderr
