"""Every cell and every update rule learns: a short text, a periodic sequence, a copying task."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import CELLS, RNN, UPDATE_RULES, Solver, Vocab

every_cell = pytest.mark.parametrize("cell_type", sorted(CELLS))

TWO_HUNDRED = (
    "It is a truth universally acknowledged, that a single man in possession of a good "
    "fortune, must be in want of a wife. However little known the feelings or views of such "
    "a man may be on his first entering."
)[:201]


@every_cell
def test_a_network_overfits_200_characters(cell_type):
    vocab = Vocab.from_text(TWO_HUNDRED)
    model = RNN(len(vocab), vocab.idx_to_char, 16, 64, cell_type)
    solver = Solver(
        vocab.encode(TWO_HUNDRED), model, seq_length=50, batch_size=4, lr=1e-2,
        num_iters=600, val_fraction=0, schedule="constant",
    )  # fmt: skip
    while solver.iteration < 600:
        if solver.step() < 0.05:
            break
    assert solver.history.last("loss") < 0.05


PERIOD = [0, 3, 0, 1, 0, 3, 2, 7, 7, 5]  # the symbol after 0, 3 or 7 depends on earlier ones


def periodic(cell_type="lstm", lr=0.01, **settings):
    return Solver(
        PERIOD * 100, RNN(8, None, 8, 32, cell_type), seq_length=10, batch_size=4, lr=lr,
        schedule="constant", **settings,
    )  # fmt: skip


@every_cell
def test_a_network_learns_a_periodic_sequence_without_characters(cell_type):
    solver = periodic(cell_type=cell_type, num_iters=300)
    solver.train(progress=False)
    assert solver.evaluate() < 0.02
    continued = solver.model.sample(PERIOD[:7], T=20, temperature=0)
    assert continued.tolist() == (PERIOD * 3)[7:27]


@every_cell
def test_a_network_learns_to_copy(cell_type):
    """Two random symbols of four, a separator, the same two: only the first two are uncertain."""
    rng = np.random.default_rng(0)
    words = rng.integers(0, 4, (4000, 2))
    marks = np.full((4000, 1), 4)
    ids = np.concatenate([words, marks, words, marks], axis=1).ravel()
    solver = Solver(
        ids, RNN(5, None, 8, 48, cell_type), seq_length=24, batch_size=16, lr=0.01,
        num_iters=500, eval_every=0,
    )  # fmt: skip
    solver.train(progress=False)
    lowest = 2 * np.log(4) / 6
    assert solver.evaluate() == pytest.approx(lowest, abs=0.03)


@pytest.mark.parametrize("update_rule", sorted(UPDATE_RULES))
def test_every_update_rule_learns(update_rule):
    lr = {"sgd": 1.0, "momentum": 0.1, "adagrad": 0.1}.get(update_rule, 0.01)
    solver = periodic(lr=lr, update_rule=update_rule, num_iters=400)
    assert solver.train(progress=False)["loss"][-20:].mean() < 0.3


@pytest.mark.slow
def test_a_network_learns_a_book(corpora):
    """2,000 iterations on tiny-shakespeare lead to less than 2 nats per character."""
    text = (corpora / "tiny-shakespeare.txt").read_text(encoding="utf-8")
    vocab = Vocab.from_text(text)
    model = RNN(len(vocab), vocab.idx_to_char, hidden_dim=128)
    solver = Solver(vocab.encode(text), model, num_iters=2000, batch_size=32)
    solver.train(progress=False)
    assert solver.evaluate() < 2.0
