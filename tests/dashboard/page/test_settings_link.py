"""Settings in the page's address: written and read back; wrong values become sentences."""

import math
from dataclasses import replace

import pytest

from dashboard.page import settings_link
from dashboard.settings import PRESETS, ModelSettings, TrainSettings
from dashboard.text.cleanup import CLEANUP_RULES

SAMPLES = ["lighthouse.txt", "verses.txt"]


# For each widget that a link can name, a value other than the default.
WIDGETS = {
    "goal_kind": "minutes",
    "goal_epochs": 7,
    "goal_minutes": 3,
    "goal_patience": 2,
    "length": 150,
    "top_k": 4,
    "top_p": 0.55,
    "random_seed": 9,
    "chart_x": "Seconds",
    "chart_unit": "bits",
    "chart_smoothing": 10,
    "chart_more": True,
    "strip_gutenberg": False,
    **{f"clean_{name}": True for name in CLEANUP_RULES},
}


def read(**address: str) -> settings_link.Lesson:
    return settings_link.read(address, "taste", SAMPLES)


@pytest.mark.parametrize("name", PRESETS)
def test_a_link_names_a_preset_by_its_key(name):
    preset = PRESETS[name]
    address = settings_link.write(preset.model, preset.train, None, "", 0.8, [], {})
    assert address == {"preset": name, "temperature": "0.8"}
    lesson = read(**address)
    assert (lesson.preset, lesson.model, lesson.train) == (name, preset.model, preset.train)


def test_all_settings_are_read_back():
    model = ModelSettings("gru", 37, 3, 9, 0.25, 13, 7, 0.2, 5)
    train = TrainSettings(0.0123, "rmsprop", "step", math.inf, 777, 30, 70, 90)
    address = settings_link.write(
        model, train, "verses.txt", "The sea & I", 1.25, ["model", "download"], WIDGETS
    )
    lesson = read(**address)
    assert (lesson.model, lesson.train) == (model, train)
    assert (lesson.text, lesson.seed_text) == ("verses.txt", "The sea & I")
    assert lesson.temperature == 1.25
    assert lesson.hide == {"model", "download"}
    assert lesson.widgets == WIDGETS
    assert lesson.problems == ()


def test_infinity_is_off_in_an_address():
    never = TrainSettings(clip=math.inf, eval_every=math.inf, fresh_after=math.inf)
    address = settings_link.write(ModelSettings(), never, None, "", 0.8, [], {})
    assert {address[name] for name in ("clip", "validate", "fresh")} == {"off"}
    train = read(**address).train
    assert (train.clip, train.eval_every, train.fresh_after) == (math.inf,) * 3


def test_an_address_without_settings_gives_the_defaults():
    lesson = read(run="abc")
    assert lesson.model == PRESETS["taste"].model
    assert lesson.problems == ()


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("hidden", "0", "hidden is 0"),
        ("hidden", "-5", "1 to 4,096"),
        ("hidden", "1e9", "hidden is 1000000000.0"),
        ("hidden", "many", "hidden is 'many'; it must be a number"),
        ("cell", "lstn", "choose one of"),
        ("rate", "nan", "rate is nan"),
        ("rate", "0", "above 0"),
        ("preset", "best", "choose one of taste"),
        ("text", "../../etc/passwd", "choose one of lighthouse, verses"),
        ("hide", "model,everything", "choose one of text, model"),
        ("up", "miles", "choose one of nats"),
        ("more", "perhaps", "choose one of on, off"),
        ("top_p", "7", "0.05 or more and at most 1"),
        ("clip", "soft", "clip is 'soft'; it must be a number"),
        ("warmup", "-1", "warmup is -1"),
        ("validate", "often", "validate is 'often'; it must be a number"),
        ("fresh", "0", "fresh is 0"),
    ],
)
def test_a_wrong_value_is_reported_and_ignored(name, value, named):
    lesson = read(**{name: value, "layers": "2"})
    assert len(lesson.problems) == 1
    assert named in lesson.problems[0]
    assert lesson.model == replace(PRESETS["taste"].model, num_layers=2)
    assert lesson.hide == frozenset()


@pytest.mark.parametrize(
    "value",
    ["9" * 400, "-" + "9" * 400, "9" * 5000, "1e999", "nan", "٣" * 400, "\x00", "", "x" * 10_000],
    ids=["digits", "negative", "5000 digits", "1e999", "nan", "arabic digits", "nul", "empty", "x"],
)
@pytest.mark.parametrize(
    "name", sorted({*settings_link.MODEL, *settings_link.TRAIN, *settings_link.WIDGETS})
)
def test_nonsense_in_any_parameter_is_ignored_with_one_sentence(name, value):
    lesson = read(**{name: value})
    assert len(lesson.problems) == 1
    assert len(lesson.problems[0]) < 500
    assert (lesson.model, lesson.train) == (PRESETS["taste"].model, PRESETS["taste"].train)
    assert lesson.widgets == {}


@pytest.mark.parametrize("name", ["preset", "text", "temperature", "hide"])
def test_nonsense_in_what_is_no_setting_is_ignored_too(name):
    lesson = read(**{name: "9" * 400})
    assert len(lesson.problems) == 1
    assert lesson.hide == frozenset()
