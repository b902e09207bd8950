"""The files that ``train`` writes: saved while it trains, and at its end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rnncore.cli import run_network
from rnncore.errors import RnnCoreError
from rnncore.model import RNN
from rnncore.solver import Solver
from rnncore.storage.atomic_write import replace_file
from rnncore.storage.checkpoint import save
from rnncore.storage.model_pickle import dump_model

# Seconds between autosaves, or longer: saving takes at most this share of the time.
AUTOSAVE_SECONDS, AUTOSAVE_SHARE = 5.0, 0.02


class Outputs:
    """The run's file and the model's file; None for one that was not asked for.

    latest: whether the model is the run's latest network instead of its best.
    """

    def __init__(self, run: Path | None, model: Path | None, latest: bool = False) -> None:
        self.run, self.model, self.latest = run, model, latest
        self._next = time.monotonic() + AUTOSAVE_SECONDS
        self._reported: list[str] = []

    def save(self, solver: Solver, announce: bool = False) -> list[str]:
        """Save both files; return a sentence for each that could not be saved.

        announce: whether to print where they are.
        """
        failures: list[str] = []
        for what, path, write in (
            ("run", self.run, save),
            ("model", self.model, self._save_model),
        ):
            if path is None:
                continue
            try:
                write(solver, path)
            except RnnCoreError as error:
                failures.append(str(error))
            except MemoryError:
                failures.append(f"{path} was not saved: there is not enough memory.")
            else:
                if announce:
                    print(f"Saved the {what} as {path}.", file=sys.stderr)
                    if what == "model":
                        run_network.describe(solver, self._choose(solver)[1])
        return failures

    def autosave(self, solver: Solver) -> None:
        """Save both files if it is time; report a failure once and let training continue."""
        started = time.monotonic()
        if started < self._next:
            return
        failures = self.save(solver)
        if failures and failures != self._reported:
            print(f"\n{' '.join(failures)} Training continues.", file=sys.stderr)
        self._reported = failures
        ended = time.monotonic()
        self._next = ended + max(AUTOSAVE_SECONDS, (ended - started) / AUTOSAVE_SHARE)

    def _choose(self, solver: Solver) -> tuple[RNN, int]:
        return run_network.choose(solver, self.latest)

    def _save_model(self, solver: Solver, path: Path) -> None:
        raw = dump_model(self._choose(solver)[0])
        replace_file(path, lambda file: file.write(raw))
