"""Make the files of this folder, once for each number of the file format.

    python tests/golden/make.py 1

writes ``model-v1.pkl``, ``run-v1.npz`` and ``expected-v1.json``. Files of released formats are
never made again: they represent the files that users have on disk.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rnncore import RNN, Sampler, Solver, Vocab, save
from rnncore.storage.model_pickle import dump_model

HERE = Path(__file__).parent
TEXT = "It is a truth universally acknowledged, that a single man in possession… " * 3
MORE_STEPS = 5


def make(number: str) -> None:
    """Save a two-layer run with dropout in the middle of its training, its model, and what
    both must compute after loading."""
    vocab = Vocab.from_text(TEXT)
    model = RNN(len(vocab), vocab.idx_to_char, 3, 5, "lstm", 2, dropout=0.2, seed=4)
    solver = Solver(vocab.encode(TEXT), model, 8, 3, 0.02, "adam", 40, warmup=2, eval_every=5)
    for _ in range(12):
        solver.step()
    (HERE / f"model-v{number}.pkl").write_bytes(dump_model(model))
    save(solver, HERE / f"run-v{number}.npz")
    expected = {
        "weights": float(abs(model.flat).sum(dtype="float64")),
        "probabilities": Sampler(model).next_probabilities("It is")[:6].tolist(),
        "losses": [solver.step() for _ in range(MORE_STEPS)],
    }
    (HERE / f"expected-v{number}.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    make(sys.argv[1])
