"""The one owner of this visitor's session: every key, what it begins with, how it is read.

Two kinds of values live here. Widgets write to keys of their own, which the views name by
the constants below. Objects (the text that was read, the run, a piece being written) have
accessors. Nothing else in the dashboard touches ``st.session_state``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st

from dashboard import access, links, texts
from dashboard.charts import View
from dashboard.insight.text_doctor import TITLES
from dashboard.jobs import Job
from dashboard.links import Lesson
from dashboard.pen import Pen
from dashboard.run import Run
from dashboard.settings import PRESETS, Goal, ModelSettings, TrainSettings
from dashboard.texts import LoadedText, ReadOptions, Source
from dashboard.writing import Writer, WriteSettings

T = TypeVar("T")

FIRST_PRESET = "taste"

# Widget keys, with what they begin with.
_WIDGETS: dict[str, Any] = {
    "sample": "lighthouse.txt",
    "pasted": "",
    "encoding": None,
    "strip_gutenberg": True,
    **{f"remedy_{name}": False for name in TITLES},
    "preset": FIRST_PRESET,
    "goal_kind": "iterations",
    "goal_epochs": 10,
    "goal_minutes": 5,
    "goal_patience": 5,
    "chart_x": "Iterations",
    "chart_unit": "nats",
    "chart_smoothing": 100,
    "chart_more": False,
    "seed_text": "",
    "temperature": 0.8,
    "length": 500,
    "top_k": 0,
    "top_p": 1.0,
    "random_seed": None,
}

_MODEL_KEYS = {name: f"model_{name}" for name in ModelSettings.__dataclass_fields__}
_TRAIN_KEYS = {name: f"train_{name}" for name in TrainSettings.__dataclass_fields__}
_GOAL_KEYS = {
    "iterations": _TRAIN_KEYS["num_iters"],
    "epochs": "goal_epochs",
    "minutes": "goal_minutes",
    "plateau": "goal_patience",
}


def begin() -> None:
    """Give every key its first value; keep the values of widgets that this page does not show."""
    first = "_lesson" not in st.session_state
    for key, value in {**_WIDGETS, **_settings_values(PRESETS[FIRST_PRESET])}.items():
        # Assigning a widget's key to itself keeps Streamlit from dropping it on other pages.
        st.session_state[key] = st.session_state.get(key, value)
    if first:
        _take_up(links.read(st.query_params.to_dict(), FIRST_PRESET, texts.sample_names()))
    if (chosen := PRESETS.get(preset() or "")) is not None and chosen.model != model_settings():
        st.session_state["preset"] = None  # it is no longer what the sliders say
    if (shown := run()) is not None:
        st.query_params["run"] = shown.id  # the other pages' addresses do not carry it on


def _take_up(lesson: Lesson) -> None:
    """Begin as the page's address asks."""
    st.session_state["_lesson"] = lesson
    show_settings(lesson.model, lesson.train)
    if lesson.preset is not None:
        st.session_state["preset"] = lesson.preset
    if lesson.text is not None:
        st.session_state["sample"] = lesson.text
        choose_source(Source("sample", lesson.text, lesson.text))
    if lesson.seed_text is not None:
        st.session_state["seed_text"] = lesson.seed_text
    if lesson.temperature is not None:
        st.session_state["temperature"] = lesson.temperature
    say("page", " ".join(lesson.problems))


def hidden_sections() -> frozenset[str]:
    """Sections that the lesson leaves out."""
    return st.session_state["_lesson"].hide


def link(hide: list[str]) -> str:
    """An address that begins with what is chosen on the page now."""
    parameters = links.write(
        model_settings(),
        waiting() or train_settings(),
        sample_choice(),
        st.session_state["seed_text"],
        temperature(),
        hide,
    )
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(parameters)}"


def model_key(name: str) -> str:
    """Key of the widget of a field of ModelSettings."""
    return _MODEL_KEYS[name]


def train_key(name: str) -> str:
    """Key of the widget of a field of TrainSettings."""
    return _TRAIN_KEYS[name]


def choices(key: str, offered: Sequence[Any]) -> list[Any]:
    """What a slider offers, and its present value too if that came from elsewhere (a file)."""
    return sorted({*offered, st.session_state[key]})


# -- what the widgets say ----------------------------------------------------------------------


def model_settings() -> ModelSettings:
    """The network as it is chosen on the page now."""
    return ModelSettings(**{n: st.session_state[k] for n, k in _MODEL_KEYS.items()})


def train_settings() -> TrainSettings:
    """The training as it is chosen on the page now."""
    return TrainSettings(**{n: st.session_state[k] for n, k in _TRAIN_KEYS.items()})


def show_settings(model: ModelSettings | None, train: TrainSettings | None) -> None:
    """Put settings into the widgets (before they are drawn: in a callback or at the top)."""
    for keys, settings in ((_MODEL_KEYS, model), (_TRAIN_KEYS, train)):
        for name, key in keys.items():
            if settings is not None:
                st.session_state[key] = getattr(settings, name)


def preset() -> str | None:
    """The preset that was chosen last."""
    return st.session_state["preset"]


def goal() -> Goal:
    """When training should end."""
    kind = st.session_state["goal_kind"] or "iterations"
    return Goal(kind, st.session_state[_GOAL_KEYS[kind]])


def show_goal(goal: Goal) -> None:
    """Put a goal into the widgets."""
    st.session_state["goal_kind"] = goal.kind
    st.session_state[_GOAL_KEYS[goal.kind]] = goal.amount


def waiting() -> TrainSettings | None:
    """How a preset would train a new run, while an old one is still on the page."""
    return st.session_state.get("_waiting")


def set_waiting(settings: TrainSettings | None) -> None:
    """Keep it until there is a new run, or the old one goes on."""
    st.session_state["_waiting"] = settings


def write_settings(fallback_seed: str) -> WriteSettings:
    """How to write, as chosen on the page."""
    top_k, top_p = st.session_state["top_k"], st.session_state["top_p"]
    return WriteSettings(
        seed_text=st.session_state["seed_text"] or fallback_seed,
        length=st.session_state["length"],
        temperature=st.session_state["temperature"],
        top_k=top_k or None,
        top_p=None if top_p >= 1 else top_p,
        random_seed=st.session_state["random_seed"],
    )


def remedy_key(name: str) -> str:
    """Key of the switch of one of the text doctor's remedies."""
    return f"remedy_{name}"


def read_options() -> ReadOptions:
    """How the text is to be read."""
    return ReadOptions(
        st.session_state["encoding"],
        st.session_state["strip_gutenberg"],
        frozenset(name for name in TITLES if st.session_state[remedy_key(name)]),
    )


def forget_read_options() -> None:
    """Read the next text as it is: what was right for one is not for another."""
    st.session_state["encoding"], st.session_state["strip_gutenberg"] = None, True
    for name in TITLES:
        st.session_state[remedy_key(name)] = False


def pasted() -> str:
    """What was typed or pasted into the text box."""
    return st.session_state["pasted"]


def sample_choice() -> str | None:
    """The sample text whose pill is down."""
    return st.session_state["sample"]


def chart_view() -> View:
    """How the curve is to be drawn."""
    names = ("x", "unit", "smoothing")
    return View(**{name: st.session_state[f"chart_{name}"] for name in names})


def stage(iterations: Sequence[int]) -> int | None:
    """The stage that is looked at, of those there are samples of; None if there are none.

    The newest, as they come, unless somebody went back to another one.
    """
    if not iterations:
        return None
    before, newest = st.session_state.get("_newest_stage"), iterations[-1]
    chosen = st.session_state.get("stage", before)
    follows = chosen is None or chosen == before
    # One that is no longer kept gives way to its neighbour.
    now = newest if follows else min(iterations, key=lambda n: abs(n - chosen))
    st.session_state["_newest_stage"] = newest
    if st.session_state.get("stage") != now:
        st.session_state["stage"] = now
    return now


def chart_more() -> bool:
    """Whether gradient norm and learning rate are drawn too."""
    return bool(st.session_state["chart_more"])


def text_source() -> Source | None:
    """Where the text comes from: what was chosen last of upload, sample and paste."""
    return st.session_state.get("_source")


def choose_source(source: Source | None) -> None:
    """Take the text from here; a pill of another source is let go."""
    if source != text_source():
        forget_read_options()
    st.session_state["_source"] = source
    if source is not None and source.kind != "sample":
        st.session_state["sample"] = None


def uploaded() -> Any:
    """The file in the uploader, or None."""
    return st.session_state.get("upload")


# -- objects -----------------------------------------------------------------------------------


def text() -> LoadedText | None:
    """The text that was read, or None if there is none or it was refused."""
    return st.session_state.get("_text")


def set_text(text: LoadedText | None, signature: object, error: str = "") -> None:
    """Keep what reading a source gave."""
    st.session_state["_text"] = text
    st.session_state["_text_signature"] = signature
    st.session_state["_text_error"] = error


def text_signature() -> object:
    """What the present text was read from, with its options."""
    return st.session_state.get("_text_signature")


def text_error() -> str:
    """Why the source that was chosen last could not be read, or ""."""
    return st.session_state.get("_text_error", "")


def run() -> Run | None:
    """The run that the page shows."""
    return st.session_state.get("_run")


def set_run(run: Run | None) -> None:
    """Show this run, and name it in the page's address; what another one wrote goes."""
    st.session_state["_run"] = run
    if run is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run.id
    set_writer(None)
    set_pen(None)


def before() -> str | None:
    """Id of the run that was on the page before and can be brought back."""
    return st.session_state.get("_before")


def set_before(run_id: str | None) -> None:
    """Remember it."""
    st.session_state["_before"] = run_id


def run_in_address() -> str | None:
    """The run that the page's address names, if the page does not show it yet."""
    named = st.query_params.get("run")
    return named if named and st.session_state.get("_run") is None else None


def uploaded_model() -> Any:
    """The file in the uploader for models, or None."""
    return st.session_state.get("model_upload")


def is_private() -> bool:
    """Whether this page is open on the computer that runs it, which nobody else can open."""
    return access.is_private(
        st.get_option("server.address"),
        st.context.headers,
        os.environ.get("LSTM_WORKBENCH_SHARED", ""),
    )


def writer() -> Writer | None:
    """The piece that was generated last."""
    return st.session_state.get("_writer")


def set_writer(writer: Writer | None) -> None:
    """Show this piece."""
    st.session_state["_writer"] = writer


def pen() -> Pen | None:
    """The text that is being written in turns."""
    return st.session_state.get("_pen")


def set_pen(pen: Pen | None) -> None:
    """Keep it."""
    st.session_state["_pen"] = pen


def temperature() -> float:
    """The temperature on the page."""
    return st.session_state["temperature"]


def job(kind: str, about: object, work: Callable[[], T]) -> Job[T]:
    """The job of this kind about this thing, begun if there is none; an older one is forgotten."""
    key = f"_job_{kind}"
    known = st.session_state.get(key)
    if known is None or known[0] != about:
        if known is not None:
            known[1].drop()
        known = st.session_state[key] = (about, Job(work))
    found: Job[T] = known[1]
    return found


def say(place: str, message: str) -> None:
    """Show a sentence at a place of the page ("train", "sample") until the next click there."""
    st.session_state[f"_said_{place}"] = message


def said(place: str) -> str:
    """The sentence at a place, or ""."""
    return st.session_state.get(f"_said_{place}", "")


def turned(name: str, now: bool) -> bool | None:
    """``now``, if a yes or no of this name is not what it was at the last look; else None."""
    key = f"_was_{name}"
    before = st.session_state.get(key, False)
    st.session_state[key] = now
    return now if now != before else None


def asking() -> bool:
    """Whether the page asks if a new run should begin."""
    return bool(st.session_state.get("_asking"))


def ask(value: bool) -> None:
    """Ask, or ask no longer, whether a new run should begin."""
    st.session_state["_asking"] = value


def _settings_values(preset: Any) -> dict[str, Any]:
    values = {key: getattr(preset.model, name) for name, key in _MODEL_KEYS.items()}
    return values | {key: getattr(preset.train, name) for name, key in _TRAIN_KEYS.items()}
