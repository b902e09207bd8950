"""The texts of the benchmark. The last 10 % of each are for validation."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path

from benchmarks import quality
from rnncore import read_text

SAMPLES = Path(__file__).parents[2] / "sample_texts"
# Modules of Python's standard library, joined in this order. They differ between versions of
# Python, so each figure has a digest of its text.
MODULES = (
    "argparse", "ast", "calendar", "codecs", "configparser", "contextlib", "csv", "dataclasses",
    "difflib", "doctest", "enum", "functools", "heapq", "inspect", "ipaddress", "locale",
    "mailbox", "optparse", "pathlib", "pdb", "pickle", "random", "shutil", "statistics",
    "subprocess", "tarfile",
)  # fmt: skip


class MissingText(Exception):
    """The text is not on this computer; the message says what is missing."""


def _novel(books: Path) -> str:
    return quality.load_book("novel", books)


def _novel_half(books: Path) -> str:
    novel = _novel(books)
    return novel[: len(novel) // 2]


def _play(books: Path) -> str:
    return quality.load_book("play", books)


def _story(books: Path) -> str:
    return (SAMPLES / "lighthouse.txt").read_text(encoding="utf-8")


def _code(books: Path) -> str:
    folder = Path(sysconfig.get_paths()["stdlib"])
    paths = (folder / f"{name}.py" for name in MODULES)
    # A module that another version of Python has turned into a package is left out.
    return "".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())


def _chinese(books: Path) -> str:
    return read_text((books / "chinese.txt").read_bytes(), name="chinese.txt").text


TEXTS: dict[str, Callable[[Path], str]] = {
    "novel": _novel,
    "play": _play,
    "story": _story,
    "code": _code,
    "chinese": _chinese,
    "novel-half": _novel_half,  # for the search of settings
}


def load(name: str, books: Path) -> str:
    """Return a text; ``books`` is the folder of the files that are not in this repository.

    MissingText: its file is not there.
    """
    try:
        return TEXTS[name](books)
    except FileNotFoundError as error:
        raise MissingText(f"{Path(error.filename).name} is not in the folder of books") from error
