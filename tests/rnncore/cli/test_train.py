"""``python -m rnncore train``."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from rnncore import Solver, load
from tests.rnncore.cli.commands import BOOK, SMALL
from tests.support.paths import ROOT


def test_train_saves_a_run_and_a_model(run, tmp_path, book):
    out, pkl = tmp_path / "run.npz", tmp_path / "model.pkl"
    options = ["--cell", "gru", "--layers", 2, "--embed", 5, "--rule", "rmsprop", "--lr", 0.01]
    code, printed, err = run("train", book, "--out", out, "--model", pkl, *SMALL, *options)
    assert code == 0, err
    assert printed.startswith("30 iterations: loss ")
    solver = load(out)
    assert (solver.iteration, solver.num_iters) == (30, 30)
    assert (solver.seq_length, solver.batch_size) == (10, 4)
    assert (solver.update_rule, solver.lr) == ("rmsprop", 0.01)
    m = solver.model
    assert (m.cell_type, m.num_layers, m.hidden_dim, m.input_dim) == ("gru", 2, 12, 5)
    assert set(m.vocab.idx_to_char) == set(BOOK)
    np.testing.assert_array_equal(load(pkl).flat, m.flat)


def test_the_same_seed_trains_the_same_model(run, tmp_path, book):
    for name in ("a", "b"):
        path = tmp_path / f"{name}.pkl"
        assert run("train", book, "--model", path, "--seed", 7, *SMALL)[0] == 0
    np.testing.assert_array_equal(load(tmp_path / "a.pkl").flat, load(tmp_path / "b.pkl").flat)


def test_a_saved_run_continues_exactly(run, error_of, tmp_path, book):
    part, whole = tmp_path / "part.npz", tmp_path / "whole.npz"
    constant = ["--schedule", "constant"]
    assert run("train", book, "--out", part, *SMALL, *constant)[0] == 0
    assert run("train", part, "--out", part, "--iters", 50)[0] == 0
    assert run("train", book, "--out", whole, *SMALL, *constant, "--iters", 50)[0] == 0
    assert load(part).iteration == 50
    np.testing.assert_array_equal(load(part).model.flat, load(whole).model.flat)
    assert "--hidden cannot be changed" in error_of("train", part, "--hidden", 9)
    assert "--seed cannot be changed" in error_of("train", part, "--seed", 9)


def test_an_interrupted_run_is_saved(run, tmp_path, book, monkeypatch):
    step = Solver.step

    def interrupted(self):
        if self.iteration == 5:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Solver, "step", interrupted)
    assert run("train", book, "--out", tmp_path / "run.npz", *SMALL)[0] == 0
    assert load(tmp_path / "run.npz").iteration == 5


@pytest.mark.parametrize("kind", ["model.pkl", "run.npz"])
def test_a_trained_network_is_taught_another_book(run, tmp_path, book, kind):
    first = {"model.pkl": "--model", "run.npz": "--out"}[kind]
    assert run("train", book, first, tmp_path / kind, *SMALL)[0] == 0
    other = tmp_path / "other.txt"
    other.write_text(BOOK + "éé" * (len(BOOK) // 2), encoding="utf-8")
    out = tmp_path / "taught.npz"
    options = ["--iters", 20, "--seq-length", 10, "--batch-size", 4]
    code, _, err = run("train", other, "--from", tmp_path / kind, "--out", out, *options)
    assert code == 0, err
    assert "50.0% of the text are characters that the network has never seen." in err
    taught, before = load(out), load(tmp_path / kind)
    known = before.model.vocab if isinstance(before, Solver) else before.vocab
    assert taught.model.vocab.idx_to_char == (*known.idx_to_char, "é")
    assert taught.iteration == 20
    # A model has no moments; a run's optimizer continues.
    assert taught.optimizer.steps == 20 + (30 if kind == "run.npz" else 0)


def test_from_keeps_the_networks_sizes_and_needs_a_text(run, error_of, tmp_path, book):
    out, model = tmp_path / "run.npz", tmp_path / "model.pkl"
    assert run("train", book, "--out", out, "--model", model, *SMALL)[0] == 0
    error = error_of("train", book, "--from", model, "--hidden", 9)
    assert "--hidden cannot be changed in a trained network" in error
    assert "--from needs a text to learn" in error_of("train", out, "--from", model)
    assert "neither a run (.npz) nor a model" in error_of("train", book, "--from", book)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", 0], "hidden_dim is 0"),
        (["--hidden", "many"], "invalid int value: 'many'"),
        (["--cell", "elman"], "invalid choice: 'elman'"),
        (["--lr", -1], "lr is -1"),
        (["--seq-length", 5000], "Use a longer text, or a sequence length of"),
        (["--out", "run.zip"], "its name must end in .npz"),
        (["--model", "no/such/folder/model.pkl"], "there is no folder"),
        (["--sead", 1], "unrecognized arguments: --sead 1"),
    ],
)
def test_wrong_options_are_reported_before_training(error_of, book, options, message):
    assert message in error_of("train", book, *options)


def test_a_missing_or_unreadable_book_is_reported(error_of, tmp_path):
    assert "No such file" in error_of("train", tmp_path / "absent.txt")
    picture = tmp_path / "book.txt"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    assert "not a text" in error_of("train", picture)


def test_a_file_that_holds_no_run_cannot_be_continued(error_of, tmp_path, model):
    other = tmp_path / "run.npz"
    other.write_bytes(b"not a run at all")
    error_of("train", other)
    other.write_bytes(model.read_bytes())
    assert "holds a model, not a run" in error_of("train", other)


def test_the_saved_model_opens_with_pickle_load(run, tmp_path, book):
    """``pickle.load`` and ``sample``, as the README shows it."""
    path = tmp_path / "model.pkl"
    run("train", book, "--model", path, *SMALL)
    code = "import json, pickle, sys; m = pickle.load(open(sys.argv[1], 'rb'))"
    code += "; print(json.dumps(m.sample('T', T=20, temperature=0)))"
    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, check=True
    )
    assert len(json.loads(done.stdout)) == 20


def test_progress_shows_loss_speed_and_time_left(run, book):
    _, printed, err = run("train", book, *SMALL)
    (line,) = [line for line in err.splitlines() if line.startswith("30/30")]
    assert all(word in line for word in ("loss ", "validation ", "characters/s"))
    assert "30/30" not in printed  # standard output has the result alone


def test_the_encoding_of_a_book_can_be_given(run, error_of, tmp_path, book):
    greek = tmp_path / "greek.txt"
    greek.write_bytes(("Ο ήλιος ανατέλλει πάνω από τη θάλασσα.\n" * 40).encode("iso8859-7"))
    out = tmp_path / "run.npz"
    assert run("train", greek, "--encoding", "iso8859-7", "--out", out, *SMALL)[0] == 0
    assert {"ή", "λ", "θ"} <= set(load(out).model.vocab.idx_to_char)
    assert "no text encoding called 'klingon'" in error_of("train", book, "--encoding", "klingon")
    assert "--encoding is for a text" in error_of("train", out, "--encoding", "utf-8")
