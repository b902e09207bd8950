"""Record the training curves of this folder, by training networks on the sample texts.

    python tests/data/curves/record.py [name …]

Each curve is an .npz file with the columns of the history that change from run to run (float32)
and the figures that a diagnosis needs beside them. Recording all of them takes some minutes.
Two computers give slightly different curves: after a new recording, check that each still shows
what its name says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))

from dashboard.analysis.baselines import compute_baselines
from rnncore import RNN, Solver, Vocab

HERE = Path(__file__).parent
TEXTS = Path(__file__).parents[3] / "sample_texts"
RECORDED = ("loss", "val_loss", "grad_norm", "lr")
# The settings that the preset "Quick demo" had when the curves were recorded.
DEMO = {"seq_length": 50, "batch_size": 16, "lr": 8e-3, "schedule": "cosine", "fresh_after": 256}


def begin(text: str, hidden: int, cell: str = "lstm", **settings: object) -> Solver:
    """Return a solver at iteration 0 on a sample text."""
    book = (TEXTS / text).read_text("utf-8")
    vocab = Vocab.from_text(book)
    model = RNN(len(vocab), vocab.idx_to_char, hidden_dim=hidden, cell_type=cell, seed=0)
    arguments = {"clip": 5.0, "val_fraction": 0.1, **settings}
    return Solver(vocab.encode(book), model, seed=0, **arguments)  # type: ignore[arg-type]


def undertrained() -> Solver:
    """The preset's network, ended long before it has learnt what it can."""
    solver = begin("lighthouse.txt", 128, **DEMO, num_iters=300)
    solver.train()
    return solver


def converged() -> Solver:
    """The preset as it is on the default text: at its end validation is flat."""
    solver = begin("lighthouse.txt", 128, **DEMO, num_iters=2000)
    solver.train()
    return solver


def overfitting() -> Solver:
    """A network that learns a short text by heart."""
    settings = {**DEMO, "schedule": "constant"}
    solver = begin("verses.txt", 128, **settings, num_iters=2000)
    solver.train()
    return solver


def diverged() -> Solver:
    """A learning rate of 1: the loss explodes, then falls, and stays above guessing."""
    settings = {**DEMO, "schedule": "constant", "lr": 1.0}
    solver = begin("lighthouse.txt", 64, **settings, num_iters=600)
    solver.train()
    return solver


def recovering() -> Solver:
    """A learning rate of 1 that the schedule lowers: the loss explodes and comes back slowly."""
    solver = begin("lighthouse.txt", 64, **{**DEMO, "lr": 1.0}, num_iters=800)
    solver.train()
    return solver


def noisy() -> Solver:
    """The original min-char-rnn: one stream of 25 characters, so each loss is noisy."""
    solver = begin(
        "lighthouse.txt", 100, "vanilla", seq_length=25, batch_size=1, lr=0.1,
        update_rule="adagrad", schedule="constant", num_iters=20_000,
    )  # fmt: skip
    while solver.iteration < 4000:
        solver.step()
    return solver


def restarted() -> Solver:
    """A finished run that was continued: its learning rate rose again, and with it the loss."""
    solver = begin("lighthouse.txt", 64, **DEMO, num_iters=600)
    solver.train()
    solver.num_iters = 2400
    while solver.iteration < 1500:
        solver.step()
    return solver


CURVES: dict[str, Callable[[], Solver]] = {
    f.__name__: f
    for f in (undertrained, diverged, recovering, overfitting, restarted, noisy, converged)
}


def record(name: str) -> None:
    """Train the network of this curve and write its file."""
    solver = CURVES[name]()
    history = solver.history
    levels = compute_baselines(solver.train_ids, solver.val_ids, solver.model.vocab_dim)
    np.savez_compressed(
        HERE / f"{name}.npz",
        **{column: history[column].astype(np.float32) for column in RECORDED},  # type: ignore[arg-type]
        base_lr=solver.lr,
        clip=np.inf if solver.clip is None else solver.clip,
        num_iters=solver.num_iters,
        uniform=levels[0].nats,
        frequencies=levels[1].nats,
    )
    at, val = history.validations()
    print(name, solver, list(zip(at.astype(int), val.round(3), strict=True))[-12:], flush=True)


if __name__ == "__main__":
    for each in sys.argv[1:] or CURVES:
        record(each)
