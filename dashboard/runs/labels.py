"""What a run is called, what was noted about it, its star, and when it will be removed.

Unlike the facts of a run, these change. They are kept in run.json, beside the facts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dashboard.formatting import byte_size
from dashboard.runs.json_record import read_record, write_record
from dashboard.server import limits
from rnncore.errors import FileFormatError

MAX_NAME, MAX_NOTE = 80, 1_000  # characters


@dataclass(frozen=True)
class Labels:
    """The changeable values of a run. Times are in seconds since 1970; 0 means never."""

    name: str = ""  # given by a person; "" if the run has none
    starred: bool = False
    remove_after: float = 0.0  # when the clean-up may delete the run
    kept_at: float = 0.0  # when it was last opened although it was to be deleted
    note: str = ""  # what a person wrote about the run

    @property
    def protected(self) -> bool:
        """Whether a person wants to keep the run: the clean-up never deletes it."""
        return self.starred or bool(self.name) or bool(self.note)


NO_LABELS = Labels()


def clean_name(name: str) -> str:
    """Return a name as one line of printable text of limited length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name[: 4 * MAX_NAME]).split())
    return line[:MAX_NAME].strip()


def clean_note(note: str) -> str:
    """Return a note as printable lines of limited length."""
    lines = "".join(c if c.isprintable() or c == "\n" else " " for c in note[: 4 * MAX_NOTE])
    return lines[:MAX_NOTE].strip()


def describe_removal(labels: Labels) -> str:
    """Return a sentence on when and why a run will be removed; "" if it will not."""
    if not labels.remove_after:
        return ""
    when = time.localtime(labels.remove_after)
    return (
        f"To be removed after {when.tm_mday} {time.strftime('%B', when)}: this computer keeps "
        f"{limits.MAX_STORED_RUNS:,} runs or {byte_size(limits.MAX_STORE_BYTES)}."
    )


def read(folder: Path) -> Labels:
    """Return the labels in run.json or, if that is damaged, in a save; else empty ones."""
    with contextlib.suppress(FileFormatError):
        return _from_values(read_record(folder / "run.json"))
    for path in sorted(folder.glob("????????.json"), reverse=True):
        with contextlib.suppress(FileFormatError):
            return _from_values(read_record(path).get("facts", {}))
    return Labels()


def write(folder: Path, labels: Labels) -> None:
    """Store the labels in run.json; FileFormatError or SaveError if that fails."""
    write_record(folder / "run.json", read_record(folder / "run.json") | asdict(labels))


def _from_values(values: Mapping[str, Any]) -> Labels:
    """Return the labels in a record; those of earlier versions have none."""
    try:
        return Labels(
            clean_name(str(values.get("name", ""))),
            bool(values.get("starred", False)),
            float(values.get("remove_after", 0.0)),
            float(values.get("kept_at", 0.0)),
            clean_note(str(values.get("note", ""))),
        )
    except (TypeError, ValueError):
        return Labels()
