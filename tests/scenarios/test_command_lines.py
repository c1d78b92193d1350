# SPDX-License-Identifier: GPL-2.0-or-later
"""What every program's command line has in common."""
import os
import subprocess

import pytest

PROGRAMS = ("xenstored", "xenconsoled", "lsevtchn", "xencreate")


def call(*command):
    # Sanitizers would otherwise complain about what libraries keep at exit.
    return subprocess.run([str(word) for word in command], text=True, check=False, timeout=10,
                          stdin=subprocess.DEVNULL, capture_output=True, env={**os.environ, "LC_ALL": "C"})


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_goes_to_stdout_and_names_the_program(program, name):
    result = call(program(name), "--help")
    assert result.returncode == 0
    assert name in result.stdout
    assert "--help" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("name", PROGRAMS)
def test_version_is_one_line(program, name):
    result = call(program(name), "--version")
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_unknown_option_is_refused_on_stderr(program, name):
    result = call(program(name), "--no-such-option")
    assert result.returncode != 0
    assert "no-such-option" in result.stderr
