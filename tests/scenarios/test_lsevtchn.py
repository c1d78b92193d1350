# SPDX-License-Identifier: GPL-2.0-or-later
"""lsevtchn without a host: its documents agree with it, and it plans and amends."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

PV = "name = 'pv'\nvif = ['']\ndisk = ['/dev/vg/a,raw,xvda']\n"


@pytest.fixture(name="lsevtchn")
def call_lsevtchn(program):
    """lsevtchn("--help") runs it."""
    path = program("lsevtchn")

    def call(*words, status=0):
        result = subprocess.run([str(path), *map(str, words)], text=True, check=False, timeout=300,
                                stdin=subprocess.DEVNULL, capture_output=True, env={**os.environ, "LC_ALL": "C"})
        assert result.returncode == status, result.stdout + result.stderr
        return result

    return call


@pytest.fixture(name="config")
def write_config(tmp_path):
    """config("text") is the path of an xl.cfg of that text."""

    def write(text, name="a.cfg"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def options_of_help(text):
    """{"--copies": "-n", "--explain": None}"""
    return {f"--{name}": short and f"-{short}"
            for short, name in re.findall(r"^  (?:-(\w), |    )--([\w-]+)", text, re.M)}


def test_man_page_help_and_completion_name_the_same_options(lsevtchn):
    options = options_of_help(lsevtchn("--help").stdout)
    assert len(options) > 20
    page = (TOP / "doc/lsevtchn.8").read_text(encoding="utf-8").replace("\\-", "-")
    described = re.findall(r"^\.TP\n\.(?:B|BR|BI) (.*)", page, re.M) + re.findall(r"^\.TP\n(?:\.TP\n|\.BR .*\n)+", page, re.M)
    heads = " ".join(described)
    documented = set(re.findall(r"--[a-z][a-z-]*", heads)) | set(re.findall(r"^\.BR -h , .*(--help)", page, re.M))
    for head in re.findall(r"^\.BR (-\w) \", \" (--[a-z-]+)", page, re.M):
        documented.add(head[1])
        assert options[head[1]] == head[0]
    assert documented == set(options)
    completion = (TOP / "lsevtchn/completion/lsevtchn").read_text(encoding="utf-8")
    block = re.search(r"local options='([^']*)'", completion).group(1)
    assert {word.rstrip("=") for word in block.split()} == set(options)


def test_help_and_completion_know_the_same_assumptions(lsevtchn):
    text = lsevtchn("--help").stdout
    keys = set(re.findall(r"^  ([a-z][a-z0-9-]*)=", text.split("What can be assumed")[1], re.M))
    completion = (TOP / "lsevtchn/completion/lsevtchn").read_text(encoding="utf-8")
    block = re.search(r"local assumptions='([^']*)'", completion).group(1)
    assert {word.rstrip("=") for word in block.split()} == keys


def test_completion_completes():
    script = (f"source {TOP}/lsevtchn/completion/lsevtchn; COMP_WORDS=(lsevtchn --pre); COMP_CWORD=1; _lsevtchn;"
              "echo \"${COMPREPLY[@]}\"; COMP_WORDS=(lsevtchn --sort = l); COMP_CWORD=3; _lsevtchn; echo \"${COMPREPLY[@]}\"")
    result = subprocess.run(["bash", "-c", script], text=True, check=True, capture_output=True, timeout=300)
    assert result.stdout.split() == ["--preflight", "left"]


def test_the_man_page_has_no_mistakes(tmp_path):
    result = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(TOP / "doc/lsevtchn.8")],
                            check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path) \
        if os.access("/usr/bin/man", os.X_OK) else None
    if result is None:
        pytest.skip("man is not installed")
    assert result.stderr == ""


@pytest.mark.parametrize("assumptions, config_text, expected", [
    ("dom0=2l-32,base=75,bridge=2000,split=off,control=off,vif-queues=1,vbd-queues=1",
     "name='h'\ntype='hvm'\nvkb_device=0\nvif=['']\ndisk=['/dev/x,raw,xvda']\n", 158),
    ("dom0=2l-64,base=98,bridge=2000,split=off,control=off,vif-queues=1,vbd-queues=1",
     "name='h'\ntype='hvm'\nvcpus=2\nvkb_device=0\nvif=['']\ndisk=['/dev/x,raw,xvda']\n", 571),
    ("dom0=2l-32,vcpus=32,pirqs=64,split=off,vif-queues=1,vbd-queues=1", PV, 180),
    ("dom0=2l-32,base=0,split=off,vif-queues=1,vbd-queues=1", PV, 255),
])
def test_the_published_cases_come_out_of_the_program(lsevtchn, config, assumptions, config_text, expected):
    path = config(config_text)
    fits = json.loads(lsevtchn("--preflight", "--json", "--assume", assumptions, "-n", expected, path).stdout)
    assert fits["would_fit"] == expected
    assert fits["binding"] == "ports"
    lsevtchn("--preflight", "--assume", assumptions, "-n", expected + 1, path, status=1)


def test_every_mistake_in_every_file_is_told(lsevtchn, config):
    good, bad, worse = config(PV), config("name='a'\nvcpus = 'x'\n", "b.cfg"), config("name='c'\nvif=['y']\n", "c.cfg")
    result = lsevtchn("--preflight", "--assume=dom0=fifo", good, bad, worse, "/nonexistent.cfg", status=2)
    assert f"{bad}:2: parameter `vcpus' is not a valid number" in result.stderr
    assert f"{worse}:2: 'y' in a vif is not of the form key=value" in result.stderr
    assert "/nonexistent.cfg: No such file or directory" in result.stderr


def test_a_malformed_policy_is_refused_with_line_and_reason(lsevtchn, config):
    policy = config("[default]\nhard = many\n", "policy")
    result = lsevtchn("--preflight", "--assume=dom0=fifo", "--policy", policy, config(PV), status=2)
    assert f"{policy}:2: 'many' is no number of event channels" in result.stderr
    lsevtchn("--preflight", "--assume=dom0=fifo", "--policy", "/nonexistent", config(PV), status=2)


def test_preflight_refuses_what_breaks_the_policy_and_amend_mends_it(lsevtchn, config):
    path, policy = config(PV), config("[default]\nhard = 100\n", "policy")
    arguments = ("--assume=dom0=fifo", "--policy", policy, path)
    assert "the policy allows 100 (line 2)" in lsevtchn("--preflight", *arguments, status=1).stdout
    lsevtchn("--preflight", "--enforced", *arguments)
    lsevtchn("--amend", "--dry-run", "--policy", policy, path)
    assert path.read_text(encoding="utf-8") == PV
    lsevtchn("--amend", "--policy", policy, path)
    assert path.read_text(encoding="utf-8") == PV + "max_event_channels = 100\n"
    lsevtchn("--preflight", *arguments)
    assert "is within the policy" in lsevtchn("--amend", "--policy", policy, path).stdout


def test_a_folder_means_all_files_in_it(lsevtchn, config, tmp_path):
    config(PV, "1.cfg")
    config(PV, "2.cfg")
    config("this is none", ".hidden")
    forecast = json.loads(lsevtchn("--preflight", "--json", "--assume=dom0=fifo", tmp_path).stdout)
    assert forecast["requested"] == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert json.loads(lsevtchn("--preflight", "--json", "--assume=dom0=fifo", empty).stdout)["verdict"] == "fits"


def test_output_goes_into_a_file_as_a_whole(lsevtchn, config, tmp_path):
    target = tmp_path / "forecast.json"
    lsevtchn("--preflight", "--json", "--output", target, "--assume=dom0=fifo", config(PV))
    assert json.loads(target.read_text(encoding="utf-8"))["verdict"] == "fits"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("forecast")] == ["forecast.json"]
    lsevtchn("--preflight", "--json", "--output", "/nonexistent/x", "--assume=dom0=fifo", config(PV), status=2)


def test_forecasts_keep_to_the_schema(lsevtchn, config):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((TOP / "doc/lsevtchn.schema.json").read_text(encoding="utf-8"))
    hvm = config("name='h'\ntype='hvm'\nvif=['backend=net']\ndevice_model_stubdomain_override=1\n", "h.cfg")
    for words in (("-n", 1), ("-n", 100000)):
        result = subprocess.run([lsevtchn.__closure__[0].cell_contents, "--preflight", "--json", "--assume=dom0=2l-32",
                                 *map(str, words), config(PV), hvm], check=False, capture_output=True, text=True, timeout=300)
        jsonschema.validate(json.loads(result.stdout), schema)


def test_without_a_hypervisor_it_could_not_look(lsevtchn):
    if os.path.exists("/dev/xen/privcmd"):
        pytest.skip("there is a hypervisor")
    for words in (("--all",), ("--summary",), ("--check-caps",), ("--preflight", "/dev/null")):
        lsevtchn(*words, status=2)
    stock = lsevtchn(status=1)
    assert stock.stdout == ""
    assert stock.stderr.endswith("lsevtchn: failed to open control interface\n")
