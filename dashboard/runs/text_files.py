"""The text of a run on disk: two equal files, so that damage to one of them loses nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.runs.json_record import FORMAT
from dashboard.text.loading import LoadedText
from rnncore import Vocab
from rnncore.errors import FileFormatError
from rnncore.storage import atomic_write, npz

NAMES = ("text.npz", "text-copy.npz")


class DamagedTextError(FileFormatError):
    """The text of a run cannot be read."""


def write(path: Path, text: LoadedText) -> None:
    """Write one of the files; SaveError if that fails."""
    codes = np.array([ord(char) for char in text.vocab.idx_to_char], dtype=np.uint32)
    arrays = {"ids": text.ids, "vocab": codes}
    values = {"format": FORMAT, "digest": text.digest}
    atomic_write.replace_file(path, lambda file: npz.write(file, values, arrays))


def read(path: Path, facts: Mapping[str, Any]) -> LoadedText:
    """Read one of the files.

    facts: the small fields of the text, which are stored elsewhere.
    FileFormatError: the file is missing, damaged, or that of another text.
    """
    try:
        with open(path, "rb") as file:
            values, arrays = npz.read(file)
    except OSError as error:
        raise FileFormatError(f"The run's text cannot be read: {error.strerror}.") from None
    try:
        if values["digest"] != facts["digest"]:
            raise FileFormatError("The text in the run's folder belongs to another run.")
        fields = dict(facts, notes=tuple(facts["notes"]))
        vocab = Vocab(map(chr, arrays["vocab"].tolist()))
        return LoadedText(vocab=vocab, ids=arrays["ids"], **fields)
    except (KeyError, TypeError, OverflowError) as error:
        raise FileFormatError(f"The run's text is damaged: {error!r}.") from None


def read_digest(folder: Path) -> tuple[str, int]:
    """Return the digest of a run's text and its length, or "" and 0 if it cannot be read."""
    for name in NAMES:
        with contextlib.suppress(OSError, FileFormatError, KeyError):
            with open(folder / name, "rb") as file:
                values, arrays = npz.read(file)
            return str(values["digest"]), len(arrays["ids"])
    return "", 0
