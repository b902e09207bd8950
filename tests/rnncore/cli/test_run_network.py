"""Which network of a run the commands use: the best, or with --latest the latest."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import RNN, Solver, Vocab, from_torch, load, save
from rnncore.best_weights import BestWeights
from rnncore.cli.export import make_card
from tests.rnncore.cli.commands import BOOK


@pytest.fixture
def trained(tmp_path):
    """The path of a finished run of 8 iterations whose best network is that of iteration 3."""
    vocab = Vocab.from_text(BOOK)
    model = RNN(len(vocab), vocab.idx_to_char, 4, 8, seed=1)
    solver = Solver(vocab.encode(BOOK), model, 10, 4, num_iters=8)
    for iteration in range(8):
        if iteration == 3:
            third = model.flat.copy()
        solver.step()
    solver.best = BestWeights(3, 2.5, third)
    path = tmp_path / "run.npz"
    save(solver, path)
    return path


def networks(path):
    """Return the best and the latest network of a run."""
    solver = load(path)
    best = solver.best.apply_to(solver.model)
    assert not np.array_equal(best.flat, solver.model.flat)
    return best, solver.model


def test_sample_writes_with_the_best_network_or_the_latest(run, trained):
    best, latest = networks(trained)
    command = ["sample", trained, "--seed-text", "The ", "--length", 60, "--seed", 0]
    _, written, note = run(*command)
    assert written == f"The {best.sample('The ', 60, seed=0)}\n"
    assert "iteration 3 of 8; --latest" in note
    assert run(*command, "--latest") == (0, f"The {latest.sample('The ', 60, seed=0)}\n", "")


def test_train_saves_the_best_network_or_the_latest(run, trained, tmp_path):
    best, latest = networks(trained)
    for options, network in (([], best), (["--latest"], latest)):
        code, _, note = run("train", trained, "--model", tmp_path / "m.pkl", *options)
        assert code == 0
        np.testing.assert_array_equal(load(tmp_path / "m.pkl").flat, network.flat)
        assert ("iteration 3 of 8" in note) == (network is best)


def test_export_writes_the_best_network_or_the_latest(run, trained, tmp_path):
    best, latest = networks(trained)
    for options, network in (([], best), (["--latest"], latest)):
        out = tmp_path / "network.safetensors"
        assert run("export", trained, "--to", "safetensors", "--out", out, *options)[0] == 0
        np.testing.assert_array_equal(from_torch(out.read_bytes()).flat, network.flat)
    solver = load(trained)
    card = make_card("", "", solver)
    assert (card.iterations, card.val_loss) == (3, 2.5)
    assert make_card("", "", solver, latest=True).iterations == 8
