"""Ideas for learning better, which are measured before any of them becomes part of rnncore."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.minutes.gradient_ideas import Noise, SkipSpikes, Tied
from benchmarks.minutes.idea import Idea
from rnncore import Solver
from rnncore.batches import Batches


class Average(Idea):
    """Replace the weights at the end by their exponential average.

    The average spans about the last twentieth of the training. Polyak and Juditsky (1992);
    exponential as in Kingma and Ba (2015), section 7.2.
    """

    SPAN = 0.05

    def __init__(self, solver: Solver):
        super().__init__(solver)
        self.mean = solver.model.flat.copy()
        self._difference = np.empty_like(self.mean)

    def after_step(self) -> None:
        if self.progress < 0.5:
            return
        share = 1 / max(1.0, self.SPAN * self.solver.num_iters)
        if self.progress < 0.5 + self.SPAN:
            share = 1.0
        np.subtract(self.solver.model.flat, self.mean, out=self._difference)
        self._difference *= share
        self.mean += self._difference

    def finish(self) -> None:
        self.solver.model.flat[...] = self.mean


class Chrono(Idea):
    """Draw the forget gates' biases from log U(1, 100), and the input gates' as their negatives.

    Tallec and Ollivier (2018), "Can recurrent neural networks warp time?".
    """

    LONGEST = 100

    def __init__(self, solver: Solver):
        super().__init__(solver)
        model = solver.model
        H, rng = model.hidden_dim, np.random.default_rng(model.seed)
        for W in model.weights(model.flat):
            W[-1, H : 2 * H] = np.log(rng.uniform(1, self.LONGEST - 1, H))
            W[-1, :H] = -W[-1, H : 2 * H]


class Biases(Idea):
    """Start with biases of the LSTM's forget gates, or the GRU's update gates, from low to high.

    They are evenly spaced over the units.
    """

    def __init__(self, solver: Solver, low: float, high: float):
        super().__init__(solver)
        model = solver.model
        H = model.hidden_dim
        for W in model.weights(model.flat):
            W[-1, H : 2 * H] = np.linspace(low, high, H)


class ScaledStart(Idea):
    """Multiply the initial input weights and recurrent weights by factors."""

    def __init__(self, solver: Solver, inputs: float = 1.0, recurrent: float = 1.0):
        super().__init__(solver)
        model = solver.model
        for W, cell in zip(model.weights(model.flat), model.cells, strict=True):
            W[: cell.D] *= inputs
            W[cell.D : cell.D + cell.H] *= recurrent


class UniformStart(Idea):
    """Draw input and recurrent weights from +-1/sqrt(H), as PyTorch does."""

    def __init__(self, solver: Solver):
        super().__init__(solver)
        model = solver.model
        end, rng = model.hidden_dim**-0.5, np.random.default_rng(model.seed)
        for W in model.weights(model.flat):
            W[:-1] = rng.uniform(-end, end, W[:-1].shape)


class Carry(Idea):
    """Never start a stream again from a zero state."""

    def __init__(self, solver: Solver):
        super().__init__(solver)
        solver.fresh_after = 0


class LargerBatches(Idea):
    """Multiply streams or sequence length of the batches when half of the training is done.

    Smith et al. (2018), "Don't decay the learning rate, increase the batch size".
    """

    def __init__(self, solver: Solver, streams: int = 1, steps: int = 1):
        super().__init__(solver)
        self.streams, self.steps = streams, steps
        self.larger = False

    def after_step(self) -> None:
        if self.larger or self.progress < 0.5:
            return
        self.larger = True
        solver = self.solver
        solver.batch_size *= self.streams
        solver.seq_length *= self.steps
        solver.batches = Batches(solver.train_ids, solver.batch_size, solver.seq_length)
        solver.batches.cursor = solver.batches.per_epoch // 2
        solver.state = solver.model.initial_state(solver.batch_size)
        solver._buffers = None  # made anew for the new shape


class Linear(Idea):
    """Let the rate fall linearly to zero. The recipe's schedule must be "constant"."""

    def __init__(self, solver: Solver):
        super().__init__(solver)
        self.lr = solver.lr

    def factor(self) -> float:
        """Return the factor of the rate for the next iteration."""
        return 1 - self.progress

    def after_step(self) -> None:
        self.solver.lr = self.lr * max(1e-3, self.factor())


class Trapezoid(Linear):
    """Let the rate fall linearly to zero over the last 40 % only."""

    FALL = 0.4

    def factor(self) -> float:
        return min(1.0, (1 - self.progress) / self.FALL)


class Restarts(Linear):
    """Let the rate fall like a cosine twice: in the first third, and again in the rest.

    Loshchilov and Hutter (2017), "SGDR". The recipe's schedule must be "constant".
    """

    def factor(self) -> float:
        progress = self.progress
        part = 3 * progress if progress < 1 / 3 else 1.5 * progress - 0.5
        return 0.5 * (1 + math.cos(math.pi * part))


IDEAS: dict[str, Callable[[Solver], Idea]] = {
    "average": Average,
    "chrono": Chrono,
    **{
        f"bias={b}": partial(Biases, low=float(b), high=float(b))
        for b in ("2", "1", "0", "-0.5", "-1", "-2", "-3")
    },
    "bias=-2..0": partial(Biases, low=-2.0, high=0.0),
    "recurrent-0.5": partial(ScaledStart, recurrent=0.5),
    "inputs-1.5": partial(ScaledStart, inputs=1.5),
    "inputs-2": partial(ScaledStart, inputs=2.0),
    "uniform-start": UniformStart,
    "carry": Carry,
    "twice-the-streams-late": partial(LargerBatches, streams=2),
    "twice-the-length-late": partial(LargerBatches, steps=2),
    "linear": Linear,
    "trapezoid": Trapezoid,
    "restarts": Restarts,
    "gradient-noise": Noise,
    "skip-spikes": SkipSpikes,
    "tied": Tied,
}
