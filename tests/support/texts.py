"""Random texts for the clean-up rules, and a text's suggestions by the key of their rule."""

from __future__ import annotations

from hypothesis import strategies as st

from dashboard.text.cleanup import examine
from dashboard.text.cleanup_rules.rule import Suggestion

PAGES = st.text(alphabet="aB \t\n.é—\u00a0", max_size=60)


def suggestions_by_key(text: str) -> dict[str, Suggestion]:
    """Return what ``examine`` suggests for ``text``."""
    return {suggestion.key: suggestion for suggestion in examine(text)}
