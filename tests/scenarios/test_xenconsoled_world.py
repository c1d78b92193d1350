# SPDX-License-Identifier: GPL-2.0-or-later
"""xenconsoled and a world that does what it should not: store, disk, names, clients, rings, domain numbers."""
import textwrap

from console_host import run_on_host  # noqa: F401, a fixture


def test_a_store_killed_and_started_again_changes_nothing_for_consoles(sim):
    lines = sim("""
        serve
        guests 50 g "chatter=20"
        wait_for served 50
        # A store without memory of what it knew, which is the worst case: but domains are still there.
        kill -9 $store
        wait $store 2>/dev/null
        wait_for more_lines g7 $(($(lines g7) + 15))
        store_start
        wait_for grep -q "connected to the store again" /run/console.err
        guests 5 later "hello"
        wait_for served 55
        wait_for grep -q hello $LOGS/guest-later5.log
        all_destroyed $(domids)
        wait_for served 0
        echo mappings $(mappings)
    """)
    assert lines == ["mappings 0"]


def test_a_full_disk_and_a_folder_that_vanishes_cost_log_lines_and_nothing_else(sim):
    lines = sim("""
        mount -t tmpfs -o size=64k none $LOGS
        serve --log-size=none
        guests 3 g "chatter=200,0,100"
        loses() { answers && [ "$(column 9 g2)" -gt 1000 ]; }
        wait_for loses
        out=$(column 5 g1)
        go_on() { answers && [ $(column 5 g1) -gt $((out + 10000)) ]; }
        wait_for go_on && echo guests-go-on
        # Each of three logs once a minute.
        echo complaints $(($(grep -c "No space left" /run/console.err) <= 3 * (1 + SECONDS / 60)))
        umount -l $LOGS
        mkdir -p $LOGS
        kill -HUP $console
        wait_for grep -q chatter $LOGS/guest-g1.log
        rm -rf $LOGS
        kill -HUP $console
        sleep 1.5
        kill -0 $console && echo lives
        mkdir $LOGS
        wait_for grep -q chatter $LOGS/guest-g3.log
        echo logs
    """)
    assert lines == ["guests-go-on", "complaints 1", "lives", "logs"]


def test_no_name_leaves_the_folder_or_speaks_to_a_terminal(sim):
    lines = sim(r"""
        serve
        guests 4 g "chatter=20"
        wait_for served 4
        name() { "$WIRE" "11=/local/domain/$1/name\0$2" >/dev/null; }
        name 1 ../../tmp/evil-$$
        name 2 '..'
        name 3 'a\x1b[2Jb\x0ac'
        name 4 "$(printf 'x%.0s' $(seq 1000))"
        kill -HUP $console
        wait_for sh -c "[ \$(ls $LOGS | wc -l) = 8 ]"
        ls -b $LOGS | grep -v 'guest-g[1-4].log' | sed "s/evil-$$/evil/" | cut -c 1-40
        ls -d /tmp/evil-$$* /run/tmp /evil-$$* $LOGS/../evil-$$* 2>/dev/null
        answers
        tail -n 4 /run/stats | grep -c '[^ -~]'
        grep -c '[^ -~]' /run/console.err
        true
    """)
    assert lines[:4] == ["guest-..%2F..%2Ftmp%2Fevil.log", "guest-...log", "guest-a%1B[2Jb%0Ac.log", "guest-" + 34 * "x"]
    assert lines[4:] == ["0", "0"]


def test_clients_that_do_not_read_and_rings_that_lie_hold_nobody_up(sim):
    lines = sim("""
        serve --rate-limit=none --log-size=1M --log-count=1
        guests 3 flood "flood-console"
        guests 1 index "bad-ring=console-index"
        guests 1 cons "bad-ring=console-cons"
        guests 1 huge "bad-ring=console-index,2147483648"
        guests 1 quiet "chatter=50 echo"
        wait_for served 7
        idlers=
        for i in 1 2 3; do tty=$(column 4 flood$i); sleep 600 <$tty & idlers="$idlers $!"; done
        lied() { answers && [ "$(awk '/^bad rings/ { print $3 }' /run/stats)" -ge 2 ]; }
        wait_for lied
        wait_for more_lines quiet1 $(($(lines quiet1) + 80)) && echo quiet
        tty=$(column 4 quiet1)
        (exec 9<>$tty; echo "are you there" >&9; timeout $PATIENCE grep -m 1 -c "are you there" <&9)
        answers
        for i in 1 2 3; do echo unread $(($(column 7 flood$i) <= 1048576)) clients $(column 3 flood$i); done
        all_destroyed $(domids)
        wait_for served 0
        kill $idlers
        echo mappings $(mappings)
    """)
    assert lines == ["quiet", "1"] + ["unread 1 clients 1"] * 3 + ["mappings 0"]


def test_a_console_that_belongs_to_somebody_else_is_left_alone(sim):
    lines = sim("""
        node() { "$WIRE" "11=/local/domain/$1/console/$2\\0$3" >/dev/null; }
        WAIT=--wait=store guests 4 g "chatter=400,0,100"
        node 2 type ioemu
        node 3 port 4294967296
        node 4 limit 5000
        serve
        wait_for served 2
        sleep 0.3
        answers
        domids | tr '\\n' ' '
        echo
        # What is served changes with the nodes.
        node 2 type xenconsoled
        wait_for served 3
        wait_for grep -q chatter $LOGS/guest-g2.log
        drops() { answers && [ $(column 8 g4) -gt 10000 ]; }
        wait_for drops
        echo limit $(($(column 7 g4) <= 5000 && $(column 7 g4) > 0))
    """)
    assert lines == ["1 4 ", "limit 1"]


# Another domain with the number given: what a toolstack would do if the hypervisor's count began anew.
TAKE_NUMBER = textwrap.dedent("""
    import ctypes, sys
    xc = ctypes.CDLL("libxenctrl.so.4.17", use_errno=True)
    xc.xc_interface_open.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(xc.xc_interface_open(None, None, 0))
    config = (ctypes.c_uint32 * 16)()  # struct xen_domctl_createdomain: ssidref, handle, flags, iommu_opts, max_vcpus, ...
    config[1] = 0x12345678
    config[7] = 1
    config[8] = 127
    config[9] = config[10] = 8
    config[11] = 1
    domid = ctypes.c_uint32(int(sys.argv[1]))
    r = xc.xc_domain_create(handle, ctypes.byref(domid), config)
    print("taken" if r == 0 and domid.value == int(sys.argv[1]) else f"errno {ctypes.get_errno()}")
""")


def test_a_mapped_page_keeps_its_domains_number(sim, tmp_path):
    """So a number changes hands only after the daemon has let go: then the next one is another console."""
    (tmp_path / "take.py").write_text(TAKE_NUMBER)
    lines = sim("""
        serve
        guests 5 g "chatter=20"
        wait_for served 5
        kill -STOP $console
        all_destroyed 3
        python3 $OUT/take.py 3
        kill -CONT $console
        wait_for served 4
        python3 $OUT/take.py 3
        sleep 0.2
        answers
        awk '$1 == 3' /run/stats | wc -l
        grep -o "4 ptys" /run/stats
        echo mappings $(mappings)
    """)
    assert lines == ["errno 17", "taken", "0", "4 ptys", "mappings 4"]


def test_a_domain_that_comes_again_goes_on_in_its_log_at_another_terminal(sim):
    lines = sim("""
        serve
        guests 3 g "hello echo"
        wait_for served 3
        wait_for grep -q hello $LOGS/guest-g2.log
        exec 9<>$(column 4 g2)
        all_destroyed 2
        cat <&9 >/dev/null; echo its client is hung up
        exec 9>&-
        sed -i 's/"x"/"g2"/' /run/guest.cfg
        xencreate --no-preflight -q /run/guest.cfg
        wait_for served 3
        twice() { [ "$(grep -c "hello from domain" $LOGS/guest-g2.log)" = 2 ]; }
        wait_for twice && echo greets again
        tty=$("$WIRE" "2=/local/domain/4/console/tty\\0" | sed 's/^2 *//')
        printf 'typed\\r' >$tty
        wait_for grep -q typed $LOGS/guest-g2.log && echo is typed to
        ls $LOGS | wc -l
    """)
    assert lines == ["its client is hung up", "greets again", "is typed to", "3"]


def test_a_number_that_belongs_to_another_domain_by_now_is_another_console(sim, tmp_path):
    (tmp_path / "take.py").write_text(TAKE_NUMBER)
    lines = sim("""
        # A domain that the daemon knows and whose page it has not: only then can its number change hands unseen.
        WAIT=--wait=store guests 1 g "hello"
        simxen ctl fail gntdev.map errno=EINVAL
        simxen ctl fail foreignmemory.map errno=EINVAL
        serve -v
        wait_for grep -q "cannot map the console" /run/console.err
        kill -STOP $console
        all_destroyed 1
        python3 $OUT/take.py 1
        kill -CONT $console
        simxen ctl clear
        changed() { [ "$(grep -c 'domain 1: found' /run/console.err)" = 2 ]; }
        wait_for changed
        sed -n 's/.*domain 1: \\(gone\\|found\\)/\\1/p' /run/console.err
    """)
    assert lines == ["taken", "found", "gone", "found"]


def test_the_journal_gets_lines_and_a_slow_one_holds_nobody_up(sim):
    lines = sim("""
        mount -t tmpfs none /run/systemd 2>/dev/null || { mkdir -p /run/systemd && mount -t tmpfs none /run/systemd; }
        mkdir /run/systemd/journal
        python3 - <<'END' >/run/journal.txt &
import os, socket, sys, time
there = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
there.bind("/run/systemd/journal/socket")
n = 0
while n < 2:
    message = there.recv(65536)
    n += b"hello from domain" in message
    sys.stdout.buffer.write(message)
sys.stdout.flush()
time.sleep(600)  # nobody reads any more
END
        journal=$!
        wait_for test -S /run/systemd/journal/socket
        serve --journal=guest
        guests 2 g "hello chatter=100"
        loses() { answers && [ "$(column 9 g1)" -gt 100 ]; }
        wait_for loses
        wait_for more_lines g1 $(($(lines g1) + 60)) && echo goes-on
        kill $journal
        grep -a -c "hello from domain" /run/journal.txt
        grep -a -q XEN_DOMAIN /run/journal.txt && grep -a -q g2 /run/journal.txt && echo named
    """)
    assert lines == ["goes-on", "2", "named"]


def test_the_console_that_only_arm_has_works_by_the_same_code(sim, build):
    """Its nodes name the page and port of a guest's first console, which is said to be somebody else's."""
    program = build / "tests/scenarios/xenconsoled-vuart"
    lines = sim(rf"""
        node() {{ "$WIRE" "11=/local/domain/$1/$2\0$3" >/dev/null; }}
        ask() {{ "$WIRE" "2=/local/domain/$1/$2\0" | sed 's/^2 *//'; }}
        {program} -i --log=guest --log-dir=$LOGS 2>/run/console.err &
        console=$!
        wait_for answers
        guests 3 g "hello chatter=50 echo"
        wait_for served 3
        test -e $LOGS/guest-g2-vuart0.log || echo nothing of the kind yet
        kill $console
        wait $console
        port=$(ask 2 console/port) ref=$(ask 2 console/ring-ref)
        node 2 vuart/0/port $port
        node 2 vuart/0/ring-ref $ref
        node 2 console/type ioemu
        {program} -i --log=guest --log-dir=$LOGS 2>>/run/console.err &
        console=$!
        wait_for answers
        wait_for served 3
        wait_for grep -q chatter $LOGS/guest-g2-vuart0.log && echo its log
        tty=$(ask 2 vuart/0/tty)
        [ -c "$tty" ] && echo its terminal
        [ -z "$(ask 2 console/tty)" ] && echo not the other one
        printf 'typed\r' >$tty
        wait_for grep -q typed $LOGS/guest-g2-vuart0.log && echo what is typed arrives
        wait_for more_lines g1 $(lines g1) && echo others go on
        all_destroyed 2
        kill -0 $console && echo it lives
    """)
    assert lines == ["nothing of the kind yet", "its log", "its terminal", "not the other one", "what is typed arrives",
                     "others go on", "it lives"]
