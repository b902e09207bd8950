"""The interface of a recurrent cell, and the buffers and kernels that all cells share.

A cell turns inputs x (T, N, D) and a state into outputs h (T, N, H) and the state after
the last step. A ``Cell`` holds sizes only. Its weights are one matrix

    W (D + H + 1, G H)    rows: input x, previous output h, the constant 1;
                          columns: the G gates, side by side

so the pre-activations of all gates are ``[x, h, 1] W``. Values that the forward pass keeps
for the backward pass are stored in ``CellBuffers``, created once per shape and reused.

Why the arrays are laid out as they are:

* Gates are the first axis, (G, N, H), so each gate is one contiguous block.
* A step's weights are stored in pieces (``weight_pieces``).
* ``[x, h, 1]`` is one buffer: each step is one product, without separate additions of
  input and bias, and the gradient of W is one product over T N rows.
* If a step's weights do not fit into the cache, those of x leave the recurrence: x Wx is
  computed for all steps before it, dx after it. A step then reads half as many weights,
  which saves more time than its one extra addition costs.
* Views of the buffers are created once, not at every step.

To add a cell, add a file to this folder that subclasses ``Cell``, with the class variables and the
five abstract methods. The contract tests run on every cell in ``CELLS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore.cells.weight_pieces import (
    choose_padded_pieces,
    choose_width,
    make_product,
    pack,
    split_columns,
    view_by_gate,
)
from rnncore.compute.buffers import Memory, aligned_zeros

Array = NDArray[np.floating]

CELLS: dict[str, type[Cell]] = {}

_BLOCK = 1 << 15  # elements of one array in a block of time steps
_ROWS = 256  # rows of x whose gradients are computed at once
_CACHED = 1 << 20  # bytes of weights that fit into the second-level cache beside other data


class Cell(ABC):
    """One kind of recurrent layer with D inputs and H outputs."""

    name: ClassVar[str]  # in settings and files, so it must never change
    title: ClassVar[str]  # as people write it
    gates: ClassVar[tuple[str, ...]]  # in the order of W's columns
    state_parts: ClassVar[tuple[str, ...]]  # "h" comes first
    # Biases, one for each gate, with which a unit without other weights has a constant output.
    constant_biases: ClassVar[tuple[float, ...]]
    constant_output: ClassVar[float]

    def __init_subclass__(cls) -> None:
        CELLS[cls.name] = cls

    def __init__(self, D: int, H: int, dtype: Any = np.float32):
        self.D, self.H, self.G = D, H, len(self.gates)
        self.dtype = np.dtype(dtype)

    def init_weights(self, rng: np.random.Generator) -> Array:
        """Return initial weights W (D+H+1, G H).

        Input weights follow Glorot and Bengio (2010), recurrent weights are orthogonal
        (Saxe et al., 2014), biases are zero.
        """
        D, H, G = self.D, self.H, self.G
        W = np.zeros((D + H + 1, G * H), self.dtype)
        limit = np.sqrt(6 / (D + H))
        W[:D] = rng.uniform(-limit, limit, (D, G * H))
        for g in range(G):
            q, r = np.linalg.qr(rng.standard_normal((H, H)))
            W[D : D + H, g * H : (g + 1) * H] = q * np.sign(np.diag(r))
        return W

    def initial_state(self, N: int) -> Array:
        """Return the zero state of N sequences, (state parts, N, H)."""
        return np.zeros((len(self.state_parts), N, self.H), self.dtype)

    @abstractmethod
    def new_buffers(self, N: int, T: int) -> CellBuffers:
        """Return buffers for passes over N sequences of T steps."""

    @abstractmethod
    def forward(self, W: Array, x: Array, state: Array, buffers: CellBuffers) -> Array:
        """Return the outputs h (T, N, H), a view of ``buffers``; update ``state`` in place."""

    @abstractmethod
    def backward(self, W: Array, dh: Array, buffers: CellBuffers, dW: Array) -> Array:
        """Fill ``dW`` and return dx (T, N, D); dh (T, N, H) is the gradient of the outputs.

        The gradient of the initial state is written to ``buffers.dstate``.
        """

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of all values that ``read`` returns: the parts of the state, then the gates."""
        return tuple(dict.fromkeys((*self.state_parts, *self.gates)))

    @abstractmethod
    def read(self, buffers: CellBuffers) -> Mapping[str, Array]:
        """Return the values of each of ``parts`` after the last forward pass, views (T, N, H).

        They are those after each step, and valid until the next pass in the same buffers.
        """

    @abstractmethod
    def new_stepper(self, W: Array, state: Array) -> Stepper:
        """Return a stepper for sampling that starts from a copy of ``state``."""


class CellBuffers:
    """Values of a forward pass over (N, T) that the backward pass needs.

    precompute: whether x Wx is computed for all steps at once; None lets
        ``should_precompute_inputs`` decide.
    """

    def __init__(self, cell: Cell, N: int, T: int, precompute: bool | None = None):
        D, H, G, dtype = cell.D, cell.H, cell.G, cell.dtype
        self.N, self.T = N, T
        self.precomputed = should_precompute_inputs(cell) if precompute is None else precompute
        self._first = D if self.precomputed else 0  # first column of [x, h, 1] in a step
        self.memory = Memory()
        zeros, rows = self.memory.zeros, self.memory.rows
        self.xh1 = zeros((T + 1, N, D + H + 1), dtype)  # [x_t, h_{t-1}, 1]
        self.xh1[:, :, -1] = 1
        self.x = self.xh1[:T, :, :D]
        self.h = self.xh1[:, :, D : D + H]  # h[t] is the output of step t-1
        self.h1 = self.xh1[1:, :, D:]  # [h_t, 1], all outputs
        # Gradients of the pre-activations. At first it holds those of their factors that do
        # not depend on the recurrence.
        self.da = zeros((G, T, N, H), dtype)
        self.a_of_h = zeros((G, N, H), dtype)
        # A step's weights in pieces, for [x, h, 1] W and for da Wᵀ.
        K = D + H - self._first
        width = choose_width(N, K + 1, H)
        self.W_forward = rows((G, H // width, K + 1, width), dtype)
        pieces, width = choose_padded_pieces(N, H, K)
        self.W_backward = rows((G, pieces, H, width), dtype)
        self.dxh_of_gates = zeros((G, N, pieces * width), dtype)
        self.dxh_padded = zeros((T, N, pieces * width), dtype)
        dxh = self.dxh_padded[:, :, :K]  # gradients of [x_t, h_{t-1}]
        self.dh_previous = dxh[:, :, K - H :]
        outputs = self.dxh_padded[:, None] if G == 1 else [self.dxh_of_gates] * T
        self._backward_views = [
            (self.da[:, t, None], split_columns(out, self.W_backward), self.dxh_padded[t])
            for t, out in enumerate(outputs)
        ]
        if self.precomputed:
            width = choose_width(N, D, H)
            self.Wx = rows((G, H // width, D, width), dtype)
            self.dx = zeros((T, N, D), dtype)
            self.dx_of_gates = zeros((G, min(_ROWS, T * N), D), dtype)
        else:
            self.dx = dxh[:, :, :D]
        self.dh = zeros((N, H), dtype)
        # Blocks of steps by their last step, small enough that their arrays stay in the cache.
        steps = max(1, _BLOCK // self.dh.size)
        self.block_ends = {
            min(start + steps, T) - 1: slice(start, min(start + steps, T))
            for start in range(0, T, steps)
        }
        self.dstate = cell.initial_state(N)

    def step_products(self, a: Array) -> list[tuple[Array, Array]]:
        """Return the operand and the output view of each step's product with ``W_forward``.

        a: (T, G, N, H), where the pre-activations are stored. If x Wx is precomputed, ``a``
            already contains it, and the product is written to ``a_of_h``, to be added.
        """
        self._a = a
        outputs = [self.a_of_h] * self.T if self.precomputed else a
        return [
            (self.xh1[t, :, self._first :], split_columns(out, self.W_forward))
            for t, out in enumerate(outputs)
        ]

    def load_forward(self, W: Array, x: Array, sigmoid_gates: int = 0) -> None:
        """Copy the inputs and weights; the first ``sigmoid_gates`` gates as ``pack`` does."""
        self.x[...] = x
        pack(W[self._first :], self.W_forward, sigmoid_gates)
        if self.precomputed:
            pack(W[: self._first], self.Wx, sigmoid_gates)
            # Time is the innermost loop: a piece's weights stay in the cache for all steps.
            out = split_columns(self._a, self.Wx).transpose(1, 2, 0, 3, 4)
            np.matmul(self.x, self.Wx[:, :, None], out=out)

    def load_backward(self, W: Array) -> None:
        """Copy the transposed weights for ``multiply_backward``."""
        G, pieces, H, width = self.W_backward.shape
        transposed = W[self._first : -1].T.reshape(G, H, -1)
        for i in range(pieces):
            piece = transposed[:, :, i * width : (i + 1) * width]
            self.W_backward[:, i, :, : piece.shape[2]] = piece

    def multiply_backward(self, t: int) -> None:
        """Fill dh_previous[t] with the sum over gates of da[g, t] W_gᵀ, and dx[t] likewise.

        If x Wx is precomputed, ``compute_input_gradient`` computes dx instead.
        """
        da, of_gates, dxh = self._backward_views[t]
        np.matmul(da, self.W_backward, out=of_gates)
        if len(self.da) > 1:
            np.add.reduce(self.dxh_of_gates, axis=0, out=dxh)

    def compute_input_gradient(self, W: Array) -> Array:
        """Return dx (T, N, D) after all steps' backward products."""
        if self.precomputed:
            G, _, D = self.dx_of_gates.shape
            Wx = view_by_gate(W[:D], G).swapaxes(1, 2)
            da, dx = self.da.reshape(G, self.T * self.N, -1), self.dx.reshape(-1, D)
            for start in range(0, len(dx), _ROWS):
                rows = slice(start, start + _ROWS)
                of_gates = self.dx_of_gates[:, : len(dx[rows])]
                np.matmul(da[:, rows], Wx, out=of_gates)
                np.add.reduce(of_gates, axis=0, out=dx[rows])
        return self.dx

    def compute_weight_gradient(self, dW: Array) -> None:
        """Fill dW with the sum over t and n of [x, h, 1]ᵀ da: one product over T N rows a gate."""
        rows, G = self.T * self.N, len(self.da)
        xh1 = self.xh1[: self.T].reshape(rows, -1)
        np.matmul(xh1.T, self.da.reshape(G, rows, -1), out=view_by_gate(dW, G))


def should_precompute_inputs(cell: Cell) -> bool:
    """Return whether x Wx is faster computed for all steps before the recurrence.

    Small weights fit into the cache anyway, and few inputs make little difference.
    """
    size = (cell.D + cell.H) * cell.G * cell.H * cell.dtype.itemsize
    return cell.D >= cell.H and size > _CACHED


class Stepper(ABC):
    """A cell with a state of its own that advances one step per call.

    ``Wx`` (D, G H) and ``b`` (G H,) turn an input into the argument of a call:
    ``pre = x Wx + b``, already scaled as the cell's kernel needs it.
    """

    def __init__(self, cell: Cell, W: Array, state: Array):
        D = cell.D
        self.Wx, self.b = W[:D].copy(), W[-1].copy()
        self.h = state[0].copy()  # each step overwrites it
        self._a = aligned_zeros((*self.h.shape[:-1], cell.G * cell.H), W.dtype)
        self._multiply_h = make_product(self.h, W[D:-1], self._a)  # _a = h Wh

    @abstractmethod
    def __call__(self, pre: Array) -> Array:
        """Advance by one step from pre (..., G H); return h (..., H), valid until the next."""
