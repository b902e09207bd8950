"""Open an uploaded file: an experiment, a run, a model, or a network that PyTorch saved.

The content decides what a file is, not its name. Of a zip, only the first member is read, and only
if it is stored uncompressed, so a zip cannot expand to more than its own size.
"""

from __future__ import annotations

import io
import zipfile

from dashboard.text.loading import LoadedText
from dashboard.text.recoding import recode
from rnncore import RNN, RnnCoreError, Solver, from_torch, load
from rnncore.errors import FileFormatError
from rnncore.storage import npz
from rnncore.storage.solver_values import import_model

RUN = "run.npz"  # the first member of an experiment
_PICKLES = {bytes([0x80, protocol]) for protocol in range(2, 6)}  # how a pickle begins
_HEADER = 30  # bytes of a zip member's header before its name
# First members of other zips that can be downloaded, and what to do with those.
_OTHER_ZIPS = {
    "model.safetensors": "This zip is for PyTorch: unpack it, and upload its model.safetensors.",
    "model.npz": "This zip is a program for NumPy, and cannot be opened here. Upload the model "
    "(.pkl) or the run (.npz).",
}


def may_be_network(raw: bytes) -> bool:
    """Return whether a file begins like one that ``open_file`` opens, or like a download of one."""
    first = _first_member(raw)
    return (
        _is_safetensors(raw)
        or raw[:2] in _PICKLES
        or first in {RUN, *_OTHER_ZIPS}
        or first.endswith(".npy")
    )


def open_file(raw: bytes, text: LoadedText | None) -> Solver | RNN:
    """Return the run or the network in an uploaded file.

    text: the page's text, for an experiment that was saved without its own.
    RnnCoreError: the file is damaged or of another kind, or it lacks its text and ``text`` is
    another one.
    """
    if _is_safetensors(raw):
        return from_torch(raw)
    first = _first_member(raw)
    if first in _OTHER_ZIPS:
        raise FileFormatError(_OTHER_ZIPS[first])
    return _open_experiment(_stored_member(raw), text) if first == RUN else load(raw)


def _open_experiment(run: bytes, text: LoadedText | None) -> Solver | RNN:
    values, arrays = npz.read(io.BytesIO(run))
    if "ids" in arrays:
        return load(run)
    model, _ = import_model(values, arrays)
    if model.vocab is None:
        raise FileFormatError("This experiment was made with numbers, not with characters.")
    advice = "Choose its text on this page, cleaned up in the same way, and upload the file again."
    if text is None:
        raise RnnCoreError(f"This experiment was saved without its text. {advice}")
    try:
        return load(run, data=recode(text, model.vocab).ids)
    except RnnCoreError as error:
        raise RnnCoreError(
            f"This experiment was saved without its text, and {text.name} is another one. {advice}"
        ) from error


def _is_safetensors(raw: bytes) -> bool:
    # It begins with the length of its head in 8 bytes; the head is JSON.
    return raw[8:9] == b"{" and int.from_bytes(raw[:8], "little") < len(raw)


def _first_member(raw: bytes) -> str:
    """Return the name of a zip's first member, or "" if the file is no zip."""
    if raw[:4] != b"PK\x03\x04":
        return ""
    length = int.from_bytes(raw[26:28], "little")
    return raw[_HEADER : _HEADER + length].decode("utf-8", "replace")


def _stored_member(raw: bytes) -> bytes:
    """Return the bytes of a zip's first member, which must be stored uncompressed."""
    method = int.from_bytes(raw[8:10], "little")
    size = int.from_bytes(raw[18:22], "little")
    names = int.from_bytes(raw[26:28], "little") + int.from_bytes(raw[28:30], "little")
    start = _HEADER + names
    if method != zipfile.ZIP_STORED or start + size > len(raw):
        raise FileFormatError(
            "This zip begins like an experiment, but its run.npz is cut or compressed: make the "
            "zip again on the workbench, or upload run.npz itself."
        )
    return raw[start : start + size]
