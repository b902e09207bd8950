"""The processor that a benchmark ran on, for its table."""

from __future__ import annotations

import platform
from pathlib import Path


def processor_name() -> str:
    """Return the processor's name, and on Linux whether it has AVX-512 or AVX2.

    Names such as "AMD EPYC" stand for processors of very different speed.
    """
    info = Path("/proc/cpuinfo")
    fields: dict[str, str] = {}
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            field, _, value = line.partition(":")
            fields.setdefault(field.strip(), value.strip())
    name = fields.get("model name") or platform.processor() or platform.machine()
    flags = set(fields.get("flags", "").split())
    widths = {"avx512f": "AVX-512", "avx2": "AVX2"}
    width = next((title for flag, title in widths.items() if flag in flags), "")
    return f"{name} ({width})" if width else name
