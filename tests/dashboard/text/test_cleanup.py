"""What holds for every clean-up rule, and how rules work together."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.text import cleanup_rules
from dashboard.text.cleanup import CLEANUP_RULES, apply, examine
from dashboard.text.cleanup_rules.characters import SubstitutionRule
from dashboard.text.codepoints import codes_to_text, text_to_codes
from rnncore.errors import RnnCoreError
from tests.support.texts import PAGES, suggestions_by_key


def test_every_rule_of_every_module_is_found_once() -> None:
    modules = [import_module(found.name) for found in pkgutil.iter_modules(
        cleanup_rules.__path__, "dashboard.text.cleanup_rules.")]  # fmt: skip
    listed = [rule for module in modules for rule in getattr(module, "RULES", ())]
    assert sorted(rule.key for rule in listed) == sorted(CLEANUP_RULES)
    assert len({rule.order for rule in listed}) == len(listed)
    assert len({rule.title for rule in listed}) == len(listed)


def test_substitutions_run_before_other_rules() -> None:
    are_substitutions = [isinstance(rule, SubstitutionRule) for rule in CLEANUP_RULES.values()]
    assert are_substitutions == sorted(are_substitutions, reverse=True)


@given(text=PAGES)
def test_all_rules_together_leave_nothing_to_clean_up(text: str) -> None:
    once = apply(text, CLEANUP_RULES)
    assert apply(once, CLEANUP_RULES) == once
    assert examine(once) == []


@given(text=PAGES, key=st.sampled_from(list(CLEANUP_RULES)))
def test_a_rule_applied_alone_equals_the_rule_itself(text: str, key: str) -> None:
    alone = codes_to_text(CLEANUP_RULES[key].apply(text_to_codes(text)))
    assert apply(text, [key]) == alone


@given(text=PAGES, keys=st.sets(st.sampled_from(list(CLEANUP_RULES))))
def test_rules_applied_together_equal_one_after_the_other(text: str, keys: set[str]) -> None:
    expected = text
    for key in CLEANUP_RULES:
        if key in keys:
            expected = apply(expected, [key])
    assert apply(text, keys) == expected


@given(text=PAGES, key=st.sampled_from(list(CLEANUP_RULES)))
def test_suggestion_has_the_effect_of_its_rule(text: str, key: str) -> None:
    rule, suggestion = CLEANUP_RULES[key], suggestions_by_key(text).get(key)
    if isinstance(rule, SubstitutionRule):  # measured after the recommended ones before it
        before = apply(text, [
            other for other, found in suggestions_by_key(text).items()
            if found.recommended and isinstance(CLEANUP_RULES[other], SubstitutionRule)
            and CLEANUP_RULES[other].order < rule.order
        ])  # fmt: skip
    else:
        before = text
    after = apply(before, [key])
    if suggestion is None:
        assert after == before
        return
    assert suggestion.title == rule.title
    assert suggestion.removed == len(before) - len(after)
    assert (suggestion.vocab_before, suggestion.vocab_after) == (len(set(before)), len(set(after)))


def test_effects_of_recommended_substitutions_add_up() -> None:
    text = "‘It’s a — naïve café’ if " * 500 + "ﬁve Ω"
    suggestions = suggestions_by_key(text)
    recommended = [s.key for s in suggestions.values() if s.recommended]
    assert set(recommended) == {"quotes", "rare"}
    cleaned = apply(text, recommended)
    assert len(text) - len(cleaned) == sum(suggestions[key].removed for key in recommended)
    assert suggestions["rare"].vocab_after == len(set(cleaned))
    assert "é" not in suggestions["rare"].sentence  # frequent here, so it stays
    assert cleaned.endswith("five Ω")


def test_an_unknown_key_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(RnnCoreError, match=r"spelling.*quotes"):
        apply("a", ["spelling"])


def test_empty_and_clean_texts_stay_as_they_are() -> None:
    assert examine("") == []
    assert examine("plain\n\ntext\n") == []
    assert apply("", CLEANUP_RULES) == ""


def test_a_novel_keeps_its_words(corpora: Path) -> None:
    text = (corpora / "pride.txt").read_text("utf-8-sig")
    suggestions = suggestions_by_key(text)
    assert suggestions["indent"].recommended  # a novel is not source code
    cleaned = apply(text, [key for key, found in suggestions.items() if found.recommended])
    assert len(set(cleaned)) < len(set(text))
    assert len(cleaned.split()) == pytest.approx(len(text.replace("—", "--").split()), rel=1e-3)
