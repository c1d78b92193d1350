# SPDX-License-Identifier: GPL-2.0-or-later
"""lsevtchn's forecast against what happens, up to the refusal, where a simulated host can bring it about."""
import json

import pytest

CONFIG = """
printf 'name = "tiny"\\nkernel = "%s"\\ncmdline = "hello"\\nmemory = 4\\n' "$BUILD/tests/guest/guest" >/tmp/$$.cfg
trap 'kill $store $console 2>/dev/null; rm -f /tmp/$$.*' EXIT
forecast() { lsevtchn --preflight --json --reserve=0 "$@" >/tmp/$$.json; python3 -c "
import json, sys
forecast = json.load(open(sys.argv[1]))
print('forecast', forecast.get('would_fit'), forecast.get('binding'))" /tmp/$$.json; }
descriptors() { ls /proc/$1/fd | wc -l; }
"""


def test_domain_numbers(sim):
    script = CONFIG + """
    evtchnload make $((32751 - 40)) | wc -l
    forecast -n 100 /tmp/$$.cfg
    echo "made $(evtchnload make 100 2>/dev/null | wc -l)"
    forecast -n 1 /tmp/$$.cfg
    """
    result = sim(script, "-m", 65536, seconds=300)
    assert result.stdout.splitlines() == [str(32751 - 40), "forecast 40 domids", "made 40", "forecast 0 domids"], result.stderr


def test_descriptors_of_the_console_daemon(sim, debian, daemons):
    script = daemons.replace("--interactive", "--interactive --log=guest") + CONFIG + """
    xencreate -n 2 --name=first%d /tmp/$$.cfg >/dev/null 2>&1
    prlimit --pid $console --nofile=$(($(descriptors $console) + 22))
    forecast -n 100 /tmp/$$.cfg
    xencreate --no-preflight -n 7 --name=then%d /tmp/$$.cfg >&2; echo "seven: $?"
    xencreate --no-preflight --timeout=2 --name=more /tmp/$$.cfg >&2; echo "another: $?"
    """
    result = sim(script, "-p", debian)
    assert result.stdout.splitlines() == ["forecast 7 console-fds", "seven: 0", "another: 3"], result.stderr


def test_bridge_ports(sim):
    script = CONFIG + """
    printf 'vif = [""]\\n' >>/tmp/$$.cfg
    export -f lsevtchn forecast 2>/dev/null
    unshare -nm bash -c '
    mount -t sysfs none /sys && ip link add xenbr0 type bridge || { echo "no bridge"; exit; }
    for i in $(seq 0 1000); do echo "link add b$i type veth peer name p$i"; echo "link set b$i master xenbr0"; done | ip -batch -
    forecast -n 100 /tmp/'$$'.cfg
    for i in $(seq 2000 2099); do ip link add b$i type veth peer name p$i; ip link set b$i master xenbr0 2>/dev/null || break; done
    echo "refused $i"'
    """
    lines = sim(script.replace("/tmp/$$.json", "/tmp/$PPID.json")).stdout.splitlines()
    if "no bridge" in lines:
        pytest.skip("no bridge can be made here")
    assert lines == ["forecast 22 bridge-ports", "refused 2022"]


def test_each_host_measures_its_own_daemons(sim, debian, daemons):
    """Two hosts at once on one machine: each counts the descriptors of its own daemons, whatever the other's are called."""
    script = daemons + CONFIG + """
    # Somebody else's host, whose daemons hold many more.
    env -u SIMXEN_DIR simxen run -p "$DEBIAN" -- bash -c '""" + daemons.replace("'", "'\\''") + """
    for i in $(seq 40); do sleep 60 <>/dev/null & done
    for i in $(seq 50); do exec {fd}<>/dev/null; done
    python3 -c "
import socket, time
held = [socket.socket(socket.AF_UNIX) for _ in range(60)]
for one in held: one.connect(\\"/run/xenstored/socket\\")
print(\\"held\\", flush=True); time.sleep(60)"' >/tmp/$$.other 2>&1 & other=$!
    for i in $(seq 200); do grep -q held /tmp/$$.other && break; sleep 0.05; done
    grep held /tmp/$$.other
    lsevtchn --preflight --json /tmp/$$.cfg >/tmp/$$.json
    python3 - /tmp/$$.json $(descriptors $console) $(descriptors $store) <<'END'
import json, sys
used = {row['resource']: row.get('used') for row in json.load(open(sys.argv[1]))['limits']}
print(used['console-fds'] - int(sys.argv[2]), used['store-fds'] - int(sys.argv[3]))
END
    kill $other
    """
    result = sim(f"DEBIAN={debian}\n" + script, "-p", debian)
    lines = result.stdout.splitlines()
    assert lines[0] == "held", result.stdout + result.stderr
    console, store = map(int, lines[1].split())
    # Clients of the store come and go.
    assert abs(console) <= 2 and abs(store) <= 3, result.stdout + result.stderr


def test_a_host_without_daemons_is_not_mistaken_for_another(sim, debian, daemons):
    """Two other hosts run here; this one has no daemon, and must not count theirs."""
    script = CONFIG + """
    for other in 1 2; do
        env -u SIMXEN_DIR simxen run -p "$DEBIAN" -- bash -c '""" + daemons.replace("'", "'\\''") + """
        echo up; sleep 60' >/tmp/$$.other$other 2>&1 & eval other$other=$!
    done
    for i in $(seq 200); do grep -q up /tmp/$$.other1 && grep -q up /tmp/$$.other2 && break; sleep 0.05; done
    lsevtchn --preflight --json /tmp/$$.cfg
    kill $other1 $other2
    """
    result = sim(f"DEBIAN={debian}\n" + script, "-p", debian)
    rows = {row["resource"]: row for row in json.loads(result.stdout)["limits"]}
    assert rows["console-fds"]["certainty"] == rows["store-fds"]["certainty"] == "unknown", result.stderr
