"""The kinds of the texts in an archive, such as .txt and licence, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rnncore.errors import TextError
from rnncore.reading.encodings import Decoded

_NAMES_SHOWN = 5  # file names in one note
# Files that packages of texts often have besides, by their names without endings.
_PAPERS = {
    "license": "licence",
    "licence": "licence",
    "copying": "licence",
    "unlicense": "licence",
    "notice": "licence",
    "readme": "readme",
    "changelog": "readme",
    "changes": "readme",
    "authors": "readme",
    "contributing": "readme",
}


@dataclass(frozen=True)
class FileKind:
    """Texts of one kind: how many files, and how many characters they have together."""

    name: str  # an ending such as ".txt", "licence", "readme" or "no ending"
    files: int
    characters: int


def kind_name(file_name: str) -> str:
    """Return the kind of a file, which its name shows."""
    path = PurePosixPath(file_name.replace("\\", "/").lower())
    return _PAPERS.get(path.name.partition(".")[0]) or path.suffix or "no ending"


def choose_kinds(
    parts: Sequence[Decoded], names: Sequence[str], left_out: frozenset[str], label: str
) -> tuple[list[FileKind], list[Decoded], list[str], list[str]]:
    """Return all kinds, the texts that are not left out, their names, and notes.

    The kind with the most characters comes first.
    """
    grouped: dict[str, list[int]] = {}
    for part, name in zip(parts, names, strict=True):
        grouped.setdefault(kind_name(name), []).append(len(part.text))
    kinds = [FileKind(name, len(sizes), sum(sizes)) for name, sizes in grouped.items()]
    kinds.sort(key=lambda kind: (-kind.characters, kind.name))
    gone = [kind for kind in kinds if kind.name in left_out]
    if len(gone) == len(kinds):
        raise TextError(f"{label} holds no other texts than those left out; choose a kind of file.")
    pairs = [pair for pair in zip(parts, names, strict=True) if kind_name(pair[1]) not in left_out]
    notes = []
    if gone:
        count = sum(kind.files for kind in gone)
        files = "1 file" if count == 1 else f"{count:,} files"
        notes.append(f"Left out: {files} ({format_names([kind.name for kind in gone])}).")
    return kinds, [part for part, _ in pairs], [name for _, name in pairs], notes


def format_names(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    hidden = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {hidden:,} more" if hidden > 0 else "")
