"""The folder of one run: writing and reading its files, which ``store`` describes."""

from __future__ import annotations

import contextlib
import math
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.runs.json_record import FORMAT, read_record, write_record
from dashboard.runs.lock import FolderLock
from dashboard.runs.snapshot import Journal, Snapshot
from dashboard.server import limits
from dashboard.settings import ModelSettings
from dashboard.text.loading import LoadedText
from rnncore import RNN, Solver, Vocab
from rnncore.errors import FileFormatError, RnnCoreError, SaveError
from rnncore.storage import atomic_write, checkpoint, npz

DELETED = ".deleted-"  # a folder on its way out
_SAVE = re.compile(r"(\d{8})\.(?:npz|json)")


@dataclass(frozen=True)
class Facts:
    """What never changes about a run; ``text`` are the fields of its LoadedText in JSON."""

    id: str
    created: float  # seconds since 1970
    settings: ModelSettings
    text: Mapping[str, Any]
    itemsize: int = 4  # bytes of one parameter

    @classmethod
    def about(
        cls, id: str, created: float, settings: ModelSettings, text: LoadedText, itemsize: int
    ) -> Facts:
        """The facts of a run on this text."""
        fields = ("name", "size", "encoding", "notes", "digest")
        return cls(id, created, settings, {name: getattr(text, name) for name in fields}, itemsize)


class RunFolder:
    """One run's files. Only the holder of ``lock`` writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = FolderLock(path / "lock")
        self.newest = 0  # the number of the save that was written or opened last
        # Saves that cannot be opened or that a divergence spoilt: the next save removes them.
        self.unusable: set[int] = set()

    # -- writing ------------------------------------------------------------------------------

    def save(
        self, snapshot: Snapshot, facts: Facts, text: LoadedText, first: RNN | None = None
    ) -> None:
        """Add a save and remove those that are needed no longer; SaveError or OSError if not.

        The run's folder, text, facts and, if it knew something already, the network that it
        began with are written where they are not there yet.
        """
        self._claim()
        if not (self.path / "text.npz").exists():
            self._write_text(text)
        if first is not None and not (self.path / "first.npz").exists():
            self._write_first(first)
        number = 1 + max(self._numbers(), default=0)
        network = self._network(number)
        try:
            checkpoint.save(snapshot.solver, network, data=False)
            values = {**snapshot.journal.values(), "bytes": network.stat().st_size}
            write_record(self._journal(number), values)
        except BaseException:
            with contextlib.suppress(OSError):
                network.unlink(missing_ok=True)
            raise
        self.newest = number
        if not (self.path / "run.json").exists():
            write_record(self.path / "run.json", asdict(facts))
        self._prune()

    def _claim(self) -> None:
        """Own the folder, made if need be; a SaveError if the run went on without us."""
        if self.lock.held:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)
        self.lock.take()
        atomic_write.delete_partial_files(self.path)
        if max(self.numbers(), default=0) > self.newest:
            self.lock.release()
            raise SaveError("the run has gone on in another window; open it again by its link")

    def _write_text(self, text: LoadedText) -> None:
        codes = np.array([ord(char) for char in text.vocab.idx_to_char], dtype=np.uint32)
        arrays = {"ids": text.ids, "vocab": codes}
        values = {"format": FORMAT, "digest": text.digest}
        atomic_write.replace_file(
            self.path / "text.npz", lambda file: npz.write(file, values, arrays)
        )

    def _write_first(self, first: RNN) -> None:
        values, arrays = {"format": FORMAT}, {"weights": first.flat}
        atomic_write.replace_file(
            self.path / "first.npz", lambda file: npz.write(file, values, arrays)
        )

    def _prune(self) -> None:
        """Keep the last two saves and the best, or fewer of them if they are very large."""
        good = [n for n in self.numbers() if n not in self.unusable]
        wanted = list(dict.fromkeys([*good[:1], *self._best(good), *good[:2]]))
        sizes = [self._network(number).stat().st_size for number in wanted]
        while len(wanted) > 1 and sum(sizes[: len(wanted)]) > limits.MAX_RUN_BYTES:
            wanted.pop()
        for number in set(self._numbers()) - set(wanted):
            # The journal goes first: without it a network is no save.
            for path in (self._journal(number), self._network(number)):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete everything; the caller holds the lock, which is given back."""
        gone = self.path.with_name(f"{DELETED}{self.path.name}-{secrets.token_hex(4)}")
        if os.name == "nt":  # a folder with an open file in it cannot be renamed there
            self.lock.release()
        try:
            os.rename(self.path, gone)
        except OSError as error:
            raise SaveError(f"The run was not deleted: {error.strerror or error}.") from error
        finally:
            self.lock.release()
        shutil.rmtree(gone, ignore_errors=True)

    # -- reading ------------------------------------------------------------------------------

    def facts(self) -> Facts:
        """What never changes; a FileFormatError if it cannot be read."""
        values = read_record(self.path / "run.json")
        try:
            if values["id"] != self.path.name:
                raise FileFormatError("The folder holds another run than its name says.")
            settings = ModelSettings(**values["settings"])
            created, itemsize = float(values["created"]), int(values.get("itemsize", 4))
            return Facts(values["id"], created, settings, dict(values["text"]), itemsize)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, RnnCoreError):
                raise
            raise FileFormatError(f"The run's record is damaged: {error!r}.") from None

    def text(self, facts: Facts) -> LoadedText:
        """The text that the run trains on."""
        try:
            with open(self.path / "text.npz", "rb") as file:
                values, arrays = npz.read(file)
        except OSError as error:
            raise FileFormatError(f"The run's text cannot be read: {error.strerror}.") from None
        try:
            if values["digest"] != facts.text["digest"]:
                raise FileFormatError("The run's folder holds the text of another run.")
            fields = dict(facts.text, notes=tuple(facts.text["notes"]))
            vocab = Vocab(map(chr, arrays["vocab"].tolist()))
            return LoadedText(vocab=vocab, ids=arrays["ids"], **fields)
        except (KeyError, TypeError, OverflowError) as error:
            raise FileFormatError(f"The run's text is damaged: {error!r}.") from None

    def first(self, like: RNN) -> RNN | None:
        """The network that the run began with, built like this one; None if it was a fresh one."""
        path = self.path / "first.npz"
        if not path.exists():
            return None
        model = like.copy()
        try:
            with open(path, "rb") as file:
                _, arrays = npz.read(file)
            model.flat[...] = arrays["weights"]
        except (OSError, KeyError, ValueError) as error:
            raise FileFormatError(f"The run's first network is damaged: {error!r}.") from None
        return model

    def numbers(self) -> list[int]:
        """The saves that are whole, newest first."""
        return sorted((n for n in self._numbers() if self._is_pair(n)), reverse=True)

    def journal(self, number: int) -> Journal:
        """The journal of a save, once its network has the size that it should have."""
        values = read_record(self._journal(number))
        try:
            size = self._network(number).stat().st_size
        except OSError as error:
            raise FileFormatError(f"The save cannot be read: {error.strerror}.") from None
        if size != values.get("bytes"):
            raise FileFormatError("The save is damaged: it has not the size that it should have.")
        return Journal.of(values)

    def solver(self, number: int, text: LoadedText) -> Solver:
        """The solver of a save, which goes on exactly as it would have then."""
        solver = checkpoint.load(self._network(number), data=text.ids)
        if not isinstance(solver, Solver):
            raise FileFormatError("The save holds a model without its training.")
        return solver

    def journals(self) -> dict[int, Journal]:
        """The journals of all saves that have readable ones, newest first."""
        found = {}
        for number in self.numbers():
            with contextlib.suppress(FileFormatError):
                found[number] = self.journal(number)
        return found

    def best(self) -> int | None:
        """The number of the save with the lowest validation loss, or None."""
        return next(iter(self._best(self.numbers())), None)

    def size(self) -> int:
        """Bytes of all files."""
        total = 0
        with contextlib.suppress(OSError), os.scandir(self.path) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_size
        return total

    # -- inside -------------------------------------------------------------------------------

    def _best(self, numbers: list[int]) -> list[int]:
        journals = {n: j for n, j in self.journals().items() if n in numbers}
        # Of two saves after the same validation the earlier one is nearer to it.
        ranked = sorted((j.val_loss, n) for n, j in journals.items() if math.isfinite(j.val_loss))
        return [number for _, number in ranked[:1]]

    def _numbers(self) -> set[int]:
        names = os.listdir(self.path) if self.path.is_dir() else []
        return {int(match[1]) for name in names if (match := _SAVE.fullmatch(name))}

    def _is_pair(self, number: int) -> bool:
        return self._network(number).is_file() and self._journal(number).is_file()

    def _network(self, number: int) -> Path:
        return self.path / f"{number:08d}.npz"

    def _journal(self, number: int) -> Path:
        return self.path / f"{number:08d}.json"
