"""A saved run continues exactly, from every kind of source."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from rnncore import CELLS, RNN, UPDATE_RULES, Solver, load, save
from rnncore.errors import FileFormatError, SaveError, SettingError
from rnncore.schedules import SCHEDULES
from rnncore.storage.checkpoint import FORMAT, load_progress
from rnncore.storage.model_pickle import dump_model
from tests.support.paths import GOLDEN, ROOT
from tests.support.saved_runs import IDS, everything, make, run, saved

# --- exact resume ----------------------------------------------------------------------------


def check_resume(seed: int) -> None:
    """A run of random settings, saved anywhere, continues as if it had never stopped."""
    draw = random.Random(seed)
    solver = make(
        cell_type=list(CELLS)[seed % len(CELLS)],
        update_rule=list(UPDATE_RULES)[seed // 3 % len(UPDATE_RULES)],
        schedule=draw.choice(list(SCHEDULES)),
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
    if draw.random() < 0.5:  # settings that a user changed during training
        solver.lr, solver.num_iters, solver.schedule = 3e-3, 45, "step"
        solver.update_rule = draw.choice(list(UPDATE_RULES))
        run(solver, draw.randint(0, 5))
    again = load(saved(solver))
    assert everything(again) == everything(solver)
    assert run(again, 15) == run(solver, 15)
    assert everything(again) == everything(solver)


def test_a_run_with_a_thinned_history_continues_as_if_never_stopped(monkeypatch):
    for name, value in {
        "MAX_RECENT": 16,
        "KEPT_RECENT": 8,
        "MAX_LEVEL": 4,
        "KEPT_LEVEL": 2,
    }.items():
        monkeypatch.setattr(f"rnncore.history.{name}", value)
    solver = make(hidden_dim=2, num_iters=200, eval_every=3)
    run(solver, 100)
    again = load(saved(solver))
    for iterations in (0, 15):
        run(again, iterations)
        run(solver, iterations)
        assert everything(again) == everything(solver)
        mine, expected = again.history, solver.history
        assert mine.thinned == expected.thinned > 10
        assert mine.iterations == expected.iterations
        for name in ("iterations", "loss_min", "loss_max", "grad_norm_min", "grad_norm_max"):
            np.testing.assert_array_equal(mine[name], expected[name])
        assert mine.validations()[1].tolist() == expected.validations()[1].tolist()


@pytest.mark.parametrize("seed", range(12))
def test_a_run_continues_as_if_never_stopped(seed):
    check_resume(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 62))
def test_fifty_more_runs_continue_as_if_never_stopped(seed):
    check_resume(seed)


def test_a_run_continues_the_same_in_another_process(tmp_path):
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
    root = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run.npz"), root],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    run(solver, 10)
    assert done.stdout.strip() == solver.model.flat.tobytes().hex()


def test_saving_changes_nothing_and_gives_the_same_bytes_each_time():
    solver, other = make(), make()
    run(solver, 5)
    first = saved(solver)
    assert saved(solver) == first
    assert saved(load(first)) == first
    assert run(solver, 5) == run(other, 10)[5:]


# --- the file, its sources and its content ---------------------------------------------------


def test_numpy_load_opens_the_file():
    solver = make(num_layers=2, update_rule="momentum")
    run(solver, 3)
    with np.load(io.BytesIO(saved(solver)), allow_pickle=False) as archive:
        for name, value in solver.model.params.items():
            np.testing.assert_array_equal(archive[f"params/{name}"], value)
            assert archive[f"moments/velocity/{name}"].shape == value.shape
        assert archive["ids"].dtype == np.uint8
        assert archive["history"].shape == (7, 3)
        assert json.loads(archive["meta"].tobytes())["format"] == FORMAT


def test_paths_files_and_bytes_can_be_loaded(tmp_path):
    solver = make()
    run(solver, 4)
    path = tmp_path / "run.npz"
    save(solver, str(path))
    save(solver, path)
    raw = path.read_bytes()
    assert raw == saved(solver)
    with path.open("rb") as file:
        file.read(7)  # loading starts at the beginning all the same
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


def test_settings_that_are_numpy_scalars_are_saved():
    solver = make()
    solver.clip, solver.eval_every, solver.lr = np.float32(0.5), np.int64(4), np.float64(0.01)
    run(solver, 3)
    again = load(saved(solver))
    assert again.settings() == solver.settings()
    assert run(again, 5) == run(solver, 5)


def test_the_pickle_of_a_model_can_be_loaded(tmp_path):
    model = make().model
    (tmp_path / "model.pkl").write_bytes(dump_model(model))
    assert load(tmp_path / "model.pkl").flat.tobytes() == model.flat.tobytes()


@pytest.mark.parametrize("as_type", [np.uint8, np.int64, list])
def test_a_run_can_be_saved_without_its_text(as_type):
    solver = make()
    run(solver, 4)
    raw = saved(solver, data=False)
    assert len(raw) < len(saved(solver)) - len(IDS)
    data = IDS.tolist() if as_type is list else IDS.astype(as_type)
    again = load(raw, data=data)
    assert run(again, 20) == run(solver, 20)


def test_the_ids_of_another_text_are_refused():
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


def test_a_run_without_characters_and_with_a_large_vocabulary_continues():
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


def test_the_best_weights_survive_and_stay_the_best():
    solver = make(lr=0.05, num_iters=200)
    run(solver, 150)
    assert solver.best is not None
    again = load(saved(solver))
    best = again.best.apply_to(again.model)
    assert best.flat.tobytes() == solver.best.flat.tobytes()
    run(solver, 50), run(again, 50)
    assert everything(again) == everything(solver)


def test_a_file_of_the_first_format_still_opens():
    expected = json.loads((GOLDEN / "expected-v1.json").read_text())
    solver = load(GOLDEN / "run-v1.npz")
    assert solver.iteration == 12
    assert solver.best is None  # the first files have none
    assert len(solver.history.layers) == 0  # nor these
    assert abs(solver.model.flat).sum(dtype="float64") == pytest.approx(
        expected["weights"], rel=1e-12
    )
    losses = run(solver, len(expected["losses"]))
    np.testing.assert_allclose(losses, expected["losses"], rtol=1e-4)


def test_progress_is_read_without_text_and_optimizer(tmp_path):
    solver, path = make(), tmp_path / "run.npz"
    run(solver, 9)
    save(solver, path, data=False)
    progress = load_progress(path)
    np.testing.assert_array_equal(progress.history.to_array(), solver.history.to_array())
    assert progress.settings == solver.settings()
    assert (progress.num_params, progress.length) == (solver.model.num_params, len(IDS))
    with open(path, "r+b") as file:
        file.truncate(500)
    with pytest.raises(FileFormatError):
        load_progress(path)
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_progress(tmp_path / "missing.npz")
