"""Gradient check: analytic gradients compared with numeric ones.

The derivative of each entry of each parameter, and of the initial state, is compared with
the central difference (L(θ + ε) - L(θ - ε)) / 2ε in float64. The error of an array is

    ‖analytic - numeric‖ / max(‖analytic‖, ‖numeric‖)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore.model import RNN

# Smaller, rounding weighs more where gradients are small; larger, the third derivative does.
EPSILON = 3e-5


@dataclass(frozen=True)
class Check:
    """The relative error of one array's gradient."""

    cell_type: str
    num_layers: int
    name: str
    shape: tuple[int, ...]
    error: float


def numeric_gradient(
    f: Callable[[], float], x: NDArray[np.floating], eps: float = EPSILON
) -> NDArray[np.floating]:
    """Return the central differences of ``f()`` with respect to each entry of ``x``.

    ``x`` is changed in place while ``f`` is called, and restored afterwards.
    """
    gradient = np.empty_like(x)
    for at in np.ndindex(*x.shape):
        saved = x[at]
        x[at] = saved + eps
        above = f()
        x[at] = saved - eps
        below = f()
        x[at] = saved
        gradient[at] = (above - below) / (2 * eps)
    return gradient


def relative_error(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return ‖a - b‖ / max(‖a‖, ‖b‖), or 0 if both norms are 0."""
    scale = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)))
    return float(np.linalg.norm(a - b)) / scale if scale > 0 else 0.0


def check_model(cell_type: str, num_layers: int, seed: int = 0) -> list[Check]:
    """Check the gradients of every parameter and the initial state of a small float64 model."""
    model = RNN(7, None, 4, 5, cell_type, num_layers, dtype="float64", seed=seed)
    rng = np.random.default_rng(seed)
    # Noise, because initially the biases are zero and the output is almost uniform.
    model.flat += 0.3 * rng.standard_normal(model.flat.shape)
    return check_gradients(model, rng)


def check_gradients(model: RNN, rng: np.random.Generator) -> list[Check]:
    """Check the gradients of every parameter and the initial state of a float64 model.

    rng: draws a batch of ids and the initial state.
    """
    N, T = 3, 6
    inputs, targets = rng.integers(0, model.vocab_dim, (2, N, T))
    start = [0.5 * rng.standard_normal(part.shape) for part in model.initial_state(N)]

    def loss() -> float:
        return model.evaluate(inputs, targets, [part.copy() for part in start]) / (N * T)

    buffers = model.new_pass(N, T)
    _, grads = model.loss(inputs, targets, [part.copy() for part in start], buffers=buffers)
    analytic = {name: np.array(grad) for name, grad in grads.items()}
    analytic |= {f"state{i + 1}": part for i, part in enumerate(buffers.dstate)}
    values = dict(model.params) | {f"state{i + 1}": part for i, part in enumerate(start)}
    return [
        Check(
            model.cell_type, model.num_layers, name, values[name].shape,
            relative_error(analytic[name], numeric_gradient(loss, values[name])),
        )
        for name in analytic
    ]  # fmt: skip
