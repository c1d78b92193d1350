# SPDX-License-Identifier: GPL-2.0-or-later
"""xenconsoled on a simulated Xen host: bursts, kills, floods, hypercalls that fail, descriptors that run out."""
from console_host import run_on_host  # noqa: F401, a fixture


def test_a_thousand_come_and_go_at_once_and_leave_nothing(sim):
    lines = sim("""
        serve
        before=$(ls /proc/$console/fd | wc -l)
        guests 1000 g "hello"
        wait_for served 1000
        echo attached $(grep -c /dev/pts /run/stats) $(mappings)
        all_destroyed $(domids)
        wait_for served 0
        closed() { [ $(ls /proc/$console/fd | wc -l) -le $before ] && [ $(mappings) = 0 ]; }
        wait_for closed
        guests 3 again "hello"
        wait_for served 3
        greets() { [ "$(grep -c hello $LOGS/guest-again3.log)" = 1 ]; }
        wait_for greets
    """, "--memory=8192")
    assert lines == ["attached 1000 1000"]


def test_unread_output_of_all_guests_stays_under_the_cap(sim):
    lines = sim("""
        serve --memory-cap=4M --rate-limit=none --log-size=64K --log-count=1
        sleep 0.2
        before=$(awk '/^VmRSS/ { print $2 }' /proc/$console/status)
        guests 100 g "flood-console"
        guests 1 quiet "hello"
        dropped() { answers && [ $(total 8) -gt 2000000 ]; }
        wait_for dropped
        awk '/^unread output/ { print "used", $3, $6 }' /run/stats
        echo dropped $(total 8)
        echo quiet $(column 8 quiet1)
        echo grown $(($(awk '/^VmRSS/ { print $2 }' /proc/$console/status) - before))
        ls $LOGS | grep -c 'guest-g1.log.2' || true
    """)
    figures = {line.split()[0]: line.split()[1:] for line in lines}
    assert int(figures["used"][0]) <= int(figures["used"][1]) == 4 << 20
    assert int(figures["dropped"][0]) > 1 << 20
    assert figures["quiet"] == ["0"]
    # 4 MiB, and what 101 consoles take in any case.
    assert int(figures["grown"][0]) < 8192
    assert lines[-1] == "0"


def test_keep_makes_the_guest_wait_and_loses_nothing(sim):
    lines = sim("""
        serve --overflow-data=keep --rate-limit=none --memory-cap=1M
        guests 1 g "chatter=100000,60000,60"
        waits() { answers && [ "$(column 2 g1)" = reader ]; }
        wait_for waits
        cat $(column 4 g1) >/run/read &
        all_read() { [ "$(grep -c chatter /run/read)" -ge 60000 ]; }
        wait_for all_read
        answers
        echo dropped $(column 8 g1)
        echo lines $(grep -c chatter /run/read)
        awk '$2 != n { print "gap at", n, $2; n = $2 } { n++ }' /run/read | head -3
    """)
    assert lines[0] == "dropped 0"
    assert lines[1] == "lines 60000"
    assert len(lines) == 2


def test_a_guest_is_held_to_its_rate_and_others_are_not(sim):
    lines = sim("""
        serve --rate-limit=100K
        guests 1 loud "flood-console"
        guests 1 quiet "chatter=50"
        at() { answers && n=$(column 5 loud1) us=${EPOCHREALTIME/./}; }
        began=${EPOCHREALTIME/./}
        limited() { answers && [ "$(column 10 loud1 | cut -d. -f1)" -ge 2 ]; }
        wait_for limited
        at; first=$n from=$us
        sleep 2
        before=${EPOCHREALTIME/./}
        at
        echo rate $((1000000 * (n - first) / (us - from))) $((1000000 * (n - first) / (before - from)))
        echo limited $(column 10 quiet1)
        wait_for more_lines quiet1 100
    """)
    # What was taken lies between two clocks. A machine that is busy elsewhere makes it less: what was not used is not saved up.
    least, most = map(int, lines[0].split()[1:])
    assert least <= 115_000 and most >= 10_000
    assert lines[1:] == ["limited 0.000"]


def test_a_list_of_domains_that_fails_drops_nobody(sim):
    lines = sim("""
        serve
        guests 20 g "chatter=20"
        wait_for served 20
        # Domain 3 dies, and nobody can be asked about it for a while.
        simxen ctl fail sysctl.getdomaininfolist errno=EPERM times=1000000 kill=3
        simxen ctl fail domctl.getdomaininfo errno=EPERM times=1000000
        # A console whose port has vanished is a reason to ask.
        "$WIRE" '13=/local/domain/5/console/port\\0' >/dev/null
        wait_for grep -q "cannot list domains" /run/console.err
        sleep 0.2
        answers
        echo kept $(sed -n 's/.*, \\([0-9]*\\) of them served.*/\\1/p' /run/stats)
        simxen ctl clear
        wait_for served 19
        awk '$1 == 3' /run/stats | wc -l
    """)
    # While the list fails nobody is dropped, not even the dead; afterwards only it is.
    assert lines == ["kept 20", "0"]


def test_without_a_grant_the_page_is_mapped_by_its_frame(sim):
    lines = sim("""
        WAIT=--wait=store guests 3 g "hello"
        simxen ctl fail gntdev.map errno=EINVAL
        serve
        wait_for served 3
        greet() { [ "$(grep -l hello $LOGS/*.log | wc -l)" = 3 ]; }
        wait_for greet
        simxen ctl clear
        all_destroyed 1 2 3
        wait_for served 0
        echo gone
    """)
    assert lines == ["gone"]


def test_a_frame_that_cannot_be_mapped_any_more_harms_nobody(sim):
    lines = sim("""
        WAIT=--wait=store guests 1 g "chatter=100"
        simxen ctl fail gntdev.map errno=EINVAL
        serve
        wait_for more_lines g1 10
        frame=$("$WIRE" '2=/local/domain/1/console/ring-ref\\0' | sed 's/.* //; s/[^0-9]*//g')
        for nonsense in 999999999999 18446744073709551615; do
            "$WIRE" "11=/local/domain/1/console/ring-ref\\0$nonsense" >/dev/null
            wait_for grep -q "cannot map the console" /run/console.err
            sleep 0.5                       # its guest goes on printing meanwhile
            answers && echo lives || exit 1
        done
        "$WIRE" "11=/local/domain/1/console/ring-ref\\0$frame" >/dev/null
        wait_for more_lines g1 $(($(lines g1) + 100))
        echo goes on
    """)
    assert lines == ["lives", "lives", "goes on"]


def test_a_console_that_cannot_be_bound_is_tried_again(sim):
    lines = sim("""
        WAIT=--wait=store guests 1 g "hello"
        simxen ctl fail evtchn.bind_interdomain errno=ENOMEM times=3
        serve
        wait_for served 1
        greets() { [ "$(grep -c hello $LOGS/guest-g1.log)" = 1 ]; }
        wait_for greets
        grep -q "cannot bind" /run/console.err && echo complained
    """)
    assert lines == ["complained"]


def test_when_descriptors_run_out_consoles_wait_for_them_and_those_there_go_on(sim):
    lines = sim("""
        WAIT=--wait=store guests 100 g "chatter=10"
        kill -STOP $store
        serve
        prlimit --pid $console --nofile=200:200
        kill -CONT $store
        some() { answers && [ "$(sed -n 's/.* \\([0-9]*\\) ptys.*/\\1/p' /run/stats)" -ge 30 ]; }
        wait_for some
        sleep 1
        answers
        echo some $(sed -n 's/.* \\([0-9]*\\) ptys.*/\\1/p' /run/stats)
        all_destroyed $(seq 1 60)
        wait_for sh -c 'xenconsoled --stats | grep -q "40 of them served, 40 ptys"'
        wait_for more_lines g100 10
    """)
    some = int(lines[0].split()[1])
    assert 30 <= some < 70


def test_lost_and_doubled_events_do_not_stop_a_console_for_good(sim):
    lines = sim("""
        serve
        guests 5 g "chatter=50"
        simxen ctl event double chance=30
        for i in 1 2 3 4 5; do wait_for more_lines g$i 50; done
        simxen ctl clear
        for i in 1 2 3 4 5; do wait_for more_lines g$i 100; done
        for i in 1 2 3 4 5; do
            sed -n 's/.*chatter \\([0-9]*\\) .*/\\1/p' $LOGS/guest-g$i.log | awk 'NR > 1 && $1 != last + 1 { bad++ } { last = $1 } END { print bad + 0 }'
        done
    """)
    assert lines == ["0"] * 5


def test_figures_of_many_come_whole_and_in_order(sim):
    lines = sim("""
        serve
        guests 300 g ""
        wait_for served 300
        xenconsoled --stats=openmetrics >/run/metrics
        tail -n 1 /run/metrics
        grep -c '^xenconsoled_console_output_bytes_total' /run/metrics
        grep -c '^# TYPE' /run/metrics
        grep '^# TYPE' /run/metrics | sort | uniq -d | wc -l
        sed -n 's/^xenconsoled_console_clients{domid="\\([0-9]*\\)".*/\\1/p' /run/metrics | sort -nc && echo sorted
    """)
    assert lines == ["# EOF", "300", "26", "0", "sorted"]


def test_a_store_that_answers_late_stops_no_console(sim):
    lines = sim("""
        serve
        guests 3 g "chatter=50"
        wait_for served 3
        kill -STOP $store
        wait_for more_lines g1 $(($(lines g1) + 40))
        kill -TERM $console
        wait $console
        echo ended $?
        kill -CONT $store
    """)
    assert lines == ["ended 0"]


def test_the_daemon_wakes_for_nothing_when_nothing_happens(sim):
    lines = sim("""
        serve
        guests 200 g ""
        wait_for served 200
        wakeups() { awk '/^voluntary_ctxt_switches/ { print $2 }' /proc/$console/status; }
        # It may have something to do yet, on a machine that is busy elsewhere.
        sleeps() { before=$(wakeups); sleep 2; [ $(wakeups) = $before ]; }
        wait_for sleeps
    """)
    assert not lines
