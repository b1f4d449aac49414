"""Working time in the invented year, so that deadlines look like those of an office."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scripts.town.calendar import HOLIDAYS, MAKE_UP_DAYS
from scripts.town.spec import Ints

Times = NDArray[np.datetime64]

# 8:00-12:00 and 13:30-17:30, in minutes of the day.
MORNING, AFTERNOON = (480, 720), (810, 1050)
DAY_MIN = 480

_START = np.datetime64("2022-08-01")
# Far beyond the holidays that are known: a demo is dated to its own day.
_DAYS = np.arange(_START, np.datetime64("2060-01-01"))


def _working() -> NDArray[np.bool_]:
    working = np.is_busday(_DAYS)
    for first, last, _ in HOLIDAYS:
        working[(np.datetime64(first) <= _DAYS) & (np.datetime64(last) >= _DAYS)] = False
    working[np.isin(_DAYS, np.array(MAKE_UP_DAYS, "datetime64[D]"))] = True
    return np.asarray(working)


WORKING = _working()
_BEFORE = np.r_[0, np.cumsum(WORKING)]
_WORK_DAYS = np.flatnonzero(WORKING)


def due(reported: Times, limit_min: Ints) -> Times:
    """When ``limit_min`` working minutes have passed; times are local, to the minute."""
    day = (reported.astype("datetime64[D]") - _START).astype(int)
    minute = (reported - reported.astype("datetime64[D]")).astype("timedelta64[m]").astype(int)
    done = np.clip(minute - MORNING[0], 0, 240) + np.clip(minute - AFTERNOON[0], 0, 240)
    at = _BEFORE[day] * DAY_MIN + np.where(WORKING[day], done, 0) + limit_min
    # Due at the end of a day, not at the beginning of the next.
    index, rest = np.divmod(at - 1, DAY_MIN)
    rest = rest + 1
    clock = np.where(rest <= 240, MORNING[0] + rest, AFTERNOON[0] + rest - 240)
    return np.asarray(
        _DAYS[_WORK_DAYS[index]].astype("datetime64[m]") + clock.astype("timedelta64[m]")
    )
