"""Gated recurrent unit, Cho et al. (2014), in the form whose reset gate acts after the product.

    r = σ(a_r)   z = σ(a_z)                    a = x_t Wx + h_{t-1} Wh + b
    n = tanh(x_t Wx_n + b_n + r ⊙ (h_{t-1} Wh_n))
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}

Columns of the weights hold the gates in the order r, z, n.
"""

from __future__ import annotations

import numpy as np

from rnncore.buffers import aligned_zeros
from rnncore.cells.base import Array, Cell, Run, Step, columns

R, Z, N_ = range(3)


class GRURun(Run):
    """Gates of all steps, and the parts of n that meet only at the reset gate."""

    def __init__(self, cell: Cell, N: int, T: int):
        super().__init__(cell, N, T)
        D, H, dtype = cell.D, cell.H, cell.dtype
        self.gates = aligned_zeros((T, 3, N, H), dtype)  # r, z and h_{t-1} Wh_n
        self.n = aligned_zeros((T, N, H), dtype)
        self.x1 = np.ones((T, N, D + 1), dtype)
        self.n_of_x = aligned_zeros((T, N, H), dtype)  # x_t Wx_n + b_n, then da_n
        self.tmp = aligned_zeros((N, H), dtype)
        self.dh_of_z = aligned_zeros((N, H), dtype)
        self.forward_views = [
            (
                *(self.xh1[t], columns(a, self.W_forward), a[:N_], a[R], a[Z], a[N_]),
                *(self.n[t], self.n_of_x[t], self.h[t], self.h[t + 1]),
            )
            for t, a in enumerate(self.gates)
        ]
        da = self.da
        self.backward_views = [
            (
                *(self.gates[t, Z], self.n_of_x[t], da[Z, t], da[R, t], da[N_, t]),
                self.dxh[t, :, D:],
            )
            for t in range(T)
        ]


class GRU(Cell):
    """Nearly the memory of an LSTM with three quarters of its parameters."""

    name = "gru"
    gates = ("r", "z", "n")
    state_parts = ("h",)

    def run(self, N: int, T: int) -> GRURun:
        return GRURun(self, N, T)

    def forward(self, W: Array, x: Array, state: Array, run: Run) -> Array:
        assert isinstance(run, GRURun)
        D, H = self.D, self.H
        run.load_forward(self._recurrent(W))
        run.W_forward[:N_] *= 0.5  # σ(a) = ½ tanh(½ a) + ½
        # n's share of x and 1 stays outside the reset gate: one product for all steps.
        run.x[...] = x
        run.x1[:, :, :D] = x
        W_n = np.concatenate([W[:D, 2 * H :], W[-1:, 2 * H :]])
        np.matmul(run.x1.reshape(-1, D + 1), W_n, out=run.n_of_x.reshape(-1, H))
        run.h[0] = state[0]
        W_forward, tmp, half = run.W_forward, run.tmp, self.dtype.type(0.5)
        matmul, tanh, multiply, add = np.matmul, np.tanh, np.multiply, np.add
        for xh1, pieces, rz, r, z, hn, n, n_of_x, h, h_next in run.forward_views:
            matmul(xh1, W_forward, out=pieces)
            tanh(rz, out=rz)
            multiply(rz, half, out=rz)
            add(rz, half, out=rz)
            multiply(r, hn, out=n)
            add(n, n_of_x, out=n)
            tanh(n, out=n)
            # (1 - z) n + z h = n + z (h - n)
            np.subtract(h, n, out=tmp)
            multiply(tmp, z, out=tmp)
            add(n, tmp, out=h_next)
        state[0] = run.h[run.T]
        return run.h[1:]

    def backward(self, W: Array, dh: Array, run: Run, dW: Array) -> Array:
        assert isinstance(run, GRURun)
        D, H = self.D, self.H
        run.load_backward(self._recurrent(W))
        dh_t, of_z, dh_next = run.dh, run.dh_of_z, run.dstate[0]
        dh_next[...] = 0
        of_z[...] = 0
        multiply, add, product = np.multiply, np.add, run.backward_product
        for t in reversed(range(run.T)):
            if t in run.block_ends:
                self._factors(run, run.block_ends[t])
            z, da_n, da_z, da_r, da_hn, dh_previous = run.backward_views[t]
            add(dh[t], dh_next, out=dh_t)
            add(dh_t, of_z, out=dh_t)
            multiply(dh_t, z, out=of_z)
            multiply(da_n, dh_t, out=da_n)
            multiply(da_z, dh_t, out=da_z)
            multiply(da_r, da_n, out=da_r)
            multiply(da_hn, da_n, out=da_hn)
            product(t)
            dh_next = dh_previous
        np.add(dh_next, of_z, out=run.dstate[0])
        run.weight_gradient(dW)
        # The n columns of Wx and b belong to da_n, not to the gradient behind the reset gate.
        rows, x1 = run.n_of_x.reshape(-1, H), run.x1.reshape(-1, D + 1)
        dW_n = x1.T @ rows
        dW[:D, 2 * H :], dW[-1, 2 * H :] = dW_n[:D], dW_n[D]
        dx_n = np.matmul(rows, W[:D, 2 * H :].T, out=x1[:, :D])  # x has done its work
        run.dx += dx_n.reshape(run.dx.shape)
        return run.dx

    def _recurrent(self, W: Array) -> Array:
        """W without n's weights of x and 1, which lie outside the reset gate."""
        W = W.copy()
        W[: self.D, 2 * self.H :] = 0
        W[-1, 2 * self.H :] = 0
        return W

    def _factors(self, run: GRURun, steps: slice) -> None:
        """All of the backward pass that does not depend on the recurrence, for many steps at once.

        da_n = dh ⊙ (1-z)(1-n²)    da_z = dh ⊙ (h_{t-1} - n) z(1-z)
        da_r = da_n ⊙ (h Wh_n) r(1-r)    d(h Wh_n) = da_n ⊙ r
        """
        r, z, hn = run.gates[steps].swapaxes(0, 1)
        n, da, da_n = run.n[steps], run.da[:, steps], run.n_of_x[steps]
        np.multiply(n, n, out=da_n)
        np.subtract(1, da_n, out=da_n)
        np.subtract(1, z, out=da[Z])
        np.multiply(da_n, da[Z], out=da_n)
        np.multiply(da[Z], z, out=da[Z])
        np.subtract(run.h[:-1][steps], n, out=da[R])
        np.multiply(da[Z], da[R], out=da[Z])
        np.subtract(1, r, out=da[R])
        np.multiply(da[R], r, out=da[R])
        np.multiply(da[R], hn, out=da[R])
        da[N_] = r

    def step(self, W: Array, state: Array) -> Step:
        return GRUStep(self, W, state)


class GRUStep(Step):
    """The forward equations for one step, on (..., H) arrays."""

    def __init__(self, cell: Cell, W: Array, state: Array):
        H = cell.H
        W = W.copy()
        W[:, : 2 * H] *= 0.5  # as in forward
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
