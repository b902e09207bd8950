"""The API reference: it is built without warnings, and its examples are right."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import rnncore
from docs import reference


def test_every_example_is_right():
    names = [module.name for module in pkgutil.walk_packages(rnncore.__path__, "rnncore.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in ("rnncore", *names)]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 10


def test_the_reference_is_built_without_warnings(tmp_path):
    pytest.importorskip("pdoc", reason="pdoc is not installed")
    reference.build(tmp_path)
    page = (tmp_path / "rnncore.html").read_text(encoding="utf-8")
    for name in rnncore.__all__:
        if name != "__version__":
            assert f'id="{name}"' in page or (tmp_path / "rnncore" / f"{name}.html").exists(), name
