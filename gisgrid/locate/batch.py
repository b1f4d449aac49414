"""Many places at once: a table of points or addresses comes back with the grid of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

from gisgrid.core.errors import AmbiguousAddress, GisgridError, Invalid
from gisgrid.files.read import Table
from gisgrid.files.vocabulary import HEADERS
from gisgrid.files.words import plain
from gisgrid.locate.lookup import LookupResult, in_wgs84, number

MAX_ROWS = 100_000
MAX_CELLS = 2_000_000
"""Of a table with its other columns: all are held, about 400 bytes each in a workbook."""


@dataclass(frozen=True, slots=True)
class Question:
    """One row: a point or, where that is empty, an address."""

    row: int
    """As a person sees it in a spreadsheet; of JSON the place in the list from 1 on."""
    lon: str | None
    lat: str | None
    address: str | None
    cells: tuple[str | None, ...] = ()
    """All that stood in the row."""


@dataclass(frozen=True, slots=True)
class BatchLine:
    """The answer to one row; with a ``problem`` the rest may be empty."""

    grid_code: str | None = None
    grid_name: str | None = None
    grid_kind: str | None = None
    exclusive_code: str | None = None
    community: str | None = None
    township: str | None = None
    township_code: str | None = None
    leader: str | None = None
    border_m: float | None = None
    other_code: str | None = None
    other_m: float | None = None
    house_code: str | None = None
    matched_address: str | None = None
    how: str | None = None
    confidence: float | None = None
    plan_id: int | None = None
    problem: str | None = None


ANSWER = tuple(field.name for field in fields(BatchLine))
HEADERS_ZH = dict(
    zip(
        ANSWER,
        (
            "网格编码", "网格名称", "网格类型", "专属网格编码", "所属社区", "乡镇/街道", "乡镇/街道代码",
            "网格长", "距边界（米）", "另一可能网格", "另一网格距离（米）", "房屋编码", "匹配地址", "依据", "把握程度",
            "方案编号", "问题",
        ),
        strict=True,
    )
)  # fmt: skip

Point = Callable[[float, float], LookupResult]
Address = Callable[[str], LookupResult]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a table holds its places; None: it has no such column."""

    lon: str | None
    lat: str | None
    address: str | None


def columns_of(headers: Sequence[str]) -> Columns:
    """The columns of a table by their names.

    Raises
    ------
    Invalid
        Neither lon and lat nor an address are among them.
    """
    found: dict[str, str] = {}
    by_plain = {plain(header): header for header in reversed(headers)}
    for name in ("lon", "lat", "address"):
        for synonym in (name, *HEADERS[name]):
            if synonym in by_plain:
                found[name] = by_plain[synonym]
                break
    if "lon" not in found and "address" not in found:
        # Both coordinates in one column: a point pasted where an address might be.
        both = next((by_plain[s] for s in HEADERS["geocoded"] if s in by_plain), None)
        found |= {"address": both} if both else {}
    point = "lon" in found and "lat" in found
    if not point and "address" not in found:
        raise Invalid(
            "The table has neither a column address nor lon and lat; its columns are: {headers}.",
            headers=list(headers),
        )
    return Columns(
        found["lon"] if point else None, found["lat"] if point else None, found.get("address")
    )


def questions(table: Table) -> list[Question]:
    """The rows of a table.

    Raises
    ------
    Invalid
        No column holds a place, or there are no rows, or more than ``MAX_ROWS``; more than
        ``MAX_CELLS`` cells.
    """
    columns = columns_of(table.columns)
    names = [columns.lon, columns.lat, columns.address]
    asked: list[Question] = []
    for chunk in table.chunks(20_000):
        every = chunk[list(table.columns)].to_numpy(dtype=object)
        at = [table.columns.index(name) if name is not None else None for name in names]
        for row, values in zip(chunk.index.tolist(), every.tolist(), strict=True):
            lon, lat, address = (None if i is None else values[i] for i in at)
            asked.append(Question(row, lon, lat, address, tuple(values)))
        check_count(len(asked))
        _check_cells(len(asked) * len(table.columns))
    check_count(len(asked) or -1)
    return asked


def check_count(rows: int) -> None:
    """Refuse more rows than ``MAX_ROWS``, and (a negative number) none at all."""
    if rows > MAX_ROWS:
        raise Invalid("At most {most:,} rows are answered at once; split the table.", most=MAX_ROWS)
    if rows < 0:
        raise Invalid("The table has no rows.")


def _check_cells(count: int) -> None:
    if count > MAX_CELLS:
        raise Invalid(
            "The table has more than {most:,} cells; send only the columns with the places.",
            most=MAX_CELLS,
        )


def answers(
    asked: Iterable[Question],
    point: Point,
    address: Address,
    *,
    datum: str,
    language: str,
    known: dict[str, BatchLine],
) -> Iterator[BatchLine]:
    """The line of each row, in order; what is wrong with one row never ends the rest.

    Addresses that were answered before are looked up in ``known``, which grows.
    """
    for question in asked:
        has_point = bool((question.lon or "").strip() and (question.lat or "").strip())
        words = (question.address or "").strip()
        if not has_point and words in known:
            yield known[words]
            continue
        try:
            if has_point:
                lon, lat = number(question.lon or "", "lon"), number(question.lat or "", "lat")
                found = point(*in_wgs84(lon, lat, datum))
            else:
                found = address(words)
            line = _line(found)
        except GisgridError as error:
            line = BatchLine(problem=_problem(error, language=language))
        if not has_point:
            known[words] = line
        yield line


def _line(found: LookupResult) -> BatchLine:
    where, house = found.where, found.house
    other = where.others[0] if where.others else None
    return BatchLine(
        grid_code=where.grid.code,
        grid_name=where.grid.name,
        grid_kind=where.grid.kind,
        exclusive_code=where.exclusive.code if where.exclusive else None,
        community=where.grid.community,
        township=where.township.name,
        township_code=where.township.code,
        leader=where.grid.leader,
        border_m=round(where.border_m, 2),
        other_code=other.card.code if other else None,
        other_m=round(other.distance_m, 2) if other else None,
        house_code=house.code if house else None,
        matched_address=house.address if house else None,
        how=found.how,
        confidence=round(found.confidence, 3),
        plan_id=where.plan.id,
    )


def _problem(error: GisgridError, *, language: str) -> str:
    told = error.in_language(language)
    options = error.facts.get("candidates")
    if isinstance(error, AmbiguousAddress) and isinstance(options, list):
        told += " " + "; ".join(str(o["address"]) for o in options[:3])
    return told
