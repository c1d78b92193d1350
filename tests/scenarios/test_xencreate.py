# SPDX-License-Identifier: GPL-2.0-or-later
"""xencreate on a simulated host: citizens of xl, and nothing left of a creation that was spoilt."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests"))

from stores import stock  # noqa: E402
from stores.says import StoreError  # noqa: E402

HOST = """
set -eu
PATH=$BUILD/xenstored:$BUILD/xenconsoled:$BUILD/xencreate:$PATH
xenstored --pid-file=/run/xen/xenstored.pid
for i in $(seq 1200); do [ -S /run/xenstored/socket ] && break; sleep 0.05; done
xen-init-dom0 >/dev/null
xenconsoled --pid-file=/run/xen/xenconsoled.pid
# All but dom0, once those that are dying have gone: they stay until the daemons have let their rings go.
domains() {
    for i in $(seq 1200); do
        xl list | awk 'NR > 2 && $5 ~ /d/ { n++ } END { exit n > 0 }' && break
        sleep 0.05
    done
    xl list | tail -n +3
}
printf 'name="t"\\ntype="%s"\\nkernel="%s"\\nmemory=4\\nextra="hello ready"\\n' pv "$KERNEL" >/run/xen/t.cfg
"""


@pytest.fixture(name="run")
def run_on_host(build):
    """run("script") runs it on a fresh host with our daemons and Debian's xl."""
    simxen = build / "simxen/simxen"
    if not simxen.is_file():
        pytest.skip("simxen is not built")
    try:
        debian = stock.root()
    except StoreError as error:
        pytest.skip(str(error))

    def run(script, seconds=300, options=()):
        environment = {**os.environ, "LC_ALL": "C", "BUILD": str(build.resolve()), "STEPS": str(TOP / "tests/steps"),
                       "KERNEL": str(build.resolve() / "tests/guest/guest"),
                       "PATH": f"{simxen.parent}:{os.environ['PATH']}"}
        return subprocess.run([str(simxen), "run", *options, "--stock", str(debian), "--", "bash", "-c", HOST + script], text=True, check=False,
                              capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, env=environment)

    return run


def test_xl_knows_what_it_made(run):
    """The saved config, the lists, the ways to end a domain; no file or number is left or forgotten."""
    result = run("""
        xencreate -n 30 --dry-run /run/xen/t.cfg | grep "^expected"
        xencreate -n 3 --wait=ready --quiet /run/xen/t.cfg
        xencreate -n 30 --dry-run --name=other-%d /run/xen/t.cfg | sed -n 's/^\\(expected time: about \\)[0-9.]* s.* of 4 MiB,\\(.*\\)/\\1\\2/p'
        xl list -l t-2 | grep -c '"name": "t-2"'
        xl vcpu-list t-2 | tail -n 1 | awk '{ print $1, $3 }'
        xl rename t-1 other
        xl list -l other | grep -c '"cmdline": "hello ready"'
        xl shutdown -w t-3 >/dev/null
        xl destroy other
        until [ $(xl list | tail -n +3 | wc -l) = 2 ]; do sleep 0.05; done
        xencreate destroy --quiet --all
        xl list | tail -n +2 | wc -l
        ls /var/lib/xen | grep -v 'userdata-d.0.0' || echo no file
        cut -d' ' -f2 /run/xen/domid-history | tr '\\n' ' '
        """)
    assert result.stdout.splitlines() == ["expected time: not known, no batch of pv domains was timed here", "expected time: about  as the last 3)",
                                          "1", "t-2 0", "1", "1", "no file", "1 2 3 "], result.stderr


# A config with a vif and a disk whose script notes how it is called, and the kernel's side of both.
DEVICES = """
cat >/run/xen/hotplug <<'END'
#!/bin/sh
echo "$1 $2 $XENBUS_TYPE $XENBUS_PATH $XENBUS_BASE_PATH ${vif-} $(basename "$script")" >>/run/xen/called
[ ! -e /run/xen/broken ] || { xenstore-write "$XENBUS_PATH/hotplug-error" "it is broken"; exit 1; }
case $1 in online | add) xenstore-write "$XENBUS_PATH/hotplug-status" connected ;; esac
END
chmod +x /run/xen/hotplug
cat /run/xen/t.cfg - >/run/xen/d.cfg <<'END'
vif = [ "script=/run/xen/hotplug" ]
disk = [ "script=/run/xen/hotplug,format=raw,vdev=xvda,access=rw,target=thing" ]
END
touch /run/xen/called
(cd "$STEPS" && exec python3 -c "
from backend import Backend
backend = Backend('/run/xenstored/socket')
open('/run/xen/backend', 'w').close()
backend.join()") &
for i in $(seq 1200); do [ -e /run/xen/backend ] && break; sleep 0.05; done
trap 'kill $! 2>/dev/null || true' EXIT
"""


def test_devices_are_plugged_in_and_taken_down(run):
    """Scripts are called as libxl calls them; destroying leaves no node, and each vif has an address of its own."""
    result = run(DEVICES + """
        xencreate -n 3 --wait=ready --quiet /run/xen/d.cfg
        xenstore-ls -f /local/domain/0/backend/vif | sed -n 's/.*mac = "\\(00:16:3e\\).*"/\\1/p'
        xenstore-ls -f /local/domain/0/backend/vif | grep 'mac =' | sed 's/.*= //' | sort -u | wc -l
        sort /run/xen/called | head -n 1
        sort /run/xen/called | tail -n 1
        wc -l </run/xen/called
        xencreate destroy --quiet t-1 t-2
        sort /run/xen/called | sed -n '/^offline/p; /^remove/p' | head -n 1
        xl destroy t-3
        xenstore-ls -f | grep -c -e vif -e vbd || true
        grep -c -e offline -e remove /run/xen/called
        """)
    assert result.stdout.splitlines() == ["00:16:3e"] * 3 + [
        "3", "add  vbd backend/vbd/1/51712 backend  hotplug", "online type_if=vif vif backend/vif/3/0 backend vif3.0 hotplug", "6",
        "offline type_if=vif vif backend/vif/1/0 backend vif1.0 hotplug", "0", "6"], result.stderr


def test_a_script_that_fails_takes_the_domain_with_it(run):
    """In the script's own words; and without a backend the time is over some day."""
    result = run(DEVICES + """
        touch /run/xen/broken
        xencreate --quiet -n 2 /run/xen/d.cfg 2>/run/xen/said || echo "status $?"
        grep -c 'devices: v[ib].*: /run/xen/hotplug: it is broken' /run/xen/said
        domains | wc -l
        xenstore-ls -f | grep -c -e vif -e vbd || true
        kill $!
        xencreate --quiet --timeout=1 /run/xen/d.cfg 2>/run/xen/said || echo "status $?"
        grep -o 'no backend for vif 0 (is xen-netback loaded?)' /run/xen/said
        """)
    assert result.stdout.splitlines() == ["status 3", "2", "0", "0", "status 3", "no backend for vif 0 (is xen-netback loaded?)"], \
        result.stderr


def test_an_address_that_is_taken_refuses_the_batch(run):
    """In the batch, and on the host."""
    result = run(DEVICES + """
        sed -i '/^vif/s/"script=/"mac=00:16:3e:00:00:07,script=/' /run/xen/d.cfg
        xencreate -n 2 /run/xen/d.cfg 2>/run/xen/said || echo "status $?"
        xencreate -q /run/xen/d.cfg
        xencreate --name=other /run/xen/d.cfg 2>>/run/xen/said || echo "status $?"
        grep -c 'the address 00:16:3e:00:00:07 is taken' /run/xen/said
        xencreate destroy -q --all
        """)
    assert result.stdout.splitlines() == ["status 4", "status 4", "2"], result.stderr


def test_what_only_xl_does_is_handed_to_it(run):
    """Made by xl, unpaused and reported by us, destroyed like the rest; refused if that is wanted."""
    result = run("""
        (cat /run/xen/t.cfg; echo 'nomigrate = 1') >/run/xen/x.cfg
        xencreate --hand-over=no /run/xen/x.cfg 2>/run/xen/said || echo "status $?"
        grep -c nomigrate /run/xen/said
        xencreate -n 2 --wait=ready --quiet --name=%n-x%d /run/xen/x.cfg
        xl list | awk 'NR > 2 { print $1, $5 ~ /p/ }' | sort
        xl list -l t-x1 | grep -c '"disable_migrate": "True"'
        xenstore-read /libxl/1/max-event-channels | cut -d' ' -f1
        xencreate destroy --quiet --all
        ls /var/lib/xen | grep -v 'userdata-d.0.0' || echo no file
        """)
    assert result.stdout.splitlines() == ["status 4", "1", "t-x1 0", "t-x2 0", "1", "1023", "no file"], result.stderr


def test_an_xl_that_a_killed_batch_left_at_work_is_waited_for(run):
    """It is killed with it, and may be within the hypervisor then: what it makes is taken back, too."""
    result = run("""
        (cat /run/xen/t.cfg; echo 'nomigrate = 1') >/run/xen/x.cfg
        touch /run/xen/events
        xencreate -n 40 --json --name=x%d /run/xen/x.cfg >/run/xen/events 2>/dev/null & batch=$!
        for i in $(seq 1200); do grep -q '"event":"created"' /run/xen/events && break; sleep 0.05; done
        kill -9 $batch; wait $batch 2>/dev/null || true
        # As one that comes back late.
        uuid=$(sed -n 's/^domain [0-9]* [0-9]* \\([^ ]*\\) x40$/\\1/p' /run/xencreate/*)
        bash -c 'sleep 3; xl create -q -e -p /run/xen/x.cfg "name=\\"x40\\"" "$1"' late "uuid=\\"$uuid\\"" &
        xencreate --rollback --all >/dev/null 2>/run/xen/said; echo "status $?"
        wait
        domains
        """)
    assert result.stdout.splitlines() == ["status 0"], result.stdout + result.stderr


def test_what_was_told_to_be_there_stays_when_a_killed_batch_is_rolled_back(run):
    """It may be somebody's by then: each is in the journal before it is told of."""
    result = run("""
        for round in 1 2 3 4 5 6; do
            : >/run/xen/events
            xencreate -n 2000 --name=r$round-%d --json /run/xen/t.cfg >/run/xen/events 2>/dev/null & batch=$!
            for i in $(seq 1200); do
                [ $(grep -c '"event":"created"' /run/xen/events) -ge $((round * 7)) ] && break
            done
            kill -9 $batch; wait $batch 2>/dev/null || true
            sed -n 's/.*"event":"created".*"domid":\\([0-9]*\\),.*}$/\\1/p' /run/xen/events | sort >/run/xen/told
            xencreate --rollback >/dev/null 2>&1 || true
            xenstore-list /local/domain | sort | comm -13 - /run/xen/told
            xencreate destroy --all --quiet
        done
        """)
    assert result.stdout == "", result.stderr


def test_a_daemon_that_hangs_ends_the_batch_in_time(run):
    """A stopped store daemon: the batch gives up, and goes back once it runs again."""
    result = run("""
        pid=$(cat /run/xen/xenstored.pid)
        touch /run/xen/events
        seen() { for i in $(seq 1200); do grep -q "$1" /run/xen/events && return; sleep 0.05; done; echo "never $1"; }
        (seen '"event":"stage"'; kill -STOP $pid; seen '"event":"failed"'; kill -CONT $pid) &
        xencreate -n 3000 --timeout=1 --json /run/xen/t.cfg >/run/xen/events 2>/run/xen/said || echo "status $?"
        wait
        grep -c '"event":"summary"' /run/xen/events
        made=$(grep -c '"event":"created"' /run/xen/events || true)
        [ "$(domains | wc -l)" = "$made" ] && echo as reported
        xencreate destroy --all --quiet
        xl list | tail -n +2 | wc -l
        """)
    assert result.stdout.splitlines() == ["status 3", "1", "as reported", "1"], result.stderr


def test_a_guest_that_is_never_ready_costs_nobody_the_store(run):
    """It is taken back, by the same connection."""
    result = run("""
        sed 's/hello ready/hello/' /run/xen/t.cfg >/run/xen/never.cfg
        xencreate --wait=ready --timeout=10 --quiet /run/xen/never.cfg 2>/run/xen/said || echo "status $?"
        grep -c 'ready: timed out' /run/xen/said
        grep 'no connection' /run/xen/said || true
        domains | wc -l
        """)
    assert result.stdout.splitlines() == ["status 3", "1", "0"], result.stdout + result.stderr


def test_a_domain_that_is_cast_is_like_one_that_the_library_built(run):
    """Registers, memory, page tables, shared page and grants; with PVH the parameters, for the first one that is cast and the next."""
    for kind, n_tests in (("pv", 10), ("pvh", 15)):
        result = run(f"sed -i 's/pv/{kind}/' /run/xen/t.cfg; echo 'vcpus = 2' >>/run/xen/t.cfg; alike /run/xen/t.cfg")
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stdout.splitlines()[-1] == f"1..{n_tests}", result.stdout


def test_what_cannot_be_shown_to_be_the_same_is_left_to_the_library(run):
    """PVH: the first vCPU state that is set, or the look at it, goes wrong; and nothing can be learnt of the parameters."""
    result = run("""
        sed -i 's/pv/pvh/' /run/xen/t.cfg
        for fault in "domctl.sethvmcontext nth=5" "domctl.gethvmcontext nth=8"; do
            simxen ctl fail $fault errno=EINVAL >/dev/null
            alike /run/xen/t.cfg | grep -v '^#'
            simxen ctl clear >/dev/null
        done
        simxen ctl fail hvm_op.get_param errno=EPERM >/dev/null
        xencreate -n 12 --quiet --wait=ready /run/xen/t.cfg
        xl list | grep -c '^t-'
        xencreate destroy --quiet --all
        """)
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == ["1..15", "1..15", "12"], result.stdout + result.stderr


def test_nothing_is_left_of_a_creation_that_is_spoilt(build):
    """Some of the steps; tests/steps/sweep does all of them."""
    if not (build / "tests/steps/.libs/libsteps.so").is_file():
        pytest.skip("the library is not built")
    result = subprocess.run([str(TOP / "tests/steps/sweep"), f"--build={build}", "--every=60"], text=True, check=False,
                            capture_output=True, timeout=500, stdin=subprocess.DEVNULL)
    parts = re.findall(r"^ok - (\w+): (\d+) points", result.stdout, re.MULTILINE)
    assert [name for name, _ in parts] == ["fail", "kill", "store", "destroy", "handed", "pool"], result.stdout + result.stderr
    assert sum(int(n) for _, n in parts) > 30


def test_two_batches_never_use_the_same_name_or_address(run):
    """Begun at the same time: the one that comes later is refused, whole."""
    result = run(DEVICES + """
        set +e
        xencreate -n 400 --quiet /run/xen/t.cfg 2>/run/xen/said-1 & one=$!
        xencreate -n 400 --quiet /run/xen/t.cfg 2>/run/xen/said-2 & two=$!
        wait $one; first=$?
        wait $two; second=$?
        echo $((first + second)) $(xl list | tail -n +3 | wc -l) $(xl list | awk '{ print $1 }' | sort | uniq -d | wc -l)
        grep -h -c "with the name or UUID of" /run/xen/said-1 /run/xen/said-2 | sort -n | sed 's/^[1-9].*/named/'
        xencreate destroy --quiet --all

        sed -i '/^vif/s/"script=/"mac=00:16:3e:00:00:07,script=/' /run/xen/d.cfg
        xencreate --quiet --name=a /run/xen/d.cfg & one=$!
        xencreate --quiet --name=b /run/xen/d.cfg & two=$!
        wait $one; first=$?
        wait $two; second=$?
        echo $((first + second)) $(xl list | tail -n +3 | wc -l)
        xencreate destroy --quiet --all
        """)
    assert result.stdout.splitlines() == ["4 400 0", "0", "named", "4 1"], result.stdout + result.stderr


def test_what_the_host_is_short_of_is_waited_for(run):
    """Memory that comes back in time; and when it does not, the domain fails as it would have."""
    result = run("""
        simxen ctl memory 3000 >/dev/null       # of 1,024 and some each
        touch /run/xen/events
        xencreate -n 4 --no-preflight --json /run/xen/t.cfg >/run/xen/events & batch=$!
        for i in $(seq 1200); do grep -q '"event":"held","why":"memory"' /run/xen/events && break; sleep 0.05; done
        simxen ctl memory ok >/dev/null
        wait $batch; echo "status $?"
        grep -c '"event":"created"' /run/xen/events
        xencreate destroy --quiet --all
        simxen ctl memory 1000 >/dev/null
        xencreate --no-preflight --timeout=1 --quiet /run/xen/t.cfg 2>/dev/null || echo "status $?"
        """)
    assert result.stdout.splitlines() == ["status 0", "4", "status 3"], result.stdout + result.stderr


def test_a_slow_daemon_is_given_less_at_a_time(run):
    """The console daemon, and all are made in the end; the store."""
    result = run("""
        set +e
        seen() { for i in $(seq 1200); do grep -q "$1" /run/xen/events && return; sleep 0.05; done; echo "never $1"; }
        pid=$(cat /run/xen/xenconsoled.pid)
        kill -STOP $pid
        touch /run/xen/events
        xencreate -n 100 --json --name=a-%d /run/xen/t.cfg >/run/xen/events & batch=$!
        seen '"event":"slower","why":"console"'
        kill -CONT $pid
        wait $batch; echo "status $?"
        grep -c '"event":"created"' /run/xen/events

        : >/run/xen/events      # and not some time after the batch has begun
        xencreate -n 3000 --json --name=b-%d /run/xen/t.cfg >>/run/xen/events & batch=$!
        seen '"event":"stage"'
        pid=$(cat /run/xen/xenstored.pid)
        kill -STOP $pid
        seen '"event":"slower"'      # the console daemon waits for it, too
        kill -CONT $pid
        kill $batch
        wait $batch; echo "status $?"
        xencreate destroy --quiet --all
        """)
    assert result.stdout.splitlines() == ["status 0", "100", "status 3"], result.stdout + result.stderr


def test_vcpus_are_placed(run):
    """Pinned one to one, spread by soft affinity, off the CPUs that are kept free; a config's own affinity goes before."""
    result = run("""
        affinity() { xl vcpu-list $1 | awk 'NR > 1 { print $(NF - 2), $NF }' | tr '\\n' ' '; echo; }
        sed 's/"t"/"own"/' /run/xen/t.cfg >/run/xen/own.cfg; echo 'cpus="1"' >>/run/xen/own.cfg
        xencreate -q -n 2 --place=pin /run/xen/t.cfg
        affinity t-1; affinity t-2
        xencreate -q -n 2 --place=spread --name=s-%d /run/xen/t.cfg
        affinity s-1; affinity s-2
        xencreate -q --keep-free=0 --name=k /run/xen/t.cfg
        affinity k
        xencreate -q --place=pin --keep-free=1-63 --name=l /run/xen/t.cfg
        affinity l
        xencreate -q --place=pin /run/xen/own.cfg
        affinity own
        xl info | sed -n 's/^nr_cpus *: //p'
        """)
    *lines, n = result.stdout.splitlines()
    if int(n) < 2:
        pytest.skip("the host has one CPU")
    others = "1" if n == "2" else f"1-{int(n) - 1}"
    assert [line.strip() for line in lines] == ["0 all", "1 all", "all 0", "all 1", f"{others} all", "0 all", "1 all"], result.stderr


HOG = """
import signal, sys
sys.path.append(sys.argv[1])
import simprobe
host = simprobe.Host()
while (port := host.call("xenevtchn_bind_unbound_port", 0)) != "ENOSPC" and port < int(sys.argv[2]):
    pass
print(port, flush=True)
signal.pause()
"""


def test_ports_of_dom0_that_others_took_are_waited_for(run):
    """The forecast was good; then somebody takes most of them. When he goes, the batch goes on, and nobody failed."""
    result = run(f"""
        cat >/run/xen/hog.py <<'EOF'
{HOG}
EOF
        # As long as nobody reads what it says, the batch does not go on: that holds it while the other takes what is there.
        mkfifo /run/xen/said
        xencreate -n 500 --json /run/xen/t.cfg >/run/xen/said & batch=$!
        exec 3</run/xen/said
        read -r line <&3
        # Six hundred are left for those on their way, and those that may begin without another question.
        /usr/bin/python3 /run/xen/hog.py {TOP / "tests/scenarios"} $((4095 - 600)) >/run/xen/hogged & hog=$!
        for i in $(seq 2400); do [ -s /run/xen/hogged ] && break; sleep 0.05; done
        wc -w </run/xen/hogged
        while read -r line <&3; do
            case $line in
            *'"event":"created"'*) created=$((${{created:-0}} + 1)) ;;
            *'"event":"held","why":"ports"'*) [ -z "${{held:-}}" ] || continue; held=$created; kill $hog ;;
            esac
        done
        wait $batch; echo "status $?"
        echo $created $(((${{held:-0}} > 100) + (${{held:-500}} < 400)))
        xencreate destroy --quiet --all
        """, options=("--dom0-abi=2l",))
    assert result.stdout.splitlines() == ["1", "status 0", "500 2"], result.stdout + result.stderr


def test_a_folder_that_fills_up_ends_no_batch(run):
    """The journal takes the room that it will need when it begins, or the batch is refused. One that has lost its room ends, and can be ended."""
    result = run("""
        mkdir -p /run/xencreate
        mount -t tmpfs -o size=8k none /run/xencreate    # two pages: the plan takes one of them
        dd if=/dev/zero of=/run/xencreate/fill bs=4096 count=1 status=none
        xencreate -n 60 --quiet /run/xen/t.cfg 2>/run/xen/said || echo "status $?"
        grep -o "No space left" /run/xen/said
        ls /run/xencreate; rm /run/xencreate/fill

        mkfifo /run/xen/events
        xencreate -n 60 --json /run/xen/t.cfg >/run/xen/events 2>/run/xen/said & batch=$!
        exec 3</run/xen/events
        read -r line <&3
        dd if=/dev/zero of=/run/xencreate/fill bs=4096 count=2 status=none 2>/dev/null || echo full
        grep -c '"event":"created"' <&3
        wait $batch; echo "status $?"; cat /run/xen/said
        rm /run/xencreate/fill
        xencreate destroy --quiet --all

        xencreate -n 60 --json /run/xen/t.cfg >/run/xen/events 2>/run/xen/said & batch=$!
        exec 3</run/xen/events
        read -r line <&3
        kill -9 $batch; wait $batch || true
        journal=$(echo /run/xencreate/*.journal)
        cat $journal >/run/xen/copy; : >$journal; cat /run/xen/copy >$journal       # without the room that it had
        dd if=/dev/zero of=/run/xencreate/fill bs=4096 count=2 status=none 2>/dev/null || echo full
        xencreate --resume --quiet 2>/run/xen/said || echo "status $?"
        grep -o "no more are begun" /run/xen/said
        rm /run/xencreate/fill
        xencreate --resume --quiet; echo "status $?"
        domains | wc -l; domains | awk '{ print $1 }' | sort -u | wc -l
        xencreate destroy --quiet --all; ls /run/xencreate
        """)
    assert result.stdout.splitlines() == ["status 4", "No space left", "fill", "full", "60", "status 0", "full", "status 3",
                                          "no more are begun", "status 0", "60", "60"], result.stdout + result.stderr


def test_a_dry_run_can_be_read_by_a_program(run):
    """A stream of objects: the plan, the forecast, the time."""
    result = run("xencreate --dry-run --json -n 2 /run/xen/t.cfg; xencreate --quiet /run/xen/t.cfg; xencreate --dry-run --json /run/xen/t.cfg")
    decoder, text, objects = json.JSONDecoder(), result.stdout.strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        objects.append(value)
        text = text[end:].lstrip()
    assert [value.get("name") for value in objects if value.get("event") == "planned"] == ["t-1", "t-2", "t"]
    assert [value["verdict"] for value in objects if "verdict" in value] == ["fits", "fits"]
    first, second = (value["took_us"] for value in objects if value.get("event") == "expected")
    assert first is None and second > 0
