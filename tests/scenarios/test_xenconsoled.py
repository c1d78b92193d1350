# SPDX-License-Identifier: GPL-2.0-or-later
"""xenconsoled without a Xen host: its command line, its manual, and how it refuses to start."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def call(*command):
    return subprocess.run([str(word) for word in command], text=True, check=False, timeout=20,
                          stdin=subprocess.DEVNULL, capture_output=True)


def test_help_and_manual_name_the_same_options(program):
    usage = call(program("xenconsoled"), "--help").stdout
    manual = (ROOT / "doc/xenconsoled.8").read_text().replace("\\-", "-")
    option = re.compile(r"--[a-z][a-z-]*")
    assert set(option.findall(usage)) == set(option.findall(manual))


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
