"""Cells that say a limit of time, brought to one spelling: "4 working_hours"."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from gisgrid.files.cells import Parsed, trim
from gisgrid.files.frames import Cells

_CELL = re.compile(r"(\d+(?:\.\d+)?)\s*个?\s*([a-z_]+|[\u4e00-\u9fff]+)")
# Without "自然" office hours are meant, as in the lists that offices publish.
_UNITS = {
    "minutes": ("分钟", "工作分钟", "minute", "minutes", "working_minutes"),
    "hours": ("小时", "工作小时", "工作时", "hour", "hours", "working_hours"),
    "days": ("天", "日", "工作日", "工作天", "day", "days", "working_days"),
}
_WORDS = {word: f"working_{unit}" for unit, words in _UNITS.items() for word in words} | {
    "自然分钟": "clock_minutes", "自然小时": "clock_hours", "自然日": "clock_days",
    "clock_minutes": "clock_minutes", "clock_hours": "clock_hours", "clock_days": "clock_days",
}  # fmt: skip


def limits(cells: Cells) -> Parsed:
    """Limits as ``gisgrid.cases.worktime.Limit`` reads them; None stays None."""
    values = trim(cells)
    bad = np.zeros(len(values), dtype=bool)
    for i in np.flatnonzero(values != None):  # noqa: E711
        text = unicodedata.normalize("NFKC", values[i]).strip().casefold()
        found = _CELL.fullmatch(text)
        unit = _WORDS.get(found[2]) if found else None
        if found is None or unit is None or float(found[1]) <= 0:
            bad[i] = True
            continue
        values[i] = f"{float(found[1]):g} {unit}"
    return Parsed(values, [("limit", bad)])
