# SPDX-License-Identifier: GPL-2.0-or-later
"""simxen itself: the contract with real Xen, Debian's daemons and tools upon it, faults, many guests."""
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

LIBRARIES = ["call", "evtchn", "gnttab", "foreignmemory"]
# What the libraries add to Debian's: they answer for files that nothing can be mounted upon.
EXTRA = {"evtchn": {("open", "Base"), ("open64", "Base")}}

C_STORE = """
xenstored --pid-file=/run/xen/xenstored.pid
"""
OCAML_STORE = """
mkdir -p /var/lib/xenstored
printf '%s\\n' 'xenstored-kva = /proc/xen/xsd_kva' 'xenstored-port = /proc/xen/xsd_port' 'access-log-file = /dev/null' >/etc/xen/ox.conf
oxenstored --config-file=/etc/xen/ox.conf
"""
HOST = """
for i in $(seq 100); do xenstore-exists / 2>/dev/null && break; sleep 0.05; done
xen-init-dom0 >/dev/null
xenconsoled --log=all --log-dir=/var/log/xen/console
cfg() {
	printf 'name="%s"\\ntype="pv"\\nkernel="%s"\\nmemory=4\\nvcpus=1\\nextra="%s"\\n' "$1" "$KERNEL" "$2" >/run/xen/$1.cfg
	echo /run/xen/$1.cfg
}
until_says() { for i in $(seq 100); do [ "$(xenstore-read "$1" 2>/dev/null)" = "$2" ] && return; sleep 0.05; done; return 1; }
n_domains() { xl list | tail -n +2 | wc -l; }
gone() { for i in $(seq 100); do [ "$(n_domains)" = "$1" ] && return; sleep 0.05; done; return 1; }
set -eu
"""


@pytest.fixture(name="simxen")
def the_command(build):
    """The front end."""
    path = build / "simxen/simxen"
    if not path.is_file():
        pytest.skip("simxen is not built")
    return path


@pytest.fixture(name="debian")
def debians_folder():
    """Where Debian's Xen packages are unpacked."""
    try:
        return stock.root()
    except StoreError as error:
        return pytest.skip(str(error))


@pytest.fixture(name="run")
def run_on_host(simxen, build):
    """run("script", "--seed=1") runs it on a fresh host."""

    def run(script, *options, seconds=300, before=()):
        environment = {**os.environ, "LC_ALL": "C", "SIMXEN": str(simxen), "KERNEL": str(build / "tests/guest/guest"),
                       "PATH": f"{simxen.parent}:{os.environ['PATH']}"}
        return subprocess.run([*before, str(simxen), "run", *map(str, options), "--", "bash", "-c", script], text=True, check=False,
                              capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, env=environment)

    return run


def exported(path):
    """Names and versions of what a library offers."""
    lines = subprocess.run(["objdump", "-T", path], text=True, check=True, capture_output=True).stdout.splitlines()
    return {tuple(reversed(line.split()[-2:])) for line in lines if " g " in line and "*UND*" not in line}


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_offers_what_debians_offers(simxen, name):
    """The same symbols in the same versions under the same name."""
    debians = Path(f"/usr/lib/x86_64-linux-gnu/libxen{name}.so.1")
    if not debians.exists():
        pytest.skip(f"{debians} is not installed")
    ours = simxen.parent / f".libs/libxen{name}.so.1"
    assert exported(ours) - EXTRA.get(name, set()) == exported(debians)
    names = [re.search(r"SONAME +(\S+)", subprocess.run(["objdump", "-p", path], text=True, check=True, capture_output=True).stdout)[1]
             for path in (ours, debians)]
    assert names[0] == names[1]


def test_the_contract_holds(build, run):
    """The answers that real Xen gave, call by call."""
    program = build / "simxen/contract/contract"
    if not program.is_file():
        pytest.skip("the contract is not built")
    result = run(f"exec {program} $KERNEL")
    wanted = (TOP / "simxen/contract/answers.txt").read_text().splitlines()
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == wanted


@pytest.mark.parametrize("store", [C_STORE, OCAML_STORE], ids=["C", "OCaml"])
def test_debians_daemons_serve_guests(run, debian, store):
    """xl makes guests, which speak to store and console; they end in all the ways there are."""
    result = run(store + HOST + """
        xl create -e $(cfg one "hello ready ping=20 echo") >/dev/null
        xl create -e $(cfg two "hello ready") >/dev/null
        until_says /local/domain/1/data/ready 1
        until_says /local/domain/1/data/ping/errors 0
        until_says /local/domain/2/data/hello "2 two"
        echo "domains $(n_domains)"
        echo "ports $(lsevtchn 0 | grep -c 'Remote Domain [12]')"
        grep -h hello /var/log/xen/console/guest-*.log
        xl shutdown -w one >/dev/null
        xl list one | tail -n 1 | awk '{ print $5 }'
        xl destroy one
        gone 2 && echo "one is gone"
        xl destroy two
        gone 1 && echo "two is gone"
        echo "ports left $(lsevtchn 0 | grep -c 'Remote Domain [12]')"
        simxen ctl unknown
    """, "--stock", debian)
    assert result.stdout.splitlines() == [
        "domains 3", "ports 4", "hello from domain 1 one", "hello from domain 2 two", "---s--", "one is gone", "two is gone",
        "ports left 0"], result.stderr


def test_xl_tells_of_the_host(run, debian):
    """What needs no guest."""
    result = run(C_STORE + HOST + """
        xl info | awk '$1 == "xen_version" || $1 == "total_memory" || $1 == "nr_cpus" { print $1, $3 }'
        xl cpupool-list | tail -n 1 | awk '{ print $1, $3 }'
        simxen ctl conring "something happened"
        xl dmesg | tail -n 1
        for i in $(seq 40); do grep -q happened /var/log/xen/console/hypervisor.log && break; sleep 0.05; done
        grep happened /var/log/xen/console/hypervisor.log
        """, "--stock", debian, "--memory=8192")
    assert result.stdout.splitlines() == ["nr_cpus 2", "total_memory 8192", "xen_version 4.17.7", "Pool-0 credit2", "something happened",
                                          "something happened"], result.stderr


def test_a_creation_that_fails_leaves_nothing(run, debian):
    """Each call of a creation is made to fail once; the host is empty afterwards."""
    result = run(C_STORE + HOST + """
        config=$(cfg one hello)
        for call in domctl.createdomain domctl.max_vcpus domctl.max_mem domctl.set_cpu_policy memory_op.populate_physmap \\
			foreignmemory.map mmuext_op domctl.setvcpucontext foreignmemory.map_resource; do
            simxen ctl clear
            simxen ctl fail $call nth=1 errno=ENOMEM
            xl create -e $config >/dev/null 2>&1 && echo "$call: made all the same"
            gone 1 || { echo "$call: left a domain"; xl destroy one; }
        done
        simxen ctl clear
        simxen ctl memory none
        xl create -e $config >/dev/null 2>&1 && echo "made of nothing"
        simxen ctl memory ok
        xl create -e $config >/dev/null && echo made
        """, "--stock", debian, seconds=300)
    assert result.stdout.splitlines() == ["made"], result.stderr


def test_a_killed_store_can_be_replaced_at_once(run, debian):
    """Ports and mappings of a killed process are free when its successor asks for them."""
    result = run("""
        set -u
        for i in 1 2 3 4 5; do
            xenstored -N --pid-file=/run/xen/xenstored.pid &
            for n in $(seq 100); do xenstore-exists / 2>/dev/null && break; sleep 0.02; done
            xenstore-exists / && echo up
            kill -9 $!
            wait $! 2>/dev/null
        done
        """, "--stock", debian)
    assert result.stdout.splitlines() == ["up"] * 5, result.stderr


def test_nobody_needs_to_be_root(run, build):
    """In a user namespace everything is as for root."""
    before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    result = run(f"id -u; touch /run/xen/mine && {build}/simxen/simcost >/run/xen/costs && wc -l </run/xen/costs", before=before)
    if "a new mount namespace" in result.stderr or "Permission denied" in result.stderr:
        pytest.skip("another user cannot run this here: " + result.stderr.splitlines()[0])
    assert result.stdout.splitlines() == ["0", "6"], result.stderr


def test_nothing_outlives_the_host(run, tmp_path):
    """What the command left running ends with it, its status is ours, its folder is gone."""
    result = run("setsid sleep 1000 & echo $! $SIMXEN_DIR; exit 7", seconds=300)
    pid, folder = result.stdout.split()
    assert result.returncode == 7
    assert not Path(f"/proc/{pid}").exists()
    assert not Path(folder).exists()
    assert run("test -d /run/xenstored && test -S $SIMXEN_DIR/simxend.sock", f"--directory={tmp_path}/host").returncode == 0
    assert (tmp_path / "host/proc/xsd_port").read_text() == "6"


def test_both_pairs_of_daemons_are_shown_side_by_side(simxen, debian, build):
    """./demo --sim --compare, small."""
    assert simxen and debian
    result = subprocess.run([sys.executable, TOP / "simxen/demo.py", "30", "--compare", f"--build={build}"], text=True, check=False,
                            capture_output=True, timeout=300, stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^ +10( +[0-9.]+){4}$", result.stdout, re.MULTILINE), result.stdout
    assert len(re.findall(r"^ +(xenstored|xenconsoled|simxend)( +[0-9.]+){4}$", result.stdout, re.MULTILINE)) == 6, result.stdout
    assert result.stdout.count("hello from domain 16 guest-16") == 2


def test_commands_are_judged(run):
    """A command that cannot be understood says so."""
    result = run("simxen ctl fail; simxen ctl fail x errno=ENOSUCH; simxen ctl nonsense; simxen ctl seed 5 && simxen ctl status")
    assert "incomplete" in result.stderr and "errno=ENOSUCH" in result.stderr and "unknown command" in result.stderr
    assert "domains 1\n" in result.stdout
