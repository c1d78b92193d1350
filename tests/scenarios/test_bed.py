# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of the bed that need no machine: counting, curves, tables."""
import argparse
import importlib.util
import sys
from pathlib import Path

import pytest

XEN = Path(__file__).resolve().parents[1] / "xen"
sys.path.insert(0, str(XEN))

from bed import curve, image, tap  # noqa: E402
from bed.cache import BedError  # noqa: E402
from bed.screen import Screen  # noqa: E402


def load(name, folder=XEN):
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def counted(*lines):
    counts = tap.Counts()
    for line in lines:
        counts.take(line)
    return counts


def test_tap_is_counted_by_kind():
    counts = counted("# ok 7 - a remark", "ok 1 - a", "not ok 2 - b", "ok 3 - c # SKIP no reason", "okay", "1..3")
    assert (counts.passed, counts.failed, counts.skipped) == (1, 1, 1)
    assert counts.complete()


def test_a_stream_that_stops_early_is_not_complete():
    assert not counted("ok 1 - a").complete()
    assert not counted("ok 1 - a", "1..2").complete()


def test_a_run_that_went_wrong_without_a_failed_test_counts_as_one():
    counts = counted("ok 1 - a")
    counts.count_as_failed()
    assert str(counts) == "1 passed, 1 failed"


def test_a_curve_gives_the_slope_where_it_is_asked_for():
    # 10 ms each for the first hundred, 20 ms each for the second.
    ends = [0.01 * n for n in range(1, 101)] + [1 + 0.02 * n for n in range(1, 101)]
    line = curve.Curve("x", [curve.Created(at, 3) for at in ends])
    assert [round(ms, 3) for _, _, ms, _ in line.hundreds()] == [10, 20]
    assert line.around(10)[0] == pytest.approx(10)
    assert line.around(150)[0] == pytest.approx(20)
    assert line.around(150)[1] == pytest.approx(3)
    assert line.around(200) is None
    assert line.total() == pytest.approx(3)


def test_the_stores_cpu_is_shared_by_the_domains_that_came_meanwhile():
    show = load("demo").Show(Screen(), 4, "ours", one_by_one=False)
    created = '{"event":"created","name":"g","end_us":%d,"stages_us":{"store":900000}}'
    show.line("@store-cpu 1000000")
    show.line("@store-cpu 3000000")     # nobody yet: it belongs to the next
    for at in (1, 2, 3):
        show.line(created % at)
    show.line("@store-cpu 7000000")
    show.line((created % 4)[:20] + "@store-cpu 7000000")
    show.line((created % 4)[20:])
    show.line("@store-cpu 9000000")
    assert [one.store_ms for one in show.curve.created] == [2, 2, 2, 2]


def test_an_event_that_is_not_all_there_yet_is_waited_for(tmp_path):
    demo = load("demo", XEN.parents[1] / "simxen")
    run = demo.Run(Screen(), argparse.Namespace(n=1, in_flight=0, build=tmp_path), "ours")
    event = '{"event":"created","end_us":1,"stages_us":{"store":1000,"introduce":1000}}\n'
    with open(tmp_path / "events", "w", encoding="ascii") as writer, open(tmp_path / "events", encoding="ascii") as reader:
        for piece in (event[:30], event[30:], event):
            writer.write(piece)
            writer.flush()
            run._take_events(reader)        # pylint: disable=protected-access
    assert [one.store_ms for one in run.curve.created] == [2, 2]


def test_a_comparison_shows_only_what_was_reached():
    short = curve.Curve("ours", [curve.Created(0.01 * n, 1) for n in range(1, 21)])
    text = "\n".join(curve.comparison([short, short]))
    assert "ours" in text
    assert [line.split()[0] for line in text.splitlines()[2:]] == ["10", "all,"]


def test_equal_peers_share_a_line():
    lines = list(load("demo").grouped(["  in use  4", "  1  2  0", "  2  2  0", "  3  1  1"]))
    assert [line.split() for line in lines] == [["in", "use", "4"], ["1", "–", "2", "2", "0", "each"], ["3", "1", "1"]]


def test_the_machine_grows_with_the_domains_and_no_sooner():
    demo = load("demo")
    assert demo.memory_for(1) == demo.memory_for(100)
    assert demo.memory_for(3000).total > demo.memory_for(1000).total > 4096


def test_a_kernel_of_another_packing_is_refused():
    head = bytearray(4096)
    head[0x1f1] = 4
    with pytest.raises(BedError):
        image.unpack_kernel(bytes(head))
