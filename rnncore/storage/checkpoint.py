"""Everything that a run needs to go on exactly, in one ``.npz``.

``load(save(solver))`` trains on bit for bit as if it had never stopped: weights, moments,
schedule, carried state, place in the text, random generator, history. What a file holds:

    params/<name>            the model's parameters, as ``model.params`` shows them
    moments/<slot>/<name>    the update rule's vectors, in the same shapes
    state/<layer>            the carried state, (state parts, N, H)
    history                  (columns, iterations), float64
    vocab                    code points of the symbols, (V,), if there are any
    ids                      the text, in the smallest type; left out with ``data=False``

and as plain values the format, the settings of model and solver, the position of the run,
the names of the history's columns, and length and CRC-32 of the ids.

Rule for ``FORMAT``: raise its number whenever a file of the old number would be read wrongly
or not at all, keep a reader for each number that was ever released, and add a file of the
old form to ``tests/golden``.
"""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rnncore import checks, model_from_values
from rnncore.batches import check_ids
from rnncore.cells import CELLS
from rnncore.errors import FileFormatError, RnnCoreError, SaveError, SettingError
from rnncore.history import COLUMNS, History
from rnncore.model import RNN
from rnncore.network import MAX_VOCAB
from rnncore.optim import UPDATE_RULES
from rnncore.solver import Solver
from rnncore.storage import atomic_write, model_pickle, npz

Array = NDArray[Any]
Target = str | os.PathLike[str] | BinaryIO
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

FORMAT = "rnncore run 1"


def save(solver: Solver, target: Target, *, data: bool = True) -> None:
    """Write the run to a path (whole, or the old file stays) or into a binary file.

    data: whether the text's ids go with it; without them ``load`` asks for them.
    SaveError: no room, no right to write there, or a run that is not finite any more.
    """
    values, arrays = _export(solver, data)
    try:
        if isinstance(target, (str, os.PathLike)):
            atomic_write.replace_file(target, lambda file: npz.write(file, values, arrays))
        else:
            npz.write(target, values, arrays)
            target.flush()
    except OSError as error:
        raise atomic_write.save_error("The run", error) from error


def load(source: Source, *, data: Any = None) -> Solver | RNN:
    """Open a run (``.npz``, as a Solver) or a model (``.pkl``, as an RNN) by what it holds.

    source: a path, the file's bytes, or a binary file, which is read from its beginning.
    data: the ids of a run that was saved without them.
    FileFormatError: the file is damaged, foreign or unsafe. SettingError: ``data`` is not
    the text that the run was trained on.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _load(io.BytesIO(source), data)
    try:
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                return _load(file, data)
        return _load(source if source.seekable() else io.BytesIO(source.read()), data)
    except OSError as error:
        raise FileFormatError(f"The file cannot be read: {error.strerror or error}.") from error


def _load(file: BinaryIO, data: Any) -> Solver | RNN:
    file.seek(0)
    magic = file.read(4)
    if magic == b"PK\x03\x04":
        return _restore(*npz.read(file), data)
    if magic[:1] == b"\x80":
        file.seek(0)
        return model_pickle.read_model(file.read(model_pickle.MAX_BYTES + 1))
    raise FileFormatError("The file is neither a run (.npz) nor a model (.pkl) of rnncore.")


# --- solver -> plain values and arrays -------------------------------------------------------


def _export(solver: Solver, data: bool) -> tuple[dict[str, Any], dict[str, Array]]:
    model = solver.model
    arrays: dict[str, Array] = {f"params/{name}": p for name, p in model.params.items()}
    for slot, vector in solver.optimizer.slots.items():
        arrays |= {f"moments/{slot}/{name}": m for name, m in model.views(vector).items()}
    arrays |= {f"state/{layer}": part for layer, part in enumerate(solver.state, 1)}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise SaveError(f"The run was not saved: {name} holds values that are not finite.")
    arrays["history"] = solver.history.to_array()
    if model.vocab is not None:
        codes = [ord(char) for char in model.vocab.idx_to_char]
        arrays["vocab"] = np.array(codes, dtype=np.uint32)
    ids = _smallest(solver.ids, model.vocab_dim)
    if data:
        arrays["ids"] = ids
    values = {
        "format": FORMAT,
        "model": model.settings() | {"idx_to_char": None},
        "solver": solver.settings(),
        "position": solver.position(),
        "columns": list(COLUMNS),
        "ids": _fingerprint(ids),
    }
    return values, arrays


def _smallest(ids: Array, vocab_dim: int) -> Array:
    """The ids in the type that files hold them in."""
    return np.ascontiguousarray(ids, dtype=_id_type(vocab_dim))


def _id_type(vocab_dim: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds V, little-endian."""
    return np.min_scalar_type(vocab_dim - 1).newbyteorder("<")


# --- and back --------------------------------------------------------------------------------


def _restore(values: dict[str, Any], arrays: dict[str, Array], data: Any) -> Solver:
    if values.get("format") != FORMAT:
        raise FileFormatError(
            f"The run's format is {model_from_values.shorten(values.get('format'))}; "
            f"this version reads {FORMAT!r}."
        )
    with _refusing():
        model = model_from_values.build_model(
            RNN, _model_settings(values, arrays), _group(arrays, "params")
        )
        # The first files knew no fresh starts: their runs go on without.
        settings = {"fresh_after": 0} | _table(values, "solver")
        rule = checks.check_choice("update_rule", settings.get("update_rule"), UPDATE_RULES)
        moments = _moments(arrays, model, rule)
        state = _state(arrays, model, settings.get("batch_size"))
        history = _history(values, arrays)
        position = _position(_table(values, "position"))
    ids = _ids(_table(values, "ids"), arrays.pop("ids", None), model, data)
    if arrays:
        raise FileFormatError(
            f"The run's file also holds {model_from_values.shorten(sorted(arrays))}."
        )
    with _refusing():
        solver = Solver(ids, model, **settings)
    if set(solver.settings()) != set(settings):
        raise FileFormatError("The run's settings are not all there.")
    solver.resume(position, moments, state, history)
    return solver


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What the settings of a file lead to is the file's fault."""
    try:
        yield
    except FileFormatError:
        raise
    except (RnnCoreError, TypeError) as error:
        raise FileFormatError(f"The run's settings cannot be used: {error}") from None


def _table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name)
    if not isinstance(table, dict):
        raise FileFormatError(f"The run's file does not say its {name}.")
    return table


def _group(arrays: dict[str, Array], name: str) -> dict[str, Array]:
    """Take the arrays whose names begin with ``name/``, by the rest of their names."""
    found = [key for key in arrays if key.startswith(f"{name}/")]
    return {key.removeprefix(f"{name}/"): arrays.pop(key) for key in found}


def _model_settings(values: Mapping[str, Any], arrays: dict[str, Array]) -> dict[str, Any]:
    settings = _table(values, "model")
    codes = arrays.pop("vocab", None)
    if codes is None:
        return settings
    modest = codes.ndim == 1 and len(codes) <= MAX_VOCAB  # before each becomes an object
    if not modest or codes.dtype != np.uint32 or (codes >= 0x110000).any():
        raise FileFormatError("The run's vocabulary does not consist of characters.")
    return settings | {"idx_to_char": tuple(map(chr, codes.tolist()))}


def _moments(arrays: dict[str, Array], model: RNN, rule: str) -> dict[str, Array]:
    shapes, moments = model.shapes(), {}
    for slot in UPDATE_RULES[rule].slot_names:
        group = _group(arrays, f"moments/{slot}")
        model_from_values.check_arrays(f"moments {slot}", group, shapes, model.dtype)
        moments[slot] = np.concatenate([group[name].reshape(-1) for name in shapes])
    return moments


def _state(arrays: dict[str, Array], model: RNN, batch_size: Any) -> list[Array]:
    N = checks.check_whole("batch_size", batch_size, 1)
    parts = len(CELLS[model.cell_type].state_parts)
    layers = [str(n) for n in range(1, model.num_layers + 1)]
    group = _group(arrays, "state")
    shapes = dict.fromkeys(layers, (parts, N, model.hidden_dim))
    model_from_values.check_arrays("states", group, shapes, model.dtype)
    return [group[layer].astype(model.dtype) for layer in layers]


def _history(values: Mapping[str, Any], arrays: dict[str, Array]) -> History:
    rows = arrays.pop("history", None)
    if values.get("columns") != list(COLUMNS) or rows is None:
        raise FileFormatError("The run's file does not hold the columns of a history.")
    if rows.dtype != np.float64 or rows.ndim != 2 or len(rows) != len(COLUMNS):
        raise FileFormatError(f"The run's history has the form {rows.dtype} {rows.shape}.")
    measured = [i for i, name in enumerate(COLUMNS) if name != "val_loss"]
    if not np.isfinite(rows[measured]).all():
        raise FileFormatError("The run's history holds values that are not finite.")
    return History.from_array(rows)


def _position(position: dict[str, Any]) -> dict[str, Any]:
    """The position, once each of its values is of its kind."""
    match position:
        case {
            "iteration": int() as iteration,
            "cursor": int() as cursor,
            "updates": int() as updates,
            "seconds": int() | float() as seconds,
            "rng": {
                "bit_generator": "PCG64",
                "state": {"state": int() as state, "inc": int() as inc},
                "has_uint32": int() as halved,
                "uinteger": int() as half,
            },
        } if (
            min(iteration, cursor, updates, seconds, state, inc, half) >= 0
            and max(iteration, cursor, updates) < 1 << 53
            and seconds < 1e18
            and max(state, inc) < 1 << 128
            and half < 1 << 32
            and halved in (0, 1)
        ):
            return position
    raise FileFormatError("The run's file does not say where the run stands.")


def _ids(said: dict[str, Any], own: Array | None, model: RNN, data: Any) -> Array:
    """The text's ids, from the file or as handed in, once they are the run's."""
    if data is not None:
        ids = check_ids(data, model.vocab_dim)
    elif own is None:
        raise SettingError("This run was saved without its text; hand its ids to load as data=ids.")
    elif own.ndim != 1 or own.dtype != _id_type(model.vocab_dim):
        raise FileFormatError(f"The run's ids have the form {own.dtype} {own.shape}.")
    else:
        ids = own
    if said != _fingerprint(_smallest(ids, model.vocab_dim)):
        raise SettingError(
            f"The {len(ids):,} ids are not those of the text that this run was trained on."
        )
    return ids


def _fingerprint(ids: Array) -> dict[str, int]:
    return {"length": len(ids), "crc32": zlib.crc32(ids.data)}
