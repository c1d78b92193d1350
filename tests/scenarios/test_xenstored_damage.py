# SPDX-License-Identifier: GPL-2.0-or-later
"""What xenstored keeps: damaged, cut, foreign, newer, and what --recover and --fresh make of it, also when they are killed."""
import os
import random
import shutil
import signal
import struct
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE)]

from storeprobe import Store, dies, spoil_journal  # noqa: E402

RM, SET_PERMS = 13, 14
SEED = 5
FILES = ("image", "journal.0", "journal.1", "turn")
N_FLIPS = 60                # of each file


@pytest.fixture(name="store")
def a_store(program, tmp_path):
    store = Store(program("xenstored"), tmp_path)
    yield store
    store.end()


def fill(store):
    """Something in the image, something in the journal. Returns every tree that there was after a request."""
    rng = random.Random(SEED)
    assert store.start(), store.said
    trees = []

    def seen():
        if trees:
            trees.append(store.tree())
    for part in ("image", "journal"):
        link = store.link()
        for i in range(40):
            path = f"/{part}/{i % 7}/{i}"
            link.write(path, rng.randbytes(rng.choice((3, 40, 900))))
            seen()
            if i % 3 == 0:
                link.ask(SET_PERMS, path, "n0", f"r{i}")
                seen()
            if i % 5 == 4:
                link.ask(RM, f"/{part}/{(i - 2) % 7}/{i - 2}")
                seen()
        store.end(signal.SIGTERM if part == "image" else signal.SIGKILL)
        if part == "image":
            assert store.start(), store.said
            trees.append(store.tree())
    return trees


def copy_of(store, original):
    shutil.rmtree(store.state, ignore_errors=True)
    shutil.copytree(original, store.state)


def judge(store, trees, what):
    """It serves what was acknowledged, or refuses and says why, and nothing is touched. Returns whether it refused."""
    before = {name: (store.state / name).read_bytes() for name in FILES if (store.state / name).exists()}
    if store.start():
        assert store.tree() == trees[-1], f"{what}: something else is served: {store.said}"
        store.end()
        return False
    assert "saved state:" in store.said and "--recover" in store.said and "--fresh" in store.said, f"{what}: {store.said}"
    assert before == {name: (store.state / name).read_bytes() for name in before}, f"{what}: refused, but changed"
    return True


def recovers(store, trees, what, is_damaged=True):
    """--recover serves a tree that there was, or says that nothing can be used; --fresh always begins anew."""
    recovered = store.start("--recover")
    if recovered:
        assert store.tree() in trees, f"{what}: --recover serves what never was: {store.said}"
        assert (store.state / "aside.1/turn").exists() == is_damaged, what
        store.end()
        assert store.start(), f"{what}: after --recover: {store.said}"
    else:
        assert store.start("--fresh"), f"{what}: {store.said}"
        assert set(store.tree()) <= {b"/", b"/tool", b"/tool/xenstored"}, what
        assert (store.state / "aside.1").is_dir(), what
    store.end()
    return recovered


def spots(rng, size):
    """Offsets in a file: the beginning above all."""
    return sorted({rng.randrange(min(size, limit)) for limit in (64, 512, 4096, size) for _ in range(N_FLIPS // 4)})


@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes_are_found(store, tmp_path_factory, name):
    trees = fill(store)
    original = tmp_path_factory.mktemp("state")
    shutil.copytree(store.state, original, dirs_exist_ok=True)
    rng = random.Random(SEED)
    n_refused = 0
    for at in spots(rng, (original / name).stat().st_size):
        copy_of(store, original)
        data = bytearray((original / name).read_bytes())
        data[at] ^= 1 << rng.randrange(8)
        (store.state / name).write_bytes(data)
        if judge(store, trees, f"{name}: byte {at}"):
            n_refused += 1
            if n_refused % 4 == 0:
                recovers(store, trees, f"{name}: byte {at}")
    assert n_refused > 0 or name.startswith("journal")     # one of the two may hold nothing that counts


@pytest.mark.parametrize("name", FILES)
def test_truncated_files_are_found(store, tmp_path_factory, name):
    trees = fill(store)
    original = tmp_path_factory.mktemp("state")
    shutil.copytree(store.state, original, dirs_exist_ok=True)
    size = (original / name).stat().st_size
    for keep in (0, 1, 16, 63, 64, 512, 4095, size // 3, size // 2, size - 1):
        copy_of(store, original)
        os.truncate(store.state / name, min(keep, size - 1))
        if judge(store, trees, f"{name}: {keep} bytes of {size}") and keep in (0, 64, size // 2):
            recovers(store, trees, f"{name}: {keep} bytes of {size}")
    copy_of(store, original)
    (store.state / name).unlink()
    if name != "turn":      # which says that there is a state at all
        judge(store, trees, f"{name}: missing")


def test_damage_in_the_journal_costs_what_follows_it(store):
    trees = fill(store)
    spoil_journal(store)
    assert not store.start()
    assert recovers(store, trees, "the middle of the journal")


def test_a_recovery_that_is_killed_loses_nothing(store, stepping, tmp_path_factory):
    fill(store)
    spoil_journal(store)
    original = tmp_path_factory.mktemp("state")
    shutil.copytree(store.state, original, dirs_exist_ok=True)
    assert store.start("--recover"), store.said
    tree = store.tree()
    store.end()
    assert len(tree) > 40
    for step in [f"{n}:set_aside" for n in range(1, 6)] + \
            ["1:image_stored", "2:image_stored", "1:image_complete", "1:image_renamed", "1:all_restored", "1:restart_committed"]:
        for again in (None, "1:put_back", "3:put_back", "5:put_back") if step in ("3:set_aside", "1:image_renamed") else (None,):
            copy_of(store, original)
            assert dies(store, stepping, step, "--recover"), step
            assert not again or dies(store, stepping, again), again
            served = store.start()
            assert served or "--recover" in store.said, f"{step}, {again}: {store.said}"
            assert not served or store.tree() == tree, f"{step}, {again}: something else is served: {store.said}"
            store.end()
            assert store.start("--recover"), f"{step}, {again}: {store.said}"
            assert store.tree() == tree, f"{step}, {again}"
            store.end()
            assert len(list(store.state.glob("aside.*"))) == 1, f"{step}, {again}"
            assert not os.path.lexists(store.state / "recovering")


def test_recovery_of_what_is_whole_is_an_ordinary_start(store):
    trees = fill(store)
    for _ in range(2):
        assert store.start("--recover"), store.said
        assert store.tree() == trees[-1]
        store.end()
    assert not list(store.state.glob("aside.*")), "each start would take as much room again"


@pytest.mark.parametrize("name", FILES)
def test_foreign_and_newer_files_are_refused(store, tmp_path_factory, name):
    trees = fill(store)
    original = tmp_path_factory.mktemp("state")
    shutil.copytree(store.state, original, dirs_exist_ok=True)
    size = (original / name).stat().st_size
    (store.state / name).write_bytes((b"# Nobody's configuration\n" * (size // 25 + 1))[:size])
    refused = judge(store, trees, f"{name}: foreign")
    recovers(store, trees, f"{name}: foreign", refused)
    if name == "image":     # its version stands in a record of tdb
        return
    copy_of(store, original)
    with open(store.state / name, "r+b") as file:
        file.seek(12)
        file.write(struct.pack("=I", 99))
    if judge(store, trees, f"{name}: newer"):
        assert "newer" in store.said, store.said
