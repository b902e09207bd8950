"""When the validation loss has risen for good, on recorded and made-up curves."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis.validation_rise import best_is_better, has_risen_clearly
from tests.support.curves import recorded_curve


@pytest.mark.parametrize("name", ["converged", "noisy", "recovering", "restarted", "undertrained"])
def test_a_loss_that_is_flat_or_falls_has_not_risen(name):
    assert not has_risen_clearly(recorded_curve(name).val_loss)


def test_the_loss_of_an_overfitting_run_has_risen():
    losses = recorded_curve("overfitting").val_loss
    assert has_risen_clearly(losses)
    lowest = int(losses.argmin()) + 1
    assert not has_risen_clearly(losses[: lowest + 2])  # three validations must follow
    assert has_risen_clearly(losses[: lowest + 5])


@pytest.mark.parametrize("losses", [[], [1.5], [1.5, 1.6, 1.7], [1.5] * 9, [np.nan] * 5])
def test_too_few_or_equal_losses_have_not_risen(losses):
    assert not has_risen_clearly(np.array(losses))


@pytest.mark.parametrize(
    ("losses", "better"),
    [
        ([2.05, 1.83, 1.748, 1.805], True),
        ([2.25, 1.86, 1.748, 1.805], True),  # a single validation far above the best
        ([2.05, 1.83, 1.748, 1.76], False),  # this may be chance
        ([2.05, 1.77, 1.76, 1.755, 1.752, 1.75, 1.748, 1.78, 1.78, 1.78], True),  # not of three
        ([1.7, 1.626, 15.3, 6.4, 3.86], True),
        ([2.05, 1.83, 1.748], False),
        ([1.748], False),
    ],
)
def test_the_best_network_is_better_than_the_latest(losses, better):
    assert best_is_better(np.array(losses)) == better
