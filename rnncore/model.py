"""RNN: embedding -> recurrent cells -> affine -> softmax, over a vocabulary of V symbols.

All parameters live in one flat vector, so that an update rule, a norm or a copy
is one operation. ``params`` shows it as named arrays (views: write into them
with ``params["b"][...] = 0``). Gradients have the same keys and the same layout.

What a pass computes on the way lives in a ``Pass`` (``passes.py``), never on the
model: sampling from a model cannot disturb its training.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import batches, checks
from rnncore.batch_pass import Pass as Pass
from rnncore.batch_pass import shard_count
from rnncore.cells import CELLS, Cell
from rnncore.compute import blas
from rnncore.errors import SettingError
from rnncore.vocab import Vocab

Array = NDArray[np.floating]
Ids = NDArray[np.integer]
State = list[Array]  # one array (state parts, N, H) for each layer

DTYPES = ("float32", "float64")
MAX_VOCAB, MAX_DIM, MAX_LAYERS = 65_536, 4096, 8


class RNN:
    """A character-level recurrent network.

    vocab_dim: V, the number of symbols; ids are 0 .. V-1.
    idx_to_char: the symbols in the order of their ids, or None (then ``sample`` gives ids).
    input_dim: D, the width of the embedding; a quarter of V if None.
    hidden_dim: H, the width of each recurrent layer.
    cell_type: a name in ``rnncore.CELLS`` ("lstm", "vanilla", "gru").
    dropout: probability with which an output of a recurrent layer is dropped in training.
    seed: of the initial values.
    init: False leaves every parameter at zero, for values that come from elsewhere.
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
        V = self.vocab_dim = checks.whole("vocab_dim", vocab_dim, 1, MAX_VOCAB)
        D = default_input_dim(V) if input_dim is None else input_dim
        self.input_dim = checks.whole("input_dim", D, 1, MAX_DIM)
        H = self.hidden_dim = checks.whole("hidden_dim", hidden_dim, 1, MAX_DIM)
        self.cell_type = checks.one_of("cell_type", cell_type, CELLS)
        self.num_layers = checks.whole("num_layers", num_layers, 1, MAX_LAYERS)
        self.dropout = checks.number("dropout", dropout, 0.0, 0.95)
        self.dtype = np.dtype(checks.one_of("dtype", str(dtype), DTYPES))
        self.seed = checks.whole("seed", seed, 0)
        self.vocab = _vocab(idx_to_char, V)

        widths = [self.input_dim] + [H] * (self.num_layers - 1)
        self.cells: list[Cell] = [CELLS[cell_type](width, H, self.dtype) for width in widths]
        self.place(np.zeros(_size(self.shapes()), self.dtype))
        if init:
            self._initialise(np.random.default_rng(self.seed))

    # -- parameters ---------------------------------------------------------------------------

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters, in their order in the flat vector."""
        return param_shapes(
            self.vocab_dim, self.input_dim, self.hidden_dim, self.cell_type, self.num_layers
        )

    def views(self, flat: Array) -> Mapping[str, Array]:
        """A flat vector (P,) as named arrays; writing into them writes into the vector."""
        named, start = {}, 0
        for name, shape in self.shapes().items():
            named[name] = flat[start : start + math.prod(shape)].reshape(shape)
            start += math.prod(shape)
        return MappingProxyType(named)

    def place(self, flat: Array) -> None:
        """Let the parameters be what stands in this vector (P,), and live there."""
        self.flat, self.params = flat, self.views(flat)

    def weights(self, flat: Array) -> list[Array]:
        """Each layer's Wx, Wh and b as the one matrix (D+H+1, G H) that they lie as in memory."""
        weights, start = [], self.vocab_dim * self.input_dim
        for cell in self.cells:
            shape = (cell.D + cell.H + 1, cell.G * cell.H)
            weights.append(flat[start : start + math.prod(shape)].reshape(shape))
            start += math.prod(shape)
        return weights

    def output_weights(self, flat: Array) -> Array:
        """W_out and b_out as the one matrix (H+1, V) that they lie as in memory."""
        H, V = self.hidden_dim, self.vocab_dim
        return flat[-(H + 1) * V :].reshape(H + 1, V)

    def _initialise(self, rng: np.random.Generator) -> None:
        V, D, H = self.vocab_dim, self.input_dim, self.hidden_dim
        # Entries of size 1 and 1/sqrt(H): a smaller start costs Adam some thousand iterations.
        self.params["W_embed"][...] = rng.standard_normal((V, D))
        for W, cell in zip(self.weights(self.flat), self.cells, strict=True):
            W[...] = cell.init_weights(rng)
        self.params["W_out"][...] = rng.uniform(-1, 1, (H, V)) / np.sqrt(H)

    @property
    def num_params(self) -> int:
        """Number of trained values."""
        return self.flat.size

    # -- training -----------------------------------------------------------------------------

    def initial_state(self, N: int) -> State:
        """Zeros for N sequences."""
        return [cell.initial_state(N) for cell in self.cells]

    def new_pass(self, N: int, T: int) -> Pass:
        """Buffers for ``loss`` and ``evaluate`` over (N, T)."""
        return Pass(self, N, T)

    def loss(
        self,
        inputs: Ids,
        targets: Ids,
        state: State | None = None,
        *,
        buffers: Pass | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[float, Mapping[str, Array]]:
        """Mean loss in nats per character, and its gradients.

        inputs, targets: (N, T) ids. ``state`` is where the sequences stand; it is advanced
        in place (None: from zero). ``rng`` draws the dropout masks (None: no dropout). With
        ``buffers`` the gradients are views into them, valid until their next use.
        """
        inputs, targets = self._checked(inputs, targets)
        N, T = inputs.shape
        buffers = self.new_pass(N, T) if buffers is None else buffers
        state = self.initial_state(N) if state is None else state
        self._check_fit((N, T), state, buffers)
        total = buffers.forward_backward(self, inputs, targets, state, rng)
        return total / (N * T), buffers.grads

    def evaluate(
        self, inputs: Ids, targets: Ids, state: State, buffers: Pass | None = None
    ) -> float:
        """Summed loss in nats over (N, T), without gradients or dropout; advances ``state``."""
        inputs, targets = self._checked(inputs, targets)
        buffers = self.new_pass(*inputs.shape) if buffers is None else buffers
        self._check_fit((inputs.shape[0], inputs.shape[1]), state, buffers)
        return buffers.forward(self, inputs, targets, state)

    def _checked(self, inputs: Ids, targets: Ids) -> tuple[Ids, Ids]:
        arrays = []
        for name, ids in (("inputs", inputs), ("targets", targets)):
            array = np.asarray(ids)
            if array.ndim != 2 or 0 in array.shape:
                raise SettingError(f"{name} has shape {array.shape}; it must be (N, T).")
            batches.check_ids(array.reshape(-1), self.vocab_dim)
            arrays.append(array)
        if arrays[0].shape != arrays[1].shape:
            raise SettingError(
                f"targets has shape {arrays[1].shape}; it must be inputs' {arrays[0].shape}."
            )
        return arrays[0], arrays[1]

    def _check_fit(self, shape: tuple[int, int], state: State, p: Pass) -> None:
        """What was made for another shape NumPy might broadcast instead of refusing it."""
        N, shapes = shape[0], [np.shape(part) for part in state]
        if shapes != [(len(cell.state_parts), N, cell.H) for cell in self.cells]:
            raise SettingError(
                f"state has the shapes {shapes}; it must come of initial_state({N})."
            )
        if shape != (p.N, p.T):
            raise SettingError(f"buffers are for {(p.N, p.T)}; they must be for inputs' {shape}.")

    # -- sampling -----------------------------------------------------------------------------

    def sample(
        self,
        seed_text: str | int | Sequence[int],
        T: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Any:
        """T symbols written on from a seed: a str, or an id array if ``idx_to_char`` is None.

        See ``rnncore.sampling`` for what the settings mean.
        """
        from rnncore.sampling import Sampler

        return Sampler(self).sample(seed_text, T, temperature, top_k, top_p, seed)

    def stream(
        self,
        seed_text: str | int | Sequence[int],
        T: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Iterator[Any]:
        """The same as ``sample``, a symbol at a time."""
        from rnncore.sampling import Sampler

        return Sampler(self).stream(seed_text, T, temperature, top_k, top_p, seed)

    # -- as plain values ----------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """The arguments that make a model of this shape."""
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

    def copy(self) -> RNN:
        """An independent model with the same parameters."""
        model = RNN(**self.settings(), init=False)
        model.flat[...] = self.flat
        return model

    def __reduce__(self) -> tuple[Any, ...]:
        # One global and plain values: opens under any NumPy, and can be read safely.
        arrays = {
            name: (value.dtype.str, value.shape, value.tobytes())
            for name, value in self.params.items()
        }
        return restore, ({"format": PICKLE_FORMAT, "settings": self.settings(), "params": arrays},)

    def __repr__(self) -> str:
        return (
            f"RNN({self.num_layers} x {self.cell_type}, V={self.vocab_dim}, D={self.input_dim}, "
            f"H={self.hidden_dim}, {self.num_params:,} parameters)"
        )


PICKLE_FORMAT = "rnncore model 1"


def restore(payload: dict[str, Any]) -> RNN:
    """The model that a pickle describes: the one global that a model's pickle names."""
    from rnncore.storage.model_from_values import model_of_payload

    return model_of_payload(payload)


def check_finite(model: RNN) -> None:
    """A SettingError that names the first parameter array holding NaN or infinity."""
    for name, value in model.params.items():
        if not np.isfinite(value).all():
            bad = int(value.size - np.isfinite(value).sum())
            raise SettingError(
                f"{name} holds {bad:,} values that are not finite; every parameter must be."
            )


def default_input_dim(vocab_dim: int) -> int:
    """The embedding's width if none is asked for: a quarter of the vocabulary."""
    return min(MAX_DIM, max(1, round(vocab_dim / 4)))


def param_shapes(
    vocab_dim: int, input_dim: int, hidden_dim: int, cell_type: str, num_layers: int
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a model's parameters, in their order in the flat vector."""
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
    """Parameters of a model of these sizes, without making it."""
    return _size(param_shapes(vocab_dim, input_dim, hidden_dim, cell_type, num_layers))


def training_bytes(
    vocab_dim: int,
    input_dim: int,
    hidden_dim: int,
    cell_type: str,
    num_layers: int,
    batch_size: int,
    seq_length: int,
    itemsize: int = 4,
    validates: bool = True,
) -> int:
    """Memory that training takes at most, of all its processes, estimated beforehand.

    Parameters, gradients, two moments and the kernels' copies of the weights; for every shard
    but the first its own of all but the moments; for each step of each layer the gates, their
    gradients, states and inputs. A validation, if there is one, has the like without gradients.
    """
    G, H = len(CELLS[cell_type].gates), hidden_dim
    params = count_params(vocab_dim, input_dim, hidden_dim, cell_type, num_layers)
    per_row = num_layers * ((2 * G + 7) * H + input_dim) + 2 * H
    copies = 6 + 3 * _further_shards(params, batch_size, seq_length)
    rows = batch_size * seq_length * (per_row + 3 * vocab_dim)
    if validates:
        N, T = batches.VAL_STREAMS, batches.VAL_STEPS
        copies += 2 * _further_shards(params, N, T)
        rows += N * T * (per_row + 2 * vocab_dim)
    return itemsize * (copies * params + rows)


def _further_shards(num_params: int, N: int, T: int) -> int:
    return shard_count(num_params, N, T, blas.info().workers) - 1


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
