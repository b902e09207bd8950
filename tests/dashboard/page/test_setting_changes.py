"""What differs from the present run, in words."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from dashboard.page import setting_changes
from dashboard.page.setting_changes import describe_settings, describe_texts
from dashboard.settings import ModelSettings
from dashboard.text.loading import load

OLD = ModelSettings()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"cell_type": "gru"}, "cell: LSTM → GRU"),
        ({"hidden_dim": 1024}, "hidden size: 128 → 1,024"),
        ({"input_dim": 32}, "embedding size: automatic → 32"),
        ({"dropout": 0.2}, "dropout: 0 → 0.2"),
        ({"val_fraction": 0.05}, "validation share: 10 % → 5 %"),
    ],
)
def test_a_changed_field_has_both_values(changed, text):
    assert describe_settings(OLD, replace(OLD, **changed)) == [text]


def test_equal_settings_have_no_change():
    assert describe_settings(OLD, ModelSettings()) == []


def test_every_field_of_the_network_has_a_name():
    assert set(setting_changes._FIELD_NAMES) == {field.name for field in fields(ModelSettings)}


def test_texts_differ_by_name_length_or_characters():
    first, longer = load(b"one two three " * 9, "a.txt"), load(b"one two three " * 12, "a.txt")
    other, same_length = load(b"four five six " * 9, "b.txt"), load(b"one two thrEe " * 9, "a.txt")
    assert describe_texts(first, other) == "text: a.txt → b.txt"
    assert describe_texts(first, longer) == "text: a.txt, 126 → 168 characters"
    assert describe_texts(first, same_length) == "text: a.txt, with other characters"
