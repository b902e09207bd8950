"""Learning rates that suit a network, and those that a solver takes by itself."""

from __future__ import annotations

import io

import numpy as np
import pytest

import rnncore
from rnncore import CELLS, RNN, UPDATE_RULES, Solver
from rnncore.errors import SettingError
from rnncore.learning_rates import (
    FIXED,
    RULE_BATCH,
    RULE_HIDDEN,
    default_rate,
    suggest_rate,
)

IDS = np.arange(4_000) % 7


def new_solver(cell="lstm", hidden=16, layers=1, batch=4, **settings) -> Solver:
    model = RNN(7, hidden_dim=hidden, cell_type=cell, num_layers=layers, seed=0)
    return Solver(IDS, model, seq_length=10, batch_size=batch, **settings)


@pytest.mark.parametrize("cell", CELLS)
def test_larger_and_deeper_networks_get_lower_rates_and_larger_batches_higher_ones(cell):
    by_size = [suggest_rate(cell, hidden, 1, 32) for hidden in (64, 128, 256, 512)]
    assert by_size == sorted(set(by_size), reverse=True)
    by_depth = [suggest_rate(cell, 128, layers, 32) for layers in (1, 2, 3, 4)]
    assert by_depth == sorted(set(by_depth), reverse=True)
    by_batch = [suggest_rate(cell, 128, 1, batch) for batch in (8, 16, 32, 64, 128)]
    assert by_batch == sorted(set(by_batch))


@pytest.mark.parametrize("hidden", [16, 128, 512, 1024])
def test_a_gru_gets_a_lower_rate_than_an_lstm(hidden):
    assert suggest_rate("gru", hidden, 1, 32) < suggest_rate("lstm", hidden, 1, 32)


def test_beyond_the_sizes_of_the_rule_the_rate_stays_as_it_is_there():
    least, most = RULE_HIDDEN
    assert suggest_rate("lstm", 1, 1, 32) == suggest_rate("lstm", least, 1, 32)
    assert suggest_rate("lstm", 4 * most, 1, 32) == suggest_rate("lstm", most, 1, 32)
    fewest, most = RULE_BATCH
    assert suggest_rate("lstm", 128, 1, 1) == suggest_rate("lstm", 128, 1, fewest)
    assert suggest_rate("lstm", 128, 1, 9 * most) == suggest_rate("lstm", 128, 1, most)


def test_rates_have_two_significant_digits():
    for cell in CELLS:
        for hidden in (64, 100, 200, 384):
            rate = suggest_rate(cell, hidden, 2, 50)
            assert rate == float(f"{rate:.1e}")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("transformer", 128, 1, 32), "cell_type"),
        (("lstm", 0, 1, 32), "hidden_dim"),
        (("lstm", 128, 0, 32), "num_layers"),
        (("lstm", 128, 1, -1), "batch_size"),
        (("lstm", 128, 1, 1.5), "batch_size"),
    ],
)
def test_impossible_values_are_refused_in_one_sentence(arguments, name):
    with pytest.raises(SettingError, match=rf"^{name} is [^.]*(1\.5)?[^.]*\.$"):
        suggest_rate(*arguments)


@pytest.mark.parametrize("rule", UPDATE_RULES)
def test_other_update_rules_have_a_rate_of_their_own(rule):
    model = RNN(7, hidden_dim=64, cell_type="gru")
    expected = FIXED.get(rule, suggest_rate("gru", 64, 1, 32))
    assert default_rate(rule, model, 32) == expected
    assert (rule in FIXED) == (rule not in ("adam", "adamw"))


def test_an_unknown_update_rule_is_refused():
    with pytest.raises(SettingError, match="update_rule"):
        default_rate("newton", RNN(7, hidden_dim=8), 32)


# -- the default of a solver -----------------------------------------------------------------------


@pytest.mark.parametrize(("cell", "hidden", "layers", "batch"), [
    ("lstm", 16, 1, 4), ("gru", 96, 2, 16), ("vanilla", 128, 1, 8),
])  # fmt: skip
def test_a_solver_without_a_rate_takes_the_one_that_suits_its_network(cell, hidden, layers, batch):
    solver = new_solver(cell, hidden, layers, batch)
    assert solver.lr == solver.settings()["lr"] == suggest_rate(cell, hidden, layers, batch)


def test_a_solver_takes_the_rate_that_suits_its_update_rule():
    assert new_solver(update_rule="sgd").lr == FIXED["sgd"]


def test_a_given_rate_is_kept():
    assert new_solver(lr=0.123).lr == 0.123


def test_a_rate_of_none_is_not_taken_for_an_impossible_one():
    with pytest.raises(SettingError, match="lr is 0"):
        new_solver(lr=0)


def test_a_saved_run_continues_with_its_own_rate(monkeypatch):
    solver = new_solver()
    solver.step()
    file = io.BytesIO()
    rnncore.save(solver, file)
    before = solver.lr
    # A later version suggests another rate.
    monkeypatch.setattr(rnncore.learning_rates, "suggest_rate", lambda *_: 0.5)
    assert new_solver().lr == 0.5
    loaded = rnncore.load(file.getvalue())
    assert loaded.lr == before
    assert loaded.step() == solver.step()
