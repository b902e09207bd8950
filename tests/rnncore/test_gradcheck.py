"""The gradient check itself: it must detect wrong gradients."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import CELLS
from rnncore.gradcheck import check_model, numeric_gradient, relative_error


def test_the_numeric_gradient_of_a_known_function_is_right():
    x = np.random.default_rng(0).standard_normal((3, 4))
    before = x.copy()
    gradient = numeric_gradient(lambda: float(np.sin(x).sum()), x)
    np.testing.assert_allclose(gradient, np.cos(x), atol=1e-9)
    np.testing.assert_array_equal(x, before)


def test_the_relative_error_of_known_vectors_is_right():
    a = np.array([3.0, 4.0])
    assert relative_error(a, a) == 0
    assert relative_error(np.zeros(2), np.zeros(2)) == 0
    assert relative_error(a, np.zeros(2)) == 1
    assert relative_error(a, 1.01 * a) == pytest.approx(0.01 / 1.01)


@pytest.mark.parametrize("cell_type", sorted(CELLS))
def test_every_parameter_and_state_is_checked(cell_type):
    names = [check.name for check in check_model(cell_type, 2)]
    assert names == [
        "W_embed", "Wx", "Wh", "b", "Wx2", "Wh2", "b2", "W_out", "b_out", "state1", "state2",
    ]  # fmt: skip


@pytest.mark.parametrize("cell_type", sorted(CELLS))
@pytest.mark.parametrize("wrong", ["Wx2", "state1"])
def test_a_wrong_gradient_is_detected(cell_type, wrong, monkeypatch):
    """One entry of one gradient is 1 % too large; the check allows an error of 1e-7."""
    backward = CELLS[cell_type].backward

    def slightly_wrong(cell, W, dh, buffers, dW):
        dx = backward(cell, W, dh, buffers, dW)
        if wrong == "Wx2":
            dW[0, 0] *= 1.01
        else:
            buffers.dstate[0, 0, 0] *= 1.01
        return dx

    monkeypatch.setattr(CELLS[cell_type], "backward", slightly_wrong)
    errors = {check.name: check.error for check in check_model(cell_type, 2)}
    assert errors[wrong] > 1e-6
    assert errors["W_out"] < 1e-7


@pytest.mark.slow
@pytest.mark.parametrize("cell_type", sorted(CELLS))
@pytest.mark.parametrize("seed", range(5))
def test_gradients_of_four_layers_are_right_for_each_seed(cell_type, seed):
    assert max(check.error for check in check_model(cell_type, 4, seed)) < 1e-6
