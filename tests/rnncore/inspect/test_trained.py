"""What a network learns on the sample text of brackets, and what it loses without a unit."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import RNN, Solver, Vocab, inspect
from tests.support.paths import ROOT

TEXT = (ROOT / "sample_texts" / "brackets.txt").read_text(encoding="utf-8")


class Trained:
    """A network trained on brackets, and how its units and a probe follow the depth."""

    def __init__(self, seed: int, iterations: int) -> None:
        vocab = Vocab.from_text(TEXT)
        self.model = RNN(len(vocab), vocab.idx_to_char, hidden_dim=48, seed=seed)
        solver = Solver(
            vocab.encode(TEXT),
            self.model,
            50,
            16,
            8e-3,
            num_iters=iterations,
            eval_every=0,
            seed=seed,
        )
        while not solver.finished:
            solver.step()
        self.ids = solver.val_ids
        depth = inspect.bracket_depth(TEXT)[-len(self.ids) :]  # of the held-out text
        cells = inspect.activations(self.model, self.ids, ("c",))
        self.ranking, self.probe = (f(cells, depth) for f in (inspect.rank_units, inspect.probe))

    def cost_without(self, unit: int) -> float:
        """Return the bits per character that silencing a unit adds on the held-out text."""
        networks = self.model, inspect.silenced(self.model, [unit])
        before, after = (inspect.mean_bits(inspect.surprise(n, self.ids)) for n in networks)
        return after - before

    def random_costs(self, count: int = 10) -> list[float]:
        """Return the same for random units other than the best."""
        others = np.setdiff1d(np.arange(48), [self.ranking.best])
        drawn = np.random.default_rng(0).choice(others, count, replace=False)
        return [self.cost_without(unit) for unit in drawn]


def test_brackets_have_a_depth_that_the_network_needs():
    """A short form of the next test: one network, ten random units."""
    trained = Trained(seed=0, iterations=400)
    assert trained.probe.score > 0.9
    assert trained.probe.control < 0.3
    assert trained.ranking.strength.max() > 0.7
    assert trained.cost_without(trained.ranking.best) > np.mean(trained.random_costs())


@pytest.mark.slow
def test_depth_is_found_and_its_unit_matters_for_ten_seeds():
    """The mean over seeds: in some networks many units share the depth, and none matters much."""
    winners, others = [], []
    for seed in range(10):
        trained = Trained(seed, iterations=1500)
        assert trained.probe.score > 0.9
        winners.append(trained.cost_without(trained.ranking.best))
        others.append(np.mean(trained.random_costs()))
    assert np.mean(winners) > 1.3 * np.mean(others)
    assert np.sum(np.array(winners) > others) >= 7
