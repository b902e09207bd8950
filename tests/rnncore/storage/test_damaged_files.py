"""Runs that are damaged, foreign or crafted are refused, at little cost."""

from __future__ import annotations

import io
import random
import re
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from rnncore import load
from rnncore.errors import FileFormatError, RnnCoreError
from rnncore.storage import npz
from tests.support.saved_runs import make, run, saved

# --- damage ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good() -> bytes:
    solver = make(hidden_dim=2, update_rule="sgd")
    run(solver, 3)
    return saved(solver)


def test_no_part_of_a_file_opens(good):
    for end in [*range(0, len(good), 13), len(good) - 1]:
        with pytest.raises(FileFormatError):
            load(good[:end])


def test_no_file_with_more_behind_or_before_it_opens(good):
    for changed in (good + b"\0", b"\0" + good, good + good):
        with pytest.raises(FileFormatError):
            load(changed)


def test_no_flipped_bit_is_loaded(good):
    changed = bytearray(good)
    for at in range(len(good)):
        bit = 1 << at % 8
        changed[at] ^= bit
        with pytest.raises(FileFormatError):
            load(bytes(changed))
        changed[at] ^= bit


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK",
        b"PK\x03\x04",
        b"\x80",
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        bytes(1000),
        b"PK\x05\x06",
    ],
)
def test_foreign_files_are_refused_in_a_sentence(raw):
    with pytest.raises(FileFormatError) as caught:
        load(raw)
    assert re.fullmatch(r"The [^\n]{10,200}\.", str(caught.value))


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(RnnCoreError, match="cannot be read"):
        load(tmp_path / "none.npz")
    with pytest.raises(RnnCoreError, match="cannot be read"):
        load(tmp_path)


def test_another_program_s_npz_is_refused():
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    with pytest.raises(FileFormatError, match="not a whole run"):
        load(file)


# --- crafted files: the seal is right, what it seals is not ----------------------------------


def crafted(change) -> bytes:
    """A file whose plain values and arrays were changed before it was sealed."""
    solver = make(update_rule="momentum")
    run(solver, 3)
    values, arrays = npz.read(io.BytesIO(saved(solver)))
    values, arrays = values, {name: array.copy() for name, array in arrays.items()}
    change(values, arrays)
    file = io.BytesIO()
    npz.write(file, values, arrays)
    return file.getvalue()


def put(name, value):
    return lambda values, arrays: arrays.update({name: value})


def told(table, **said):
    return lambda values, arrays: values[table].update(said)


def fill(name, value):
    return lambda values, arrays: arrays[name].fill(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, a: v.update(format="rnncore run 99"), "'rnncore run 99'; .*'rnncore run 1'"),
        (lambda v, a: v.pop("format"), "format is None"),
        (lambda v, a: v.pop("model"), "does not say its model"),
        (lambda v, a: v.pop("solver"), "does not say its solver"),
        (lambda v, a: v.update(position=3), "does not say its position"),
        (lambda v, a: v.pop("ids"), "does not say its ids"),
        (told("model", hidden_dim=4096), "Wh in the file|Wx in the file"),
        (told("model", hidden_dim=4.0), "hidden_dim is 4.0"),
        (told("model", num_layers=10**9), "num_layers is 1000000000"),
        (told("model", cell_type="lstm2"), "cell_type is 'lstm2'"),
        (told("model", init=False), "settings are not"),
        (told("solver", update_rule="adam"), "moments mean"),
        (told("solver", update_rule=["sgd"]), "update_rule is"),
        (told("solver", batch_size=10**9), "1 in the file is"),
        (told("solver", batch_size="3"), "batch_size is '3'"),
        (told("solver", seq_length=10**9), "need at least"),
        (told("solver", lr=-1), "lr is -1"),
        (told("solver", clip=[]), r"clip is \[\]"),
        (told("solver", data=[]), "data"),
        (lambda v, a: v["solver"].pop("lr"), "not all there"),
        (told("position", iteration=-1), "where the run stands"),
        (told("position", iteration=1.5), "where the run stands"),
        (told("position", cursor=1 << 70), "where the run stands"),
        (told("position", rng={}), "where the run stands"),
        (told("position", rng={"bit_generator": "MT19937"}), "where the run stands"),
        (told("ids", crc32=1), "not those of the text"),
        (lambda v, a: v.update(columns=["loss"]), "columns"),
        (put("history", np.zeros((7, 2), "f4")), "history has the form"),
        (put("history", np.zeros((6, 2))), "history has the form"),
        (fill("history", np.nan), "history holds"),
        (put("more", np.zeros(2)), r"also holds \['more'\]"),
        (put("params/more", np.zeros(2)), "parameters"),
        (lambda v, a: a.pop("params/b"), "parameters"),
        (lambda v, a: a.pop("state/1"), "states"),
        (lambda v, a: a.pop("moments/velocity/b"), "moments velocity"),
        (fill("params/b", np.nan), "b holds 16 values that are not finite"),
        (fill("moments/velocity/b", np.inf), "b holds 16 values that are not finite"),
        (fill("state/1", np.nan), "1 holds 24 values that are not finite"),
        (put("params/b", np.zeros(16, "f8")), "b in the file is <f8"),
        (put("vocab", np.array([1] * 7, "u4")), "twice"),
        (put("vocab", np.array([1 << 31] * 7, "u4")), "does not consist of characters"),
        (put("vocab", np.zeros((7, 1), "u4")), "does not consist of characters"),
        (put("vocab", np.arange(70_000, dtype="u4")), "does not consist of characters"),
        (put("ids", np.zeros((7, 100), "u1")), "ids have the form"),
        (put("ids", np.zeros(700, "u2")), "ids have the form"),
        (put("ids", np.full(700, 200, "u1")), "not those of the text|200"),
    ],
)  # fmt: skip
def test_a_crafted_run_is_refused(change, message):
    with pytest.raises(RnnCoreError, match=message) as caught:
        load(crafted(change))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "change",
    [
        put("vocab", np.arange(1_000_000, dtype="u4")),
        put("ids", np.zeros(4_000_000, "u1")),
        put("history", np.full((7, 70_000), np.nan)),
        put("state/1", np.zeros((2, 250_000, 2), "f4")),
        put("more", np.zeros(4_000_000, "u1")),
    ],
    ids=["vocabulary", "ids", "history", "state", "more"],
)
def test_a_large_crafted_run_costs_twice_its_size_at_most(change):
    """A file may have 25 MB, and a refusal may take 50."""
    raw = crafted(change)
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(RnnCoreError):
            load(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 3.9e6 < len(raw) < 4.1e6
    assert peak < 2 * len(raw)
    assert time.process_time() - started < 1


def sealed_zip(build, tail=lambda raw: raw) -> bytes:
    """A zip that ``build`` fills, ended by a true seal; ``tail`` may change it before that."""
    file = io.BytesIO()
    sealed = npz._Sealed(file)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        build(archive)
        archive.comment = npz._MARK + bytes(32)
    sealed.write(tail(inner.getvalue()))
    sealed.close()
    return file.getvalue()


def member(array: np.ndarray, **how) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **how)
    return file.getvalue()


def with_meta(text: str, **members: bytes):
    def build(archive: zipfile.ZipFile) -> None:
        archive.writestr("meta.npy", member(np.frombuffer(text.encode(), np.uint8)))
        for name, raw in members.items():
            archive.writestr(f"{name}.npy", raw)

    return build


def header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def one(said: str, raw: bytes):
    return with_meta(f'{{"arrays": {{"a": {said}}}}}', a=raw)


def compressed(archive: zipfile.ZipFile) -> None:
    raw = member(np.zeros(1_000_000, np.uint8))
    archive.writestr("meta.npy", raw, zipfile.ZIP_DEFLATED)


def many(archive: zipfile.ZipFile) -> None:
    for i in range(1000):
        archive.writestr(f"{i}.npy", b"")


def twice(archive: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        with_meta("{}", meta=b"")(archive)


def pointing_to_64(raw: bytes) -> bytes:
    """The pointer that makes zipfile believe other numbers than those that were checked."""
    end = len(raw) - 22 - npz._SEAL
    return raw[:end] + b"PK\x06\x07" + bytes(16) + raw[end:]


ARRAY = member(np.zeros(4, np.float32))
ZIPS = {
    "compressed": (compressed, "which no run does"),
    "many members": (many, "more members"),
    "a member twice": (twice, "overlap"),
    "no meta": (lambda z: z.writestr("a.npy", ARRAY), "does not say what it holds"),
    "another name": (lambda z: z.writestr("../../a.txt", b""), "which no run does"),
    "meta of text": (with_meta("hello"), "damaged"),
    "meta of a list": (with_meta("[]"), "does not say"),
    "deep meta": (with_meta("[" * 60_000), "does not say"),
    "vast meta": (with_meta(" " * 100_000), "does not say"),
    "long number": (with_meta('{"format": ' + "9" * 60_000 + "}"), "damaged"),
    "no arrays": (with_meta("{}"), "does not hold the arrays"),
    "other arrays": (with_meta('{"arrays": {"b": ["<f4", [4], 0]}}', a=ARRAY), "does not hold"),
    "larger": (one('["<f4", [4000000000], 0]', ARRAY), "another size"),
    "vast": (one('["<f4", [99999999999, 99999999999], 0]', ARRAY), "another size"),
    "negative": (one('["<f4", [-4], 0]', ARRAY), "another size"),
    "fraction": (one('["<f4", [4.0], 0]', ARRAY), "another size"),
    "many axes": (one('["<f4", [1, 1, 1, 4], 0]', ARRAY), "another size"),
    "of objects": (
        one('["|O", [1], 0]', member(np.array([{}], object), allow_pickle=True)),
        "another size",
    ),
    "secretly of objects": (
        one('["<f4", [4], 0]', header("(2,)", "'|O'") + bytes(16)),
        "another form|damaged",
    ),
    "another header": (one('["<f4", [4], 0]', header("(2, 2)") + bytes(16)), "another form"),
    "vast header": (one('["<f4", [4], 0]', header("(99999999999,)") + bytes(16)), "another form"),
    "deep header": (one('["<f4", [4], 0]', header("(" * 60) + bytes(16)), "another form"),
    "short data": (one('["<f4", [4], 0]', header("(4,)") + bytes(12)), "another size|form"),
    "wrong checksum": (one('["<f4", [4], 1]', ARRAY), "checksum of a differs"),
    "no array": (one('["<f4", [4], 1]', b"x" * 100), "not an array"),
    "right": (one('["<f4", [4], 3971697493]', ARRAY), "format is None"),
}  # fmt: skip


@pytest.mark.parametrize("name", ZIPS)
def test_a_crafted_zip_is_refused_cheaply(name):
    build, message = ZIPS[name]
    raw = sealed_zip(build)
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=message):
            load(raw)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_a_zip_of_two_ends_is_refused():
    with pytest.raises(FileFormatError, match="not a whole run"):
        load(sealed_zip(with_meta("{}"), pointing_to_64))


def test_changed_sealed_files_never_do_worse_than_a_refusal(good):
    """Random damage under a true seal, as someone who means harm could make it."""
    draw = random.Random(7)
    for _ in range(400):
        raw = bytearray(good[: -npz._SEAL])
        near_the_end = draw.random() < 0.5
        for _ in range(draw.randint(1, 4)):
            low = len(raw) - 1200 if near_the_end else 0
            raw[draw.randrange(low, len(raw))] = draw.randrange(256)
        file = io.BytesIO()
        sealed = npz._Sealed(file)
        sealed.write(bytes(raw) + npz._MARK + bytes(32))
        sealed.close()
        try:
            solver = load(file)
        except RnnCoreError:
            continue
        assert np.isfinite(solver.model.flat).all()
