"""Network: the settings, cells, vocabulary and parameters of a recurrent network.

The layers are an embedding, recurrent cells, an affine layer and a softmax over V symbols.
All parameters are stored in one flat vector, so that an optimizer step, a norm or a copy is
one NumPy operation. ``params`` gives named views of it: write into them with
``params["b"][...] = 0``. Gradients have the same names and the same layout.

This module holds values only. The passes over a batch (``batch_pass``), the sampler
(``sampling``) and ``model.RNN`` compute with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.cells import CELLS, Cell
from rnncore.errors import SettingError
from rnncore.vocab import Vocab

Array = NDArray[np.floating]
Ids = NDArray[np.integer]
State = list[Array]  # one array (state parts, N, H) for each layer

DTYPES = ("float32", "float64")
MAX_VOCAB, MAX_DIM, MAX_LAYERS = 65_536, 4096, 8
# A wider embedding of 5,400 Chinese characters halves the speed and learns no better.
MAX_DEFAULT_INPUT_DIM = 128


class Network:
    """The values of a character-level recurrent network.

    vocab_dim: V, the number of symbols; ids are 0 .. V-1.
    idx_to_char: the symbols in the order of their ids, or None for data without characters.
    input_dim: D, the width of the embedding; None means a quarter of V, at most 128.
    hidden_dim: H, the width of each recurrent layer.
    cell_type: a name in ``rnncore.CELLS`` ("lstm", "vanilla", "gru").
    dropout: probability of dropping an output of a recurrent layer in training.
    seed: seed of the initial values.
    init: False leaves all parameters at zero, for a caller that fills them in.
    """

    def __init__(
        self,
        vocab_dim: int,
        idx_to_char: Sequence[str] | Mapping[int, str] | None = None,
        input_dim: int | None = None,
        hidden_dim: int = 128,
        cell_type: str = "lstm",
        num_layers: int = 1,
        dropout: float = 0.0,
        dtype: str = "float32",
        seed: int = 0,
        *,
        init: bool = True,
    ):
        V = self.vocab_dim = checks.check_whole("vocab_dim", vocab_dim, 1, MAX_VOCAB)
        D = default_input_dim(V) if input_dim is None else input_dim
        self.input_dim = checks.check_whole("input_dim", D, 1, MAX_DIM)
        H = self.hidden_dim = checks.check_whole("hidden_dim", hidden_dim, 1, MAX_DIM)
        self.cell_type = checks.check_choice("cell_type", cell_type, CELLS)
        self.num_layers = checks.check_whole("num_layers", num_layers, 1, MAX_LAYERS)
        self.dropout = checks.check_number("dropout", dropout, 0.0, 0.95)
        self.dtype = np.dtype(checks.check_choice("dtype", str(dtype), DTYPES))
        self.seed = checks.check_whole("seed", seed, 0)
        self.vocab = _vocab(idx_to_char, V)

        widths = [self.input_dim] + [H] * (self.num_layers - 1)
        self.cells: list[Cell] = [CELLS[cell_type](width, H, self.dtype) for width in widths]
        self.bind_params(np.zeros(_size(self.shapes()), self.dtype))
        if init:
            self._initialise(np.random.default_rng(self.seed))

    # -- parameters ---------------------------------------------------------------------------

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the parameters' names and shapes, in the order of the flat vector."""
        return param_shapes(
            self.vocab_dim, self.input_dim, self.hidden_dim, self.cell_type, self.num_layers
        )

    def views(self, flat: Array) -> Mapping[str, Array]:
        """Return named views of a flat vector (P,); writing into a view changes the vector."""
        named, start = {}, 0
        for name, shape in self.shapes().items():
            named[name] = flat[start : start + math.prod(shape)].reshape(shape)
            start += math.prod(shape)
        return MappingProxyType(named)

    def bind_params(self, flat: Array) -> None:
        """Use this vector (P,) as the parameters from now on, without copying it."""
        self.flat, self.params = flat, self.views(flat)

    def weights(self, flat: Array) -> list[Array]:
        """Return a view (D+H+1, G H) for each layer: its Wx, Wh and b below one another."""
        weights, start = [], self.vocab_dim * self.input_dim
        for cell in self.cells:
            shape = (cell.D + cell.H + 1, cell.G * cell.H)
            weights.append(flat[start : start + math.prod(shape)].reshape(shape))
            start += math.prod(shape)
        return weights

    def output_weights(self, flat: Array) -> Array:
        """Return a view (H+1, V) of the output layer: W_out above b_out."""
        H, V = self.hidden_dim, self.vocab_dim
        return flat[-(H + 1) * V :].reshape(H + 1, V)

    def _initialise(self, rng: np.random.Generator) -> None:
        V = self.vocab_dim
        self.params["W_embed"][...] = self._new_embeddings(rng, V)
        for W, cell in zip(self.weights(self.flat), self.cells, strict=True):
            W[...] = cell.init_weights(rng)
        self.params["W_out"][...] = self._new_outputs(rng, V)

    # Standard deviation 1, and +-1/sqrt(H) for W_out: with smaller values Adam needs some
    # thousand iterations more.

    def _new_embeddings(self, rng: np.random.Generator, count: int) -> Array:
        """Return initial rows of W_embed for so many symbols, (count, D)."""
        return rng.standard_normal((count, self.input_dim))

    def _new_outputs(self, rng: np.random.Generator, count: int) -> Array:
        """Return initial columns of W_out for so many symbols, (H, count)."""
        H = self.hidden_dim
        return rng.uniform(-1, 1, (H, count)) / np.sqrt(H)

    @property
    def num_params(self) -> int:
        """P, the number of parameters."""
        return self.flat.size

    def initial_state(self, N: int) -> State:
        """Return the zero state of N sequences: an array (state parts, N, H) per layer."""
        return [cell.initial_state(N) for cell in self.cells]

    # -- settings and copies ------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """Return the arguments that create a network of this shape."""
        return {
            "vocab_dim": self.vocab_dim,
            "idx_to_char": None if self.vocab is None else self.vocab.idx_to_char,
            "input_dim": self.input_dim,
            "hidden_dim": self.hidden_dim,
            "cell_type": self.cell_type,
            "num_layers": self.num_layers,
            "dropout": self.dropout,
            "dtype": str(self.dtype),
            "seed": self.seed,
        }

    def copy(self) -> Self:
        """Return an independent network of the same class with the same parameters."""
        network = type(self)(**self.settings(), init=False)
        network.flat[...] = self.flat
        return network

    def extended(self, chars: Iterable[str]) -> Self:
        """Return a copy that also knows these characters; known ones keep their ids.

        chars: such as a ``Vocab`` or a str; new characters get the ids after the known ones, in
            the order in which they first occur.

        A new character gets a row of W_embed, a column of W_out and an entry of b_out with the
        initial values of a new network. All other parameters are copied.
        SettingError: the network has no characters, or it would know more than ``MAX_VOCAB``.
        """
        if self.vocab is None:
            raise SettingError("This network was trained on numbers; it cannot learn characters.")
        symbols = self.vocab.extended(chars).idx_to_char
        if len(symbols) > MAX_VOCAB:
            raise SettingError(
                f"The network would know {len(symbols):,} characters; at most {MAX_VOCAB:,} are "
                "possible."
            )
        changed = {"vocab_dim": len(symbols), "idx_to_char": symbols}
        network = type(self)(**self.settings() | changed, init=False)
        network.flat[...] = self.extend_vector(self.flat, network)
        V, count = self.vocab_dim, len(symbols) - self.vocab_dim
        # Not the seed alone: it would repeat the initial rows of the first characters.
        rng = np.random.default_rng([self.seed, V])
        network.params["W_embed"][V:] = self._new_embeddings(rng, count)
        network.params["W_out"][:, V:] = self._new_outputs(rng, count)
        return network

    def extend_vector(self, flat: Array, extended: Network) -> Array:
        """Return a vector (P,) of this network in the layout of ``extended``, (its P,).

        Entries of new characters are zero. Optimizer moments are such vectors.
        """
        vector = np.zeros(extended.num_params, flat.dtype)
        views = zip(self.views(flat).values(), extended.views(vector).values(), strict=True)
        for old, new in views:
            new[tuple(slice(n) for n in old.shape)] = old
        return vector

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.num_layers} x {self.cell_type}, V={self.vocab_dim}, "
            f"D={self.input_dim}, H={self.hidden_dim}, {self.num_params:,} parameters)"
        )


def check_finite(network: Network) -> None:
    """Raise a SettingError that names the first parameter with NaN or infinite values."""
    for name, value in network.params.items():
        if not np.isfinite(value).all():
            bad = int(value.size - np.isfinite(value).sum())
            raise SettingError(
                f"{name} holds {bad:,} values that are not finite; every parameter must be."
            )


def default_input_dim(vocab_dim: int) -> int:
    """Return the default width of the embedding, a quarter of the vocabulary but at most 128."""
    return min(MAX_DEFAULT_INPUT_DIM, max(1, round(vocab_dim / 4)))


def param_shapes(
    vocab_dim: int, input_dim: int, hidden_dim: int, cell_type: str, num_layers: int
) -> dict[str, tuple[int, ...]]:
    """Return the parameters' names and shapes, in the order of the flat vector."""
    V, H = vocab_dim, hidden_dim
    GH = len(CELLS[cell_type].gates) * H
    shapes: dict[str, tuple[int, ...]] = {"W_embed": (V, input_dim)}
    for layer in range(1, num_layers + 1):
        n = "" if layer == 1 else str(layer)
        shapes[f"Wx{n}"] = (input_dim if layer == 1 else H, GH)
        shapes[f"Wh{n}"] = (H, GH)
        shapes[f"b{n}"] = (GH,)
    return shapes | {"W_out": (H, V), "b_out": (V,)}


def count_params(
    vocab_dim: int, input_dim: int, hidden_dim: int, cell_type: str, num_layers: int
) -> int:
    """Return the number of parameters of a network of these sizes, without creating it."""
    return _size(param_shapes(vocab_dim, input_dim, hidden_dim, cell_type, num_layers))


def _size(shapes: Mapping[str, tuple[int, ...]]) -> int:
    return sum(math.prod(shape) for shape in shapes.values())


def _vocab(idx_to_char: Sequence[str] | Mapping[int, str] | None, V: int) -> Vocab | None:
    if idx_to_char is None:
        return None
    if isinstance(idx_to_char, Mapping):
        idx_to_char = [idx_to_char[i] for i in range(len(idx_to_char)) if i in idx_to_char]
    vocab = Vocab(idx_to_char)
    if len(vocab) != V:
        raise SettingError(f"idx_to_char names {len(vocab)} symbols; vocab_dim is {V}.")
    return vocab
