"""``python -m rnncore sample``."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from rnncore import RNN, load
from tests.rnncore.cli.commands import SMALL, run_program
from tests.support.paths import ROOT


def test_sample_continues_the_seed_text(run, model):
    options = ["--length", 40, "--temperature", 0.8, "--top-k", 4, "--top-p", 0.9, "--seed", 3]
    code, out, err = run("sample", model, "--seed-text", "ab", *options)
    expected = load(model).sample("ab", 40, 0.8, 4, 0.9, seed=3)
    assert (code, out, err) == (0, f"ab{expected}\n", "")


def test_sample_without_a_seed_text_starts_a_line(run, model):
    code, out, _ = run("sample", model, "--length", 30, "--seed", 0)
    assert (code, out) == (0, load(model).sample("\n", 30, seed=0) + "\n")


def test_sample_reads_a_run(run, tmp_path, book):
    out = tmp_path / "run.npz"
    run("train", book, "--out", out, *SMALL)
    code, printed, _ = run("sample", out, "--seed-text", "The ", "--temperature", 0)
    assert (code, printed) == (0, "The " + load(out).model.sample("The ", 500, 0) + "\n")


def test_sample_prints_the_ids_of_a_model_without_characters(run, error_of, tmp_path):
    path, model = tmp_path / "ids.pkl", RNN(6, None, 4, 8)
    path.write_bytes(pickle.dumps(model, protocol=4))
    code, out, _ = run("sample", path, "--seed-text", "3 1,4", "--length", 9, "--seed", 0)
    assert code == 0
    assert [int(i) for i in out.split()] == model.sample([3, 1, 4], 9, seed=0).tolist()
    assert "give ids" in error_of("sample", path, "--seed-text", "The")


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
def test_wrong_options_are_reported(error_of, model, options, message):
    assert message in error_of("sample", model, *options)


def test_a_missing_or_unsafe_model_file_is_reported(error_of, tmp_path):
    path = tmp_path / "model.pkl"
    error_of("sample", path)
    path.write_bytes(b"\x80\x04cos\nsystem\n(\x8c\x0becho gotchatR.")
    assert "system" in error_of("sample", path)


def test_characters_that_the_terminal_lacks_become_question_marks(model):
    done = run_program("sample", model, "--length", 60, "--seed", 1, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout


def test_a_closed_pipe_ends_the_sample_without_an_error(model):
    """As with "| head": the sample is cut short, without a traceback."""
    argv = [sys.executable, "-m", "rnncore", "sample", str(model), "--length", "200000"]
    with subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 0
