"""Ideas that change the gradient, or refuse an update, between the backward pass and the update."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from benchmarks.minutes.idea import Idea
from rnncore import Solver


class GradientIdea(Idea):
    """Sees each gradient, after clipping and before the update."""

    def __init__(self, solver: Solver):
        super().__init__(solver)
        update = solver.optimizer.update

        def update_if_kept(params: Any, grads: Any, lr: float) -> None:
            if self.keep(grads):
                update(params, grads, lr)

        solver.optimizer.update = update_if_kept  # type: ignore[method-assign]

    @abstractmethod
    def keep(self, grads: Any) -> bool:
        """Change the gradient (P,) in place; return whether to update."""


class Noise(GradientIdea):
    """Add normal noise of variance 1e-6 / (1 + iteration)^0.55.

    Neelakantan et al. (2015), "Adding gradient noise improves learning for very deep networks".
    Their least variance, 0.01, is 10,000 times the mean square of the gradients here.
    """

    VARIANCE, DECAY = 1e-6, 0.55

    def __init__(self, solver: Solver):
        super().__init__(solver)
        self.rng = np.random.default_rng(solver.model.seed)

    def keep(self, grads: Any) -> bool:
        deviation = (self.VARIANCE / (1 + self.solver.iteration) ** self.DECAY) ** 0.5
        grads += deviation * self.rng.standard_normal(grads.shape, grads.dtype)
        return True


class SkipSpikes(GradientIdea):
    """Leave out an update whose gradient is more than twice as long as usual."""

    FAR, SPAN = 2.0, 100

    def __init__(self, solver: Solver):
        super().__init__(solver)
        self.usual = 0.0
        self.skipped = 0

    def keep(self, grads: Any) -> bool:
        norm = float(np.linalg.norm(grads))
        kept = self.solver.iteration < self.SPAN or norm < self.FAR * self.usual
        # A long gradient counts as the longest that is kept, so the mean follows a lasting change.
        counted = norm if self.solver.iteration < self.SPAN else min(norm, self.FAR * self.usual)
        self.usual += (counted - self.usual) / min(self.solver.iteration + 1, self.SPAN)
        self.skipped += not kept
        return kept


class Tied(GradientIdea):
    """Use one matrix as embedding and, transposed, as output weights; D must be H.

    Both keep the same values, because they start equal and each gets the sum of the gradients.
    Press and Wolf (2017), "Using the output embedding to improve language models".
    """

    def __init__(self, solver: Solver):
        super().__init__(solver)
        params = solver.model.params
        params["W_embed"][...] = params["W_out"].T

    def keep(self, grads: Any) -> bool:
        found = self.solver.model.views(grads)
        both = found["W_embed"] + found["W_out"].T
        found["W_embed"][...] = both
        found["W_out"][...] = both.T
        return True
