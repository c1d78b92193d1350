# SPDX-License-Identifier: GPL-2.0-or-later
"""xenstored's commands, asked with Debian's xenstore-control, its figures for monitoring, and options that show only in them."""
import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from conftest import TOP
from test_foreign_clients import Tools
from test_xenstored_logs import OK, SECONDS, Asker, config, started, until

sys.path.append(str(TOP / "tests"))
from stores import stock  # noqa: E402

GUEST = 7
SAMPLE = re.compile(r'^(xenstored_[a-z_]+)(?:\{((?:[a-z_]+="[^"\\\n]*",?)+)\})? (\d+)$')


def metrics(path):
    """The rules of OpenMetrics that a reader relies on. Returns {(name, labels): value}."""
    text = path.read_text()
    assert text.endswith("\n# EOF\n")
    family, kind, seen, samples = None, None, set(), {}
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            family, kind = line.split()[2:]
            assert family not in seen and kind in ("counter", "gauge")
            seen.add(family)
        elif line.startswith("#"):
            assert line.split()[1:3] == ["HELP", family]
        else:
            name, labels, value = SAMPLE.match(line).groups()
            assert name == family + ("_total" if kind == "counter" else ""), line
            assert (name, labels) not in samples
            samples[name, labels] = int(value)
    return samples


@contextlib.contextmanager
def with_a_guest(build, *options):
    """(running, a program, the guest) where the guest has its home."""
    with started(build, *options, with_host=True) as running:
        frame, port = running.host.create(GUEST)
        tool = Asker(running.socket)
        assert tool.ask("MKDIR", f"/local/domain/{GUEST}\0".encode()) == OK
        assert tool.ask("SET_PERMS", f"/local/domain/{GUEST}\0n{GUEST}\0".encode()) == OK
        assert tool.ask("INTRODUCE", f"{GUEST}\0{frame}\0{port}\0".encode()) == OK
        yield running, tool, Asker(running.host.ring(GUEST))


def stat(tool, name, domid=GUEST):
    """A figure of "stats"."""
    return int(re.search(f"^{name} *: +(\\d+)", tool.control("stats", domid).decode(), re.M).group(1))


def test_figures_for_monitoring(build, tmp_path):
    with with_a_guest(build, "--entry-nb", "3") as (_, tool, guest):
        assert guest.ask("WRITE", b"a\0value") == OK
        assert guest.ask("WRITE", b"b\0value") == OK
        assert guest.ask("WRITE", b"c\0value") == "ENOSPC"
        assert guest.ask("WATCH", b"a\0tok\0") == OK
        guest.await_event(SECONDS)
        txn = int(guest.ask("TRANSACTION_START", b"\0")[:-1])
        assert guest.ask("WRITE", b"a\0other", txn) == OK
        assert guest.ask("TRANSACTION_END", b"T\0", txn) == OK
        guest.ask("TRANSACTION_START", b"\0")
        assert tool.control("stats", "openmetrics", tmp_path / "metrics") == OK
        assert not (tmp_path / "metrics.new").exists()
        seen = metrics(tmp_path / "metrics")
        mine = f'domid="{GUEST}"'
        assert seen["xenstored_requests_total", mine] == 8
        assert seen["xenstored_errors_total", mine] == 1
        assert seen["xenstored_events_total", mine] == 2
        assert seen["xenstored_commits_total", mine] == 1
        assert seen["xenstored_bytes_in_total", mine] > 8 * 16
        assert seen["xenstored_bytes_out_total", mine] > 8 * 16
        assert seen["xenstored_processing_ns_total", mine] > 0
        for quota, used, limit, refused in (("nodes", 3, 3, 1), ("watches", 1, 128, 0), ("transactions", 1, 10, 0)):
            label = f'{mine},quota="{quota}"'
            assert seen["xenstored_used", label] == used, quota
            assert seen["xenstored_limit", label] == limit, quota
            assert seen["xenstored_refused_total", label] == refused, quota
        assert seen["xenstored_used", f'{mine},quota="memory"'] > 100
        assert seen["xenstored_queue_bytes", mine] == 0
        assert seen["xenstored_requests_total", 'domid="tools"'] >= 4
        assert seen["xenstored_programs", None] == 1
        assert seen["xenstored_watches", None] == 1
        assert seen["xenstored_nodes", None] >= 8
        assert ("xenstored_heap_bytes", None) in seen and seen["xenstored_no_room", None] == 0


def test_what_a_guest_leaves_unread_is_seen_and_ends(build, tmp_path):
    """--timeout: events go, and are counted; what is queued for it is among the figures."""
    with with_a_guest(build, "--timeout", "watch-event=1") as (running, tool, guest):
        tool.ask("WRITE", b"/w\0x")
        tool.ask("SET_PERMS", b"/w\0r0\0")
        assert guest.ask("WATCH", b"/w\0tok\0") == OK
        guest.await_event(SECONDS)
        running.host.quiet(GUEST, True)
        for i in range(200):
            assert tool.ask("WRITE", f"/w/n{i}\0x".encode()) == OK
        assert tool.control("stats", "openmetrics", tmp_path / "metrics") == OK
        assert metrics(tmp_path / "metrics")["xenstored_queue_bytes", f'domid="{GUEST}"'] > 1000
        until(lambda: stat(tool, "events_lost") > 100)
        until(lambda: stat(tool, "queue bytes") < 100)
        running.host.quiet(GUEST, False)
        guest.await_event(SECONDS)


def test_a_soft_limit_warns_and_refuses_nothing(build):
    with with_a_guest(build, "--quota-soft", "memory=3000") as (running, tool, guest):
        for i in range(5):
            assert guest.ask("WRITE", f"n{i}\0".encode() + b"v" * 1000) == OK
        assert stat(tool, "soft_warnings") == 1
        assert f'domain {GUEST}: quota "memory": above the soft limit of 3000' in running.log()


def test_each_command_by_debians_xenstore_control(build, tmp_path):
    with with_a_guest(build) as (running, _, guest):
        environment = Tools(running.socket).environment

        def control(*words, good=True):
            result = subprocess.run([str(stock.program("xenstore-control")), *map(str, words)], env=environment, text=True,
                                    capture_output=True, timeout=SECONDS, check=False)
            assert (result.returncode == 0) == good, result
            return result.stdout

        guest.ask("WATCH", b"a\0tok\0")
        assert control("check") == "OK\n"
        names = {line.split()[0] for line in control("help").splitlines() if line[:1].isalpha()}
        assert names >= {"check", "help", "live-update", "log", "logfile", "memreport", "print", "quota", "quota-soft"}
        assert control("log", "on") == "OK\n" and control("log", "off") == "OK\n"
        assert "io      : on" in control("log")
        assert control("log", "+acc") == "OK\n" and "acc     : on" in control("log")
        assert control("logfile", tmp_path / "trace") == "OK\n" and (tmp_path / "trace").exists()
        assert control("memreport", tmp_path / "memory") == "OK\n" and "nodes: " in (tmp_path / "memory").read_text()
        assert control("print", "hello") == "OK\n" and "control: hello" in running.log()
        assert "nodes            :     1000" in control("quota")
        assert control("quota", "set", "nodes", 77) == "OK\n" and "nodes            :       77" in control("quota")
        assert "watches          :        1" in control("quota", GUEST)
        assert "Max. seen" in control("quota", "max") and "Max. seen" in control("quota", "max", "-r")
        assert "memory           :  2097152" in control("quota-soft")
        assert control("quota-soft", "set", "memory", 99999) == "OK\n"
        assert control("watches", GUEST).strip() == "a tok\n1 watches"
        assert control("txn", GUEST).strip() == "0 transactions"
        assert "half received: 0 bytes" in control("xenbus", GUEST)
        assert "requests" in control("stats") and "requests" in control("stats", GUEST)
        assert control("live-update", "-t", 20, build / "xenstored/xenstored") == "" and "taken over" in running.log()
        assert control("check") == "OK\n"
        for wrong in (("nothing",), ("log", "loudly"), ("quota", "set", "nodes", 0), ("watches",)):
            control(*wrong, good=False)


def test_the_process_id_is_printed(program, tmp_path):
    """As start scripts of old ask for it; the command returns when requests are served."""
    environment = {"XENSTORED_RUNDIR": str(tmp_path)}
    command = [program("xenstored"), "--no-domain-init", "--output-pid", f"--pid-file={tmp_path}/pid"]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, timeout=SECONDS, check=True)
    pid = int(result.stdout)
    try:
        assert Asker(tmp_path / "socket").ask("READ", b"/\0") == b""
        assert int((tmp_path / "pid").read_text()) == pid
    finally:
        subprocess.run(["kill", str(pid)], check=False)
    end = time.monotonic() + SECONDS
    while (tmp_path / "socket").exists():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("switch,lines", [("-io", []), ("-obj", ["io"]), ("+acc", ["io", "obj"])])
def test_a_trace_is_switched_from_the_start(build, tmp_path, switch, lines):
    with started(build, "-T", str(tmp_path / "trace"), f"--trace-control={switch}", "-V") as running:
        assert Asker(running.socket).ask("READ", b"/\0") == b""
        text = (tmp_path / "trace").read_text()
        assert sorted({line.split(":")[0] for line in text.splitlines() if ":" in line}) == (lines or ["obj"])


def test_a_configuration_is_read_before_what_follows_it(build, tmp_path):
    with started(build, config(tmp_path, "quota-maxentity = 5\nquota-maxwatch = 6\n"), "-E", "9") as running:
        answer = Asker(running.socket).control("quota").decode()
        assert re.search("nodes +: +9 ", answer) and re.search("watches +: +6 ", answer)


def test_domains_that_stop_together_are_told_of_once_and_each_by_its_number(build):
    with started(build, with_host=True) as running:
        tool = Asker(running.socket)
        for domid in (GUEST, GUEST + 1):
            frame, port = running.host.create(domid)
            assert tool.ask("INTRODUCE", f"{domid}\0{frame}\0{port}\0".encode()) == OK
        assert tool.ask("WATCH", b"@releaseDomain\0plain\0") == OK
        assert tool.ask("WATCH", b"@releaseDomain\0numbers\x001\0") == OK
        tool.ask("GET_DOMAIN_PATH", b"0\0")
        tool.events.clear()
        os.kill(running.pid, signal.SIGSTOP)
        for domid in (GUEST, GUEST + 1):
            running.host.shutdown(domid, 0)
        os.kill(running.pid, signal.SIGCONT)
        while not any(event.payload == b"@releaseDomain\0plain\0" for event in tool.events):
            tool.await_event(SECONDS)
        tool.ask("GET_DOMAIN_PATH", b"0\0")
        assert sorted(event.payload for event in tool.events) == sorted(
            [b"@releaseDomain\0plain\0", b"@releaseDomain/7\0numbers\0", b"@releaseDomain/8\0numbers\0"])
