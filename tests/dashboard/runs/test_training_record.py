"""The record of a run's training on disk: why it ended, and whether it goes on after a restart."""

from __future__ import annotations

import math
import time

import pytest

from dashboard.runs import training_record
from dashboard.runs.json_record import write_record
from dashboard.runs.registry import Registry
from dashboard.runs.training_record import TrainingRecord
from dashboard.server import limits
from dashboard.training import trainer
from dashboard.training.status import Phase
from tests.support.runs import TrackedStore, small_run
from tests.support.trainers import until


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHUNK_SECONDS", 0.01)
    monkeypatch.setattr(training_record, "WAIT_SECONDS", 0.0)
    store = TrackedStore(tmp_path / "runs")
    yield store
    store.close()


def train(store, keeps):
    """Return a run that trains, with its registry, once the disk has a record of it."""
    live = Registry(store)
    run = small_run()
    run.keeps_training = keeps
    live.add(run)
    run.train()
    until(lambda: record(store, run).phase is Phase.RUNNING)
    return live, run


def record(store, run):
    return training_record.read(store.root / run.id)


def paused(run):
    run.trainer.pause()
    run.trainer.join()


@pytest.mark.parametrize("keeps", [True, False])
def test_a_training_goes_on_after_a_restart_only_if_that_was_chosen(store, keeps):
    live, run = train(store, keeps)
    live.close()
    at = run.solver.iteration
    again = Registry(store)
    assert again.resume_interrupted() == keeps
    opened = again.open(run.id)
    if keeps:
        until(lambda: opened.solver.iteration > at)
        assert "by itself" in opened.notes[-1]
    else:
        status = opened.trainer.status()
        assert status.phase is Phase.INTERRUPTED
        assert status.stopped_at == pytest.approx(time.time(), abs=60)
        assert opened.solver.iteration == at
    paused(opened)


def test_a_run_that_was_paused_does_not_go_on_after_a_restart(store):
    live, run = train(store, True)
    paused(run)
    assert record(store, run).phase is Phase.PAUSED
    live.close()
    again = Registry(store)
    assert again.resume_interrupted() == 0
    assert again.open(run.id).keeps_training


def test_a_run_that_cannot_be_opened_does_not_keep_others_from_going_on(store, caplog):
    live, first = train(store, True)
    second = small_run()
    second.keeps_training = True
    live.add(second)
    second.train()
    until(lambda: record(store, second).phase is Phase.RUNNING)
    live.close()
    for path in (store.root / first.id).glob("*.npz"):
        path.write_bytes(b"damaged")
    again = Registry(store)
    assert again.resume_interrupted() == 1
    assert "could not be continued" in caplog.text
    paused(again.open(second.id))


def test_why_and_when_a_training_ended_is_known_after_a_restart(store):
    live, run = train(store, False)
    run.trainer.stop_rule = lambda solver: "Validation has not improved."
    until(lambda: record(store, run).phase is Phase.PAUSED)
    ended = run.trainer.status().stopped_at
    live.close()
    status = Registry(store).open(run.id).trainer.status()
    assert (status.phase, status.message) == (Phase.PAUSED, "Validation has not improved.")
    assert status.stopped_at == pytest.approx(ended)


def test_a_run_that_timed_out_is_shown_so_after_a_restart(store, monkeypatch):
    monkeypatch.setattr(limits, "UNATTENDED_SECONDS", 0.3)
    live, run = train(store, False)
    run.trainer.limit(0.0)
    until(lambda: record(store, run).phase is Phase.TIMED_OUT)
    live.close()
    assert Registry(store).open(run.id).trainer.status().phase is Phase.TIMED_OUT


def test_the_choice_can_change_while_the_run_trains(store):
    _, run = train(store, False)
    run.keep_training(True)
    assert record(store, run).keeps_training
    run.trainer.limit(math.inf)  # takes no time away
    run.keep_training(False)
    assert not record(store, run).keeps_training
    assert run.trainer.status().active  # for the usual time
    paused(run)


def test_a_step_writes_no_record_that_it_trains(store, monkeypatch):
    monkeypatch.setattr(training_record, "WAIT_SECONDS", 60.0)
    live = Registry(store)
    live.add(run := small_run())
    run.trainer.step(60)
    assert run.autosaver.flush()
    run.trainer.step(60)
    run.trainer.join()
    assert record(store, run).phase in (Phase.READY, Phase.PAUSED)


def test_a_damaged_record_is_as_none(store):
    run = small_run(store, 1)
    path = store.root / run.id / training_record.NAME
    for values in ({}, {"keeps_training": 1, "phase": "?", "message": "", "at": 0}):
        write_record(path, values)
        assert record(store, run) == TrainingRecord()
    path.write_bytes(b"\0")
    assert record(store, run) == TrainingRecord()


def test_a_full_disk_does_not_stop_training(store, monkeypatch, caplog):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(training_record, "write_record", fail)
    live = Registry(store)
    live.add(run := small_run())
    run.train()
    until(lambda: "could not be written" in caplog.text)
    monkeypatch.undo()
    until(lambda: record(store, run).phase is Phase.RUNNING)
    paused(run)
