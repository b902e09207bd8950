"""What a click does: callbacks that tie the session to the run. Errors become sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboard import guard, limits, state
from dashboard.goals import stop_rule
from dashboard.opening import show_text
from dashboard.pen import Pen
from dashboard.registry import registry
from dashboard.run import Run, Stretch, check, default_seed, new_run
from dashboard.settings import ITERATIONS, PRESETS, Goal
from dashboard.texts import LoadedText, ReadOptions, Source, load, load_sample
from dashboard.training import Phase, Status
from dashboard.writing import Writer, usable_seed
from rnncore import RnnCoreError, Sampler
from rnncore.errors import TextError

_OBSTACLE = "obstacle"  # said of what ``obstacle`` tells, which may go away

# -- text --------------------------------------------------------------------------------------


@guard.click
def choose_upload() -> None:
    """A file was put into the uploader, or taken away: a run keeps its own text."""
    file = state.uploaded()
    if file is not None:
        state.choose_source(Source("upload", file.file_id, file.name))


@guard.click
def choose_sample() -> None:
    """A sample text was picked (letting go of it changes nothing)."""
    name = state.sample_choice()
    if name is not None:
        state.choose_source(Source("sample", name, name))


@guard.click
def choose_paste() -> None:
    """A text was pasted."""
    if state.pasted().strip():
        state.choose_source(Source("paste", state.pasted(), "pasted text"))


def is_read(source: Source) -> bool:
    """Whether the text on the page is this one, read with the options that are chosen."""
    return (source, state.read_options()) == state.text_signature()


def read_source(source: Source) -> None:
    """Read the chosen text."""
    options = state.read_options()
    signature = (source, options)
    try:
        state.set_text(_read(source, options), signature)
    except RnnCoreError as error:
        # The text that was there stays: nothing is lost by a bad file.
        state.set_text(state.text(), signature, str(error))


def _read(source: Source, options: ReadOptions) -> LoadedText:
    run = state.run()
    if source.kind == "run" and run is not None:
        return run.text
    if source.kind == "sample":
        return load_sample(source.key, options)
    if source.kind == "paste":
        return load(source.key.encode("utf-8", "replace"), source.name, options)
    file = state.uploaded()
    if file is None:
        raise TextError(f"{source.name} was taken away; upload it again to read it anew.")
    return load(file.getvalue(), source.name, options)


# -- settings ----------------------------------------------------------------------------------


@guard.click
def apply_preset() -> None:
    """Put the chosen preset's settings into the widgets."""
    preset = PRESETS.get(state.preset() or "")
    if preset is not None:
        state.show_settings(preset.model, preset.train)


@guard.click
def apply_train_settings() -> None:
    """Let a changed rate, rule, schedule, clipping or length act on the run that is there."""
    run = state.run()
    if run is None:
        return
    rule = stop_rule(state.goal(), run.stretch)
    if rule is not None and rule == run.trainer.stop_rule:
        length = run.solver.num_iters  # as the rule has it by now
    else:
        length = run.stretch.iteration + _length(run, state.goal())
    run.trainer.stop_rule = rule
    run.trainer.change(replace(state.train_settings(), num_iters=length))


def _length(run: Run, goal: Goal) -> int:
    status = run.trainer.status()
    speed = status.chars_per_second / (run.solver.batch_size * run.solver.seq_length)
    per_epoch = run.solver.batches.per_epoch
    # "No more progress" has no length of its own: its rule ends it, long before this.
    most = ITERATIONS[-1] if goal.kind == "plateau" else state.train_settings().num_iters
    return goal.iterations(per_epoch, speed, most)


@guard.click
def follow(action: tuple[str, float]) -> None:
    """Do what the curve doctor advises, a setting and its value."""
    (name, value), settings = action, state.train_settings()
    advised: dict[str, Any] = {name: type(getattr(settings, name))(value)}  # iterations are whole
    state.show_settings(None, replace(settings, **advised))
    apply_train_settings()


# -- training ----------------------------------------------------------------------------------


@guard.click
def train() -> None:
    """Begin a run, go on with it, or ask first if the page's settings are another run's."""
    state.say("train", "")
    if differs() and _learnt():
        state.ask(True)
    elif (run := _present()) is not None:
        _go_on(run)


@guard.click
def start_new() -> None:
    """Begin a new run with the text and settings on the page, and train it."""
    state.ask(False)
    run = _replace()
    if run is not None:
        _go_on(run)


@guard.click
def keep_run() -> None:
    """Put the run's own text and network back on the page and go on with it."""
    state.ask(False)
    run = state.run()
    if run is not None:
        if state.text() != run.text:
            show_text(run)
        state.show_settings(run.model_settings, None)
        _go_on(run)


def look_at(run: Run) -> Status:
    """Where the run stands; a page that looks keeps it going, and in memory."""
    registry().get(run.id)
    status = run.trainer.status()
    if status.active:
        run.trainer.grant(limits.GRANT_SECONDS)
    return status


@guard.click
def pause() -> None:
    """Stop training after the iterations at hand."""
    run = state.run()
    if run is not None:
        run.trainer.pause()


@guard.click
def step() -> None:
    """One iteration."""
    state.say("train", "")
    run = _present()
    if run is not None:
        if run.solver.finished:
            _go_further(run)
        run.trainer.step(limits.GRANT_SECONDS)


@guard.click
def reset() -> None:
    """Back to the same initial weights, with the settings that are on the page."""
    state.say("train", "")
    state.ask(False)
    _replace()


def obstacle() -> str:
    """Why the page's settings cannot train on the page's text, or ""."""
    text = state.text()
    if text is None:
        return "There is no text to train on yet: upload one, or pick a sample text."
    try:
        check(text, state.model_settings())
    except RnnCoreError as error:
        return str(error)
    return ""


def refusal() -> str:
    """Why the last click on Train or Step came to nothing, for as long as that is so, or ""."""
    return obstacle() if state.said("train") == _OBSTACLE else state.said("train")


def differs() -> bool:
    """Whether the page's text or network is another than the run's."""
    run = state.run()
    return run is not None and _differs(run, state.text())


def _differs(run: Run, text: LoadedText | None) -> bool:
    return run.model_settings != state.model_settings() or (text is not None and text != run.text)


def _learnt() -> bool:
    """Whether the run's network has learnt anything that could be lost."""
    run = state.run()
    return run is not None and (run.taught or run.solver.iteration > 0)


def _present() -> Run | None:
    """The page's run: a new one if there is none, or if the page says otherwise by now and
    nothing has been learnt that could be lost."""
    if state.run() is None or (differs() and not _learnt()):
        return _begin(state.text())
    return state.run()


def _replace() -> Run | None:
    """A new run in the old one's place; the old one stays if that cannot be."""
    old = state.run()
    run = _begin(state.text())
    if run is not None and old is not None:
        old.trainer.pause()
    return run


def _begin(text: LoadedText | None) -> Run | None:
    """A new run on the page, or None and a sentence that says why not."""
    if text is None or obstacle():
        state.say("train", _OBSTACLE)
        return None
    try:
        run = new_run(text, state.model_settings(), state.train_settings())
        registry().add(run)
    except RnnCoreError as error:
        state.say("train", str(error))
        return None
    state.set_run(run)
    state.ask(False)
    return run


def _go_on(run: Run) -> None:
    try:
        registry().add(run)  # it may have been put away while the page was idle
    except RnnCoreError as error:
        state.say("train", str(error))
        return
    status = run.trainer.status()
    if status.phase is Phase.FINISHED or (status.phase is Phase.PAUSED and status.message):
        _go_further(run)
    else:
        apply_train_settings()
    run.trainer.start(limits.GRANT_SECONDS)


def _go_further(run: Run) -> None:
    """After a goal that was reached: another piece, as long again as the page says."""
    run.stretch = Stretch(run.solver.iteration, run.solver.seconds)
    apply_train_settings()


# -- writing -----------------------------------------------------------------------------------


@guard.click
def generate() -> None:
    """Write a piece from a copy of the network as it is now."""
    state.say("sample", "")
    run = _present()
    if run is None:
        return
    cancel()
    try:
        settings = state.write_settings(default_seed(run.text))
        writer = Writer(run.trainer.model(), settings, run.solver.iteration)
    except RnnCoreError as error:
        state.say("sample", str(error))
        return
    writer.wait(0.15)  # most pieces are done by then, and need no ticking
    state.set_writer(writer)


@guard.click
def cancel() -> None:
    """Stop writing; what is there stays."""
    if (writer := state.writer()) is not None:
        writer.cancel()


# -- writing together --------------------------------------------------------------------------


@guard.click
def take_pen() -> None:
    """Begin a text with the seed text and the network as it is now."""
    state.say("pen", "")
    run = state.run()
    if run is None:
        return
    settings = state.write_settings(default_seed(run.text))
    try:
        seed_text, note = usable_seed(settings.seed_text, run.text.vocab)
    except RnnCoreError as error:
        state.say("pen", str(error))
        return
    state.say("pen", note)
    state.set_pen(Pen(Sampler(run.trainer.model()), seed_text))


@guard.click
def write_char(char: str) -> None:
    """Go on with this character."""
    if (pen := state.pen()) is not None:
        state.set_pen(pen.write(char))


@guard.click
def write_until(ends: str) -> None:
    """Let the network go on to the first of these characters."""
    if (pen := state.pen()) is not None:
        state.set_pen(pen.write_until(ends, state.temperature()))


@guard.click
def unwrite() -> None:
    """Take the last character back."""
    if (pen := state.pen()) is not None:
        state.set_pen(pen.take_back())
