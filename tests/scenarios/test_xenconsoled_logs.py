# SPDX-License-Identifier: GPL-2.0-or-later
"""The logs of xenconsoled on a simulated host: moved by others, stamped, the hypervisor's; and who may write them."""
import re

from console_host import run_on_host  # noqa: F401, a fixture

# usage: press.py N: N debug keys, which the hypervisor notes with their number.
PRESS = """
import ctypes, sys
xc = ctypes.CDLL("libxenctrl.so.4.17", use_errno=True)
xc.xc_interface_open.restype = ctypes.c_void_p
keys = b"h" * int(sys.argv[1])
assert xc.xc_send_debug_keys(ctypes.c_void_p(xc.xc_interface_open(None, None, 0)), keys) == 0
"""


def test_logs_that_others_move_lose_no_line(sim):
    lines = sim("""
        serve --log-size=none
        guests 5 g "chatter=200"
        for i in 1 2 3 4 5; do wait_for more_lines g$i 5; done
        has_begun() { for i in 1 2 3 4 5; do [ -s $LOGS/guest-g$i.log ] || return; done; }
        for round in $(seq 10 29); do
            for i in 1 2 3 4 5; do mv $LOGS/guest-g$i.log $LOGS/guest-g$i.log.$round; done
            kill -HUP $console
            wait_for has_begun
        done
        for i in 1 2 3 4 5; do
            cat $LOGS/guest-g$i.log.?? $LOGS/guest-g$i.log |
                awk '/^chatter/ { if ($2 != n) print "gap at", n; n = $2 + 1 } END { print (n > 40) }'
        done
    """)
    assert lines == ["1"] * 5


def test_lines_are_stamped_and_escapes_replaced_in_logs_alone(sim):
    lines = sim(r"""
        serve --timestamp=guest --replace-escape
        guests 2 g "chatter=70 echo"
        wait_for served 2
        tty=$(column 4 g1)
        exec 9<>$tty
        printf '\033[31mred\r' >&9
        timeout $PATIENCE grep -a -m 1 -c "$(printf '\033')\[31mred" <&9
        red() { grep -q '\.\[31mred' $LOGS/guest-g1.log; }
        wait_for red && echo without its escape
        for i in 1 2; do wait_for more_lines g$i 50; done
        for i in 1 2; do head -n 50 $LOGS/guest-g$i.log | tr -d "\r"; done
    """)
    assert lines[:2] == ["1", "without its escape"]
    assert lines[2].endswith("Logfile Opened")
    assert len(lines) == 102
    assert [line for line in lines[2:] if not re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] [^\x1b]*", line)] == []


def test_the_hypervisors_words_are_logged_once_whoever_is_killed(sim, tmp_path):
    (tmp_path / "press.py").write_text(PRESS)
    lines = sim("""
        press() { python3 $OUT/press.py $1; }
        press 1
        serve --log=hv
        said() { grep -q "$1 debug keys" $LOGS/hypervisor.log; }
        wait_for said 1
        press 2
        wait_for said 2
        kill -9 $console
        wait $console 2>/dev/null
        press 3
        serve --log=hv
        wait_for said 3
        kill $console
        wait $console
        press 4
        serve --log=hv
        press 5
        wait_for said 5
        sed -n 's/.* \\([0-9]*\\) debug keys.*/\\1/p' $LOGS/hypervisor.log
    """)
    assert lines == ["1", "2", "3", "4", "5"]


def test_a_second_daemon_is_refused_and_changes_nothing(sim):
    lines = sim("""
        serve
        guests 2 g "chatter=50"
        wait_for served 2
        tty=$(column 4 g1)
        xenconsoled -i --log=guest --log-dir=$LOGS 2>/run/second.err
        echo $?
        grep -c "process $console serves the consoles already" /run/second.err
        answers
        [ "$(column 4 g1)" = "$tty" ] && echo the same terminal
        wait_for more_lines g1 $(lines g1) && echo goes on
    """)
    assert lines == ["1", "1", "the same terminal", "goes on"]
