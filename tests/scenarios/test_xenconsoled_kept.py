# SPDX-License-Identifier: GPL-2.0-or-later
"""Terminals that survive xenconsoled under a service manager (tests/manager plays it).

What is guaranteed to a client that is there and reads: it stays connected through a kill, and gets each byte that the guest
prints, in order. A kill between the write to the terminal and the ring makes it see the same bytes twice: at most what one
ring holds, of at most one guest per kill. An orderly restart doubles nothing. Of what is typed, bytes that the daemon had
read from the terminal and not yet given to the guest are lost with it: at most 1 KiB of one guest per kill."""
import re
from pathlib import Path

import pytest
from console_host import run_on_host  # noqa: F401, a fixture
from test_xenconsoled_kill import RING, repeats
from test_xenconsoled_world import TAKE_NUMBER

GUESTS, LINES, LINE_BYTES, KILLS = 60, 1200, 60, 40
HERE = Path(__file__).resolve().parent

MANAGED = f"""
    mkdir -p /run/manager /run/clients
    managed() {{
        {HERE.parent}/manager /run/manager "$(command -v xenconsoled)" -i --log=guest --log-dir=$LOGS "$@" 2>>/run/console.err &
        manager=$!
        trap 'kill -CONT $(jobs -p) 2>/dev/null; kill $manager; wait $manager; end_all' EXIT
        wait_for answers
    }}
    ttys() {{ answers; awk '$3 ~ /^[0-9]+$/ && $4 ~ "^/dev/pts/" {{ print $4 }}' /run/stats; }}
    ready() {{ [ $(wc -l </run/manager/ready) -ge $1 ]; }}
    clients() {{
        python3 -B {HERE}/consoleclient.py /run/clients "$@" &
        clients=$!
        wait_for test -e /run/clients/ready
    }}
    node() {{ "$WIRE" "2=/local/domain/$1/console/tty\\0" | sed 's/^2 *//'; }}
    ports() {{ $(dirname $(command -v xenconsoled))/../lsevtchn/lsevtchn 0 | grep -c "Remote Domain $1, " || true; }}
    kill_it() {{ kill -9 $(cat /run/manager/pid); }}
    dead() {{ grep -q '^State:.Z' /proc/$1/status; }}
    kill_dead() {{ pid=$(cat /run/manager/pid); kill -9 $pid; wait_for dead $pid; }} # with a manager that does not look
"""


def printed():
    """What each guest prints: as tests/guest/words.c, chatter."""
    text = b""
    for number in range(LINES):
        line = b"chatter %d " % number
        line += bytes(ord("a") + at % 26 for at in range(len(line), LINE_BYTES - 1))
        text += line + b"\n"
    return text


@pytest.mark.parametrize("how", ["kill_it", "kill -HUP $manager"])
def test_clients_get_every_byte_through_kills_and_upgrades(sim, tmp_path, how):
    lines = sim(MANAGED + f"""
        RANDOM=3
        managed
        guests {GUESTS} g "chatter=150,{LINES},{LINE_BYTES}"
        wait_for served {GUESTS}
        clients $(ttys)
        ttys >/run/before
        for round in $(seq {KILLS}); do
            sleep 0.$(printf %03d $((RANDOM % 200)))
            {how}
            wait_for ready $((round + 1))
        done
        finished() {{ [ "$(cat /run/clients/[0-9]* | grep -c 'chatter {LINES - 1} ')" -ge {GUESTS} ]; }}
        PATIENCE=200
        wait_for finished
        ttys | cmp - /run/before && echo the same terminals
        for domid in $(domids); do node $domid; done | cmp - /run/before && echo in the store
        test -e /run/clients/hung-up || echo nobody was hung up
        kill $clients
        cp /run/clients/[0-9]* $OUT
    """, seconds=500)
    assert lines == ["the same terminals", "in the store", "nobody was hung up"]
    text, found = printed(), []
    for number in range(1, GUESTS + 1):
        found += repeats((tmp_path / str(number)).read_bytes(), text)
    print(f"{GUESTS} guests, {KILLS} times {how}: nothing lost, repeated: {found or 'nothing'}")
    assert len(found) <= (KILLS if how == "kill_it" else 0)
    assert all(n <= RING for n in found)


def test_what_is_typed_arrives_before_while_and_after(sim, tmp_path):
    kills = 8
    sim(MANAGED + f"""
        managed
        guests 3 g "echo"
        wait_for served 3
        clients --type $(ttys)
        for round in $(seq {kills}); do
            sleep 0.2
            kill_it
            wait_for ready $((round + 1))
        done
        echoed() {{ grep -c '^typed' /run/clients/$1; }}
        before="$(echoed 1) $(echoed 2) $(echoed 3)"
        more() {{ [ $(echoed $1) -gt $(($2 + 20)) ]; }}
        n=0
        for count in $before; do n=$((n + 1)); wait_for more $n $count; done
        kill $clients
        cp /run/clients/[0-9]* $OUT
    """)
    lost = []
    for number in range(1, 4):
        typed = [int(word) for word in re.findall(rb"typed (\d+)\r?\n", (tmp_path / str(number)).read_bytes())]
        assert len(typed) > 20
        # One after the other: a kill loses what one read has taken from one terminal.
        gaps = [range(a + 1, b) for a, b in zip([0, *typed], typed) if b > a + 1]
        lost += gaps
        print(f"guest {number}: {typed[-1]} lines typed, lost {gaps or 'none'}")
    assert len(lost) <= kills
    assert all(sum(len(f"typed {n}\n") for n in gap) <= 1024 for gap in lost)


def test_what_a_client_did_to_a_terminal_before_it_left_meanwhile_is_undone_before_a_byte_passes(sim):
    """Else the guest would get what it prints as if it had been typed."""
    lines = sim(MANAGED + r"""
        managed
        guests 30 g "echo chatter=100"
        wait_for served 30
        rude=
        for tty in $(ttys); do (exec 9<$tty; stty echo icanon opost <&9; touch /run/set-$$-${tty##*/}; exec sleep 600 <&9) & rude="$rude $!"; done
        set_all() { [ "$(ls /run/set-* | wc -l)" = 30 ]; }
        wait_for set_all
        kill -STOP $manager
        kill_dead
        kill $rude
        wait $rude 2>/dev/null
        # What was in the ring already may be an echo of before.
        for n in $(seq 30); do stat -c %s $LOGS/guest-g$n.log >/run/size-$n; done
        kill -CONT $manager
        wait_for ready 2
        wait_for grep -q "serving all consoles$" /run/manager/said
        # Time enough for what was printed to come back as if typed.
        since() { tail -c +$(($(cat /run/size-$1) + 2049)) $LOGS/guest-g$1.log | grep -o 'chatter [0-9]* '; }
        all_since() { for n in $(seq 30); do [ $(since $n | wc -l) -gt 50 ] || return; done; }
        wait_for all_since
        for tty in $(ttys); do stty -F $tty -a | tr ' ' '
' | grep -x -e echo -e icanon -e opost || true; done
        for n in $(seq 30); do since $n | sort | uniq -d; done | wc -l
    """)
    assert lines == ["0"]


def test_who_died_meanwhile_is_hung_up_and_others_are_not(sim):
    lines = sim(MANAGED + """
        managed
        guests 8 g "chatter=50"
        wait_for served 8
        clients $(ttys)
        kill -STOP $manager
        kill_dead
        all_destroyed 2 5
        kill -CONT $manager
        wait_for ready 2
        hung_up() { [ "$(cut -d' ' -f1 /run/clients/hung-up 2>/dev/null | sort | xargs)" = "$*" ]; }
        wait_for hung_up 2 5 && echo two are hung up
        wait_for served 6
        echo "$(ports 1) $(ports 2) $(ports 5)"
        all_destroyed 3
        wait_for hung_up 2 3 5 && echo and one that dies now
        size=$(stat -c %s /run/clients/1)
        on() { [ $(stat -c %s /run/clients/1) -gt $size ]; }
        wait_for on && echo others go on
        kill $clients
    """)
    assert lines == ["two are hung up", "2 0 0", "and one that dies now", "others go on"]


def test_a_terminal_that_the_store_does_not_name_any_more_is_replaced(sim):
    lines = sim(MANAGED + r"""
        managed
        guests 3 g "chatter=50"
        wait_for served 3
        clients $(ttys)
        kill -STOP $manager
        kill_dead
        "$WIRE" "11=/local/domain/1/console/tty\0" >/dev/null
        "$WIRE" "11=/local/domain/2/console/tty\0$(node 3)" >/dev/null
        kill -CONT $manager
        wait_for ready 2
        hung_up() { [ "$(cut -d' ' -f1 /run/clients/hung-up 2>/dev/null | sort | xargs)" = "$*" ]; }
        wait_for hung_up 1 2 && echo hung up
        wait_for served 3
        for domid in 1 2 3; do node $domid; done | cmp - <(ttys) && echo the store names the new ones
        ttys | sort -u | wc -l
        kill $clients
    """)
    assert lines == ["hung up", "the store names the new ones", "3"]


def test_a_thousand_come_and_go_and_leave_no_terminal_behind(sim):
    lines = sim(MANAGED + """
        managed
        guests 1000 g "hello"
        wait_for served 1000
        kill_it
        wait_for ready 2
        served 1000 && echo all are back
        ttys | sort -u | wc -l
        clients $(ttys)
        all_destroyed $(domids)
        gone() { answers && grep -q '^domains  *0,' /run/stats; }
        wait_for gone
        hung_up() { [ "$(wc -l </run/clients/hung-up)" = 1000 ]; }
        wait_for hung_up && echo all are hung up
        grep warning /run/console.err | grep -v "only .* open files" || true
    """, "--memory", 8000)
    assert lines == ["all are back", "1000", "all are hung up"]


def test_stopped_it_leaves_nothing(sim):
    lines = sim(MANAGED + """
        managed
        guests 3 g "hello"
        wait_for served 3
        clients $(ttys)
        kill $manager
        wait $manager
        hung_up() { [ "$(wc -l </run/clients/hung-up)" = 3 ]; }
        wait_for hung_up && echo hung up
        for domid in 1 2 3; do echo "<$(node $domid)>"; done
        trap 'kill $store; wait' EXIT
    """)
    assert lines == ["hung up", "<>", "<>", "<>"]


def test_ports_that_nobody_has_noted_are_found_again(sim):
    """As after a kill between binding a port and noting it."""
    lines = sim(MANAGED + """
        managed -v
        guests 5 g "chatter=50"
        wait_for served 5
        ours() { sed -n 's/.*domain \\([0-9]*: port .*\\)/\\1/p' /run/console.err | tail -n 5 | sort; }
        ours >/run/before
        echo ttys >/run/manager/lose
        kill -USR2 $manager
        kill_it
        wait_for ready 2
        wait_for served 5
        ours | cmp - /run/before && echo the same ports
        lines=$(grep -c chatter $LOGS/guest-g4.log)
        on() { [ $(grep -c chatter $LOGS/guest-g4.log) -gt $((lines + 20)) ]; }
        wait_for on && echo they are heard
        ports 4
    """)
    assert lines == ["the same ports", "they are heard", "2"]


# usage: offer.py DOMID: the guest offers dom0 another port.
OFFER = """
import ctypes, sys
lib = ctypes.CDLL("libxenctrl.so.4.17")
lib.xc_interface_open.restype = ctypes.c_void_p
print(lib.xc_evtchn_alloc_unbound(ctypes.c_void_p(lib.xc_interface_open(None, None, 0)), int(sys.argv[1]), 0))
"""


def test_a_port_that_was_replaced_meanwhile_is_let_go(sim, tmp_path):
    (tmp_path / "offer.py").write_text(OFFER)
    lines = sim(MANAGED + """
        managed -v
        guests 2 g "hello"
        wait_for served 2
        clients $(ttys)
        kill -STOP $manager
        kill_dead
        port=$(python3 $OUT/offer.py 1)
        "$WIRE" "11=/local/domain/1/console/port\\0$port" >/dev/null
        kill -CONT $manager
        wait_for ready 2
        wait_for served 2
        grep -c "domain 1: port $port is our" /run/console.err
        ports 1
        test -e /run/clients/hung-up || echo at the same terminal
        kill $clients
    """)
    assert lines == ["1", "2", "at the same terminal"]


def test_without_the_event_channels_terminals_are_taken_up_all_the_same(sim):
    """As after the handle broke."""
    lines = sim(MANAGED + """
        managed -v
        guests 40 g "chatter=20 echo"
        wait_for served 40
        clients --type $(ttys)
        ttys >/run/before
        all_destroyed 3 7
        echo evtchn >/run/manager/lose
        kill -USR2 $manager
        kill_it
        wait_for ready 2
        wait_for served 38
        size=$(stat -c %s /run/clients/40)
        on() { [ $(stat -c %s /run/clients/40) -gt $((size + 500)) ]; }
        wait_for on && echo they are heard
        kill_it
        wait_for ready 3
        comm -13 <(sort /run/before) <(ttys | sort) | wc -l
        [ "$(wc -l </run/clients/hung-up)" = 2 ] && echo at the same terminals
        size=$(stat -c %s /run/clients/1)
        on() { [ $(stat -c %s /run/clients/1) -gt $((size + 500)) ]; }
        wait_for on && echo and again
        grep -c "typed" /run/clients/1 >/dev/null && echo what is typed arrives
        kill $clients
    """)
    assert lines == ["they are heard", "0", "at the same terminals", "and again", "what is typed arrives"]


def test_pages_taken_up_together_are_let_go_one_by_one(sim, tmp_path):
    """A number is free only when nobody has a page of its domain."""
    (tmp_path / "take.py").write_text(TAKE_NUMBER)
    lines = sim(MANAGED + """
        free() { [ "$(python3 $OUT/take.py $1)" = taken ]; }
        managed -v
        guests 40 g "chatter=20 echo"
        wait_for served 40
        kill -STOP $manager
        kill_dead
        # One is somebody else's by now.
        "$WIRE" "11=/local/domain/7/console/type\\0ioemu" >/dev/null
        kill -CONT $manager
        wait_for ready 2
        wait_for served 39
        grep -o "[0-9]* pages mapped together" /run/console.err
        mapped() { [ "$(grep -c simxen-frames /proc/$(cat /run/manager/pid)/maps)" = $1 ]; }
        wait_for mapped 39
        all_destroyed 5 7 20
        for domid in 5 7 20; do wait_for free $domid; done
        for n in 4 6 19 21 40; do wait_for more_lines g$n $(lines g$n); done && echo others go on
        simxen ctl fail gntdev.map errno=EINVAL times=1
        kill_it
        wait_for ready 3
        wait_for served 37
        all_destroyed 1 6 40
        for domid in 1 6 40; do wait_for free $domid; done
        for n in 2 8 39; do wait_for more_lines g$n $(lines g$n); done && echo and again
        # All that are left die in one turn.
        kill_it
        wait_for ready 4
        all_destroyed $(domids)
        wait_for served 0
        for domid in 2 8 39; do wait_for free $domid; done
    """)
    assert lines == [f"{n} pages mapped together" for n in (16, 16, 8)] + ["others go on", "and again"]
