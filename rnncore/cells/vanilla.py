"""The vanilla recurrent cell of Elman (1990).

h_t = tanh(x_t Wx + h_{t-1} Wh + b)
"""

from __future__ import annotations

import numpy as np

from rnncore.cells.base import Array, Cell, Run, Step


class VanillaRun(Run):
    """Forward needs nothing beyond what every cell keeps."""

    def __init__(self, cell: Cell, N: int, T: int):
        super().__init__(cell, N, T)
        # Pre-activations lie where backward, which begins later, computes their gradients.
        self.forward_views = [
            (*product, self.da[0, t], self.h[t + 1])
            for t, product in enumerate(self.step_products(self.da.swapaxes(0, 1)))
        ]


class Vanilla(Cell):
    """One tanh layer; forgets fast, trains fast."""

    name = "vanilla"
    gates = ("h",)
    state_parts = ("h",)

    def run(self, N: int, T: int) -> VanillaRun:
        return VanillaRun(self, N, T)

    def forward(self, W: Array, x: Array, state: Array, run: Run) -> Array:
        assert isinstance(run, VanillaRun)
        run.load_forward(W, x)
        run.h[0] = state[0]
        for xh1, pieces, a, h in run.forward_views:
            np.matmul(xh1, run.W_forward, out=pieces)
            if run.ahead:
                np.add(a, run.a_of_h[0], out=a)
            np.tanh(a, out=h)
        state[0] = run.h[run.T]
        return run.h[1:]

    def backward(self, W: Array, dh: Array, run: Run, dW: Array) -> Array:
        run.load_backward(W)
        da = run.da[0]
        # tanh' = 1 - h², for all steps at once.
        np.multiply(run.h[1:], run.h[1:], out=da)
        np.subtract(1, da, out=da)
        dh_next = run.dstate[0]
        dh_next[...] = 0
        for t in reversed(range(run.T)):
            np.add(dh[t], dh_next, out=run.dh)
            da[t] *= run.dh
            run.backward_product(t)
            dh_next = run.dh_previous[t]
        run.dstate[0] = dh_next
        run.weight_gradient(dW)
        return run.input_gradient(W)

    def step(self, W: Array, state: Array) -> Step:
        return VanillaStep(self, W, state)


class VanillaStep(Step):
    """h = tanh(pre + h Wh)."""

    def __call__(self, pre: Array) -> Array:
        self._multiply_h()
        np.add(self._a, pre, out=self._a)
        np.tanh(self._a, out=self.h)
        return self.h
