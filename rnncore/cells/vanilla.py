"""Vanilla recurrent cell: one tanh layer.

    h_t = tanh(x_t Wx + h_{t-1} Wh + b)

Source: Elman (1990), "Finding structure in time".
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from rnncore.cells.base import Array, Cell, CellBuffers, Stepper


class VanillaBuffers(CellBuffers):
    """Buffers of every cell; the vanilla cell needs no others."""

    def __init__(self, cell: Cell, N: int, T: int):
        super().__init__(cell, N, T)
        # The pre-activations share memory with their gradients, which are computed later.
        self.forward_views = [
            (*product, self.da[0, t], self.h[t + 1])
            for t, product in enumerate(self.step_products(self.da.swapaxes(0, 1)))
        ]


class Vanilla(Cell):
    """The simplest cell: fast to train, but with a short memory."""

    name = "vanilla"
    title = "Vanilla RNN"
    gates = ("h",)
    state_parts = ("h",)
    constant_biases = (1.0,)
    constant_output = math.tanh(1.0)

    def new_buffers(self, N: int, T: int) -> VanillaBuffers:
        return VanillaBuffers(self, N, T)

    def forward(self, W: Array, x: Array, state: Array, buffers: CellBuffers) -> Array:
        assert isinstance(buffers, VanillaBuffers)
        buffers.load_forward(W, x)
        buffers.h[0] = state[0]
        for xh1, pieces, a, h in buffers.forward_views:
            np.matmul(xh1, buffers.W_forward, out=pieces)
            if buffers.precomputed:
                np.add(a, buffers.a_of_h[0], out=a)
            np.tanh(a, out=h)
        state[0] = buffers.h[buffers.T]
        return buffers.h[1:]

    def backward(self, W: Array, dh: Array, buffers: CellBuffers, dW: Array) -> Array:
        buffers.load_backward(W)
        da = buffers.da[0]
        # The derivative of tanh is 1 - h²; computed for all steps at once.
        np.multiply(buffers.h[1:], buffers.h[1:], out=da)
        np.subtract(1, da, out=da)
        dh_next = buffers.dstate[0]
        dh_next[...] = 0
        for t in reversed(range(buffers.T)):
            np.add(dh[t], dh_next, out=buffers.dh)
            da[t] *= buffers.dh
            buffers.multiply_backward(t)
            dh_next = buffers.dh_previous[t]
        buffers.dstate[0] = dh_next
        buffers.compute_weight_gradient(dW)
        return buffers.compute_input_gradient(W)

    def read(self, buffers: CellBuffers) -> Mapping[str, Array]:
        return {"h": buffers.h[1:]}

    def new_stepper(self, W: Array, state: Array) -> Stepper:
        return VanillaStepper(self, W, state)


class VanillaStepper(Stepper):
    """One step of h = tanh(pre + h Wh)."""

    def __call__(self, pre: Array) -> Array:
        self._multiply_h()
        np.add(self._a, pre, out=self._a)
        np.tanh(self._a, out=self.h)
        return self.h
