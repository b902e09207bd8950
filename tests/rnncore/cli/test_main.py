"""``python -m rnncore`` as a whole."""

from __future__ import annotations

import pytest

from rnncore.cli.main import COMMANDS
from tests.rnncore.cli.commands import run_program


def name_of(command):
    return command.__name__.rpartition(".")[2]


def test_without_a_command_the_error_points_to_help():
    done = run_program()
    assert done.returncode == 2
    assert b"COMMAND" in done.stderr
    assert b"--help" in done.stderr


def test_help_lists_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    listed = {line.split()[0] for line in out.splitlines() if line.startswith("    ")}
    assert {name_of(command) for command in COMMANDS} <= listed


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_every_command_explains_its_options(run, command):
    code, out, _ = run(name_of(command), "--help")
    assert code == 0
    assert "show this help message" in out
