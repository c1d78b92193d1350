# SPDX-License-Identifier: GPL-2.0-or-later
"""xenconsoled on a simulated Xen host: bursts, kills, floods, hypercalls that fail, descriptors that run out."""
from console_host import run_on_host  # noqa: F401, a fixture


def test_a_thousand_come_and_go_at_once_and_leave_nothing(sim):
    lines = sim("""
        serve
        before=$(ls /proc/$console/fd | wc -l)
        guests 1000 g "hello"
        wait_for 20 served 1000
        echo attached $(grep -c /dev/pts /run/stats) $(mappings)
        all_destroyed $(domids)
        wait_for 20 served 0
        sleep 0.2
        echo descriptors $(($(ls /proc/$console/fd | wc -l) - before))
        echo mappings $(mappings)
        guests 3 again "hello"
        wait_for 10 served 3
        grep -c hello $LOGS/guest-again3.log
    """, "--memory=8192")
    assert lines == ["attached 1000 1000", "descriptors 0", "mappings 0", "1"]


def test_unread_output_of_all_guests_stays_under_the_cap(sim):
    lines = sim("""
        serve --memory-cap=4M --rate-limit=none --log-size=64K --log-count=1
        sleep 0.2
        before=$(awk '/^VmRSS/ { print $2 }' /proc/$console/status)
        guests 100 g "flood-console"
        guests 1 quiet "hello"
        sleep 2
        answers
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
        sleep 2
        answers
        echo waits $(column 2 g1) dropped $(column 8 g1)
        timeout 5 cat $(column 4 g1) >/run/read
        answers
        echo lines $(grep -c chatter /run/read)
        awk '$2 != n { print "gap at", n, $2; n = $2 } { n++ }' /run/read | head -3
    """)
    assert lines[0] == "waits reader dropped 0"
    assert lines[1] == "lines 60000"
    assert len(lines) == 2


def test_a_guest_is_held_to_its_rate_and_others_are_not(sim):
    lines = sim("""
        serve --rate-limit=100K
        guests 1 loud "flood-console"
        guests 1 quiet "chatter=50"
        sleep 3
        answers
        first=$(column 5 loud1)
        sleep 2
        answers
        echo rate $((($(column 5 loud1) - first) / 2))
        echo limited $(column 10 loud1) $(column 10 quiet1)
        echo quiet $(grep -c chatter $LOGS/guest-quiet1.log)
    """)
    rate = int(lines[0].split()[1])
    # A machine that is busy elsewhere makes it less: what was not used is not saved up.
    assert 50_000 <= rate <= 115_000
    assert float(lines[1].split()[1]) > 1 and lines[1].split()[2] == "0.000"
    assert int(lines[2].split()[1]) >= 200


def test_a_list_of_domains_that_fails_drops_nobody(sim):
    lines = sim("""
        serve
        guests 20 g "chatter=20"
        wait_for 10 served 20
        # Domain 3 dies, and nobody can be asked about it for a while.
        simxen ctl fail sysctl.getdomaininfolist errno=EPERM times=1000000 kill=3
        # A console whose port has vanished is a reason to ask.
        "$WIRE" '13=/local/domain/5/console/port\\0' >/dev/null
        wait_for 10 grep -q "cannot list domains" /run/console.err
        sleep 0.2
        answers
        echo kept $(sed -n 's/.*, \\([0-9]*\\) of them served.*/\\1/p' /run/stats)
        simxen ctl clear
        wait_for 20 served 19
        awk '$1 == 3' /run/stats | wc -l
    """)
    # While the list fails nobody is dropped, not even the dead; afterwards only it is.
    assert lines == ["kept 20", "0"]


def test_without_a_grant_the_page_is_mapped_by_its_frame(sim):
    lines = sim("""
        WAIT=--wait=store guests 3 g "hello"
        simxen ctl fail gntdev.map errno=EINVAL
        serve
        wait_for 10 served 3
        sleep 0.3
        grep -l hello $LOGS/*.log | wc -l
        simxen ctl clear
        all_destroyed 1 2 3
        wait_for 10 served 0
        echo gone
    """)
    assert lines == ["3", "gone"]


def test_a_console_that_cannot_be_bound_is_tried_again(sim):
    lines = sim("""
        WAIT=--wait=store guests 1 g "hello"
        simxen ctl fail evtchn.bind_interdomain errno=ENOMEM times=3
        serve
        wait_for 20 served 1
        sleep 0.2
        grep -c hello $LOGS/guest-g1.log
        grep -c "cannot bind" /run/console.err
    """)
    assert lines[0] == "1"


def test_when_descriptors_run_out_consoles_wait_for_them_and_those_there_go_on(sim):
    lines = sim("""
        WAIT=--wait=store guests 100 g "chatter=10"
        kill -STOP $store
        serve
        prlimit --pid $console --nofile=200:200
        kill -CONT $store
        sleep 1
        answers
        echo some $(sed -n 's/.* \\([0-9]*\\) ptys.*/\\1/p' /run/stats)
        all_destroyed $(seq 1 60)
        wait_for 30 sh -c 'xenconsoled --stats | grep -q "40 of them served, 40 ptys"'
        echo lines $(grep -c chatter $LOGS/guest-g100.log)
    """)
    some = int(lines[0].split()[1])
    assert 30 <= some < 70
    assert int(lines[1].split()[1]) >= 10


def test_lost_and_doubled_events_do_not_stop_a_console_for_good(sim):
    lines = sim("""
        serve
        guests 5 g "chatter=50"
        simxen ctl event double chance=30
        sleep 1
        simxen ctl clear
        sleep 1
        for i in 1 2 3 4 5; do
            sed -n 's/.*chatter \\([0-9]*\\) .*/\\1/p' $LOGS/guest-g$i.log | awk 'NR > 1 && $1 != last + 1 { bad++ } { last = $1 } END { print bad + 0, (last > 50) }'
        done
    """)
    assert lines == ["0 1"] * 5


def test_figures_of_many_come_whole_and_in_order(sim):
    lines = sim("""
        serve
        guests 300 g ""
        wait_for 10 served 300
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
        wait_for 10 served 3
        kill -STOP $store
        before=$(grep -c chatter $LOGS/guest-g1.log)
        sleep 1
        echo goes-on $(($(grep -c chatter $LOGS/guest-g1.log) - before > 30))
        kill -TERM $console
        SECONDS=0
        wait $console
        echo ended $? $((SECONDS <= 3))
        kill -CONT $store
    """)
    assert lines == ["goes-on 1", "ended 0 1"]


def test_the_daemon_wakes_for_nothing_when_nothing_happens(sim):
    lines = sim("""
        serve
        guests 200 g ""
        wait_for 10 served 200
        sleep 1
        wakeups() { awk '/^voluntary_ctxt_switches/ { print $2 }' /proc/$console/status; }
        before=$(wakeups)
        sleep 2
        echo $(($(wakeups) - before))
    """)
    assert lines == ["0"]
