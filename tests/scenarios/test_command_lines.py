# SPDX-License-Identifier: GPL-2.0-or-later
"""What every program's command line has in common."""
import os
import re
import subprocess

import pytest

from conftest import TOP

PROGRAMS = ("xenstored", "xenconsoled", "lsevtchn", "xencreate")


def call(*command):
    # Sanitizers would otherwise complain about what libraries keep at exit.
    return subprocess.run([str(word) for word in command], text=True, check=False, timeout=300,
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


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
# A word of other programs, in the text of a man page.
FOREIGN = {"xencreate": {"--preflight", "--placements"}}


def in_help(program, name):
    """All long options that --help names; xencreate has two more helps, for what it undoes and for pools."""
    texts = [call(program(name), "--help").stdout]
    if name == "xencreate":
        texts += [call(program(name), word, "--help").stdout for word in ("destroy", "pool")]
    return set(OPTION.findall(" ".join(texts)))


def in_source(name):
    """Those that the program takes: the tables for getopt_long()."""
    rows = re.compile(r'\{ (?:NULL|"[^"]*"), "([a-z0-9-]+)",[^,]*,\s+(?:NO_ARGUMENT|REQUIRED|OPTIONAL)|'
                      r'\{ "([a-z0-9-]+)",\s+(?:no|required|optional)_argument')
    return {f"--{word}" for path in (TOP / name).rglob("*.c") for words in rows.findall(path.read_text())
            for word in words if word}


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_names_every_option_and_no_other(program, name):
    assert in_help(program, name) == in_source(name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_man_page_names_what_help_names(program, name):
    page = (TOP / f"doc/{name}.8").read_text().replace("\\-", "-")
    named = set(OPTION.findall(re.sub(r"\\f[A-Z]", "", page)))
    assert named - FOREIGN.get(name, set()) == in_help(program, name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_completion_offers_what_help_names(program, name):
    """Asked of bash itself, as somebody who types "--" and presses the key."""
    script = f'. {TOP}/{name}/completion/{name}; COMP_WORDS=({name} --); COMP_CWORD=1; _{name}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    offered = call("bash", "-c", script).stdout.split()
    assert {word.rstrip("=") for word in offered} == in_help(program, name)
