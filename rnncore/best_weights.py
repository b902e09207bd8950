"""The weights with the lowest validation loss of a run, kept while training continues."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from rnncore.history import History
from rnncore.network import Array, Network

NetworkT = TypeVar("NetworkT", bound=Network)


@dataclass(frozen=True, eq=False)
class BestWeights:
    """A copy of a network's parameters; it is never changed.

    iteration: of the training, after which they were copied. loss: the validation loss there,
    in nats per character. flat: the parameters, (P,).
    """

    iteration: int
    loss: float
    flat: Array

    def apply_to(self, network: NetworkT) -> NetworkT:
        """Return a network like ``network`` with these parameters."""
        best = type(network)(**network.settings(), init=False)
        best.flat[...] = self.flat
        return best


def keep_best(
    best: BestWeights | None, history: History, loss: float, network: Network, iteration: int
) -> BestWeights | None:
    """Return the best weights after a validation: ``best``, or a copy of the present ones.

    history: with the validations before this one. Files of earlier versions have validations
    without best weights: only a new lowest loss counts as the best.
    """
    _, earlier = history.validations()
    if not math.isfinite(loss) or (len(earlier) and loss >= earlier.min()):
        return best
    return BestWeights(iteration, loss, network.flat.copy())
