"""One sweep of the page: its folder, and the process that computes it, if there is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.server import error_messages
from dashboard.text.loading import LoadedText, from_ids
from rnncore import RnnCoreError, Vocab
from rnncore.errors import FileFormatError
from rnncore.storage.atomic_write import replace_file
from rnncore.sweep import SweepFolder
from rnncore.sweep.folder import SweepState
from rnncore.sweep.results import RUNNING, Trial

ADDRESS_VARIABLE = "LSTM_WORKBENCH_DASK"  # of a scheduler; by default workers start here
_END_SECONDS = 15.0  # in which the process ends by itself, before it is killed


@dataclass(frozen=True)
class About:
    """What the page knows of a sweep that rnncore does not: kept in about.json.

    stored: ids of the runs in the store, by number.
    """

    text_name: str
    created: float
    stored: dict[int, str]


class Sweep:
    """A sweep in a folder of the page. Methods may be called from any thread."""

    def __init__(self, path: Path, text: LoadedText | None = None) -> None:
        """Read the sweep; FileFormatError if the folder holds none."""
        self.folder = SweepFolder(path)
        self.about = _read_about(path)
        self._text = text
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0  # when the process was started, in seconds since 1970
        self._lock = threading.RLock()

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.path.name

    @property
    def text(self) -> LoadedText:
        """The text that the runs learn."""
        if self._text is None:
            found = self.folder.text
            vocab = Vocab(found.symbols)
            ids = found.ids.astype(vocab.dtype)
            self._text = from_ids(ids, vocab, self.about.text_name, ids.nbytes, "from a sweep", ())
        return self._text

    def trials(self) -> list[Trial]:
        """Return all runs with their newest results."""
        with self._lock:
            self.folder.refresh()
            return self.folder.trials

    def state(self) -> SweepState:
        """Return what the sweep is doing, also if its process has written nothing or was killed."""
        state = self.folder.read_state()
        if self.running and (state.phase == "new" or state.updated < self._started):
            return SweepState("starting", spent=state.spent)  # the process has written none yet
        if state.active and not self.running:
            message = "It ended unexpectedly. Everything up to the last checkpoints is saved."
            return SweepState("failed", message, state.workers, state.spent, state.updated)
        return state

    @property
    def running(self) -> bool:
        """Whether the process computes it now."""
        with self._lock:
            return self._process is not None and self._process.poll() is None

    @property
    def busy(self) -> bool:
        """Whether it is computed, or runs of it are not in the store yet."""
        return self.running or bool(self.unstored())

    @property
    def can_continue(self) -> bool:
        """Whether something is left to compute."""
        return not self.running and any(not t.result.ended for t in self.trials())

    def start(self, address: str | None = None) -> None:
        """Compute what is left, in a process of its own; does nothing while it runs."""
        address = os.environ.get(ADDRESS_VARIABLE, "") if address is None else address
        root = str(Path(__file__).parents[2])
        paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        with self._lock:
            if self.running:
                return
            self._started = time.time()
            try:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-P", "-m", "rnncore.sweep.detached"),
                        *(str(self.folder.path), "--dask", address),
                    ],
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)},
                )  # fmt: skip
            except OSError as error:
                raise RnnCoreError(error_messages.for_saving(error)) from error

    def stop(self) -> None:
        """Ask the process to end; it keeps all checkpoints that have arrived."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self, seconds: float = _END_SECONDS) -> None:
        """Wait until a stopped process has ended; kill it after so many seconds."""
        process = self._process
        if process is None:
            return
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def unstored(self) -> list[Trial]:
        """Return the runs that have ended, or were stopped, and are not in the store yet."""
        over = not self.running
        return [
            trial
            for trial in self.trials()
            if trial.number not in self.about.stored
            and self.folder.run_path(trial.number).exists()
            and (trial.result.ended or (over and trial.result.status == RUNNING))
        ]

    def set_stored(self, number: int, run_id: str | None) -> None:
        """Record that a run is in the store, or (None) that it is trained further."""
        with self._lock:
            stored = {k: v for k, v in self.about.stored.items() if k != number}
            if run_id is not None:
                stored[number] = run_id
            self.about = About(self.about.text_name, self.about.created, stored)
            write_about(self.folder.path, self.about)


def write_about(path: Path, about: About) -> None:
    """Write about.json; SaveError if that fails."""
    raw = json.dumps(vars(about)).encode()
    replace_file(path / "about.json", lambda file: file.write(raw))


def new_about(text: LoadedText) -> About:
    """Return what is known of a sweep when it begins."""
    return About(text.name, time.time(), {})


def _read_about(path: Path) -> About:
    try:
        plain: dict[str, Any] = json.loads((path / "about.json").read_text("utf-8"))
        stored = {int(number): str(run_id) for number, run_id in plain["stored"].items()}
        return About(str(plain["text_name"]), float(plain["created"]), stored)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(f"{path / 'about.json'} is damaged: {error}") from None
