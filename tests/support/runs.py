"""Small runs for tests, and a store that stops their autosavers after a test."""

from __future__ import annotations

import numpy as np

from dashboard.runs.autosave import Autosaver
from dashboard.runs.run import Run, new_run
from dashboard.runs.store import Store
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.text.loading import load

TEXT = load(b"The cat sat on the mat, and the dog on the log. " * 40, "cat.txt")
# Dropout draws random numbers, so the state of the generator is tested, too.
MODEL = ModelSettings(
    hidden_dim=6, num_layers=2, input_dim=3, dropout=0.2, seq_length=10, batch_size=4
)
TRAIN = TrainSettings(num_iters=1_000_000)


class TrackedStore(Store):
    """A store that remembers its autosavers."""

    def __init__(self, root):
        super().__init__(root)
        self.autosavers: list[Autosaver] = []

    def start_autosave(self, run):
        self.autosavers.append(super().start_autosave(run))
        return self.autosavers[-1]

    def open(self, run_id):
        run = super().open(run_id)
        self.autosavers.append(run.autosaver)
        return run

    def close(self):
        for autosaver in self.autosavers:
            autosaver.discard()


def small_run(store: Store | None = None, steps: int = 0, model: ModelSettings = MODEL) -> Run:
    """Return a run after this many iterations, saved in ``store`` if it is given."""
    run = new_run(TEXT, model, TRAIN)
    if store is not None:
        store.start_autosave(run)
    advance(run, steps)
    if run.autosaver is not None:
        assert run.autosaver.save_now(), run.autosaver.problem
    return run


def advance(run: Run, steps: int) -> None:
    """Train this many iterations and log samples, as the trainer does."""
    for _ in range(steps):
        with run.trainer.lock:
            run.solver.step()
            run.sample_log(run.solver)


def saves(store: Store, run_id: str) -> list[int]:
    """Return the numbers of a run's saves on disk, oldest first."""
    return sorted(int(path.stem) for path in (store.root / run_id).glob("????????.npz"))


def assert_same(one: Run, other: Run) -> None:
    """Check that two runs are equal bit for bit, except for the training time."""
    a, b = one.solver, other.solver
    assert a.settings() == b.settings()
    assert {**a.position(), "seconds": 0} == {**b.position(), "seconds": 0}
    np.testing.assert_array_equal(a.model.flat, b.model.flat)
    for name, slot in a.optimizer.slots.items():
        np.testing.assert_array_equal(slot, b.optimizer.slots[name])
    assert (a.best is None) == (b.best is None)
    if a.best is not None:
        assert (a.best.iteration, a.best.loss) == (b.best.iteration, b.best.loss)
        np.testing.assert_array_equal(a.best.flat, b.best.flat)
    for part, twin in zip(a.state, b.state, strict=True):
        np.testing.assert_array_equal(part, twin)
    timeless = [i for i in range(7) if i != 2]
    np.testing.assert_array_equal(a.history.to_array()[timeless], b.history.to_array()[timeless])
    assert one.sample_log == other.sample_log
    assert one.trainer.changes == other.trainer.changes
    assert one.model_settings == other.model_settings
    assert one.train_settings == other.train_settings
    assert one.text == other.text
    assert one.text.preview() == other.text.preview()
