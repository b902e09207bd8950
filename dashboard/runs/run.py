"""A run: one text, its settings, and the trainer that trains a network on the text."""

from __future__ import annotations

import math
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Protocol

from dashboard.runs.labels import NO_LABELS, Labels
from dashboard.server import limits
from dashboard.server.memory import Reservation
from dashboard.settings import Goal, ModelSettings, TrainSettings, fit_to_length
from dashboard.text.loading import LoadedText
from dashboard.training.goals import Plan
from dashboard.training.sample_log import SampleLog
from dashboard.training.scheduler import Scheduler
from dashboard.training.trainer import Trainer
from rnncore import RNN, RnnCoreError, Solver
from rnncore.batches import describe_shortage, split

SCHEDULER = Scheduler(limits.TRAINING_SEATS)
_MAX_SEED = 40  # characters of the default seed text: longer ones are not words


class Saver(Protocol):
    """What a run, the registry and the page need of the object that saves the run."""

    problem: str  # why the last save failed, or ""
    saved_iteration: int | None  # of the newest save on disk
    saved_at: float | None  # when that was copied, in seconds since 1970

    def save_now(self) -> bool:
        """Save, if anything changed; return whether the current state is on disk."""

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait for saves under way; return whether none is left."""

    def suspend(self) -> bool:
        """Pause training, save and unlock the folder; return whether the save succeeded."""

    def discard(self) -> None:
        """Stop saving and unlock the folder, which is about to be deleted."""

    def resume_saving(self) -> None:
        """Undo ``discard``, because the folder could not be deleted."""

    def size(self) -> int:
        """Return how many bytes the run takes on disk."""


class TrainingRecorder(Protocol):
    """What a run and the registry need of the object that records whether the run trains."""

    def record(self) -> None:
        """Write the record, if it has changed."""

    def freeze(self) -> None:
        """Leave the record as it is, because the server ends."""


@dataclass(eq=False)
class Run:
    """One training of one network on one text. Anyone who has its id can open it."""

    id: str
    text: LoadedText
    model_settings: ModelSettings
    trainer: Trainer
    sample_log: SampleLog
    plan: Plan  # changed by ``set_plan``
    created: float = field(default_factory=time.time)  # seconds since 1970
    notes: tuple[str, ...] = ()  # sentences about problems met when it was opened
    autosaver: Saver | None = None  # None until the run is registered
    recorder: TrainingRecorder | None = None  # None until the run is registered
    keeps_training: bool = False  # without a page; changed by ``keep_training``
    labels: Labels = NO_LABELS  # changed by ``Registry.set_labels``
    export_error: str = ""  # why the last download failed, or ""
    initial_model: RNN | None = None  # the trained network that it started from, if any
    began_as: str = ""  # what that network is, such as "a network trained on sums.txt …", or ""
    made_by: str = ""  # "race" or "sweep", if one of these started it
    # The text before it was changed for the network; None if that knows all its characters.
    whole_text: LoadedText | None = None
    ready_pickle: tuple[object, bytes] | None = None  # a state of the model and its pickle
    reservation: Reservation | None = None  # of memory that training is about to allocate

    @property
    def solver(self) -> Solver:
        """The solver that the trainer trains."""
        return self.trainer.solver

    @property
    def has_progress(self) -> bool:
        """Whether the network is trained at all, here or elsewhere."""
        return self.initial_model is not None or self.solver.iteration > 0

    def train(self, seconds: float | None = None) -> None:
        """Train for this long, or to the goal if it ``keeps_training``.

        seconds: None for as long as a run trains without a page.
        The memory is reserved until the first chunk has allocated it.
        """
        if self.reservation is None:
            itemsize = self.solver.model.dtype.itemsize
            size = self.model_settings.memory(len(self.text.vocab), itemsize)
            self.reservation = Reservation(size)
            self.trainer.after_chunk.append(self._end_reservation)
        unattended = limits.UNATTENDED_SECONDS if seconds is None else seconds
        self.trainer.start(math.inf if self.keeps_training else unattended)

    def keep_training(self, keeps: bool) -> None:
        """Choose whether to train to the goal without a page, also after a restart."""
        self.keeps_training = keeps
        if keeps:
            self.trainer.extend(math.inf)
        else:
            self.trainer.limit(limits.UNATTENDED_SECONDS)
        if self.recorder is not None:
            self.recorder.record()

    def _end_reservation(self, _: Solver) -> None:
        if self.reservation is not None:
            self.reservation.release()

    def set_plan(self, plan: Plan) -> None:
        """End training by this plan from now on."""
        self.plan, self.trainer.stop_rule = plan, plan.rule()

    @property
    def train_settings(self) -> TrainSettings:
        """The current settings of the solver."""
        return TrainSettings.from_solver(self.solver)

    @property
    def chars_per_epoch(self) -> int:
        """Number of characters that one epoch (a pass over the training text) reads."""
        solver = self.solver
        return solver.batches.per_epoch * solver.batch_size * solver.seq_length


def check_settings(text: LoadedText, settings: ModelSettings, itemsize: int = 4) -> None:
    """Raise an RnnCoreError that explains why these settings cannot train on this text, if so.

    itemsize: bytes per parameter.
    """
    train_ids, _ = split(text.ids, settings.val_fraction)
    N, T = settings.batch_size, settings.seq_length
    if len(train_ids) < N * T + 1:
        shortage = describe_shortage(len(train_ids), N, T)
        raise RnnCoreError(f"{shortage} Use a longer text{_describe_fit(text, settings)}.")
    limits.check_memory(settings.memory(len(text.vocab), itemsize))


def fit_settings(text: LoadedText, settings: ModelSettings) -> ModelSettings | None:
    """Return settings that can train on a text which is too short for ``settings``, or None."""
    train_ids, _ = split(text.ids, settings.val_fraction)
    if len(train_ids) > settings.batch_size * settings.seq_length:
        return None
    return fit_to_length(settings, len(train_ids))


def _describe_fit(text: LoadedText, settings: ModelSettings) -> str:
    """Return which settings would fit, as the end of "Use a longer text"; or ""."""
    fitting = fit_settings(text, settings)
    if fitting is None:
        return ""
    if fitting.seq_length == settings.seq_length:
        return f", or a batch size of {fitting.batch_size}"
    return f", or a sequence length of {fitting.seq_length} with a batch size of 1"


def new_model(text: LoadedText, settings: ModelSettings) -> RNN:
    """Return an untrained network over the text's vocabulary."""
    return RNN(
        len(text.vocab),
        text.vocab.idx_to_char,
        input_dim=settings.embedding_dim(len(text.vocab)),
        hidden_dim=settings.hidden_dim,
        cell_type=settings.cell_type,
        num_layers=settings.num_layers,
        dropout=settings.dropout,
        seed=settings.seed,
    )


def new_solver(
    text: LoadedText, settings: ModelSettings, train: TrainSettings, model: RNN | None = None
) -> Solver:
    """Return a solver at iteration 0, after ``check_settings``; ``model`` None: a new network."""
    check_settings(text, settings, 4 if model is None else model.dtype.itemsize)
    return Solver(
        text.ids,
        new_model(text, settings) if model is None else model,
        seq_length=settings.seq_length,
        batch_size=settings.batch_size,
        val_fraction=settings.val_fraction,
        seed=settings.seed,
        **train.solver_arguments(),
    )


def new_run(
    text: LoadedText, settings: ModelSettings, train: TrainSettings, model: RNN | None = None
) -> Run:
    """Return a run at iteration 0, of a new network or of a copy of ``model``.

    settings: those of ``model``, if it is given.
    """
    own = None if model is None else model.copy()
    run = run_from_solver(new_id(), text, settings, new_solver(text, settings, train, own))
    run.initial_model = model
    return run


def new_id() -> str:
    """Return a random id, too long to guess because it is all that protects a run."""
    return secrets.token_urlsafe(12)


def run_from_solver(run_id: str, text: LoadedText, settings: ModelSettings, solver: Solver) -> Run:
    """Return a run of this solver, at whatever iteration, with a trainer and a sample log."""
    trainer = Trainer(solver, SCHEDULER)
    sample_log = SampleLog(seed_text=default_seed_text(text))
    trainer.after_chunk.append(sample_log)
    trainer.before_pause.append(sample_log.before_pause)
    plan = Plan(Goal("iterations", solver.num_iters))
    return Run(run_id, text, settings, trainer, sample_log, plan)


def default_seed_text(text: LoadedText) -> str:
    """Return the first two words of the text's first sentence, or failing that its first word.

    If the first line has no space, or only a late one, it is the line's first character.
    """
    beginning = text.preview(2000)
    sentence = re.search(r"^\W*([A-Z][a-z]* [a-z]+ )", beginning, re.MULTILINE)
    if sentence and len(sentence[1]) <= _MAX_SEED:
        return sentence[1]
    line = beginning.lstrip().partition("\n")[0]
    word = line[: line.find(" ") + 1]
    return (word if len(word) <= _MAX_SEED else "") or line[:1] or beginning[:1]
