"""Is each row of this chunk good? Whole columns at a time, no database."""

from __future__ import annotations

from collections.abc import Mapping as Readable
from dataclasses import dataclass, field

import pandas as pd

from gisgrid.crs import Declared
from gisgrid.register.columns import Resolved
from gisgrid.register.findings import Findings


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks must know of the township and the file."""

    declared: Declared | None = None
    """How the coordinates are meant; None only for kinds or files without coordinates."""
    time_zone: str = "Asia/Shanghai"
    """Zone of times that name none."""
    bounds: tuple[float, float, float, float] | None = None
    """lon min, lat min, lon max, lat max of the township; None: not known yet, so no test of
    far or swapped places."""
    far_m: float = 5_000.0
    """A place further than this outside ``bounds`` is refused."""
    code_digits: Readable[str, tuple[int, ...]] = field(default_factory=dict)
    """Allowed numbers of digits per canonical column, e.g. {"code": (15, 20)}; a column not
    named may hold any code."""
    community_codes: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The good rows of one chunk, typed, and what was found."""

    rows: pd.DataFrame
    """Index: row number. Every canonical column of the kind, absent ones filled with None.
    codes and texts: str or None; ``date``: 'YYYY-MM-DD' or None; ``time``: datetime64[us, UTC];
    number, lon, lat: float64 with NaN; needs: 'a;b' sorted, or ''; ``geometry``: Shapely 2D in
    EPSG:4326 (polygons and lines as multi) or None. Houses and events also have ``source_x``,
    ``source_y`` (as delivered) and ``place`` ('ok', 'unlocated', 'placeholder'; lon, lat are NaN
    unless 'ok')."""
    rejected: Findings
    """Rows that are not in ``rows``."""
    noted: Findings
    """Rows that are, though something was repaired or should be looked at."""
    total: int


class Checker:
    """Checks the chunks of one file in order; what holds for a column is decided on the first.

    ``Checker(resolved, context)``, then ``check(chunk)`` for every chunk of ``Table.chunks``.
    """

    def __init__(self, resolved: Resolved, context: Context) -> None:
        self.resolved = resolved
        self.context = context

    def check(self, chunk: pd.DataFrame) -> Checked:
        raise NotImplementedError
