# SPDX-License-Identifier: GPL-2.0-or-later
"""xenconsoled without a Xen host: its command line, its manual, and how it refuses to start."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def call(*command):
    return subprocess.run([str(word) for word in command], text=True, check=False, timeout=300,
                          stdin=subprocess.DEVNULL, capture_output=True)


def test_help_and_manual_name_the_same_options(program):
    usage = call(program("xenconsoled"), "--help").stdout
    manual = (ROOT / "doc/xenconsoled.8").read_text().replace("\\-", "-")
    option = re.compile(r"--[a-z][a-z-]*")
    assert set(option.findall(usage)) == set(option.findall(manual))


def test_what_the_list_of_tests_names_is_there():
    listed = (ROOT / "doc/tests-xenconsoled.md").read_text()
    written = "".join(path.read_text() for path in (ROOT / "tests/scenarios").glob("test_*.py"))
    names = re.findall(r"`(test_\w+)`", listed)
    scripts = re.findall(r"`([a-z-]+\.sh)`", listed)
    assert len(names) > 20 and len(scripts) > 10
    assert [name for name in names if f"def {name}(" not in written] == []
    assert [name for name in scripts if not (ROOT / "tests/xen/scenarios" / name).is_file()] == []
    ours = "".join(path.read_text() for path in (ROOT / "tests/scenarios").glob("test_xenconsoled_*.py"))
    # Figures and the journal are no thing that happens to a daemon; idleness is measured.
    rest = {"test_figures_of_many_come_whole_and_in_order", "test_the_journal_gets_lines_and_a_slow_one_holds_nobody_up",
            "test_the_daemon_wakes_for_nothing_when_nothing_happens", "test_the_check_itself_finds_losses_and_repeats"}
    assert set(re.findall(r"^def (test_\w+)\(sim", ours, re.M)) - rest - set(names) == set()


def test_mistakes_on_the_command_line_end_as_in_the_stock_daemon(program):
    assert call(program("xenconsoled"), "--no-such-option").returncode == 22
    assert call(program("xenconsoled"), "--log-dir").returncode == 22


def test_without_a_daemon_there_are_no_figures(program, tmp_path):
    result = call(program("xenconsoled"), "--stats", f"--run-dir={tmp_path}")
    assert result.returncode == 1
    assert str(tmp_path) in result.stderr
    assert result.stdout == ""


def test_without_xen_it_does_not_start_and_leaves_nothing_behind(program, tmp_path):
    result = call(program("xenconsoled"), "-i", f"--run-dir={tmp_path}/run", f"--log-dir={tmp_path}")
    assert result.returncode == 1
    assert "cannot start" in result.stderr
    assert not list((tmp_path / "run").iterdir())


def test_in_the_background_the_first_process_tells_of_the_failure(program, tmp_path):
    result = call(program("xenconsoled"), f"--run-dir={tmp_path}/run", f"--pid-file={tmp_path}/pid")
    assert result.returncode == 1
    assert not (tmp_path / "pid").exists()
