"""The command line, from `python -m rnncore`."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import rnncore.gradcheck
from rnncore import CELLS, RNN, Solver
from rnncore.__main__ import main
from rnncore.compute import blas
from tests.support.paths import ROOT

SMALL = ["--hidden", "12", "--iters", "30", "--seq-length", "10", "--batch-size", "4"]
BOOK = "The cat sat on the mat and the rat sat on the cat; so it goes, round and round.\n" * 40


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path):
    """A model file; where it lies."""
    import pickle

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(RNN(6, "abcdé\n", 4, 8, seed=1), protocol=4))
    return path


def run(capsys, *argv):
    """Exit code, standard output and standard error."""
    try:
        code = main([str(arg) for arg in argv])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(capsys, *argv):
    """The one sentence of a refusal."""
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith("rnncore")
    assert err.count("\n") == 1
    return err


# --- train ----------------------------------------------------------------------------------


def load(path):
    from rnncore.storage.checkpoint import load

    return load(path)


def test_train_saves_a_run_and_a_model(capsys, tmp_path, book):
    out, pkl = tmp_path / "run.npz", tmp_path / "model.pkl"
    options = ["--cell", "gru", "--layers", 2, "--embed", 5, "--rule", "rmsprop", "--lr", 0.01]
    code, said, err = run(capsys, "train", book, "--out", out, "--model", pkl, *SMALL, *options)
    assert code == 0, err
    assert said.startswith("30 iterations: loss ")
    solver = load(out)
    assert (solver.iteration, solver.num_iters) == (30, 30)
    assert (solver.seq_length, solver.batch_size) == (10, 4)
    assert (solver.update_rule, solver.lr) == ("rmsprop", 0.01)
    m = solver.model
    assert (m.cell_type, m.num_layers, m.hidden_dim, m.input_dim) == ("gru", 2, 12, 5)
    assert set(m.vocab.idx_to_char) == set(BOOK)
    np.testing.assert_array_equal(load(pkl).flat, m.flat)


def test_the_seed_repeats_a_run(capsys, tmp_path, book):
    for name in ("a", "b"):
        path = tmp_path / f"{name}.pkl"
        assert run(capsys, "train", book, "--model", path, "--seed", 7, *SMALL)[0] == 0
    np.testing.assert_array_equal(load(tmp_path / "a.pkl").flat, load(tmp_path / "b.pkl").flat)


def test_a_saved_run_goes_on_exactly(capsys, tmp_path, book):
    part, whole = tmp_path / "part.npz", tmp_path / "whole.npz"
    constant = ["--schedule", "constant"]
    assert run(capsys, "train", book, "--out", part, *SMALL, *constant)[0] == 0
    assert run(capsys, "train", part, "--out", part, "--iters", 50)[0] == 0
    assert run(capsys, "train", book, "--out", whole, *SMALL, *constant, "--iters", 50)[0] == 0
    assert load(part).iteration == 50
    np.testing.assert_array_equal(load(part).model.flat, load(whole).model.flat)
    assert "--hidden is settled" in refused(capsys, "train", part, "--hidden", 9)
    assert "--seed is settled" in refused(capsys, "train", part, "--seed", 9)


def test_an_interrupted_run_is_saved(capsys, tmp_path, book, monkeypatch):
    step = Solver.step

    def interrupted(self):
        if self.iteration == 5:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Solver, "step", interrupted)
    assert run(capsys, "train", book, "--out", tmp_path / "run.npz", *SMALL)[0] == 0
    assert load(tmp_path / "run.npz").iteration == 5


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
def test_train_refuses_before_it_begins(capsys, book, options, message):
    assert message in refused(capsys, "train", book, *options)


def test_a_book_that_is_none(capsys, tmp_path):
    assert "No such file" in refused(capsys, "train", tmp_path / "absent.txt")
    picture = tmp_path / "book.txt"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    assert "not a text" in refused(capsys, "train", picture)


def test_what_cannot_go_on_is_refused(capsys, tmp_path, model):
    disguised = tmp_path / "run.npz"
    disguised.write_bytes(b"not a run at all")
    refused(capsys, "train", disguised)
    disguised.write_bytes(model.read_bytes())
    assert "holds a model, not a run" in refused(capsys, "train", disguised)


# --- sample ---------------------------------------------------------------------------------


def test_sample_writes_on_from_the_seed(capsys, model):
    options = ["--length", 40, "--temperature", 0.8, "--top-k", 4, "--top-p", 0.9, "--seed", 3]
    code, out, err = run(capsys, "sample", model, "--seed-text", "ab", *options)
    expected = load(model).sample("ab", 40, 0.8, 4, 0.9, seed=3)
    assert (code, out, err) == (0, f"ab{expected}\n", "")


def test_sample_without_a_seed_begins_a_line(capsys, model):
    code, out, _ = run(capsys, "sample", model, "--length", 30, "--seed", 0)
    assert (code, out) == (0, load(model).sample("\n", 30, seed=0) + "\n")


def test_sample_from_a_run(capsys, tmp_path, book):
    out = tmp_path / "run.npz"
    run(capsys, "train", book, "--out", out, *SMALL)
    code, said, _ = run(capsys, "sample", out, "--seed-text", "The ", "--temperature", 0)
    assert (code, said) == (0, "The " + load(out).model.sample("The ", 500, 0) + "\n")


def test_sample_from_a_model_without_characters(capsys, tmp_path):
    import pickle

    path, model = tmp_path / "ids.pkl", RNN(6, None, 4, 8)
    path.write_bytes(pickle.dumps(model, protocol=4))
    code, out, _ = run(capsys, "sample", path, "--seed-text", "3 1,4", "--length", 9, "--seed", 0)
    assert code == 0
    assert [int(i) for i in out.split()] == model.sample([3, 1, 4], 9, seed=0).tolist()
    assert "give ids" in refused(capsys, "sample", path, "--seed-text", "The")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed-text", "axe"], "lacks 'x', 'e'"),
        (["--seed-text", ""], "seed is empty"),
        (["--temperature", -1], "temperature is -1"),
        (["--top-p", 2], "top_p is 2"),
        (["--length", -1], "T is -1"),
        (["--seed", -1], "seed is -1"),
    ],
)
def test_sample_refuses(capsys, model, options, message):
    assert message in refused(capsys, "sample", model, *options)


def test_a_model_file_that_is_none(capsys, tmp_path):
    path = tmp_path / "model.pkl"
    refused(capsys, "sample", path)
    path.write_bytes(b"\x80\x04cos\nsystem\n(\x8c\x0becho gotchatR.")
    assert "system" in refused(capsys, "sample", path)


# --- gradcheck and info ---------------------------------------------------------------------


def test_gradcheck_prints_a_line_for_each_gradient(capsys):
    code, out, _ = run(capsys, "gradcheck")
    assert code == 0
    rows = [line.split() for line in out.splitlines()[1:-2]]
    assert {(row[0], row[1]) for row in rows} == {(c, n) for c in CELLS for n in "123"}
    assert all(float(row[-1]) < 1e-7 for row in rows)
    assert "at most 1e-07" in out.splitlines()[-1]


def test_gradcheck_fails_where_a_gradient_is_wrong(capsys, monkeypatch):
    check = rnncore.gradcheck.Check("lstm", 1, "b", (4,), 2e-7)
    monkeypatch.setattr(rnncore.gradcheck, "check_model", lambda cell, layers: [check])
    code, out, _ = run(capsys, "gradcheck")
    assert code == 1
    assert "MORE than" in out


def test_info_tells_kernel_threads_and_why(capsys):
    code, out, _ = run(capsys, "info")
    found = blas.info()
    assert code == 0
    for said in (found.library, found.kernel, str(found.threads), *found.reasons):
        assert said in out


# --- as a program ---------------------------------------------------------------------------


def program(*argv, **environ):
    return subprocess.run(
        [sys.executable, "-m", "rnncore", *map(str, argv)],
        cwd=ROOT, capture_output=True, env=os.environ | environ, check=False,
    )  # fmt: skip


def test_a_terminal_that_lacks_a_character_shows_a_question_mark(model):
    done = program("sample", model, "--length", 60, "--seed", 1, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout


def test_a_variable_that_the_user_has_set_is_named():
    done = program("info", OPENBLAS_NUM_THREADS="1")
    assert b"OPENBLAS_NUM_THREADS=1 was set by you" in done.stdout


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"RNNCORE_THREADS": "2", "RNNCORE_PROCESSES": "0"}, b"batches  by 2 threads\n"),
        ({"RNNCORE_THREADS": "1"}, b"batches  whole\n"),
    ],
)
def test_info_tells_who_shares_a_batch(environ, said):
    done = program("info", OPENBLAS_NUM_THREADS="1", **environ)
    assert said in done.stdout.replace(b"\r", b"")


def test_without_a_command_it_says_what_to_do():
    done = program()
    assert done.returncode == 2
    assert b"COMMAND" in done.stderr
    assert b"--help" in done.stderr


def test_a_reader_that_leaves_early_is_no_error(model):
    """As with "| head": the sample is cut short, without a traceback."""
    argv = [sys.executable, "-m", "rnncore", "sample", str(model), "--length", "200000"]
    with subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 0


def test_the_model_that_it_writes_opens_by_hand(capsys, tmp_path, book):
    """``pickle.load`` and ``sample``, as the README shows it."""
    path = tmp_path / "model.pkl"
    run(capsys, "train", book, "--model", path, *SMALL)
    code = "import json, pickle, sys; m = pickle.load(open(sys.argv[1], 'rb'))"
    code += "; print(json.dumps(m.sample('T', T=20, temperature=0)))"
    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, check=True
    )
    assert len(json.loads(done.stdout)) == 20
