"""Hypothesis runs the same examples at every CI run and prints how to repeat a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

FAILING = """
from hypothesis import given, strategies

@given(strategies.integers())
def test_it(number):
    print("tried", number)
    assert number < 1000
"""


def run_in_ci(folder: Path) -> str:
    """Run a failing random test under this project's conftest; return pytest's output."""
    (folder / "test_failing.py").write_text(FAILING, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "test_failing.py"],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT), "CI": "true"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def tried(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("tried ")]


def test_ci_tries_the_same_examples_twice_and_prints_the_failing_one(tmp_path):
    first, second = run_in_ci(tmp_path), run_in_ci(tmp_path)
    assert len(tried(first)) > 1
    assert tried(first) == tried(second)
    assert "number=1000," in first  # the smallest example that fails
    assert "@reproduce_failure(" in first
