"""Who races: networks of equal size, the races that are ready, and the goal of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboard.runs.run import Run, check_settings, new_run
from dashboard.settings import CELL_NAMES, Goal, ModelSettings, TrainSettings
from dashboard.text.loading import LoadedText
from dashboard.training.goals import Plan
from rnncore import RnnCoreError
from rnncore.learning_rates import ADAPTED, default_rate

FEWEST, MOST = 2, 4
_USUAL = TrainSettings()
_VALIDATIONS = 25  # in a race that ends after a number of iterations
_LARGEST = 4096  # hidden size that is tried


@dataclass(frozen=True)
class Racer:
    """The settings of one network and its training."""

    model: ModelSettings
    train: TrainSettings = _USUAL


@dataclass(frozen=True)
class Race:
    """A race that is ready to start.

    lesson: what it shows, in one sentence. text: file name of a sample text.
    same_size: whether the hidden sizes are computed so that all have as many parameters as the
        first.
    suggested_rates: whether each trains at the rate suggested for it, not at that of its settings.
    """

    title: str
    lesson: str
    text: str
    racers: tuple[Racer, ...]
    goal: Goal
    same_size: bool = False
    suggested_rates: bool = False


_HIGH_RATE = replace(_USUAL, lr=2.0, update_rule="sgd", schedule="constant")

READY = {
    "cells": Race(
        "LSTM, GRU or vanilla RNN",
        "Brackets must be closed in the right order, often long after they were opened: which "
        "cell remembers best, with equal parameters, each at its suggested learning rate?",
        "brackets.txt",
        tuple(Racer(ModelSettings(cell, hidden_dim=64)) for cell in ("lstm", "gru", "vanilla")),
        Goal("iterations", 600),
        same_size=True,
        suggested_rates=True,
    ),
    "clipping": Race(
        "With and without clipping",
        "A vanilla RNN at a high learning rate: clipping shortens large gradients. What happens "
        "without it?",
        "verses.txt",
        (
            Racer(ModelSettings("vanilla", hidden_dim=96), replace(_HIGH_RATE, clip=1.0)),
            Racer(ModelSettings("vanilla", hidden_dim=96), replace(_HIGH_RATE, clip=math.inf)),
        ),
        Goal("iterations", 400),
    ),
    "sizes": Race(
        "Small and large on a short text",
        "The large network learns faster, until it learns the short text by heart: watch its "
        "validation loss.",
        "verses.txt",
        tuple(Racer(ModelSettings(hidden_dim=size)) for size in (48, 192)),
        Goal("iterations", 800),
    ),
}


def match_size(model: ModelSettings, num_params: int, vocab_dim: int) -> ModelSettings:
    """Return the settings with the hidden size that comes closest to so many parameters."""

    def params(hidden_dim: int) -> int:
        return replace(model, hidden_dim=hidden_dim).num_params(vocab_dim)

    low, high = 1, _LARGEST
    while low < high:  # the smallest size with at least as many parameters
        middle = (low + high) // 2
        low, high = (low, middle) if params(middle) >= num_params else (middle + 1, high)
    below = max(1, low - 1)
    nearer = below if num_params - params(below) <= params(low) - num_params else low
    return replace(model, hidden_dim=nearer)


def equal_sizes(racers: Sequence[Racer], vocab_dim: int) -> list[Racer]:
    """Return the racers with hidden sizes that give each as many parameters as the first has."""
    first, *others = racers
    size = first.model.num_params(vocab_dim)
    return [first, *(replace(r, model=match_size(r.model, size, vocab_dim)) for r in others)]


def at_suggested_rates(racers: Sequence[Racer]) -> list[Racer]:
    """Return the racers, each at the rate suggested for it if its update rule is Adam or AdamW.

    At one rate for all, a cell or a size would win that happens to suit it.
    """
    return [
        replace(r, train=replace(r.train, lr=default_rate(rule, r.model, r.model.batch_size)))
        if (rule := r.train.update_rule) in ADAPTED
        else r
        for r in racers
    ]


def new_racers(text: LoadedText, racers: Sequence[Racer], goal: Goal) -> list[Run]:
    """Return a run at iteration 0 for each racer, with the same goal, text and validations.

    goal: a number of iterations, or of minutes of each racer's own training.
    RnnCoreError: they are too few or too many, or cannot train on the text.
    """
    if not FEWEST <= len(racers) <= MOST:
        raise RnnCoreError(f"A race has {FEWEST} to {MOST} networks, and {len(racers)} are chosen.")
    if len(set(racers)) < len(racers):
        raise RnnCoreError(
            "Two of the networks are the same: change a cell, a size or a setting of one."
        )
    for racer in racers:
        check_settings(text, racer.model)
    runs = []
    for racer in racers:
        train = racer.train
        if goal.kind == "iterations":
            every = max(1, int(goal.amount) // _VALIDATIONS)
            train = replace(train, num_iters=int(goal.amount), eval_every=every)
        run = new_run(text, racer.model, train)
        run.set_plan(Plan(goal))
        run.made_by = "race"
        runs.append(run)
    return runs


def describe(racer: Racer) -> str:
    """Return a racer in a few characters, such as "Vanilla RNN 96 at 2, clipping off"."""
    model, clip = racer.model, racer.train.clip
    cell = CELL_NAMES.get(model.cell_type, model.cell_type)
    layers = f"{model.num_layers} × " if model.num_layers > 1 else ""
    clipping = "off" if math.isinf(clip) else f"{clip:g}"
    unusual = "" if clip == _USUAL.clip else f", clipping {clipping}"
    return f"{cell} {layers}{model.hidden_dim} at {racer.train.lr:g}{unusual}"
