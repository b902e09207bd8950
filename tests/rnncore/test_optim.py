"""Update rules compared with the formulas of their papers; gradient clipping."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnncore import UPDATE_RULES, RnnCoreError
from rnncore.optim import clip_by_global_norm, make_optimizer

every_rule = pytest.mark.parametrize("rule", sorted(UPDATE_RULES))


# Each reference updates one parameter p by its gradients at the learning rates lrs.


def sgd(p, grads, lrs):
    for g, lr in zip(grads, lrs, strict=True):
        p = p - lr * g
    return p


def momentum(p, grads, lrs, beta=0.9):
    v = 0.0
    for g, lr in zip(grads, lrs, strict=True):
        v = beta * v - lr * g
        p = p + v
    return p


def adagrad(p, grads, lrs, eps=1e-8):
    total = 0.0
    for g, lr in zip(grads, lrs, strict=True):
        total += g**2
        p = p - lr * g / (math.sqrt(total) + eps)
    return p


def rmsprop(p, grads, lrs, rho=0.99, eps=1e-8):
    mean = 0.0
    for g, lr in zip(grads, lrs, strict=True):
        mean = rho * mean + (1 - rho) * g**2
        p = p - lr * g / (math.sqrt(mean) + eps)
    return p


def adam(p, grads, lrs, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """Kingma and Ba (2015), algorithm 1; ``decay`` is the weight decay of AdamW."""
    m = v = 0.0
    for t, (g, lr) in enumerate(zip(grads, lrs, strict=True), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        p = p - lr * decay * p - lr * m_hat / (math.sqrt(v_hat) + eps)
    return p


def adamw(p, grads, lrs):
    return adam(p, grads, lrs, decay=0.01)


REFERENCES = {f.__name__: f for f in (sgd, momentum, adagrad, rmsprop, adam, adamw)}


def test_every_rule_has_a_reference():
    assert set(REFERENCES) == set(UPDATE_RULES)


@every_rule
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 3e-5)])
def test_updates_follow_the_formula(rule, dtype, tolerance):
    """12 updates at changing rates, with gradients of different sizes, also tiny and zero."""
    rng = np.random.default_rng(0)
    start, lrs = rng.standard_normal(8), 0.1 * rng.random(12)
    grads = rng.standard_normal((12, 8)) * [1, 1, 1, 1, 1e-3, 1e-7, 100, 0]
    params, optimizer = start.astype(dtype), make_optimizer(rule, 8, dtype)
    for g, lr in zip(grads, lrs, strict=True):
        optimizer.update(params, g.astype(dtype), lr)
    expected = [REFERENCES[rule](p, g, lrs) for p, g in zip(start, grads.T, strict=True)]
    assert params.dtype == dtype
    np.testing.assert_allclose(params, expected, rtol=tolerance, atol=tolerance)


@every_rule
@pytest.mark.parametrize("size", [1, 16_384, 16_385, 50_001])
def test_every_parameter_is_updated_once(rule, size):
    """Vectors are updated in blocks, and the last block may be smaller."""
    params, optimizer = np.ones(size), make_optimizer(rule, size, "float64")
    for g in (0.5, -0.25, 1.0):
        optimizer.update(params, np.full(size, g), 0.01)
    expected = REFERENCES[rule](1.0, (0.5, -0.25, 1.0), (0.01,) * 3)
    np.testing.assert_allclose(params, expected, rtol=1e-12)


@every_rule
def test_an_update_does_not_change_the_gradient(rule):
    grads = np.random.default_rng(0).standard_normal(10)
    before = grads.copy()
    make_optimizer(rule, 10, "float64").update(np.zeros(10), grads, 0.1)
    np.testing.assert_array_equal(grads, before)


@every_rule
def test_an_optimizer_continues_from_slots_and_steps(rule):
    """With the slots and steps of another optimizer it makes exactly the same updates."""
    rng = np.random.default_rng(0)
    first, params = make_optimizer(rule, 20, "float32"), np.ones(20, "float32")
    for _ in range(5):
        first.update(params, rng.standard_normal(20).astype("float32"), 0.01)
    second, copy = make_optimizer(rule, 20, "float32"), params.copy()
    second.steps = first.steps
    for name, slot in first.slots.items():
        assert slot.dtype == np.float32
        second.slots[name][...] = slot
    for _ in range(5):
        g = rng.standard_normal(20).astype("float32")
        first.update(params, g, 0.01)
        second.update(copy, g, 0.01)
    np.testing.assert_array_equal(copy, params)


@every_rule
def test_a_quadratic_function_is_minimised(rule):
    params, optimizer = np.array([3.0, -2.0]), make_optimizer(rule, 2, "float64")
    for _ in range(1000):
        optimizer.update(params, params * [1, 10], 0.1)
    assert np.abs(params).max() < 0.1


def test_the_error_for_an_unknown_name_lists_the_known_names():
    with pytest.raises(RnnCoreError, match="update_rule is 'Adam'; choose one of") as error:
        make_optimizer("Adam", 3)
    assert all(name in str(error.value) for name in UPDATE_RULES)


def test_clipping_scales_a_gradient_to_the_largest_norm():
    grads = np.array([3.0, -4.0])
    assert clip_by_global_norm(grads, 1.0) == 5.0
    np.testing.assert_allclose(grads, [0.6, -0.8])


@pytest.mark.parametrize("limit", [5.0, 6.0, None])
def test_clipping_does_not_change_a_small_gradient(limit):
    grads = np.array([3.0, -4.0])
    assert clip_by_global_norm(grads, limit) == 5.0
    np.testing.assert_array_equal(grads, [3, -4])


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e30])
def test_a_gradient_that_overflows_has_no_finite_norm(value):
    """1e30 squared overflows in float32. The norm is not finite, and there is no warning."""
    assert not np.isfinite(clip_by_global_norm(np.array([value, 1], "float32"), 5.0))
