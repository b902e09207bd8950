"""The program for NumPy alone: it writes what ``sample`` writes."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import zipfile

import pytest

import rnncore
from rnncore import RNN, to_numpy
from rnncore.errors import SettingError
from tests.support.stepping import EVERY_CELL, small_network


@pytest.fixture
def unpack(tmp_path):
    """Return a function that unpacks the export of a network and imports its program."""

    def unpack_and_import(network):
        with zipfile.ZipFile(io.BytesIO(to_numpy(network))) as archive:
            assert archive.namelist() == ["model.npz", "write.py"]
            archive.extractall(tmp_path)
        spec = importlib.util.spec_from_file_location("write", tmp_path / "write.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module, module.Network(tmp_path / "model.npz")

    return unpack_and_import


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", EVERY_CELL)
def test_the_same_seed_gives_the_same_text(unpack, cell, layers, dtype):
    network = small_network(cell, layers, dtype)
    program, copy = unpack(network)
    written = "".join(program.write(copy, "te<", 300, 0.8, seed=5))
    assert written == network.sample("te<", 300, 0.8, seed=5)


def test_the_program_runs_without_rnncore(unpack, tmp_path):
    network = rnncore.pretrained("pride")
    unpack(network)
    options = ["--seed-text", "Elizabeth ", "--length", "200", "--seed", "3", "--temperature"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-P", tmp_path / "write.py", *options, "0.5"],
        cwd=tmp_path, env=environment | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == f"Elizabeth {network.sample('Elizabeth ', 200, 0.5, seed=3)}\n"


def test_the_program_is_short_and_imports_only_numpy(unpack, tmp_path):
    unpack(small_network("gru"))
    source = (tmp_path / "write.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) < 120
    imported = [line for line in source.splitlines() if line.startswith(("import", "from"))]
    assert imported == ["import argparse", "from pathlib import Path", "import numpy as np"]


def test_the_same_network_gives_the_same_bytes():
    assert to_numpy(small_network("lstm")) == to_numpy(small_network("lstm"))


def test_a_network_without_characters_is_refused():
    with pytest.raises(SettingError, match="trained on numbers"):
        to_numpy(RNN(4, None, 2, 4))
