"""A run: a text, settings, and the trainer that works on them."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass

from dashboard import limits
from dashboard.diary import Diary
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.texts import LoadedText
from dashboard.training import Trainer
from dashboard.turns import Turns
from rnncore import RNN, RnnCoreError, Solver
from rnncore.batches import split, too_short

TURNS = Turns(limits.TRAINING_SEATS)


@dataclass(frozen=True, eq=False)
class Run:
    """One training of one network on one text. Its id is all that opens it again."""

    id: str
    text: LoadedText
    model_settings: ModelSettings
    trainer: Trainer
    diary: Diary

    @property
    def solver(self) -> Solver:
        """The solver that the trainer drives."""
        return self.trainer.solver

    @property
    def chars_per_epoch(self) -> int:
        """Characters that one pass over the training text reads."""
        solver = self.solver
        return solver.batches.per_epoch * solver.batch_size * solver.seq_length


def check(text: LoadedText, settings: ModelSettings) -> None:
    """An RnnCoreError that says why these settings cannot train on this text, if so."""
    train_ids, _ = split(text.ids, settings.val_fraction)
    N, T = settings.batch_size, settings.seq_length
    if len(train_ids) < N * T + 1:
        raise RnnCoreError(too_short(len(train_ids), N, T))
    limits.check_memory(settings.memory(len(text.vocab)))


def new_run(text: LoadedText, settings: ModelSettings, train: TrainSettings) -> Run:
    """A fresh network, ready to train; everything is checked before anything is allocated."""
    check(text, settings)
    model = RNN(
        len(text.vocab),
        text.vocab.idx_to_char,
        input_dim=settings.embedding_dim(len(text.vocab)),
        hidden_dim=settings.hidden_dim,
        cell_type=settings.cell_type,
        num_layers=settings.num_layers,
        dropout=settings.dropout,
        seed=settings.seed,
    )
    solver = Solver(
        text.ids,
        model,
        seq_length=settings.seq_length,
        batch_size=settings.batch_size,
        lr=train.lr,
        update_rule=train.update_rule,
        num_iters=train.num_iters,
        val_fraction=settings.val_fraction,
        schedule=train.schedule,
        clip=None if math.isinf(train.clip) else train.clip,
        seed=settings.seed,
    )
    trainer = Trainer(solver, TURNS)
    diary = Diary(seed_text=default_seed(text))
    trainer.observers.append(diary)
    return Run(secrets.token_urlsafe(12), text, settings, trainer, diary)


def default_seed(text: LoadedText) -> str:
    """What a sample begins with if nothing else is asked for: the text's first words."""
    line = text.preview(200).lstrip()
    return line[: line.find(" ") + 1] or line[:1] or text.preview(1)
