# SPDX-License-Identifier: GPL-2.0-or-later
"""simxen's guests are those of tests/guest/: the same words, and the bed's scenarios played with them."""
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests"))

from stores import stock  # noqa: E402
from stores.says import StoreError  # noqa: E402

# Those that need no Linux guest, no kernel of dom0's, no service manager, and no settings of the machine.
SCENARIOS = ["guest-words", "smoke", "console", "console-life", "bad-input"]
PT_LOAD = 1


def documented():
    """The words of the table in tests/guest/README.md."""
    rows = [line for line in (TOP / "tests/guest/README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([a-z-]+)[^`]*`", row.split("|")[1])}


class Image:
    """A static kernel image: bytes by address."""

    def __init__(self, path):
        self.data = path.read_bytes()
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, number = struct.unpack_from("<HH", self.data, 54)
        heads = [struct.unpack_from("<IIQQQQ", self.data, offset + i * size) for i in range(number)]
        self.segments = [(address, at, length) for kind, _, at, address, _, length in heads if kind == PT_LOAD]
        names = subprocess.run(["nm", path], text=True, check=True, capture_output=True).stdout
        self.words = int(re.search(r"^([0-9a-f]+) \w words$", names, re.MULTILINE)[1], 16)

    def at(self, address):
        """The file's bytes from there on."""
        for first, offset, length in self.segments:
            if first <= address < first + length:
                return self.data[offset + address - first:]
        raise ValueError(hex(address))

    def table(self):
        """Names in its table of words: struct word is three 8-byte fields, the first points to the name."""
        found, entry = set(), self.at(self.words)
        while name := struct.unpack_from("<Q", entry)[0]:
            found.add(self.at(name).split(b"\0", 1)[0].decode())
            entry = entry[24:]
        return found


@pytest.fixture(name="scenario")
def played_on_simxen(build):
    """scenario("smoke") plays it."""
    if not (build / "simxen/simxen").is_file() or not (build / "xencreate/xencreate").is_file():
        pytest.skip("simxen is not built")
    try:
        stock.root()
    except StoreError as error:
        pytest.skip(str(error))

    def play(*words):
        return subprocess.run([TOP / "simxen/scenario", "--build", build, *words], text=True, check=False, capture_output=True, timeout=300,
                              stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})

    return play


def test_the_kernel_and_its_description_have_the_same_words(build):
    """What real Xen boots."""
    kernel = build / "tests/guest/guest"
    if not kernel.is_file():
        pytest.skip("the guest is not built")
    assert Image(kernel).table() == documented()


def test_simxen_plays_all_words_and_no_others(build, scenario, tmp_path):
    """A guest is given every documented word, in pieces that fit, and one that there is not: only that one is unknown."""
    script = tmp_path / "words.sh"
    # Harmless arguments: a word that ends its guest does so much later.
    words = [f"{word}=100000" if word in ("exit", "reboot", "crash", "fault", "flood-console") else f"{word}=1" for word in documented()]
    script.write_text("start_daemons\n" + "".join(
        f'ok "{word}" timeout 60 xencreate -q --no-preflight --wait=none "$(tiny_cfg w{i} {word} no-{i} hello)"\n'
        f'ok "{word}: heard" wait_for 20 console_says w{i} "unknown word: no-{i}"\n' for i, word in enumerate(words)) +
        f'is "no other word is unknown" "$(cat $CONSOLE_LOGS/guest-w*.log* | grep -c "unknown word")" {len(words)}\n', encoding="ascii")
    result = scenario(str(script))
    assert result.returncode == 0 and result.stdout.count("\nok ") == 2 * len(words) + 1, result.stdout + result.stderr
    assert len(words) >= 20


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_of_real_xen_holds_on_simxen(scenario, name):
    """The same file, the same helpers, the same results."""
    result = scenario(name)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nnot ok" not in result.stdout and "runtime error" not in result.stdout + result.stderr
