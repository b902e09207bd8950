"""A run: a text, settings, and the trainer that works on them."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dashboard.server import limits
from dashboard.server.memory import Reservation
from dashboard.settings import Goal, ModelSettings, TrainSettings
from dashboard.text.loading import LoadedText
from dashboard.training.goals import Plan
from dashboard.training.sample_log import SampleLog
from dashboard.training.scheduler import Scheduler
from dashboard.training.trainer import Trainer
from rnncore import RNN, RnnCoreError, Solver
from rnncore.batches import split, too_short

if TYPE_CHECKING:
    from dashboard.runs.autosave import Autosaver

SCHEDULER = Scheduler(limits.TRAINING_SEATS)


@dataclass(eq=False)
class Run:
    """One training of one network on one text. Its id is all that opens it again."""

    id: str
    text: LoadedText
    model_settings: ModelSettings
    trainer: Trainer
    sample_log: SampleLog
    plan: Plan  # changed by ``follow``
    created: float = field(default_factory=time.time)  # seconds since 1970
    notes: tuple[str, ...] = ()  # sentences on how it was opened
    autosaver: Autosaver | None = None  # what saves it, if anything does
    export_error: str = ""  # why the last file that was asked for could not be made
    first: RNN | None = None  # the network it began with, if that knew something already
    file: tuple[object, bytes] | None = None  # a state of the model, and the pickle of it
    reservation: Reservation | None = None  # of the memory that training will take

    @property
    def solver(self) -> Solver:
        """The solver that the trainer drives."""
        return self.trainer.solver

    @property
    def learnt(self) -> bool:
        """Whether there is anything in it that could be lost."""
        return self.first is not None or self.solver.iteration > 0

    def train(self, seconds: float) -> None:
        """Train for so long; what memory that takes is promised until it is taken."""
        if self.reservation is None:
            itemsize = self.solver.model.dtype.itemsize
            self.reservation = Reservation(
                self.model_settings.memory(len(self.text.vocab), itemsize)
            )
            self.trainer.observers.append(self._has_taken)
        self.trainer.start(seconds)

    def _has_taken(self, _: Solver) -> None:
        if self.reservation is not None:
            self.reservation.release()

    def follow(self, plan: Plan) -> None:
        """Let training end by this plan, from now on."""
        self.plan, self.trainer.stop_rule = plan, plan.rule()

    @property
    def train_settings(self) -> TrainSettings:
        """What the solver trains with now."""
        return TrainSettings.from_solver(self.solver)

    @property
    def chars_per_epoch(self) -> int:
        """Characters that one pass over the training text reads."""
        solver = self.solver
        return solver.batches.per_epoch * solver.batch_size * solver.seq_length


def check(text: LoadedText, settings: ModelSettings, itemsize: int = 4) -> None:
    """An RnnCoreError that says why these settings cannot train on this text, if so.

    itemsize: bytes of one parameter.
    """
    train_ids, _ = split(text.ids, settings.val_fraction)
    N, T = settings.batch_size, settings.seq_length
    if len(train_ids) < N * T + 1:
        raise RnnCoreError(too_short(len(train_ids), N, T))
    limits.check_memory(settings.memory(len(text.vocab), itemsize))


def new_model(text: LoadedText, settings: ModelSettings) -> RNN:
    """An untrained network over the text's vocabulary."""
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
    """A solver at its beginning; everything is checked before anything is allocated."""
    check(text, settings, 4 if model is None else model.dtype.itemsize)
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
    """A run at its beginning, of a fresh network or of a copy of ``model``, which ``settings``
    describe."""
    own = None if model is None else model.copy()
    run = wrap(fresh_id(), text, settings, new_solver(text, settings, train, own))
    run.first = model
    return run


def fresh_id() -> str:
    """An id that nobody can guess: whoever has it can open the run."""
    return secrets.token_urlsafe(12)


def wrap(run_id: str, text: LoadedText, settings: ModelSettings, solver: Solver) -> Run:
    """A solver, wherever it stands, with the trainer and the diary that go with it."""
    trainer = Trainer(solver, SCHEDULER)
    sample_log = SampleLog(seed_text=default_seed(text))
    trainer.observers.append(sample_log)
    plan = Plan(Goal("iterations", solver.num_iters))
    return Run(run_id, text, settings, trainer, sample_log, plan)


def default_seed(text: LoadedText) -> str:
    """What a sample begins with if nothing else is asked for: the text's first sentence's words."""
    beginning = text.preview(2000)
    sentence = re.search(r"^\W*([A-Z][a-z]* [a-z]+ )", beginning, re.MULTILINE)
    if sentence:
        return sentence[1]
    line = beginning.lstrip()
    return line[: line.find(" ") + 1] or line[:1] or beginning[:1]
