"""Build a model from the plain values of a file, after checking each of them.

The kind of file does not matter here. Settings are checked first, then the names, types, shapes
and values of the arrays. Memory for the model is allocated last, so a file that is refused
costs almost nothing.

Rule for ``PICKLE_FORMAT``: change it whenever files of the old format would be read wrongly
or not at all, keep a reader for each released format, and add a file of the old format to
``tests/golden``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from rnncore import checks
from rnncore.cells import CELLS
from rnncore.checks import shorten
from rnncore.errors import FileFormatError, RnnCoreError
from rnncore.network import (
    DTYPES,
    MAX_DIM,
    MAX_LAYERS,
    MAX_VOCAB,
    Array,
    Network,
    param_shapes,
)
from rnncore.vocab import Vocab

NetworkT = TypeVar("NetworkT", bound=Network)

PICKLE_FORMAT = "rnncore model 1"

# The only element types of parameters in files. NumPy's own parser of type names is not used,
# because it accepts far more than these.
FLOATS = {order + kind: np.dtype(order + kind) for order in "<>" for kind in ("f4", "f8")}

_SETTINGS: dict[str, tuple[type, ...]] = {
    "vocab_dim": (int,),
    "idx_to_char": (tuple, list, type(None)),
    "input_dim": (int,),
    "hidden_dim": (int,),
    "cell_type": (str,),
    "num_layers": (int,),
    "dropout": (float, int),
    "dtype": (str,),
    "seed": (int,),
}
_BLOCK = 1 << 20  # elements checked at a time


def make_payload(network: Network) -> dict[str, Any]:
    """Return a network as plain values: format, settings and (dtype, shape, bytes) arrays."""
    arrays = {
        name: (value.dtype.str, value.shape, value.tobytes())
        for name, value in network.params.items()
    }
    return {"format": PICKLE_FORMAT, "settings": network.settings(), "params": arrays}


def build_from_payload(kind: type[NetworkT], payload: Any) -> NetworkT:
    """Return a ``kind`` (such as ``RNN``) with the values of ``make_payload``, after every check.

    FileFormatError: the payload does not describe a network.
    """
    if not isinstance(payload, dict) or set(payload) != {"format", "settings", "params"}:
        raise FileFormatError("The file holds no model: format, settings and params are missing.")
    if payload["format"] != PICKLE_FORMAT:
        raise FileFormatError(
            f"The file's format is {shorten(payload['format'])}; "
            f"this version reads {PICKLE_FORMAT!r}."
        )
    if not isinstance(payload["params"], dict):
        raise FileFormatError("The file's params are not a dict of arrays.")
    arrays = {name: _parse_array(name, parts) for name, parts in payload["params"].items()}
    return build_model(kind, payload["settings"], arrays)


def build_model(kind: type[NetworkT], settings: Any, arrays: Mapping[str, Array]) -> NetworkT:
    """Return a ``kind`` with these settings and copies of these parameters.

    FileFormatError: settings and parameters do not describe a network.
    """
    check_settings(settings)
    with _report_bad_settings():
        sizes = ("vocab_dim", "input_dim", "hidden_dim", "cell_type", "num_layers")
        shapes = param_shapes(**{name: settings[name] for name in sizes})
        check_arrays("parameters", arrays, shapes, np.dtype(settings["dtype"]))
        model = kind(**settings, init=False)
    for name, value in arrays.items():
        model.params[name][...] = value
    return model


def check_arrays(
    what: str, arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]], dtype: Any
) -> None:
    """Raise a FileFormatError unless names, types and shapes match and every value is finite.

    what: the arrays' plural name for messages, such as "parameters".
    shapes: the expected shape of each array, by name.
    """
    if set(arrays) != set(shapes):
        raise FileFormatError(
            f"The file holds the {what} {shorten(sorted(map(str, arrays)))}; "
            f"its settings call for {shorten(sorted(shapes))}."
        )
    for name, shape in shapes.items():
        value = arrays[name]
        if value.dtype.newbyteorder("=") != dtype or value.shape != shape:
            raise FileFormatError(
                f"{name} in the file is {value.dtype.str} {value.shape}; "
                f"its settings call for {dtype.str} {shape}."
            )
    for name, value in arrays.items():
        check_finite(name, value)


def check_finite(name: str, value: Array) -> None:
    """Raise a FileFormatError that counts the NaN and infinite values, if there are any."""
    flat = value.reshape(-1, order="A")
    bad = 0
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        # One sum is fast, and it is finite only if every value is. If it is not, it may have
        # overflowed, so each value is checked.
        with np.errstate(over="ignore", invalid="ignore"):
            if not np.isfinite(block.sum()):
                bad += block.size - int(np.isfinite(block).sum())
    if bad:
        raise FileFormatError(
            f"{name} holds {bad:,} values that are not finite; all must be finite."
        )


def check_settings(settings: Any) -> None:
    """Raise a FileFormatError for settings that are not those of a model."""
    with _report_bad_settings():
        _check_settings(settings)


@contextmanager
def _report_bad_settings() -> Iterator[None]:
    """Turn errors that a file's settings cause into a FileFormatError."""
    try:
        yield
    except FileFormatError:
        raise
    except RnnCoreError as error:
        raise FileFormatError(f"The file's settings do not make a model: {error}") from None


def _check_settings(settings: Any) -> None:
    if not isinstance(settings, dict) or set(settings) != set(_SETTINGS):
        raise FileFormatError(f"The file's settings are not {', '.join(_SETTINGS)}.")
    for name, types in _SETTINGS.items():
        if type(settings[name]) not in types:
            raise FileFormatError(f"The file's {name} is {shorten(settings[name])}.")
    V = checks.check_whole("vocab_dim", settings["vocab_dim"], 1, MAX_VOCAB)
    checks.check_whole("input_dim", settings["input_dim"], 1, MAX_DIM)
    checks.check_whole("hidden_dim", settings["hidden_dim"], 1, MAX_DIM)
    checks.check_whole("num_layers", settings["num_layers"], 1, MAX_LAYERS)
    checks.check_choice("cell_type", settings["cell_type"], CELLS)
    checks.check_choice("dtype", settings["dtype"], DTYPES)
    symbols = settings["idx_to_char"]
    if symbols is not None and len(Vocab(symbols)) != V:
        raise FileFormatError(f"The file names {len(symbols):,} symbols; its vocab_dim is {V:,}.")


def _parse_array(name: Any, parts: Any) -> Array:
    """Return a (dtype, shape, bytes) tuple of a payload as an array."""
    if not isinstance(name, str) or not isinstance(parts, tuple) or len(parts) != 3:
        raise FileFormatError(f"The file's array {shorten(name)} is not a type, a shape and bytes.")
    dtype, shape, raw = parts
    return make_array(name, dtype, shape, raw)


def make_array(name: str, dtype: Any, shape: Any, raw: Any, order: Any = "C") -> Array:
    """Return a read-only view of ``raw`` bytes as an array, if type, shape and length agree.

    dtype: one of the names in FLOATS, such as "<f4". order: "C" or "F", as in NumPy.
    """
    if not isinstance(dtype, str) or dtype not in FLOATS:
        raise FileFormatError(f"{name} is of type {shorten(dtype)}; it must be one of <f4, <f8.")
    if (
        not isinstance(shape, tuple)
        or len(shape) > 3
        or not all(type(n) is int and 0 <= n < 1 << 48 for n in shape)
    ):
        raise FileFormatError(f"{name} has the shape {shorten(shape)}.")
    if not isinstance(raw, (bytes, bytearray, memoryview)):
        raise FileFormatError(f"{name} in the file has no bytes.")
    nbytes = FLOATS[dtype].itemsize * math.prod(shape)
    if len(raw) != nbytes:
        raise FileFormatError(f"{name} has {len(raw):,} bytes, not {nbytes:,}.")
    return np.frombuffer(raw, FLOATS[dtype]).reshape(shape, order=order)
