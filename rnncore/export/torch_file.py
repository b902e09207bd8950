"""A network as PyTorch's state dict in a .safetensors file, in both directions.

``programs/network.py`` is the nn.Module of that state dict. Its tensors, for layers l = 0, 1, …:

    embed.weight (V, D)       rnn.weight_ih_l (G H, D or H)    rnn.bias_ih_l (G H,)
    out.weight (V, H)         rnn.weight_hh_l (G H, H)         rnn.bias_hh_l (G H,)
    out.bias (V,)             vocab (V,), code points; -1 in a network without characters

PyTorch transposes the weights, and its LSTM has the gates in the order i, f, g, o. Its GRU applies
the reset gate after the product, as ours does. It has two biases; only one of them is used here.

A .safetensors file holds names, shapes and bytes, and no code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import model_from_values
from rnncore.cells import CELLS
from rnncore.checks import shorten
from rnncore.errors import FileFormatError, SettingError
from rnncore.export.archive import make_zip, read_program
from rnncore.model import RNN
from rnncore.network import Array, Network, check_finite

Tensors = Mapping[str, NDArray[Any]]

GATES = {"lstm": "ifgo", "gru": "rzn", "vanilla": "h"}  # in PyTorch's order
MAX_BYTES, MAX_HEADER = 1 << 30, 1 << 20  # of a file, and of its names and shapes
MISSING = "This needs the package safetensors; install it with: pip install safetensors"


def to_torch(network: Network) -> bytes:
    """Return the network as a .safetensors file.

    SettingError: the package safetensors is not installed, or values are not finite.
    """
    try:
        from safetensors.numpy import save
    except ImportError:
        raise SettingError(MISSING) from None
    check_finite(network)
    metadata = {"format": "pt", "gates": " ".join(GATES[network.cell_type])}
    raw: bytes = save(state_dict(network), metadata)
    return raw


def to_torch_zip(network: Network) -> bytes:
    """Return a zip with the file of ``to_torch`` and the module that opens it, ``network.py``."""
    return make_zip(
        {"model.safetensors": to_torch(network), "network.py": read_program("network.py")}
    )


def from_torch(raw: bytes) -> RNN:
    """Return the network in a .safetensors file of ``to_torch`` or of ``programs/network.py``.

    FileFormatError: it is another kind of file; the message names the tensor.
    SettingError: the package safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load
    except ImportError:
        raise SettingError(MISSING) from None
    if len(raw) > MAX_BYTES:
        raise FileFormatError(
            f"The file has {len(raw):,} bytes; a model file holds up to {MAX_BYTES:,}."
        )
    length = int.from_bytes(raw[:8], "little")
    if length > MAX_HEADER:
        raise FileFormatError(
            f"The file's header has {length:,} bytes, so it is no .safetensors file of a network."
        )
    try:
        tensors = load(bytes(raw))
    # The package raises a KeyError for types that NumPy lacks, such as bfloat16.
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"The file is no .safetensors file that NumPy can hold: {shorten(str(error))}."
        ) from None
    metadata = json.loads(raw[8 : 8 + length]).get("__metadata__") or {}
    return from_state_dict(tensors, metadata.get("gates"))


def state_dict(network: Network) -> dict[str, NDArray[Any]]:
    """Return the parameters as PyTorch names and stores them."""
    cell, p = network.cell_type, network.params
    order = [CELLS[cell].gates.index(gate) for gate in GATES[cell]]
    tensors: dict[str, NDArray[Any]] = {"embed.weight": p["W_embed"].copy()}
    for layer in range(network.num_layers):
        n = _suffix(layer)
        tensors[f"rnn.weight_ih_l{layer}"] = _rows_of_gates(p[f"Wx{n}"], order)
        tensors[f"rnn.weight_hh_l{layer}"] = _rows_of_gates(p[f"Wh{n}"], order)
        tensors[f"rnn.bias_ih_l{layer}"] = _rows_of_gates(p[f"b{n}"], order)
        tensors[f"rnn.bias_hh_l{layer}"] = np.zeros_like(p[f"b{n}"])
    tensors["out.weight"] = np.ascontiguousarray(p["W_out"].T)
    tensors["out.bias"] = p["b_out"].copy()
    codes = [-1] * network.vocab_dim if network.vocab is None else map(ord, network.vocab)
    tensors["vocab"] = np.array(list(codes), np.int32)
    return tensors


def from_state_dict(tensors: Tensors, gates: str | None = None) -> RNN:
    """Return the network of a state dict.

    gates: their order in the file, such as "i f g o"; None means PyTorch's own.
    FileFormatError: the tensors are not those of a network; the message names one of them.
    """
    cell, V, D, H, layers = _read_sizes(tensors)
    if gates is not None and gates.split() != list(GATES[cell]):
        raise FileFormatError(
            f"rnn.weight_ih_l0 has its gates in the order {shorten(gates)}; "
            f"PyTorch's order is {' '.join(GATES[cell])!r}."
        )
    _check_tensors(tensors, _expected_shapes(len(GATES[cell]), V, D, H, layers))
    order = np.argsort([CELLS[cell].gates.index(gate) for gate in GATES[cell]])
    wide = tensors["embed.weight"].dtype == np.float64
    dtype = np.dtype("float64" if wide else "float32")
    p: dict[str, Array] = {
        "W_embed": tensors["embed.weight"],
        "W_out": tensors["out.weight"].T,
        "b_out": tensors["out.bias"],
    }
    for layer in range(layers):
        n = _suffix(layer)
        p[f"Wx{n}"] = _columns_of_gates(tensors[f"rnn.weight_ih_l{layer}"], order)
        p[f"Wh{n}"] = _columns_of_gates(tensors[f"rnn.weight_hh_l{layer}"], order)
        b, b_of_h = tensors[f"rnn.bias_ih_l{layer}"], tensors[f"rnn.bias_hh_l{layer}"]
        if cell == "gru" and b_of_h[2 * H :].any():
            raise FileFormatError(
                f"rnn.bias_hh_l{layer} has a bias in its last {H:,} rows, inside the reset gate, "
                "which rnncore's GRU lacks; they must be zero, as network.py keeps them."
            )
        p[f"b{n}"] = _columns_of_gates(b + b_of_h, order)
    settings = {
        "vocab_dim": V,
        "idx_to_char": _read_vocab(tensors),
        "input_dim": D,
        "hidden_dim": H,
        "cell_type": cell,
        "num_layers": layers,
        "dropout": 0.0,
        "dtype": str(dtype),
        "seed": 0,
    }
    arrays = {name: value.astype(dtype) for name, value in p.items()}
    return model_from_values.build_model(RNN, settings, arrays)


def _read_sizes(tensors: Tensors) -> tuple[str, int, int, int, int]:
    """Return cell, V, D, H and the number of layers, as the tensors' names and shapes say."""
    for name in ("embed.weight", "rnn.weight_hh_l0"):
        if name not in tensors:
            raise FileFormatError(f"The file lacks the tensor {name}.")
        if tensors[name].ndim != 2 or 0 in tensors[name].shape:
            raise FileFormatError(f"{name} has shape {tensors[name].shape}; it must be a matrix.")
    (V, D), (rows, H) = tensors["embed.weight"].shape, tensors["rnn.weight_hh_l0"].shape
    for cell, gates in GATES.items():
        if rows == len(gates) * H:
            layers = sum(name.startswith("rnn.weight_hh_l") for name in tensors)
            return cell, V, D, H, layers
    raise FileFormatError(
        f"rnn.weight_hh_l0 has shape {(rows, H)}; its rows must be 4 times its columns (LSTM), "
        "3 times (GRU) or as many (vanilla)."
    )


def _expected_shapes(G: int, V: int, D: int, H: int, layers: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"embed.weight": (V, D)}
    for layer in range(layers):
        shapes[f"rnn.weight_ih_l{layer}"] = (G * H, H if layer else D)
        shapes[f"rnn.weight_hh_l{layer}"] = (G * H, H)
        shapes[f"rnn.bias_ih_l{layer}"] = shapes[f"rnn.bias_hh_l{layer}"] = (G * H,)
    return shapes | {"out.weight": (V, H), "out.bias": (V,)}


def _check_tensors(tensors: Tensors, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise a FileFormatError that names the first missing, foreign or wrong tensor."""
    for name in (*shapes, "vocab"):
        if name not in tensors:
            raise FileFormatError(f"The file lacks the tensor {name}.")
    for name in tensors:
        if name not in shapes and name != "vocab":
            raise FileFormatError(
                f"The file holds the tensor {shorten(name, 80)}, which is no part of the network; "
                "network.py shows its parts."
            )
    for name, shape in shapes.items():
        value = tensors[name]
        if value.dtype.kind != "f":
            raise FileFormatError(f"{name} is of type {value.dtype}; it must be of floats.")
        if value.shape != shape:
            turned = ", transposed" if value.shape == shape[::-1] and len(shape) == 2 else ""
            raise FileFormatError(f"{name} has shape {value.shape}{turned}; it must be {shape}.")
        model_from_values.check_finite(name, value)


def _read_vocab(tensors: Tensors) -> tuple[str, ...] | None:
    """Return the characters, or None without any."""
    codes, V = tensors["vocab"], len(tensors["embed.weight"])
    if codes.dtype.kind not in "iu" or codes.shape != (V,):
        raise FileFormatError(
            f"vocab is {codes.dtype} {codes.shape}; it must be {V:,} whole numbers."
        )
    if (codes.astype(np.int64) == -1).all():
        return None
    if codes.min() < 0 or codes.max() > 0x10FFFF or len(np.unique(codes)) != V:
        raise FileFormatError("vocab holds a number that is no code point, or one of them twice.")
    return tuple(map(chr, codes.tolist()))


def _suffix(layer: int) -> str:
    return "" if layer == 0 else str(layer + 1)


def _rows_of_gates(value: Array, order: list[int]) -> Array:
    """Return our columns (K, G H) or (G H,), gate by gate, as PyTorch's rows in another order."""
    by_gate = value.reshape(-1, len(order), value.shape[-1] // len(order))[:, order]
    rows = by_gate.reshape(-1, value.shape[-1])
    return np.ascontiguousarray(rows.T) if value.ndim == 2 else rows[0]


def _columns_of_gates(value: Array, order: NDArray[np.intp]) -> Array:
    """Return PyTorch's rows (G H, K) or (G H,), gate by gate, as our columns."""
    by_gate = value.reshape(len(order), len(value) // len(order), *value.shape[1:])[order]
    return by_gate.reshape(value.shape).T
