"""The workflow of the original program, with the names of this one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from rnncore import RNN, Solver, Vocab, load, read_text
from tests.support.paths import ROOT

BOOK = ROOT / "sample_texts" / "lighthouse.txt"


def test_a_model_is_created_trained_sampled_pickled_and_loaded(tmp_path):
    text = read_text(BOOK.read_bytes(), name=BOOK.name).text
    vocab = Vocab.from_text(text)
    char_to_idx, idx_to_char = vocab.char_to_idx, vocab.idx_to_char

    # Create and train. All settings of the original have a name here.
    model = RNN(len(vocab), idx_to_char, input_dim=22, hidden_dim=32, cell_type="lstm")
    solver = Solver(
        vocab.encode(text), model, seq_length=25, batch_size=16, lr=1e-2,
        update_rule="rmsprop", num_iters=150,
    )  # fmt: skip
    before = solver.evaluate()
    solver.train()
    assert solver.history["iteration"][-1] == 150
    assert solver.evaluate() < before - 0.8

    # Sample T characters from an index.
    T = 200
    written = model.sample(char_to_idx["T"], T, seed=1)
    assert len(written) == T
    assert set(written) <= set(idx_to_char)

    # Pickle; load by pickle itself and by the safe reader.
    path = tmp_path / "model.pkl"
    with path.open("wb") as file:
        pickle.dump(model, file)
    with path.open("rb") as file:
        by_pickle = pickle.load(file)
    for again in (by_pickle, load(path)):
        np.testing.assert_array_equal(again.flat, model.flat)
        assert again.sample(char_to_idx["T"], T, seed=1) == written


def test_the_loss_can_be_plotted():
    pytest.importorskip("altair", reason="the chart needs altair, which rnncore itself does not")
    solver = Solver(np.arange(200) % 4, RNN(4, None, 3, 8), 5, 4, num_iters=20, eval_every=5)
    solver.train()
    chart = solver.plot_loss().to_dict()
    assert {"iteration", "loss"} <= {chart["encoding"][axis]["field"] for axis in "xy"}
