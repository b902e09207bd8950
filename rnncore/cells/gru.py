"""Gated recurrent unit, Cho et al. (2014), in the form whose reset gate acts after the product.

    r = σ(a_r)   z = σ(a_z)                    a = x_t Wx + h_{t-1} Wh + b
    n = tanh(x_t Wx_n + b_n + r ⊙ (h_{t-1} Wh_n))
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}

Columns of the weights hold the gates in the order r, z, n.
"""

from __future__ import annotations

import numpy as np

from rnncore.cells.base import Array, Cell, Run, Step

R, Z, N_ = range(3)


class GRURun(Run):
    """Gates of all steps, and the parts of n that meet only at the reset gate."""

    def __init__(self, cell: Cell, N: int, T: int):
        super().__init__(cell, N, T)
        D, H, dtype = cell.D, cell.H, cell.dtype
        self.gates = np.zeros((T, 3, N, H), dtype)  # r, z and h_{t-1} Wh_n
        self.n = np.zeros((T, N, H), dtype)
        self.x1 = np.ones((T, N, D + 1), dtype)
        self.n_of_x = np.zeros((T, N, H), dtype)  # x_t Wx_n + b_n, then da_n
        self.tmp = np.zeros((N, H), dtype)
        self.dh_of_z = np.zeros((N, H), dtype)


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
        run.W_forward[...] = self.split_gates(W)
        run.W_forward[:N_] *= 0.5  # σ(a) = ½ tanh(½ a) + ½
        # n's share of x and 1 stays outside the reset gate: one product for all steps.
        run.W_forward[N_, :D] = 0
        run.W_forward[N_, -1] = 0
        run.x[...] = x
        run.x1[:, :, :D] = x
        W_n = np.concatenate([W[:D, 2 * H :], W[-1:, 2 * H :]])
        np.matmul(run.x1.reshape(-1, D + 1), W_n, out=run.n_of_x.reshape(-1, H))
        run.h[0] = state[0]
        half, tmp = self.dtype.type(0.5), run.tmp
        for t in range(run.T):
            a, n, h, h_next = run.gates[t], run.n[t], run.h[t], run.h[t + 1]
            rz = a[:N_]
            np.matmul(run.xh1[t], run.W_forward, out=a)
            np.tanh(rz, out=rz)
            np.multiply(rz, half, out=rz)
            np.add(rz, half, out=rz)
            np.multiply(a[R], a[N_], out=n)
            np.add(n, run.n_of_x[t], out=n)
            np.tanh(n, out=n)
            # (1 - z) n + z h = n + z (h - n)
            np.subtract(h, n, out=tmp)
            np.multiply(tmp, a[Z], out=tmp)
            np.add(n, tmp, out=h_next)
        state[0] = run.h[run.T]
        return run.h[1:]

    def backward(self, W: Array, dh: Array, run: Run, dW: Array) -> Array:
        assert isinstance(run, GRURun)
        D, H, T = self.D, self.H, run.T
        run.W_backward[...] = self.split_gates(W[:-1]).transpose(0, 2, 1)
        run.W_backward[N_, :, :D] = 0  # n's share of dx comes from da_n, below
        da, da_n = run.da, run.n_of_x
        self._factors(run)
        dh_t, of_z = run.dh, run.dh_of_z
        dh_next = run.dstate[0]
        dh_next[...] = 0
        of_z[...] = 0
        for t in reversed(range(T)):
            np.add(dh[t], dh_next, out=dh_t)
            np.add(dh_t, of_z, out=dh_t)
            np.multiply(dh_t, run.gates[t, Z], out=of_z)
            np.multiply(da_n[t], dh_t, out=da_n[t])
            np.multiply(da[Z, t], dh_t, out=da[Z, t])
            np.multiply(da[R, t], da_n[t], out=da[R, t])
            np.multiply(da[N_, t], da_n[t], out=da[N_, t])
            np.matmul(da[:, t], run.W_backward, out=run.dxh_of_gates)
            np.add.reduce(run.dxh_of_gates, axis=0, out=run.dxh[t])
            dh_next = run.dxh[t, :, D:]
        np.add(dh_next, of_z, out=run.dstate[0])
        run.weight_gradient(self, dW)
        # The n columns of Wx and b belong to da_n, not to the gradient behind the reset gate.
        rows = da_n.reshape(-1, H)
        dW_n = run.x1.reshape(-1, D + 1).T @ rows
        dW[:D, 2 * H :], dW[-1, 2 * H :] = dW_n[:D], dW_n[D]
        dx = run.dxh[:, :, :D]
        dx += (rows @ W[:D, 2 * H :].T).reshape(dx.shape)
        return dx

    def _factors(self, run: GRURun) -> None:
        """All of the backward pass that does not depend on the recurrence.

        da_n = dh ⊙ (1-z)(1-n²)    da_z = dh ⊙ (h_{t-1} - n) z(1-z)
        da_r = da_n ⊙ (h Wh_n) r(1-r)    d(h Wh_n) = da_n ⊙ r
        """
        for steps in run.blocks():
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
        D, H = cell.D, cell.H
        W = W.copy()
        W[:, : 2 * H] *= 0.5  # as in forward
        self.Wx, self.Wh, self.b = W[:D].copy(), W[D:-1].copy(), W[-1].copy()
        self.h = state[0].copy()
        self._a = np.empty((*self.h.shape[:-1], 3 * H), W.dtype)
        self._rz, self._hn = self._a[..., : 2 * H], self._a[..., 2 * H :]
        self._r, self._z = self._a[..., :H], self._a[..., H : 2 * H]
        self._n = np.empty_like(self.h)
        self._half = W.dtype.type(0.5)
        self._H = H

    def __call__(self, pre: Array) -> Array:
        rz, n, h, half, H = self._rz, self._n, self.h, self._half, self._H
        np.dot(h, self.Wh, out=self._a)
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
