"""The sample texts have the properties that their README describes."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.support.paths import SAMPLES

LEAST_BYTES = {
    "lighthouse.txt": 60_000,
    "verses.txt": 14_000,
    "recipes.txt": 16_000,
    "brackets.txt": 30_000,
    "sums.txt": 30_000,
}
LONGEST_REPEAT = 60  # characters
KIND_OF = {")": "(", "]": "[", "}": "{"}

RECIPE = re.compile(
    r"Title: (?P<title>[A-Z][A-Za-z ]+)\n"
    r"Serves: [1-9]\d?\n"
    r"Time: [1-9]\d{1,2} minutes\n"
    r"Ingredients:\n"
    r"(?P<ingredients>(?:- [1-9]\d* (?:g|ml|tsp|tbsp|whole) [a-z ]+\n){3,})"
    r"Steps:\n"
    r"(?P<steps>(?:[1-9]\. [A-Z][^\n]*\.\n?){4,})"
)


def read(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode("ascii")


def blocks(name: str) -> list[str]:
    """Return the parts between blank lines: paragraphs, stanzas or recipes."""
    return read(name).rstrip("\n").split("\n\n")


@pytest.fixture(scope="module")
def formal() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_formal", SAMPLES / "make_formal.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_sample_is_tested() -> None:
    assert {path.name for path in SAMPLES.glob("*.txt")} == set(LEAST_BYTES)


@pytest.mark.parametrize("name", LEAST_BYTES)
def test_a_sample_has_its_minimum_size(name: str) -> None:
    assert (SAMPLES / name).stat().st_size >= LEAST_BYTES[name]


def test_all_samples_together_have_100_kb() -> None:
    assert sum((SAMPLES / name).stat().st_size for name in LEAST_BYTES) >= 100_000


@pytest.mark.parametrize("name", LEAST_BYTES)
def test_a_sample_is_ascii_without_stray_white_space(name: str) -> None:
    text = read(name)
    assert set(text) <= {"\n", *map(chr, range(32, 127))}  # no tabs, no CR, ASCII only
    assert " \n" not in text
    assert "\n\n\n" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_the_story_has_ten_chapters_and_short_lines() -> None:
    assert max(map(len, read("lighthouse.txt").split("\n"))) <= 72
    chapters = re.findall(r"^Chapter (\d+)$", read("lighthouse.txt"), re.MULTILINE)
    assert chapters == [str(number) for number in range(1, 11)]


def test_the_story_closes_its_quotation_marks() -> None:
    paragraphs = blocks("lighthouse.txt")
    assert [p for p in paragraphs if p.count('"') % 2] == []
    assert sum('"' in p for p in paragraphs) > 100


def test_the_story_does_not_repeat_itself() -> None:
    story = " ".join(read("lighthouse.txt").split())
    passages = [story[i : i + LONGEST_REPEAT] for i in range(len(story) - LONGEST_REPEAT + 1)]
    assert len(passages) == len(set(passages))


def test_verses_are_titles_and_stanzas_of_four_lines() -> None:
    for block in blocks("verses.txt"):
        lines = block.split("\n")
        assert len(lines) == 4 or (len(lines) == 1 and block.isupper()), block


def test_recipes_have_one_format_and_different_titles() -> None:
    recipes = blocks("recipes.txt")
    matches = [RECIPE.fullmatch(recipe) for recipe in recipes]
    assert [r for r, match in zip(recipes, matches, strict=True) if match is None] == []
    titles = [match["title"] for match in matches if match]
    assert len(titles) == len(set(titles))


def recipe_parts() -> Iterator[tuple[str, list[str], str]]:
    """Yield title, ingredient names and steps of each recipe."""
    for match in map(RECIPE.fullmatch, blocks("recipes.txt")):
        assert match is not None
        names = [line.split(" ", 3)[3] for line in match["ingredients"].splitlines()]
        yield match["title"], names, match["steps"]


def test_recipe_steps_count_up_from_one() -> None:
    for title, _, steps in recipe_parts():
        numbers = [int(line.split(".")[0]) for line in steps.splitlines()]
        assert numbers == list(range(1, len(numbers) + 1)), title


def test_recipes_use_every_ingredient_by_its_name() -> None:
    unused = [
        (title, name)
        for title, names, steps in recipe_parts()
        for name in names
        if not re.search(rf"\b{name}\b", steps)
    ]
    assert unused == []


def measure_depth(line: str) -> int:
    """Return the greatest depth of a line of brackets, or -1 if they do not balance."""
    open_brackets: list[str] = []
    deepest = 0
    for char in line:
        if char not in KIND_OF:
            open_brackets.append(char)
            deepest = max(deepest, len(open_brackets))
        elif not open_brackets or open_brackets.pop() != KIND_OF[char]:
            return -1
    return -1 if open_brackets else deepest


def test_brackets_balance_and_reach_every_depth() -> None:
    text = read("brackets.txt")
    assert set(text) == set("()[]{}\n")
    assert {measure_depth(line) for line in text.splitlines()} == set(range(1, 9))


@pytest.mark.parametrize("line", ["(]", "((", ")", "([)]"])
def test_unbalanced_brackets_have_no_depth(line: str) -> None:
    assert measure_depth(line) == -1


def test_sums_are_correct() -> None:
    for line in read("sums.txt").splitlines():
        match = re.fullmatch(r"(\d{1,2})\+(\d{1,2})=(\d{1,3})", line)
        assert match is not None, line
        a, b, answer = map(int, match.groups())
        assert a + b == answer, line


def test_the_script_makes_the_formal_texts_byte_for_byte(formal: ModuleType) -> None:
    made = formal.make_formal_texts()
    assert set(made) == {"brackets.txt", "sums.txt"}
    for name, text in made.items():
        assert (SAMPLES / name).read_bytes() == text.encode("ascii"), name


def test_the_readme_lists_exactly_the_samples() -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| \[`([^`]+)`\]", readme, re.MULTILINE))
    assert named == set(LEAST_BYTES)
    assert "make_formal.py" in readme


def test_the_readme_has_the_files_sizes() -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    sizes = dict(re.findall(r"^\| \[`([^`]+)`\][^|]*\| (\d+) kB \|", readme, re.MULTILINE))
    actual = {name: f"{(SAMPLES / name).stat().st_size / 1000:.0f}" for name in LEAST_BYTES}
    assert sizes == actual
