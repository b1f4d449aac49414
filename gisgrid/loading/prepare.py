"""What must be settled before the first row is read: columns, township, coordinates, plan."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core import crs
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.messages import say
from gisgrid.core.plans import TownshipInfo, newest_plan, plan_named, township
from gisgrid.files.archive_limits import MAX_UNPACKED
from gisgrid.files.cells import decimal_comma, numbers
from gisgrid.files.columns import KINDS, Mapping, Resolved, resolve
from gisgrid.files.day_orders import orders_of
from gisgrid.files.pairs import order_of
from gisgrid.files.read import Table, open_table
from gisgrid.loading.checks import Context
from gisgrid.loading.modes import UPDATE, refuse_half_list, refuse_mode
from gisgrid.loading.personal_data_guard import refuse_personal_headers
from gisgrid.loading.stored import given_columns
from gisgrid.loading.target import Target
from gisgrid.loading.targets import TARGETS

ROW_KEY = "(row)"
"""Name of a made column: a key drawn from the row's own content, for files without one."""


CHINESE_ZONES = frozenset(
    (
        "Asia/Shanghai", "Asia/Chongqing", "Asia/Harbin", "Asia/Urumqi", "Asia/Kashgar", "Asia/Hong_Kong",
        "Asia/Macau", "Asia/Taipei", "PRC", "ROC", "Hongkong",
    )
)  # fmt: skip
"""Where texts are Chinese."""


@dataclass(frozen=True)
class Order:
    """What is to be loaded, and how it is meant."""

    kind: str
    path: Path
    table: Table | None = None
    """The file as it was read already, apart; None: it is read now."""
    township: str | None = None
    plan: str | None = None
    """Draft that grids go into; made if there is none of that name."""
    version: str | None = None
    since: date | None = None
    """Version of a list of matters and the first day it is in force."""
    mapping: Mapping = field(default_factory=Mapping)
    code_from_row: bool = False
    """The file has no key: make one from each row's content and how often it stood before."""
    mode: str = UPDATE
    """What becomes of what is stored already; see `gisgrid.loading.modes`."""
    move: bool = False
    """Rows may hang what is stored on another area, house or household than before."""
    trust_crs: bool = False
    """Load even though the check of the datum says that the declared datum cannot be right."""
    blank: tuple[str, ...] = ()
    """Columns whose empty cells may take away more than a tenth of what is stored."""
    most: int = MAX_UNPACKED
    """Bytes that a packed file may unpack to."""
    search_keys: bool = True
    """Make the keys of the address search at once; without, ``gisgrid index`` makes them later."""
    who: str = ""


@dataclass(frozen=True)
class PreparedLoad:
    """An order with all that is known before its rows are read."""

    order: Order
    target: Target
    table: Table
    resolved: Resolved
    place: TownshipInfo | None
    """None for areas, which come before any township."""
    declared: crs.DeclaredCrs | None
    """None for files without coordinates."""
    context: Context
    decided: dict[str, str]
    """How the file is read, as far as that is known before its rows are."""


def prepare(session: Session, order: Order) -> PreparedLoad:
    """Open the file and settle what its columns and coordinates mean; nothing is written."""
    if order.kind not in TARGETS:
        raise NotFound(
            "There is no kind {kind!r}; known: {known}.", kind=order.kind, known=list(TARGETS)
        )
    refuse_mode(order.kind, order.mode)
    mapping = order.mapping
    kind = KINDS[order.kind]
    table = order.table or open_table(
        order.path,
        layer=mapping.layer,
        encoding=mapping.encoding,
        most=order.most,
        shape=kind.geometry,
        header=mapping.header,
    )
    if table.rows == 0:
        raise Invalid("{path} holds no features.", path=order.path.name)
    headers = tuple(h for h in table.columns if h != table.geometry_column)
    if order.code_from_row:
        headers = (*headers, ROW_KEY)
        mapping = replace(mapping, columns={**mapping.columns, "code": ROW_KEY})
    resolved = _with_pairs(
        table, resolve(order.kind, headers, mapping, has_geometry=table.has_geometry)
    )
    refuse_half_list(order.kind, order.mode, given_columns(resolved))
    refuse_personal_headers(resolved)
    _refuse_uncomputed(table, resolved)
    place = None if order.kind == "areas" else township(session, order.township)
    bounds = _bounds(session, place)
    declared = _declared(table, resolved, mapping.crs, bounds)
    if mapping.crs and declared is None and kind.geometry == "point":
        raise Invalid(
            "A coordinate system is declared, but no column of {path} holds coordinates; its columns are: "
            "{headers}.",
            hint=say("Name the columns with --column lon=… --column lat=…, or leave --crs out."),
            path=table.path.name,
            headers=list(headers),
        )
    gb = place is not None and place.code_scheme == "gb"
    context = Context(
        declared=declared,
        time_zone=place.time_zone if place else "UTC",
        bounds=bounds,
        chinese=place is not None and place.time_zone in CHINESE_ZONES,
        semicolons=table.decimal_comma,
        orders=partial(orders_of, table, resolved),
        code_digits={"code": (15, 20)} if gb and order.kind == "grids" else {},
    )
    decided = dict(table.decided)
    if resolved.pair_order:
        decided["geometry"] = f"both coordinates in column {resolved.headers['geocoded']}, " + (
            "longitude first" if resolved.pair_order == "lonlat" else "latitude first"
        )
    return PreparedLoad(
        order, TARGETS[order.kind], table, resolved, place, declared, context, decided
    )


def statement_values(session: Session, job: PreparedLoad, run_id: int) -> dict[str, object]:
    """Parameters of the target's statements; makes the draft plan or list of matters if new."""
    place, order = job.place, job.order
    if place is None:
        return {"township": None, "zone": "UTC", "scheme": "free", "run": run_id}
    values: dict[str, object] = {
        "run": run_id,
        "township": place.id,
        "zone": place.time_zone,
        "scheme": place.code_scheme,
    }
    if order.kind == "grids":
        values["plan"] = _draft(session, place, order.plan, run_id)
    if order.kind == "matters":
        values["matters"] = _matter_list(session, place, order, run_id)
    return values


def open_run(session: Session, job: PreparedLoad) -> int:
    """Number of a new import run, which the rows will point at, and history until it is closed."""
    made = session.execute(
        text(
            "INSERT INTO import_run (kind, township, file_name, sha256, crs, encoding, mapping, who, "
            "reversible) VALUES (:kind, :township, :file, :sha256, :crs, :encoding, "
            "CAST(:mapping AS jsonb), :who, true) RETURNING id"
        ),
        {
            "kind": job.order.kind,
            "township": job.place.code if job.place else None,
            "file": job.order.path.name,
            "sha256": job.table.sha256,
            "crs": job.declared.name if job.declared else None,
            "encoding": job.table.encoding,
            "mapping": replace(job.order.mapping, columns=dict(job.resolved.headers)).to_json(),
            "who": job.order.who,
        },
    )
    run_id = int(made.scalar_one())
    history_of(session, run_id)
    return run_id


def close_run(
    session: Session,
    run_id: int,
    counts: dict[str, object],
    decided: dict[str, str],
    *,
    changed: bool,
) -> bool:
    """Note what a run did, and whether it did anything; one that did not leaves no trace.

    A plan or a list of matters that it made is something, also without a row.
    """
    history_of(session, None)
    made = "SELECT EXISTS (SELECT FROM plan WHERE run_id = :run) OR EXISTS (SELECT FROM matter_list WHERE run_id = :run)"
    if not changed and not session.scalar(text(made), {"run": run_id}):
        session.execute(text("DELETE FROM import_run WHERE id = :run"), {"run": run_id})
        return False
    session.execute(
        text(
            "UPDATE import_run SET counts = CAST(:counts AS jsonb), decided = CAST(:decided AS jsonb) "
            "WHERE id = :run"
        ),
        {"counts": json.dumps(counts), "decided": json.dumps(decided), "run": run_id},
    )
    return True


def history_of(session: Session, run_id: int | None) -> None:
    """Let the history that this transaction makes from here on be a run's; None: nobody's."""
    session.execute(
        text("SELECT set_config('gisgrid.run', :run, true)"),
        {"run": "" if run_id is None else str(run_id)},
    )


def _declared(
    table: Table,
    resolved: Resolved,
    asked: str | None,
    bounds: tuple[float, float, float, float] | None,
) -> crs.DeclaredCrs | None:
    """How the coordinates are meant; None for files without any."""
    near = None
    if bounds:
        near = ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    if table.has_geometry:
        west, south, east, north = table.bounds or (0, 0, 0, 0)
        return crs.declare(asked, table.crs, [west, east], [south, north], near=near)
    if not (resolved.has("lon") and resolved.has("lat")):
        return None
    first = next(iter(table.chunks(1000)), None)
    if first is None:
        return crs.declare(asked, None, (), (), near=near)
    columns = resolved.canonical(first)
    lon, lat = columns["lon"].to_numpy(), columns["lat"].to_numpy()
    comma = bool(decimal_comma(lon) or decimal_comma(lat) or table.decimal_comma)
    x, y = (numbers(c, comma=comma, angles=True).values.astype(np.float64) for c in (lon, lat))
    return crs.declare(asked, None, x, y, near=near)


def _with_pairs(table: Table, resolved: Resolved) -> Resolved:
    """With both coordinates out of one column, where there are no others."""
    if resolved.kind.geometry != "point" or table.has_geometry or resolved.has("lon"):
        return resolved
    if "geocoded" not in resolved.headers:
        return resolved
    header = resolved.headers["geocoded"]
    found = order_of(header, (chunk[header].to_numpy() for chunk in table.chunks()))
    return resolved if found is None else replace(resolved, pair_order=found)


def _refuse_uncomputed(table: Table, resolved: Resolved) -> None:
    """A formula without its result seems an empty cell; what it would have been nobody knows."""
    used = [h for h in table.uncomputed if h in resolved.headers.values()]
    if used:
        raise Invalid(
            "{file} has formulas whose results it does not keep, in {columns}: open it in a spreadsheet "
            "program and save it.",
            file=table.path.name,
            columns=used,
        )


def _bounds(
    session: Session, place: TownshipInfo | None
) -> tuple[float, float, float, float] | None:
    if place is None:
        return None
    row = session.execute(
        text(
            "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) "
            "FROM (SELECT ST_Extent(geom) AS b FROM area WHERE id = :id OR parent_id = :id) e"
        ),
        {"id": place.id},
    ).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def _draft(session: Session, place: TownshipInfo, name: str | None, run_id: int) -> int:
    """The draft plan of a name; it is made if there is none, on the newest plan."""
    if name is None:
        raise Invalid("Grids go into a plan; name it with --plan.")
    try:
        plan = plan_named(session, place.id, name)
    except NotFound:
        newest = newest_plan(session, place.id)
        made = session.execute(
            text(
                "INSERT INTO plan (township_id, name, run_id, based_on_id) "
                "VALUES (:township, :name, :run, :base) RETURNING id"
            ),
            {
                "township": place.id,
                "name": name,
                "run": run_id,
                "base": newest and newest.id,
            },
        )
        return int(made.scalar_one())
    if plan.state != "draft":
        raise Conflict(
            "Plan {name!r} is {state}; grids can only be loaded into a draft.",
            name=name,
            state=plan.state,
        )
    return plan.id


def _matter_list(session: Session, place: TownshipInfo, order: Order, run_id: int) -> int:
    """The list of a version; a new one needs its first day and ends the list before."""
    version = order.version or "1"
    values = {"township": place.id, "version": version, "since": order.since}
    known = session.scalar(
        text("SELECT id FROM matter_list WHERE township_id = :township AND version = :version"),
        values,
    )
    if known is not None:
        return int(known)
    if order.since is None:
        raise Invalid(
            "The list of matters {version!r} is new; say with --since from which day it counts.",
            version=version,
        )
    later = session.scalar(
        text(
            "SELECT max(lower(validity)) FROM matter_list "
            "WHERE township_id = :township AND lower(validity) >= :since"
        ),
        values,
    )
    if later is not None:
        raise Conflict(
            "A list of matters begins on {later}; a new one must begin later.", later=later
        )
    session.execute(
        text(
            "UPDATE matter_list SET validity = daterange(lower(validity), :since) "
            "WHERE township_id = :township AND upper_inf(validity)"
        ),
        values,
    )
    made = session.execute(
        text(
            "INSERT INTO matter_list (township_id, version, validity, run_id) "
            "VALUES (:township, :version, daterange(:since, NULL), :run) RETURNING id"
        ),
        {**values, "run": run_id},
    )
    return int(made.scalar_one())
