"""One HTML page with a network inside, which writes in any browser.

The page needs no server, no library and no connection. Its Content Security Policy forbids every
connection. Scripts and style are named in the policy by their hashes, so nothing else can run.
Names, texts and the vocabulary are JSON in a data block, which the scripts show as text only.

The parts are in ``page``: ``engine.js`` computes, the other scripts draw.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rnncore import checks
from rnncore.errors import SettingError
from rnncore.export import card as cards
from rnncore.export.card import Card
from rnncore.network import Network, check_finite

FOLDER = Path(__file__).with_name("page")
SCRIPTS = ("elements.js", "odds.js", "writing.js", "together.js", "card.js", "start.js")
PRECISIONS = ("float16", "float32")
MAX_BYTES = 256 << 20  # of weights in a page: browsers refuse strings that are much longer

_EXACT = {"W_embed", "Wx"}  # the first layer's input
_HALF_LIMIT = float(np.finfo(np.float16).max)


def to_html(network: Network, card: Card | None = None, precision: str = "float16") -> bytes:
    """Return the page as UTF-8.

    card: what the page tells about the network. Samples are drawn if it has none.
    precision: "float16" (half the size; probabilities differ by up to 0.002) or "float32".

    SettingError: the network has no characters, is too large for a page, or has values that are
    not finite or too large for float16.
    """
    checks.check_choice("precision", precision, PRECISIONS)
    card = card or Card()
    seed_text = cards.choose_seed_text(network, card.seed_text)
    weights = _encode_weights(network, precision)
    samples = card.samples or cards.draw_samples(network, seed_text)
    facts = cards.facts(network, card)
    values: dict[str, Any] = {
        "name": card.name,
        "network": cards.describe(network),
        "precision": precision,
        "shape": {
            "cell": network.cell_type,
            "layers": network.num_layers,
            "hidden": network.hidden_dim,
            "inputs": network.input_dim,
            "symbols": network.vocab_dim,
        },
        "vocabulary": [ord(char) for char in network.vocab or ()],
        "seed": seed_text,
        "facts": facts,
        "curve": cards.curve_values(card.curve),
        "samples": samples,
    }
    style, engine = _read("style.css"), _read("engine.js")
    script = "\n".join(_read(name) for name in SCRIPTS)
    size = len(weights) + len(style) + len(engine) + len(script) + len(_to_json(values))
    facts.append(("This page", f"{_format_size(size)}, weights as {precision}"))
    parts = {
        "policy": _policy(style, engine, script),
        "title": html.escape(_title(card.name)),
        "style": style,
        "engine": engine,
        "values": _to_json(values),
        "weights": weights,
        "script": script,
    }
    return _fill(_read("page.html"), parts).encode()


def _encode_weights(network: Network, precision: str) -> str:
    """Return the parameters in base64, little-endian, in the order of the flat vector.

    Those of ``_EXACT`` and the biases are float32 even in a page of float16. They are few, and
    rounding them changes the probabilities most.
    """
    nbytes = network.num_params * np.dtype(precision).itemsize
    if nbytes > MAX_BYTES:
        advice = " Choose float16." if precision == "float32" and nbytes // 2 <= MAX_BYTES else ""
        raise SettingError(
            f"The weights take {nbytes:,} bytes; a page holds up to {MAX_BYTES:,}.{advice}"
        )
    check_finite(network)
    parts = []
    for name, value in network.params.items():
        exact = name in _EXACT or value.ndim == 1 or precision == "float32"
        if not exact and np.abs(value).max() > _HALF_LIMIT:
            raise SettingError(
                f"{name} holds values above {_HALF_LIMIT:,.0f}, which float16 cannot hold; "
                "choose float32."
            )
        parts.append(value.astype("<f4" if exact else "<f2").tobytes())
    return base64.b64encode(b"".join(parts)).decode()


def _title(name: str) -> str:
    """Return the title, without characters that HTML forbids."""
    name = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", "\ufffd", name)
    return f"A network that learnt to write {name}" if name else "A network that writes"


def _policy(style: str, *scripts: str) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    """Return the hash of an inline script or style, as a policy names it."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _to_json(values: Mapping[str, Any]) -> str:
    """Return JSON in ASCII that cannot end the element around it."""
    text = json.dumps(values, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _fill(template: str, parts: Mapping[str, str]) -> str:
    """Replace each {{name}} of the template; braces in a part stay as they are."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _format_size(nbytes: int) -> str:
    return f"{nbytes / 1e6:.1f} MB" if nbytes >= 1e6 else f"{max(1, round(nbytes / 1e3)):,} kB"
