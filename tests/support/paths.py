"""Folders and files of the project that tests use."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "dashboard" / "app.py"
GOLDEN = ROOT / "tests" / "golden"
SAMPLES = ROOT / "sample_texts"
DATA = ROOT / "tests" / "data"
