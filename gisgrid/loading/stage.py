"""The temporary table of one load: filled by COPY, checked as a whole, then written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    TableClause,
    and_,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    select,
    table,
    text,
    true,
)
from sqlalchemy.orm import Session

from gisgrid.core.heavy import pandas as pd
from gisgrid.db.store import copy_text
from gisgrid.db.tables import Base
from gisgrid.files.findings import Findings
from gisgrid.loading.target import Target
from gisgrid.locate.addresses.place_names import COMMUNITY, match_name, names_within, plain

PLACEHOLDER_STREETS = 8
"""So many different streets on exactly one spot are no place: real corners have up to four."""


@dataclass(frozen=True)
class Stage:
    """The stage of one load; ``values`` are the parameters that its statements use."""

    session: Session
    target: Target
    values: dict[str, object]
    _found: dict[str, int | None] = field(default_factory=dict)

    @property
    def table(self) -> TableClause:
        """The stage as expressions name it."""
        resolved = ("community_id", "matter_id", "area_id")
        names = (*self.target.columns, *resolved)
        return table("stage", column("row_no", BigInteger), *(column(name) for name in names))

    def make(self) -> None:
        """Make the empty table; it goes with the transaction."""
        columns = [f"{name} {kind}" for name, kind in self.target.columns.items()]
        if self.target.community:
            columns.append("community_id bigint")
        if "since" in self.target.columns:
            columns.append(
                "span daterange GENERATED ALWAYS AS (CASE WHEN until < since THEN NULL "
                "ELSE daterange(since, until, '[]') END) STORED"
            )
        if "matter" in self.target.columns:
            columns.append("matter_id bigint")
        if "level" in self.target.columns:
            columns.append("area_id bigint")
        self.session.execute(text("DROP TABLE IF EXISTS pg_temp.stage"))
        self.session.execute(
            text(f"CREATE TEMP TABLE stage (row_no bigint, {', '.join(columns)}) ON COMMIT DROP")
        )

    def fill(self, rows: pd.DataFrame) -> None:
        """Put the good rows of one chunk in; the index is the row number."""
        names = list(self.target.columns)
        out = rows[names].copy(deep=False)
        if "geometry" in self.target.columns:
            geometries = shapely.set_srid(out["geometry"].to_numpy(), 4326)
            out["geometry"] = shapely.to_wkb(geometries, hex=True, include_srid=True)
        if self.target.community:
            # Here and not by an UPDATE, which would write every row of the stage a second time.
            out["community_id"] = self._community_ids(out["community"])
            names.append("community_id")
        cells = [map(str, out.index.tolist()), *(_cells(out[name]) for name in names)]
        lines = "\n".join(map(",".join, zip(*cells, strict=True)))
        # PostgreSQL holds no zero byte in a text.
        copy_text(self.session, "stage", ["row_no", *names], [lines.replace("\0", "")])

    def _community_ids(self, named: pd.Series[str]) -> pd.Series[int]:
        """The community each row names, by code or name; missing where there is none of it."""
        new = [name for name in named.dropna().unique() if name not in self._found]
        if new:
            known = self._communities()
            self._found.update({n: known.get(n) or match_name(n, known) for n in new})
        return named.map(self._found).astype("Int64")

    def settle(self) -> None:
        """All rows are in: let the planner know how many."""
        self.session.execute(text("ANALYZE stage"))

    def drop_repeats(self, rejected: Findings, noted: Findings) -> None:
        """Take out rows that stand twice: told if all is equal, refused if only the key is."""
        stage = self.table
        key: list[ColumnElement[Any]] = [literal_column(part) for part in self.target.key]
        # Mostly there are none, and to learn that takes a third of the time of telling them apart.
        any_twice = select(true()).select_from(stage).group_by(*key)
        if not self.session.scalar(select(any_twice.having(func.count() > 1).exists())):
            return
        of_key = func.count().over(partition_by=key).label("of_key")
        data = [stage.c[name] for name in ("row_no", *self.target.columns)]
        every = select(*data, of_key).subquery("n")
        twice = select(every).where(every.c.of_key > 1).cte("twice")
        number = func.row_number()
        counted = (
            select(
                twice.c.row_no,
                number.over(partition_by=key, order_by=twice.c.row_no).label("of_key_no"),
                number.over(
                    partition_by=[twice.c[name] for name in self.target.columns],
                    order_by=twice.c.row_no,
                ).label("of_data_no"),
            )
            .select_from(twice)
            .cte("counted")
        )
        gone = (
            delete(stage)
            .where(counted.c.of_key_no > 1, stage.c.row_no == counted.c.row_no)
            .returning(stage.c.row_no, (counted.c.of_data_no > 1).label("equal"))
            .cte("gone")
        )
        rows = self.session.execute(
            select(gone.c.row_no, gone.c.equal).order_by(gone.c.row_no)
        ).all()
        noted.add("row_twice", "", [row_no for row_no, equal in rows if equal])
        rejected.add("code_twice", self.target.key[0], [r for r, equal in rows if not equal])

    def find_areas(self) -> None:
        """Find the stored area that each row speaks of: by its code, a local one in its township."""
        self.session.execute(
            text(
                """
                UPDATE stage s SET area_id = o.id
                FROM area o LEFT JOIN area up ON up.id = o.parent_id
                WHERE o.code = s.code AND o.level = s.level
                  AND (s.level <> 'community' OR s.code ~ '^[0-9]{12}$' OR up.code = s.parent)
                """
            )
        )

    def place_grids(self) -> None:
        """Find the community of grids that name none, by geometry."""
        # A grid that names no community lies in the one it shares most ground with.
        self.session.execute(
            text(
                """
                UPDATE stage s SET community_id = (
                    SELECT a.id FROM area a
                    WHERE a.parent_id = :township AND a.geom && s.geometry
                      AND ST_Area(ST_Intersection(a.geom, s.geometry)) > 0
                    ORDER BY ST_Area(ST_Intersection(a.geom, s.geometry)) DESC,
                             a.code COLLATE "C" LIMIT 1)
                WHERE s.community IS NULL AND s.community_id IS NULL
                """
            ),
            self.values,
        )

    def find_communities_in_addresses(self, noted: Findings) -> None:
        """Rows with neither a point nor a community, whose address names one community."""
        known = {
            name: area_id for name, area_id in self._communities().items() if COMMUNITY.search(name)
        }
        addresses = self.session.scalars(
            text(
                "SELECT DISTINCT address FROM stage WHERE location_status <> 'ok' AND community IS NULL "
                "AND community_id IS NULL AND address ~ '[里村屯區区]'"
            )
        )
        named = [(address, names_within(address, known)) for address in addresses]
        found = [(address, ids.pop()) for address, ids in named if len(ids) == 1]
        rows = self.session.scalars(
            text(
                "UPDATE stage s SET community_id = f.id "
                "FROM unnest(CAST(:addresses AS text[]), CAST(:ids AS bigint[])) AS f(address, id) "
                "WHERE s.address = f.address AND s.location_status <> 'ok' AND s.community IS NULL "
                "AND s.community_id IS NULL "
                "RETURNING s.row_no"
            ),
            {"addresses": [address for address, _ in found], "ids": [i for _, i in found]},
        ).all()
        noted.add("community_from_address", "address", rows)

    def resolve_matters(self) -> None:
        """Find each event's minor matter on the list of its day, by code or else by name."""
        self.session.execute(
            text(
                """
                UPDATE stage s SET matter_id = m.id
                FROM (
                    SELECT DISTINCT ON (l.id, key) m.id, m.during, l.validity, key
                    FROM matter m JOIN matter_list l ON l.id = m.list_id,
                         LATERAL (VALUES (m.code, 1), (m.name, 2)) AS k(key, rank)
                    WHERE l.township_id = :township AND m.parent_id IS NOT NULL
                      AND NOT EXISTS (SELECT FROM matter c WHERE c.parent_id = m.id)
                    ORDER BY l.id, key, rank, m.code COLLATE "C"
                ) m
                WHERE m.key = s.matter
                  AND m.validity @> (s.reported_at AT TIME ZONE :zone)::date
                  AND (m.during IS NULL OR m.during @> (s.reported_at AT TIME ZONE :zone)::date)
                """
            ),
            self.values,
        )

    def mark_placeholders(self, noted: Findings) -> None:
        """Take the point from rows on a spot where unrelated rows pile up; they stay, unlocated."""
        rows = self.session.scalars(
            text(
                """
                WITH busy AS (
                    SELECT lon, lat FROM stage WHERE location_status = 'ok'
                    GROUP BY lon, lat HAVING count(*) >= :streets
                ), spot AS (
                    SELECT lon, lat FROM stage JOIN busy USING (lon, lat)
                    GROUP BY lon, lat HAVING count(DISTINCT regexp_replace(address, '[0-9０-９]+', '', 'g')) >= :streets
                ), marked AS (
                    UPDATE stage s SET location_status = 'placeholder', lon = NULL, lat = NULL
                    FROM spot WHERE (s.lon, s.lat) = (spot.lon, spot.lat) RETURNING s.row_no
                )
                SELECT row_no FROM marked ORDER BY row_no
                """
            ),
            {"streets": PLACEHOLDER_STREETS},
        ).all()
        noted.add("placeholder", "lon", rows)

    def run_checks(self, rejected: Findings, noted: Findings, *, move: bool = False) -> None:
        """Find what only the whole file and the store can tell; refused rows leave the stage.

        ``move``: rows may hang on another parent than before.
        """
        for check in self.target.checks:
            if check.moves and move:
                continue
            rows = self.session.scalars(text(check.sql), self.values).all()
            (noted if check.keeps else rejected).add(check.code, check.column, rows)
            if rows and not check.keeps:
                self.session.execute(
                    text("DELETE FROM stage WHERE row_no = ANY(:rows)"), {"rows": list(rows)}
                )

    def sample(self, limit: int = 20_000) -> pd.DataFrame:
        """Evenly spread located rows: source_x, source_y, and lon, lat of the same code as known."""
        known, stage = Base.metadata.tables[self.target.table], self.table
        nth = func.row_number().over(order_by=stage.c.row_no).label("nth")
        located = (
            select(
                *(stage.c[name] for name in ("row_no", "code", "source_x", "source_y")),
                nth,
                func.count().over().label("n"),
            )
            .where(stage.c.location_status == "ok")
            .subquery()
        )
        same = and_(
            known.c.township_id == bindparam("township", type_=BigInteger),
            known.c.code == located.c.code,
        )
        step = func.greatest(1, located.c.n // bindparam("limit", type_=BigInteger))
        rows = self.session.execute(
            select(
                located.c.source_x,
                located.c.source_y,
                func.ST_X(known.c.geom),
                func.ST_Y(known.c.geom),
            )
            .outerjoin_from(located, known, same)
            .where(located.c.nth % step == 0)
            .order_by(located.c.row_no),
            {**self.values, "limit": limit},
        ).all()
        return pd.DataFrame(rows, columns=["source_x", "source_y", "lon", "lat"], dtype="float64")

    def write(self, *, into_empty: bool) -> tuple[int, int]:
        """Bring the stage into the store; rows inserted and updated.

        ``into_empty``: the table held nothing and has no unique keys for now (``bulk_into``).
        """
        inserted = updated = 0
        # Several statements write several tables, or one table several times.
        into_empty &= len(self.target.writes) == 1
        for write in self.target.writes:
            statement = write.merge if write.add is None or not into_empty else write.add
            row = self.session.execute(statement, self.values).one()
            inserted, updated = inserted + row.inserted, updated + row.updated
        # What follows in this transaction is planned by what stands in the table now. Small loads
        # go without: ANALYZE waits for any other transaction that has done it.
        if inserted + updated > 1000:
            self.session.execute(text(f"ANALYZE {self.target.table}"))
        return inserted, updated

    def any_unlocated(self) -> bool:
        """Whether a row has no point."""
        return bool(
            self.session.scalar(
                text("SELECT EXISTS (SELECT FROM stage WHERE location_status <> 'ok')")
            )
        )

    def row_count(self) -> int:
        return int(self.session.scalar(text("SELECT count(*) FROM stage")) or 0)

    def _communities(self) -> dict[str, int]:
        """Code or plain name to id of the township's communities; a name that two have is left out."""
        known: dict[str, int] = {}
        twice: set[str] = set()
        for area_id, code, name, name_en in self.session.execute(
            text("SELECT id, code, name, name_en FROM area WHERE parent_id = :township"),
            self.values,
        ):
            known[code] = area_id
            for key in {plain(name), plain(name_en or name)}:
                twice |= {key} & known.keys()
                known[key] = area_id
        for key in twice:
            del known[key]
        return known


def _cells(column: pd.Series[Any]) -> list[str]:
    """A column as cells of CSV, nothing where there is none; four times as fast as ``to_csv``."""
    if column.dtype == object:
        return ['"' + t.replace('"', '""') + '"' if t else "" for t in column.tolist()]
    if column.dtype == np.float64:
        return ["" if isnan(v) else repr(v) for v in column.tolist()]
    return column.astype("string").fillna("").tolist()


def known_places(session: Session, township: int, limit: int = 20_000) -> npt.NDArray[np.float64]:
    """Longitude and latitude of houses of the township, evenly spread, shape (n, 2)."""
    rows = session.execute(
        text(
            """
            SELECT ST_X(geom), ST_Y(geom) FROM (
                SELECT geom, row_number() OVER (ORDER BY id) AS nth, count(*) OVER () AS n
                FROM house WHERE township_id = :township AND location_status = 'ok') h
            WHERE nth % greatest(1, n / :limit) = 0
            """
        ),
        {"township": township, "limit": limit},
    ).all()
    return np.array(rows, dtype=np.float64).reshape(-1, 2)
