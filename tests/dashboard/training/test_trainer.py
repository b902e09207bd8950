"""Trainer: what a person can do with it, and what it tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dashboard.settings import TrainSettings
from dashboard.training.live_settings import Change
from dashboard.training.scheduler import Scheduler
from dashboard.training.status import Phase
from rnncore import Solver
from tests.support.trainers import (
    SETTINGS,
    new_solver,
    short_lived,
    stopped,
    trainer_threads,
    until,
    until_phase,
)


@pytest.fixture
def make(monkeypatch):
    with short_lived(monkeypatch) as make:
        yield make


def test_phases_of_a_solver_that_is_handed_over(make):
    fresh, begun, done = new_solver(), new_solver(), new_solver(num_iters=1)
    begun.step()
    done.step()
    phases = [make(solver).status().phase for solver in (fresh, begun, done)]
    assert phases == [Phase.READY, Phase.PAUSED, Phase.FINISHED]


def test_it_trains_and_says_how_far_it_is(make):
    trainer = make()
    assert np.isnan(trainer.status().loss)
    assert np.isnan(trainer.status().remaining)
    trainer.start(60)
    until(lambda: trainer.status().chars_per_second)
    status = trainer.status()
    assert status.phase is Phase.RUNNING
    assert status.active
    assert status.remaining > 0
    assert stopped(trainer) == trainer.status().iteration > 0
    status = trainer.status()
    assert status.phase is Phase.PAUSED
    assert not status.active
    assert status.loss == trainer.solver.history["loss"][-50:].mean()
    assert status.epoch == trainer.solver.epoch


def test_start_twice_is_as_good_as_once(make):
    before = len(trainer_threads())
    trainer = make()
    for _ in range(5):
        trainer.start(60)
    assert len(trainer_threads()) == before + 1
    stopped(trainer)
    assert len(trainer_threads()) == before


def test_pause_acts_within_a_chunk_and_training_goes_on_from_there(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    with trainer.lock:  # between two chunks: what is under way now is none
        trainer.pause()
        at = trainer.solver.iteration
    assert trainer.status().phase is Phase.PAUSED  # at once, whatever the thread is at
    trainer.join()
    assert trainer.solver.iteration == at
    trainer.start(60)
    until(lambda: trainer.solver.iteration > at)
    end = stopped(trainer)
    assert trainer.solver.history["iteration"].tolist() == list(range(1, end + 1))


def test_training_in_pieces_equals_training_in_one_go(make):
    trainer = make(new_solver(num_iters=40))
    for _ in range(3):
        trainer.step(60)
    while not trainer.solver.finished:
        trainer.start(60)
        time.sleep(0.003)
        stopped(trainer)
    whole = new_solver(num_iters=40)
    whole.train(progress=False)
    np.testing.assert_array_equal(trainer.solver.model.flat, whole.model.flat)


def test_step_is_one_iteration_and_none_while_training(make):
    trainer = make()
    trainer.step(60)
    assert (trainer.status().iteration, trainer.status().phase) == (1, Phase.PAUSED)
    trainer.start(60)
    until(lambda: trainer.solver.iteration > 1)
    with trainer.lock:
        at = trainer.solver.iteration
        trainer.step(60)  # would wait for ever for the lock, if it tried
        assert trainer.solver.iteration == at


def test_a_step_waits_for_its_turn_and_is_computed_by_the_thread(make):
    scheduler = Scheduler(1)
    trainer = make(scheduler=scheduler)
    threads: list[str] = []
    trainer.after_chunk.append(lambda _: threads.append(threading.current_thread().name))
    with scheduler.chunk_lock:  # as if another training were at a chunk
        asking = threading.Thread(target=trainer.step, args=(60,))
        asking.start()
        until(lambda: trainer.status().active)
        time.sleep(0.05)
        assert trainer.solver.iteration == 0
    asking.join()
    assert (trainer.solver.iteration, threads) == (1, ["trainer"])
    assert len(scheduler) == 0


def test_a_step_is_done_though_the_goal_is_reached(make):
    trainer = make()
    trainer.stop_rule = lambda solver: "Enough."
    trainer.step(60)
    assert (trainer.status().iteration, trainer.status().message) == (1, "")


def test_a_step_right_after_a_pause_is_not_lost(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    with trainer.lock:  # the thread waits for its next chunk
        trainer.pause()
        asking = threading.Thread(target=trainer.step, args=(60,))
        asking.start()
        time.sleep(0.05)
        at = trainer.solver.iteration
    asking.join()
    assert trainer.solver.iteration == at + 1


def test_a_pause_shows_at_once_and_work_ends_with_the_chunk_at_hand(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    with trainer.lock:  # the thread waits for its next chunk
        trainer.pause()
        status = trainer.status()
        assert (status.phase, status.active, status.thread_active) == (Phase.PAUSED, False, True)
    trainer.join()
    assert not trainer.status().thread_active


def test_a_step_leaves_the_speed_that_was_measured(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.status().chars_per_second)
    stopped(trainer)
    speed = trainer.status().chars_per_second
    trainer.step(60)
    assert trainer.status().chars_per_second == speed


def test_a_step_is_told_once_and_is_a_rest(make):
    trainer = make()
    told: list[str] = []
    trainer.after_chunk.append(lambda _: told.append("chunk"))
    trainer.after_stop.append(lambda _: told.append("rest"))
    trainer.step(60)
    assert told == ["chunk", "rest"]


def test_the_last_step_finishes(make):
    trainer = make(new_solver(num_iters=2))
    for _ in range(3):
        trainer.step(60)
    assert (trainer.status().iteration, trainer.status().phase) == (2, Phase.FINISHED)


def test_the_end_of_the_run(make):
    trainer = make(new_solver(num_iters=5))
    trainer.start(60)
    until_phase(trainer, Phase.FINISHED)
    trainer.join()
    trainer.start(60)
    assert trainer.status().phase is Phase.FINISHED
    assert trainer.solver.iteration == 5
    trainer.change(TrainSettings(num_iters=8))
    assert trainer.status().phase is Phase.PAUSED
    trainer.start(60)
    until_phase(trainer, Phase.FINISHED)
    assert trainer.solver.iteration == 8


def test_a_grant_runs_out_and_start_wakes_it(make):
    trainer = make()
    trainer.start(0.02)
    until_phase(trainer, Phase.TIMED_OUT)
    trainer.join()
    at = trainer.solver.iteration
    trainer.extend(60)  # a page alone does not wake it: that is for a person to say
    assert trainer.status().phase is Phase.TIMED_OUT
    trainer.start(60)
    until(lambda: trainer.solver.iteration > at)


def test_a_grant_is_prolonged_and_never_shortened(make):
    trainer = make()
    trainer.start(0.2)
    trainer.extend(60)
    trainer.extend(0)
    time.sleep(0.3)
    assert trainer.status().phase is Phase.RUNNING


def test_a_stop_rule_ends_it_with_its_sentence(make):
    trainer = make()
    trainer.stop_rule = lambda solver: "Enough." if solver.iteration >= 3 else None
    trainer.start(60)
    until_phase(trainer, Phase.PAUSED)
    assert trainer.status().message == "Enough."
    trainer.stop_rule = None
    trainer.start(60)
    assert trainer.status().message == ""


def test_changes_before_the_first_iteration_are_not_worth_a_mark(make):
    trainer = make()
    trainer.change(replace(SETTINGS, lr=0.1, clip=float("inf")))
    assert (trainer.solver.lr, trainer.solver.clip, trainer.changes) == (0.1, None, [])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lr", 0.02, "learning rate 0.004 → 0.02"),
        ("update_rule", "sgd", "update rule adam → sgd"),
        ("schedule", "cosine", "schedule constant → cosine"),
        ("clip", float("inf"), "clipping 5 → off"),
        ("num_iters", 2_000, "iterations 1,000,000 → 2,000"),
    ],
)
def test_a_change_is_remembered_with_its_place(make, name, value, sentence):
    trainer = make()
    trainer.step(60)
    trainer.change(SETTINGS)
    assert trainer.changes == []  # nothing changed
    trainer.change(replace(SETTINGS, **{name: value}))
    trainer.change(replace(SETTINGS, **{name: value}))
    assert trainer.changes == [Change(1, sentence)]
    assert getattr(trainer.solver, name) == (None if value == float("inf") else value)
    assert trainer.status().phase is Phase.PAUSED


def test_a_length_that_is_passed_already_ends_the_run(make):
    trainer = make()
    for _ in range(5):
        trainer.step(60)
    trainer.change(replace(SETTINGS, num_iters=3))
    assert trainer.status().phase is Phase.FINISHED
    trainer.change(SETTINGS)
    assert trainer.status().phase is Phase.PAUSED
    trainer.start(60)
    trainer.change(replace(SETTINGS, num_iters=3))
    until_phase(trainer, Phase.FINISHED)


def test_a_change_while_training_acts_from_its_place_on(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    trainer.change(replace(SETTINGS, lr=0.02))
    at = trainer.changes[0].iteration
    until(lambda: trainer.solver.iteration > at)
    stopped(trainer)
    rates = trainer.solver.history["lr"]
    assert set(rates[:at]) == {0.004}
    assert set(rates[at:]) == {0.02}


def test_observers_are_told_under_the_lock_after_each_chunk_and_at_rest(make):
    trainer = make()
    told: list[tuple[str, int, bool]] = []

    def observer(name: str) -> Callable[[Solver], None]:
        return lambda solver: told.append((name, solver.iteration, trainer.lock._held))

    trainer.after_chunk.append(observer("chunk"))
    trainer.after_stop.append(observer("rest"))
    trainer.start(60)
    until(lambda: len(told) > 2)
    end = stopped(trainer)  # join waits for them, too
    assert told[-1] == ("rest", end, True)
    assert {name for name, _, _ in told[:-1]} == {"chunk"}
    assert all(held for _, _, held in told)
    at = [iteration for _, iteration, _ in told[:-1]]
    assert at == sorted(set(at))
    assert at[-1] == end


@pytest.mark.parametrize("how", ["finished", "asleep", "stop rule"])
def test_at_rest_is_told_however_it_came(make, how):
    trainer = make(new_solver(num_iters=5) if how == "finished" else None)
    rests: list[int] = []
    trainer.after_stop.append(lambda solver: rests.append(solver.iteration))
    if how == "stop rule":
        trainer.stop_rule = lambda solver: "Enough." if solver.iteration else None
    trainer.start(0.01 if how == "asleep" else 60)
    until(lambda: rests)
    assert rests == [trainer.solver.iteration]
