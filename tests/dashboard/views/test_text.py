"""Text section: uploads, pasted and sample texts, clean-up, and errors that lose nothing."""

from __future__ import annotations

import re
import textwrap
import zlib

import pytest

from dashboard.page import current_text
from dashboard.server import limits
from dashboard.text.cleanup import CLEANUP_RULES, apply, examine
from tests.support.paths import DATA
from tests.support.visits import OTHER, STORY, visitors


@pytest.fixture
def visit(tmp_path, monkeypatch):
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        yield visit


def png() -> bytes:
    """Return the first bytes of a PNG image."""
    return b"\x89PNG\r\n\x1a\n" + zlib.compress(bytes(range(256)) * 40)


BAD = {
    "empty.txt": (b"", "empty.txt is empty; a text needs at least 2 distinct characters."),
    "one.txt": (b"a", "one.txt holds only the character 'a'"),
    "picture.txt": (png(), "picture.txt is a PNG image, not a text"),
    "book.zip": (b"PK\x03\x04 and no more", "book.zip"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_shows_an_error_and_the_old_text_stays(visit, name):
    raw, sentence = BAD[name]
    page = visit()
    page.upload("story.txt", STORY.encode())
    assert page.says("story.txt")
    page.upload(name, raw)
    (error,) = page.shown("error")
    assert sentence in error
    assert page.says("**2,880** characters")
    assert page.says("The cat sat on the mat")
    page.press("Step")  # the old text can still be trained on
    assert page.run.text.name == "story.txt"


def test_after_a_bad_first_file_the_sample_text_is_used(visit):
    page = visit()
    page.upload("empty.txt", b"")
    assert len(page.shown("error")) == 1
    page.press("Step")
    assert page.run.text.name == "lighthouse.txt"


def test_a_good_file_removes_the_error_of_a_bad_one(visit):
    page = visit()
    page.upload("empty.txt", b"")
    page.upload("story.txt", STORY.encode())
    assert page.shown("error") == []
    assert page.says("**2,880** characters, **16** distinct characters")


def test_a_text_too_short_for_the_settings_says_how_long_it_must_be(visit):
    page = visit()
    page.upload("short.txt", b"A short text of few characters.")
    assert page.says(":material/warning: The training part has")
    page.press("Train")
    assert not page.has_run
    for kind in ("warning", "error"):  # in the model section and beside Train
        (sentence,) = page.shown(kind)
        assert "32 streams of 32 need at least 1,025" in sentence
        assert "sequence length of" in sentence
    assert page.labels().count("Use batch size 1, sequence length 25") == 2
    page.app.button(key="fit_train").click().run()
    assert (page.value("model_batch_size"), page.value("model_seq_length")) == (1, 25)
    assert page.shown("warning") == page.shown("error") == []
    page.press("Step")
    assert page.run.solver.iteration == 1


def test_the_batch_size_advised_for_a_short_text_is_one_of_the_slider(visit):
    page = visit()
    page.upload("tiny.txt", (DATA / "tiny_200.txt").read_bytes())
    (sentence,) = page.shown("warning")
    assert sentence.endswith("Use a longer text, or a batch size of 4.")
    page.press("Use batch size 4")
    assert page.value("model_batch_size") == 4
    assert page.shown("warning") == []
    page.press("Step")
    assert page.run.solver.batch_size == 4


def test_a_pasted_text_that_is_too_long_is_refused_and_stays_in_the_box(visit, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PASTED_CHARS", 1_000)
    page = visit()
    page.paste(OTHER)
    (error,) = page.shown("error")
    assert error.startswith("The pasted text has 3,720 characters; up to 1,000 can be pasted.")
    assert page.value("pasted") == OTHER
    assert page.says("lighthouse.txt")
    page.paste(OTHER[:900])
    assert page.shown("error") == []
    assert page.says("**900** characters")


def test_a_text_file_over_the_limit_is_refused_with_both_sizes(visit, monkeypatch):
    monkeypatch.setattr(limits, "MAX_TEXT_MB", 1)
    page = visit()
    page.upload("long.txt", STORY.encode() * 400)
    assert page.shown("error") == [
        "long.txt has 1.2 MB; a text can have up to 1.0 MB. Split it into smaller files."
    ]
    assert page.says("lighthouse.txt")


def test_an_error_disappears_with_its_cause(visit):
    page = visit()
    page.upload("short.txt", b"abcabcabc")
    page.press("Train")
    assert len(page.shown("error")) == 1
    page.choose("sample", "verses.txt")
    assert page.shown("error") == page.shown("warning") == []


def test_a_removed_upload_stays_the_text_of_page_and_run(visit):
    page = visit()
    page.upload("story.txt", STORY.encode())
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(5)
    page.clear_upload()
    assert page.shown("error") == []
    assert page.says("story.txt")
    page.wait_for_iteration(page.run.solver.iteration + 5)
    page.press("Pause")
    page.press("Train")
    assert not page.says("Start new run")  # the text has not changed
    assert page.run.text.name == "story.txt"


def test_a_removed_upload_cannot_be_cleaned_up_and_the_page_says_so(visit):
    page = visit()
    page.upload("story.txt", STORY.encode())
    page.clear_upload()
    page.choose("clean_case", True)
    (error,) = page.shown("error")
    assert error == "story.txt is no longer uploaded: upload it again to change how it is read."
    assert page.says("**2,880** characters")


def test_a_pasted_text_replaces_the_sample_text(visit):
    page = visit()
    page.paste(OTHER)
    assert page.value("sample") is None
    assert page.says("pasted text")
    page.paste("   ")  # an empty text is ignored
    assert page.says("pasted text")
    assert page.shown("error") == []


def test_deselecting_the_sample_text_changes_nothing(visit):
    page = visit()
    page.choose("sample", None)
    assert page.shown("error") == []
    assert page.says("lighthouse.txt")


def test_a_wrong_encoding_shows_an_error_and_can_be_corrected(visit):
    page = visit()
    page.upload("story.txt", "Grüße aus Köln, schöne Straßen. ".encode("cp1252") * 50)
    assert page.says("Grüße aus Köln")
    page.choose("encoding", "utf-8")
    (error,) = page.shown("error")
    assert "utf-8" in error
    page.choose("encoding", "cp1252")
    assert page.shown("error") == []
    assert page.says("Grüße aus Köln")


def test_an_unsure_encoding_shows_the_likely_ones_and_takes_the_one_that_is_pressed(visit):
    page = visit()
    page.upload("wies.txt", (DATA / "pl_latin2.txt").read_bytes())
    assert page.says("The encoding is probably iso8859-2")
    assert page.says("This guess is unsure")
    assert page.says("W¶ród ł±k")
    page.press("Read as cp1250 (Central Europe, Windows)")
    assert page.says("wies.txt · 1.9 kB · cp1250")
    page.choose("encoding", "iso8859-2")
    assert page.says("wies.txt · 1.9 kB · iso8859-2")
    page.upload("story.txt", STORY.encode())
    assert not page.says("This guess is unsure")


def test_a_cleanup_rule_changes_the_text_and_is_off_for_the_next_file(visit):
    page = visit()
    page.upload("story.txt", STORY.encode())
    page.choose("clean_case", True)
    assert page.says("the cat sat on the mat")
    assert "Clean up the text (1 suggested, 1 applied)" in page.labels("expander")
    page.upload("other.txt", OTHER.encode())
    assert page.value("clean_case") is False
    assert page.says("Sums and rhymes")


ODD = (
    "“Odd” quotes and a tab\there,  runs of   spaces  \n    and indentation, a\u00a0hard "
    "space\n\n\n\n"
    "one ☃ alone, and Capitals.\n"
    + textwrap.fill("Then some plain words to learn from, again and again. " * 40)
    + "\n\n00:00:01,000 --> 00:00:02,000\nSubtitle" * 3
)


@pytest.mark.parametrize("name", CLEANUP_RULES)
def test_every_cleanup_rule_describes_its_effect_and_has_it(visit, name):
    page = visit()
    page.upload("odd.txt", ODD.encode())
    (suggestion,) = [found for found in examine(ODD) if found.key == name]
    assert re.search(r"\d", suggestion.sentence)
    assert page.says(suggestion.sentence)
    page.choose(f"clean_{name}", True)
    mended = apply(ODD, [name])
    assert mended != ODD
    assert page.says(f"**{len(mended):,}** characters, **{len(set(mended))}** distinct characters")
    page.choose(f"clean_{name}", False)
    assert page.says(f"**{len(ODD):,}** characters")


def test_all_recommended_rules_are_applied_at_once(visit):
    page = visit()
    page.upload("odd.txt", ODD.encode())
    recommended = {rule.key for rule in examine(ODD) if rule.recommended}
    assert {"quotes", "indent"} <= recommended
    assert "case" not in recommended
    page.press("Apply all recommended")
    assert {name for name in CLEANUP_RULES if page.value(f"clean_{name}")} == recommended
    assert page.says(f"**{len(apply(ODD, recommended)):,}** characters")
    assert "Apply all recommended" not in page.labels()


def test_a_rule_shows_two_lines_before_and_after_it_as_text(visit):
    page = visit()
    page.upload("odd.txt", b"<b>one</b>  \n<i>two</i>\n" * 60)
    lines = [html for html in page.shown("html") if "Spaces at line ends, " in html]
    assert [re.sub(r"<[^>]*>", "", html) for html in lines] == [
        "&lt;b&gt;one&lt;/b&gt;··↵\n&lt;i&gt;two&lt;/i&gt;",
        "&lt;b&gt;one&lt;/b&gt;↵\n&lt;i&gt;two&lt;/i&gt;",
    ]


def test_the_cleanup_expander_stays_open_or_closed_when_the_text_changes(visit):
    page = visit()

    def is_open() -> bool:
        (part,) = [part for part in page.app.expander if part.label.startswith("Clean up")]
        return part.proto.expanded

    seen = set()
    for opened in (True, False):
        page.open("cleanup_open", opened)
        for name in ("verses.txt", "sums.txt", "lighthouse.txt"):
            page.choose("sample", name)
            assert is_open() == opened
            seen |= {part.label for part in page.app.expander}
        page.upload("odd.txt", ODD.encode())
        assert is_open() == opened
        page.upload("empty.txt", b"")
        assert is_open() == opened
    assert "Clean up the text" in seen  # titles differ between the texts
    assert "Clean up the text (1 suggested)" in seen


@pytest.mark.parametrize("way", ["upload", "paste"])
def test_a_project_gutenberg_header_can_be_kept_or_removed(visit, way):
    header = (
        "The Project Gutenberg eBook of X\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\n"
    )
    page = visit()
    if way == "upload":
        page.upload("cats.txt", (header + STORY).encode())
    else:
        page.paste(header + STORY)
    (note,) = {text for text in page.shown("caption") if "Project Gutenberg" in text}
    assert re.search(r"header \(\d+ characters\) was removed", note)
    assert not page.says("START OF THE PROJECT")
    page.choose("strip_gutenberg", False)
    assert page.says("START OF THE PROJECT")
    assert page.says(f"They are {len(header)} characters, 3% of the text.")
    page.choose("strip_gutenberg", True)
    assert not page.says("START OF THE PROJECT")


def test_a_text_without_a_gutenberg_header_has_no_such_switch(visit):
    page = visit()
    assert not any("Gutenberg" in label for label in page.labels("toggle"))


def test_an_upload_can_be_used_again_after_a_sample_text(visit):
    page = visit()
    page.upload("story.txt", STORY.encode())
    assert "Use story\\.txt again" not in page.labels()
    page.choose("sample", "verses.txt")
    assert page.says("THE CLOCKMAKER")
    page.press("Use story\\.txt again")
    assert page.says("The cat sat on the mat")
    assert page.value("sample") is None


def test_the_text_of_a_reopened_run_cannot_be_cleaned_up_and_says_why(visit):
    page = visit()
    page.upload("story.txt", STORY.encode())
    page.press("Step")
    again = visit({"run": page.run.id})
    assert again.says("loaded with its run")
    assert set(again.labels("toggle")) == {
        "Gradient norm and learning rate",
        "Keep training without a page",
    }


def test_size_encoding_and_characters_of_the_text_are_shown(visit):
    page = visit()
    page.upload("story.txt", "Grüße aus Köln, schöne Straßen. ".encode("cp1252") * 50)
    page.choose("encoding", "cp1252")
    assert page.says("story.txt · 1.6 kB · cp1252")
    page.open("characters_open")
    rows = page.chart_rows("most common characters")
    assert dict(zip(rows["Character"], rows["Count"], strict=True))["ß"] == 100
    assert page.says("".join(sorted(set("Grüße aus Köln, schöne Straßen. "))))


HOSTILE = [
    "<img src=x onerror=alert(1)>.txt",
    "![](http:evil.example).txt",
    ":red[x] $$a$$ `b` *c*.txt",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("raw", [b"", STORY.encode()])
def test_a_file_name_is_never_markup(visit, name, raw):
    page = visit()
    page.upload(name, raw)
    written = [e.value for kind in ("error", "caption") for e in getattr(page.app, kind)]
    with_it = [text for text in written if "txt" in text]
    assert with_it
    for text in with_it:
        assert re.search(r"(?<!\\)[<\[$`*]", text) is None, text


def test_a_text_too_large_for_memory_is_read_only_once_and_shows_an_error(visit, monkeypatch):
    page = visit()
    page.paste(STORY)
    before, tried = page.value("_text"), []

    def no_memory(*args):
        tried.append(args)
        raise MemoryError

    monkeypatch.setattr(current_text, "load", no_memory)
    page.paste(OTHER)
    page.look()
    assert len(tried) == 1
    assert page.value("_text") is before
    assert page.shown("error") == [
        "This computer does not have enough memory left for this: try something smaller."
    ]
