# SPDX-License-Identifier: GPL-2.0-or-later
"""xenconsoled killed at any moment under load: each guest's log holds every byte that the guest has printed.

What is guaranteed: no byte is lost. A byte leaves the ring after it is in the log, so a kill between the two makes the next
daemon write the same bytes once more: at most what one ring holds, of at most one guest per kill."""
import re

import pytest
from console_host import run_on_host  # noqa: F401, a fixture

GUESTS, LINES, LINE_BYTES, KILLS, RING = 200, 1500, 60, 60, 2048

SCRIPT = f"""
    RANDOM=%(seed)d
    serve %(options)s
    guests {GUESTS} g "chatter=150,{LINES},{LINE_BYTES}"
    guests 2 flood "flood-console"
    for round in $(seq {KILLS}); do
        sleep 0.$(printf %%03d $((RANDOM %% 300)))
        kill -9 $console
        wait $console 2>/dev/null
        serve %(options)s
    done
    finished() {{ [ "$(cat $LOGS/guest-g*.log* | grep -c 'chatter {LINES - 1} ')" -ge {GUESTS} ]; }}
    PATIENCE=200
    wait_for finished
    cp $LOGS/guest-g* $OUT
"""


def printed():
    """What each guest prints: as tests/guest/words.c, chatter."""
    text = b""
    for number in range(LINES):
        line = b"chatter %d " % number
        line += bytes(ord("a") + at % 26 for at in range(len(line), LINE_BYTES - 1))
        text += line + b"\n"
    return text


def repeats(log, text):
    """The log must be the text, but for places where it goes back by some bytes: how many, at each of them."""
    found, at, i = [], 0, 0
    while i < len(log):
        n = 0
        while i + n < len(log) and at + n < len(text) and log[i + n] == text[at + n]:
            n += 1
        i, at = i + n, at + n
        if i == len(log):
            break
        again = text.rfind(log[i:i + 24], max(0, at - RING), at + 23)
        assert again >= 0, f"lost at {at}: {log[max(0, i - 80):i + 80]!r}"
        found.append(at - again)
        at = again
    assert at == len(text), f"the log ends after {at} of {len(text)} bytes"
    return found


def whole_log(folder, name):
    """A guest's log with its rotated files, oldest first."""
    older = sorted(folder.glob(f"{name}.log.*"), key=lambda path: -int(path.suffix[1:]))
    return b"".join(path.read_bytes() for path in [*older, folder / f"{name}.log"])


def test_the_check_itself_finds_losses_and_repeats():
    text = printed()
    assert repeats(text, text) == []
    assert repeats(text[:1000] + text[900:], text) == [100]
    assert repeats(text[:6000] + text[6000 - RING:], text) == [RING]
    for broken in (text[:1000] + text[1001:], text[:1000] + text[1060:], text[:-1], text[:1000] + b"x" + text[1000:]):
        with pytest.raises(AssertionError):
            repeats(broken, text)


@pytest.mark.parametrize("options, seed", [("--log-size=none", 1), ("--log-size=16K --log-count=20", 2)])
def test_killed_again_and_again_under_load_it_loses_no_byte_of_any_guest(sim, tmp_path, options, seed):
    lines = sim(SCRIPT % {"options": options, "seed": seed}, seconds=500)
    assert not lines
    text, found = printed(), []
    for number in range(1, GUESTS + 1):
        found += repeats(whole_log(tmp_path, f"guest-g{number}"), text)
    rotated = [path for path in tmp_path.iterdir() if re.search(r"\.log\.\d+$", path.name)]
    assert bool(rotated) == ("16K" in options)
    assert len(found) <= KILLS
    print(f"{GUESTS} guests, {GUESTS * LINES} lines, {KILLS} kills: nothing lost, repeated: {found or 'nothing'}")


def test_a_guest_whose_event_died_with_the_daemon_goes_on(sim):
    """It waits for room in a ring that is empty: the last daemon took what was in it, and did not live to say so."""
    lines = sim("""
        WAIT=--wait=store guests 1 g flood-console
        simxen ctl event lose domid=1 port=$("$WIRE" "2=/local/domain/1/console/port\\0" | sed 's/^2 *//')
        serve
        stuck() { answers && [ "$(column 2 g1) $(column 5 g1)" = "event 2048" ]; }
        wait_for stuck
        sleep 0.5
        stuck && echo it waits
        kill -9 $console
        wait $console 2>/dev/null
        simxen ctl clear
        serve
        goes_on() { answers && [ "$(column 5 g1)" -gt 10000 ]; }
        wait_for goes_on && echo it goes on
    """)
    assert lines == ["it waits", "it goes on"]
