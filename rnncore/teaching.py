"""Teach a trained network another text: what it knows is kept, unknown characters are added."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import SettingError
from rnncore.model import RNN
from rnncore.solver import Solver
from rnncore.vocab import Vocab


def teach(trained: RNN | Solver, text: str, **settings: Any) -> Solver:
    """Return a solver at iteration 0 that trains a copy of a trained network on ``text``.

    trained: a model, or the solver that trained it. The copy is ``extended`` by the characters
        of the text that it does not know.
    settings: arguments of the Solver. With the update rule of ``trained``, the optimizer
        continues from its moments.
    """
    network = trained.model if isinstance(trained, Solver) else trained
    model = network.extended(Vocab.from_text(text))
    assert model.vocab is not None
    solver = Solver(model.vocab.encode(text), model, **settings)
    if isinstance(trained, Solver):
        copy_moments(trained, solver)
    return solver


def copy_moments(source: Solver, target: Solver) -> None:
    """Continue with the optimizer state of ``source``, if both have the same update rule.

    target: a solver of ``source.model.extended(...)``. The moments of new characters are zero.
    """
    if source.update_rule != target.update_rule:
        return
    target.optimizer.steps = source.optimizer.steps
    for name, moment in source.optimizer.slots.items():
        target.optimizer.slots[name][...] = source.model.extend_vector(moment, target.model)


def unknown_share(vocab: Vocab | None, symbols: Vocab, ids: NDArray[np.integer]) -> float:
    """Return the share of a text, 0 to 1, that consists of characters outside ``vocab``.

    symbols, ids: the text's own vocabulary, and the text in it, (T,).
    """
    if vocab is None:
        raise SettingError("This network was trained on numbers; it knows no characters.")
    unknown = np.array([char not in vocab for char in symbols])
    counts = np.bincount(ids, minlength=len(symbols))
    return float(counts[unknown].sum() / max(1, counts.sum()))
