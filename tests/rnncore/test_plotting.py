"""The chart of a training run for notebooks."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import RNN, Solver
from rnncore.plotting import smooth

pytest.importorskip("altair", reason="the chart needs altair, which rnncore itself does not")


def make(num_iters=40, **settings):
    ids = np.random.default_rng(0).integers(0, 8, 2000)
    model = RNN(8, None, 5, 10)
    return Solver(ids, model, seq_length=10, batch_size=4, num_iters=num_iters, **settings)


def test_the_chart_shows_training_and_validation():
    solver = make(eval_every=10)
    solver.train(progress=False)
    chart = solver.plot_loss()
    rows = chart.data
    validation = rows[rows["line"] == "validation"]
    assert validation["iteration"].tolist() == [10, 20, 30, 40]
    np.testing.assert_array_equal(validation["loss"], solver.history.validations()[1])
    training = rows[rows["line"] == "training"]
    np.testing.assert_array_equal(training["loss"], solver.history["loss"])
    assert chart.to_dict()["encoding"]["y"]["title"] == "loss (nats per character)"


@pytest.mark.parametrize("length", [1499, 1501, 2999, 9000, 100_000])
def test_a_long_run_is_downsampled(length):
    """Altair refuses more than 5,000 rows. The newest value of each line is always shown."""
    solver = make(num_iters=200_000)
    for i in range(1, length + 1):
        solver.history.append(iteration=i, loss=1.0, val_loss=2.0)
    chart = solver.plot_loss()
    assert 2000 < len(chart.data) <= 5000
    assert (chart.data.groupby("line")["iteration"].max() == length).all()
    chart.to_dict()


def test_an_untrained_solver_has_an_empty_chart():
    assert len(make().plot_loss().data) == 0


def test_smooth_is_the_mean_of_the_last_100_values():
    values = np.random.default_rng(0).standard_normal(300)
    expected = [values[max(0, i - 99) : i + 1].mean() for i in range(300)]
    np.testing.assert_allclose(smooth(values), expected, atol=1e-12)
    assert len(smooth(np.zeros(0))) == 0
