"""An event comes in, or its place is corrected; its grid follows in the same transaction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.errors import Invalid, NotFound
from gisgrid.events.matters import matter_on
from gisgrid.plans.attach import attach_rows
from gisgrid.plans.plans import plan_in_force


@dataclass(frozen=True)
class Landed:
    """Where an event stands now."""

    event_id: int
    code: str
    grid_code: str | None
    """Under the published plan; None: outside every grid, unlocated, or no plan yet."""
    reported_grid_code: str | None
    """At report time, kept for ever."""
    border_m: float | None


def report(
    session: Session,
    township_id: int,
    *,
    code: str,
    matter: str,
    reported_at: datetime,
    place: tuple[float, float] | None = None,
    source: str | None = None,
    text_: str | None = None,
    address: str | None = None,
) -> Landed:
    """Note one event and attach it.

    Parameters
    ----------
    code
        The event's own key; a second report with it adds nothing and answers with the first.
    matter
        Code of a minor matter on the list of that day.
    reported_at
        Aware.
    place
        Longitude and latitude (EPSG:4326); None: no place is known yet.

    Raises
    ------
    Invalid
        No such minor matter that day; a place that is none; a time without zone.
    """
    if reported_at.tzinfo is None:
        raise Invalid("The time of the report names no zone.", zh="上报时间缺少时区。")
    known = session.scalar(
        text("SELECT id FROM event WHERE township_id = :t AND code = :code"),
        {"t": township_id, "code": code},
    )
    if known is not None:
        return where_is(session, int(known))
    matter_id = matter_on(session, township_id, matter, reported_at)
    event_id = session.execute(
        text(
            """
            INSERT INTO event (township_id, code, matter_id, reported_at, source, text, address,
                               geom, place, source_x, source_y)
            VALUES (:t, :code, :matter, :at, :source, :text, :address,
                    CASE WHEN :placed THEN ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) END,
                    CASE WHEN :placed THEN 'ok' ELSE 'unlocated' END, :lon, :lat)
            RETURNING id
            """
        ),
        {
            "t": township_id,
            "code": code,
            "matter": matter_id,
            "at": reported_at,
            "source": source,
            "text": text_,
            "address": address,
            "placed": place is not None,
            **_point(place),
        },
    ).scalar_one()
    return _attach(session, int(event_id))


def move(session: Session, event_id: int, place: tuple[float, float]) -> Landed:
    """Put an event to another place and attach it anew; history keeps where it stood.

    Raises
    ------
    NotFound
        No such event.
    Invalid
        A place that is none.
    """
    moved = session.execute(
        text(
            """
            UPDATE event SET (geom, place, source_x, source_y) = (
                ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 'ok', :lon, :lat)
            WHERE id = :id RETURNING id
            """
        ),
        {"id": event_id, **_point(place)},
    ).one_or_none()
    if moved is None:
        raise NotFound(f"There is no event {event_id}.", zh=f"没有编号为 {event_id} 的事件。")
    return _attach(session, event_id)


def where_is(session: Session, event_id: int) -> Landed:
    """Where an event stands under the published plan."""
    row = session.execute(text(_WHERE), {"id": event_id}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no event {event_id}.", zh=f"没有编号为 {event_id} 的事件。")
    return Landed(**row)


def _attach(session: Session, event_id: int) -> Landed:
    township_id = session.scalar(
        text("SELECT township_id FROM event WHERE id = :id"), {"id": event_id}
    )
    try:
        plan_id = plan_in_force(session, int(township_id or 0)).id
    except NotFound:
        return where_is(session, event_id)
    attach_rows(session, plan_id, "event", [event_id])
    return where_is(session, event_id)


def _point(place: tuple[float, float] | None) -> dict[str, float | None]:
    if place is None:
        return {"lon": None, "lat": None}
    lon, lat = place
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise Invalid(
            f"({lon}, {lat}) is no longitude and latitude.",
            zh=f"（{lon}, {lat}）不是有效的经纬度。",
            lon=lon,
            lat=lat,
        )
    return {"lon": lon, "lat": lat}


_WHERE = """
SELECT e.id AS event_id, e.code, g.code AS grid_code, e.grid_code AS reported_grid_code, a.border_m
FROM event e
LEFT JOIN plan p ON p.township_id = e.township_id AND p.state = 'published'
LEFT JOIN event_grid a ON a.event_id = e.id AND a.plan_id = p.id
LEFT JOIN grid g ON g.id = a.grid_id
WHERE e.id = :id
"""
