"""The folder of one run: writes and reads its files. ``store`` describes them."""

from __future__ import annotations

import contextlib
import math
import os
import re
import secrets
from dataclasses import asdict
from pathlib import Path

from dashboard.runs import labels, marker, text_files
from dashboard.runs.facts import Facts
from dashboard.runs.json_record import FORMAT, DamagedRecordError, read_record, write_record
from dashboard.runs.labels import NO_LABELS, Labels
from dashboard.runs.lock import FolderLock
from dashboard.runs.snapshot import Journal, Snapshot
from dashboard.runs.text_files import DamagedTextError
from dashboard.server import limits
from dashboard.text.loading import LoadedText
from rnncore import RNN, Solver
from rnncore.errors import FileFormatError, SaveError
from rnncore.storage import atomic_write, checkpoint, npz

DELETED = ".deleted-"  # prefix of a folder that is being deleted
NEW = ".new-"  # prefix of a folder that is being created
_SAVE = re.compile(r"(\d{8})\.(?:npz|json)")


class RunFolder:
    """The files of one run. Only the holder of ``lock`` may write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = FolderLock(path / "lock")
        self.newest = 0  # number of the save that was last written or opened
        # Saves that are damaged or follow a divergence. The next save deletes them.
        self.unusable: set[int] = set()
        self._damaged: set[str] = set()  # names of files that ``repair`` writes again

    # -- writing ------------------------------------------------------------------------------

    def save(
        self,
        snapshot: Snapshot,
        facts: Facts,
        text: LoadedText,
        initial_model: RNN | None = None,
        first_labels: Labels = NO_LABELS,
    ) -> None:
        """Add a save and delete old ones; SaveError or OSError if that fails.

        This also creates the folder, its text, its facts and its initial model, if missing.
        """
        self._lock_or_create()
        for name in text_files.NAMES:
            if not (self.path / name).exists():
                text_files.write(self.path / name, text)
        if initial_model is not None and not (self.path / "first.npz").exists():
            self._write_initial_model(initial_model)
        number = 1 + max(self._list_numbers(), default=0)
        network = self.network_path(number)
        try:
            checkpoint.save(snapshot.solver, network, data=False)
            values = {
                **snapshot.journal.to_values(),
                "bytes": network.stat().st_size,
                "facts": asdict(facts) | asdict(labels.read(self.path)),  # see ``read_facts``
            }
            write_record(self._journal_path(number), values)
        except BaseException:
            with contextlib.suppress(OSError):
                network.unlink(missing_ok=True)
            raise
        self.newest = number
        if not (self.path / "run.json").exists():
            write_record(self.path / "run.json", asdict(facts) | asdict(first_labels))
        self._prune()

    def _lock_or_create(self) -> None:
        """Lock the folder, created if missing; SaveError if another process has continued it."""
        if self.lock.held:
            return
        if not self.path.is_dir():
            self._create()
        self.lock.acquire()
        marker.write(self.path)  # folders of earlier versions have none
        atomic_write.delete_partial_files(self.path)
        if max(self.list_saves(), default=0) > self.newest:
            self.lock.release()
            raise SaveError("the run was continued in another window; open it again by its link")

    def _create(self) -> None:
        """Create the folder with its marker: no folder is ever without one under its name."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f"{NEW}{self.path.name}-{secrets.token_hex(4)}")
        new.mkdir(mode=0o700)
        try:
            marker.write(new)
            os.rename(new, self.path)
        except BaseException:
            marker.remove(new)
            raise

    def _write_initial_model(self, model: RNN) -> None:
        values, arrays = {"format": FORMAT}, {"weights": model.flat}
        atomic_write.replace_file(
            self.path / "first.npz", lambda file: npz.write(file, values, arrays)
        )

    def _prune(self) -> None:
        """Keep the last two saves and the best one, or fewer if they are very large."""
        good = [n for n in self.list_saves() if n not in self.unusable]
        wanted = list(dict.fromkeys([*good[:1], *self._find_best_of(good), *good[:2]]))
        sizes = [self.network_path(number).stat().st_size for number in wanted]
        while len(wanted) > 1 and sum(sizes[: len(wanted)]) > limits.MAX_RUN_BYTES:
            wanted.pop()
        for number in set(self._list_numbers()) - set(wanted):
            # The journal first: without it, the network does not count as a save.
            for path in (self._journal_path(number), self.network_path(number)):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder and release the lock, which the caller holds; SaveError if it fails."""
        gone = self.path.with_name(f"{DELETED}{self.path.name}-{secrets.token_hex(4)}")
        if os.name == "nt":  # Windows cannot rename a folder with an open file in it
            self.lock.release()
        try:
            os.rename(self.path, gone)
        except OSError as error:
            raise SaveError(f"The run was not deleted: {error.strerror or error}.") from error
        finally:
            self.lock.release()
        marker.remove(gone)

    # -- reading ------------------------------------------------------------------------------

    def read_facts(self) -> Facts:
        """Return the facts of run.json or, if that is damaged, those that the saves hold.

        FileFormatError: there are none, or run.json has another format.
        """
        run_id = self.path.name
        try:
            return Facts.from_values(read_record(self.path / "run.json"), run_id)
        except DamagedRecordError as error:
            problem: FileFormatError = error
        self._damaged.add("run.json")
        for number in self.list_saves():
            with contextlib.suppress(FileFormatError):
                values = read_record(self._journal_path(number))
                if "facts" in values:  # saves of earlier versions have none
                    return Facts.from_values(values["facts"], run_id)
        digest, length = text_files.read_digest(self.path)
        for number in self.list_saves():
            with contextlib.suppress(FileFormatError):
                return Facts.from_network(self.network_path(number), run_id, digest, length)
        raise problem

    def read_text(self, facts: Facts) -> LoadedText:
        """Read the text that the run trains on; DamagedTextError if no copy is readable."""
        text: LoadedText | None = None
        problem = ""
        for name in text_files.NAMES:  # each is read, so that damage to either is found in time
            try:
                text = text_files.read(self.path / name, facts.text)
            except FileFormatError as error:
                problem = problem or str(error)
                if (self.path / name).exists():
                    self._damaged.add(name)
        if text is None:
            raise DamagedTextError(f"The text is damaged; the network can be opened. {problem}")
        return text

    def load_network(self) -> RNN:
        """Load the network of the newest save that is readable; FileFormatError if none is."""
        problem = FileFormatError("This run has no complete save.")
        for number in self.list_saves():
            try:
                return checkpoint.load_without_text(self.network_path(number))[0]
            except FileFormatError as error:
                problem = error
        raise problem

    def read_damage(self) -> str:
        """Return why the run could not be opened the last time, or ""."""
        with contextlib.suppress(FileFormatError):
            return str(read_record(self.path / "damaged.json").get("reason", ""))
        return ""

    def write_damage(self, reason: str) -> None:
        """Record why the run cannot be opened; "" for a run that can."""
        with contextlib.suppress(OSError, SaveError):  # a read-only or full disk
            if reason:
                write_record(self.path / "damaged.json", {"reason": reason})
            else:
                (self.path / "damaged.json").unlink(missing_ok=True)

    def repair(self, facts: Facts, text: LoadedText) -> bool:
        """Write the files again that were found damaged; return whether there were any.

        The damaged files are kept under other names.
        """
        damaged, self._damaged = self._damaged, set()
        kept = labels.read(self.path)
        for name in damaged:
            with contextlib.suppress(OSError):
                os.replace(self.path / name, self.path / f"{name}.damaged")
            with contextlib.suppress(OSError, SaveError):  # a read-only disk
                if name == "run.json":
                    write_record(self.path / name, asdict(facts) | asdict(kept))
                else:
                    text_files.write(self.path / name, text)
        return bool(damaged)

    def read_initial_model(self, like: RNN) -> RNN | None:
        """Read the pretrained network that the run started from; None if there is none.

        like: a network of the same shape. A damaged file is a FileFormatError.
        """
        path = self.path / "first.npz"
        if not path.exists():
            return None
        model = like.copy()
        try:
            with open(path, "rb") as file:
                _, arrays = npz.read(file)
            model.flat[...] = arrays["weights"]
        except (OSError, KeyError, ValueError) as error:
            raise FileFormatError(
                f"The network that the run started from is damaged: {error!r}."
            ) from None
        return model

    def list_saves(self) -> list[int]:
        """Return the numbers of the complete saves, newest first."""
        return sorted((n for n in self._list_numbers() if self._is_pair(n)), reverse=True)

    def read_journal(self, number: int) -> Journal:
        """Read the journal of a save; FileFormatError if it or the network's size is wrong."""
        values = read_record(self._journal_path(number))
        try:
            size = self.network_path(number).stat().st_size
        except OSError as error:
            raise FileFormatError(f"The save cannot be read: {error.strerror}.") from None
        if size != values.get("bytes"):
            raise FileFormatError("The save is damaged: its file does not have the recorded size.")
        return Journal.from_values(values)

    def load_solver(self, number: int, text: LoadedText) -> Solver:
        """Load the solver of a save, from which training continues exactly."""
        solver = checkpoint.load(self.network_path(number), data=text.ids)
        if not isinstance(solver, Solver):
            raise FileFormatError("The save contains a model without its training state.")
        return solver

    def read_journals(self) -> dict[int, Journal]:
        """Read all journals that are readable; return them by number, newest first."""
        found = {}
        for number in self.list_saves():
            with contextlib.suppress(FileFormatError):
                found[number] = self.read_journal(number)
        return found

    def find_best(self) -> int | None:
        """Return the number of the save with the lowest validation loss, or None."""
        return next(iter(self._find_best_of(self.list_saves())), None)

    def size(self) -> int:
        """Return the total size of all files, in bytes."""
        total = 0
        with contextlib.suppress(OSError), os.scandir(self.path) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_size
        return total

    # -- inside -------------------------------------------------------------------------------

    def _find_best_of(self, numbers: list[int]) -> list[int]:
        """Return the save with the lowest validation loss as a list, empty if there is none."""
        journals = {n: j for n, j in self.read_journals().items() if n in numbers}
        # With equal losses the earlier save comes first: it is closer to the validation.
        ranked = sorted((j.val_loss, n) for n, j in journals.items() if math.isfinite(j.val_loss))
        return [number for _, number in ranked[:1]]

    def _list_numbers(self) -> set[int]:
        names = os.listdir(self.path) if self.path.is_dir() else []
        return {int(match[1]) for name in names if (match := _SAVE.fullmatch(name))}

    def _is_pair(self, number: int) -> bool:
        return self.network_path(number).is_file() and self._journal_path(number).is_file()

    def network_path(self, number: int) -> Path:
        return self.path / f"{number:08d}.npz"

    def _journal_path(self, number: int) -> Path:
        return self.path / f"{number:08d}.json"
