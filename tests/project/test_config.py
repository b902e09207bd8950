"""Streamlit's settings match what SECURITY.md says."""

from __future__ import annotations

import re
import tomllib

import pytest
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from dashboard.server import limits
from rnncore.storage import model_pickle
from tests.support.paths import ROOT

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
UPLOAD_MB = CONFIG["server"]["maxUploadSize"]


def test_by_default_only_this_computer_can_open_the_page():
    assert CONFIG["server"]["address"] == "127.0.0.1"


@pytest.mark.parametrize("protection", ["enableCORS", "enableXsrfProtection"])
def test_protection_against_requests_from_other_sites_is_on(protection):
    assert CONFIG["server"].get(protection, True) is True


def test_the_page_shows_no_traceback_and_sends_no_usage_statistics():
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_settings_apply_from_any_working_folder():
    beside_app = ROOT / "dashboard" / ".streamlit" / "config.toml"  # Streamlit reads it too
    assert tomllib.loads(beside_app.read_text(encoding="utf-8")) == CONFIG


def test_the_upload_limit_is_the_same_everywhere():
    """The uploader itself shows Streamlit's setting."""
    assert UPLOAD_MB * 2**20 == limits.MAX_MODEL_BYTES == model_pickle.MAX_BYTES
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert re.findall(r"model or run \| ([\d,]+) MB", security) == [f"{UPLOAD_MB:,}"]
    assert re.findall(r"uploaded text \| (\d+) MB", security) == [str(limits.MAX_TEXT_MB)]


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_this_computer_s_own_names_get_a_session(host):
    assert is_allowed(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.localhost", "10.0.0.7:8501", None]
)
def test_another_host_name_gets_no_session(host):
    assert not is_allowed(host)


def is_allowed(host: str | None) -> bool:
    """Return whether Streamlit accepts a session under this host name with our settings."""
    before = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", CONFIG["server"]["allowedHosts"])
    try:
        return is_host_allowed(host)
    finally:
        config.set_option("server.allowedHosts", before)


def test_no_other_site_can_send_the_page_messages():
    assert CONFIG["client"]["allowedOrigins"] == []
