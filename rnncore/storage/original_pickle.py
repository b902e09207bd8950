"""Read the model pickles of "LSTM-RNN-in-numpy", the program that this one grew from.

It pickled whole model objects in float64: class ``RNNs.RNN`` with ``Wx, Wh, b``, or
``RNNs.TwoHiddenLayerRNN`` with ``W2, Wh2, b2`` for its second recurrent layer; both with
``W_embed``, ``W_out`` and ``b_out``. Equations and gate order (i, f, o, g) are the same here,
so the weights are used unchanged. Three things differ:

* There the second layer may have another hidden size (``H2``). Here all layers have the same
  size, so the smaller layer is padded with units whose weights are all zero. The output of
  such a unit and every gradient to and from it are zero: the network computes and learns the
  same.
* There a sequence starts from the last hidden state of training (``h0``, ``h1``); here it
  starts from zero.
* There is no dropout.

The input is ``safe_unpickler``'s description of the pickle, never an object.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import model_from_values
from rnncore.checks import shorten
from rnncore.errors import FileFormatError
from rnncore.model import RNN
from rnncore.network import MAX_DIM, MAX_VOCAB
from rnncore.storage.safe_unpickler import Call, Global

Array = NDArray[np.floating]

_ONE_LAYER = Global("RNNs", "RNN")
_TWO_LAYERS = Global("RNNs", "TwoHiddenLayerRNN")
_NDARRAY, _DTYPE = Global("numpy", "ndarray"), Global("numpy", "dtype")
# NumPy 2 renamed numpy.core to numpy._core. Protocol 5 writes arrays in a way of its own.
_RECONSTRUCT = {Global(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}
_FROM_BUFFER = {Global(f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")}

NAMES = {_ONE_LAYER, _TWO_LAYERS, _NDARRAY, _DTYPE, *_RECONSTRUCT, *_FROM_BUFFER}
SHAREABLE = {_DTYPE}  # NumPy pickles a dtype once and refers to it from each array

# Parameters' names in the file -> names here.
_SECOND_LAYER = {"W2": "Wx2", "Wh2": "Wh2", "b2": "b2"}
_OTHER_LAYERS = {name: name for name in ("W_embed", "Wx", "Wh", "b", "W_out", "b_out")}
_GATES = {"lstm": 4, "vanilla": 1}


def build_model(value: Call) -> RNN:
    """Return the model that a pickle describes.

    value: the pickle's value, from ``safe_unpickler.read``.
    FileFormatError: it does not describe a model of the original program.
    """
    if value.function not in (_ONE_LAYER, _TWO_LAYERS):
        raise FileFormatError("The pickle holds something other than a model.")
    layers = 1 if value.function == _ONE_LAYER else 2
    state = value.state
    if value.args or not isinstance(state, dict) or not isinstance(state.get("params"), dict):
        raise FileFormatError(f"The pickle of {value.function} holds no params.")
    V = _get_size(state, "vocab_dim", MAX_VOCAB)
    D = _get_size(state, "input_dim", MAX_DIM)
    sizes = [_get_size(state, name, MAX_DIM) for name in ("hidden_dim", "H2")[:layers]]
    cell_type = state.get("cell_type")
    if type(cell_type) is not str or cell_type not in _GATES:
        raise FileFormatError(
            f"The file's cell_type is {shorten(cell_type)}; it must be lstm or vanilla."
        )
    names = _OTHER_LAYERS | (_SECOND_LAYER if layers == 2 else {})
    if set(state["params"]) != set(names):
        raise FileFormatError(
            f"The file holds the parameters {shorten(sorted(map(str, state['params'])))}; "
            f"{value.function} has {sorted(names)}."
        )
    arrays = {names[name]: _parse_array(name, parts) for name, parts in state["params"].items()}
    settings = {
        "vocab_dim": V,
        "idx_to_char": _list_symbols(state.get("idx_to_char"), V),
        "input_dim": D,
        "hidden_dim": max(sizes),
        "cell_type": cell_type,
        "num_layers": layers,
        "dropout": 0.0,
        "dtype": "float64",
        "seed": 0,
    }
    # Settings are checked before padding, which can make the arrays larger than the file.
    model_from_values.check_settings(settings)
    if len(set(sizes)) > 1:
        arrays = _pad_to_one_size(arrays, V, D, sizes, _GATES[cell_type])
    return model_from_values.build_model(RNN, settings, arrays)


def _pad_to_one_size(
    arrays: dict[str, Array], V: int, D: int, sizes: list[int], G: int
) -> dict[str, Array]:
    """Return the parameters with the smaller layer padded by units whose weights are zero.

    sizes: (H1, H2), the layers' hidden sizes. G: gates of the cell.
    """
    H1, H2 = sizes
    H = max(sizes)
    # Shapes in the file and here, with the gates as a separate axis.
    axes = {
        "W_embed": ((V, D), (V, D)),
        "Wx": ((D, G, H1), (D, G, H)),
        "Wh": ((H1, G, H1), (H, G, H)),
        "b": ((G, H1), (G, H)),
        "Wx2": ((H1, G, H2), (H, G, H)),
        "Wh2": ((H2, G, H2), (H, G, H)),
        "b2": ((G, H2), (G, H)),
        "W_out": ((H2, V), (H, V)),
        "b_out": ((V,), (V,)),
    }
    flat = {name: _join_gates(name, shape) for name, (shape, _) in axes.items()}
    model_from_values.check_arrays("parameters", arrays, flat, np.dtype("float64"))
    padded: dict[str, Array] = {}
    for name, (shape, full) in axes.items():
        value = np.zeros(full)
        value[tuple(slice(n) for n in shape)] = arrays[name].reshape(shape)
        padded[name] = value.reshape(_join_gates(name, full))
    return padded


def _join_gates(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return (..., G H) for a shape (..., G, H) with gates, any other shape unchanged."""
    if name in ("W_embed", "W_out", "b_out"):
        return shape
    return (*shape[:-2], shape[-2] * shape[-1])


def _get_size(state: dict[Any, Any], name: str, most: int) -> int:
    value = state.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise FileFormatError(
            f"The file's {name} is {shorten(value)}; it must be from 1 to {most:,}."
        )
    return value


def _list_symbols(idx_to_char: Any, V: int) -> tuple[Any, ...]:
    if not isinstance(idx_to_char, dict) or idx_to_char.keys() != set(range(V)):
        raise FileFormatError(f"The file's idx_to_char does not name the symbols 0 to {V - 1}.")
    return tuple(idx_to_char[i] for i in range(V))


def _parse_array(name: str, value: Any) -> Array:
    """Return an array from either of NumPy's two ways to pickle one."""
    order: Any = "C"
    match value:
        case Call(function, (base, (0,), start), (1, shape, dtype, bool() as fortran, raw)) if (
            function in _RECONSTRUCT and base == _NDARRAY and isinstance(start, memoryview)
        ):
            order = "F" if fortran else "C"
        case Call(function, (raw, dtype, shape, "C" | "F" as order), None) if (
            function in _FROM_BUFFER
        ):
            pass
        case _:
            raise FileFormatError(f"{name} in the file is not an array.")
    return model_from_values.make_array(name, _parse_dtype(name, dtype), shape, raw, order)


def _parse_dtype(name: str, value: Any) -> str:
    """Return the name of a pickled dtype, such as "<f8"."""
    match value:
        case Call(function, (str() as kind, *_), (3, str() as order, None, None, None, -1, -1, 0)):
            if function == _DTYPE:
                return order + kind
    raise FileFormatError(f"{name} in the file is of an unknown type.")
