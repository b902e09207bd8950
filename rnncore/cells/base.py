"""What a recurrent cell is to the rest of rnncore, and what all cells share.

A cell turns inputs x (T, N, D) and a state into outputs h (T, N, H) and the
state after the last step. It holds sizes only. Its weights come as one matrix

    W (D + H + 1, G H)    rows: input x, previous output h, the constant 1;
                          columns: the G gates, side by side

so that all gates' pre-activations are ``[x, h, 1] W``. What forward keeps for
backward lives in a ``Run``, made once for a shape and used again.

How the kernels are laid out, and why:

* Gates come first, (G, N, H), so each gate is a contiguous block. OpenBLAS
  multiplies small blocks without repacking them, but only up to a million
  multiplications a call: gate by gate stays below it where all at once does not.
* ``[x, h, 1]`` is one buffer: each step is one product, without separate
  additions of input and bias, and the gradient of W is one product over T N rows.
* Views into the buffers are made once, not at every step.

A new cell is a new file in this folder: subclass ``Cell``, give it a name and
the four methods below; the contract tests find it by its place in ``CELLS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

CELLS: dict[str, type[Cell]] = {}

_BLOCK = 1 << 15  # elements of one array that a block of time steps may hold


class Cell(ABC):
    """One kind of recurrent layer with D inputs and H outputs."""

    name: ClassVar[str]
    gates: ClassVar[tuple[str, ...]]  # in the order of W's columns
    state_parts: ClassVar[tuple[str, ...]]  # "h" comes first

    def __init_subclass__(cls) -> None:
        CELLS[cls.name] = cls

    def __init__(self, D: int, H: int, dtype: Any = np.float32):
        self.D, self.H, self.G = D, H, len(self.gates)
        self.dtype = np.dtype(dtype)

    def init_weights(self, rng: np.random.Generator) -> Array:
        """W (D+H+1, G H): inputs by Glorot and Bengio (2010), recurrent blocks orthogonal
        (Saxe et al., 2014), biases zero."""
        D, H, G = self.D, self.H, self.G
        W = np.zeros((D + H + 1, G * H), self.dtype)
        limit = np.sqrt(6 / (D + H))
        W[:D] = rng.uniform(-limit, limit, (D, G * H))
        for g in range(G):
            q, r = np.linalg.qr(rng.standard_normal((H, H)))
            W[D : D + H, g * H : (g + 1) * H] = q * np.sign(np.diag(r))
        return W

    def initial_state(self, N: int) -> Array:
        """Zeros, (state parts, N, H)."""
        return np.zeros((len(self.state_parts), N, self.H), self.dtype)

    @abstractmethod
    def run(self, N: int, T: int) -> Run:
        """Buffers and views for N sequences of T steps."""

    @abstractmethod
    def forward(self, W: Array, x: Array, state: Array, run: Run) -> Array:
        """Outputs h (T, N, H), a view into ``run``; ``state`` is advanced in place."""

    @abstractmethod
    def backward(self, W: Array, dh: Array, run: Run, dW: Array) -> Array:
        """Fill ``dW``, return dx (T, N, D); ``dh`` (T, N, H) is the gradient of forward's outputs.

        The gradient with respect to the initial state is left in ``run.dstate``.
        """

    @abstractmethod
    def step(self, W: Array, state: Array) -> Step:
        """One step at a time from ``state`` (which is copied), for sampling."""

    def split_gates(self, W: Array) -> Array:
        """W as (G, rows, H), a view."""
        return W.reshape(len(W), self.G, self.H).transpose(1, 0, 2)


class Run:
    """What forward leaves for backward, for one (N, T): the buffers that all cells need."""

    def __init__(self, cell: Cell, N: int, T: int):
        D, H, G, dtype = cell.D, cell.H, cell.G, cell.dtype
        K = D + H + 1
        self.N, self.T = N, T
        self.xh1 = np.zeros((T + 1, N, K), dtype)  # [x_t, h_{t-1}, 1]
        self.xh1[:, :, -1] = 1
        self.x = self.xh1[:T, :, :D]
        self.h = self.xh1[:, :, D : D + H]  # h[t] is the output of step t-1
        # Gradients of the pre-activations; first the factors of them that need no recurrence.
        self.da = np.zeros((G, T, N, H), dtype)
        self.dxh = np.zeros((T, N, D + H), dtype)  # gradients of [x_t, h_{t-1}]
        self.dxh_of_gates = np.zeros((G, N, D + H), dtype)
        self.W_forward = np.zeros((G, K, H), dtype)
        self.W_backward = np.zeros((G, H, D + H), dtype)
        self.dh = np.zeros((N, H), dtype)
        self.dstate = cell.initial_state(N)

    def blocks(self) -> Iterator[slice]:
        """Ranges of time steps, each small enough that its arrays stay in the cache."""
        steps = max(1, _BLOCK // self.dh.size)
        for start in range(0, self.T, steps):
            yield slice(start, min(start + steps, self.T))

    def weight_gradient(self, cell: Cell, dW: Array) -> None:
        """dW = sum over t and n of [x, h, 1]ᵀ da: one product over T N rows for each gate."""
        rows = self.T * self.N
        xh1 = self.xh1[: self.T].reshape(rows, -1)
        np.matmul(xh1.T, self.da.reshape(cell.G, rows, cell.H), out=cell.split_gates(dW))


class Step(ABC):
    """One cell stepping through single inputs; its state is its own.

    ``Wx`` (D, G H) and ``b`` (G H,) turn an input into the ``pre`` that a call
    expects: ``pre = x Wx + b``, scaled as the cell's kernel wants it.
    """

    Wx: Array
    b: Array

    @abstractmethod
    def __call__(self, pre: Array) -> Array:
        """Advance by one step from pre (..., G H); returns h (..., H), valid until the next."""
