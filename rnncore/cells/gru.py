"""Gated recurrent unit (GRU), with the reset gate applied after the product with Wh.

    r = σ(a_r)   z = σ(a_z)                    a = x_t Wx + h_{t-1} Wh + b
    n = tanh(x_t Wx_n + b_n + r ⊙ (h_{t-1} Wh_n))
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}

The columns of the weights hold the gates in the order r, z, n. Source: Cho et al. (2014).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from rnncore.cells.base import Array, Cell, CellBuffers, Stepper

R, Z, N_ = range(3)


class GRUBuffers(CellBuffers):
    """Buffers for the gates of all steps, and for the two parts of n."""

    def __init__(self, cell: Cell, N: int, T: int):
        # The reset gate scales n's part of h only, so it stays apart from the part of x.
        super().__init__(cell, N, T, precompute=True)
        H, dtype, zeros = cell.H, cell.dtype, self.memory.zeros
        self.gates = zeros((T, 4, N, H), dtype)  # r, z, n and r ⊙ (h_{t-1} Wh_n)
        self.da_n = zeros((T, N, H), dtype)
        self.tmp = zeros((N, H), dtype)
        self.dh_of_z = zeros((N, H), dtype)
        self.forward_views = [
            (*product, a[:N_], *a, self.h[t], self.h[t + 1])
            for t, (product, a) in enumerate(
                zip(self.step_products(self.gates[:, :3]), self.gates, strict=True)
            )
        ]
        da = self.da
        self.backward_views = [
            (self.gates[t, Z], self.da_n[t], da[Z, t], da[R, t], da[N_, t], self.dh_previous[t])
            for t in range(T)
        ]


class GRU(Cell):
    """A cell that remembers nearly as long as an LSTM, with three quarters of its parameters."""

    name = "gru"
    title = "GRU"
    gates = ("r", "z", "n")
    state_parts = ("h",)
    constant_biases = (0.0, -40.0, 1.0)  # z is 0
    constant_output = math.tanh(1.0)

    def new_buffers(self, N: int, T: int) -> GRUBuffers:
        return GRUBuffers(self, N, T)

    def forward(self, W: Array, x: Array, state: Array, buffers: CellBuffers) -> Array:
        assert isinstance(buffers, GRUBuffers)
        buffers.load_forward(W, x, sigmoid_gates=2)
        # The reset gate does not scale n's bias, so it is added to the part of x.
        buffers.gates[:, N_] += W[-1, 2 * self.H :]
        buffers.W_forward[N_, :, -1] = 0
        buffers.h[0] = state[0]
        W_forward, tmp, half = buffers.W_forward, buffers.tmp, self.dtype.type(0.5)
        rz_of_h, hn = buffers.a_of_h[:N_], buffers.a_of_h[N_]
        matmul, tanh, multiply, add = np.matmul, np.tanh, np.multiply, np.add
        for h1, pieces, rz, r, z, n, reset_hn, h, h_next in buffers.forward_views:
            matmul(h1, W_forward, out=pieces)
            add(rz, rz_of_h, out=rz)
            tanh(rz, out=rz)
            multiply(rz, half, out=rz)
            add(rz, half, out=rz)
            multiply(r, hn, out=reset_hn)
            add(n, reset_hn, out=n)
            tanh(n, out=n)
            # (1 - z) n + z h = n + z (h - n)
            np.subtract(h, n, out=tmp)
            multiply(tmp, z, out=tmp)
            add(n, tmp, out=h_next)
        state[0] = buffers.h[buffers.T]
        return buffers.h[1:]

    def backward(self, W: Array, dh: Array, buffers: CellBuffers, dW: Array) -> Array:
        assert isinstance(buffers, GRUBuffers)
        D, H = self.D, self.H
        buffers.load_backward(W)
        dh_t, of_z, dh_next = buffers.dh, buffers.dh_of_z, buffers.dstate[0]
        dh_next[...] = of_z[...] = 0
        multiply, add, product = np.multiply, np.add, buffers.multiply_backward
        for t in reversed(range(buffers.T)):
            if t in buffers.block_ends:
                self._compute_factors(buffers, buffers.block_ends[t])
            z, da_n, da_z, da_r, da_hn, dh_previous = buffers.backward_views[t]
            add(dh[t], dh_next, out=dh_t)
            add(dh_t, of_z, out=dh_t)
            multiply(dh_t, z, out=of_z)
            multiply(da_n, dh_t, out=da_n)
            multiply(da_z, dh_t, out=da_z)
            multiply(da_r, da_n, out=da_r)
            multiply(da_hn, da_n, out=da_hn)
            product(t)
            dh_next = dh_previous
        np.add(dh_next, of_z, out=buffers.dstate[0])
        buffers.compute_weight_gradient(dW)
        # Wx and b of n get their gradients from da_n, without the factor r.
        buffers.da[N_] = buffers.da_n
        da_n = buffers.da_n.reshape(-1, H)
        x = buffers.xh1[: buffers.T].reshape(-1, D + H + 1)[:, :D]
        np.matmul(x.T, da_n, out=dW[:D, 2 * H :])
        np.add.reduce(da_n, axis=0, out=dW[-1, 2 * H :])
        return buffers.compute_input_gradient(W)

    def _compute_factors(self, buffers: GRUBuffers, steps: slice) -> None:
        """Compute the factors of a block of steps that do not depend on the recurrence.

        da_n = dh ⊙ (1-z)(1-n²)    da_z = dh ⊙ (h_{t-1} - n) z(1-z)
        da_r = da_n ⊙ (r ⊙ h Wh_n) (1-r)    d(h Wh_n) = da_n ⊙ r
        """
        r, z, n, reset_hn = buffers.gates[steps].swapaxes(0, 1)
        da, da_n = buffers.da[:, steps], buffers.da_n[steps]
        np.multiply(n, n, out=da_n)
        np.subtract(1, da_n, out=da_n)
        np.subtract(1, z, out=da[Z])
        np.multiply(da_n, da[Z], out=da_n)
        np.multiply(da[Z], z, out=da[Z])
        np.subtract(buffers.h[:-1][steps], n, out=da[R])
        np.multiply(da[Z], da[R], out=da[Z])
        np.subtract(1, r, out=da[R])
        np.multiply(da[R], reset_hn, out=da[R])
        da[N_] = r

    def read(self, buffers: CellBuffers) -> Mapping[str, Array]:
        assert isinstance(buffers, GRUBuffers)
        gates = {name: buffers.gates[:, g] for g, name in enumerate(self.gates)}
        return {"h": buffers.h[1:], **gates}

    def new_stepper(self, W: Array, state: Array) -> Stepper:
        return GRUStepper(self, W, state)


class GRUStepper(Stepper):
    """One step of the forward equations on (..., H) arrays."""

    def __init__(self, cell: Cell, W: Array, state: Array):
        H = cell.H
        W = W.copy()
        W[:, : 2 * H] *= 0.5  # for the sigmoid gates, as in ``pack``
        super().__init__(cell, W, state)
        self._rz, self._hn = self._a[..., : 2 * H], self._a[..., 2 * H :]
        self._r, self._z = self._a[..., :H], self._a[..., H : 2 * H]
        self._n = np.empty_like(self.h)
        self._half = W.dtype.type(0.5)
        self._H = H

    def __call__(self, pre: Array) -> Array:
        rz, n, h, half, H = self._rz, self._n, self.h, self._half, self._H
        self._multiply_h()
        np.add(rz, pre[..., : 2 * H], out=rz)
        np.tanh(rz, out=rz)
        np.multiply(rz, half, out=rz)
        np.add(rz, half, out=rz)
        np.multiply(self._r, self._hn, out=n)
        np.add(n, pre[..., 2 * H :], out=n)
        np.tanh(n, out=n)
        np.subtract(h, n, out=h)
        np.multiply(h, self._z, out=h)
        np.add(h, n, out=h)
        return h
