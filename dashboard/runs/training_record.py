"""Whether a run trains, whether it goes on after a restart, and why it stopped: on disk.

``last-training.json`` in the run's folder is written when training has begun, when it ends, and
when the choice changes. It is not written while the server ends: it then states what trained.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from dashboard.runs.folder import RunFolder
from dashboard.runs.json_record import read_record, write_record
from dashboard.runs.run import Run
from dashboard.training.status import Phase
from rnncore import RnnCoreError, Solver

NAME = "last-training.json"
# Seconds of training before it is recorded that a run trains: a click on Step writes nothing.
# Also the time between two attempts to write, while the disk is full or the folder is new.
WAIT_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingRecord:
    """What was last known of a run's training."""

    keeps_training: bool = False  # without a page, and after a restart of the server
    phase: Phase = Phase.READY  # RUNNING also while it waits in the queue
    message: str = ""  # why training ended, or ""
    at: float = 0.0  # when this was recorded or training ended, in seconds since 1970

    @property
    def resumes(self) -> bool:
        """Whether training should go on after a restart of the server."""
        return self.phase is Phase.RUNNING and self.keeps_training

    def restore(self, run: Run, saved_at: float) -> None:
        """Give a run that was opened from disk its choice, and why and when its training ended.

        saved_at: the time of its newest save, in seconds since 1970.
        """
        run.keeps_training = self.keeps_training
        if self.phase is Phase.RUNNING:  # the server ended meanwhile
            run.trainer.restore_end(Phase.INTERRUPTED, "", max(self.at, saved_at))
        elif self.at:
            run.trainer.restore_end(self.phase, self.message, self.at)


def read(folder: Path) -> TrainingRecord:
    """Return the record in a run's folder; the default one if there is none or it is damaged."""
    with contextlib.suppress(RnnCoreError, KeyError, TypeError, ValueError):
        values = read_record(folder / NAME)
        return TrainingRecord(
            bool(values["keeps_training"]),
            Phase(values["phase"]),
            str(values["message"]),
            float(values["at"]),
        )
    return TrainingRecord()


def restore(run: Run, folder: RunFolder, saved_at: float) -> None:
    """Give a run what its record on disk states, and keep that record from now on."""
    record = read(folder.path)
    record.restore(run, saved_at)
    Recorder(run, folder, record)


class Recorder:
    """Writes the record of one run, for as long as the run is in memory."""

    def __init__(
        self, run: Run, folder: RunFolder, written: TrainingRecord = TrainingRecord()
    ) -> None:
        """written: the record that is on disk."""
        self._run, self._folder, self._written = run, folder, written
        self._frozen = False
        self._due: float | None = None  # the time of the next look at a running training
        run.recorder = self
        run.trainer.after_chunk.append(self._after_chunk)
        run.trainer.after_end.append(self._after_end)

    def record(self) -> None:
        """Write the record, if it has changed; a failure is logged and tried again later."""
        status = self._run.trainer.status()
        # A turn in the queue is part of training: it changes several times a minute.
        phase = Phase.RUNNING if status.active else status.phase
        now = self._run.keeps_training, phase, status.message
        before = self._written
        unchanged = now == (before.keeps_training, before.phase, before.message)
        if unchanged or self._frozen or not self._folder.lock.held:
            return
        at = time.time() if status.active else status.stopped_at or time.time()
        record = TrainingRecord(*now, at)
        try:
            write_record(self._folder.path / NAME, asdict(record))
        except (RnnCoreError, OSError) as error:
            logger.warning("%s of a run could not be written: %s", NAME, error)
        else:
            self._written = record

    def freeze(self) -> None:
        """Leave the record as it is, because the server ends."""
        self._frozen = True

    def _after_chunk(self, _: Solver) -> None:
        now = time.monotonic()
        if self._due is None:
            self._due = now + WAIT_SECONDS
        elif now >= self._due:
            self._due = now + WAIT_SECONDS
            self.record()

    def _after_end(self) -> None:
        self._due = None
        self.record()
