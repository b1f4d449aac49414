"""An area in emergency: other flow, other limits, who is on duty, which houses are affected.

Switching on lets the clocks of ordinary cases of the area stand still (unless told otherwise); switching
back lets them run on with what was left. New reports of the area follow the emergency flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.clocks import change_pause, work_time
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.places import check_place
from gisgrid.core.scope import HOUSE_SEEN


@dataclass(frozen=True)
class Switch:
    """An emergency from its switch on; ``ended_at`` None: it runs."""

    id: int
    township_id: int
    area_id: int
    area: str
    area_en: str | None
    reason: str
    started_at: datetime
    until: datetime | None
    holds_ordinary: bool
    ended_at: datetime | None


@dataclass(frozen=True)
class OnDuty:
    """Who answers for a micro-grid."""

    grid_code: str
    micro_grid: str
    staff_id: int
    staff_code: str
    until: datetime | None


@dataclass(frozen=True)
class Affected:
    """A house near a place."""

    house_id: int
    code: str
    address: str
    grid_code: str | None
    """Under the plan in force."""
    distance_m: float
    households: int
    residents: int


def switch_on(
    session: Session,
    area_id: int,
    *,
    reason: str,
    by: str,
    at: datetime,
    until: datetime | None = None,
    holds_ordinary: bool = True,
) -> Switch:
    """Put a township or community into emergency mode.

    Raises
    ------
    NotFound
        No such township or community.
    Invalid
        No reason, or an end before the beginning.
    Conflict
        The area is in an emergency already.
    """
    township_id = session.scalar(
        text(
            "SELECT CASE level WHEN 'township' THEN id WHEN 'community' THEN parent_id END "
            "FROM area WHERE id = :id"
        ),
        {"id": area_id},
    )
    if township_id is None:
        raise NotFound("There is no such township or community.")
    if not reason.strip() or (until is not None and until <= at):
        raise Invalid("An emergency needs a reason, and an end after its beginning.")
    switch_id = session.scalar(
        text(
            "INSERT INTO emergency (township_id, area_id, reason, started_at, started_by, until, "
            "holds_ordinary) VALUES (:t, :area, :reason, :at, :by, :until, :holds) "
            "ON CONFLICT (area_id) WHERE ended_at IS NULL DO NOTHING RETURNING id"
        ),
        {
            "t": township_id, "area": area_id, "reason": reason.strip(), "at": at, "by": by,
            "until": until, "holds": holds_ordinary,
        },
    )  # fmt: skip
    if switch_id is None:
        raise Conflict("The area is in an emergency already.")
    if holds_ordinary:
        cases = session.scalars(text(_ORDINARY), {"t": township_id, "area": area_id}).all()
        work = work_time(session, int(township_id))
        change_pause(session, cases, work, at, f"emergency:{switch_id}", on=True)
    return _switch(session, int(switch_id))


def switch_off(session: Session, switch_id: int, *, by: str, at: datetime) -> Switch:
    """Bring an area back to normal: what stood still for this emergency runs on.

    Raises
    ------
    NotFound, Conflict
        No such emergency; it has ended already.
    """
    before = _switch(session, switch_id)
    if before.ended_at is not None:
        raise Conflict("The emergency has ended already.")
    session.execute(
        text("UPDATE emergency SET ended_at = :at, ended_by = :by WHERE id = :id"),
        {"id": switch_id, "at": at, "by": by},
    )
    cause = f"emergency:{switch_id}"
    cases = session.scalars(
        text("SELECT DISTINCT case_id FROM case_clock WHERE :cause = ANY(paused_by) ORDER BY 1"),
        {"cause": cause},
    ).all()
    change_pause(session, cases, work_time(session, before.township_id), at, cause, on=False)
    return _switch(session, switch_id)


def end_expired(session: Session, now: datetime) -> list[Switch]:
    """Switch back what was to end by itself, as of the moment it was to end."""
    rows = session.execute(
        text(
            "SELECT id, until FROM emergency WHERE ended_at IS NULL AND until <= :now ORDER BY id"
        ),
        {"now": now},
    ).all()
    return [switch_off(session, row.id, by="system", at=row.until) for row in rows]


def running(session: Session, township_id: int) -> list[Switch]:
    """The emergencies of a township that run, oldest first."""
    ids = session.scalars(
        text("SELECT id FROM emergency WHERE township_id = :t AND ended_at IS NULL ORDER BY id"),
        {"t": township_id},
    )
    return [_switch(session, i) for i in ids.all()]


def emergencies_at(session: Session, event_id: int) -> list[Switch]:
    """The running emergencies of the area that an event lies in."""
    ids = session.scalars(text(_OVER), {"event": event_id})
    return [_switch(session, i) for i in ids.all()]


def call_upwards(session: Session, case_id: int, at: datetime) -> int:
    """Tell the levels above of an emergency case: community, section, township; how many were told now.

    Each level of each area is told once. A case in no community calls the township alone.
    """
    told = session.execute(text(_CALL), {"case": case_id, "at": at})
    return int(getattr(told, "rowcount", 0))


def duty_list(session: Session, township_id: int, at: datetime) -> list[OnDuty]:
    """Who is on duty in each micro-grid at a moment, by grid and micro-grid."""
    rows = session.execute(
        text(
            "SELECT d.grid_code, d.micro_grid, s.id AS staff_id, s.code AS staff_code, "
            'upper(d.during) AS "until" FROM duty d JOIN staff s ON s.id = d.staff_id '
            "WHERE d.township_id = :t AND d.during @> CAST(:at AS timestamptz) "
            'ORDER BY d.grid_code COLLATE "C", d.micro_grid COLLATE "C", s.code'
        ),
        {"t": township_id, "at": at},
    ).mappings()
    return [OnDuty(**row) for row in rows]


def ring(
    session: Session,
    township_id: int,
    lon: float,
    lat: float,
    radius_m: float,
    *,
    seen_only: bool = False,
) -> Sequence[Affected]:
    """The located houses within ``radius_m`` of a place (its edge included), the nearest first.

    Distances are in the township's metric CRS. Households and residents are counted as far as the
    transaction may see them; with ``seen_only`` only houses where its account may see houses.

    Raises
    ------
    Invalid
        A place that is none, or a radius outside 0 to 20,000 m.
    """
    check_place(lon, lat)
    if not 0 < radius_m <= 20_000:
        raise Invalid("A radius lies between 0 and 20,000 m.")
    rows = session.execute(
        text(_RING_SEEN if seen_only else _RING),
        {"t": township_id, "lon": lon, "lat": lat, "radius": radius_m},
    ).mappings()
    return [Affected(**row) for row in rows]


def switchable(session: Session, township_id: int) -> list[tuple[int, str, str | None]]:
    """The areas (number, name, English name) that the transaction's account may switch: the township, communities."""
    rows = session.execute(
        text(
            "SELECT a.id, a.name, a.name_en FROM area a WHERE :t IN (a.id, a.parent_id) AND (a.id = ANY "
            "(my_townships('dispatch')) OR a.id = ANY (my_communities('dispatch'))) "
            'ORDER BY a.level DESC, a.code COLLATE "C"'
        ),
        {"t": township_id},
    )
    return [(row.id, row.name, row.name_en) for row in rows]


def _switch(session: Session, switch_id: int) -> Switch:
    row = session.execute(
        text(
            "SELECT m.id, m.township_id, m.area_id, a.name AS area, a.name_en AS area_en, m.reason, m.started_at, "
            'm.until, m.holds_ordinary, m.ended_at FROM emergency m JOIN area a ON a.id = m.area_id '
            "WHERE m.id = :id"
        ),
        {"id": switch_id},
    ).mappings().one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("There is no emergency {switch_id}.", switch_id=switch_id)
    return Switch(**row)


_LIES = """
LEFT JOIN plan_in_force p ON p.township_id = e.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id
"""
_CALL = f"""
INSERT INTO notice (township_id, kind, level, area_id, case_id, key, at)
SELECT c.township_id, 'call', called.level, called.area_id, c.id,
       'call:' || c.id || ':' || called.level || ':' || called.area_id, :at
FROM event_case c JOIN event e ON e.id = c.event_id {_LIES}
CROSS JOIN LATERAL (VALUES ('community', coalesce(g.community_id, e.community_id)),
    ('section', coalesce(g.community_id, e.community_id)), ('township', c.township_id)
) AS called (level, area_id)
WHERE c.id = :case AND called.area_id IS NOT NULL
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - put together from parts that stand here
_ORDINARY = f"""
SELECT c.id FROM event_case c JOIN event e ON e.id = c.event_id JOIN flow f ON f.id = c.flow_id
{_LIES}
WHERE c.township_id = :t AND c.open AND f.kind = 'normal'
  AND :area IN (c.township_id, coalesce(g.community_id, e.community_id))
ORDER BY c.id
"""  # noqa: S608 - put together from parts that stand here
_OVER = f"""
SELECT m.id FROM event e JOIN emergency m ON m.township_id = e.township_id AND m.ended_at IS NULL
{_LIES}
WHERE e.id = :event AND m.area_id IN (e.township_id, coalesce(g.community_id, e.community_id))
ORDER BY m.id
"""  # noqa: S608 - put together from parts that stand here
# The box is a little wider than the ring: a degree of latitude has at least 110,500 m.
_NEAR = """
WITH spot AS (
    SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom, t.metric_srid AS srid
    FROM township t WHERE t.area_id = :t
), near AS (
    SELECT h.id, h.code, h.address, ST_Distance(
        ST_Transform(h.geom, spot.srid), ST_Transform(spot.geom, spot.srid)) AS distance_m
    FROM house h, spot
    WHERE h.township_id = :t AND h.geom && ST_Expand(spot.geom,
        1.01 * :radius / (110500 * cos(radians(least(abs(CAST(:lat AS float8)) + 0.2, 89)))))
"""
_AFFECTED = """
)
SELECT n.id AS house_id, n.code, n.address, g.code AS grid_code, n.distance_m,
       (SELECT count(*) FROM household f WHERE f.house_id = n.id) AS households,
       (SELECT count(*) FROM household f JOIN resident r ON r.household_id = f.id
        WHERE f.house_id = n.id) AS residents
FROM near n
LEFT JOIN plan_in_force p ON p.township_id = :t
LEFT JOIN grid_of_house a ON a.plan_id = p.id AND a.house_id = n.id
LEFT JOIN grid g ON g.id = a.grid_id
WHERE n.distance_m <= :radius ORDER BY n.distance_m, n.id
"""
_RING = f"{_NEAR} {_AFFECTED}"
_RING_SEEN = f"{_NEAR} AND {HOUSE_SEEN} {_AFFECTED}"
