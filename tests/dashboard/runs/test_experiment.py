"""A whole experiment in one zip, and back."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest

from dashboard.runs import experiment, exports, portable, uploads
from dashboard.runs.network_choice import LATEST
from dashboard.text.loading import load
from rnncore import RNN, RnnCoreError, Solver, to_torch
from rnncore.errors import FileFormatError
from tests.support.runs import TEXT, small_run


@pytest.fixture(scope="module")
def run():
    return small_run(steps=6)


@pytest.fixture(scope="module")
def packed(run):
    return experiment.pack(run, [])


@pytest.fixture(scope="module")
def without_text(run):
    return experiment.pack(run, [], with_text=False)


def read(raw, name):
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return archive.read(name)


def test_training_continues_exactly_from_an_experiment(run, packed):
    again, mine = (uploads.open_file(packed, None) for _ in range(2))
    assert isinstance(again, Solver)
    assert again.position() == run.solver.position()
    np.testing.assert_array_equal(again.ids, run.text.ids)
    assert [again.step() for _ in range(3)] == [mine.step() for _ in range(3)]
    assert again.notes["text"]["name"] == "cat.txt"


def test_the_readme_names_every_file(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = set(archive.namelist())
    readme = read(packed, "README.txt").decode()
    listed = {line.split()[0] for line in readme.splitlines()[2:]}
    assert listed | {"README.txt"} == names


def test_settings_and_result_are_plain_values(run, packed):
    about = json.loads(read(packed, "settings.json"))
    text = read(packed, "text.txt")
    assert text.decode() == TEXT.preview(len(TEXT))
    assert about["text"]["sha256"] == hashlib.sha256(text).hexdigest()
    assert about["network"]["hidden_dim"] == run.model_settings.hidden_dim
    assert about["result"]["iteration"] == 6
    assert len(read(packed, "history.csv").decode().splitlines()) == 7


def test_an_experiment_without_its_text_opens_with_the_same_text_only(run, without_text):
    with zipfile.ZipFile(io.BytesIO(without_text)) as archive:
        assert "text.txt" not in archive.namelist()
    digest = json.loads(read(without_text, "settings.json"))["text"]["sha256"]
    assert digest in read(without_text, "README.txt").decode()
    with pytest.raises(RnnCoreError, match=r"without its text\. Choose its text"):
        uploads.open_file(without_text, None)
    other = load(b"The cat sat on a log, and the dog on the mat. " * 40, "dog.txt")
    with pytest.raises(RnnCoreError, match=r"without its text, and dog\.txt is another one"):
        uploads.open_file(without_text, other)
    again = uploads.open_file(without_text, TEXT)
    np.testing.assert_array_equal(again.ids, run.text.ids)


def test_other_files_open_as_before(run):
    assert isinstance(uploads.open_file(exports.checkpoint_npz(run), None), Solver)
    assert isinstance(uploads.open_file(exports.model_pickle(run), None), RNN)
    with pytest.raises(FileFormatError):
        uploads.open_file(b"PK\x03\x04", None)


@pytest.mark.parametrize("change", ["cut", "compressed"])
def test_a_cut_or_compressed_run_is_refused(packed, change):
    raw = packed[:2000] if change == "cut" else packed[:8] + b"\x08" + packed[9:]
    with pytest.raises(FileFormatError, match=r"upload run\.npz itself"):
        uploads.open_file(raw, None)


def test_a_network_of_pytorch_opens():
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    model = small_run(steps=1).solver.model
    opened = uploads.open_file(to_torch(model), None)
    np.testing.assert_array_equal(opened.flat, model.flat)
    with pytest.raises(FileFormatError, match="lacks the tensor"):
        uploads.open_file(b"\x02" + bytes(7) + b"{}", None)


@pytest.mark.parametrize(
    ("kind", "advice"), [("numpy", r"Upload the model \(.pkl\)"), ("torch", "unpack it")]
)
def test_other_downloads_are_refused_with_advice(run, kind, advice):
    if kind == "torch":
        pytest.importorskip("safetensors", reason="safetensors is not installed")
    (make,) = (each.make for each in portable.PORTABLES if each.suffix == f"-{kind}.zip")
    with pytest.raises(FileFormatError, match=advice):
        uploads.open_file(make(run, LATEST), None)


def test_a_changed_byte_is_found(packed):
    damaged = bytearray(packed)
    damaged[500] ^= 1
    with pytest.raises(FileFormatError):
        uploads.open_file(bytes(damaged), None)
