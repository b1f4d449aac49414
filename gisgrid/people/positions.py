"""Where are the workers? Kept for days, then only how long somebody was in each grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.places import check_place
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.retention_periods import keeping_of

MOST_GAP_MIN = 10.0
"""Between two positions further apart in time nobody knows where the worker was."""
CLOCK_MIN = 5.0
"""A phone's clock may be this far ahead."""
FAR_M = 5_000.0
"""A worker's position so far outside the township is none of its business."""


@dataclass(frozen=True)
class Folded:
    """What became of positions past their days."""

    first_kept: date
    """First day in the township's zone whose positions are still there."""
    positions: int
    totals: int
    """Rows of totals, one per grid and day, that they are now."""


def record_position(
    session: Session,
    place: TownshipInfo,
    staff: str,
    *,
    lon: float,
    lat: float,
    at: datetime,
    now: datetime | None = None,
) -> bool:
    """Note where a person of staff was; False if that moment is noted already.

    Parameters
    ----------
    lon, lat
        EPSG:4326.
    at
        An aware moment.

    Raises
    ------
    Invalid
        No place, more than 5 km outside the township, a moment to come, or one whose positions
        are not kept any more.
    NotFound
        No such person of staff.
    Conflict
        The person is in no team on that day: nobody may follow them.
    """
    check_place(lon, lat)
    now = now or datetime.now(UTC)
    zone = ZoneInfo(place.time_zone)
    if at > now + timedelta(minutes=CLOCK_MIN):
        raise Invalid("{at} is yet to come; look at the phone's clock.", at=at.isoformat())
    first = first_kept(session, place, now.astimezone(zone).date())
    day = at.astimezone(zone).date()
    if day < first:
        raise Invalid("Positions before {first_kept} are not kept any more.", first_kept=str(first))
    row = session.execute(
        text(_MAY_BE_THERE),
        {"t": place.id, "staff": staff, "day": day, "lon": lon, "lat": lat, "far_m": FAR_M},
    ).one()
    if row.staff_id is None:
        raise NotFound("No person of staff has the code {staff!r}.", staff=staff)
    if not row.on_duty:
        raise Conflict("{staff} is in no team on {day}: no position is kept.", staff=staff, day=day)
    if not row.near:
        raise Invalid("The position lies far outside the township; its datum may be another one.")
    return (
        session.execute(
            text(
                "INSERT INTO worker_position (township_id, staff_id, at, geom) "
                "VALUES (:t, :staff, :at, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) "
                "ON CONFLICT (staff_id, at) DO NOTHING RETURNING id"
            ),
            {"t": place.id, "staff": row.staff_id, "at": at, "lon": lon, "lat": lat},
        ).first()
        is not None
    )


def first_kept(session: Session, place: TownshipInfo, today: date) -> date:
    """The first day whose positions are kept today: those of ``keeping.positions`` days and today."""
    return today - timedelta(days=keeping_of(session, place.id).positions)


def fold_positions(session: Session, place: TownshipInfo, today: date) -> Folded:
    """Turn the positions of days that are past their time into totals, and delete them.

    The grid is that of the plan in force on the position's day, by the rule of one owner.
    """
    first = first_kept(session, place, today)
    row = session.execute(
        text(_FOLD),
        {"t": place.id, "zone": place.time_zone, "first": first, "gap": MOST_GAP_MIN},
    ).one()
    return Folded(first, row.positions, row.totals)


_MAY_BE_THERE = """
SELECT s.id AS staff_id,
       EXISTS (SELECT FROM team_member m WHERE m.staff_id = s.id
               AND m.during @> CAST(:day AS date)) AS on_duty,
       coalesce(ST_DWithin(a.geom::geography,
           ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, :far_m), true) AS near
FROM area a LEFT JOIN staff s ON s.township_id = a.id AND s.code = :staff
WHERE a.id = :t
"""

_FOLD = """
WITH past AS (
    DELETE FROM worker_position
    WHERE township_id = :t AND (at AT TIME ZONE :zone)::date < CAST(:first AS date)
    RETURNING staff_id, at, geom
), timed AS (
    SELECT (at AT TIME ZONE :zone)::date AS day, geom, least(:gap, coalesce(extract(epoch FROM
               lead(at) OVER (PARTITION BY staff_id, (at AT TIME ZONE :zone)::date ORDER BY at)
               - at)::float8 / 60, 0)) AS minutes
    FROM past
), placed AS (
    SELECT timed.*, coalesce((
        SELECT g.code FROM plan p JOIN grid g ON g.plan_id = p.id
        WHERE p.township_id = :t AND p.validity @> timed.day AND ST_Covers(g.geom, timed.geom)
        ORDER BY g.code COLLATE "C" LIMIT 1), '') AS grid_code
    FROM timed
), totals AS (
    INSERT INTO position_total AS o (township_id, grid_code, day, positions, minutes)
    SELECT :t, grid_code, day, count(*), sum(minutes) FROM placed GROUP BY grid_code, day
    ON CONFLICT (township_id, grid_code, day) DO UPDATE SET
        positions = o.positions + excluded.positions, minutes = o.minutes + excluded.minutes
    RETURNING 1
)
SELECT (SELECT count(*) FROM past) AS positions, (SELECT count(*) FROM totals) AS totals
"""
