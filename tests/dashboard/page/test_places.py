"""Where rnncore and the runs are: only the owner of the computer sees folders."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dashboard.page import entry, places
from dashboard.runs import store
from tests.support.paths import ROOT


@pytest.fixture
def run(monkeypatch, tmp_path):
    """A run in a store below ``tmp_path``."""
    registry = SimpleNamespace(store=store.Store(tmp_path))
    monkeypatch.setattr(places, "get_registry", lambda: registry)
    return SimpleNamespace(id="abcdefghijklmnop")


def test_the_owner_of_the_computer_sees_its_folders(run, monkeypatch, tmp_path):
    monkeypatch.setattr(entry, "is_private", lambda: True)
    assert places.install_command() == f'pip install "{ROOT}"'
    assert places.install_hint() == ""
    assert places.saved_at(run) == f"in {tmp_path / run.id}"


def test_a_visitor_sees_no_folder_of_the_server(run, monkeypatch, tmp_path):
    monkeypatch.setattr(entry, "is_private", lambda: False)
    told = [places.install_command(), places.install_hint(), places.saved_at(run)]
    assert told[0] == "pip install FOLDER"
    assert "FOLDER is your copy" in told[1]
    assert told[2] == "on the server"
    assert not any(str(ROOT) in text or str(tmp_path) in text for text in told)


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", "~/.local/share/lstm-workbench/runs"),
        ("darwin", "~/Library/Application Support/lstm-workbench/runs"),
    ],
)
def test_the_readme_names_the_folder_of_the_runs(platform, folder, monkeypatch):
    for name in ("LSTM_WORKBENCH_RUNS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(store.sys, "platform", platform)
    monkeypatch.setattr(store.Path, "home", lambda: store.Path("/home/reader"))
    assert store.default_root().as_posix() == folder.replace("~", "/home/reader")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert folder in " ".join(readme.split())
