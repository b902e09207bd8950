"""The version of rnncore, which workers of a sweep compare."""

from __future__ import annotations

__version__ = "0.1.0"
