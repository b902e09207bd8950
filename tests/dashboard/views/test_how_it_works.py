"""How it works: it shows the network at hand, of any cell, and the small one otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis import network_internals
from dashboard.charts import cells
from dashboard.views import how_it_works
from tests.support.visits import with_story

SENTENCE, ODDS = "Activations of twelve units", "Probabilities of the next character"


@pytest.fixture(autouse=True)
def untrained_small_networks(monkeypatch):
    train = network_internals.train_small_network
    monkeypatch.setattr(
        how_it_works.network_internals,
        "train_small_network",
        lambda text, cell: train(text, cell, iterations=0),
    )


@pytest.mark.parametrize(("cell", "layers"), [("vanilla", "1"), ("gru", "2")])
def test_the_network_at_hand_is_shown(visit, cell, layers):
    page = with_story(visit, cell=cell, layers=layers)
    page.steps(1)
    page.open_page("how")
    name = "Vanilla RNN, 16 units" if cell == "vanilla" else "GRU, 2 layers of 16 units"
    assert page.says(name)
    assert page.says("after 1 iteration.")
    assert page.says(f"<td>{page.run.solver.model.num_params:,}</td>")
    assert ("Layer" in page.labels("button_group")) == (layers == "2")
    page.choose("how_text", "The cat")
    page.app.session_state["_inside_jobs"]["how"][1].job.wait(30)
    page.look()
    network = page.run.trainer.model()
    gates = network_internals.compute_gates(network, "The cat")
    expected = cells.gates_rows(gates, "h" if cell == "vanilla" else "r")["Activation"]
    np.testing.assert_allclose(page.chart_rows(SENTENCE)["Activation"], expected, atol=1e-6)
    odds = network_internals.compare_temperatures(network, "The cat", (1.0,))
    rows = page.chart_rows(ODDS)
    shown = rows.loc[rows["Temperature"] == "at 1", "Probability"]
    np.testing.assert_allclose(shown, odds.probabilities[0], atol=1e-6)


def test_a_later_stage_is_shown_when_asked_for(visit):
    page = with_story(visit)
    page.steps(1)
    page.open_page("how")
    page.open_page("")
    page.steps(1)
    page.open_page("how")
    assert page.says("after 1 iteration. Training is 1 iteration further.")
    page.press("Update")
    assert page.says("after 2 iterations.")
    assert not page.enabled("Update")
