# SPDX-License-Identifier: GPL-2.0-or-later
"""What xenstored keeps: without room, shared; limits; domains that ended while nobody served."""
import contextlib
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent), str(HERE.parent / "killer")]

from load.daemon import KeptDaemon  # noqa: E402
from storeprobe import Link, Store, dies, spoil_journal  # noqa: E402
from stores.host import SimHost  # noqa: E402

CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, RELEASE, INTRODUCE = 0, 1, 2, 3, 4, 9, 8
WRITE, MKDIR, RM, SET_PERMS, IS_INTRODUCED = 11, 12, 13, 14, 17
SET_TARGET, GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA = 19, 23, 24, 25, 26
REQ_PROD = 2052             # in the page of a ring


@pytest.fixture(name="store")
def a_store(program, tmp_path):
    store = Store(program("xenstored"), tmp_path)
    yield store
    store.end()


def test_two_daemons_do_not_share_a_state(store, program, tmp_path_factory):
    assert store.start(), store.said
    store.link().write("/mine", b"1")
    other = Store(program("xenstored"), tmp_path_factory.mktemp("other"))
    assert not other.start(f"--state-dir={store.state}")
    assert "another daemon" in other.said, other.said
    again = subprocess.run([str(store.program), "-N", "-D"], env=store.environment, text=True, stderr=subprocess.PIPE,
                           timeout=300, check=False)
    assert again.returncode > 0 and "another xenstored is running" in again.stderr, again.stderr
    assert store.link().ask(READ, "/mine") == b"1"
    store.end()
    assert other.start(f"--state-dir={store.state}"), other.said    # the lock went with its holder
    assert other.link().ask(READ, "/mine") == b"1"
    other.end()


ROOM = """
mkdir -p "$1/room" && mount -t tmpfs -o "size=$4" none "$1/room" && mkdir -p "$1/$3" || exit 77
for i in 1 2 3; do
	echo "start $i" >&2
	"$2" -N -D --state-dir="$1/$3" & echo $! >"$1/pid"; wait $!
done
"""


@contextlib.contextmanager
def in_a_room(program, folder, state, size):
    """A daemon with a tmpfs for its state, started again when it ends."""
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    store = Store(program("xenstored"), folder)
    with open(folder / "log", "wb") as log, \
         subprocess.Popen(["unshare", "-rm", "sh", "-c", ROOM, "sh", str(folder), str(store.program), state, size],
                          env=store.environment, stderr=log) as shell:
        yield store
        for _ in range(3):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
            time.sleep(0.2)
        shell.wait(10)


@pytest.fixture(name="narrow")
def store_without_room(program, tmp_path):
    with in_a_room(program, tmp_path, "room/state", "1200k") as store:
        yield store


@pytest.fixture(name="mounted")
def store_on_a_mount_point(program, tmp_path):
    with in_a_room(program, tmp_path, "room", "32m") as store:
        yield store


def served(store):
    """A connection, as soon as there is one."""
    deadline = time.monotonic() + 120
    while True:
        with contextlib.suppress(OSError):
            link = store.link()
            link.ask(DIRECTORY, "/")
            return link
        assert time.monotonic() < deadline, (store.folder / "log").read_text()
        time.sleep(0.01)


def test_without_room_changes_are_refused_and_nothing_acknowledged_is_lost(narrow):
    link = served(narrow)
    n, answer = 0, b"OK"
    while answer == b"OK":
        answer = link.write(f"/full/{n}", b"x" * 1500)
        n += 1
        assert n < 2000, "1.2 MB hold more than that?"
    assert answer == b"ENOSPC"
    n -= 1
    assert n > 20
    assert link.ask(READ, "/full/0") == b"x" * 1500         # reading goes on
    log = (narrow.folder / "log").read_text()
    assert "no room to save the state" in log, log
    os.kill(int((narrow.folder / "pid").read_text()), signal.SIGKILL)
    link = served(narrow)
    assert len(link.ask(DIRECTORY, "/full").split(b"\0")) == n
    # What goes makes room, without a restart.
    for i in range(n):
        deadline = time.monotonic() + 120
        while link.ask(RM, f"/full/{i}") != b"OK":
            assert time.monotonic() < deadline, (narrow.folder / "log").read_text()
            time.sleep(0.05)
    deadline = time.monotonic() + 120
    while link.write("/again", b"y") != b"OK":
        assert time.monotonic() < deadline, (narrow.folder / "log").read_text()
        time.sleep(0.05)


def test_no_live_update_to_a_daemon_that_could_not_keep_its_state(narrow):
    """It would have gone on without a state, and its end would have been that of the store."""
    link = served(narrow)
    for i in range(20):
        assert link.write(f"/kept/{i}", b"x") == b"OK"
    assert link.ask(CONTROL, "live-update", "-f", narrow.program) == b"OK"
    assert link.ask(CONTROL, "live-update", "-s") == b"The next daemon could not keep its state (No space left on device)"
    assert link.ask(READ, "/kept/0") == b"x"
    os.kill(int((narrow.folder / "pid").read_text()), signal.SIGKILL)
    assert len(served(narrow).ask(DIRECTORY, "/kept").split(b"\0")) == 20


@pytest.mark.parametrize("name", ["state/", "state//", "state/.", "state/./"])
def test_a_live_update_keeps_a_state_whatever_its_folder_is_called(store, name):
    assert store.start(f"--state-dir={store.folder}/{name}"), store.said
    link = store.link()
    assert link.write("/kept", b"1") == b"OK" and link.ask(CONTROL, "live-update", "-f", store.program) == b"OK"
    assert link.ask(CONTROL, "live-update", "-s") == b"OK"
    store.end()
    assert store.start(f"--state-dir={store.folder}/{name}"), store.said
    assert store.link().ask(READ, "/kept") == b"1"


def test_no_live_update_where_the_state_cannot_be_replaced(mounted):
    link = served(mounted)
    assert link.write("/kept", b"1") == b"OK"
    assert link.ask(CONTROL, "live-update", "-f", mounted.program) == b"OK"
    assert link.ask(CONTROL, "live-update", "-s") == b"The next daemon could not keep its state (Device or resource busy)"
    os.kill(int((mounted.folder / "pid").read_text()), signal.SIGKILL)
    assert served(mounted).ask(READ, "/kept") == b"1"


def test_who_is_told_to_stop_during_a_live_update_stops(store, tmp_path):
    """The word and the end of the last trial are there at the same time."""
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\ncase "$*" in *config-test*) touch {tmp_path}/tried; sleep 0.5;; esac\nexec {store.program} "$@"\n')
    slow.chmod(0o755)
    assert store.start(), store.said
    link = store.link()
    assert link.write("/kept", b"1") == b"OK" and link.ask(CONTROL, "live-update", "-f", slow) == b"OK"
    payload = b"live-update\0-s\0"
    link.socket.sendall(struct.pack("=4I", CONTROL, 1, 0, len(payload)) + payload)
    pid = store.process.pid
    eventually((tmp_path / "tried").exists)
    store.process.send_signal(signal.SIGSTOP)
    child = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
    eventually(lambda: Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z")
    store.process.send_signal(signal.SIGTERM)
    store.process.send_signal(signal.SIGCONT)
    store.process.wait(60)
    assert store.start(), store.said
    assert store.link().ask(READ, "/kept") == b"1"


def test_an_end_with_much_in_the_journal_is_no_end_that_is_too_early(store):
    assert store.start("--fresh"), store.said
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        link = store.link()
        for i in range(700):
            assert link.write(f"/much/{i}", b"x" * 1500) == b"OK"
        tree = store.tree()
        store.end(number)
        assert store.start(), store.said
        assert store.tree() == tree


def test_what_was_kept_is_out_of_date_after_a_daemon_that_keeps_nothing(store):
    assert store.start(), store.said
    assert store.link().write("/before", b"1") == b"OK"
    store.end()
    assert store.start("--no-state"), store.said
    assert store.link().write("/between", b"1") == b"OK"
    store.end()
    assert store.start(), store.said
    assert store.link().ask(READ, "/before") == b"ENOENT", "of two states, an old one"
    assert "out of date" in store.said and (store.state / "aside.1/turn").exists()


def test_the_command_line_wins_over_limits_that_were_saved(store):
    assert store.start("--entry-nb", "50", "--watch-nb", "60"), store.said
    assert store.link().ask(SET_QUOTA, "nodes", "70") == b"OK"
    assert store.link().ask(SET_QUOTA, "path-max", "1000") == b"OK"
    store.end()
    assert store.start("--watch-nb", "61"), store.said
    assert [store.link().ask(GET_QUOTA, item) for item in ("nodes", "watches", "path-max")] == [b"70", b"61", b"1000"]
    store.end()
    assert store.start("--entry-nb", "80"), store.said
    assert [store.link().ask(GET_QUOTA, item) for item in ("nodes", "watches", "path-max")] == [b"80", b"61", b"1000"]


def test_a_thousand_connections_outlive_a_daemon_without_privileges(program, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("too few files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    daemon = KeptDaemon("/usr/bin/setpriv", str(tmp_path), [], {})
    daemon.command = ["/usr/bin/setpriv", "--bounding-set=-all", str(program("xenstored")), "-N", "-D"]
    try:
        daemon.start()
        links = []
        for n in range(3):          # those that were there before move together
            links += [Link(tmp_path / "socket") for _ in range(400)]
            for i in range(50):
                links[n * 390 + i].socket.close()
            for link in links:
                if link.socket.fileno() >= 0:
                    assert link.write(f"/{n}", b"1") == b"OK"
            daemon.kill()
            daemon.reap()
            daemon.start()
        alive = [link for link in links if link.socket.fileno() >= 0]
        assert len(alive) == 1050
        assert all(link.ask(READ, "/2") == b"1" for link in alive)
        assert "tidied" not in (tmp_path / "log").read_text()
    finally:
        daemon.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def limited(program, folder, n_files):
    """xenstored with so many open files at most."""
    script = folder / "limited"
    script.write_text(f'#!/bin/sh\nulimit -n {n_files} && exec "{program("xenstored")}" "$@"\n')
    script.chmod(0o755)
    return script


def test_connections_beyond_a_new_limit_of_files_end_and_the_others_go_on(program, tmp_path):
    daemon = KeptDaemon(limited(program, tmp_path, 256), str(tmp_path), ["-D"], {})
    try:
        daemon.start()
        links = [Link(tmp_path / "socket") for _ in range(120)]
        assert all(link.write("/a", b"1") == b"OK" for link in links)
        daemon.kill()
        daemon.reap()
        limited(program, tmp_path, 64)
        daemon.start()
        n_served = 0
        for link in links:
            with contextlib.suppress(OSError):
                n_served += link.ask(READ, "/a") == b"1"
        assert 20 < n_served < 64, n_served
        log = (tmp_path / "log").read_text()
        assert "not all clients that were kept are served: only 64 files" in log, log
    finally:
        daemon.stop()


def test_clients_leave_descriptors_for_an_image(program, tmp_path):
    store = Store(limited(program, tmp_path, 32), tmp_path, ("-D", "--journal-size=20000"))
    try:
        assert store.start(), store.said
        links = [store.link() for _ in range(40)]       # some of them wait
        image = (store.state / "image").stat().st_mtime_ns
        eventually(lambda: links[0].write("/much", b"x" * 1000) == b"OK" and (store.state / "image").stat().st_mtime_ns != image)
        log = (tmp_path / "log").read_text()
        assert "no image can be written" not in log and "clients are kept waiting" in log, log
    finally:
        store.end()


def test_half_a_place_to_park_is_let_go(program, tmp_path):
    """The daemon was killed between the two calls that have the ends of the place kept."""
    daemon = KeptDaemon(program("xenstored"), str(tmp_path), ["-D"], {})
    try:
        daemon.start()
        daemon.keeper.read()
        daemon.keeper.lose(lambda name: name == "park-out")
        daemon.kill()
        daemon.reap()
        daemon.start()
        link = Link(tmp_path / "socket")
        assert link.write("/a", b"1") == b"OK"
        daemon.kill()
        daemon.reap()
        daemon.start()
        assert link.ask(READ, "/a") == b"1"
        daemon.keeper.read()
        assert sorted(name for name, _ in daemon.keeper.kept) == ["listener", "park-in", "park-out"]
    finally:
        daemon.stop()


# -- on a simulated host

@pytest.fixture(name="hosted")
def store_on_a_host(program, build, tmp_path):
    """A store on a host that outlives it; store.host."""
    if not SimHost.present(build):
        pytest.skip("simxen is not built")
    host = SimHost(build.absolute(), tmp_path)
    host.stand()
    store = Store(program("xenstored"), tmp_path, host.store_options(), host.environment())
    store.host = host
    try:
        assert store.start(), store.said
        yield store
    finally:
        store.end()
        host.end()


def introduce(store, domid):
    """A domain with a home; returns a connection through its ring."""
    frame, port = store.host.create(domid)
    link = store.link()
    for words in ((MKDIR, f"/local/domain/{domid}"), (SET_PERMS, f"/local/domain/{domid}", f"n{domid}"),
                  (INTRODUCE, domid, frame, port)):
        assert link.ask(*words) == b"OK"
    return Link(store.host.ring(domid))


def eventually(what, seconds=300):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("step", ["1:all_restored", "1:restart_committed", "1:recovered"])
def test_a_recovery_that_is_killed_keeps_its_guests(hosted, stepping, step):
    guest = introduce(hosted, 5)
    assert guest.ask(WATCH, "watched", "token") == b"OK"
    hosted.end(signal.SIGTERM)
    assert hosted.start(), hosted.said
    link = hosted.link()
    for i in range(40):
        link.write(f"/much/{i}", b"x" * 100)
    hosted.end()
    spoil_journal(hosted)
    assert dies(hosted, stepping, step, "--recover")
    assert hosted.start("--recover"), hosted.said
    assert hosted.link().ask(IS_INTRODUCED, 5) == b"T"
    assert hosted.link().write("/local/domain/5/watched", b"1") == b"OK"
    eventually(lambda: guest.ask(DIRECTORY, "/") and len(guest.events) == 2)


def test_a_domain_that_died_meanwhile_is_released(hosted):
    alive, dead = introduce(hosted, 5), introduce(hosted, 6)
    hearer = introduce(hosted, 7)
    link = hosted.link()
    assert link.ask(SET_PERMS, "@releaseDomain", "n0", "r7") == b"OK"
    assert hearer.ask(WATCH, "@releaseDomain", "gone") == b"OK"
    assert alive.write("data", b"a") == b"OK" and dead.write("data", b"d") == b"OK"
    link.write("/other", b"x")
    link.ask(SET_PERMS, "/other", "n0", "r6")
    hosted.end()
    hosted.host.destroy(6)
    assert hosted.start(), hosted.said
    link = hosted.link()
    eventually(lambda: link.ask(IS_INTRODUCED, 6) == b"F")
    assert link.ask(READ, "/local/domain/6/data") == b"ENOENT"
    assert link.ask(GET_PERMS, "/other") == b"n0", "a later domain of this number must not inherit its rights"
    assert alive.ask(READ, "data") == b"a"                  # it has not noticed anything
    hearer.ask(READ, "/")
    assert hearer.events == [b"@releaseDomain"] * 2         # that the watch stands, and the end of one domain
    assert link.ask(IS_INTRODUCED, 5) == b"T"


def test_a_number_that_was_given_again_meanwhile_is_recognised(hosted):
    old = introduce(hosted, 5)
    assert old.write("secret", b"s") == b"OK"
    assert hosted.link().ask(SET_QUOTA, 5, "nodes", 17) == b"OK"
    hosted.end()
    hosted.host.destroy(5)
    frame, port = hosted.host.create(5)
    assert hosted.start(), hosted.said
    link = hosted.link()
    eventually(lambda: link.ask(IS_INTRODUCED, 5) == b"F")
    assert link.ask(READ, "/local/domain/5/secret") == b"ENOENT"
    assert link.ask(GET_QUOTA, 5, "nodes") == b"1000"
    assert link.ask(MKDIR, "/local/domain/5") == link.ask(SET_PERMS, "/local/domain/5", "n5") == b"OK"
    assert link.ask(INTRODUCE, 5, frame, port) == b"OK"
    new = Link(hosted.host.ring(5))
    assert new.write("mine", b"m") == b"OK" and new.ask(READ, "mine") == b"m"


def test_targets_features_and_limits_of_domains_are_kept(hosted):
    frame, port = hosted.host.create(5)
    link = hosted.link()
    assert link.ask(SET_FEATURE, 5, 2) == b"OK"
    assert link.ask(INTRODUCE, 5, frame, port) == b"OK"
    introduce(hosted, 6)
    assert link.ask(SET_TARGET, 5, 6) == link.ask(SET_QUOTA, 6, "watches", 33) == b"OK"
    helper = Link(hosted.host.ring(5))
    assert helper.write("/local/domain/6/for-it", b"1") == b"OK"
    hosted.end()
    assert hosted.start(), hosted.said
    link = hosted.link()
    assert helper.write("/local/domain/6/for-it", b"2") == b"OK"
    assert helper.ask(GET_FEATURE) == link.ask(GET_FEATURE, 5) == b"2"
    assert link.ask(GET_QUOTA, 6, "watches") == b"33"
    hosted.end()
    hosted.host.destroy(6)
    assert hosted.start(), hosted.said
    eventually(lambda: hosted.link().ask(IS_INTRODUCED, 6) == b"F")
    assert helper.write("/tool/x", b"3") == b"EACCES"       # and it goes on without its target


def test_a_ring_that_was_broken_stays_ignored_until_it_is_introduced_anew(hosted):
    broken, other = introduce(hosted, 5), introduce(hosted, 6)
    assert broken.write("data", b"1") == b"OK"
    hosted.host.poke(5, REQ_PROD, hosted.host.peek(5, REQ_PROD) + 5000)
    hosted.host.kick(5)
    eventually(lambda: "ignored" in (hosted.folder / "log").read_text())
    for _ in range(2):
        hosted.end()
        assert hosted.start(), hosted.said
        assert hosted.link().ask(IS_INTRODUCED, 5) == b"T"
        assert other.write("data", b"o") == b"OK"
    hosted.host.ring(5)     # whoever speaks there begins anew
    link = hosted.link()
    assert link.ask(RELEASE, 5) == b"OK"
    hosted.host.destroy(5)
    again = introduce(hosted, 5)
    assert again.write("data", b"2") == b"OK"


def test_a_birth_asks_for_nobody_else(hosted):
    # A list is a walk through all domains: thousands of births would each pay for all the others.
    hosted.host.control("fail", "sysctl.getdomaininfolist", "nth=1", "times=1000000", "errno=EAGAIN")
    guest = introduce(hosted, 5)
    assert guest.write("data", b"1") == b"OK"


def test_a_host_that_does_not_list_its_domains_for_a_while_is_asked_again(hosted):
    guest = introduce(hosted, 5)
    assert guest.write("data", b"1") == b"OK"
    hosted.end()
    hosted.host.control("fail", "sysctl.getdomaininfolist", "nth=1", "times=3", "errno=EAGAIN")
    assert hosted.start(), hosted.said
    assert "tried again" in hosted.said, hosted.said
    assert guest.ask(READ, "data") == b"1"
    # The same while it serves: it learns of the end later, and does not spin.
    hosted.host.control("fail", "sysctl.getdomaininfolist", "nth=1", "times=3", "errno=EAGAIN")
    hosted.host.destroy(5)
    eventually(lambda: hosted.link().ask(IS_INTRODUCED, 5) == b"F")
    assert (hosted.folder / "log").read_text().count("cannot be listed") == 2
