# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated Xen host on which xenconsoled is tried: what its scenarios are written with."""
import os
import signal
import subprocess

import pytest

# What scripts are written with: store and logs are there, the daemon is started by serve.
PRELUDE = """
set -u
mkdir -p /run/xen /run/logs
LOGS=/run/logs
store_start() { xenstored --no-fork --pid-file=/run/xenstored.pid 2>/dev/null & store=$!; }
store_start
console=
# Also those that a scenario has stopped, and its own.
end_all() { kill -CONT $(jobs -p) 2>/dev/null; kill $(jobs -p) 2>/dev/null; wait; }
trap end_all EXIT
PATIENCE=200 # seconds for what takes milliseconds, on a machine that has time
wait_for() { # COMMAND...
	local end=$((SECONDS + PATIENCE))
	until "$@"; do [ $SECONDS -lt $end ] || { echo "in vain: $*"; exit 1; }; sleep 0.05; done
}
wait_for test -S /run/xenstored/socket
serve() {
	xenconsoled -i --log=guest --log-dir=$LOGS "$@" 2>>/run/console.err &
	console=$!
	wait_for answers
}
answers() { xenconsoled --stats >/run/stats 2>/dev/null; }
guests() { # N NAME WORDS: made, and on the way
	printf 'name = "x"\\ntype = "pv"\\nkernel = "%s"\\ncmdline = "%s"\\nmemory = 4\\n' "$GUEST" "$3" >/run/guest.cfg
	xencreate --no-preflight -n "$1" --name="$2%d" ${WAIT:-} -q /run/guest.cfg || { echo "xencreate: $?"; exit 1; }
}
served() { answers && grep -q ", $1 of them served" /run/stats; }
lines() { grep -c chatter $LOGS/guest-$1.log; }
more_lines() { [ "$(lines $1)" -gt $2 ]; } # NAME NUMBER
column() { awk -v name="$2" -v n="$1" '$NF == name { print $n }' /run/stats; }
total() { awk -v n="$1" 'seen { sum += $n } /^DOMID/ { seen = 1 } END { print sum + 0 }' /run/stats; }
mappings() { grep -c simxen-frames /proc/$console/maps; } # pages of guests
all_destroyed() { xencreate destroy -q "$@"; }
domids() { awk 'seen { print $1 } /^DOMID/ { seen = 1 }' /run/stats; }
"""


@pytest.fixture(name="sim")
def run_on_host(build, tmp_path):
    """sim("script") runs it after the prelude on a fresh host; what it printed comes back as lines. $OUT is tmp_path."""
    simxen = build / "simxen/simxen"
    guest = build / "tests/guest/guest"
    wire = build / "tests/xen/wire"
    if not all(path.is_file() for path in (simxen, guest, wire, build / "xencreate/xencreate", build / "xenconsoled/xenconsoled")):
        pytest.skip("simxen is not built")
    folders = [build / name for name in ("xencreate", "xenstored", "xenconsoled", "simxen")]
    environment = {**os.environ, "PATH": ":".join(map(str, [*folders, os.environ["PATH"]])), "LC_ALL": "C",
                   "GUEST": str(guest), "WIRE": str(wire), "OUT": str(tmp_path)}

    def run(script, *options, seconds=300):
        words = [str(simxen), "run", *map(str, options), "--", "bash", "-c", PRELUDE + script]
        with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              env=environment, start_new_session=True) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # the daemons are in its group
                raise
        assert process.returncode == 0, out[-2000:] + err[-2000:]
        return out.splitlines()

    return run
