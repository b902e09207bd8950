"""Save and load a run: a ``.npz`` file with everything that training needs to continue exactly.

``load(save(solver))`` trains on bit for bit as if it had never stopped. The file's arrays:

    params/<name>            the model's parameters, as in ``model.params``
    moments/<slot>/<name>    the update rule's vectors, in the same shapes
    best/<name>              the parameters with the lowest validation loss, if there was one
    state/<layer>            the carried hidden state, (state parts, N, H)
    history                  (columns, rows), float64
    history_ranges           (ranges, thinned rows), float64, if rows of the history are thinned
    history_validations      (validation columns, n), float64, their validations
    history_layers           (figures, n), float64, figures of each layer at validations, if there
                             are any; ``layer_figures`` in the values has their names
    vocab                    code points of the symbols, (V,), if the model has symbols
    ids                      the text, in the smallest type; left out with ``data=False``
    notes                    ``solver.notes`` as JSON, (bytes,), if there are any; at most 1 MiB

Its plain values are the format, the settings of model and solver, the run's position (counters
and random generator), the names of the history's columns, and length and CRC-32 of the ids.

Rule for ``FORMAT``: increase its number whenever files of the old number would be read wrongly
or not at all. Keep a reader for each number that was ever released, and add a file of the old
format to ``tests/golden``.
"""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO

from rnncore.errors import FileFormatError
from rnncore.model import RNN
from rnncore.solver import Solver
from rnncore.storage import atomic_write, model_pickle, npz
from rnncore.storage.history_values import Progress, import_progress
from rnncore.storage.solver_values import FORMAT, export_solver, import_model, import_solver

__all__ = ["FORMAT", "load", "load_progress", "load_without_text", "save"]

Target = str | os.PathLike[str] | BinaryIO
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO


def save(solver: Solver, target: Target, *, data: bool = True) -> None:
    """Save the run to a path or into a binary file.

    target: a path is replaced in one step: if saving fails, the old file stays.
    data: whether to save the text's ids too. Without them, ``load`` needs them as ``data``.
    SaveError: the disk is full, the folder is not writable, or the run is not finite any more.
    """
    values, arrays = export_solver(solver, data)
    try:
        if isinstance(target, (str, os.PathLike)):
            atomic_write.replace_file(target, lambda file: npz.write(file, values, arrays))
        else:
            npz.write(target, values, arrays)
            target.flush()
    except OSError as error:
        raise atomic_write.save_error("The run", error) from error


def load(source: Source, *, data: Any = None) -> Solver | RNN:
    """Return the Solver of a run (``.npz``) or the RNN of a model (``.pkl``).

    source: a path, the file's bytes, or a binary file, which is read from its beginning. The
        content decides what it is, not the name.
    data: the text's ids, (T,), for a run that was saved without them.
    FileFormatError: the file is damaged, unsafe or not from rnncore. SettingError: ``data`` is
    not the text that the run was trained on.
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


def load_without_text(path: str | os.PathLike[str]) -> tuple[RNN, dict[str, Any]]:
    """Return the model of a run (``.npz``) and the settings of its solver, without the text.

    FileFormatError: the file is damaged or not a run.
    """
    try:
        with open(path, "rb") as file:
            return import_model(*npz.read(file))
    except OSError as error:
        raise FileFormatError(f"The file cannot be read: {error.strerror or error}.") from error


def load_progress(path: str | os.PathLike[str]) -> Progress:
    """Return the history and the settings of a run (``.npz``), without text and optimizer.

    FileFormatError: the file is damaged or not a run.
    """
    try:
        with open(path, "rb") as file:
            return import_progress(*npz.read(file))
    except OSError as error:
        raise FileFormatError(f"The file cannot be read: {error.strerror or error}.") from error


def _load(file: BinaryIO, data: Any) -> Solver | RNN:
    file.seek(0)
    magic = file.read(4)
    if magic == b"PK\x03\x04":
        return import_solver(*npz.read(file), data)
    if magic[:1] == b"\x80":
        file.seek(0)
        return model_pickle.read_model(file.read(model_pickle.MAX_BYTES + 1))
    raise FileFormatError("The file is neither a run (.npz) nor a model (.pkl) of rnncore.")
