"""Runs on disk: exact resume, damage, crafted files, full disks, killed programs."""

from __future__ import annotations

import io
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnncore import CELLS, RNN, UPDATE_RULES, Solver, Vocab, files, load, npz, save
from rnncore.checkpoint import FORMAT
from rnncore.errors import FileFormatError, RnnCoreError, SaveError, SettingError
from rnncore.pickles import dump_model
from rnncore.schedules import SHAPES

GOLDEN = Path(__file__).parent / "golden"
TEXT = "".join(random.Random(1).choices("abc dé\n", k=700))
VOCAB = Vocab.from_text(TEXT)
IDS = VOCAB.encode(TEXT)


def expected() -> dict:
    return json.loads((GOLDEN / "expected-v1.json").read_text())


def make(ids=IDS, **changes) -> Solver:
    """A small run; changes go to the model or the solver, whichever knows them."""
    model = {"input_dim": 3, "hidden_dim": 4, "num_layers": 1, "seed": 5}
    solver = {"seq_length": 6, "batch_size": 3, "num_iters": 60, "eval_every": 7, "seed": 2}
    for name, value in changes.items():
        known = name in model or name in ("cell_type", "dropout", "dtype")
        (model if known else solver)[name] = value
    return Solver(ids, RNN(len(VOCAB), VOCAB.idx_to_char, **model), **solver)


def saved(solver: Solver, **how) -> bytes:
    file = io.BytesIO()
    save(solver, file, **how)
    return file.getvalue()


def run(solver: Solver, steps: int) -> list[float]:
    return [solver.step() for _ in range(steps)]


def everything(solver: Solver) -> tuple:
    """All that a run consists of, apart from the time it took."""
    history = solver.history.to_array()
    history[2] = 0
    return (
        solver.settings(),
        solver.position() | {"seconds": 0},
        solver.model.settings(),
        solver.model.flat.tobytes(),
        {name: slot.tobytes() for name, slot in solver.optimizer.slots.items()},
        [part.tobytes() for part in solver.state],
        history.tobytes(),
        solver.model.sample("a", T=20, seed=1),
        repr(solver.evaluate()),  # NaN without validation text
    )


# --- exact resume --------------------------------------------------------------------------


def check_cut(seed: int) -> None:
    """A run of random settings, cut anywhere, goes on as one that was never stopped."""
    draw = random.Random(seed)
    solver = make(
        cell_type=list(CELLS)[seed % len(CELLS)],
        update_rule=list(UPDATE_RULES)[seed // 3 % len(UPDATE_RULES)],
        schedule=draw.choice(list(SHAPES)),
        dtype=["float32", "float64"][seed % 2],
        dropout=draw.choice([0.0, 0.3]),
        num_layers=draw.choice([1, 2, 3]),
        warmup=draw.choice([0, 10]),
        clip=draw.choice([None, 0.5, 5.0]),
        eval_every=draw.choice([0, 3, None]),
        val_fraction=draw.choice([0.0, 0.1, 0.37]),
        seq_length=draw.randint(1, 9),
        batch_size=draw.randint(1, 5),
        seed=draw.choice([0, 2**70]),
    )
    run(solver, draw.randint(0, 40))
    if draw.random() < 0.5:  # settings that a person changed on the way
        solver.lr, solver.num_iters, solver.schedule = 3e-3, 45, "step"
        solver.update_rule = draw.choice(list(UPDATE_RULES))
        run(solver, draw.randint(0, 5))
    again = load(saved(solver))
    assert everything(again) == everything(solver)
    assert run(again, 15) == run(solver, 15)
    assert everything(again) == everything(solver)


@pytest.mark.parametrize("seed", range(12))
def test_a_run_goes_on_as_if_never_stopped(seed):
    check_cut(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 62))
def test_a_run_goes_on_as_if_never_stopped_from_fifty_more_places(seed):
    check_cut(seed)


def test_it_goes_on_the_same_in_another_process(tmp_path):
    solver = make(cell_type="gru", dropout=0.3, num_layers=2)
    run(solver, 9)
    save(solver, tmp_path / "run.npz")
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from rnncore import load\n"
        "solver = load(sys.argv[1])\n"
        "for _ in range(10): solver.step()\n"
        "print(solver.model.flat.tobytes().hex())"
    )
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run.npz"), root],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    run(solver, 10)
    assert done.stdout.strip() == solver.model.flat.tobytes().hex()


def test_saving_changes_nothing_and_is_the_same_each_time():
    solver, other = make(), make()
    run(solver, 5)
    first = saved(solver)
    assert saved(solver) == first
    assert saved(load(first)) == first
    assert run(solver, 5) == run(other, 10)[5:]


# --- what a file is, and where it comes from -------------------------------------------------


def test_any_numpy_opens_it():
    solver = make(num_layers=2, update_rule="momentum")
    run(solver, 3)
    with np.load(io.BytesIO(saved(solver)), allow_pickle=False) as archive:
        for name, value in solver.model.params.items():
            np.testing.assert_array_equal(archive[f"params/{name}"], value)
            assert archive[f"moments/velocity/{name}"].shape == value.shape
        assert archive["ids"].dtype == np.uint8
        assert archive["history"].shape == (7, 3)
        assert json.loads(archive["meta"].tobytes())["format"] == FORMAT


def test_paths_files_and_bytes(tmp_path):
    solver = make()
    run(solver, 4)
    path = tmp_path / "run.npz"
    save(solver, str(path))
    save(solver, path)
    raw = path.read_bytes()
    assert raw == saved(solver)
    with path.open("rb") as file:
        file.read(7)  # where a file stands does not matter
        sources = [path, str(path), raw, bytearray(raw), memoryview(raw), io.BytesIO(raw), file]
        assert all(everything(load(source)) == everything(solver) for source in sources)
    assert os.listdir(tmp_path) == ["run.npz"]


def test_a_pipe_can_be_written_and_read():
    class Pipe(io.RawIOBase):
        def __init__(self, raw=b""):
            self.raw, self.file = bytearray(), io.BytesIO(raw)

        def writable(self):
            return True

        def write(self, data):
            self.raw += data
            return len(data)

        def read(self, size=-1):
            return self.file.read(size)

    solver, pipe = make(), Pipe()
    save(solver, pipe)
    assert bytes(pipe.raw) == saved(solver)
    assert everything(load(Pipe(bytes(pipe.raw)))) == everything(solver)


def test_settings_that_are_numpy_s_numbers_are_saved():
    solver = make()
    solver.clip, solver.eval_every, solver.lr = np.float32(0.5), np.int64(4), np.float64(0.01)
    run(solver, 3)
    again = load(saved(solver))
    assert again.settings() == solver.settings()
    assert run(again, 5) == run(solver, 5)


def test_a_model_s_pickle_opens_too(tmp_path):
    model = make().model
    (tmp_path / "model.pkl").write_bytes(dump_model(model))
    assert load(tmp_path / "model.pkl").flat.tobytes() == model.flat.tobytes()


@pytest.mark.parametrize("as_type", [np.uint8, np.int64, list])
def test_the_text_can_stay_outside(as_type):
    solver = make()
    run(solver, 4)
    raw = saved(solver, data=False)
    assert len(raw) < len(saved(solver)) - len(IDS)
    data = IDS.tolist() if as_type is list else IDS.astype(as_type)
    again = load(raw, data=data)
    assert run(again, 20) == run(solver, 20)


def test_another_text_is_refused():
    raw, whole = saved(make(), data=False), saved(make())
    other = IDS.copy()
    other[100] ^= 1
    with pytest.raises(SettingError, match="without its text"):
        load(raw)
    for wrong in (other, IDS[:-1], IDS.astype(np.int64) + 256, IDS * 1.0, IDS[:0], None, "abc"):
        if wrong is not None:
            with pytest.raises(SettingError):
                load(raw, data=wrong)
            with pytest.raises(SettingError):
                load(whole, data=wrong)


def test_ids_without_characters_and_a_large_vocabulary():
    ids = np.arange(2000) * 37 % 300
    solver = Solver(ids, RNN(300, None, 2, 3), 5, 2, num_iters=9)
    run(solver, 3)
    again = load(saved(solver))
    assert again.ids.dtype == np.uint16
    assert again.model.vocab is None
    assert run(again, 3) == run(solver, 3)


@pytest.mark.parametrize("where", ["params", "moments", "state"])
def test_a_run_that_is_not_finite_is_not_saved(where, tmp_path):
    solver, path = make(), tmp_path / "run.npz"
    save(solver, path)
    before = path.read_bytes()
    arrays = {
        "params": solver.model.flat,
        "moments": solver.optimizer.slots["mean"],
        "state": solver.state[0].reshape(-1),
    }
    arrays[where][3] = np.nan
    with pytest.raises(SaveError, match=f"{where}/.* not finite"):
        save(solver, path)
    assert path.read_bytes() == before


def test_the_first_format_still_opens():
    solver = load(GOLDEN / "run-v1.npz")
    assert solver.iteration == 12
    assert abs(solver.model.flat).sum(dtype="float64") == pytest.approx(
        expected()["weights"], rel=1e-12
    )
    losses = run(solver, len(expected()["losses"]))
    np.testing.assert_allclose(losses, expected()["losses"], rtol=1e-4)


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


# --- crafted files: the seal is right, what it seals is not -------------------------------------


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
        (put("ids", np.zeros((7, 100), "u1")), "ids have the form"),
        (put("ids", np.full(700, 200, "u1")), "not those of the text|200"),
    ],
)  # fmt: skip
def test_a_crafted_run_is_refused(change, message):
    with pytest.raises(RnnCoreError, match=message) as caught:
        load(crafted(change))
    assert len(str(caught.value)) < 500


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


# --- writing: full disks, folders that are closed, programs that are killed ----------------------


@pytest.fixture
def kept(tmp_path):
    """A saved run; what it is, and a check that it is still there and alone."""
    solver, path = make(), tmp_path / "run.npz"
    save(solver, path)
    before = path.read_bytes()
    run(solver, 3)

    def unchanged() -> bool:
        return path.read_bytes() == before and os.listdir(tmp_path) == ["run.npz"]

    return solver, path, unchanged


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "rnncore.npz.write"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_goes_wrong_in_saving_leaves_the_old_file(call, error, kept, monkeypatch):
    solver, path, unchanged = kept

    def fail(*args):
        raise error

    monkeypatch.setattr(call, fail)
    kind = SaveError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(kind) as caught:
        save(solver, path)
    if kind is SaveError:
        assert "No space left on device" in str(caught.value)
        assert "unchanged" in str(caught.value)
    assert unchanged()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_said():
    with pytest.raises(SaveError, match="No space left"), open("/dev/full", "wb", 0) as file:
        save(make(), file)
    with pytest.raises(SaveError, match="not a file"):
        save(make(), "/dev/full")
    assert not os.path.isfile("/dev/full")


IN_A_PROCESS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from rnncore import load, save, RnnCoreError
solver = load(sys.argv[2])
solver.step()
{limit}
try:
    save(solver, sys.argv[2])
except RnnCoreError as error:
    solver.step()
    print(type(error).__name__, error)
"""


def save_under(limit: str, path: Path) -> str:
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS.format(limit=limit), root, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs the limits of Unix")
def test_a_limit_on_the_size_of_files(kept):
    _, path, unchanged = kept
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    assert save_under(limit, path).startswith("SaveError")
    assert unchanged()


@pytest.mark.skipif(sys.platform == "win32", reason="needs the rights of Unix")
def test_a_folder_that_is_closed(kept):
    _, path, unchanged = kept
    path.parent.chmod(0o555)
    try:
        # Root may write anywhere, so it becomes someone else first.
        told = save_under("os.geteuid() or os.seteuid(65534)", path)
    finally:
        path.parent.chmod(0o755)
    assert told.startswith("SaveError")
    assert "Permission denied" in told
    assert unchanged()


def test_a_folder_that_is_not_there_and_a_folder_as_a_file(tmp_path):
    with pytest.raises(SaveError, match="was not saved"):
        save(make(), tmp_path / "none" / "run.npz")
    with pytest.raises(SaveError, match="not a file"):
        save(make(), tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.npz", tmp_path / "link.npz"
    real.write_bytes(b"old")
    link.symlink_to(real)
    save(make(), link)
    assert link.is_symlink()
    assert load(real).iteration == 0


def test_sweep_takes_what_was_left_and_nothing_else(tmp_path):
    left = tmp_path / "run.npz.0123456789abcdef.part"
    stay = [tmp_path / name for name in ("run.npz", "film.part", "x.0123.part")]
    for path in [left, *stay]:
        path.write_bytes(b"x")
    assert files.sweep(tmp_path) == 1
    assert sorted(tmp_path.iterdir()) == sorted(stay)
    assert files.sweep(tmp_path / "none") == 0


def test_sweep_leaves_what_is_being_written(tmp_path):
    def write(file):
        assert files.sweep(tmp_path) == 0
        file.write(b"whole")

    files.write_whole(tmp_path / "run.npz", write)
    assert (tmp_path / "run.npz").read_bytes() == b"whole"
    assert files.sweep(tmp_path) == 0


SAVES_FOREVER = """
import sys
sys.path.insert(0, sys.argv[1])
from rnncore import RNN, Solver, save
import numpy as np
solver = Solver(np.arange(300) % 50, RNN(50, None, 32, 192), 5, 2, num_iters=10**6)
while True:
    solver.step()
    save(solver, sys.argv[2])
    print(solver.iteration, flush=True)
"""


def kill_while_saving(times: int, folder: Path) -> None:
    """Each time the program is killed somewhere in a save, the last whole file must open."""
    path, draw, root = folder / "run.npz", random.Random(3), str(Path(__file__).parents[1])
    leftovers = 0
    for _ in range(times):
        with subprocess.Popen(
            [sys.executable, "-c", SAVES_FOREVER, root, str(path)], stdout=subprocess.PIPE
        ) as process:
            try:
                assert process.stdout is not None
                done = int(process.stdout.readline())
                time.sleep(draw.uniform(0, 0.1))
            finally:
                process.send_signal(signal.SIGKILL)
        solver = load(path)
        assert solver.iteration >= done
        leftovers += files.sweep(folder)
        assert os.listdir(folder) == ["run.npz"]
    print(f"{times} kills, {leftovers} left-over files swept")


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_program_leaves_a_whole_file(tmp_path):
    kill_while_saving(3, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_sixty_killed_programs_leave_whole_files(tmp_path):
    kill_while_saving(64, tmp_path)
