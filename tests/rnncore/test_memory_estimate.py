"""The estimate of the memory that training takes, compared with measured peaks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from rnncore import RNN, Solver
from rnncore.memory_estimate import estimate_training_bytes
from tests.support.new_process import peak_of_new_process

DEEP = {"input_dim": 20, "hidden_dim": 128, "cell_type": "lstm", "num_layers": 2}
MANY_SYMBOLS = {"input_dim": 20, "hidden_dim": 16, "cell_type": "lstm", "num_layers": 1}


def train_deep() -> None:
    model = RNN(80, **DEEP)
    Solver(np.zeros(20_000, int), model, seq_length=50, batch_size=32, val_fraction=0).step()


def train_and_validate_many_symbols() -> None:
    model = RNN(2000, **MANY_SYMBOLS)
    ids = np.zeros(40_000, int)
    solver = Solver(ids, model, seq_length=25, batch_size=1, val_fraction=0.4)
    solver.step()
    solver.evaluate()


def test_the_memory_estimate_covers_training():
    peak = peak_of_new_process(train_deep)
    estimate = estimate_training_bytes(80, **DEEP, batch_size=32, seq_length=50, validates=False)
    assert 0.4 * estimate < peak < 1.1 * estimate


def test_the_memory_estimate_covers_validation():
    """With many symbols and small batches, validation takes most of the memory."""
    peak = peak_of_new_process(train_and_validate_many_symbols)
    sizes = MANY_SYMBOLS | {"batch_size": 1, "seq_length": 25}
    assert 0.3 * estimate_training_bytes(2000, **sizes) < peak
    assert peak < 1.1 * estimate_training_bytes(2000, **sizes)
    assert peak > 3 * estimate_training_bytes(2000, **sizes, validates=False)


def test_the_memory_estimate_counts_the_best_weights_and_those_that_they_replace(monkeypatch):
    sizes = {"input_dim": 64, "hidden_dim": 128, "cell_type": "lstm", "num_layers": 1}
    monkeypatch.setattr("rnncore.memory_estimate.MAX_STREAMS", 0)  # no buffers for validation
    with_best, without = (
        estimate_training_bytes(80, **sizes, batch_size=4, seq_length=50, validates=validates)
        for validates in (True, False)
    )
    model = RNN(80, **sizes)
    solver = Solver(np.arange(2_000) % 5, model, seq_length=5, batch_size=1, eval_every=1, lr=1e-5)
    solver.step()
    replaced = solver.best
    solver.step()
    assert solver.best is not replaced
    assert with_best - without == replaced.flat.nbytes + solver.best.flat.nbytes


def test_the_memory_estimate_counts_parameters_and_gradients_of_each_shard(monkeypatch):
    sizes = {"input_dim": 64, "hidden_dim": 512, "cell_type": "lstm", "num_layers": 1}

    def estimate(workers: int) -> int:
        info = SimpleNamespace(workers=workers)
        monkeypatch.setattr("rnncore.memory_estimate.blas.info", lambda: info)
        return estimate_training_bytes(80, **sizes, batch_size=32, seq_length=50, validates=False)

    params = RNN(80, **sizes).num_params
    assert estimate(4) - estimate(1) == 3 * 3 * 4 * params
