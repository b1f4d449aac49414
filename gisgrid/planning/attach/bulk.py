"""All places of a township at once: points stream out of the store, answers stream back by COPY."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.crs import reach_in_degrees
from gisgrid.db.bulk import bulk_into, owns
from gisgrid.db.store import raw
from gisgrid.locate.borders import near_borders
from gisgrid.locate.locator import Locator
from gisgrid.planning.attach.rule import Kind, Rule
from gisgrid.planning.attach.statements import Attaching

Values = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Places = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # magic, flags, no header extension
_TRAILER = b"\xff\xff"


@dataclass(frozen=True)
class Answers:
    """One entry per place: its number, owner, grid above (-1: none), metres to a near border (NaN)."""

    ids: npt.NDArray[np.int64]
    owner_id: npt.NDArray[np.int64]
    over_id: npt.NDArray[np.int64]
    border_m: npt.NDArray[np.float64]


def attach_all(session: Session, rule: Rule, kind: Kind, ids: Sequence[int] | None = None) -> None:
    """Give every located house or event of a township, or those of some, its grid under a plan."""
    found, lon, lat = read_places(session, kind, rule.township, ids)
    if not len(found):
        return
    box = None if ids is None else _about(lon, lat, rule.near_m)
    rows = session.execute(text(_GRIDS), {"plan": rule.plan, "box": box}).all()
    polygons = shapely.from_wkb([bytes(row.geom) for row in rows])
    codes = [row.code for row in rows]
    grid_id = np.array([row.id for row in rows], np.int64)
    exclusive = np.array([row.kind == "exclusive" for row in rows], np.bool_)
    threads = os.cpu_count() or 1
    owns = ~exclusive if rule.overlay else np.ones(len(rows), np.bool_)
    owners = _locator(polygons, codes, owns)
    locators = [owners]
    owner_id = grid_id_of(owners, grid_id[owns], lon, lat, threads)
    over_id = np.full(len(found), -1, np.int64)
    if rule.overlay:
        over = _locator(polygons, codes, exclusive)
        locators.append(over)
        over_id = grid_id_of(over, grid_id[exclusive], lon, lat, threads)
    border_m = near_borders(
        locators, list(polygons), lon, lat,
        within_m=rule.near_m, metric_srid=rule.srid, threads=threads,
    )  # fmt: skip
    _write(session, rule.plan, kind, Answers(found, owner_id, over_id, border_m))


def _about(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], near_m: float) -> bytes:
    """The box around some places and what is near them, as WKB."""
    by = reach_in_degrees(near_m, float(np.abs(lat).max()) + 0.01)
    wkb: bytes = shapely.to_wkb(
        shapely.box(lon.min() - by, lat.min() - by, lon.max() + by, lat.max() + by)
    )
    return wkb


def read_places(
    session: Session, kind: Kind, township: int, ids: Sequence[int] | None = None
) -> Places:
    """Number, longitude and latitude of every located place of a township, as arrays (n,).

    Parameters
    ----------
    ids
        Numbers of those that are wanted; None: all.
    """
    record = np.dtype([("id", ">i8"), ("lon", ">f8"), ("lat", ">f8")])
    values = {"t": township, "ids": None if ids is None else list(ids)}
    with raw(session).cursor(binary=True) as cursor:
        blocks = [block for (block,) in cursor.execute(_BLOCKS[kind], values)]
    body = np.frombuffer(b"".join(blocks), record)
    return (
        body["id"].astype(np.int64),
        body["lon"].astype(np.float64),
        body["lat"].astype(np.float64),
    )


def grid_id_of(
    locator: Locator,
    grid_id: npt.NDArray[np.int64],
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    threads: int,
) -> npt.NDArray[np.int64]:
    """Number of each point's grid; -1 in none."""
    place = locator.locate_many(lon, lat, threads=threads)
    return np.where(place < 0, -1, np.append(grid_id, -1)[place])


def _locator(
    polygons: npt.NDArray[np.object_], codes: Sequence[str], chosen: npt.NDArray[np.bool_]
) -> Locator:
    return Locator.build(
        list(polygons[chosen]), [code for code, keep in zip(codes, chosen, strict=True) if keep]
    )


def _write(session: Session, plan: int, kind: Kind, answers: Answers) -> None:
    """Straight into the table where the plan has no answers yet, else by way of a comparison.

    COPY asks no policy, so that only the table's owner may use it.
    """
    table = f"{kind}_grid"
    known = not owns(session, table) or session.scalar(Attaching(kind).known(), {"plan": plan})
    if known:
        table = "answer"
        session.execute(text("DROP TABLE IF EXISTS pg_temp.answer"))
        session.execute(text(_ANSWER[kind]))
    every = np.ones(len(answers.ids), np.bool_)
    columns: dict[str, tuple[Values, npt.NDArray[np.bool_]]] = {
        "plan_id": (np.full(len(answers.ids), plan, np.int64), every),
        f"{kind}_id": (answers.ids, every),
        "grid_id": (answers.owner_id, answers.owner_id >= 0),
        "exclusive_grid_id": (answers.over_id, answers.over_id >= 0),
        "border_m": (answers.border_m, ~np.isnan(answers.border_m)),
    }
    with bulk_into(session, table, len(answers.ids) if not known else 0):
        _copy(session, table, columns)
    if known:
        session.execute(text("ANALYZE answer"))
        session.execute(Attaching(kind).compare())


def _copy(
    session: Session, table: str, columns: dict[str, tuple[Values, npt.NDArray[np.bool_]]]
) -> None:
    with (
        raw(session).cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(_SIGNATURE)
        for block in _records(list(columns.values())):
            copy.write(block)
        copy.write(_TRAILER)


def _records(
    columns: Sequence[
        tuple[npt.NDArray[np.int64] | npt.NDArray[np.float64], npt.NDArray[np.bool_]]
    ],
) -> list[bytes]:
    """Rows of binary COPY; rows with the same nulls have one length, so each such set is one array."""
    pattern = np.zeros(len(columns[0][0]), np.int64)
    for bit, (_, given) in enumerate(columns):
        pattern |= given.astype(np.int64) << bit
    blocks = []
    for nulls in np.unique(pattern).tolist():
        rows = pattern == nulls
        fields: list[tuple[str, str]] = [("fields", ">i2")]
        for bit, (values, _) in enumerate(columns):
            fields.append((f"l{bit}", ">i4"))
            if nulls >> bit & 1:
                fields.append((f"v{bit}", ">f8" if values.dtype.kind == "f" else ">i8"))
        out = np.empty(int(rows.sum()), np.dtype(fields))
        out["fields"] = len(columns)
        for bit, (values, _) in enumerate(columns):
            out[f"l{bit}"] = 8 if nulls >> bit & 1 else -1
            if nulls >> bit & 1:
                out[f"v{bit}"] = values[rows]
        blocks.append(out.tobytes())
    return blocks


_GRIDS = """
SELECT id, code, kind, ST_AsBinary(geom) AS geom FROM grid
WHERE plan_id = :plan
  AND (CAST(:box AS bytea) IS NULL OR geom && ST_GeomFromWKB(CAST(:box AS bytea), 4326))
ORDER BY code COLLATE "C"
"""
# Blocks that numpy reads as they are: a row of its own for every place takes six times as long.
_BLOCKS: dict[Kind, str] = {
    "house": """
        SELECT string_agg(int8send(id) || float8send(ST_X(geom)) || float8send(ST_Y(geom)), '')
        FROM house WHERE township_id = %(t)s AND location_status = 'ok'
          AND (CAST(%(ids)s AS bigint[]) IS NULL OR id = ANY(CAST(%(ids)s AS bigint[])))
        GROUP BY id / 100000""",
    "event": """
        SELECT string_agg(int8send(id) || float8send(ST_X(geom)) || float8send(ST_Y(geom)), '')
        FROM event WHERE township_id = %(t)s AND location_status = 'ok'
          AND (CAST(%(ids)s AS bigint[]) IS NULL OR id = ANY(CAST(%(ids)s AS bigint[])))
        GROUP BY id / 100000""",
}
_ANSWER: dict[Kind, str] = {
    "house": "CREATE TEMP TABLE answer ON COMMIT DROP AS SELECT * FROM house_grid WITH NO DATA",
    "event": "CREATE TEMP TABLE answer ON COMMIT DROP AS SELECT * FROM event_grid WITH NO DATA",
}
