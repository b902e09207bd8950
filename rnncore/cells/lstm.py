"""Long short-term memory (LSTM), with a forget gate.

    i = σ(a_i)   f = σ(a_f)   o = σ(a_o)   g = tanh(a_g)      a = x_t Wx + h_{t-1} Wh + b
    c_t = f ⊙ c_{t-1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)

The columns of the weights hold the gates in the order i, f, o, g. Sources: Hochreiter and
Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000) for the forget gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from rnncore.cells.base import Array, Cell, CellBuffers, Stepper
from rnncore.compute.buffers import aligned_zeros

# Initial bias of the forget gates. Jozefowicz et al. (2015) advise 1, so that the cell remembers at
# first. On texts the loss falls faster from -1, by the measurements in docs/quality.md.
FORGET_BIAS = -1.0
I, F, O, G, C = range(5)  # noqa: E741 (the gates' names; C is the index of c_{t-1})


class LSTMBuffers(CellBuffers):
    """Buffers for the gates and cell states of all steps, and the views that the loops use."""

    def __init__(self, cell: Cell, N: int, T: int):
        super().__init__(cell, N, T)
        H, dtype, zeros = cell.H, cell.dtype, self.memory.zeros
        # i, f, o, g and c_{t-1} side by side: [i, f] ⊙ [g, c] is then one multiplication.
        self.gates = zeros((T + 1, 5, N, H), dtype)
        self.tanh_c = zeros((T, N, H), dtype)
        self.products = zeros((2, N, H), dtype)
        self.dc_of_dh = zeros((T, N, H), dtype)
        self.dc_part = zeros((N, H), dtype)
        z, da = self.gates, self.da
        self.forward_views = [
            (
                *(*product, z[t, :4], z[t, :3], z[t, :2], z[t, 3:], z[t, O]),
                *(z[t + 1, C], self.tanh_c[t], self.h[t + 1]),
            )
            for t, product in enumerate(self.step_products(z[:T, :4]))
        ]
        self.backward_views = [
            (self.dc_of_dh[t], da[:2, t], da[O, t], da[G, t], z[t, F], self.dh_previous[t])
            for t in range(T)
        ]


class LSTM(Cell):
    """The default cell, which can remember over hundreds of characters."""

    name = "lstm"
    title = "LSTM"
    gates = ("i", "f", "o", "g")
    state_parts = ("h", "c")
    constant_biases = (40.0, -40.0, 40.0, 1.0)  # i and o are 1, f is 0
    constant_output = math.tanh(math.tanh(1.0))

    def init_weights(self, rng: np.random.Generator) -> Array:
        W = super().init_weights(rng)
        W[-1, self.H : 2 * self.H] = FORGET_BIAS
        return W

    def new_buffers(self, N: int, T: int) -> LSTMBuffers:
        return LSTMBuffers(self, N, T)

    def forward(self, W: Array, x: Array, state: Array, buffers: CellBuffers) -> Array:
        assert isinstance(buffers, LSTMBuffers)
        buffers.load_forward(W, x, sigmoid_gates=3)
        buffers.h[0], buffers.gates[0, C] = state
        W_forward, products = buffers.W_forward, buffers.products
        precomputed, a_of_h = buffers.precomputed, buffers.a_of_h
        ig, fc = products
        matmul, tanh, multiply, add = np.matmul, np.tanh, np.multiply, np.add
        half = self.dtype.type(0.5)
        for xh1, pieces, ifog, ifo, i_f, gc, o, c, tanh_c, h in buffers.forward_views:
            matmul(xh1, W_forward, out=pieces)
            if precomputed:
                add(ifog, a_of_h, out=ifog)
            tanh(ifog, out=ifog)
            multiply(ifo, half, out=ifo)
            add(ifo, half, out=ifo)
            multiply(i_f, gc, out=products)
            add(ig, fc, out=c)
            tanh(c, out=tanh_c)
            multiply(o, tanh_c, out=h)
        state[0], state[1] = buffers.h[buffers.T], buffers.gates[buffers.T, C]
        return buffers.h[1:]

    def backward(self, W: Array, dh: Array, buffers: CellBuffers, dW: Array) -> Array:
        assert isinstance(buffers, LSTMBuffers)
        buffers.load_backward(W)
        dh_t, part, product = buffers.dh, buffers.dc_part, buffers.multiply_backward
        buffers.dstate[...] = 0
        dh_next, dc = buffers.dstate
        multiply, add = np.multiply, np.add
        for t in reversed(range(buffers.T)):
            if t in buffers.block_ends:
                self._compute_factors(buffers, buffers.block_ends[t])
            dc_of_dh, da_if, da_o, da_g, f, dh_previous = buffers.backward_views[t]
            add(dh[t], dh_next, out=dh_t)
            multiply(dh_t, dc_of_dh, out=part)
            add(dc, part, out=dc)
            multiply(da_if, dc, out=da_if)
            multiply(da_o, dh_t, out=da_o)
            multiply(da_g, dc, out=da_g)
            multiply(dc, f, out=dc)
            product(t)
            dh_next = dh_previous
        buffers.dstate[0] = dh_next
        buffers.compute_weight_gradient(dW)
        return buffers.compute_input_gradient(W)

    def _compute_factors(self, buffers: LSTMBuffers, steps: slice) -> None:
        """Compute the factors of a block of steps that do not depend on the recurrence.

        da_i = dc ⊙ g i(1-i)    da_f = dc ⊙ c_{t-1} f(1-f)    da_g = dc ⊙ i (1-g²)
        da_o = dh ⊙ h (1-o)     dc += dh ⊙ (o - h tanh(c))    since h = o tanh(c)
        """
        z, tanh_c = buffers.gates[steps].swapaxes(0, 1), buffers.tanh_c[steps]
        da, dc_of_dh, h = buffers.da[:, steps], buffers.dc_of_dh[steps], buffers.h[1:][steps]
        np.subtract(1, z[:3], out=da[:3])
        np.multiply(da[:2], z[:2], out=da[:2])
        np.multiply(da[:2], z[3:], out=da[:2])
        np.multiply(da[O], h, out=da[O])
        np.multiply(z[G], z[G], out=da[G])
        np.subtract(1, da[G], out=da[G])
        np.multiply(da[G], z[I], out=da[G])
        np.multiply(h, tanh_c, out=dc_of_dh)
        np.subtract(z[O], dc_of_dh, out=dc_of_dh)

    def read(self, buffers: CellBuffers) -> Mapping[str, Array]:
        assert isinstance(buffers, LSTMBuffers)
        z, T = buffers.gates, buffers.T
        gates = {name: z[:T, g] for g, name in enumerate(self.gates)}
        return {"h": buffers.h[1:], "c": z[1:, C], **gates}

    def new_stepper(self, W: Array, state: Array) -> Stepper:
        return LSTMStepper(self, W, state)


class LSTMStepper(Stepper):
    """One step of the forward equations on (..., H) arrays."""

    def __init__(self, cell: Cell, W: Array, state: Array):
        H = cell.H
        W = W.copy()
        W[:, : 3 * H] *= 0.5  # for the sigmoid gates, as in ``pack``
        super().__init__(cell, W, state)
        self._z = aligned_zeros((*self.h.shape[:-1], 5 * H), W.dtype)
        self._z[..., 4 * H :] = state[1]
        self._products = np.empty((*self.h.shape[:-1], 2 * H), W.dtype)
        self._tanh_c = np.empty_like(self.h)
        self._half = W.dtype.type(0.5)
        z, p = self._z, self._products
        self._ifog, self._ifo, self._if = z[..., : 4 * H], z[..., : 3 * H], z[..., : 2 * H]
        self._gc, self._o, self._c = z[..., 3 * H :], z[..., 2 * H : 3 * H], z[..., 4 * H :]
        self._ig, self._fc = p[..., :H], p[..., H:]

    def __call__(self, pre: Array) -> Array:
        a, ifog, ifo, half = self._a, self._ifog, self._ifo, self._half
        self._multiply_h()
        np.add(a, pre, out=a)
        np.tanh(a, out=ifog)
        np.multiply(ifo, half, out=ifo)
        np.add(ifo, half, out=ifo)
        np.multiply(self._if, self._gc, out=self._products)
        np.add(self._ig, self._fc, out=self._c)
        np.tanh(self._c, out=self._tanh_c)
        np.multiply(self._o, self._tanh_c, out=self.h)
        return self.h
