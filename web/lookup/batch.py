"""``POST /api/v1/locate``: a table or a list of places comes back with the grid of each."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import cast

from flask import Response, current_app, json, request, send_file, stream_with_context
from werkzeug.exceptions import BadRequest

from gisgrid.core.errors import Invalid
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.core.settings import Settings
from gisgrid.files.csv_text import CsvLines
from gisgrid.files.filling import HeadedSheet
from gisgrid.files.read import Table
from gisgrid.files.reading_apart import fill_apart, open_apart
from gisgrid.locate import batch, lookup
from gisgrid.locate.batch import ANSWER, HEADERS_ZH, BatchLine, Question
from gisgrid.locate.lookup import Find, LookupResult
from gisgrid.locate.point_lookup import in_snapshot, take
from web.api.views import blueprint
from web.http.db import reading
from web.http.language import spoken
from web.http.towns import TownNotSaid, town
from web.lookup import schemas
from web.lookup.locate import asked_under, documented, in_force

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SUFFIX_OF_TYPE = {"text/csv": ".csv", "text/tab-separated-values": ".tsv", XLSX: ".xlsx"}
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
AT_ONCE = 500
"""Rows of one transaction and one piece of the stream."""


@dataclass(frozen=True)
class Under:
    """What all rows of a batch are answered under, whatever is published meanwhile."""

    find: Find
    home: TownshipInfo | TownNotSaid
    """In whose register addresses are looked for, or why that is not known."""
    plans: tuple[PlanInfo, ...]


def _in_other_forms(view: Callable[..., Response]) -> Callable[..., Response]:
    for form in ("text/csv", XLSX):
        view = blueprint.alt_response(200, schema={"type": "string"}, content_type=form)(view)
    return cast("Callable[..., Response]", blueprint.doc(requestBody=schemas.BATCH_BODY)(view))


@documented(
    "POST",
    schemas.BatchQuerySchema(),
    schemas.LocatedRowsSchema,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
)
@_in_other_forms
def locate_many(
    *,
    datum: str = "wgs84",
    plan: int | None = None,
    as_of: date | None = None,
    township: str | None = None,
    format: str | None = None,
    sheet: str | None = None,
    **_: object,
) -> Response:
    """The grids of up to 100,000 places.

    Sent as JSON (a list of objects with lon and lat, or address), CSV or XLSX, as the body or as the file of
    a form. CSV and JSON come back as a stream, a workbook comes back as the same workbook with the grid
    columns filled.
    """
    settings: Settings = current_app.config["SETTINGS"]
    lookup.in_wgs84(0, 0, datum)  # an unknown datum is one problem, not one a row
    under = _under(plan, as_of, township)
    if request.mimetype == "application/json":
        asked = _of_json()
        return (
            _as_csv([], asked, under, datum) if format == "csv" else _as_json(asked, under, datum)
        )
    with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
        table = _uploaded(Path(folder), sheet, settings.upload_unpacked_max_mb << 20)
        asked = batch.questions(table)
        if table.form == "workbook" and format is None:
            return _as_workbook(table, asked, under, datum)
    if format == "json":
        return _as_json(asked, under, datum)
    return _as_csv(table.columns, asked, under, datum, mark=table.encoding != "utf-8")


def _under(plan: int | None, as_of: date | None, township: str | None) -> Under:
    with reading() as session:
        if plan is None and as_of is None:
            held = [h.snapshot for h in in_force(township)]
        else:
            asked = asked_under(session, plan, as_of, township)
            held = [take(session, *each, day=as_of) for each in asked]
        home: TownshipInfo | TownNotSaid = held[0].place
        if plan is None:
            try:
                home = town(session)
            except TownNotSaid as several:
                home = several
    find = lookup.first_that_covers([partial(in_snapshot, each) for each in held])
    return Under(find, home, tuple(h.plan for h in held))


def _uploaded(folder: Path, sheet: str | None, most: int) -> Table:
    file = request.files.get("file")
    if file is not None:
        suffix = Path(file.filename or "").suffix.lower()
    else:
        suffix = SUFFIX_OF_TYPE.get(request.mimetype, "")
    if suffix not in SUFFIXES:
        raise Invalid(
            "Send JSON, CSV or XLSX: as the body with its content type, or as the file of a form.",
            known=list(SUFFIXES),
        )
    # The name stands in messages; the sender's own may hold anything.
    path = folder / f"upload{suffix}"
    with path.open("wb") as out:
        shutil.copyfileobj(file.stream if file is not None else request.stream, out)
    try:
        return open_apart(path, sheet=sheet, most=most, most_cells=batch.MAX_CELLS)
    except Invalid as error:
        if "sheets" not in error.facts:
            raise
        names = [str(name) for name in error.facts["sheets"]]  # type: ignore[attr-defined]
        raise Invalid(
            "The workbook has several sheets: {sheets}. Name one with sheet=.", sheets=names
        ) from error


def _of_json() -> list[Question]:
    try:
        body = request.get_json()
    except (BadRequest, RecursionError):  # or brackets in brackets, thousands deep
        raise Invalid("The body is not JSON.") from None
    rows = body.get("rows") if isinstance(body, dict) else body
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(
            'The body is a list of objects with lon and lat, or address; or {{"rows": that list}}.'
        )
    batch.check_count(len(rows) or -1)

    def text(row: dict[str, object], name: str) -> str | None:
        value = row.get(name)
        return None if value is None else str(value)

    return [
        Question(n, text(row, "lon"), text(row, "lat"), text(row, "address"))
        for n, row in enumerate(rows, start=1)
    ]


def _answered(asked: Sequence[Question], under: Under, datum: str) -> Iterator[list[BatchLine]]:
    """Lines in pieces; addresses of one piece are looked for in one transaction."""
    language = spoken()
    point: Callable[[float, float], LookupResult] = partial(lookup.by_point, under.find)
    known: dict[str, BatchLine] = {}
    for start in range(0, len(asked), AT_ONCE):
        part = asked[start : start + AT_ONCE]
        with reading() as session:

            def address(words: str) -> LookupResult:
                typed = lookup.by_typed_point(under.find, words, datum)
                if typed is not None:
                    return typed
                if isinstance(under.home, TownNotSaid):
                    raise under.home
                return lookup.by_address(session, under.home.id, under.find, words, datum=datum)

            yield list(
                batch.answers(part, point, address, datum=datum, language=language, known=known)
            )


def _as_csv(
    columns: Sequence[str], asked: list[Question], under: Under, datum: str, *, mark: bool = False
) -> Response:
    def lines() -> Iterator[str]:
        out = CsvLines()
        out.put([*columns, *ANSWER])
        rows = iter(asked)
        # Excel takes a file without the mark for one of the system's old encoding.
        yield ("\ufeff" if mark else "") + out.taken()
        for part in _answered(asked, under, datum):
            for line in part:
                out.put([*next(rows).cells, *(getattr(line, name) for name in ANSWER)])
            yield out.taken()

    return Response(stream_with_context(lines()), content_type="text/csv; charset=utf-8")


def _as_json(asked: list[Question], under: Under, datum: str) -> Response:
    def pieces() -> Iterator[str]:
        plans = [{"id": plan.id, "name": plan.name} for plan in under.plans]
        yield f'{{"plans": {json.dumps(plans)}, "rows": ['
        n = 0
        for part in _answered(asked, under, datum):
            texts = [json.dumps({"row": asked[n + i].row, **asdict(x)}) for i, x in enumerate(part)]
            yield (",\n" if n else "\n") + ",\n".join(texts)
            n += len(part)
        yield "\n]}\n"

    return Response(stream_with_context(pieces()), content_type="application/json")


def _as_workbook(table: Table, asked: list[Question], under: Under, datum: str) -> Response:
    lines = (line for part in _answered(asked, under, datum) for line in part)
    rows = [
        (question.row, [getattr(line, name) for name in ANSWER])
        for question, line in zip(asked, lines, strict=True)
    ]
    heads = [(HEADERS_ZH[name], name) for name in ANSWER]
    assert table.layer is not None  # noqa: S101 - narrows the type: a workbook has a sheet
    fill_apart(table.path, HeadedSheet(table.layer, table.header_row, table.columns), heads, rows)
    body = io.BytesIO(table.path.read_bytes())
    return send_file(body, mimetype=XLSX, as_attachment=True, download_name="grids.xlsx")
