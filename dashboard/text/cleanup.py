"""Text clean-up: suggest the rules that would change a text, and apply those that are chosen.

The text is one NumPy array of code points here, so that the time grows linearly with its length.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from dashboard.text import cleanup_rules
from dashboard.text.cleanup_rules.characters import SubstitutionRule, apply_substitutions
from dashboard.text.cleanup_rules.rule import ExaminedText, Rule, Suggestion
from dashboard.text.codepoints import codes_to_text, text_to_codes
from rnncore.errors import SettingError


def _load_rules() -> dict[str, Rule]:
    """Return the ``RULES`` of every module in ``cleanup_rules`` by their keys, in running order.

    Substitutions come first: the other rules look for plain spaces and line feeds.
    """
    rules: list[Rule] = []
    for found in pkgutil.iter_modules(cleanup_rules.__path__, f"{cleanup_rules.__name__}."):
        rules += getattr(importlib.import_module(found.name), "RULES", ())
    rules.sort(key=lambda rule: (not isinstance(rule, SubstitutionRule), rule.order))
    return {rule.key: rule for rule in rules}


CLEANUP_RULES = _load_rules()


def examine(text: str) -> list[Suggestion]:
    """Return a suggestion for each rule that would change ``text``, in running order.

    A substitution is measured on what the recommended substitutions before it leave; any
    other rule on ``text`` as it is.
    """
    examined = ExaminedText(text)
    suggestions = (rule.examine(examined) for rule in CLEANUP_RULES.values())
    return [suggestion for suggestion in suggestions if suggestion is not None]


def apply(text: str, keys: Iterable[str]) -> str:
    """Return ``text`` after the rules with these keys; the order of the keys does not matter.

    An unknown key is a SettingError.
    """
    chosen = set(keys)
    unknown = chosen - set(CLEANUP_RULES)
    if unknown:
        raise SettingError(
            f"There is no clean-up rule {', '.join(map(repr, sorted(unknown)))}; "
            f"the rules are {', '.join(CLEANUP_RULES)}."
        )
    if not chosen:
        return text
    rules = [rule for key, rule in CLEANUP_RULES.items() if key in chosen]
    substitutions = [rule for rule in rules if isinstance(rule, SubstitutionRule)]
    codes = apply_substitutions(text_to_codes(text), substitutions)
    for rule in rules[len(substitutions) :]:
        codes = rule.apply(codes)
    return codes_to_text(codes)
