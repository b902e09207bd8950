"""Guess the encoding of bytes that are not UTF-8, and list the other likely encodings.

``chardet`` rates each encoding by how much the decoded text resembles a language. Short texts
with few accented letters get nearly the same rating in several encodings. Two more facts decide
between these: how common an encoding is in text files, and how many characters stand where no
language has them, such as the sign "ˆ" between two small letters.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import chardet

from rnncore.reading.pieces import UndecodableError, decode_in_pieces

# Encodings that can be detected and chosen, with the languages that they are for.
ENCODINGS = {
    **dict.fromkeys(("utf-8", "utf-16", "utf-16-le", "utf-16-be"), "all languages"),
    **dict.fromkeys(("utf-32", "utf-32-le", "utf-32-be"), "all languages"),
    "cp1252": "Western Europe, Windows",
    "iso8859-15": "Western Europe, Unix",
    "latin-1": "Western Europe, Unix",
    **dict.fromkeys(("cp850", "cp437"), "Western Europe, DOS"),
    "mac-roman": "Western Europe, Macintosh",
    "cp1250": "Central Europe, Windows",
    "iso8859-2": "Central Europe, Unix",
    "cp852": "Central Europe, DOS",
    "mac-latin2": "Central Europe, Macintosh",
    "cp1257": "Baltic countries, Windows",
    **dict.fromkeys(("iso8859-13", "iso8859-4"), "Baltic countries, Unix"),
    "cp775": "Baltic countries, DOS",
    "cp1254": "Turkish, Windows",
    "cp857": "Turkish, DOS",
    "cp1253": "Greek, Windows",
    "iso8859-7": "Greek, Unix",
    "cp737": "Greek, DOS",
    "cp1251": "Cyrillic, Windows",
    **dict.fromkeys(("koi8-r", "iso8859-5"), "Cyrillic, Unix"),
    "koi8-u": "Ukrainian, Unix",
    "cp866": "Cyrillic, DOS",
    "mac-cyrillic": "Cyrillic, Macintosh",
    "cp1255": "Hebrew, Windows",
    "iso8859-8": "Hebrew, Unix",
    "cp862": "Hebrew, DOS",
    "cp1256": "Arabic, Windows",
    "iso8859-6": "Arabic, Unix",
    "cp874": "Thai, Windows",
    "cp1258": "Vietnamese, Windows",
    **dict.fromkeys(("cp932", "shift_jis", "shift_jis_2004", "euc_jp", "euc_jis_2004"), "Japanese"),
    **dict.fromkeys(("iso2022_jp", "iso2022_jp_2", "iso2022_jp_2004"), "Japanese, mail"),
    "iso2022_jp_ext": "Japanese, mail",
    "gb18030": "Chinese, simplified",
    "hz": "Chinese, mail",
    **dict.fromkeys(("big5", "big5hkscs"), "Chinese, traditional"),
    **dict.fromkeys(("cp949", "johab"), "Korean"),
    "iso2022_kr": "Korean, mail",
}
# chardet's name for several encodings that nearly agree, and those to try for it, in order.
_TRIED = {
    "iso8859-1": ("latin-1",),
    "shift_jis_2004": ("cp932", "shift_jis_2004"),
    "euc_jis_2004": ("euc_jp", "euc_jis_2004"),
    "big5hkscs": ("big5", "big5hkscs"),
}
_SHOWN_IN_BYTES = ("utf", "iso2022", "hz")  # rnncore detects these without a guess
_RATED = [
    *_TRIED,
    *(
        name
        for name in ENCODINGS
        if not name.startswith(_SHOWN_IN_BYTES) and not any(name in t for t in _TRIED.values())
    ),
]

# How much better an encoding must be rated than cp1252, or than the usual one of its region, to
# win. Chosen on 1,344 texts of 34 languages, 30 to 1,500 characters long.
_HANDICAP = {
    "iso8859-15": 0.006,
    "latin-1": 0.001,
    "cp850": 0.005,
    "cp437": 0.015,
    "mac-roman": 0.007,
    "cp1250": 0.01,
    "iso8859-2": 0.011,
    "cp852": 0.015,
    "mac-latin2": 0.025,
    "cp1257": 0.05,
    "iso8859-13": 0.05,
    "iso8859-4": 0.06,
    "cp775": 0.07,
    "cp1254": 0.025,
    "cp857": 0.05,
    "cp866": 0.01,
    "iso8859-5": 0.01,
    "mac-cyrillic": 0.01,
}
_USUAL = {
    *("cp1252", "cp1251", "koi8-r", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030"),
    *("big5", "cp949"),
}
_OTHER_HANDICAP = 0.03

_SAMPLE_BYTES = 1 << 15  # chardet rates them in 0.02 s, and other threads wait meanwhile
_LINE_BYTES = 300
_MISPLACED_WEIGHT = 0.6
_CLOSE = 0.02  # encodings whose ratings are closer to the best one than this are likely as well
_MAX_LIKELY = 4
_MAX_TRIED = 12
_LEAST_RATING = 0.005
_MANY = 0.05  # share of non-ASCII bytes
_NOT_ASCII_CHARACTER = re.compile(r"[^\x00-\x7f]")
_MAX_PLACES = 1_000
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_EXCERPT = re.compile(rb"[^\n]{1,80}(?=[\s]|$)|[^\n]{80}")
_INSIDE_WORDS = frozenset("\u2019\u2018\u00b7\u00ad\u2014\u2013")  # ’ ‘ · soft hyphen — –


@dataclass(frozen=True)
class LikelyEncoding:
    """An encoding that a file may have, and how a piece of the file reads in it."""

    name: str
    excerpt: str


def guess_encodings(raw: bytes) -> list[LikelyEncoding]:
    """Return the likely encodings of bytes that are not UTF-8, the likeliest first.

    The list is empty if none fits, and has one element if the guess is clear. All of them decode
    the whole of ``raw``, and read its sample differently.
    """
    if not raw:
        return []
    sample = _sample(raw)
    rated = sorted(_rate(sample), key=lambda candidate: -candidate[0])
    found: dict[str, str] = {}
    best = 0.0
    for rating, name, text in rated:
        if found and rating < best - _CLOSE:
            break
        if text not in found.values() and _decodes(raw, name):
            best = best or rating
            found[name] = text
        if len(found) == _MAX_LIKELY:
            break
    names = list(found)
    return list(map(LikelyEncoding, names, _excerpts(sample, names)))


def _rate(sample: bytes) -> Iterator[tuple[float, str, str]]:
    """Yield (rating, name, the decoded sample) of the encodings that fit best."""
    results = chardet.detect_all(
        sample, ignore_threshold=True, compat_names=False, include_encodings=_RATED
    )
    for result in results[:_MAX_TRIED]:
        rated = result["encoding"] or ""
        for name in _TRIED.get(rated, (rated,)):
            text = _decode_start(sample, name)
            if text is None:
                continue
            handicap = _HANDICAP.get(name, 0 if name in _USUAL else _OTHER_HANDICAP)
            fit = result["confidence"] * (1 - _MISPLACED_WEIGHT * _misplaced_share(text))
            if fit > _LEAST_RATING:
                yield fit - handicap, name, text
            break


def _sample(raw: bytes) -> bytes:
    """Return the bytes to rate: all if they are few, or else a part with many non-ASCII bytes.

    That is the part from the first of them on. If they are rare there, it is lines with such
    bytes from everywhere in the file.
    """
    if len(raw) <= _SAMPLE_BYTES:
        return raw
    step = len(raw) // (_SAMPLE_BYTES // _LINE_BYTES)
    lines: list[bytes] = []
    at = 0
    for start in range(0, len(raw), step):
        found = _NOT_ASCII.search(raw, max(at, start), start + step)
        if found is None:
            continue
        begin = raw.rfind(b"\n", max(at, found.start() - _LINE_BYTES), found.start()) + 1
        begin = begin or found.start()
        part = raw[begin : begin + _SAMPLE_BYTES]
        if not lines and len(_NOT_ASCII.findall(part)) > _MANY * len(part):
            return part
        end = max(raw.rfind(end, begin, begin + _LINE_BYTES) for end in (b"\n", b" "))
        at = end + 1 if end > found.start() else begin + _LINE_BYTES
        lines.append(raw[begin:at])
    return b"".join(lines)


def _decode_start(sample: bytes, name: str) -> str | None:
    """Return the characters of a sample that may end within one; None if they break the rules."""
    try:
        return codecs.getincrementaldecoder(name)().decode(sample)
    except (UnicodeError, LookupError):
        return None


def _decodes(raw: bytes, name: str) -> bool:
    try:
        decode_in_pieces(raw, name)
    except UndecodableError:
        return False
    return True


def _misplaced_share(text: str) -> float:
    """Return the share of the non-ASCII characters, 0 to 1, that no language has in their place."""
    count = misplaced = 0.0
    for match in islice(_NOT_ASCII_CHARACTER.finditer(text), _MAX_PLACES):
        char, at = match[0], match.start()
        before, after = text[at - 1 : at] or " ", text[at + 1 : at + 2] or " "
        count += 1
        category = unicodedata.category(char)
        if category in {"Cc", "Co", "Cn", "Lm", "Sk"}:
            misplaced += 1
        elif category == "Lu":  # a capital inside a word, or alone
            misplaced += 1 if before.islower() else 0.5 * (before == " " == after)
        elif category[0] not in "LM" and before.isalpha() and after.isalpha():
            misplaced += char not in _INSIDE_WORDS
        elif category[0] == "S" and (before.isalpha() or after.isalpha()):
            misplaced += 0.5
    return misplaced / max(1, count)


def _excerpts(sample: bytes, names: Sequence[str]) -> list[str]:
    """Return how one piece of the sample reads in each encoding, if possible differently."""
    best: list[str] = [""] * len(names)
    for match in _EXCERPT.finditer(sample):
        if match[0].isascii():
            continue
        texts = [match[0].decode(name, "replace").strip() for name in names]
        if len(set(texts)) > len(set(best)) or not any(best):
            best = texts
        if len(set(best)) == len(names):
            break
    return best
