"""``python -m rnncore train``."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from rnncore import Solver, load
from rnncore.cli import outputs, train
from rnncore.cli.outputs import Outputs
from rnncore.cli.stop_signals import stop_on_signals
from rnncore.errors import SaveError
from rnncore.learning_rates import suggest_rate
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


def test_without_a_rate_the_run_takes_and_prints_the_one_that_suits_its_network(
    run, tmp_path, book
):
    out = tmp_path / "run.npz"
    code, _, err = run("train", book, "--out", out, "--cell", "gru", *SMALL)
    assert code == 0, err
    rate = suggest_rate("gru", 12, 1, 4)
    assert load(out).lr == rate
    assert f"adam, learning rate {rate:g}" in err
    code, _, err = run("train", out, "--iters", 40, "--lr", 0.25)
    assert code == 0, err
    assert "adam, learning rate 0.25" in err


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


# -- stopping and continuing -------------------------------------------------------------------

LONG = [*SMALL[:2], "--iters", "1000000", "--seq-length", "10", "--batch-size", "4"]
MODES = {
    "processes": {"RNNCORE_THREADS": "2"},
    "threads": {"RNNCORE_THREADS": "2", "RNNCORE_PROCESSES": "0"},
    "one thread": {"RNNCORE_THREADS": "1"},
}
SPLIT = "import rnncore.batch_pass as b, sys; b._MIN_FLOPS = 1; from rnncore.cli.main import main; "
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")


def start_training(book, out, **environ):
    """Start a long training in a process of its own that splits even small batches."""
    code = SPLIT + "sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, "train", str(book), "--out", str(out), *LONG],
        cwd=ROOT, env=os.environ | environ, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def check_stopped(child, number, out):
    """Check what a training prints and returns after a signal; return the saved solver."""
    _, err = child.communicate(timeout=120)
    assert child.returncode == 128 + number, err
    solver = load(out)
    name = signal.Signals(number).name
    assert f"Stopped by {name} at iteration {solver.iteration:,} of 1,000,000." in err
    assert "Run the same command again to continue." in err
    counts = solver.batches.cursor, solver.optimizer.steps, len(solver.history)
    assert counts == (solver.iteration,) * 3
    return solver


@posix
@pytest.mark.parametrize(
    ("mode", "name"), [("processes", "SIGTERM"), ("threads", "SIGINT"), ("one thread", "SIGHUP")]
)
def test_a_signal_saves_the_run_and_the_same_command_continues_it(tmp_path, book, mode, name):
    number, out, iterations = getattr(signal, name), tmp_path / "run.npz", [0]
    for _ in range(2):
        with start_training(book, out, **MODES[mode]) as child:
            if iterations[-1]:
                wanted = f"Continuing {out} at iteration {iterations[-1]:,} of 1,000,000."
                assert child.stderr.readline() == wanted + "\n"
            assert child.stderr.readline().startswith("Solver(")
            time.sleep(random.Random(name).uniform(0.3, 1))
            child.send_signal(number)
            iterations.append(check_stopped(child, number, out).iteration)
    assert iterations[1] < iterations[2]
    stopped, whole = load(out), _new_solver(book)
    while whole.iteration < stopped.iteration:
        whole.step()
    np.testing.assert_array_equal(stopped.model.flat, whole.model.flat)
    np.testing.assert_array_equal(stopped.history["loss"], whole.history["loss"])


def _new_solver(book):
    given = {"hidden_dim": 12, "num_iters": 1000000, "seq_length": 10, "batch_size": 4}
    return train._begin_run(book, None, given | {"trained": None})


@posix
def test_nohup_keeps_training_after_a_hang_up(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals(pytest.fail) as arrived:
            os.kill(os.getpid(), signal.SIGHUP)
        assert arrived.first is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_run_is_saved_while_it_trains(run, tmp_path, book, monkeypatch):
    monkeypatch.setattr(outputs, "AUTOSAVE_SECONDS", 0.0)
    out, pkl, found = tmp_path / "run.npz", tmp_path / "model.pkl", []
    autosave = Outputs.autosave

    def autosave_and_stop(self, solver):
        autosave(self, solver)
        found.append((load(out).iteration, load(pkl).num_params, solver.iteration))
        raise SystemExit(9)  # as if the process had been killed here

    monkeypatch.setattr(Outputs, "autosave", autosave_and_stop)
    assert run("train", book, "--out", out, "--model", pkl, *LONG)[0] == 9
    ((saved, size, trained),) = found
    assert 0 < saved == trained
    assert size == load(pkl).num_params


def test_a_failing_autosave_is_reported_once_and_training_continues(
    run, tmp_path, book, monkeypatch
):
    monkeypatch.setattr(outputs, "AUTOSAVE_SECONDS", 0.0)
    monkeypatch.setattr(Solver, "train", lambda solver, progress, after_chunk: [
        after_chunk(solver) for _ in range(3)
    ])  # fmt: skip
    monkeypatch.setattr(outputs, "save", raising(SaveError("The run was not saved (disk full).")))
    code, _, err = run("train", book, "--out", tmp_path / "run.npz", *SMALL)
    assert code == 2
    assert err.count("The run was not saved (disk full). Training continues.") == 1
    assert err.endswith("rnncore: The run was not saved (disk full).\n")


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize("failing", ["run", "model"])
def test_a_full_disk_for_one_output_does_not_lose_the_other(
    run, tmp_path, book, monkeypatch, failing
):
    out, pkl = tmp_path / "run.npz", tmp_path / "model.pkl"
    name = "save" if failing == "run" else "replace_file"
    monkeypatch.setattr(outputs, name, raising(SaveError(f"The {failing} was not saved.")))
    code, _, err = run("train", book, "--out", out, "--model", pkl, *SMALL)
    assert code == 2
    assert err.endswith(f"rnncore: The {failing} was not saved.\n")
    kept = pkl if failing == "run" else out
    assert [path for path in (out, pkl) if path.exists()] == [kept]
    load(kept)


def test_another_run_is_not_overwritten(run, error_of, tmp_path, book, model):
    out = tmp_path / "run.npz"
    assert run("train", book, "--out", out, *SMALL)[0] == 0
    before = out.read_bytes()
    message = "holds another run: its hidden_dim is 12, not 9. Choose another name"
    assert message in error_of("train", book, "--out", out, *SMALL, "--hidden", 9)
    other = tmp_path / "other.txt"
    other.write_text(BOOK.upper(), encoding="utf-8")
    assert "its text is another one" in error_of("train", other, "--out", out, *SMALL)
    assert out.read_bytes() == before
    code, _, err = run("train", book, "--out", out, *SMALL)
    assert code == 0
    assert "It is finished. Give more --iters to train it longer." in err
    assert load(out).iteration == 30
    assert run("train", book, "--out", out, *SMALL, "--hidden", 9, "--restart")[0] == 0
    assert load(out).model.hidden_dim == 9
    out.write_bytes(b"notes, not a run")
    assert "which is no run" in error_of("train", book, "--out", out, *SMALL)
    out.write_bytes(model.read_bytes())
    assert "which holds a model, not a run" in error_of("train", book, "--out", out, *SMALL)
