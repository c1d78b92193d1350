# SPDX-License-Identifier: GPL-2.0-or-later
"""A hundred guests that flood the store, each in the same way, and one that asks now and then: it is always answered.

Its p99 is printed (pytest -rP): the time of a write and the read after it, without and with the flood.
"""
import os
import subprocess
import sys

import pytest
from conftest import TOP

sys.path.append(str(TOP / "tests"))
from stores import stock  # noqa: E402
from stores.says import StoreError  # noqa: E402

FLOODS = {
    "requests": "flood-store=read",
    "writes": "flood-store=write",
    "big-writes": "flood-store=big",
    "watches": "flood-store=watch",
    "transactions": "flood-store=transaction",
    "unread-answers": "mute-store",
    "unread-events": "mute-watch=/shared",
    "events": "flood-events",
    "nodes": "hog-nodes",
    "bad-rings": "bad-ring=store-index",
    "half-requests": "bad-ring=store-half",
}
HOSTILE = 100
ROUNDS = 200
LONGEST_MS = 1000       # a hundred hostile guests and all else share two CPUs, but nobody may be forgotten

SCRIPT = """
set -u
export PATH=$BUILD/xenstored:$BUILD/xenconsoled:$BUILD/xencreate:$TOOLS:$PATH
mkdir -p /var/log/xen/console
xenstored --no-state --pid-file=/run/xenstored.pid || exit 1
xenconsoled --log=guest --log-dir=/var/log/xen/console || exit 1
cfg() { printf 'name="%s"\\ntype="pv"\\nkernel="%s"\\nmemory=4\\nvcpus=1\\nextra="%s"\\n' "$1" "$KERNEL" "$2" >/run/xen/$1.cfg; echo /run/xen/$1.cfg; }
make() { xencreate --quiet --no-preflight --wait=store "$@" || echo "cannot make $*"; }
# ask NAME: makes a guest that asks, waits until it has, and says what came of it.
ask() {
	make $(cfg $1 "ping=ROUNDS,5")
	domid=$(xl domid $1 2>/dev/null || xenstore-list /local/domain | sort -n | tail -n 1)
	for i in $(seq 1200); do
		[ "$(xenstore-read /local/domain/$domid/data/ping/us 2>/dev/null)" ] && break
		sleep 0.05
	done
	echo "$1 count $(xenstore-read /local/domain/$domid/data/ping/count) errors $(xenstore-read /local/domain/$domid/data/ping/errors)" \\
		"p99 $(xenstore-read /local/domain/$domid/data/ping/p99) us $(xenstore-read /local/domain/$domid/data/ping/us)"
	xencreate destroy --quiet $1
}
rss() { awk '/VmRSS/ { print $2 }' /proc/$(cat /run/xenstored.pid)/status; }
xenstore-write /shared ""
xenstore-chmod /shared r0
ask alone
make -n HOSTILE --name=hostile-%d $(cfg hostile "FLOOD")
sleep 0.5
before=$(rss)
if [ FLOOD = mute-watch=/shared ]; then
	for i in $(seq 300); do echo "/shared/$i x"; done | xargs -n 20 xenstore-write
fi
ask flooded
echo "grown $(($(rss) - before))"
xenstore-control stats | grep -c requests
kill -0 $(cat /run/xenstored.pid) && echo alive
"""


@pytest.mark.parametrize("kind", FLOODS)
def test_a_guest_is_served_while_a_hundred_flood(build, kind):
    simxen = build.absolute() / "simxen/simxen"
    if not simxen.is_file():
        pytest.skip("simxen is not built")
    try:
        tools = stock.root() / "usr/bin"
    except StoreError as error:
        pytest.skip(str(error))
    script = SCRIPT.replace("ROUNDS", str(ROUNDS)).replace("HOSTILE", str(HOSTILE)).replace("FLOOD", FLOODS[kind])
    environment = {**os.environ, "LC_ALL": "C", "KERNEL": str(build.absolute() / "tests/guest/guest"),
                   "BUILD": str(build.absolute()), "TOOLS": f"{tools}:{tools.parent}/sbin"}
    result = subprocess.run([str(simxen), "run", "--", "bash", "-c", script], text=True, check=False, capture_output=True,
                            timeout=300, stdin=subprocess.DEVNULL, env=environment)
    said = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line}
    assert "alive" in said, result.stdout + result.stderr
    for name in ("alone", "flooded"):
        assert said[name][:4] == ["count", str(ROUNDS), "errors", "0"], result.stdout + result.stderr
    alone_us, flooded_us = int(said["alone"][5]), int(said["flooded"][5])
    print(f"{kind}: p99 {alone_us} us alone, {flooded_us} us with {HOSTILE} hostile guests; {said['grown'][0]} KiB more")
    assert flooded_us < LONGEST_MS * 1000
    assert int(said["grown"][0]) < HOSTILE * 2560       # the quota of memory of them all
