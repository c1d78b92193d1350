# SPDX-License-Identifier: GPL-2.0-or-later
"""lsevtchn on a terminal, and in the formats that other programs read."""
import re

# Runs on the simulated host: lsevtchn on a terminal of 20 lines by 70, made smaller later; prints what came, cut into redraws.
TERMINAL = r'''
import fcntl, os, pty, signal, struct, sys, termios, time
lines, columns = 20, 70
pid, master = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    time.sleep(0.2)
    os.execvp(sys.argv[1], sys.argv[1:])
resize = lambda lines, columns: fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
resize(20, 70)
os.set_blocking(master, False)
text, began, smaller, asked = b"", time.monotonic(), False, False
while True:
    try:
        text += os.read(master, 65536)
    except BlockingIOError:
        time.sleep(0.02)
    except OSError:
        break
    before, _, after = text.partition(b"<smaller>")
    if before.count(b"\x1b[H") > 2 and not smaller:
        smaller = True
        text += b"<smaller>"
        resize(8, 40)
    if after.count(b"\x1b[H") > 2 and not asked:
        asked = True
        os.kill(pid, signal.SIGINT)
    if time.monotonic() - began > 120:
        os.kill(pid, signal.SIGKILL)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.write(text.decode().replace("\r\n", "\n"))
print("\n<status %d>" % status)
'''


def redraws(text):
    """What was drawn, each time from the top left corner."""
    return [part for part in text.split("\x1b[H")[1:] if part]


def test_watching_redraws_within_the_terminal(sim, tmp_path):
    script = tmp_path / "terminal.py"
    script.write_text(TERMINAL, encoding="utf-8")
    result = sim(f"""
    evtchnload make 40 >/dev/null; evtchnload fill 0 300 3 >/dev/null
    python3 {script} "$BUILD/lsevtchn/lsevtchn" --watch=1 --all --no-names
    """)
    before, after = result.stdout.split("<smaller>")
    assert len(redraws(before)) >= 2, result.stdout + result.stderr
    for drawn, height in [(one, 20) for one in redraws(before)] + [(one, 8) for one in redraws(after)[1:]]:
        lines = drawn.split("\x1b[J")[0].split("\n")[:-1]
        assert 3 <= len(lines) < height
        assert all(line.endswith("\x1b[K") for line in lines)
    assert len(redraws(after)) >= 2
    assert result.stdout.rstrip().endswith("<status 0>")


SAMPLE = re.compile(r'^(xen_evtchn_[a-z0-9_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+(?:\.\d+)?)$')


def check_openmetrics(text):
    """The rules of the format that a reader relies on. Returns {(name, labels): value}."""
    assert text.endswith("# EOF\n")
    family, families, samples = None, set(), {}
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            family, kind = line.split()[2:4]
            assert family not in families and kind == "gauge"
            families.add(family)
        elif line.startswith("#"):
            assert line.split()[1] in ("HELP", "UNIT") and line.split()[2] == family
        else:
            name, labels, value = SAMPLE.match(line).groups()
            assert name == family, "samples of a family stand together"
            assert (name, labels) not in samples
            samples[name, labels] = float(value)
    return samples


def test_openmetrics_keep_to_the_format(sim):
    samples = check_openmetrics(sim("""
    evtchnload make 5 >/dev/null; evtchnload fill 2 30 0 >/dev/null; evtchnload fill 0 9 77 >/dev/null
    lsevtchn --all --openmetrics --no-names
    """).stdout)
    assert samples["xen_evtchn_domains", None] == 6
    assert samples["xen_evtchn_ports", 'domid="2",name=""'] == 32
    assert samples["xen_evtchn_findings", 'kind="dead-peer"'] == 1


def test_a_name_cannot_break_the_format(sim, debian, daemons):
    script = daemons + r"""
    evtchnload make 1 >/dev/null
    xenstore-write /local/domain/1/name 'a"b\\c} 1' 2>/dev/null || exit 9
    lsevtchn --all --openmetrics
    """
    samples = check_openmetrics(sim(script, "-p", debian).stdout)
    assert samples["xen_evtchn_ports", r'domid="1",name="a\"b\\c} 1"'] == 2
