"""What the worker does with a file sent in the browser: look, dry run, import, and taking it back.

It enters as the owner and acts for whoever asked: the store is asked whether that account has the right
there and now, before anything is read and once more before anything stays. What an import did and what
its page is told are written in one transaction.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, func, null, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotAllowed, NotFound
from gisgrid.core.failures import failure_of
from gisgrid.core.heavy import pandas as pd
from gisgrid.core.messages import message
from gisgrid.core.plans import newest_plan, plan_named, township
from gisgrid.core.settings import Settings
from gisgrid.db.store import Actor, transaction
from gisgrid.db.tables import FileImport
from gisgrid.files.columns import KINDS, Mapping, Shape
from gisgrid.files.frames import GEOMETRY
from gisgrid.files.geometry_texts import may_hold
from gisgrid.files.proposed import proposals
from gisgrid.files.read import Table
from gisgrid.files.reading_apart import open_apart
from gisgrid.files.rejects import write_rejects
from gisgrid.jobs.imports import BROKE_OFF, FOLDERS, ImportLeft, fail
from gisgrid.loading import file_import_parts, file_imports
from gisgrid.loading.drawing import drawing
from gisgrid.loading.file_imports import FileImportInfo
from gisgrid.loading.load import LoadReport, Progress, load
from gisgrid.loading.modes import refuse_other_ends
from gisgrid.loading.prepare import Order
from gisgrid.loading.report_json import report_as_json, undone_as_json
from gisgrid.loading.runs import run_numbered
from gisgrid.loading.undo import undo_load
from gisgrid.planning.review.publish import publish

log = logging.getLogger(__name__)

SAMPLE = 20
"""Rows that the page shows."""
LONGEST_CELL = 80
ORIGIN = "import"
"""Where an act of the worker comes from, in the audit."""
_SHAPES: dict[str, Shape] = {
    "Point": "point", "MultiPoint": "point", "LineString": "line", "MultiLineString": "line",
    "Polygon": "polygon", "MultiPolygon": "polygon",
}  # fmt: skip

_FILES = FileImport.metadata.tables["file_import"]


@dataclass(frozen=True)
class ImportWork:
    """A task that was begun."""

    engine: Engine
    found: FileImportInfo
    asked_by: int
    who: str
    """Log-in name of whoever asked."""
    attempt: int
    most: int
    """Bytes that a packed file may unpack to."""
    tell: Progress
    """Raises `ImportLeft` if the task is not ours any more."""

    @property
    def actor(self) -> Actor:
        return Actor(self.asked_by, None, ORIGIN)


def here(
    engine: Engine, number: int, attempt: int, stopped: Callable[[], bool] = lambda: False
) -> None:
    """Do a task, in this process; why it came to nothing is written, if it did."""
    mine = {"id": number, "attempt": attempt}

    def tell(done: int, total: int | None, doing: str) -> None:
        told = {**mine, "done": done, "total": total, "doing": doing}
        try:
            with transaction(engine) as session:
                session.execute(text(_BRIEFLY))
                if session.scalar(text(_TELL), told) is None:
                    raise ImportLeft
        except OperationalError as exc:
            # Many rows lock what they hang on until they are committed, this account of them included: who waited
            # for that would wait for themselves.
            if not isinstance(exc.orig, LockNotAvailable):
                raise

    try:
        with transaction(engine, read_only=True) as session:
            found = file_imports.file_import(session, number)
            row = session.execute(text(_BY), {"id": number}).one()
        most = Settings.from_env().unpacked_max_mb << 20
        do(ImportWork(engine, found, row.id, row.name, attempt, most, tell))
    except ImportLeft:
        return
    except GisgridError as exc:
        fail(engine, number, attempt, exc)
    except Exception as exc:
        known = failure_of(exc)
        if known is None:
            # Its words may quote a row, and rows hold people.
            log.error("import %s broke off: %s at %s", number, type(exc).__name__, _place(exc))
        why = known.said if known else message(BROKE_OFF)
        fail(engine, number, attempt, GisgridError("{why}", why=why))


def _place(exc: BaseException) -> str:
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


def do(work: ImportWork) -> None:
    """Do what was asked; what came of it is written, unless it was cancelled meanwhile."""
    TASKS[work.found.task](work)


def _look(work: ImportWork) -> None:
    """What is in the file, and which kind it may be."""
    with _opened_folder(work) as path:
        try:
            table = _read(work, path)
        except (Invalid, NotFound) as error:
            choices = error.facts.get("layers") or error.facts.get("sheets")
            if not choices:
                raise
            _end(work, parts={"sample": None}, looked={"choices": choices, "columns": []})
            return
        rows, shape, sample = 0, None, []
        for chunk in table.chunks(5000):
            if not rows:
                sample = _sample(table, chunk)
                shape = _shape(chunk)
            rows += len(chunk)
            work.tell(rows, table.rows, "rows")
        if not rows:
            raise Invalid("{file_name} has a header and no rows.", file_name=work.found.file_name)
        headers = [c for c in table.columns if c != table.geometry_column]
        before = (work.found.looked or {}).get("choices")
        with transaction(work.engine, actor=work.actor) as session:
            kinds = _kinds(session)
        told = {
            "form": table.form, "columns": headers, "rows": rows, "shape": shape, "crs": table.crs,
            "encoding": table.encoding, "layer": table.layer, "choices": before,
            "decided": table.decided,
            "kinds": [asdict(p) for p in proposals(headers, shape, work.found.file_name, kinds)],
        }  # fmt: skip
        _end(work, parts={"sample": json.dumps(sample).encode()}, looked=told)


def _check(work: ImportWork) -> None:
    """A dry run: the import itself, not kept."""
    with _opened_folder(work) as path:
        order, picture = _ordered(work, path)
        with transaction(work.engine, actor=work.actor) as session:
            report = _loaded(session, work, order)
            told = report_as_json(report)
            refused = _workbook(report, path)
            session.rollback()
    _end(work, parts={"drawing": picture, "refused": refused}, checked=told)


def _commit(work: ImportWork) -> None:
    with _opened_folder(work) as path:
        order, picture = _ordered(work, path)
        with transaction(work.engine, actor=work.actor) as session:
            report = _loaded(session, work, order)
            refuse_other_ends(len(report.ended.names), (work.found.checked or {}).get("ended"))
            refused = _workbook(report, path)
            work.tell(report.read, report.read, "committing")
            # Whoever lost the right while this ran has lost it.
            file_imports.refuse_strangers(session, order.kind, order.township)
            session.execute(
                text("SELECT audit('import', 'file_import', ARRAY[CAST(:id AS bigint)])"),
                {"id": work.found.id},
            )
            _write(
                session, work, parts={"drawing": picture, "refused": refused},
                imported=report_as_json(report), run_id=report.run_id,
            )  # fmt: skip


def _foresee(work: ImportWork) -> None:
    """What taking the import back would do."""
    with transaction(work.engine, actor=work.actor) as session:
        told = _undone(session, work)[1]
        session.rollback()
    _end(work, foreseen=told)


def _undo(work: ImportWork) -> None:
    with transaction(work.engine, actor=work.actor) as session:
        by, told = _undone(session, work)
        file_imports.refuse_strangers(session, str(work.found.kind), work.found.township)
        session.execute(
            text("SELECT audit('undo_import', 'file_import', ARRAY[CAST(:id AS bigint)])"),
            {"id": work.found.id},
        )
        _write(session, work, foreseen=told, undone_by_id=by)


TASKS: dict[str, Callable[[ImportWork], None]] = {
    "look": _look, "check": _check, "commit": _commit, "foresee": _foresee, "undo": _undo,
}  # fmt: skip


def _undone(session: Session, work: ImportWork) -> tuple[int, dict[str, Any]]:
    found = work.found
    if found.run_id is None:
        raise Conflict("There is nothing to take back.")
    # Of the load itself: what stands there was written by a page.
    run = run_numbered(session, found.run_id)
    file_imports.refuse_strangers(session, run.kind, run.township)
    undone = undo_load(session, found.run_id, who=work.who)
    return undone.by, undone_as_json(undone)


def _ordered(work: ImportWork, path: Path) -> tuple[Order, bytes | None]:
    """What is to be loaded, and the picture of where it lies."""
    found = work.found
    with transaction(work.engine, actor=work.actor, read_only=True) as session:
        file_imports.refuse_strangers(session, str(found.kind), found.township)
    table = _read(work, path)
    order = file_imports.order_of(found, table, who=work.who, most=work.most)
    with transaction(work.engine, actor=work.actor, read_only=True) as session:
        picture = drawing(session, order)
    if picture is None:
        return order, None
    drawn = json.dumps(picture).encode()
    # Kept at once: it shows best what is wrong where the load is refused.
    with transaction(work.engine) as session:
        _put(session, work.found.id, {"drawing": drawn})
    return order, drawn


def _loaded(session: Session, work: ImportWork, order: Order) -> LoadReport:
    file_imports.refuse_strangers(session, order.kind, order.township)
    report = load(session, order, progress=work.tell)
    above = report.run_id and session.scalar(
        text("SELECT appoints_above(:run)"), {"run": report.run_id}
    )
    if order.kind == "offices" and above:
        raise NotAllowed(
            "The file gives {above} posts above the ground that this account administers.",
            above=above,
            right="administer",
        )
    if order.kind == "grids" and (day := work.found.options.get("in_force_from")):
        _put_in_force(session, order, date.fromisoformat(day))
    return report


def _put_in_force(session: Session, order: Order, day: date) -> None:
    """Let a township's first plan be in force from a day: nothing is redrawn by it."""
    place = township(session, order.township)
    if newest_plan(session, place.id) is not None:
        raise Conflict(
            "The township has a plan already; a new one is drawn and reviewed in the plan editor."
        )
    publish(session, plan_named(session, place.id, str(order.plan)).id, day)


def _kinds(session: Session) -> list[str]:
    """Kinds that may be loaded now: before there is a township, areas alone."""
    there = session.scalar(text("SELECT EXISTS (SELECT FROM township)"))
    return list(KINDS) if there else ["areas"]


def _read(work: ImportWork, path: Path) -> Table:
    """The file, read in a process of its own as it is meant by now."""
    work.tell(0, None, "reading")
    mapping = Mapping.from_json(json.dumps(work.found.options.get("mapping", {})))
    kind = work.found.kind

    def read(shape: Shape | None) -> Table:
        return open_apart(
            path, layer=mapping.layer, encoding=mapping.encoding, most=work.most, shape=shape
        )

    table = read(KINDS[kind].geometry if kind else None)
    if kind is None and not table.has_geometry and may_hold(table.columns):
        return read("polygon")
    return table


def _sample(table: Table, chunk: pd.DataFrame) -> list[Any]:
    """Number and cells of the first rows."""
    headers = [c for c in table.columns if c != table.geometry_column]
    cells = chunk.head(SAMPLE)
    return [
        [int(number), [None if c is None else str(c)[:LONGEST_CELL] for c in row]]
        for number, *row in cells[headers].itertuples(name=None)
    ]


def _shape(chunk: pd.DataFrame) -> Shape | None:
    if GEOMETRY not in chunk:
        return None
    return next((_SHAPES.get(g.geom_type) for g in chunk[GEOMETRY] if g is not None), None)


def _workbook(report: LoadReport, path: Path) -> bytes | None:
    """Refused and noted rows with their reasons; None: there are none."""
    if not (report.rejected.found or report.noted.found):
        return None
    book = path.parent / "refused.xlsx"
    write_rejects(report.table, report.rejected, report.noted, book, without=report.ignored)
    return book.read_bytes()


@contextmanager
def _opened_folder(work: ImportWork) -> Iterator[Path]:
    """The file in a folder of its own, which goes afterwards."""
    prefix = f"{FOLDERS}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        path = Path(folder) / f"file{file_import_parts.ending(work.found.file_name)}"
        with transaction(work.engine, read_only=True) as session:
            there = file_import_parts.write_file(session, work.found.id, path)
        if not there:
            raise Conflict("The file was deleted after its time; send it again.")
        try:
            yield path
        except GisgridError as error:
            # As its sender calls it.
            if error.facts.get("file") == path.name:
                error.facts["file"] = work.found.file_name
            raise


def _end(work: ImportWork, *, parts: dict[str, bytes | None] | None = None, **values: Any) -> None:
    with transaction(work.engine) as session:
        _write(session, work, parts=parts, **values)


def _write(
    session: Session,
    work: ImportWork,
    *,
    parts: dict[str, bytes | None] | None = None,
    **values: Any,
) -> None:
    """What came of the task, in the transaction at hand; raises `ImportLeft` if it is not ours any more."""
    told = {name: null() if value is None else value for name, value in values.items()}
    ours = session.scalar(
        update(_FILES)
        .values(state="done", ended_at=func.now(), **told)
        .where(
            _FILES.c.id == work.found.id,
            _FILES.c.state == "running",
            _FILES.c.attempts == work.attempt,
        )
        .returning(_FILES.c.id)
    )
    if ours is None:
        raise ImportLeft
    _put(session, work.found.id, parts or {})


def _put(session: Session, number: int, parts: dict[str, bytes | None]) -> None:
    for what, content in parts.items():
        session.execute(
            text("DELETE FROM file_import_part WHERE import_id = :id AND what = :what"),
            {"id": number, "what": what},
        )
        if content is not None:
            file_import_parts.put_part(session, number, what, [content])


_BRIEFLY = "SET LOCAL lock_timeout = '1s'"

_TELL = """
UPDATE file_import SET done = :done, total = :total, doing = :doing
WHERE id = :id AND state = 'running' AND attempts = :attempt RETURNING id
"""

_BY = """
SELECT k.id, k.name FROM file_import i JOIN account k ON k.id = i.asked_by WHERE i.id = :id
"""
