"""Dates and times out of the many ways in which people write them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from gisgrid.core.heavy import pandas as pd
from gisgrid.files.frames import Cells

Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?")
_ZONE = re.compile(r"(?:Z|[+-]\d\d(?::?\d\d)?)$")
_US = re.compile(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d [AP]M")
_COMPACT = re.compile(r"\d{8} \d{6}")
_FAST = ((_ISO, "ISO8601"), (_US, "%m/%d/%Y %I:%M:%S %p"), (_COMPACT, "%Y%m%d %H%M%S"))
_YMD = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?"
)
_MDY = re.compile(
    r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[ T]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?: *([AaPp])[Mm])?)?"
)
_DMY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,? +(\d{1,2}):(\d\d)(?::(\d\d))?)?")
_TWO_FIRST = re.compile(r"\s*(\d{1,2})[/-](\d{1,2})[/-]\d{4}\b")
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[ T]?(\d\d)(\d\d)(\d\d)?)?")
_CHINESE = str.maketrans({"年": "-", "月": "-", "日": " ", "号": " ", "时": ":", "時": ":", "分": ":",
                          "點": ":", "点": ":", "秒": " "})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Orders:
    """What the days of one or more columns show of their order: the cells of each kind."""

    day_first: str | None = None
    """A cell that can only be day first; None: there is none."""
    month_first: str | None = None
    either: str | None = None

    def __or__(self, other: Orders) -> Orders:
        return Orders(
            self.day_first or other.day_first,
            self.month_first or other.month_first,
            self.either or other.either,
        )


def orders(cells: Cells) -> Orders:
    """What the cells of a column show of the order of day and month.

    >>> import numpy as np
    >>> orders(np.array(["13/07/2023", "03/08/2023", "2023-01-01"], object))
    Orders(day_first='13/07/2023', month_first=None, either='03/08/2023')
    """
    found = Orders()
    # Days are few, times of day many.
    for text in {t[:10] for t in cells.tolist() if t and ("/" in t or "-" in t[:3])}:
        pair = _TWO_FIRST.match(text)
        if pair is None:
            continue
        first, second = int(pair[1]), int(pair[2])
        shown = pair[0].strip()
        if first > 12 >= second:
            found |= Orders(day_first=shown)
        elif second > 12 >= first:
            found |= Orders(month_first=shown)
        elif first != second:
            found |= Orders(either=shown)
    return found


def times(
    cells: Cells,
    *,
    zone: str,
    form: str | None = None,
    late: bool = False,
    day_first: bool = False,
) -> tuple[Times, Mask]:
    """UTC as datetime64[us] (NaT for None), and which cells are no time.

    ``YYYY-MM-DD HH:MM[:SS]`` with ``T``, a zone or neither; ``/``, ``.`` and 年月日 for ``-``;
    ``MM/DD/YYYY hh:mm[:ss] [AM|PM]`` (``day_first``: ``DD/MM/YYYY``); ``DD.MM.YYYY``;
    ``YYYYMMDD[ hhmmss]``. A day alone is its midnight. Times without a zone are in ``zone``; in the hour that a clock shows twice the first is meant, or
    the second if ``late``, so that an end never precedes its beginning.

    Parameters
    ----------
    form
        A strptime format; then nothing else is tried but ISO 8601.
    """
    n = len(cells)
    local: Times = np.full(n, np.datetime64("NaT"), dtype="datetime64[us]")
    given = np.flatnonzero(cells != None)  # noqa: E711  (elementwise)
    if not len(given):
        return local, np.zeros(n, dtype=bool)
    left = given
    texts = cells[left]
    fast: tuple[tuple[re.Pattern[str] | None, str], ...]
    fast = ((_ISO, "ISO8601"), (None, form)) if form else _FAST
    if day_first and not form:
        fast = tuple((p, how.replace("%m/%d", "%d/%m")) for p, how in _FAST)
    for pattern, how in fast:
        fits = np.fromiter(
            (pattern is None or bool(pattern.fullmatch(t)) for t in texts), bool, len(texts)
        )
        if fits.any():
            parsed = pd.to_datetime(
                pd.Series(texts[fits], dtype=object), format=how, errors="coerce"
            )
            local[left[fits]] = parsed.to_numpy().astype("datetime64[us]")
            left, texts = left[~fits], texts[~fits]
        if not len(left):
            break
    aware: dict[int, np.datetime64] = {}
    if len(left):
        # Odd forms are few, or few spellings of them: one by one.
        codes, spellings = pd.factorize(texts)
        answers = [_one(str(text), plain=form is None, day_first=day_first) for text in spellings]
        for position, code in zip(left.tolist(), codes.tolist(), strict=True):
            moment = answers[code]
            if moment is None:
                continue
            if moment.tzinfo is None:
                local[position] = np.datetime64(moment, "us")
            else:
                aware[position] = np.datetime64(
                    moment.astimezone(dt.UTC).replace(tzinfo=None), "us"
                )
    utc = _to_utc(local, zone, late=late)
    for position, instant in aware.items():
        utc[position] = instant
    bad = np.zeros(n, dtype=bool)
    bad[given] = np.isnat(utc[given])
    return utc, bad


def dates(cells: Cells, *, form: str | None = None, day_first: bool = False) -> tuple[Cells, Mask]:
    """'YYYY-MM-DD' or None, and which cells are no date; time of day and zone are cut off."""
    if any(":" in text for text in cells if text):
        cells = cells.copy()
        cells[:] = [t and (_ZONE.sub("", t) if ":" in t else t) for t in cells.tolist()]
    moments, bad = times(cells, zone="UTC", form=form, day_first=day_first)
    out = np.full(len(cells), None, dtype=object)
    good = ~np.isnat(moments)
    out[good] = np.datetime_as_string(moments[good].astype("datetime64[D]")).astype(object)
    return out, bad


def odd_years(moments: Times) -> Mask:
    """Outside 1850–2200: a slip of the finger, not a time."""
    years = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    odd: Mask = ~np.isnat(moments) & ((years < 1850) | (years > 2200))
    return odd


def _to_utc(local: Times, zone: str, *, late: bool) -> Times:
    good = ~np.isnat(local)
    if zone == "UTC" or not good.any():
        return local
    index = pd.DatetimeIndex(local[good]).tz_localize(
        ZoneInfo(zone), ambiguous=np.full(int(good.sum()), not late), nonexistent="shift_forward"
    )
    utc = local.copy()
    utc[good] = index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    return utc


def _one(text: str, *, plain: bool, day_first: bool) -> dt.datetime | None:
    text = text.strip()
    try:
        if ":" in text and _ZONE.search(text.upper()):
            return dt.datetime.fromisoformat(text.upper())
        if not plain:
            return None
        text = text.translate(_CHINESE).strip().rstrip(":-")
        if match := _YMD.fullmatch(text) or _DIGITS.fullmatch(text):
            year, month, day, hour, minute, second = (int(g or 0) for g in match.groups())
        elif match := _MDY.fullmatch(text):
            *numbers, half = match.groups()
            month, day, year, hour, minute, second = (int(g or 0) for g in numbers)
            if day_first:
                day, month = month, day
            if half:
                hour = hour % 12 + 12 * (half.upper() == "P")
        elif match := _DMY.fullmatch(text):
            day, month, year, hour, minute, second = (int(g or 0) for g in match.groups())
        else:
            return None
        return dt.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  (local)
    except ValueError:
        return None
