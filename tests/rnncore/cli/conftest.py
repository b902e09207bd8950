"""The command line as tests call it: in this process, with its output captured."""

from __future__ import annotations

import pickle

import pytest

from rnncore import RNN
from rnncore.__main__ import main
from tests.rnncore.cli.commands import BOOK


@pytest.fixture
def book(tmp_path):
    """The path of a small text."""
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path):
    """The path of a model on the characters "abcdé" and the line feed."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(RNN(6, "abcdé\n", 4, 8, seed=1), protocol=4))
    return path


@pytest.fixture
def run(capsys):
    """Run a command; returns its exit code, standard output and standard error."""

    def run_command(*argv):
        try:
            code = main([str(arg) for arg in argv])
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


@pytest.fixture
def error_of(run):
    """Run a command that must fail with exit code 2; returns its one line of error."""

    def run_failing(*argv):
        code, out, err = run(*argv)
        assert (code, out) == (2, "")
        assert err.startswith("rnncore")
        assert err.count("\n") == 1
        return err

    return run_failing
