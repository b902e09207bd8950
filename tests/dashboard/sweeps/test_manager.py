"""The sweeps of the page: one at a time, and every run of them becomes a run of the store."""

from __future__ import annotations

import time

import pytest

from dashboard.runs.registry import Registry
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.sweeps import manager as managers
from dashboard.sweeps.form import SweepForm, make_plan
from dashboard.sweeps.manager import SweepManager
from dashboard.sweeps.summary import summarise
from dashboard.sweeps.sweep import Sweep
from dashboard.training.status import Phase
from rnncore import RnnCoreError
from rnncore.sweep import SweepFolder, driver, run_sweep
from tests.support.runs import TEXT, TrackedStore
from tests.support.sweeps import EngineHere

MODEL = ModelSettings(hidden_dim=4, seq_length=10, batch_size=4)
PLAN = make_plan(SweepForm({"hidden_dim": "4, 6"}, amount=6), MODEL, TrainSettings(eval_every=3))


@pytest.fixture
def registry(tmp_path):
    store = TrackedStore(tmp_path / "runs")
    yield Registry(store)
    store.close()


@pytest.fixture
def manager(registry, monkeypatch):
    """A manager whose sweeps are computed at once, in this process."""
    monkeypatch.setattr(driver, "Engine", EngineHere)
    monkeypatch.setattr(driver, "SAVE_SHARE", float("inf"))  # an interval is an iteration
    monkeypatch.setattr(Sweep, "start", lambda sweep: compute(sweep))
    monkeypatch.setattr(SweepManager, "_watch", lambda self, sweep: self.store_ended(sweep))
    return SweepManager(registry)


def compute(sweep, rounds=10_000):
    asked = iter(range(rounds))
    with SweepFolder(sweep.folder.path) as folder:
        run_sweep(folder, stop=lambda: next(asked, None) is None)


def test_every_run_of_a_sweep_is_a_run_of_the_store(manager, registry):
    sweep = manager.start(PLAN, TEXT)
    assert sweep.state().phase == "finished"
    assert {info.id for info in registry.store.list_runs()} == set(sweep.about.stored.values())
    assert len(sweep.about.stored) == 4
    run = registry.open(sweep.about.stored[3])
    assert (run.solver.iteration, run.model_settings.hidden_dim, run.solver.seed) == (6, 4, 1)
    assert run.text == TEXT
    assert run.made_by == "sweep"
    assert run.trainer.status().phase is Phase.FINISHED
    assert not list(sweep.folder.path.glob("run-*.npz"))  # the store has them


def test_a_cancelled_sweep_keeps_its_runs_and_continues(manager, registry, monkeypatch):
    rounds = iter([2, 10_000])
    monkeypatch.setattr(Sweep, "start", lambda sweep: compute(sweep, next(rounds)))
    plan = make_plan(SweepForm({"hidden_dim": "4, 6"}, amount=6), MODEL, TrainSettings())
    object.__setattr__(plan, "checkpoint_seconds", 1e-9)
    sweep = manager.start(plan, TEXT)
    assert sweep.can_continue
    assert list(sweep.about.stored) == [1]
    first = sweep.about.stored[1]
    assert registry.store.open(first).solver.iteration == 1
    registry.store.autosavers[-1].suspend()
    manager.resume(sweep.id)
    assert sweep.state().phase == "finished"
    assert first not in sweep.about.stored.values()
    assert {info.id for info in registry.store.list_runs()} == set(sweep.about.stored.values())


def test_after_a_restart_a_sweep_is_there_and_its_runs_reach_the_store(manager, registry):
    sweep = manager.start(PLAN, TEXT)
    again = SweepManager(registry)
    assert again.ids() == [sweep.id]
    assert again.get(sweep.id).about.text_name == TEXT.name
    assert again.get(sweep.id).text == TEXT


def test_runs_that_were_not_stored_before_a_crash_are_stored_later(manager, registry, monkeypatch):
    monkeypatch.setattr(SweepManager, "_watch", lambda self, sweep: None)
    sweep = manager.start(PLAN, TEXT)
    assert registry.store.list_runs() == []
    monkeypatch.setattr(SweepManager, "_watch", lambda self, sweep: self.store_ended(sweep))
    assert SweepManager(registry).get(sweep.id).unstored() == []
    assert len(registry.store.list_runs()) == 4


def test_a_deleted_sweep_leaves_its_runs(manager, registry):
    sweep = manager.start(PLAN, TEXT)
    manager.delete(sweep.id)
    assert manager.ids() == []
    assert len(registry.store.list_runs()) == 4
    for unknown in (sweep.id, "../x"):
        with pytest.raises(RnnCoreError):
            manager.get(unknown)


def test_one_sweep_is_computed_at_a_time(manager, monkeypatch):
    first = manager.start(PLAN, TEXT)
    monkeypatch.setattr(Sweep, "running", property(lambda sweep: sweep is first))
    with pytest.raises(RnnCoreError, match="A sweep is running already"):
        manager.start(PLAN, TEXT)
    with pytest.raises(RnnCoreError, match="Cancel it first"):
        manager.delete(first.id)
    assert manager.running() is first


def test_a_started_sweep_is_being_prepared_until_its_process_writes_its_state(manager, monkeypatch):
    sweep = manager.start(PLAN, TEXT)
    monkeypatch.setattr(Sweep, "running", True)
    assert sweep.state().phase == "finished"  # the process ends in a moment
    sweep._started = time.time() + 1  # as when a cancelled sweep goes on
    assert summarise(sweep).line.startswith("Being prepared: the workers are starting · ")
    (sweep.folder.path / "state.json").unlink()
    assert sweep.state().phase == "starting"


def test_a_killed_process_is_one_sentence(manager, monkeypatch):
    monkeypatch.setattr(Sweep, "start", lambda sweep: None)
    sweep = manager.start(PLAN, TEXT)
    (sweep.folder.path / "state.json").write_text('{"phase": "running"}', encoding="utf-8")
    state = sweep.state()
    assert state.phase == "failed"
    assert "ended unexpectedly" in state.message


def test_the_process_ends_when_the_page_s_does(registry, monkeypatch):
    """A real process, whose standard input ends before its workers have started."""
    pytest.importorskip("distributed", reason="pip install -r requirements-sweep.txt")
    monkeypatch.setattr(managers, "_LOOK_SECONDS", 0.05)
    sweep = SweepManager(registry).start(PLAN, TEXT)
    assert sweep.running
    sweep.stop()
    sweep.wait(60)
    assert not sweep.running
    assert sweep.state().phase == "cancelled"
