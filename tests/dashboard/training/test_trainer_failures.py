"""The trainer after a divergence or an unexpected exception."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dashboard.training.scheduler import Scheduler
from dashboard.training.status import Phase
from rnncore import Solver
from rnncore.errors import DivergedError, FileFormatError
from tests.support.trainers import (
    LONG,
    PATIENCE,
    SETTINGS,
    new_solver,
    short_lived,
    until,
    until_phase,
)


@pytest.fixture
def make(monkeypatch):
    with short_lived(monkeypatch) as make:
        yield make


def raising(error: Exception) -> Callable[..., float]:
    def step(*_: object) -> float:
        raise error

    return step


DIVERGED = DivergedError("Training diverged at iteration 7.")


def test_divergence_without_a_saved_state(make, monkeypatch):
    trainer = make()
    trainer.step(60)
    solver = trainer.solver
    monkeypatch.setattr(solver, "step", raising(DIVERGED))
    trainer.start(60)
    until_phase(trainer, Phase.FAILED)
    assert trainer.status().message == str(DIVERGED)
    assert trainer.solver is solver
    monkeypatch.undo()
    trainer.start(60)  # for example with a lower learning rate
    assert trainer.status().message == ""
    until(lambda: trainer.solver.iteration > 1)


@pytest.mark.parametrize("how", ["start", "step"])
def test_divergence_restores_the_last_good_state(make, monkeypatch, how):
    trainer, good = make(), new_solver(num_iters=20)
    good.step()
    good.lr, good.clip = 0.5, None
    good.warmup, good.eval_every, good.fresh_after = 9, 9, 9
    trainer.restore_last_good = lambda: good
    monkeypatch.setattr(trainer.solver, "step", raising(DIVERGED))
    trainer.start(60) if how == "start" else trainer.step(60)
    until_phase(trainer, Phase.FAILED)
    assert trainer.solver is good
    assert good.num_iters == LONG  # the current settings stay
    assert (good.lr, good.clip) == (4e-3, 5.0)
    assert (good.warmup, good.eval_every, good.fresh_after) == (0, 0, 256)
    assert trainer.status().diverging_rate == 4e-3
    assert trainer.status().message == (
        f"{DIVERGED} The network was restored to its state at iteration 1."
    )
    trainer.start(60)
    assert trainer.status().diverging_rate is None
    until(lambda: good.iteration > 1)


def test_a_real_divergence_leaves_a_usable_solver(make):
    trainer = make(new_solver(lr=100.0, update_rule="sgd", clip=None))
    trainer.start(60)
    trainer.solver.model.params["W_out"][...] = np.float32(3e38)
    until_phase(trainer, Phase.FAILED)
    assert "diverged" in trainer.status().message
    trainer.solver.model.params["W_out"][...] = 0.1
    trainer.change(replace(SETTINGS, lr=1e-4))
    at = trainer.solver.iteration
    trainer.start(60)
    until(lambda: trainer.solver.iteration > at)


def test_a_failed_restore_is_reported_and_frees_the_seat(make, monkeypatch):
    scheduler = Scheduler(1)
    trainer = make(scheduler=scheduler)
    trainer.restore_last_good = raising(FileFormatError("The save is damaged."))
    monkeypatch.setattr(trainer.solver, "step", raising(DIVERGED))
    trainer.start(60)
    until_phase(trainer, Phase.FAILED)
    assert trainer.status().message == f"{DIVERGED} The save is damaged."
    assert len(scheduler) == 0


@pytest.mark.parametrize("how", ["start", "step", "callback", "stop rule"])
def test_an_unexpected_exception_shows_only_a_log_reference(make, monkeypatch, caplog, how):
    secret = "/home/user/book.txt"
    scheduler = Scheduler(1)
    trainer = make(scheduler=scheduler)
    fails = raising(KeyError(secret))
    if how == "callback":
        trainer.after_chunk.append(fails)
    elif how == "stop rule":
        trainer.stop_rule = fails
    else:
        monkeypatch.setattr(trainer.solver, "step", fails)
    with caplog.at_level(logging.ERROR):
        trainer.step(60) if how == "step" else trainer.start(60)
        until_phase(trainer, Phase.FAILED)
    message = trainer.status().message
    assert secret not in message
    assert "Traceback" not in message
    reference = message.rstrip(".").split()[-1]
    assert len(reference) == 8
    assert reference in caplog.text
    assert secret in caplog.text
    assert len(scheduler) == 0
    with trainer.lock:  # it is free
        pass


def test_a_lack_of_memory_is_reported(make, monkeypatch):
    trainer = make()
    monkeypatch.setattr(trainer.solver, "step", raising(MemoryError()))
    trainer.start(60)
    until_phase(trainer, Phase.FAILED)
    assert "memory" in trainer.status().message


def test_a_failing_callback_of_an_old_thread_does_not_end_a_newer_one(make):
    trainer = make()
    stopped, go_on = threading.Event(), threading.Event()

    def fails_late(_: Solver) -> None:
        trainer.after_stop.clear()  # fail only once
        stopped.set()
        assert go_on.wait(PATIENCE)
        raise FileFormatError("The disk is full.")

    trainer.after_stop.append(fails_late)
    trainer.start(60)
    first = trainer._thread
    trainer.pause()
    assert stopped.wait(PATIENCE)
    trainer.start(60)
    second = trainer._thread
    assert second is not first
    go_on.set()
    first.join(PATIENCE)
    at = trainer.solver.iteration
    until(lambda: trainer.solver.iteration > at)
    assert trainer.status().phase is Phase.RUNNING
    assert trainer._thread is second
