"""A tiny sweep, and an engine that computes in this process, for tests that need no Dask."""

from __future__ import annotations

import numpy as np

from rnncore.sweep import SweepPlan, SweepText, task

TEXT = SweepText.from_string("the cat sat on the mat and the rat sat on the cat. " * 40)
SMALL = {"seq_length": 8, "batch_size": 2, "eval_every": 3}


def make_plan(axes=None, **settings):
    """Return a plan of two sizes and two seeds. A run has 6 iterations, each an interval."""
    axes = {"hidden_dim": (4, 6)} if axes is None else axes
    values = {"settings": SMALL, "seeds": 2, "iterations": 6, "checkpoint_seconds": 1e-9}
    return SweepPlan(axes, **values | settings)


def train_unbroken(run, iterations=6):
    """Return the solver of this run, trained without a break."""
    solver = run.build(TEXT, iterations)
    solver.train()
    return solver


def assert_same_training(one, other):
    """Check that two solvers have the same weights, moments and losses, bit for bit."""
    assert one.iteration == other.iteration
    assert np.array_equal(one.model.flat, other.model.flat)
    for name, slot in one.optimizer.slots.items():
        assert np.array_equal(slot, other.optimizer.slots[name])
    assert np.array_equal(one.history["loss"], other.history["loss"])
    for mine, theirs in zip(one.history.validations(), other.history.validations(), strict=True):
        assert np.array_equal(mine, theirs)


class EngineHere:
    """Computes each interval when it is asked for, in this process, the highest priority first."""

    def __init__(self, text, address="", workers=None, background=False):
        self.text, self.notes, self.slots, self.orders = text, [], 1, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def count_workers(self):
        pass

    def submit(self, order, priority):
        self.orders.append((priority, order))

    def completed(self, seconds):
        if self.orders:
            order = self.orders.pop(self.orders.index(max(self.orders, key=lambda o: o[0])))[1]
            try:
                yield order.run.number, task.train_interval(order, self.text)
            except Exception as error:
                yield order.run.number, error
