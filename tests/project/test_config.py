"""Streamlit's settings keep what SECURITY.md promises."""

from __future__ import annotations

import re
import tomllib

import pytest

from dashboard.server import limits
from tests.support.paths import ROOT

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
UPLOAD_MB = CONFIG["server"]["maxUploadSize"]


def test_only_this_computer_can_open_the_page_unless_its_owner_wants_otherwise():
    assert CONFIG["server"]["address"] == "127.0.0.1"


@pytest.mark.parametrize("protection", ["enableCORS", "enableXsrfProtection"])
def test_protections_against_other_sites_are_on(protection):
    assert CONFIG["server"].get(protection, True) is True


def test_no_traceback_reaches_the_page_and_no_figure_leaves_it():
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_settings_hold_wherever_the_workbench_is_started():
    beside = ROOT / "dashboard" / ".streamlit" / "config.toml"  # read from there too
    assert tomllib.loads(beside.read_text(encoding="utf-8")) == CONFIG


def test_every_place_says_the_same_of_how_large_an_upload_may_be():
    assert UPLOAD_MB * 2**20 == limits.MAX_MODEL_BYTES
    for name in ("SECURITY.md", "dashboard/views/text.py"):
        said = re.findall(r"(?:an upload \| |up to )(\d+) MB", (ROOT / name).read_text("utf-8"))
        assert said == [str(UPLOAD_MB)], name
