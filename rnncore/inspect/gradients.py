"""Gradient check on a trained network: some entries of each parameter, on a piece of its text.

``rnncore.gradcheck`` checks every entry of a small network. A network at hand has hundreds of
thousands, so here some are chosen: half are those with the largest gradients, half are random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import batches, checks
from rnncore.errors import SettingError
from rnncore.gradcheck import EPSILON, relative_error
from rnncore.model import RNN
from rnncore.network import Ids

LIMIT = 1e-6  # largest relative error of a correct gradient


@dataclass(frozen=True)
class EntryCheck:
    """The gradients of some entries of one parameter.

    places: (n,), indices into the flattened parameter. analytic, numeric: (n,).
    """

    name: str
    shape: tuple[int, ...]
    places: NDArray[np.intp]
    analytic: NDArray[np.float64]
    numeric: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Relative error, as in ``rnncore.gradcheck``."""
        return relative_error(self.analytic, self.numeric)

    @property
    def correct(self) -> bool:
        """Whether the gradients agree."""
        return self.error < LIMIT


def check_network(
    network: RNN, ids: Ids, count: int = 12, seed: int = 0, flipped: str = ""
) -> list[EntryCheck]:
    """Compare analytic and numeric gradients of ``count`` entries of each parameter.

    network: it is not changed; the check computes with a float64 copy.
    ids: two characters or more of text, of which the first 33 are used. seed: of the choice.
    flipped: the parameter whose analytic gradient gets the wrong sign, to see the check fail.
    """
    if flipped:
        checks.check_choice("flipped", flipped, network.params)
    ids = batches.check_ids(ids, network.vocab_dim)[:33]
    if len(ids) < 2:
        raise SettingError(f"The text has {len(ids)} characters; a gradient check needs two.")
    checks.check_whole("count", count, 1)
    model = RNN(**network.settings() | {"dtype": "float64"}, init=False)
    model.flat[...] = network.flat
    inputs, targets = ids[None, :-1], ids[None, 1:]
    buffers = model.new_pass(*inputs.shape)
    _, grads = model.loss(inputs, targets, buffers=buffers)
    analytic = {name: np.array(grad, np.float64).reshape(-1) for name, grad in grads.items()}
    if flipped:
        analytic[flipped] *= -1
    rng = np.random.default_rng(seed)

    def loss() -> float:
        return model.evaluate(inputs, targets, model.initial_state(1), buffers) / inputs.size

    found = []
    for name, value in model.params.items():
        places = _choose(analytic[name], count, rng)
        numeric = _numeric(loss, value.reshape(-1), places)
        found.append(EntryCheck(name, value.shape, places, analytic[name][places], numeric))
    return found


def _choose(
    gradient: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    largest = np.argsort(-np.abs(gradient), kind="stable")[: (count + 1) // 2]
    others = np.setdiff1d(np.arange(len(gradient)), largest)
    drawn = rng.choice(others, min(len(others), count - len(largest)), replace=False)
    return np.concatenate([largest, np.sort(drawn)])


def _numeric(
    loss: Callable[[], float], entries: NDArray[np.floating], places: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the central differences of the loss with respect to these entries."""
    gradient = np.empty(len(places))
    for i, at in enumerate(places):
        saved = entries[at]
        entries[at] = saved + EPSILON
        above = loss()
        entries[at] = saved - EPSILON
        gradient[i] = (above - loss()) / (2 * EPSILON)
        entries[at] = saved
    return gradient
