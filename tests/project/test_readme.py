"""The README is correct: its examples run, and CI runs its test command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run(code: str, cwd: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_trains_and_generates_text():
    example = next(block for block in BLOCKS if "Solver(" in block)
    assert len(example.strip().splitlines()) <= 12
    val, generated = run(example, ROOT).split("\n", 1)
    assert float(val) < 2.6
    assert len(generated) >= 200


def test_a_downloaded_model_opens_as_shown(tmp_path):
    pickled = "import pickle, rnncore; pickle.dump(rnncore.pretrained('pride'), open({!r}, 'wb'))"
    run(pickled.format("lighthouse.pkl"), tmp_path)
    example = next(block for block in BLOCKS if "pickle.load" in block)
    assert len(run(example, tmp_path)) >= 500


def test_ci_runs_the_test_command():
    command = "pip install -r requirements-dev.txt && python -m pytest"
    assert f"\n{command}\n" in README
    assert "README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_top_level_folder_is_explained():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("needs a git checkout to list the project's folders")
    folders = {line.split("/")[0] for line in tracked.stdout.splitlines() if "/" in line}
    for folder in folders - {".streamlit", ".ci"}:
        assert f"`{folder}/`" in README
