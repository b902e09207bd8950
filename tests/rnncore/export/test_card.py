"""The card's curve and seed text."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import RNN
from rnncore.export import card as cards
from rnncore.history import History


def test_the_curve_keeps_means_and_the_last_iteration():
    history = History()
    for i in range(1, 1001):
        history.append(iteration=i, loss=float(i), **({"val_loss": i / 2} if i % 100 == 0 else {}))
    (x, y), (val_x, val_y) = cards.read_curve(history)
    assert len(x) == cards.CURVE_POINTS
    assert x[-1] == 1000
    assert y.mean() == pytest.approx(np.arange(1, 1001).mean(), rel=0.01)
    np.testing.assert_array_equal(val_x, np.arange(100, 1001, 100))
    np.testing.assert_array_equal(val_y, val_x / 2)


def test_a_curve_of_a_run_that_has_not_begun_or_has_diverged():
    assert cards.read_curve(History()) is None
    history = History()
    history.append(iteration=1, loss=np.nan)
    (x, y), _ = cards.read_curve(history)
    assert len(x) == len(y) == 0


def test_the_seed_text_has_only_characters_that_the_network_knows():
    assert cards.choose_seed_text(RNN(3, "ab\n"), "baxb") == "bab"
    assert cards.choose_seed_text(RNN(3, "ab\n"), "xyz") == "\n"
    assert cards.choose_seed_text(RNN(2, "ab")) == "a"
