"""Load one file: read, check each row, keep the good ones, tell the rest; all or nothing.

The caller owns the transaction: a dry run is the same work rolled back, so its numbers are exact.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.flow import keep_own_flows
from gisgrid.core import crs
from gisgrid.core.errors import NotFound
from gisgrid.core.heavy import pandas as pd
from gisgrid.core.plans import TownshipInfo, plan_in_force
from gisgrid.db.bulk import bulk_into
from gisgrid.files.findings import Findings
from gisgrid.files.read import GEOMETRY, Table
from gisgrid.loading.checks import Checker
from gisgrid.loading.datum_check import DatumVerdict
from gisgrid.loading.declared import compared, declared_in_words
from gisgrid.loading.modes import ADD, REPLACE, Ended, end_others, leave_stored
from gisgrid.loading.personal_data_guard import refuse_personal_cells
from gisgrid.loading.prepare import (
    ROW_KEY,
    Order,
    PreparedLoad,
    close_run,
    open_run,
    prepare,
    statement_values,
)
from gisgrid.loading.runs import one_at_a_time
from gisgrid.loading.stage import Stage
from gisgrid.loading.stored import Emptied, emptied, given_columns, recall
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.planning.attach.attach import Counts, attach_dated

Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class LoadReport:
    """What a load did (or, in a dry run, would do)."""

    table: Table
    read: int
    inserted: int
    updated: int
    unchanged: int
    ended: Ended
    """Stored rows that the file does not name, where it stands for all of them; see `gisgrid.loading.modes`."""
    rejected: Findings
    noted: Findings
    decided: dict[str, str]
    """How the file was read, for a person: encoding, layer, header, order of days, coordinates …"""
    crs: str | None
    verdict: DatumVerdict | None
    unused: tuple[str, ...]
    ignored: tuple[str, ...]
    emptied: tuple[Emptied, ...]
    """Stored values that empty cells take away, by column."""
    houses: Counts | None
    """Under the plan in force, else the one that waits; those of other dated plans are not told."""
    events: Counts | None
    townships: tuple[str, ...]
    """Codes of townships that got their first settings: CRS, time zone and rules by default."""
    run_id: int | None
    """None if the file added nothing: then there is no run either."""


def load(session: Session, order: Order, *, progress: Progress | None = None) -> LoadReport:
    """Bring a file into the store.

    Raises
    ------
    UndeclaredCrs
        Nothing says how the coordinates are meant.
    Invalid
        The file cannot be read, lacks a column, holds personal data that nobody takes, or its
        declared datum cannot be right.
    Conflict
        The plan is not a draft.
    NotFound
        No such kind, township, plan.
    """
    tell: Progress = progress or (lambda done, total, what: None)
    one_at_a_time(session, lambda: tell(0, None, "waiting"))
    job = prepare(session, order)
    run_id = open_run(session, job)
    stage = Stage(session, job.target, statement_values(session, job, run_id))
    stage.make()
    rejected, noted = Findings(), Findings()
    checker = Checker(job.resolved, job.context)
    read = _fill(stage, job, checker, tell, rejected=rejected, noted=noted)
    given = given_columns(job.resolved)
    _complete(stage, job, given, rejected, noted)
    verdict = None
    if job.target.placed and job.declared and job.place:
        if "address" in job.target.columns:
            stage.mark_placeholders(noted)
        verdict = compared(stage, job.place, job.declared, trust=order.trust_crs)
    if job.target.community and "address" in job.target.columns:
        stage.find_communities_in_addresses(noted)
    decided = {**job.decided, **checker.decided}
    if job.declared:
        decided["coordinates"] = declared_in_words(stage, job)
    check = partial(stage.run_checks, move=order.move)
    ended = Ended()
    if order.mode == REPLACE:
        ended = end_others(stage, order.kind, check, rejected, noted)
    else:
        check(rejected, noted)
    blanks = emptied(stage, job.resolved, given, noted, allowed=order.blank)
    tell(read, read, "writing")
    staged = stage.row_count()
    with bulk_into(session, job.target.table, staged) as empty:
        inserted, updated = stage.write(into_empty=empty)
    settled = finish_areas(session, run_id) if order.kind == "areas" else ()
    houses = events = None
    if inserted + updated + len(ended.names):
        houses, events = _attach(session, job, lambda what: tell(read, read, what))
    counts = {
        "read": read,
        "inserted": inserted,
        "updated": updated,
        "ended": len(ended.names),
        "refused": len(rejected.rows()),
        "rejected": rejected.counts(),
        "noted": noted.counts(),
        "emptied": {e.column: e.values for e in blanks},
    }
    kept = close_run(
        session, run_id, counts, decided, changed=bool(inserted + updated + len(ended.names))
    )
    if order.kind == "matters" and job.place:
        keep_own_flows(session, job.place.id)
    return LoadReport(
        table=job.table,
        read=read,
        inserted=inserted,
        updated=updated,
        unchanged=max(0, staged - inserted - updated),
        ended=ended,
        rejected=rejected,
        noted=noted,
        decided=decided,
        crs=job.declared.name if job.declared else None,
        verdict=verdict,
        unused=job.resolved.unused,
        ignored=job.resolved.ignored,
        emptied=tuple(blanks),
        houses=houses,
        events=events,
        townships=settled,
        run_id=run_id if kept else None,
    )


def _complete(
    stage: Stage, job: PreparedLoad, given: frozenset[str], rejected: Findings, noted: Findings
) -> None:
    """Make whole rows of what the file says: what is stored of them, and what their names stand for."""
    stage.settle()
    stage.drop_repeats(rejected, noted)
    if job.order.kind == "areas":
        stage.find_areas()
    if job.order.mode == ADD:
        leave_stored(stage, job.order.kind, noted)
    recall(stage, given)
    if job.target.placed and "lon" not in given and not stage.any_unlocated():
        noted.drop("unlocated")
    if job.order.kind == "grids":
        stage.place_grids()
    if job.order.kind == "events":
        stage.resolve_matters()


def _attach(
    session: Session, job: PreparedLoad, tell: Callable[[str], None]
) -> tuple[Counts | None, Counts | None]:
    """Grids of the houses and events that a load may have changed, and the keys of the address search."""
    houses = events = None
    if job.place and job.target.placed:
        tell("attaching")
        if job.order.kind == "houses":
            houses = _told(session, job.place, attach_dated(session, job.place.id, "house"))
        # Whose grid an asset's events have may have changed with it.
        if job.order.kind in ("events", "assets"):
            events = _told(session, job.place, attach_dated(session, job.place.id, "event"))
    if job.order.search_keys and job.place and job.order.kind == "houses":
        tell("search keys")
        index_addresses(session, job.place.id)
    return houses, events


def _fill(
    stage: Stage,
    job: PreparedLoad,
    checker: Checker,
    tell: Progress,
    *,
    rejected: Findings,
    noted: Findings,
) -> int:
    """Check the file chunk by chunk and stage the good rows; how many rows were read."""
    seen: Counter[str] = Counter()
    read = 0
    # A chunk goes to the database while the next is read; the session is the writer's meanwhile.
    with ThreadPoolExecutor(1, thread_name_prefix="stage") as writer:
        filled: Future[None] | None = None
        for whole in job.table.chunks():
            chunk = whole.drop(columns=list(job.resolved.ignored))
            refuse_personal_cells(job.resolved, chunk)
            keyed = _with_row_key(chunk, seen) if job.order.code_from_row else chunk
            checked = checker.check(keyed)
            if filled:
                filled.result()
            filled = writer.submit(stage.fill, checked.rows)
            rejected.extend(checked.rejected.found)
            noted.extend(checked.noted.found)
            read += checked.total
            tell(read, job.table.rows, "rows")
        if filled:
            filled.result()
    return read


def _with_row_key(chunk: pd.DataFrame, seen: Counter[str]) -> pd.DataFrame:
    """The chunk with a key per row: a hash of its content and how often that stood before."""
    cells = [chunk[name].fillna("").tolist() for name in chunk.columns if name != GEOMETRY]
    if GEOMETRY in chunk:
        cells.append([str(p) for p in shapely.to_wkb(chunk[GEOMETRY].to_numpy(), hex=True)])
    contents = ["\x1f".join(row) for row in zip(*cells, strict=True)]
    keys = []
    for content in contents:
        digest = hashlib.sha256(content.encode()).hexdigest()[:20]
        seen[digest] += 1
        keys.append(f"{digest}-{seen[digest]}")
    return chunk.assign(**{ROW_KEY: keys})


def finish_areas(session: Session, run_id: int) -> tuple[str, ...]:
    """Give areas without a polygon the union of their children, new townships their settings.

    The codes of the new townships come back.
    """
    for level in ("township", "county"):
        session.execute(
            text(
                """
                UPDATE area a SET derived = true, geom = (
                    SELECT ST_Multi(ST_Union(c.geom ORDER BY c.id)) FROM area c WHERE c.parent_id = a.id)
                WHERE a.level = :level AND (a.geom IS NULL OR a.derived)
                """
            ),
            {"level": level},
        )
    rows = session.execute(
        text(
            """
            SELECT a.id, a.code, ST_X(ST_Centroid(a.geom)) AS lon, ST_Y(ST_Centroid(a.geom)) AS lat
            FROM area a LEFT JOIN township t ON t.area_id = a.id
            WHERE a.level = 'township' AND t.area_id IS NULL AND a.geom IS NOT NULL ORDER BY a.id
            """
        )
    ).all()
    for area_id, _, lon, lat in rows:
        session.execute(
            text("INSERT INTO township (area_id, metric_srid, run_id) VALUES (:id, :srid, :run)"),
            {"id": area_id, "srid": crs.default_metric_srid(lon, lat), "run": run_id},
        )
    return tuple(row.code for row in rows)


def _told(session: Session, place: TownshipInfo, counts: dict[int, Counts]) -> Counts | None:
    """Of the counts under each dated plan those that are told: under the one in force, else the last."""
    if not counts:
        return None
    try:
        return counts[plan_in_force(session, place.id).id]
    except NotFound:
        return list(counts.values())[-1]
