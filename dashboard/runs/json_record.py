"""Small JSON files with a checksum, each written completely or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncore.errors import FileFormatError
from rnncore.storage import atomic_write

# The format of a run's whole folder. ``store`` describes it and says when to raise the number.
FORMAT = "lstm-workbench run 1"


class DamagedRecordError(FileFormatError):
    """The file is missing or damaged; a copy of it may be used."""


def write_record(path: Path, values: Mapping[str, Any]) -> None:
    """Write values as one line of JSON, and the SHA-256 of that line as the second line."""
    line = json.dumps({"format": FORMAT, **values}, allow_nan=False).encode("ascii")
    checksum = hashlib.sha256(line).hexdigest().encode("ascii")
    atomic_write.replace_file(path, lambda file: file.write(line + b"\n" + checksum + b"\n"))


def read_record(path: Path) -> dict[str, Any]:
    """Return what ``write_record`` wrote.

    DamagedRecordError: the file is missing or damaged. FileFormatError: it has another format.
    """
    try:
        line, _, checksum = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise DamagedRecordError(
            f"{path.name} cannot be read: {error.strerror or error}."
        ) from None
    if checksum.strip() != hashlib.sha256(line).hexdigest().encode("ascii"):
        raise DamagedRecordError(
            f"{path.name} is damaged: its checksum does not match its content."
        )
    try:
        values = json.loads(line)
    except (RecursionError, ValueError):
        values = None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise FileFormatError(f"{path.name} does not have the expected format {FORMAT!r}.")
    return values
