"""Convert a Solver to the plain values and arrays of a checkpoint, and back.

What a file holds is checked before it is used: settings first, then names, types, shapes and
values of the arrays. A file that is refused costs little memory.
"""

from __future__ import annotations

import contextlib
import math
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import checks, model_from_values
from rnncore.batches import check_ids
from rnncore.best_weights import BestWeights
from rnncore.cells import CELLS
from rnncore.errors import FileFormatError, RnnCoreError, SaveError, SettingError
from rnncore.history import COLUMNS
from rnncore.model import RNN
from rnncore.network import MAX_VOCAB
from rnncore.optim import UPDATE_RULES
from rnncore.solver import Solver
from rnncore.storage import notes
from rnncore.storage.history_values import are_norms, pop_history

Array = NDArray[Any]

FORMAT = "rnncore run 1"


# --- solver -> plain values and arrays -------------------------------------------------------


def export_solver(solver: Solver, data: bool) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return all values of a run as plain values (for JSON) and arrays.

    data: whether the text's ids are among the arrays.
    SaveError: a parameter, a moment or the carried state is not finite.
    """
    model = solver.model
    arrays: dict[str, Array] = {f"params/{name}": p for name, p in model.params.items()}
    for slot, vector in solver.optimizer.slots.items():
        arrays |= {f"moments/{slot}/{name}": m for name, m in model.views(vector).items()}
    arrays |= {f"state/{layer}": part for layer, part in enumerate(solver.state, 1)}
    best = solver.best
    if best is not None:
        arrays |= {f"best/{name}": p for name, p in model.views(best.flat).items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise SaveError(f"The run was not saved: {name} holds values that are not finite.")
    arrays["history"] = solver.history.to_array()
    if solver.history.thinned:
        arrays["history_ranges"], arrays["history_validations"] = solver.history.thinned_arrays()
    layers = solver.history.layers
    if len(layers):
        arrays["history_layers"] = layers.values
    if model.vocab is not None:
        codes = [ord(char) for char in model.vocab.idx_to_char]
        arrays["vocab"] = np.array(codes, dtype=np.uint32)
    ids = _compact_ids(solver.ids, model.vocab_dim)
    if data:
        arrays["ids"] = ids
    if solver.notes:
        arrays["notes"] = notes.to_array(solver.notes)
    values = {
        "format": FORMAT,
        "model": model.settings() | {"idx_to_char": None},
        "solver": solver.settings(),
        "position": solver.position(),
        "columns": list(COLUMNS),
        "layer_figures": list(layers.names),
        "ids": _fingerprint(ids),
        "best": None if best is None else {"iteration": best.iteration, "loss": best.loss},
    }
    return values, arrays


def _compact_ids(ids: Array, vocab_dim: int) -> Array:
    """Return the ids in the element type that files use."""
    return np.ascontiguousarray(ids, dtype=_id_type(vocab_dim))


def _id_type(vocab_dim: int) -> np.dtype[Any]:
    """Return the smallest unsigned type for ids below V, little-endian."""
    return np.min_scalar_type(vocab_dim - 1).newbyteorder("<")


# --- plain values and arrays -> solver -------------------------------------------------------


def import_solver(values: dict[str, Any], arrays: dict[str, Array], data: Any) -> Solver:
    """Return the solver that ``export_solver`` described. ``arrays`` is emptied.

    data: the text's ids if ``arrays`` lacks them, or None.
    FileFormatError: the values do not describe a run. SettingError: ``data`` is missing, or
    is not the text of the run.
    """
    model, _ = import_model(values, arrays)
    with _report_bad_settings():
        # Files from before this setting existed lack it: their runs continue with it off.
        settings = {"fresh_after": 0} | _get_table(values, "solver")
        rule = checks.check_choice("update_rule", settings.get("update_rule"), UPDATE_RULES)
        moments = _pop_moments(arrays, model, rule)
        state = _pop_state(arrays, model, settings.get("batch_size"))
        history = pop_history(values, arrays)
        position = _check_position(_get_table(values, "position"))
        best = _pop_best(values, arrays, model, position["iteration"])
    kept = notes.from_array(arrays.pop("notes", None))
    ids = _check_ids(_get_table(values, "ids"), arrays.pop("ids", None), model, data)
    if arrays:
        raise FileFormatError(
            f"The run's file holds unknown arrays: {checks.shorten(sorted(arrays))}."
        )
    with _report_bad_settings():
        solver = Solver(ids, model, **settings)
    if set(solver.settings()) != set(settings):
        raise FileFormatError("The run's file lacks some of the solver's settings.")
    solver.resume(position, moments, state, history)
    solver.notes = kept
    solver.best = best
    return solver


def import_model(values: dict[str, Any], arrays: dict[str, Array]) -> tuple[RNN, dict[str, Any]]:
    """Return the model that ``export_solver`` described, and the settings of its solver.

    The model's arrays are removed from ``arrays``. FileFormatError: the values do not describe
    a run.
    """
    if values.get("format") != FORMAT:
        raise FileFormatError(
            f"The run's format is {checks.shorten(values.get('format'))}; "
            f"this version reads {FORMAT!r}."
        )
    with _report_bad_settings():
        model = model_from_values.build_model(
            RNN, _pop_model_settings(values, arrays), _pop_group(arrays, "params")
        )
    return model, _get_table(values, "solver")


@contextlib.contextmanager
def _report_bad_settings() -> Iterator[None]:
    """Turn errors that a file's settings cause into a FileFormatError."""
    try:
        yield
    except FileFormatError:
        raise
    except (RnnCoreError, TypeError) as error:
        raise FileFormatError(f"The run's settings cannot be used: {error}") from None


def _get_table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name)
    if not isinstance(table, dict):
        raise FileFormatError(f"The run's file lacks its {name}.")
    return table


def _pop_group(arrays: dict[str, Array], name: str) -> dict[str, Array]:
    """Remove and return the arrays named ``name/<key>``, by their keys."""
    found = [key for key in arrays if key.startswith(f"{name}/")]
    return {key.removeprefix(f"{name}/"): arrays.pop(key) for key in found}


def _pop_model_settings(values: Mapping[str, Any], arrays: dict[str, Array]) -> dict[str, Any]:
    settings = _get_table(values, "model")
    codes = arrays.pop("vocab", None)
    if codes is None:
        return settings
    # The size is checked first, because each code becomes a Python object.
    modest = codes.ndim == 1 and len(codes) <= MAX_VOCAB
    if not modest or codes.dtype != np.uint32 or (codes >= 0x110000).any():
        raise FileFormatError("The run's vocabulary does not consist of characters.")
    return settings | {"idx_to_char": tuple(map(chr, codes.tolist()))}


def _pop_moments(arrays: dict[str, Array], model: RNN, rule: str) -> dict[str, Array]:
    shapes, moments = model.shapes(), {}
    for slot in UPDATE_RULES[rule].slot_names:
        group = _pop_group(arrays, f"moments/{slot}")
        model_from_values.check_arrays(f"moments {slot}", group, shapes, model.dtype)
        moments[slot] = np.concatenate([group[name].reshape(-1) for name in shapes])
    return moments


def _pop_best(
    values: Mapping[str, Any], arrays: dict[str, Array], model: RNN, iterations: int
) -> BestWeights | None:
    """Return the best weights; None if there are none, as in files of earlier versions."""
    match values.get("best"):
        case None:
            return None
        case {"iteration": int() as iteration, "loss": int() | float() as loss} if (
            0 < iteration <= iterations and math.isfinite(loss)
        ):
            shapes, group = model.shapes(), _pop_group(arrays, "best")
            model_from_values.check_arrays("best parameters", group, shapes, model.dtype)
            flat = np.concatenate([group[name].reshape(-1) for name in shapes])
            return BestWeights(iteration, float(loss), flat)
    raise FileFormatError("The run's file holds no valid iteration or loss of its best weights.")


def _pop_state(arrays: dict[str, Array], model: RNN, batch_size: Any) -> list[Array]:
    N = checks.check_whole("batch_size", batch_size, 1)
    parts = len(CELLS[model.cell_type].state_parts)
    layers = [str(n) for n in range(1, model.num_layers + 1)]
    group = _pop_group(arrays, "state")
    shapes = dict.fromkeys(layers, (parts, N, model.hidden_dim))
    model_from_values.check_arrays("states", group, shapes, model.dtype)
    return [group[layer].astype(model.dtype) for layer in layers]


def _check_position(position: dict[str, Any]) -> dict[str, Any]:
    """Return the position if each of its values has the right type and range."""
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
            isinstance(position.get("validation_due", False), bool)
            and are_norms(position.get("gradient_norms", {}))
            and min(iteration, cursor, updates, seconds, state, inc, half) >= 0
            and max(iteration, cursor, updates) < 1 << 53
            and seconds < 1e18
            and max(state, inc) < 1 << 128
            and half < 1 << 32
            and halved in (0, 1)
        ):
            return position
    raise FileFormatError("The run's file holds no valid position of the run.")


def _check_ids(expected: dict[str, Any], stored: Array | None, model: RNN, data: Any) -> Array:
    """Return the text's ids, from ``data`` or the file, if length and CRC-32 are as expected."""
    if data is not None:
        ids = check_ids(data, model.vocab_dim)
    elif stored is None:
        raise SettingError("This run was saved without its text; pass its ids: load(…, data=ids).")
    elif stored.ndim != 1 or stored.dtype != _id_type(model.vocab_dim):
        raise FileFormatError(
            f"The run's ids have the wrong type or shape: {stored.dtype} {stored.shape}."
        )
    else:
        ids = stored
    if expected != _fingerprint(_compact_ids(ids, model.vocab_dim)):
        raise SettingError(
            f"The {len(ids):,} ids are not those of the text that this run was trained on."
        )
    return ids


def _fingerprint(ids: Array) -> dict[str, int]:
    return {"length": len(ids), "crc32": zlib.crc32(ids.data)}
