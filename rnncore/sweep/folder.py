"""The folder of a sweep: its plan, its text, and the newest checkpoint and result of each run.

    sweep.json       the plan and the version of rnncore; written once
    text.npz         the text's ids and symbols; written once
    run-0001.npz     the newest checkpoint of run 1, a run's file with its text
    run-0001.json    the result of run 1; written after the checkpoint that it describes
    state.json       what the sweep is doing: see ``SweepState``
    results.csv      the results of all runs; written when the sweep ends
    lock             locked by the process that computes the sweep

Every file is written under another name, flushed to disk and renamed. So a sweep that was killed
continues from the newest checkpoints.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from rnncore.errors import FileFormatError, RnnCoreError, SaveError, SweepError
from rnncore.solver import Solver
from rnncore.storage import npz
from rnncore.storage.atomic_write import replace_file, save_error
from rnncore.storage.checkpoint import load, save
from rnncore.sweep.plan import SweepPlan
from rnncore.sweep.results import RunResult, Trial, as_csv, rank
from rnncore.sweep.text import SweepText
from rnncore.version import __version__

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT = "rnncore sweep 1"


@dataclass(frozen=True)
class SweepState:
    """What a sweep is doing.

    phase: "new", "starting", "running", "finished", "cancelled", "out of time" or "failed".
    message: why it failed, and remarks on workers. workers: threads that train runs at once.
    spent: seconds since it started, earlier sessions included.
    """

    phase: str = "new"
    message: str = ""
    workers: int = 0
    spent: float = 0.0
    updated: float = field(default_factory=time.time)

    @property
    def active(self) -> bool:
        """Whether a process should be computing it."""
        return self.phase in ("starting", "running")


class SweepFolder:
    """A sweep on disk. Use it in a ``with`` block to compute the sweep; reading needs none."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the sweep in this folder; FileFormatError if there is none, or it is damaged."""
        self.path = Path(path)
        plain = self._read_json("sweep.json")
        if plain is None:
            raise FileFormatError(f"{self.path} holds no sweep: it has no sweep.json.")
        if plain.get("format") != FORMAT:
            raise FileFormatError(f"{self.path / 'sweep.json'} is not of this version: {FORMAT}.")
        try:
            self.plan = SweepPlan.from_json(plain["plan"])
        except (KeyError, TypeError, AttributeError, RnnCoreError) as error:
            raise FileFormatError(f"{self.path / 'sweep.json'} is damaged: {error}") from None
        self.results = {run.number: RunResult() for run in self.plan.runs}
        self._seen: dict[str, int] = {}  # when each run's result was last changed, as it was read
        self.refresh()
        self._text: SweepText | None = None
        self._lock: IO[str] | None = None

    @classmethod
    def create(cls, path: str | os.PathLike[str], plan: SweepPlan, text: SweepText) -> SweepFolder:
        """Make a folder for a new sweep; or return the folder of this same sweep, to continue it.

        SettingError: a value of the plan cannot be used on this text. SaveError: the folder cannot
        be written, or it holds something else.
        """
        plan.check(text)
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            taken = any(path.iterdir())
        except OSError as error:
            raise save_error(path, error) from error
        if (path / "sweep.json").exists():
            folder = cls(path)
            known = folder.text
            same = known.symbols == text.symbols and np.array_equal(known.ids, text.ids)
            if folder.plan.to_json() == plan.to_json() and same:
                return folder
            what = "other settings" if same else "another text"
            raise SaveError(f"{path} holds a sweep of {what}. Choose another folder.")
        if taken and not (path / "text.npz").exists():
            raise SaveError(f"{path} holds other files. Choose a new or an empty folder.")
        symbols = np.array([ord(symbol) for symbol in text.symbols], dtype=np.uint32)
        arrays = {"ids": text.ids, "symbols": symbols}
        replace_file(path / "text.npz", lambda file: npz.write(file, {}, arrays))
        _write_json(
            path / "sweep.json",
            {"format": FORMAT, "version": __version__, "plan": plan.to_json()},
        )
        return cls(path)

    # -- reading ------------------------------------------------------------------------------

    @property
    def text(self) -> SweepText:
        """The text that the runs learn."""
        if self._text is None:
            try:
                with open(self.path / "text.npz", "rb") as file:
                    _, arrays = npz.read(file)
                symbols = tuple(map(chr, arrays["symbols"].tolist()))
                self._text = SweepText.from_ids(arrays["ids"], symbols)
            except (OSError, KeyError, RnnCoreError) as error:
                raise FileFormatError(f"The text of the sweep is damaged: {error}") from None
        return self._text

    @property
    def trials(self) -> list[Trial]:
        """All runs with their results, in the plan's order."""
        return [Trial(run, self.results[run.number]) for run in self.plan.runs]

    def best(self) -> Trial | None:
        """Return the run with the lowest validation loss, or None before the first."""
        first = rank(self.trials)[0]
        return first if first.result.lowest == first.result.lowest else None

    def run_path(self, number: int) -> Path:
        """Return the path of a run's checkpoint; the file exists once the run has begun."""
        return self.path / f"run-{number:04d}.npz"

    def load_run(self, number: int) -> Solver:
        """Return the solver of a run's newest checkpoint."""
        solver = load(self.run_path(number))
        if not isinstance(solver, Solver):
            raise FileFormatError(f"{self.run_path(number)} holds no run.")
        return solver

    def refresh(self) -> None:
        """Read the results that another process has written since they were last read."""
        changed = {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(self.path)}
        for number in self.results:
            name = f"run-{number:04d}.json"
            if changed.get(name, 0) != self._seen.get(name, 0):
                self._seen[name] = changed[name]
                self.results[number] = self.read_result(number)

    def read_result(self, number: int) -> RunResult:
        """Return a run's result on disk; "waiting" if there is none."""
        plain = self._read_json(f"run-{number:04d}.json")
        if plain is None:
            return RunResult()
        try:
            return RunResult.from_json(plain)
        except TypeError:
            return RunResult()

    def read_state(self) -> SweepState:
        """Return what the sweep is doing, or did last."""
        plain = self._read_json("state.json")
        known = SweepState.__dataclass_fields__
        return SweepState(**{k: v for k, v in (plain or {}).items() if k in known})

    def _read_json(self, name: str) -> dict[str, Any] | None:
        try:
            plain = json.loads((self.path / name).read_text(encoding="utf-8"))
        except OSError:
            return None
        except ValueError:
            raise FileFormatError(f"{self.path / name} is damaged.") from None
        if not isinstance(plain, dict):
            raise FileFormatError(f"{self.path / name} is damaged.")
        return plain

    # -- writing, by the process that has the lock -----------------------------------------------

    def __enter__(self) -> SweepFolder:
        """Lock the folder; SweepError if another process computes this sweep."""
        self._lock = open(self.path / "lock", "w", encoding="utf-8")
        try:
            if fcntl is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise SweepError(f"Another program is computing the sweep in {self.path}.") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.close()

    def read_checkpoint(self, number: int) -> bytes | None:
        """Return a run's newest checkpoint without its text, or None if it has not begun."""
        if not self.run_path(number).exists():
            return None
        return _without_text(self.load_run(number))

    def save_run(self, number: int, checkpoint: bytes, result: RunResult) -> None:
        """Write a checkpoint that came without text, and the result that belongs to it.

        FileFormatError: the checkpoint is damaged. SaveError: it cannot be written.
        """
        if checkpoint:
            solver = load(checkpoint, data=self.text.ids)
            assert isinstance(solver, Solver)
            save(solver, self.run_path(number))
        self.save_result(number, result)

    def save_result(self, number: int, result: RunResult) -> None:
        """Write the result of a run whose checkpoint is on disk."""
        _write_json(self.path / f"run-{number:04d}.json", result.to_json())
        self.results[number] = result

    def save_state(self, state: SweepState) -> None:
        """Write what the sweep is doing."""
        _write_json(self.path / "state.json", asdict(state))

    def save_table(self) -> None:
        """Write results.csv, the best run first."""
        text = as_csv(rank(self.trials))
        replace_file(self.path / "results.csv", lambda file: file.write(text.encode("utf-8")))


def _without_text(solver: Solver) -> bytes:
    buffer = io.BytesIO()
    save(solver, buffer, data=False)
    return buffer.getvalue()


def _write_json(path: Path, plain: dict[str, Any]) -> None:
    raw = json.dumps(plain, allow_nan=False).encode("utf-8")
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == raw:
            return
    replace_file(path, lambda file: file.write(raw))
