"""Small tables of plain values on disk, each in a file that is whole or not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnncore.errors import FileFormatError
from rnncore.storage import atomic_write

# Of the whole folder of a run, which ``store`` describes, with the rule for this number.
FORMAT = "lstm-workbench run 1"


def write_record(path: Path, values: Mapping[str, Any]) -> None:
    """Plain values as one line of JSON, and the SHA-256 of that line in a second one."""
    line = json.dumps({"format": FORMAT, **values}, allow_nan=False).encode("ascii")
    seal = hashlib.sha256(line).hexdigest().encode("ascii")
    atomic_write.replace_file(path, lambda file: file.write(line + b"\n" + seal + b"\n"))


def read_record(path: Path) -> dict[str, Any]:
    """What ``write_record`` was given; a FileFormatError if it is damaged or of another kind."""
    try:
        line, _, seal = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise FileFormatError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    if seal.strip() != hashlib.sha256(line).hexdigest().encode("ascii"):
        raise FileFormatError(f"{path.name} is damaged: its checksum does not fit its content.")
    values = json.loads(line)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise FileFormatError(f"{path.name} is not of the format {FORMAT!r} that is read here.")
    return values
