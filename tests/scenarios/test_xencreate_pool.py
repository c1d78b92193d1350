# SPDX-License-Identifier: GPL-2.0-or-later
"""Pools of domains on a simulated host: what is taken is a citizen, whose it is is never in doubt, and nothing old is given."""
import re
import subprocess
from pathlib import Path

from test_xencreate import run_on_host  # noqa: F401  pylint: disable=unused-import

TOP = Path(__file__).resolve().parents[2]
# pool ARGUMENTS…: a pool with two domains, ready. until COMMAND…: waits for it.
POOL = """
set +e
until_true() { for i in $(seq 1200); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; echo "never: $*"; }
ready() { xencreate pool --status --json t | grep -q "\\"ready\\":$1,"; }
pool() { xencreate pool --size=2 --rate=0 "$@" /run/xen/t.cfg 2>>/run/xen/pool.log & pool=$!; until_true ready 2; }
trap 'cat /run/xen/pool.log >&2' EXIT
"""


def test_what_is_taken_is_a_citizen(run):
    """Its name is everywhere where a name stands, its UUID the one it always had; xl does with it what it does."""
    result = run(POOL + """
        pool
        uuid=$(xl list -v pool-t-1 | awk 'NR == 2 { print $(NF - 2) }')
        xl list pool-t-1 | awk 'NR == 2 { print $5 }'
        xencreate --from-pool=t --name=web --wait=ready --json /run/xen/t.cfg | grep -c "$uuid"
        [ "$(xl list -v web | awk 'NR == 2 { print $(NF - 2) }')" = $uuid ] && echo "the same UUID"
        xl list -l web | grep -c -e '"name": "web"' -e "\\"uuid\\": \\"$uuid\\""
        xenstore-read /vm/$uuid/name /local/domain/1/name /local/domain/1/vm | sed "s/$uuid/UUID/"
        $BUILD/lsevtchn/lsevtchn --all | awk '$2 == "web" { print $13 }'
        xl rename web other
        xencreate --from-pool=t --name=web --quiet && echo "the name is free again"
        xl shutdown -w web >/dev/null
        xl destroy other
        until_true ready 2
        $BUILD/xencreate/xencreate-take --quiet --name=light-%d -n 2 --wait=ready t /run/xen/t.cfg && xl domid light-2 >/dev/null && echo light
        $BUILD/xencreate/xencreate-take --name=light-1 -q t; echo "status $?"
        xencreate destroy --quiet web 'light-*'
        kill $pool; wait $pool; echo "status $?"
        domains
        ls /var/lib/xen | grep -v 'userdata-d.0.0' || echo no file
        ls /run/xencreate
        xenstore-ls -f | grep -c -e pool-t -e "$uuid" || true
        """)
    assert result.stdout.splitlines() == ["--p---", "1", "the same UUID", "2", "web", "web", "/vm/UUID", "1023", "the name is free again",
                                          "light", "status 4", "status 0", "no file", "0"], result.stderr


def test_a_taker_who_finds_none_waits_for_the_next(run):
    """More at once than there are; names are given once; what does not suit is refused before anything is begun."""
    result = run(POOL + """
        pool
        xencreate --from-pool=t -n 12 --wait=ready --quiet /run/xen/t.cfg; echo "status $?"
        xl list | awk 'NR > 2 && $1 ~ /^t-/' | wc -l
        xencreate --from-pool=t --name=t-3; echo "status $?"
        sed 's/memory=4/memory=8/' /run/xen/t.cfg >/run/xen/o.cfg
        xencreate --from-pool=t --name=x /run/xen/o.cfg; echo "status $?"
        xencreate --from-pool=auto -q --name=y /run/xen/o.cfg; echo "status $?"
        xencreate --from-pool=auto -q --name=z /run/xen/t.cfg; echo "status $?"
        xencreate --from-pool=nobody --name=x; echo "status $?"
        xencreate pool --status --json t | grep -o '"given":[0-9]*,"refused":[0-9]*'
        xencreate pool --status t | head -n 1 | cut -d'(' -f1
        xencreate pool --status --openmetrics t | grep -c -e '^xencreate_pool_given_total{pool="t"} 13$' -e '^# EOF$'
        xencreate pool --drain t; wait $pool; echo "status $?"
        xencreate destroy --all --quiet
        """)
    lines = [line for line in result.stdout.splitlines() if " given by " not in line]
    assert lines == ["status 0", "12", "status 4", "status 4", "status 0", "status 0", "status 4", '"given":13,"refused":2', "pool t ", "2",
                     "status 0"], result.stderr
    assert "the host has a domain of this name" in result.stderr
    assert "another config" in result.stderr


def test_a_guest_that_is_never_ready_is_taken_back(run):
    """In the taker's own time, not in the pool's."""
    result = run(POOL + """
        sed 's/hello ready/hello/' /run/xen/t.cfg >/run/xen/s.cfg
        xencreate pool --size=1 --name=silent /run/xen/s.cfg 2>>/run/xen/pool.log & pool=$!
        silent() { xencreate pool --status --json silent | grep -q '"ready":1,'; }
        until_true silent
        xencreate --from-pool=silent --name=s --wait=ready --timeout=1 --quiet 2>&1 | sed 's/.*: //'
        xl list | awk '$1 == "s"' | wc -l
        xencreate pool --drain silent; wait $pool; echo "status $?"
        domains
        """)
    assert result.stdout.splitlines() == ["timed out", "0", "status 0"], result.stderr


def test_what_changes_is_never_given_old(run):
    """The config, the kernel, a domain that somebody has let run or destroyed, one that is too old."""
    result = run(POOL + """
        cp "$KERNEL" /run/xen/kernel
        sed -i 's|^kernel=.*|kernel="/run/xen/kernel"|' /run/xen/t.cfg
        pool
        id() { xencreate --from-pool=t --name=$1 --json --wait=ready | sed -n 's/.*"domid":\\([0-9]*\\).*/\\1/p'; }
        [ $(id a) -le 2 ] && echo "an old one"
        until_true ready 2
        highest=$(xl list | tail -n 1 | awk '{ print $2 }')
        touch /run/xen/kernel
        [ $(id b) -gt $highest ] && echo "a new one after the kernel changed"
        until_true ready 2
        echo 'vcpus=2' >>/run/xen/t.cfg
        xencreate --from-pool=t --name=c --quiet
        xl vcpu-list c | tail -n +2 | wc -l
        until_true ready 2
        xl unpause $(xl list | awk '$1 ~ /^pool/ { print $1; exit }')
        xl destroy $(xl list | awk '$1 ~ /^pool/ { last = $1 } END { print last }')
        xencreate --from-pool=t --name=d --quiet --wait=ready && echo "a good one"
        until_true ready 2
        mv /run/xen/kernel /run/xen/away
        xencreate --from-pool=t --name=e --quiet; echo "status $?"
        mv /run/xen/away /run/xen/kernel
        xencreate --from-pool=t --name=e --quiet; echo "status $?"
        until_true ready 2
        xencreate pool --status --json t | sed 's/.*"gone":\\([0-9]*\\),"used":\\([0-9]*\\).*/\\1 \\2/' |
            awk '$1 + $2 >= 2 { print "both were noticed" }'
        kill $pool; wait $pool
        xencreate pool --size=2 --rate=0 --lifetime=1 /run/xen/t.cfg 2>>/run/xen/pool.log & pool=$!
        too_old() { xencreate pool --status --json t | grep -q '"old":[1-9]'; }
        until_true too_old
        kill $pool; wait $pool
        xencreate destroy --all --quiet
        """)
    assert result.stdout.splitlines() == ["an old one", "a new one after the kernel changed", "2", "a good one", "status 4", "status 0",
                                          "both were noticed"], result.stderr


def test_whose_a_domain_is_survives_its_process(run):
    """Killed: the next one takes over what is whole; told so, it leaves it; without a next one it is removed."""
    result = run(POOL + """
        pool
        xl list | awk '$1 ~ /^pool/ { print $1, $2 }' >/run/xen/before
        kill -9 $pool; wait $pool 2>/dev/null
        xencreate --from-pool=t --name=a 2>/dev/null; echo "status $?"
        pool
        xl list | awk '$1 ~ /^pool/ { print $1, $2 }' | cmp - /run/xen/before && echo "the same ones"
        xencreate pool --size=2 /run/xen/t.cfg 2>&1 | sed 's/.*error: //'
        xencreate --from-pool=t --name=a --quiet --wait=ready && echo given
        until_true ready 2
        kill -USR1 $pool; wait $pool; echo "status $?"
        domains | wc -l
        xencreate --resume 2>&1 | grep -c 'left 2 domains'
        xencreate --rollback --all --quiet
        domains | awk '{ print $1 }'
        ls /run/xencreate
        xencreate destroy --all --quiet
        """)
    assert result.stdout.splitlines() == ["status 4", "the same ones", "there is a pool of the name t already", "given", "status 0", "3", "1",
                                          "a"], result.stderr


def test_who_is_interrupted_has_taken_nothing_more(run):
    """Takers that wait and are told to end, or die; the daemon of the store away in the middle of it."""
    result = run(POOL + """
        pool --max-in-flight=1
        xencreate --from-pool=t -n 2000 --json --wait=ready /run/xen/t.cfg >/run/xen/events & taker=$!
        until_true grep -q created /run/xen/events
        kill -INT $taker; wait $taker; echo "status $?"
        [ $(grep -c '"event":"created"' /run/xen/events) = $(xl list | awk '$1 ~ /^t-/' | wc -l) ] && echo "as it was told"
        [ $(grep -c '"event":"failed"' /run/xen/events) -gt 0 ] && echo "not all"
        xencreate destroy --quiet 't-*'
        until_true ready 2
        pid=$(cat /run/xen/xenstored.pid)
        kill -STOP $pid
        xencreate --from-pool=t --name=b --wait=ready --quiet & taker=$!
        sleep 0.3
        kill -9 $taker; wait $taker   # it has gone before the store goes on
        kill -CONT $pid
        until_true ready 2
        until_true sh -c '! xl domid b'
        xl list | awk '$1 == "b"' | wc -l
        kill -STOP $pid
        xencreate --from-pool=t --name=c --wait=ready --quiet & taker=$!
        sleep 0.3
        kill -CONT $pid
        wait $taker; echo "status $?"
        xencreate pool --drain t; wait $pool
        xencreate destroy --all --quiet
        """)
    lines = result.stdout.splitlines()
    assert lines == ["status 3", "as it was told", "not all", "0", "status 0"], result.stderr


def test_a_batch_goes_first(run):
    """While one is under way nothing is made ahead, and no name of its is given away."""
    result = run(POOL + """
        pool
        xencreate -n 300 --quiet --name=b-%d /run/xen/t.cfg & batch=$!
        under_way() { grep -q "^begun" /run/xencreate/*.journal; }
        until_true under_way
        kill -STOP $batch   # however fast it is
        xencreate --from-pool=t --name=b-300 --quiet; echo "status $?"
        xencreate --from-pool=t --name=a --quiet
        waits() { xencreate pool --status --json t | grep -q '"ready":1,.*"refill":"waits for a batch to end'; }
        until_true waits
        kill -0 $batch && echo "the batch goes on"
        kill -CONT $batch; kill $batch; wait $batch
        until_true ready 2
        kill $pool; wait $pool
        xencreate destroy --all --quiet
        """)
    assert result.stdout.splitlines() == ["status 4", "the batch goes on"], result.stdout + result.stderr
    assert "the host has a domain of this name, or a batch is about to make one" in result.stderr


def test_what_cannot_be_written_down_is_not_begun(run):
    """A removal that the ledger does not know of waits: killed in it, the next process would give what is half gone."""
    result = run(POOL + """
        mkdir -p /run/xencreate
        mount -t tmpfs -o size=64k none /run/xencreate
        pool
        dd if=/dev/zero of=/run/xencreate/full bs=1k 2>/dev/null
        truncate -s +4095 /run/xencreate/t.pool     # the next line wants a page
        xencreate pool --resize=0 t
        sleep 0.5
        xl list | grep -c '^pool-t-.*--p---'
        xencreate pool --status t | grep -c 'being removed'
        rm /run/xencreate/full
        gone() { ! xl list | grep -q pool-t; }
        until_true gone
        kill $pool; wait $pool; echo "status $?"
        """)
    assert result.stdout.splitlines() == ["2", "1", "status 0"], result.stdout + result.stderr


def test_the_consoles_log_has_the_takers_name(run):
    """And nothing is left under the pool's."""
    result = run(POOL + """
        kill $(cat /run/xen/xenconsoled.pid)
        gone() { ! kill -0 $(cat /run/xen/xenconsoled.pid); }
        until_true gone
        mkdir /run/xen/logs
        xenconsoled --log=guest --log-dir=/run/xen/logs --pid-file=/run/xen/xenconsoled.pid
        pool
        ls /run/xen/logs
        xencreate --from-pool=t --name=web --wait=ready --quiet
        until_true grep -q "hello from domain 1 web" /run/xen/logs/guest-web.log
        until_true ready 2
        ls /run/xen/logs
        kill $pool; wait $pool
        xencreate destroy --all --quiet
        """)
    assert result.stdout.splitlines() == ["guest-pool-t-1.log", "guest-pool-t-2.log", "guest-pool-t-1.log", "guest-pool-t-2.log",
                                          "guest-web.log"], result.stderr


def test_the_quick_taker_documents_what_it_does(build):
    """Its help, its manual page and its table of options."""
    said = subprocess.run([build / "xencreate/xencreate-take", "--help"], text=True, check=True, capture_output=True).stdout
    page = (TOP / "doc/xencreate-take.8").read_text().replace("\\-", "-").split(".SH OPTIONS")[1]
    source = (TOP / "xencreate/pool/takemain.c").read_text()
    options = set(re.findall(r'\{ "([a-z]+)", (?:no|required)_argument', source))
    assert set(re.findall(r"--([a-z]+)", said)) - {"from"} == options
    assert set(re.findall(r"--([a-z]+)", re.sub(r"\\f[A-Z]", "", page))) == options
