"""``python -m rnncore export``."""

from __future__ import annotations

import re
import sys
import zipfile

import pytest

from rnncore import RNN, from_torch, load, to_numpy
from rnncore.storage.model_pickle import dump_model
from tests.rnncore.cli.commands import SMALL


def test_each_kind_of_file_is_written(run, model, tmp_path):
    network = load(model)
    code, out, err = run("export", model, "--to", "numpy", "--out", tmp_path / "book.zip")
    raw = (tmp_path / "book.zip").read_bytes()
    assert (code, out) == (0, "")
    assert err == f"Wrote {tmp_path / 'book.zip'}, {len(raw):,} bytes.\n"
    assert raw == to_numpy(network)
    options = ["--name", "Verses", "--seed-text", "ab", "--precision", "float32"]
    run("export", model, "--to", "html", "--out", tmp_path / "book.html", *options)
    page = (tmp_path / "book.html").read_text(encoding="utf-8")
    assert "<title>A network that learnt to write Verses</title>" in page
    assert '"seed":"ab"' in page
    assert '"precision":"float32"' in page


def test_safetensors_alone_or_with_the_module(run, model, tmp_path):
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    assert run("export", model, "--to", "safetensors", "--out", tmp_path / "a.safetensors")[0] == 0
    assert run("export", model, "--to", "safetensors", "--out", tmp_path / "a.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        packed = from_torch(archive.read("model.safetensors"))
    alone = from_torch((tmp_path / "a.safetensors").read_bytes())
    assert packed.flat.tobytes() == alone.flat.tobytes() == load(model).flat.tobytes()


def test_a_page_of_a_run_has_its_curve_and_figures(run, book, tmp_path):
    run("train", book, "--out", tmp_path / "run.npz", *SMALL)
    assert run("export", tmp_path / "run.npz", "--to", "html", "--out", tmp_path / "a.html")[0] == 0
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert '["Training","30 iterations"]' in page
    assert '["Length of the text","3,200 characters"]' in page
    assert re.search(r'"curve":\[\[\[1\.0,2\.0,', page)


def test_a_pretrained_model_is_exported_by_name(run, tmp_path):
    assert run("export", "pride", "--to", "html", "--out", tmp_path / "pride.html")[0] == 0
    assert (tmp_path / "pride.html").stat().st_size > 500_000


@pytest.mark.parametrize(("kind", "package"), [("safetensors", "safetensors"), ("onnx", "onnx")])
def test_a_missing_package_is_named(error_of, model, tmp_path, monkeypatch, kind, package):
    for name in (package, f"{package}.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    error = error_of("export", model, "--to", kind, "--out", tmp_path / "a")
    assert f"pip install {package}" in error
    assert not (tmp_path / "a").exists()


def test_what_cannot_be_exported_is_reported(error_of, model, tmp_path):
    out = ["--out", tmp_path / "a"]
    assert "knows only 'ab'" in error_of(
        "export", model, "--to", "html", *out, "--seed-text", "abx"
    )
    assert "--to" in error_of("export", model, *out)
    numbers = tmp_path / "ids.pkl"
    numbers.write_bytes(dump_model(RNN(6, None, 4, 8)))
    assert "trained on numbers" in error_of("export", numbers, "--to", "html", *out)
    error_of("export", tmp_path / "missing.pkl", "--to", "html", *out)
