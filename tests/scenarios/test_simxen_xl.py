# SPDX-License-Identifier: GPL-2.0-or-later
"""What Debian's xl can do on simxen, command by command, with our daemons and with Debian's."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests"))

from stores import stock  # noqa: E402
from stores.says import StoreError  # noqa: E402

PRELUDE = """
set -u
if [ "$WHOSE" = ours ]; then
	xenstored --no-fork --pid-file=/run/xenstored.pid 2>/dev/null &
else
	xenstored --pid-file=/run/xenstored.pid
fi
for i in $(seq 200); do xenstore-exists / 2>/dev/null && break; sleep 0.05; done
xen-init-dom0 >/dev/null
if [ "$WHOSE" = ours ]; then
	xenconsoled --interactive 2>/dev/null &
else
	xenconsoled --pid-file=/run/xenconsoled.pid
fi
cfg() { # NAME WORDS [LINE]
	printf 'name="%s"\\ntype="pv"\\nkernel="%s"\\nmemory=4\\nvcpus=1\\nextra="%s"\\n%s\\n' "$1" "$KERNEL" "$2" "${3:-}" >/run/xen/$1.cfg
	echo /run/xen/$1.cfg
}
until_ok() { for i in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; echo "in vain: $*"; return 1; }
state() { xl list "$1" 2>/dev/null | awk 'NR > 1 { print $5 }' | tr -d -; }
state_is() { [ "$(state "$1")" = "$2" ]; }
vcpus() { xl vcpu-list "$1" | awk 'NR > 1 { print $7, $8, $9 }'; }
"""


@pytest.fixture(name="xl", params=["ours", "Debian's"])
def on_a_host_with_daemons(request, build):
    """xl("script"): the lines that it prints."""
    simxen = build / "simxen/simxen"
    if not simxen.is_file():
        pytest.skip("simxen is not built")
    try:
        debian = stock.root()
    except StoreError as error:
        pytest.skip(str(error))
    folders = [build / name for name in ("xenstored", "xenconsoled")] if request.param == "ours" else []
    environment = {**os.environ, "LC_ALL": "C", "WHOSE": request.param, "KERNEL": str(build / "tests/guest/guest")}

    def run(script, seconds=300):
        inner = 'export PATH="' + ":".join([*map(str, folders), f"{simxen.parent}", "$PATH"]) + '"\n'
        result = subprocess.run([str(simxen), "run", f"--stock={debian}", "--", "bash", "-c", inner + PRELUDE + script], text=True,
                                check=False, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, env=environment)
        print(result.stdout, result.stderr)      # shown if the test fails
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout.splitlines()

    return run


def test_a_domain_is_watched_over(xl):
    """Lists, pauses, names, places, weights, limits."""
    assert xl("""
        xl create $(cfg one "hello ready") >/dev/null
        xl create -p $(cfg two "hello ready" 'cpus="1"') >/dev/null
        until_ok xenstore-read /local/domain/1/data/ready
        echo "states $(state one) $(state two)"
        xl pause one; echo "paused $(state one)"; xl unpause one; echo "goes on $(state one)"
        xl unpause two; until_ok xenstore-read /local/domain/2/data/ready; until_ok state_is two b
        echo "places: $(vcpus one), $(vcpus two)"
        xl vcpu-pin one 0 0; xl vcpu-pin two all all all; echo "places: $(vcpus one), $(vcpus two)"
        xl rename one uno; echo "names $(xl domname 1) $(xl domid uno)"
        xl sched-credit2 -d uno -w 512; xl sched-credit2 -d uno | tail -n 1 | xargs
        xl mem-max uno 8; xl list -l uno | python3 -c 'import json, sys; c = json.load(sys.stdin)[0]; print(c["domid"], c["config"]["c_info"]["name"])'
        xl cpupool-list | tail -n 1 | xargs; xl cpupool-list -c | tail -n 1 | xargs
        xl vm-list | awk 'NR > 1 { print $2, $3 }' | xargs
        xl info -n | grep -c "^nr_cpus"
        simxen ctl unknown
        """) == [
            "states b p", "paused bp", "goes on b", "places: all / all, 1 / all", "places: 0 / all, all / all", "names uno 1", "uno 1 512 0", "1 uno", "Pool-0 2 credit2 y 3", "Pool-0 0,1",
            "0 Domain-0 1 uno 2 two", "1"]


def test_a_domain_ends_as_it_is_told(xl):
    """Shut down, rebooted, crashed, destroyed: xl's own daemon for each domain does what the configuration says."""
    assert xl("""
        xl create $(cfg off "ready") >/dev/null; xl create $(cfg again "ready") >/dev/null
        xl create $(cfg crashed "crash=100" 'on_crash="preserve"') >/dev/null
        until_ok xenstore-read /local/domain/1/data/ready; until_ok xenstore-read /local/domain/2/data/ready
        xl shutdown -w off >/dev/null; until_ok eval '! xl domid off'; echo "off is gone"
        xl reboot again >/dev/null
        until_ok eval '[ "$(xl domid again 2>/dev/null)" -gt 3 ]' && until_ok state_is again b && echo "again is back"
        until_ok state_is crashed sc && echo "crashed is kept"
        xl destroy crashed; xl destroy again; until_ok eval '[ "$(xl list | wc -l)" = 2 ]' && echo "nobody is left"
        """) == ["off is gone", "again is back", "crashed is kept", "nobody is left"]


def test_a_console_is_open_to_both_sides(xl):
    """xl create -c shows it; xl console is typed into."""
    lines = xl("""
        xl create -c $(cfg short "hello exit=500") 2>/dev/null </dev/null
        xl create $(cfg long "hello echo ready") >/dev/null
        until_ok xenstore-read /local/domain/2/data/ready
        type() {
            until_ok grep -q "hello from" /tmp/$$.console
            echo "are you there"
            until_ok grep -q "are you there" /tmp/$$.console
            printf '\\035'
        }
        type | timeout 40 script -qc "xl console long" /dev/null >/tmp/$$.console
        cat /tmp/$$.console
        rm /tmp/$$.console
        """)
    text = "\n".join(lines)
    assert "hello from domain 1 short" in text and "hello from domain 2 long" in text
    assert text.count("are you there") >= 1
