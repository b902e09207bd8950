"""Optimizers: update rules that change the parameters by the gradient.

A rule updates all parameters in place, as one flat vector (P,). Vectors that it keeps
between updates, such as Adam's moments, are in ``slots``. The solver passes the learning
rate to each update. Classes are ordered from the simplest rule on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore import checks

Vector = NDArray[np.floating]

# Elements updated at once, so that the blocks of all vectors fit into the processor's cache.
_BLOCK = 1 << 15


class Optimizer(ABC):
    """An update rule and its state.

    steps: updates so far.
    slots: the vectors (P,) that the rule keeps between updates, by name.
    """

    name: ClassVar[str]
    slot_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, size: int, dtype: Any = np.float32):
        self.steps = 0
        self.slots = {name: np.zeros(size, dtype) for name in self.slot_names}
        self._scratch = np.empty(min(size, _BLOCK), dtype)

    def update(self, params: Vector, grads: Vector, lr: float) -> None:
        """Update ``params`` (P,) in place by ``grads`` (P,)."""
        self.steps += 1
        for start in range(0, params.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            p = params[block]
            moments = [slot[block] for slot in self.slots.values()]
            self._update(p, grads[block], lr, *moments, self._scratch[: p.size])

    @abstractmethod
    def _update(self, p: Vector, g: Vector, lr: float, *moments_and_scratch: Vector) -> None:
        """Update one block; the last array is scratch space of the same size."""


class SGD(Optimizer):
    """p -= lr g."""

    name = "sgd"

    def _update(self, p: Vector, g: Vector, lr: float, *rest: Vector) -> None:
        (tmp,) = rest
        np.multiply(g, lr, out=tmp)
        p -= tmp


class Momentum(Optimizer):
    """v = beta v - lr g; p += v. Polyak (1964), "Some methods of speeding up convergence"."""

    name = "momentum"
    slot_names = ("velocity",)
    beta = 0.9

    def _update(self, p: Vector, g: Vector, lr: float, *rest: Vector) -> None:
        v, tmp = rest
        np.multiply(g, lr, out=tmp)
        v *= self.beta
        v -= tmp
        p += v


class Adagrad(Optimizer):
    """s += g²; p -= lr g / (√s + eps). Duchi, Hazan and Singer (2011)."""

    name = "adagrad"
    slot_names = ("sum_of_squares",)
    eps = 1e-8

    def _update(self, p: Vector, g: Vector, lr: float, *rest: Vector) -> None:
        s, tmp = rest
        np.multiply(g, g, out=tmp)
        s += tmp
        _descend(p, g, s, lr, self.eps, tmp)


class RMSProp(Optimizer):
    """s = rho s + (1 - rho) g²; p -= lr g / (√s + eps). Tieleman and Hinton (2012)."""

    name = "rmsprop"
    slot_names = ("mean_of_squares",)
    rho = 0.99
    eps = 1e-8

    def _update(self, p: Vector, g: Vector, lr: float, *rest: Vector) -> None:
        s, tmp = rest
        _decay_towards_square(s, g, self.rho, tmp)
        _descend(p, g, s, lr, self.eps, tmp)


class Adam(Optimizer):
    """m, s: decaying means of g and g²; p -= lr m̂ / (√ŝ + eps). Kingma and Ba (2015)."""

    name = "adam"
    slot_names = ("mean", "mean_of_squares")
    beta1 = 0.9
    beta2 = 0.999
    eps = 1e-8

    def _update(self, p: Vector, g: Vector, lr: float, *rest: Vector) -> None:
        m, s, tmp = rest
        np.multiply(g, 1 - self.beta1, out=tmp)
        m *= self.beta1
        m += tmp
        _decay_towards_square(s, g, self.beta2, tmp)
        # The bias corrections of m and s are applied to the rate and eps, which saves two passes.
        root = (1 - self.beta2**self.steps) ** 0.5
        rate = lr * root / (1 - self.beta1**self.steps)
        _descend(p, m, s, rate, self.eps * root, tmp)


class AdamW(Adam):
    """Adam with decoupled weight decay: p *= 1 - lr decay before each update.

    Loshchilov and Hutter (2019), "Decoupled weight decay regularization".
    """

    name = "adamw"
    decay = 0.01

    def _update(self, p: Vector, g: Vector, lr: float, *rest: Vector) -> None:
        p *= 1 - lr * self.decay
        super()._update(p, g, lr, *rest)


def _decay_towards_square(s: Vector, g: Vector, rho: float, tmp: Vector) -> None:
    """s = rho s + (1 - rho) g²."""
    np.multiply(g, g, out=tmp)
    tmp *= 1 - rho
    s *= rho
    s += tmp


def _descend(p: Vector, step: Vector, s: Vector, lr: float, eps: float, tmp: Vector) -> None:
    """p -= lr step / (√s + eps)."""
    np.sqrt(s, out=tmp)
    tmp += eps
    np.divide(step, tmp, out=tmp)
    tmp *= lr
    p -= tmp


UPDATE_RULES: dict[str, type[Optimizer]] = {
    rule.name: rule for rule in (SGD, Momentum, Adagrad, RMSProp, Adam, AdamW)
}


def make_optimizer(update_rule: str, size: int, dtype: Any = np.float32) -> Optimizer:
    """Return a new optimizer by name, for ``size`` parameters."""
    checks.check_choice("update_rule", update_rule, UPDATE_RULES)
    return UPDATE_RULES[update_rule](size, dtype)


def clip_by_global_norm(grads: Vector, max_norm: float | None) -> float:
    """Scale ``grads`` in place to a Euclidean norm of at most ``max_norm``.

    Return the norm before scaling; if it is not finite, ``grads`` stay as they are. Source:
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural
    networks".
    """
    with np.errstate(over="ignore"):
        norm = float(np.sqrt(np.dot(grads, grads)))
    if max_norm is not None and max_norm < norm < np.inf:
        grads *= max_norm / norm
    return norm
