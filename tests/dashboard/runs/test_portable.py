"""A run's network as files that run without rnncore."""

from __future__ import annotations

import io
import json
import re
import zipfile

import numpy as np
import pytest

from dashboard.runs import portable
from dashboard.runs.network_choice import BEST, LATEST
from rnncore.best_weights import BestWeights
from tests.support.runs import small_run


@pytest.fixture(scope="module")
def run():
    return small_run(steps=6)


def values_of(page):
    return json.loads(re.search(r'id="values" type="application/json">(.*?)</script>', page)[1])


def test_the_page_has_the_run_s_figures_curve_and_samples(run):
    values = values_of(portable.web_page(run).decode())
    facts = dict(values["facts"])
    assert facts["Text"] == values["name"] == "cat"
    assert facts["Training"] == "6 iterations"
    assert values["curve"][0][0][-1] == 6
    assert values["seed"] == run.sample_log.seed_text
    log = run.sample_log.entries
    label = f"After {log[-1].iteration} iteration" + ("" if log[-1].iteration == 1 else "s")
    assert [label, values["seed"] + log[-1].text] in values["samples"]


def test_the_best_network_has_its_own_figures():
    run = small_run(steps=4)
    run.solver.best = BestWeights(2, 1.5, run.solver.model.flat * 0)
    card = portable.make_card(run, BEST, 2)
    assert (card.iterations, card.val_loss) == (2, 1.5)
    assert "1.500 nats" in portable.web_page(run, BEST).decode()


def test_every_kind_of_file_is_made(run):
    for kind in portable.offered():
        assert kind.make(run, LATEST)
    with zipfile.ZipFile(io.BytesIO(portable.PORTABLES[1].make(run, LATEST))) as archive:
        arrays = np.load(io.BytesIO(archive.read("model.npz")))
    np.testing.assert_array_equal(arrays["W_out"], run.solver.model.params["W_out"])


def test_a_missing_package_takes_its_file_off_the_page(monkeypatch):
    monkeypatch.setattr(portable, "_is_installed", lambda package: False)
    assert [kind.suffix for kind in portable.offered()] == ["-network.html", "-numpy.zip"]
