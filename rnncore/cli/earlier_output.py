"""What ``train`` does if its output exists: continue that run, and never overwrite another."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np

from rnncore.errors import RnnCoreError, SettingError
from rnncore.model import RNN
from rnncore.solver import Solver
from rnncore.storage.checkpoint import load

_HINT = "Choose another name, or add --restart to replace it."


def continue_output(out: Path, book: Path, new: Solver, changeable: Collection[str]) -> Solver:
    """Return the run that the file ``out`` holds, if it continues ``new``.

    book: the text or run that ``new`` is from; ``new`` is returned if that is ``out`` itself.
    changeable: names of settings in which the runs may differ.
    SettingError: the file holds another run, or no run.
    """
    if out.samefile(book):
        return new
    try:
        old = load(out)
    except RnnCoreError as error:
        raise SettingError(f"--out is {out}, which is no run: {error} {_HINT}") from None
    if not isinstance(old, Solver):
        raise SettingError(f"--out is {out}, which holds a model, not a run. {_HINT}")
    if difference := _describe_difference(old, new, changeable):
        raise SettingError(f"--out is {out}, which holds another run: {difference}. {_HINT}")
    print(f"Continuing {out} at iteration {old.iteration:,} of {old.num_iters:,}.", file=sys.stderr)
    if old.finished:
        print("It is finished. Give more --iters to train it longer.", file=sys.stderr)
    return old


def _describe_difference(old: Solver, new: Solver, changeable: Collection[str]) -> str:
    """Return in what two runs differ, or "" if one continues the other."""
    models: list[RNN] = [old.model, new.model]
    vocab, wanted = (model.settings()["idx_to_char"] for model in models)
    if vocab != wanted or not np.array_equal(old.ids, new.ids):
        return "its text is another one"
    before, now = (solver.model.settings() | solver.settings() for solver in (old, new))
    for name in sorted(set(now) - set(changeable)):
        if before[name] != now[name]:
            return f"its {name} is {before[name]}, not {now[name]}"
    return ""
