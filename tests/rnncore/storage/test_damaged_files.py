"""Damaged, foreign and crafted run files are refused at little cost."""

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


def test_a_truncated_file_is_refused(good):
    for end in [*range(0, len(good), 13), len(good) - 1]:
        with pytest.raises(FileFormatError):
            load(good[:end])


def test_a_file_with_extra_bytes_before_or_after_it_is_refused(good):
    for changed in (good + b"\0", b"\0" + good, good + good):
        with pytest.raises(FileFormatError):
            load(changed)


def test_a_file_with_a_flipped_bit_is_refused(good):
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
def test_foreign_files_are_refused_with_one_sentence(raw):
    with pytest.raises(FileFormatError) as caught:
        load(raw)
    assert re.fullmatch(r"The [^\n]{10,200}\.", str(caught.value))


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(RnnCoreError, match="cannot be read"):
        load(tmp_path / "none.npz")
    with pytest.raises(RnnCoreError, match="cannot be read"):
        load(tmp_path)


def test_an_npz_of_another_program_is_refused():
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    with pytest.raises(FileFormatError, match="not a complete run"):
        load(file)


# --- crafted files: the checksum is right, the content is not --------------------------------


def crafted(change) -> bytes:
    """A run file with a right checksum, whose values and arrays ``change`` has edited."""
    solver = make(update_rule="momentum")
    run(solver, 3)
    values, arrays = npz.read(io.BytesIO(saved(solver)))
    values, arrays = values, {name: array.copy() for name, array in arrays.items()}
    change(values, arrays)
    file = io.BytesIO()
    npz.write(file, values, arrays)
    return file.getvalue()


def set_array(name, value):
    return lambda values, arrays: arrays.update({name: value})


def set_values(table, **changes):
    return lambda values, arrays: values[table].update(changes)


def thin_history(ranges=None, **validations):
    def change(values, arrays):
        arrays["history_ranges"] = np.full((5, 2), 2.0) if ranges is None else ranges
        stored = validations.get("validations", np.zeros((4, 0)))
        if stored is not None:
            arrays["history_validations"] = stored

    return change


def with_layers(table, names=("iteration", "a")):
    def change(values, arrays):
        values["layer_figures"], arrays["history_layers"] = names, table

    return change


def fill_array(name, value):
    return lambda values, arrays: arrays[name].fill(value)


def with_best(values=None, **changes):
    """Add the best weights; ``changes`` to their record, ``values`` instead of parameter b."""

    def change(table, arrays):
        table["best"] = {"iteration": 3, "loss": 1.5} | changes
        params = {name: a for name, a in arrays.items() if name.startswith("params/")}
        arrays |= {name.replace("params", "best"): a.copy() for name, a in params.items()}
        if values is not None:
            arrays["best/b"] = np.full(values, 0, "f4")

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, a: v.update(format="rnncore run 99"), "'rnncore run 99'; .*'rnncore run 1'"),
        (lambda v, a: v.pop("format"), "format is None"),
        (lambda v, a: v.pop("model"), "lacks its model"),
        (lambda v, a: v.pop("solver"), "lacks its solver"),
        (lambda v, a: v.update(position=3), "lacks its position"),
        (lambda v, a: v.pop("ids"), "lacks its ids"),
        (set_values("model", hidden_dim=4096), "Wh in the file|Wx in the file"),
        (set_values("model", hidden_dim=4.0), "hidden_dim is 4.0"),
        (set_values("model", num_layers=10**9), "num_layers is 1000000000"),
        (set_values("model", cell_type="lstm2"), "cell_type is 'lstm2'"),
        (set_values("model", init=False), "settings are not"),
        (set_values("solver", update_rule="adam"), "moments mean"),
        (set_values("solver", update_rule=["sgd"]), "update_rule is"),
        (set_values("solver", batch_size=10**9), "1 in the file is"),
        (set_values("solver", batch_size="3"), "batch_size is '3'"),
        (set_values("solver", seq_length=10**9), "need at least"),
        (set_values("solver", lr=-1), "lr is -1"),
        (set_values("solver", lr=10**400), "lr is 1000"),
        (set_values("solver", clip=[]), r"clip is \[\]"),
        (set_values("solver", data=[]), "data"),
        (lambda v, a: v["solver"].pop("lr"), "lacks some of the solver's settings"),
        (set_values("position", iteration=-1), "no valid position"),
        (set_values("position", iteration=1.5), "no valid position"),
        (set_values("position", cursor=1 << 70), "no valid position"),
        (set_values("position", rng={}), "no valid position"),
        (set_values("position", rng={"bit_generator": "MT19937"}), "no valid position"),
        (set_values("ids", crc32=1), "not those of the text"),
        (lambda v, a: v.update(columns=["loss"]), "columns"),
        (set_array("history", np.zeros((7, 2), "f4")), "history has the wrong type or shape"),
        (set_array("history", np.zeros((6, 2))), "history has the wrong type or shape"),
        (fill_array("history", np.nan), "history holds"),
        (thin_history(ranges=np.full((5, 2), 3.0)), "do not fit its rows"),
        (thin_history(ranges=np.array([[2.0, 4.0]] * 5)), "do not fit its rows"),
        (thin_history(ranges=np.full((5, 9), 2.0)), "do not fit its rows"),
        (thin_history(ranges=np.full((5, 2), np.nan)), "ranges of the run's history cannot"),
        (thin_history(ranges=np.full((4, 2), 2.0)), "ranges of the run's history cannot"),
        (thin_history(ranges=np.full((5, 2), 2.0, "f4")), "ranges .* have the wrong type"),
        (thin_history(validations=np.full((4, 1), np.inf)), "validations .* cannot be used"),
        (thin_history(validations=None), "validations .* have the wrong type"),
        (set_array("history_validations", np.zeros((4, 0))), "unknown arrays"),
        (with_layers(np.zeros((2, 3), "f4")), "figures of each layer"),
        (with_layers(np.zeros((3, 3))), "figures of each layer"),
        (with_layers(np.zeros((2, 600))), "figures of each layer"),
        (with_layers(np.full((2, 3), np.nan)), "figures of each layer"),
        (with_layers(np.zeros((3, 3)), ["iteration", "a", "a"]), "figures of each layer"),
        (with_layers(np.zeros((2, 3)), ["iteration", 7]), "figures of each layer"),
        (with_layers(np.zeros((2, 3)), ["a", "b"]), "figures of each layer"),
        (with_layers(np.zeros((2, 3)), None), "figures of each layer"),
        (set_values("position", gradient_norms=[1.0]), "no valid position"),
        (set_values("position", gradient_norms={"1": -1.0}), "no valid position"),
        (set_values("position", gradient_norms={"1": "1"}), "no valid position"),
        (with_best(iteration=0), "no valid iteration or loss"),
        (with_best(iteration=4), "no valid iteration or loss"),
        (with_best(loss=None), "no valid iteration or loss"),
        (with_best(values=3), "b in the file is"),
        (lambda v, a: v.update(best=7), "no valid iteration or loss"),
        (set_array("best/b", np.zeros(16, "f4")), r"unknown arrays: \['best/b'\]"),
        (set_array("more", np.zeros(2)), r"unknown arrays: \['more'\]"),
        (set_array("params/more", np.zeros(2)), "parameters"),
        (lambda v, a: a.pop("params/b"), "parameters"),
        (lambda v, a: a.pop("state/1"), "states"),
        (lambda v, a: a.pop("moments/velocity/b"), "moments velocity"),
        (fill_array("params/b", np.nan), "b holds 16 values that are not finite"),
        (fill_array("moments/velocity/b", np.inf), "b holds 16 values that are not finite"),
        (fill_array("state/1", np.nan), "1 holds 24 values that are not finite"),
        (set_array("params/b", np.zeros(16, "f8")), "b in the file is <f8"),
        (set_array("vocab", np.array([1] * 7, "u4")), "twice"),
        (set_array("vocab", np.array([1 << 31] * 7, "u4")), "does not consist of characters"),
        (set_array("vocab", np.zeros((7, 1), "u4")), "does not consist of characters"),
        (set_array("vocab", np.arange(70_000, dtype="u4")), "does not consist of characters"),
        (set_array("ids", np.zeros((7, 100), "u1")), "ids have the wrong type or shape"),
        (set_array("ids", np.zeros(700, "u2")), "ids have the wrong type or shape"),
        (set_array("ids", np.full(700, 200, "u1")), "not those of the text|200"),
    ],
)  # fmt: skip
def test_a_crafted_run_is_refused(change, message):
    with pytest.raises(RnnCoreError, match=message) as caught:
        load(crafted(change))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "change",
    [
        set_array("vocab", np.arange(1_000_000, dtype="u4")),
        set_array("ids", np.zeros(4_000_000, "u1")),
        set_array("history", np.full((7, 70_000), np.nan)),
        set_array("state/1", np.zeros((2, 250_000, 2), "f4")),
        set_array("more", np.zeros(4_000_000, "u1")),
    ],
    ids=["vocabulary", "ids", "history", "state", "more"],
)
def test_refusing_a_large_crafted_run_takes_at_most_twice_its_size(change):
    """An upload has at most 25 MB, so refusing it takes at most 50 MB of memory."""
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


def hashed_zip(build, change=lambda raw: raw) -> bytes:
    """A zip that ``build`` fills and ``change`` edits, followed by the right checksum."""
    file = io.BytesIO()
    hashing = npz._HashingWriter(file)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        build(archive)
        archive.comment = npz._MARK + bytes(32)
    hashing.write(change(inner.getvalue()))
    hashing.close()
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


def one(entry: str, raw: bytes):
    return with_meta(f'{{"arrays": {{"a": {entry}}}}}', a=raw)


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
    """Add a pointer that makes zipfile use other numbers than those that were checked."""
    end = len(raw) - 22 - npz._COMMENT_BYTES
    return raw[:end] + b"PK\x06\x07" + bytes(16) + raw[end:]


ARRAY = member(np.zeros(4, np.float32))
ZIPS = {
    "compressed": (compressed, "which no run contains"),
    "many members": (many, "more members"),
    "a member twice": (twice, "overlap"),
    "no meta": (lambda z: z.writestr("a.npy", ARRAY), "no valid table of contents"),
    "another name": (lambda z: z.writestr("../../a.txt", b""), "which no run contains"),
    "meta of text": (with_meta("hello"), "damaged"),
    "meta of a list": (with_meta("[]"), "no valid table"),
    "deep meta": (with_meta("[" * 60_000), "no valid table"),
    "vast meta": (with_meta(" " * 100_000), "no valid table"),
    "long number": (with_meta('{"format": ' + "9" * 60_000 + "}"), "damaged"),
    "no arrays": (with_meta("{}"), "does not hold the arrays"),
    "other arrays": (with_meta('{"arrays": {"b": ["<f4", [4], 0]}}', a=ARRAY), "does not hold"),
    "larger": (one('["<f4", [4000000000], 0]', ARRAY), "size of a in"),
    "vast": (one('["<f4", [99999999999, 99999999999], 0]', ARRAY), "size of a in"),
    "negative": (one('["<f4", [-4], 0]', ARRAY), "size of a in"),
    "fraction": (one('["<f4", [4.0], 0]', ARRAY), "size of a in"),
    "many axes": (one('["<f4", [1, 1, 1, 4], 0]', ARRAY), "size of a in"),
    "of objects": (
        one('["|O", [1], 0]', member(np.array([{}], object), allow_pickle=True)),
        "size of a in",
    ),
    "secretly of objects": (
        one('["<f4", [4], 0]', header("(2,)", "'|O'") + bytes(16)),
        "header of a in",
    ),
    "another header": (one('["<f4", [4], 0]', header("(2, 2)") + bytes(16)), "header of a in"),
    "vast header": (one('["<f4", [4], 0]', header("(99999999999,)") + bytes(16)), "header of a in"),
    "deep header": (one('["<f4", [4], 0]', header("(" * 60) + bytes(16)), "header of a in"),
    "short data": (one('["<f4", [4], 0]', header("(4,)") + bytes(12)), "header of a in"),
    "wrong checksum": (one('["<f4", [4], 1]', ARRAY), "checksum of a differs"),
    "no array": (one('["<f4", [4], 1]', b"x" * 100), "not an array"),
    "right": (one('["<f4", [4], 3971697493]', ARRAY), "format is None"),
}  # fmt: skip


@pytest.mark.parametrize("name", ZIPS)
def test_a_crafted_zip_is_refused_cheaply(name):
    build, message = ZIPS[name]
    raw = hashed_zip(build)
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=message):
            load(raw)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_a_zip_with_two_end_records_is_refused():
    with pytest.raises(FileFormatError, match="not a complete run"):
        load(hashed_zip(with_meta("{}"), pointing_to_64))


def test_random_damage_under_a_right_checksum_is_refused_or_harmless(good):
    """An attacker can compute the checksum of a damaged file."""
    draw = random.Random(7)
    for _ in range(400):
        raw = bytearray(good[: -npz._COMMENT_BYTES])
        near_end = draw.random() < 0.5
        for _ in range(draw.randint(1, 4)):
            low = len(raw) - 1200 if near_end else 0
            raw[draw.randrange(low, len(raw))] = draw.randrange(256)
        file = io.BytesIO()
        hashing = npz._HashingWriter(file)
        hashing.write(bytes(raw) + npz._MARK + bytes(32))
        hashing.close()
        try:
            solver = load(file)
        except RnnCoreError:
            continue
        assert np.isfinite(solver.model.flat).all()
