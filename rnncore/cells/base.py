"""What a recurrent cell is to the rest of rnncore, and what all cells share.

A cell turns inputs x (T, N, D) and a state into outputs h (T, N, H) and the
state after the last step. It holds sizes only. Its weights come as one matrix

    W (D + H + 1, G H)    rows: input x, previous output h, the constant 1;
                          columns: the G gates, side by side

so that all gates' pre-activations are ``[x, h, 1] W``. What forward keeps for
backward lives in a ``Run``, made once for a shape and used again.

How the kernels are laid out, and why:

* Gates come first, (G, N, H), so each gate is a block that one call works through.
* OpenBLAS's AVX-512 kernels multiply matrices as they lie, without packing them
  first, up to a million multiplications a call. A step's product is cut into
  pieces of so many columns, one gate or a part of one, that each stays below.
* ``[x, h, 1]`` is one buffer: each step is one product, without separate
  additions of input and bias, and the gradient of W is one product over T N rows.
* Where a step's weights would not stay in the cache, those of x are kept out of the
  recurrence: x Wx is computed for all steps before it and dx after it. A step then
  reads half as many weights, and one more addition costs less than that.
* Views into the buffers are made once, not at every step.

A new cell is a new file in this folder: subclass ``Cell``, give it a name and
the four methods below; the contract tests find it by its place in ``CELLS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore.compute import blas
from rnncore.compute.buffers import Memory, aligned_copy, aligned_zeros

Array = NDArray[np.floating]

CELLS: dict[str, type[Cell]] = {}

_BLOCK = 1 << 15  # elements of one array that a block of time steps may hold
_ROWS = 256  # rows of x whose gradients are computed at once
_CACHED = 1 << 20  # bytes of weights that stay in the second-level cache beside all else
_SMALL_PRODUCT = 10**6  # multiplications that OpenBLAS does without packing
_MIN_WIDTH = 16  # columns of a piece: one AVX-512 register of float32


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


class Run:
    """What forward leaves for backward, for one (N, T): the buffers that all cells need."""

    def __init__(self, cell: Cell, N: int, T: int, ahead: bool | None = None):
        D, H, G, dtype = cell.D, cell.H, cell.G, cell.dtype
        self.N, self.T = N, T
        self.ahead = inputs_ahead(cell) if ahead is None else ahead
        self._first = D if self.ahead else 0  # of [x, h, 1], what the steps multiply
        self.memory = Memory()
        zeros, rows = self.memory.zeros, self.memory.rows
        self.xh1 = zeros((T + 1, N, D + H + 1), dtype)  # [x_t, h_{t-1}, 1]
        self.xh1[:, :, -1] = 1
        self.x = self.xh1[:T, :, :D]
        self.h = self.xh1[:, :, D : D + H]  # h[t] is the output of step t-1
        self.h1 = self.xh1[1:, :, D:]  # [h_t, 1], all outputs
        # Gradients of the pre-activations; first the factors of them that need no recurrence.
        self.da = zeros((G, T, N, H), dtype)
        self.a_of_h = zeros((G, N, H), dtype)
        # A step's weights in pieces of columns, for [x, h, 1] W and for da Wᵀ.
        K = D + H - self._first
        width = divided_width(N, K + 1, H)
        self.W_forward = rows((G, H // width, K + 1, width), dtype)
        pieces, width = padded_pieces(N, H, K)
        self.W_backward = rows((G, pieces, H, width), dtype)
        self.dxh_of_gates = zeros((G, N, pieces * width), dtype)
        self.dxh_padded = zeros((T, N, pieces * width), dtype)
        dxh = self.dxh_padded[:, :, :K]  # gradients of [x_t, h_{t-1}]
        self.dh_previous = dxh[:, :, K - H :]
        outputs = self.dxh_padded[:, None] if G == 1 else [self.dxh_of_gates] * T
        self._backward_views = [
            (self.da[:, t, None], columns(out, self.W_backward), self.dxh_padded[t])
            for t, out in enumerate(outputs)
        ]
        if self.ahead:
            width = divided_width(N, D, H)
            self.Wx = rows((G, H // width, D, width), dtype)
            self.dx = zeros((T, N, D), dtype)
            self.dx_of_gates = zeros((G, min(_ROWS, T * N), D), dtype)
        else:
            self.dx = dxh[:, :, :D]
        self.dh = zeros((N, H), dtype)
        # Ranges of steps by their last, each small enough that its arrays stay in the cache.
        steps = max(1, _BLOCK // self.dh.size)
        self.block_ends = {
            min(start + steps, T) - 1: slice(start, min(start + steps, T))
            for start in range(0, T, steps)
        }
        self.dstate = cell.initial_state(N)

    def step_products(self, a: Array) -> list[tuple[Array, Array]]:
        """For each step what is multiplied by ``W_forward``, and the view to be filled by it.

        ``a`` (T, G, N, H) is the place of the pre-activations. If ``ahead``, they already hold
        the part that comes from x, and the product is ``a_of_h``, which is to be added.
        """
        self._a = a
        outputs = [self.a_of_h] * self.T if self.ahead else a
        return [
            (self.xh1[t, :, self._first :], columns(out, self.W_forward))
            for t, out in enumerate(outputs)
        ]

    def load_forward(self, W: Array, x: Array, halved: int = 0) -> None:
        """Take in the inputs and the weights, the first gates' ``halved``: their sigmoid is a
        tanh of half the argument, σ(a) = ½ tanh(½ a) + ½, so that one tanh serves all gates."""
        self.x[...] = x
        lay_out(W[self._first :], self.W_forward, halved)
        if self.ahead:
            lay_out(W[: self._first], self.Wx, halved)
            # Time innermost: the weights of a piece serve all steps while they are in the cache.
            out = columns(self._a, self.Wx).transpose(1, 2, 0, 3, 4)
            np.matmul(self.x, self.Wx[:, :, None], out=out)

    def load_backward(self, W: Array) -> None:
        """Lay out the weights for ``backward_product``."""
        G, pieces, H, width = self.W_backward.shape
        transposed = W[self._first : -1].T.reshape(G, H, -1)
        for i in range(pieces):
            piece = transposed[:, :, i * width : (i + 1) * width]
            self.W_backward[:, i, :, : piece.shape[2]] = piece

    def backward_product(self, t: int) -> None:
        """dh_previous[t], and dx[t] if not ``ahead``: the sum over gates of da[g, t] W_gᵀ."""
        da, of_gates, dxh = self._backward_views[t]
        np.matmul(da, self.W_backward, out=of_gates)
        if len(self.da) > 1:
            np.add.reduce(self.dxh_of_gates, axis=0, out=dxh)

    def input_gradient(self, W: Array) -> Array:
        """dx (T, N, D), for which the steps' products have not yet been if ``ahead``."""
        if self.ahead:
            G, _, D = self.dx_of_gates.shape
            Wx = gates_first(W[:D], G).swapaxes(1, 2)
            da, dx = self.da.reshape(G, self.T * self.N, -1), self.dx.reshape(-1, D)
            for start in range(0, len(dx), _ROWS):
                rows = slice(start, start + _ROWS)
                of_gates = self.dx_of_gates[:, : len(dx[rows])]
                np.matmul(da[:, rows], Wx, out=of_gates)
                np.add.reduce(of_gates, axis=0, out=dx[rows])
        return self.dx

    def weight_gradient(self, dW: Array) -> None:
        """dW = sum over t and n of [x, h, 1]ᵀ da: for each gate one product over T N rows."""
        rows, G = self.T * self.N, len(self.da)
        xh1 = self.xh1[: self.T].reshape(rows, -1)
        np.matmul(xh1.T, self.da.reshape(G, rows, -1), out=gates_first(dW, G))


def inputs_ahead(cell: Cell) -> bool:
    """Whether x Wx is better computed for all steps before the recurrence, and dx after it.

    Small weights stay in the cache anyway, and few inputs make little difference.
    """
    size = (cell.D + cell.H) * cell.G * cell.H * cell.dtype.itemsize
    return cell.D >= cell.H and size > _CACHED


def gates_first(W: Array, G: int) -> Array:
    """A view (G, K, H) of the weights (K, G H)."""
    return W.reshape(len(W), G, -1).swapaxes(0, 1)


def lay_out(W: Array, pieces: Array, halved: int) -> None:
    """Weights (K, G H) as ``pieces`` (G, pieces, K, width), the first gates' halved."""
    G, count, K, width = pieces.shape
    pieces[...] = W.reshape(K, G, count, width).transpose(1, 2, 0, 3)
    pieces[:halved] *= 0.5


def columns(a: Array, W: Array) -> Array:
    """a (..., N, columns) as the (..., pieces, N, width) that a product with W fills."""
    return a.reshape(*a.shape[:-1], W.shape[1], W.shape[3]).swapaxes(-3, -2)


def divided_width(rows: int, depth: int, columns: int) -> int:
    """The widest equal pieces of ``columns`` that make (rows, depth) (depth, width) small.

    All columns in one piece where the BLAS gains nothing by it, or no division does.
    """
    if blas.info().small_products:
        for pieces in range(1, columns // _MIN_WIDTH + 1):
            if columns % pieces == 0 and rows * depth * columns // pieces <= _SMALL_PRODUCT:
                return columns // pieces
    return columns


def padded_pieces(rows: int, depth: int, columns: int) -> tuple[int, int]:
    """Pieces and width, the last one padded, that make (rows, depth) (depth, columns) small."""
    if blas.info().small_products:
        widest = _SMALL_PRODUCT // (rows * depth)
        if widest < columns and widest >= 2 * _MIN_WIDTH:
            width = min(4, widest // _MIN_WIDTH) // 2 * 2 * _MIN_WIDTH
            return -(-columns // width), width
    return 1, columns


def fixed_product(x: Array, W: Array, out: Array) -> Callable[[], Any]:
    """A function that writes x W into ``out``, for an x (M,) or (N, M) that keeps its place."""
    if x.ndim == 1:
        return partial(np.dot, x, aligned_copy(W), out)
    rows, (depth, width) = len(x), W.shape
    width = divided_width(rows, depth, width)
    pieces = aligned_copy(W.reshape(depth, -1, width).swapaxes(0, 1))
    return partial(np.matmul, x, pieces, out.reshape(rows, -1, width).swapaxes(0, 1))


class Step(ABC):
    """One cell stepping through single inputs; its state is its own.

    ``Wx`` (D, G H) and ``b`` (G H,) turn an input into the ``pre`` that a call
    expects: ``pre = x Wx + b``, scaled as the cell's kernel wants it.
    """

    def __init__(self, cell: Cell, W: Array, state: Array):
        D = cell.D
        self.Wx, self.b = W[:D].copy(), W[-1].copy()
        self.h = state[0].copy()  # each step writes into it
        self._a = aligned_zeros((*self.h.shape[:-1], cell.G * cell.H), W.dtype)
        self._multiply_h = fixed_product(self.h, W[D:-1], self._a)  # _a = h Wh

    @abstractmethod
    def __call__(self, pre: Array) -> Array:
        """Advance by one step from pre (..., G H); returns h (..., H), valid until the next."""
