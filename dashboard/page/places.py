"""Where things are on the computer that runs the page; other computers are not told its folders."""

from __future__ import annotations

from pathlib import Path

from dashboard.page import entry
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run

PROJECT = Path(__file__).resolve().parents[2]  # the folder with pyproject.toml


def install_command() -> str:
    """Return the command after which Python finds ``rnncore``."""
    return f'pip install "{PROJECT}"' if entry.is_private() else "pip install FOLDER"


def install_hint() -> str:
    """Return a sentence on what FOLDER stands for, or "" if the command has the folder itself."""
    if entry.is_private():
        return ""
    return "FOLDER is your copy of this program: the folder with pyproject.toml."


def saved_at(run: Run) -> str:
    """Return where a run is saved, to follow "Saved": its folder, or for a visitor the server."""
    folder = get_registry().store.root / run.id
    return f"in {folder}" if entry.is_private() else "on the server"
