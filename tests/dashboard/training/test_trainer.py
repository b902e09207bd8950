"""The trainer: start, pause, step, changes of settings, status and callbacks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dashboard.settings import TrainSettings
from dashboard.training.live_settings import Change, last_effective
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


def test_the_first_phase_follows_from_the_solver(make):
    fresh, started, done = new_solver(), new_solver(), new_solver(num_iters=1)
    started.step()
    done.step()
    phases = [make(solver).status().phase for solver in (fresh, started, done)]
    assert phases == [Phase.READY, Phase.PAUSED, Phase.FINISHED]


def test_the_status_follows_training(make):
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
    assert status.loss == trainer.solver.history.recent_loss()
    assert status.epoch == trainer.solver.epoch


def test_repeated_starts_use_one_thread(make):
    before = len(trainer_threads())
    trainer = make()
    for _ in range(5):
        trainer.start(60)
    assert len(trainer_threads()) == before + 1
    stopped(trainer)
    assert len(trainer_threads()) == before


def test_pause_takes_effect_within_a_chunk_and_start_continues(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    with trainer.lock:  # no chunk is running
        trainer.pause()
        at = trainer.solver.iteration
    assert trainer.status().phase is Phase.PAUSED  # at once, before the thread has ended
    trainer.join()
    assert trainer.solver.iteration == at
    trainer.start(60)
    until(lambda: trainer.solver.iteration > at)
    end = stopped(trainer)
    assert trainer.solver.history["iteration"].tolist() == list(range(1, end + 1))


def test_interrupted_training_equals_uninterrupted_training(make):
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


def test_step_trains_one_iteration_and_does_nothing_while_training(make):
    trainer = make()
    trainer.step(60)
    assert (trainer.status().iteration, trainer.status().phase) == (1, Phase.PAUSED)
    trainer.start(60)
    until(lambda: trainer.solver.iteration > 1)
    with trainer.lock:
        at = trainer.solver.iteration
        trainer.step(60)  # would wait for the lock for ever if it trained
        assert trainer.solver.iteration == at


def test_a_step_waits_for_the_scheduler_and_runs_in_the_thread(make):
    scheduler = Scheduler(1)
    trainer = make(scheduler=scheduler)
    threads: list[str] = []
    trainer.after_chunk.append(lambda _: threads.append(threading.current_thread().name))
    with scheduler.chunk_lock:  # as if another training computed a chunk
        clicking = threading.Thread(target=trainer.step, args=(60,))
        clicking.start()
        until(lambda: trainer.status().active)
        time.sleep(0.05)
        assert trainer.solver.iteration == 0
    clicking.join()
    assert (trainer.solver.iteration, threads) == (1, ["trainer"])
    assert len(scheduler) == 0


def test_a_step_ignores_the_stop_rule(make):
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
        clicking = threading.Thread(target=trainer.step, args=(60,))
        clicking.start()
        time.sleep(0.05)
        at = trainer.solver.iteration
    clicking.join()
    assert trainer.solver.iteration == at + 1


def test_a_pause_shows_at_once_and_the_thread_ends_after_its_chunk(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    with trainer.lock:  # the thread waits for its next chunk
        trainer.pause()
        status = trainer.status()
        assert (status.phase, status.active, status.thread_active) == (Phase.PAUSED, False, True)
    trainer.join()
    assert not trainer.status().thread_active


def test_a_step_does_not_change_the_measured_speed(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.status().chars_per_second)
    stopped(trainer)
    speed = trainer.status().chars_per_second
    trainer.step(60)
    assert trainer.status().chars_per_second == speed


def test_a_step_calls_both_kinds_of_callbacks_once(make):
    trainer = make()
    calls: list[str] = []
    trainer.after_chunk.append(lambda _: calls.append("chunk"))
    trainer.after_stop.append(lambda _: calls.append("stop"))
    trainer.step(60)
    assert calls == ["chunk", "stop"]


def test_the_last_step_finishes_the_run(make):
    trainer = make(new_solver(num_iters=2))
    for _ in range(3):
        trainer.step(60)
    assert (trainer.status().iteration, trainer.status().phase) == (2, Phase.FINISHED)


def test_a_finished_run_continues_after_its_length_is_raised(make):
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


def test_training_times_out_and_start_continues_it(make):
    trainer = make()
    trainer.start(0.02)
    until_phase(trainer, Phase.TIMED_OUT)
    trainer.join()
    at = trainer.solver.iteration
    trainer.extend(60)  # an open page alone does not restart it
    assert trainer.status().phase is Phase.TIMED_OUT
    trainer.start(60)
    until(lambda: trainer.solver.iteration > at)


def test_extend_never_shortens_the_deadline(make):
    trainer = make()
    trainer.start(0.2)
    trainer.extend(60)
    trainer.extend(0)
    time.sleep(0.3)
    assert trainer.status().phase is Phase.RUNNING


def test_a_stop_rule_ends_training_with_its_message(make):
    trainer = make()
    trainer.stop_rule = lambda solver: "Enough." if solver.iteration >= 3 else None
    trainer.start(60)
    until_phase(trainer, Phase.PAUSED)
    assert trainer.status().message == "Enough."
    trainer.stop_rule = None
    trainer.start(60)
    assert trainer.status().message == ""


def test_changes_before_the_first_iteration_are_not_recorded(make):
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
def test_a_change_is_recorded_with_its_iteration(make, name, value, sentence):
    trainer = make()
    trainer.step(60)
    trainer.change(SETTINGS)
    assert trainer.changes == []  # nothing changed
    trainer.change(replace(SETTINGS, **{name: value}))
    trainer.change(replace(SETTINGS, **{name: value}))
    assert trainer.changes == [Change(1, sentence)]
    assert getattr(trainer.solver, name) == (None if value == float("inf") else value)
    assert trainer.status().phase is Phase.PAUSED


def test_changes_of_one_setting_at_one_iteration_are_one_change(make):
    trainer = make()
    trainer.step(60)
    for changes in ({"lr": 0.02}, {"clip": 1.0}, {"lr": 0.5}, {"lr": 1.0}, {"clip": 5.0}):
        trainer.change(replace(SETTINGS, **{"lr": trainer.solver.lr} | changes))
    assert trainer.changes == [Change(1, "learning rate 0.004 → 1")]
    trainer.step(60)
    trainer.change(replace(SETTINGS, lr=0.3))
    assert trainer.changes[1:] == [Change(2, "learning rate 1 → 0.3")]


def test_the_last_effective_change_is_none_of_the_validation_interval():
    changes = [Change(5, "learning rate 0.01 → 0.02"), Change(9, "validation every 10 → 20")]
    assert [last_effective(changes), last_effective(changes[1:])] == [5, 0]


def test_a_length_below_the_current_iteration_ends_the_run(make):
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


def test_a_change_during_training_applies_from_the_next_iteration(make):
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


def test_callbacks_hold_the_lock_after_each_chunk_and_after_the_stop(make):
    trainer = make()
    calls: list[tuple[str, int, bool]] = []

    def callback(name: str) -> Callable[[Solver], None]:
        return lambda solver: calls.append((name, solver.iteration, trainer.lock._held))

    trainer.after_chunk.append(callback("chunk"))
    trainer.after_stop.append(callback("stop"))
    trainer.start(60)
    until(lambda: len(calls) > 2)
    end = stopped(trainer)  # ``join`` waits for callbacks, too
    assert calls[-1] == ("stop", end, True)
    assert {name for name, _, _ in calls[:-1]} == {"chunk"}
    assert all(held for _, _, held in calls)
    at = [iteration for _, iteration, _ in calls[:-1]]
    assert at == sorted(set(at))
    assert at[-1] == end


@pytest.mark.parametrize("how", ["finished", "timed out", "stop rule"])
def test_every_kind_of_stop_calls_after_stop(make, how):
    trainer = make(new_solver(num_iters=5) if how == "finished" else None)
    stops: list[int] = []
    trainer.after_stop.append(lambda solver: stops.append(solver.iteration))
    if how == "stop rule":
        trainer.stop_rule = lambda solver: "Enough." if solver.iteration else None
    trainer.start(0.01 if how == "timed out" else 60)
    until(lambda: stops)
    assert stops == [trainer.solver.iteration]


def test_before_a_pause_the_callbacks_run_while_the_page_still_follows(make):
    trainer = make()
    seen = []
    trainer.before_pause.append(
        lambda solver: seen.append((solver.iteration, trainer.status().thread_active))
    )
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    iteration = stopped(trainer)
    assert seen == [(iteration, True)]


def test_before_the_stop_rule_ends_training_the_callbacks_run_too(make):
    trainer = make()
    seen = []
    trainer.before_pause.append(lambda solver: seen.append(solver.iteration))
    trainer.stop_rule = lambda solver: "enough" if solver.iteration else None
    trainer.start(60)
    until_phase(trainer, Phase.PAUSED)
    trainer.join()
    assert seen == [trainer.solver.iteration]


def test_a_step_is_no_pause(make):
    trainer = make()
    seen = []
    trainer.before_pause.append(lambda solver: seen.append(solver.iteration))
    trainer.step(60)
    trainer.join()
    assert trainer.solver.iteration == 1
    assert seen == []
