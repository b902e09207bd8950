"""One interval of a run's training: the function that Dask calls on a worker.

It depends on its arguments only. So Dask can call it again on another worker when one is lost,
and it continues from the checkpoint that it was given: bit for bit, on the same kind of processor.
"""

from __future__ import annotations

import io
import math
import os
import socket
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncore import validation
from rnncore.compute import blas
from rnncore.errors import DivergedError, RnnCoreError, SweepError
from rnncore.history import History
from rnncore.solver import Solver
from rnncore.storage.checkpoint import load, save
from rnncore.sweep.plan import SweepRun
from rnncore.sweep.text import SweepText
from rnncore.version import __version__

# A run's length in minutes becomes iterations by a trial of this many seconds, or this share of it.
_TRIAL_SECONDS, _TRIAL_SHARE = 2.0, 0.05
_WARM_UP = 3  # iterations of the trial that are not timed: they allocate buffers
_CURVE_POINTS = 100


@dataclass(frozen=True)
class Order:
    """What a worker shall do: train ``run`` from ``checkpoint`` on.

    checkpoint: a run's file without the text; None starts the run.
    share: of the whole run, after which it pauses. seconds: after which it returns a checkpoint.
    minutes, iterations: the length of the run, as in the plan.
    version: of rnncore, which must be the worker's own.
    """

    run: SweepRun
    checkpoint: bytes | None
    share: float
    seconds: float
    iterations: int | None
    minutes: float | None
    version: str = __version__


@dataclass(frozen=True)
class Interval:
    """What a worker returns.

    checkpoint: the run's file without the text. paused: whether ``share`` of the run is done.
    failure: why the run cannot go on, or "".
    score: the validation loss now, measured if ``paused``; else NaN.
    """

    checkpoint: bytes
    iteration: int
    num_iters: int
    seconds: float
    chars: int
    loss: float
    val_loss: float
    best_val_loss: float
    best_iteration: int
    score: float
    paused: bool
    failure: str
    curve: dict[str, list[float]]
    worker: str  # its host name and process id


def work(order: Order, text: SweepText) -> Interval:
    """Do what ``train_interval`` does, in a worker process that has one core for itself.

    SweepError: this process has another version of rnncore.
    """
    check_version(order.version)
    blas.use_one_worker()
    return train_interval(order, text)


def train_interval(order: Order, text: SweepText) -> Interval:
    """Train a run for some seconds, or until its share is done, and return its checkpoint.

    RnnCoreError: the settings cannot be used.
    """
    if order.checkpoint is None:
        solver = _start(order, text)
    else:
        loaded = load(order.checkpoint, data=text.ids)
        assert isinstance(loaded, Solver)
        solver = loaded
    target = math.ceil(order.share * solver.num_iters)
    deadline, failure = time.perf_counter() + order.seconds, ""
    try:
        while solver.iteration < target:
            solver.step()
            if time.perf_counter() >= deadline:
                break
    except DivergedError as error:
        failure = str(error)
    paused = solver.iteration >= target
    score = math.nan
    if paused and not failure:
        score = solver.evaluate(validation.MAX_CHARS_IN_TRAINING)
    return _describe(solver, score, paused, failure)


def check_version(wanted: str, found: str = __version__, host: str = "") -> None:
    """Raise a SweepError if a worker, by default this process, has another version of rnncore."""
    if found != wanted:
        raise SweepError(
            f"The worker on {host or socket.gethostname()} has rnncore {found}; this sweep needs "
            f"{wanted}. Install that there, then start the sweep again: it continues."
        )


def _start(order: Order, text: SweepText) -> Solver:
    """Return the run at iteration 0."""
    if order.iterations is not None:
        return order.run.build(text, order.iterations)
    assert order.minutes is not None
    return order.run.build(text, iterations_in(order.run, text, 60 * order.minutes))


def iterations_in(run: SweepRun, text: SweepText, seconds: float) -> int:
    """Return how many iterations of this run take so many seconds here, by a short trial."""
    speed = measure_speed(run, text, min(_TRIAL_SECONDS, _TRIAL_SHARE * seconds))
    return max(1, round(seconds * speed))


def measure_speed(run: SweepRun, text: SweepText, seconds: float) -> float:
    """Return the iterations in a second of this run here, from a trial that is thrown away."""
    trial = run.build(text, 1_000_000)
    for _ in range(_WARM_UP):
        trial.step()
    started, first = time.perf_counter(), trial.iteration
    while trial.iteration == first or time.perf_counter() - started < seconds:
        trial.step()
    return (trial.iteration - first) / (time.perf_counter() - started)


def _describe(solver: Solver, score: float, paused: bool, failure: str) -> Interval:
    buffer = io.BytesIO()
    try:
        save(solver, buffer, data=False)
    except RnnCoreError as error:  # the weights are not finite
        failure, buffer = failure or str(error), io.BytesIO()
    best, (_, validations) = solver.best, solver.history.validations()
    return Interval(
        checkpoint=buffer.getvalue(),
        iteration=solver.iteration,
        num_iters=solver.num_iters,
        seconds=solver.seconds,
        chars=solver.chars_seen,
        loss=solver.history.recent_loss(),
        val_loss=float(validations[-1]) if len(validations) else math.nan,
        best_val_loss=math.nan if best is None else best.loss,
        best_iteration=0 if best is None else best.iteration,
        score=score,
        paused=paused,
        failure=failure,
        curve=describe_curve(solver.history),
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )


def describe_curve(history: History) -> dict[str, list[float]]:
    """Return about 100 points of the training loss, each a mean, and of the validation loss."""
    loss, ends = history["loss"], history["iteration"]
    parts = max(1, min(_CURVE_POINTS, len(loss)))
    iterations, validations = history.validations()
    every = max(1, math.ceil(len(validations) / _CURVE_POINTS))
    pick = slice((len(validations) - 1) % every if len(validations) else 0, None, every)
    groups = [part for part in np.array_split(np.arange(len(loss)), parts) if len(part)]
    return {
        "iteration": [float(ends[part[-1]]) for part in groups],
        "loss": [float(loss[part].mean()) for part in groups],
        "val_iteration": iterations[pick].tolist(),
        "val_loss": validations[pick].tolist(),
    }


def describe_worker() -> dict[str, Any]:
    """Return what must be the same, or should be, on all workers of a sweep."""
    return {"version": __version__, "host": socket.gethostname(), "kernel": blas.info().kernel}
