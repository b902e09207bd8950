"""The trainer's threads: one per solver, and fair shares for several trainings."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard.training import scheduler as scheduler_module
from dashboard.training import trainer as trainer_module
from dashboard.training.scheduler import Scheduler
from dashboard.training.status import Phase
from tests.support.trainers import (
    PATIENCE,
    SETTINGS,
    new_solver,
    short_lived,
    stopped,
    trainer_threads,
    until,
    until_phase,
)

pytestmark = pytest.mark.alone


def compute(seconds: float) -> None:
    """Use the processor for this long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.fixture
def make(monkeypatch):
    with short_lived(monkeypatch) as make:
        yield make


def test_a_copied_model_is_consistent_and_does_not_change(make):
    """The copy must not be from within an update, nor share memory with the trained model."""
    solver = new_solver()
    after_chunks: dict[int, bytes] = {0: solver.model.flat.tobytes()}
    trainer = make(solver)
    trainer.after_chunk.append(
        lambda solver: after_chunks.setdefault(solver.iteration, solver.model.flat.tobytes())
    )
    trainer.start(60)
    copies = []
    for _ in range(20):
        copies.append((model := trainer.model(), model.flat.tobytes()))
        time.sleep(0.002)
    stopped(trainer)
    expected = set(after_chunks.values())
    assert len({raw for _, raw in copies}) > 1
    for model, raw in copies:
        assert raw in expected
        assert model.flat.tobytes() == raw


def test_random_clicks_never_let_two_threads_train_one_solver(make, monkeypatch):
    monkeypatch.setattr(trainer_module, "STEP_SECONDS", 0.01)
    trainer = make()
    real, inside, overlaps = trainer.solver.step, threading.Lock(), []

    def watched() -> float:
        if not inside.acquire(blocking=False):
            overlaps.append(trainer.solver.iteration)
            return 0.0
        try:
            return real()
        finally:
            inside.release()

    monkeypatch.setattr(trainer.solver, "step", watched)
    before = len(trainer_threads())
    errors: list[BaseException] = []

    def click(seed: int) -> None:
        rng = np.random.default_rng(seed)
        clicks = [
            lambda: trainer.start(60),
            trainer.pause,
            lambda: trainer.step(60),
            trainer.status,
            lambda: trainer.change(replace(SETTINGS, lr=rng.choice([0.001, 0.002]))),
        ]
        try:
            for _ in range(150):
                rng.choice(clicks, p=[0.35, 0.35, 0.1, 0.1, 0.1])()
                time.sleep(rng.choice([0.0, 0.001, 0.003]))
        except BaseException as error:
            errors.append(error)

    users = [threading.Thread(target=click, args=(seed,)) for seed in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    end = stopped(trainer)
    assert (errors, overlaps) == ([], [])
    assert len(trainer_threads()) == before  # ended threads are gone
    assert trainer.status().phase is Phase.PAUSED
    assert trainer.solver.history["iteration"].tolist() == list(range(1, end + 1))
    trainer.start(60)
    until(lambda: trainer.solver.iteration > end)


def test_a_page_gets_the_lock_of_a_busy_trainer_within_two_chunks(make):
    trainer = make()
    trainer.start(60)
    until(lambda: trainer.solver.iteration)
    chunks: list[int] = []
    trainer.after_chunk.append(lambda solver: chunks.append(solver.iteration))
    for _ in range(20):
        before = len(chunks)
        with trainer.lock:
            assert len(chunks) - before <= 2


def test_a_queued_training_starts_when_a_seat_is_free(make):
    scheduler = Scheduler(1)
    first, second, third = (make(scheduler=scheduler) for _ in range(3))
    for count, trainer in enumerate((first, second, third), start=1):
        trainer.start(60)
        until(lambda: len(scheduler) == count)  # noqa: B023
    until_phase(second, Phase.WAITING)
    until_phase(third, Phase.WAITING)
    assert [trainer.status().queue_position for trainer in (first, second, third)] == [0, 1, 2]
    assert second.status().active  # its page keeps updating
    assert second.solver.iteration == third.solver.iteration == 0
    stopped(second)  # the next one moves up
    assert third.status().queue_position == 1
    stopped(first)
    until(lambda: third.solver.iteration)
    assert third.status().phase is Phase.RUNNING
    assert second.solver.iteration == 0


def test_seats_rotate_so_that_every_training_advances(make, monkeypatch):
    monkeypatch.setattr(scheduler_module, "SEAT_SECONDS", 0.05)
    scheduler = Scheduler(1)
    trainers = [make(scheduler=scheduler) for _ in range(3)]
    for trainer in trainers:
        trainer.start(60)
    until(lambda: all(trainer.solver.iteration for trainer in trainers))


def test_trainings_with_a_seat_alternate(make):
    scheduler = Scheduler(2)
    pair = [make(scheduler=scheduler) for _ in range(2)]
    order: list[int] = []
    for number, trainer in enumerate(pair):
        trainer.after_chunk.append(lambda _, number=number: order.append(number))
        trainer.start(60)
    until(lambda: len(order) >= 40)
    for trainer in pair:
        stopped(trainer)
    both = order[order.index(1 - order[0]) :][:30]
    changes = sum(a != b for a, b in itertools.pairwise(both))
    assert changes >= 20  # nearly always in turn


def test_shares_are_equal_in_time_if_iterations_are_longer_than_a_chunk(make):
    scheduler, used = Scheduler(2), {"slow": 0.0, "quick": 0.0}

    def timed(name: str, pause: float):
        trainer = make(new_solver(), scheduler)
        real = trainer.solver.step

        def step() -> float:
            started = time.thread_time()
            compute(pause)
            loss = real()
            used[name] += time.thread_time() - started
            return loss

        trainer.solver.step = step
        return trainer

    slow, quick = timed("slow", 0.1), timed("quick", 0.0005)
    for trainer in (slow, quick):
        trainer.start(60)
    until(lambda: used["slow"] > 0.8)
    for trainer in (slow, quick):
        stopped(trainer)
    assert 0.4 < used["quick"] / used["slow"] < 2.5


def test_a_long_validation_lets_other_trainings_continue(make):
    scheduler = Scheduler(2)
    solver = new_solver(num_iters=1, val_fraction=0.5, eval_every=1)
    quick, slow = make(new_solver(), scheduler), make(solver, scheduler)
    progress: list[int] = []
    real = solver.model.evaluate

    def evaluate(*given):
        compute(0.03)
        progress.append(quick.solver.iteration)
        return real(*given)

    solver.model.evaluate = evaluate
    solver.val_ids = np.tile(solver.val_ids, 40)  # many batches
    quick.start(60)
    until(lambda: quick.solver.iteration)
    slow.start(60)
    until_phase(slow, Phase.FINISHED)
    stopped(quick)
    assert len(progress) > 5
    assert sum(a < b for a, b in itertools.pairwise(progress)) > len(progress) / 2


def test_the_model_can_be_copied_within_a_long_validation(make):
    solver = new_solver(num_iters=1, val_fraction=0.5, eval_every=1)
    trainer = make(solver)
    started, copied = threading.Event(), threading.Event()
    real = solver.model.evaluate

    def evaluate(*given):
        started.set()
        # Continue only when a thread waits for the model, and end after it has its copy.
        until(lambda: trainer._weights._waiting or copied.is_set())
        return real(*given)

    solver.model.evaluate = evaluate
    solver.val_ids = np.tile(solver.val_ids, 40)  # many batches
    trainer.start(60)
    assert started.wait(PATIENCE)
    model = trainer.model()
    assert not len(solver.history.validations()[1])
    copied.set()
    until_phase(trainer, Phase.FINISHED)
    assert np.array_equal(model.flat, solver.model.flat)


def test_a_training_alone_never_sleeps_after_a_long_chunk(make, monkeypatch):
    trainer = make(new_solver(), Scheduler(2))
    real = trainer.solver.step
    trainer.solver.step = lambda: (compute(0.05), real())[1]
    naps: list[float] = []
    clock = SimpleNamespace(**vars(time) | {"sleep": naps.append})
    monkeypatch.setattr(trainer_module, "time", clock)
    trainer.start(60)
    while trainer.solver.iteration < 10:
        trainer.join(0.01)
    stopped(trainer)
    assert not naps


def test_time_without_the_processor_does_not_count_as_an_overrun(make, monkeypatch):
    scheduler = Scheduler(2)
    delayed, other = make(new_solver(), scheduler), make(new_solver(), scheduler)
    real = delayed.solver.step
    # Two such steps take 0.18 s by the clock, 0.08 s more than a chunk may.
    delayed.solver.step = lambda: (time.sleep(0.09), real())[1]
    overruns: list[float] = []
    monkeypatch.setattr(delayed, "_compensate", overruns.append)
    for trainer in (delayed, other):
        trainer.start(60)
    until(lambda: delayed.solver.iteration >= 10)
    for trainer in (delayed, other):
        stopped(trainer)
    assert max(overruns) < 0.04
