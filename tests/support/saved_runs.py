"""Small solvers to save and load, and the list of all values that must survive."""

from __future__ import annotations

import io
import random

from rnncore import RNN, Solver, Vocab, save

TEXT = "".join(random.Random(1).choices("abc dé\n", k=700))
VOCAB = Vocab.from_text(TEXT)
IDS = VOCAB.encode(TEXT)


def make(ids=IDS, **changes) -> Solver:
    """A small solver; each of ``changes`` is a setting of the model or of the solver."""
    model = {"input_dim": 3, "hidden_dim": 4, "num_layers": 1, "seed": 5}
    solver = {"seq_length": 6, "batch_size": 3, "num_iters": 60, "eval_every": 7, "seed": 2}
    for name, value in changes.items():
        known = name in model or name in ("cell_type", "dropout", "dtype")
        (model if known else solver)[name] = value
    return Solver(ids, RNN(len(VOCAB), VOCAB.idx_to_char, **model), **solver)


def saved(solver: Solver, **how) -> bytes:
    """The bytes of the solver's file."""
    file = io.BytesIO()
    save(solver, file, **how)
    return file.getvalue()


def run(solver: Solver, steps: int) -> list[float]:
    """Train ``steps`` iterations; returns their losses."""
    return [solver.step() for _ in range(steps)]


def everything(solver: Solver) -> tuple:
    """All values of a run, except the time it took."""
    history = solver.history.to_array()
    history[2] = 0
    best = solver.best
    return (
        solver.settings(),
        solver.position() | {"seconds": 0},
        solver.model.settings(),
        solver.model.flat.tobytes(),
        {name: slot.tobytes() for name, slot in solver.optimizer.slots.items()},
        [part.tobytes() for part in solver.state],
        history.tobytes(),
        (solver.history.layers.names, solver.history.layers.values.tobytes()),
        best and (best.iteration, best.loss, best.flat.tobytes()),
        solver.model.sample("a", T=20, seed=1),
        repr(solver.evaluate()),  # NaN without validation text
    )
