"""Computing a sweep: save, stop, continue, halve. The engine computes in this process."""

from __future__ import annotations

import errno
import math

import pytest

from rnncore.errors import FileFormatError, SaveError, SweepError
from rnncore.storage import atomic_write
from rnncore.sweep import SweepFolder, driver, run_sweep, task
from rnncore.sweep.results import FAILED, FINISHED, RUNNING, STOPPED, WAITING
from tests.support.sweeps import TEXT, EngineHere, assert_same_training, make_plan, train_unbroken


@pytest.fixture(autouse=True)
def engine_here(monkeypatch):
    monkeypatch.setattr(driver, "Engine", EngineHere)
    monkeypatch.setattr(driver, "SAVE_SHARE", math.inf)  # an interval is an iteration


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sweep"


def compute(path, plan=None, **options):
    with SweepFolder.create(path, plan or make_plan(), TEXT) as folder:
        return run_sweep(folder, **options)


def statuses(folder):
    return [trial.result.status for trial in folder.trials]


def after(calls):
    """Return a ``stop`` that ends the sweep when it is asked for the ``calls``-th time."""
    asked = iter(range(calls))
    return lambda: next(asked, None) is None


def test_every_run_is_the_same_as_one_without_a_break(path):
    folder = compute(path)
    assert statuses(folder) == [FINISHED] * 4
    for run in folder.plan.runs:
        assert_same_training(folder.load_run(run.number), train_unbroken(run))
    state = SweepFolder(path).read_state()
    assert (state.phase, state.message) == ("finished", "")
    best = folder.best()
    assert best.result.lowest == min(t.result.lowest for t in folder.trials)
    assert (path / "results.csv").read_text("utf-8").splitlines()[1].startswith(f"{best.number},")


def test_a_stopped_sweep_keeps_what_is_done_and_continues(path):
    folder = compute(path, stop=after(10))
    assert statuses(folder) == [FINISHED, RUNNING, WAITING, WAITING]
    assert folder.read_state().phase == "cancelled"
    assert folder.load_run(2).iteration == folder.results[2].iteration == 3
    folder = compute(path)
    assert statuses(folder) == [FINISHED] * 4
    for run in folder.plan.runs:
        assert_same_training(folder.load_run(run.number), train_unbroken(run))


def test_a_checkpoint_is_an_ordinary_run_with_its_text(path):
    solver = compute(path, stop=after(4)).load_run(1)
    assert "".join(solver.model.vocab.decode(solver.ids[:7])) == "the cat"
    assert solver.step() > 0


def test_halving_stops_the_worse_half_and_a_stopped_sweep_decides_the_same(path, tmp_path):
    plan = make_plan(
        {"hidden_dim": (2, 4, 8, 16)}, search="halving", iterations=8, checkpoint_seconds=60.0
    )
    whole = compute(path, plan)
    parts = compute(tmp_path / "parts", plan, stop=after(11))
    assert RUNNING in statuses(parts)
    parts = compute(tmp_path / "parts", plan)
    for folder in (whole, parts):
        assert sorted(statuses(folder)) == [FINISHED] * 2 + [STOPPED] * 6
        ended = sorted(trial.result.iteration for trial in folder.trials)
        assert ended == [2] * 4 + [4] * 2 + [8] * 2
    assert statuses(whole) == statuses(parts)
    kept = {t.run.group for t in whole.trials if t.result.status == FINISHED}
    assert len(kept) == 1  # both seeds of one combination


def test_a_run_that_fails_does_not_end_the_others(path, monkeypatch):
    train = task.train_interval

    def fail(order, text):
        if order.run.number == 2:
            raise MemoryError
        return train(order, text)

    monkeypatch.setattr(task, "train_interval", fail)
    folder = compute(path)
    assert statuses(folder) == [FINISHED, FAILED, FINISHED, FINISHED]
    assert "not enough memory" in folder.results[2].message


def test_a_full_disk_ends_the_sweep_with_a_sentence_and_loses_nothing(path, monkeypatch):
    def full(folder, state):
        if folder.results[1].iteration == 2:
            monkeypatch.setattr(atomic_write.os, "fsync", no_space)

    def no_space(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(SaveError, match="No space left on device"):
        compute(path, on_change=full)
    monkeypatch.undo()
    monkeypatch.setattr(driver, "Engine", EngineHere)
    assert SweepFolder(path).load_run(1).iteration == 2
    assert statuses(compute(path)) == [FINISHED] * 4


def test_the_time_of_the_whole_sweep_is_limited(path):
    folder = compute(path, make_plan(total_minutes=1e-9))
    assert folder.read_state().phase == "out of time"
    assert statuses(folder) == [WAITING] * 4


def test_two_programs_cannot_compute_one_sweep(path):
    with (
        SweepFolder.create(path, make_plan(), TEXT),
        pytest.raises(SweepError, match="Another program"),
        SweepFolder(path),
    ):
        pass


def test_a_folder_is_not_used_for_another_sweep(path, tmp_path):
    SweepFolder.create(path, make_plan(), TEXT)
    with pytest.raises(SaveError, match="a sweep of other settings"):
        SweepFolder.create(path, make_plan(seeds=3), TEXT)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SaveError, match="holds other files"):
        SweepFolder.create(tmp_path, make_plan(), TEXT)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"format": "x"}', '{"plan": {}}'])
def test_a_folder_without_a_sweep_is_a_sentence(path, content):
    path.mkdir()
    if content is not None:
        (path / "sweep.json").write_text(content, encoding="utf-8")
    with pytest.raises(FileFormatError, match="sweep"):
        SweepFolder(path)


def test_intervals_are_longer_if_saving_takes_long(path, monkeypatch):
    monkeypatch.setattr(driver, "SAVE_SHARE", 1e-6)
    seconds = []
    submit = EngineHere.submit
    monkeypatch.setattr(
        EngineHere,
        "submit",
        lambda engine, order, priority: (
            seconds.append(order.seconds) or submit(engine, order, priority)
        ),
    )
    compute(path, stop=after(4))
    assert seconds[:4] == [1e-9] * 4
    assert all(later > 100 for later in seconds[4:])
