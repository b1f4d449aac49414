"""Is each row of this chunk good? Whole columns at a time, no database."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Readable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gisgrid.core.codes import birth_dates, sexes
from gisgrid.core.crs import DeclaredCrs
from gisgrid.core.heavy import pandas as pd
from gisgrid.files import cells, times
from gisgrid.files.cells import Habit, Parsed
from gisgrid.files.columns import Column, Resolved
from gisgrid.files.day_orders import day_first
from gisgrid.files.findings import Findings
from gisgrid.files.frames import GEOMETRY, MORE_CELLS, NO_GEOMETRY, RING_CLOSED, Cells
from gisgrid.files.limits import limits
from gisgrid.files.times import Orders
from gisgrid.loading import places
from gisgrid.loading.row_tests import RowTests

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

HEADER_ROW = 1
MOST_HOURS = 1000
"""A longer training is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks must know of the township and the file."""

    declared: DeclaredCrs | None = None
    """How the coordinates are meant; None only for kinds or files without coordinates."""
    time_zone: str = "Asia/Shanghai"
    """Zone of times that name none."""
    bounds: tuple[float, float, float, float] | None = None
    """lon min, lat min, lon max, lat max of the township; None: not known yet, so no test of
    far places, and swapped ones are seen only where the numbers show it."""
    far_m: float = 5_000.0
    """A place further than this outside ``bounds`` is refused."""
    chinese: bool = False
    """Texts are Chinese: Latin letters with accents in a row are garbled ones."""
    semicolons: bool = False
    """The file parts its cells by semicolons: where nothing else shows it, a comma parts decimals."""
    orders: Callable[[], dict[str, Orders]] | None = None
    """What the whole file shows of the order of days, by canonical column; asked where it matters.
    None: the chunk at hand has to do."""
    code_digits: Readable[str, tuple[int, ...]] = field(default_factory=dict)
    """Allowed numbers of digits per canonical column, e.g. {"code": (15, 20)}; a column not
    named may hold any code. ``codes.GB_DIGITS[kind]`` for a township of scheme gb."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The good rows of one chunk, typed, and what was found."""

    rows: pd.DataFrame
    """Index: row number. The columns of the kind, absent ones filled with None: codes, texts and
    choices str or None; dates 'YYYY-MM-DD' or None; times datetime64[us, UTC]; numbers float64
    with NaN; needs 'a;b' sorted, or ''. Areas, streets and grids have ``geometry``: multi, 2D,
    EPSG:4326. Houses and events have ``lon``, ``lat`` (EPSG:4326, NaN unless ``place`` is ok),
    ``source_x``, ``source_y`` (as delivered) and ``place`` (ok, unlocated, placeholder)."""
    rejected: Findings
    """Of rows that are not in ``rows``."""
    noted: Findings
    """Of rows that are, though something was repaired or should be looked at. What holds for a
    whole column is noted once, at the header (row 1)."""
    total: int


class Checker:
    """Checks the chunks of one file in order.

    ``Checker(resolved, context)``, then ``check(chunk)`` for every chunk of ``Table.chunks``.
    How the file writes its codes is judged on the first chunk and holds for the rest.
    """

    def __init__(self, resolved: Resolved, context: Context) -> None:
        self.resolved = resolved
        self.context = context
        self.decided: dict[str, str] = {}
        """What the cells decided of how they are read, for a person."""
        self._habits: dict[str, Habit] | None = None
        self._commas: dict[str, bool] = {}
        self._day_first: dict[str, bool] | None = None

    def check(self, chunk: pd.DataFrame) -> Checked:
        """The good rows of one chunk; a row with any reason against it is left out.

        Raises Invalid where a column of days is of two orders.
        """
        table = self.resolved.canonical(chunk)
        tests = RowTests(table.index.to_numpy(dtype=np.int64))
        if MORE_CELLS in table:
            tests.reject("too_many_cells", "", table[MORE_CELLS].notna().to_numpy())
        self._settle(table, tests)
        self._note_habits(table, tests)
        values: dict[str, Values] = {}
        for column in self.resolved.kind.columns:
            if column.parser == "coordinate" or column.name in ("geocoded", "reported_time"):
                continue
            parsed = self._parse(column, table, tests)
            values[column.name] = parsed.values
            tests.take(parsed, column.name)
            if column.required:
                tests.reject(
                    "missing", column.name, _none(cells.trim(table[column.name].to_numpy()))
                )
        self._between_columns(values, tests)
        self._locate(table, values, tests)
        keep = ~tests.refused
        frame = pd.DataFrame(
            {name: _series(array[keep]) for name, array in values.items()}
        ).set_axis(tests.rows[keep], axis=0)
        return Checked(frame, tests.rejected, tests.kept_notes(), len(table))

    def _settle(self, table: pd.DataFrame, tests: RowTests) -> None:
        """Refuse rows that are none, and those with a cell that could not be computed, for that alone."""
        if "code" in table and "code" not in self.resolved.constants:
            tests.settle("total", "code", cells.totals(table["code"].to_numpy()))
        for name in self.resolved.headers:
            tests.settle("error_cell", name, cells.errors(table[name].to_numpy()))
        for mark, code in ((NO_GEOMETRY, "geometry_text"), (RING_CLOSED, "ring_closed")):
            if mark in table:
                hit = table[mark].notna().to_numpy()
                if code == "ring_closed":
                    tests.note(code, GEOMETRY, hit)
                else:
                    tests.settle(code, GEOMETRY, hit)

    def _comma(self, name: str, given: Cells) -> bool:
        """Whether a comma parts the decimals of a column, decided where it is first seen."""
        if name not in self._commas:
            shown = cells.decimal_comma(given)
            if shown is None and not any("," in t for t in given.tolist() if t):
                return False
            self._commas[name] = self.context.semicolons if shown is None else shown
            if self._commas[name]:
                self.decided["decimal mark"] = "comma"
        return self._commas[name]

    def _is_day_first(self, name: str, given: Cells, tests: RowTests) -> bool:
        """Whether days of a column come before months; only asked where some cell leaves it open."""
        if self._day_first is None:
            if times.orders(given) == Orders():
                return False
            every = self.context.orders() if self.context.orders else {name: times.orders(given)}
            self._day_first, told, open_ones = day_first(every, self.resolved)
            heads = self.resolved.headers
            self.decided["dates"] = "; ".join(f"{heads.get(c, c)} {how}" for c, how in told.items())
            for column in open_ones:
                tests.whole.add("date_order", column, [HEADER_ROW])
        return self._day_first.get(name, False)

    def _note_habits(self, table: pd.DataFrame, tests: RowTests) -> None:
        if self._habits is not None:
            return
        self._habits = {
            c.name: cells.habit(table[c.name].to_numpy())
            for c in self.resolved.kind.columns
            if c.parser == "code" and c.name not in self.resolved.constants
        }
        for name, habit in self._habits.items():
            if habit.floats:
                tests.whole.add("float_repaired", name, [HEADER_ROW])

    def _parse(self, column: Column, table: pd.DataFrame, tests: RowTests) -> Parsed:  # noqa: PLR0911
        given: Cells = table[column.name].to_numpy()
        form = self.resolved.time_format
        match column.parser:
            case "code":
                habit = (self._habits or {}).get(column.name, Habit())
                return cells.codes(given, habit, self.context.code_digits.get(column.name, ()))
            case "choice":
                return cells.choices(given, column.choices)
            case "number":
                return cells.numbers(given, comma=self._comma(column.name, given))
            case "date":
                given = cells.trim(given)
                first = form is None and self._is_day_first(column.name, given, tests)
                values, bad = times.dates(given, form=form, day_first=first)
                odd = np.fromiter(
                    (v is not None and not "1850" <= v[:4] <= "2200" for v in values.tolist()),
                    np.bool_, len(values),
                )  # fmt: skip
                return Parsed(values, [("date", bad), ("date_range", odd)])
            case "time":
                given = cells.trim(given)
                if column.name == "reported_at" and self.resolved.has("reported_time"):
                    given = _joined(given, cells.trim(table["reported_time"].to_numpy()))
                first = form is None and self._is_day_first(column.name, given, tests)
                moments, bad = times.times(
                    given, zone=self.context.time_zone, form=form,
                    late=column.name != "reported_at", day_first=first,
                )  # fmt: skip
                return Parsed(moments, [("time", bad), ("date_range", times.odd_years(moments))])
            case "citizen_id":
                return cells.citizen_ids(given)
            case "phone":
                return cells.phones(given)
            case "needs":
                return cells.needs(given)
            case "limit":
                return limits(given)
            case _:
                return cells.texts(given, chinese=self.context.chinese)

    def _between_columns(self, values: dict[str, Values], tests: RowTests) -> None:
        """Rules that need two columns of a row."""
        kind = self.resolved.kind.name
        if kind == "areas":
            is_root = values["level"] == "county"
            tests.reject("missing", "parent", ~is_root & _none(values["parent"]))
        elif kind == "grids" and not self.resolved.has("kind"):
            basic = _none(values["kind"])
            values["kind"] = np.where(basic, "basic", values["kind"]).astype(object)
        elif kind == "staff":
            tests.reject("until_first", "until", _before(values["until"], values["since"]))
            tests.reject("missing", "role", ~_none(values["grid"]) & _none(values["role"]))
            tests.reject("missing", "since", ~_none(values["grid"]) & _none(values["since"]))
        elif kind in ("offices", "assets"):
            tests.reject("until_first", "until", _before(values["until"], values["since"]))
            if kind == "assets":
                tests.reject("negative", "reach_m", values["reach_m"].astype(np.float64) < 0)
        elif kind == "duties":
            tests.reject("until_first", "ends_at", values["ends_at"] <= values["starts_at"])
        elif kind == "problems":
            tests.reject(
                "until_first", "review_on", _before(values["review_on"], values["opened_on"])
            )
        elif kind == "trainings":
            expires, held = values["expires_on"], values["held_on"]
            tests.reject("until_first", "expires_on", _before(expires, held))
            hours = values["hours"].astype(np.float64)
            tests.reject("hours", "hours", (hours <= 0) | (hours > MOST_HOURS))
        elif kind == "matters":
            limit = values["time_limit"].astype(np.float64)
            tests.reject("negative", "time_limit", limit <= 0)
            # With one of the two columns only, the other stands in the store.
            both = self.resolved.has("time_limit") and self.resolved.has("limit_unit")
            unit = _none(values["limit_unit"])
            tests.reject("missing", "limit_unit", both & ~np.isnan(limit) & unit)
            tests.reject("missing", "time_limit", both & np.isnan(limit) & ~unit)
            for name in ("duplicate_m", "duplicate_h"):
                tests.reject("negative", name, values[name].astype(np.float64) <= 0)
        elif kind == "events":
            tests.reject("closed_first", "closed_at", values["closed_at"] < values["reported_at"])
        elif kind == "residents":
            tests.note("id_mismatch", "citizen_id", _differs_from_id(values, tests.refused))

    def _locate(self, table: pd.DataFrame, values: dict[str, Values], tests: RowTests) -> None:
        shape, context = self.resolved.kind.geometry, self.context
        if shape is None:
            return
        if shape != "point":
            declared = context.declared or DeclaredCrs("wgs84", "wgs84")
            given = np.full(len(table), None, dtype=object)
            if GEOMETRY in table:
                given = table[GEOMETRY].to_numpy()
            found = places.shapes(
                given, shape, declared, bounds=context.bounds, far_m=context.far_m
            )
            rejected = found.rejected
            if self.resolved.kind.name == "areas":
                # Its polygon is the union of its children, once they are there.
                bare = np.isin(values["level"].astype(str), ("county", "township")) & _none(given)
                rejected = [(code, mask & ~bare) for code, mask in rejected]
                tests.note("area_derived", GEOMETRY, bare)
            tests.take(Parsed(found.geometries, rejected, found.noted), GEOMETRY)
            values[GEOMETRY] = found.geometries
            return
        words = [table[c].to_numpy() for c in ("geocoded", "address") if self.resolved.has(c)]
        if GEOMETRY in table and not self.resolved.has("lon"):
            given = table[GEOMETRY].to_numpy()
            if self.resolved.kind.name == "houses":
                surface, polygons = places.polygon_points(given)
                tests.take(Parsed(given, surface.rejected, surface.noted), GEOMETRY)
                given = surface.geometries
                if polygons.any():
                    tests.whole.add("polygon_point", GEOMETRY, [HEADER_ROW])
            x, y, wrong = places.from_geometries(given)
            tests.reject("geometry_type", GEOMETRY, wrong)
            points = places.located(
                x, y, context.declared, words=words, bounds=context.bounds, far_m=context.far_m
            )
            column = GEOMETRY
        else:
            lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
            comma = self._comma("lon", lon) or self._comma("lat", lat)
            points = places.points(
                lon, lat, context.declared,
                words=words, bounds=context.bounds, far_m=context.far_m, comma=comma,
            )  # fmt: skip
            column = "lon, lat"
        expected = column == GEOMETRY or self.resolved.has("lon")
        # A file without any coordinates is one fact, not one per row.
        noted = points.noted if expected else []
        if not expected:
            tests.whole.add("unlocated", "", [HEADER_ROW])
        tests.take(Parsed(points.location_status, points.rejected, noted), column)
        values |= {"lon": points.lon, "lat": points.lat, "source_x": points.x,
                   "source_y": points.y, "location_status": points.location_status}  # fmt: skip


def _series(array: Values) -> pd.Series[Any]:
    if array.dtype.kind == "M":
        return pd.Series(pd.DatetimeIndex(array).as_unit("us").tz_localize("UTC"))
    return pd.Series(array, dtype=object) if array.dtype == object else pd.Series(array)


def _none(array: Values) -> Mask:
    return np.asarray(array == None, dtype=bool)  # noqa: E711  (elementwise)


def _before(days: Values, others: Values) -> Mask:
    """Whether a day as text is given and lies before the other one."""
    both = ~_none(days) & ~_none(others)
    before = np.zeros(len(both), dtype=bool)
    before[both] = (days[both] < others[both]).astype(bool)
    return before


def _joined(day: Cells, time: Cells) -> Cells:
    """The cells "20250805" and "83651" as "20250805 083651"; a number lost the zero of the morning."""
    out = np.empty(len(day), dtype=object)
    out[:] = [
        f"{d} {t.zfill(6) if t.isdigit() else t}" if d and t else d
        for d, t in zip(day.tolist(), time.tolist(), strict=True)
    ]
    return out


def _differs_from_id(values: dict[str, Values], refused: Mask) -> Mask:
    """Whether birth date or sex are given and differ from what a good ID says."""
    known = ~_none(values["citizen_id"]) & ~refused
    ids = values["citizen_id"][known].tolist()
    differs = np.zeros(len(known), dtype=bool)
    for name, told in (("birth_date", birth_dates(ids)), ("sex", sexes(ids))):
        given = values[name][known]
        differs[known] |= ~_none(given) & np.asarray(given != np.array(told, dtype=object), bool)
    return differs
