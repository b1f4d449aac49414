"""An event comes in, or its place is corrected; its grid follows in the same transaction."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import (
    RESIDENT,
    CaseActor,
    CaseNow,
    Details,
    case_of_event,
    open_case,
    take_step,
)
from gisgrid.cases.duplicates import DuplicateCandidate, candidates
from gisgrid.cases.emergencies import call_upwards, emergencies_at
from gisgrid.cases.matters import matter_on
from gisgrid.cases.photos import Picture, add_photo, picture
from gisgrid.core.errors import Invalid, NotFound, OutsideCoverage
from gisgrid.core.plans import TownshipInfo, plan_in_force
from gisgrid.locate.point_lookup import PointLookup, in_store
from gisgrid.planning.attach.attach import attach_dated
from gisgrid.planning.snapshot.fetch import local

LONGEST_TEXT = 4000
AHEAD = timedelta(minutes=5)
"""A phone's clock may be so much fast; a later report is refused."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class ReceivedCase:
    """Where an event stands now."""

    event_id: int
    code: str
    grid_code: str | None
    """Under the plan in force; None: outside every grid, unlocated, or no plan today."""
    reported_grid_code: str | None
    """At report time, kept for ever."""
    border_m: float | None


@dataclass(frozen=True)
class Report:
    """What somebody reports."""

    matter: str
    """Code of a minor matter."""
    place: tuple[float, float] | None = None
    """Longitude and latitude (EPSG:4326); None: the position of a photo, else none is known."""
    text: str | None = None
    address: str | None = None
    source: str | None = None
    contact: str | None = None
    asset: str | None = None
    """Code of the thing it concerns."""
    photos: tuple[bytes, ...] = ()
    reported_at: datetime | None = None
    """None: now."""
    client_id: str | None = None
    """The sender's own key: a retry with it makes no second event."""
    emergency: bool = False
    """Follows the emergency flow, as everything does in an area in emergency."""


@dataclass(frozen=True)
class Received:
    """What became of a report."""

    case: CaseNow
    landed: ReceivedCase
    fresh: bool
    """False: it was a retry."""
    lookup: PointLookup | None
    """The grid with the other candidates near a border; None outside every grid or without a place."""
    outside: OutsideCoverage | None
    """Why there is no grid, with the nearest one."""
    duplicates: tuple[DuplicateCandidate, ...]
    photos: tuple[int, ...]


@dataclass(frozen=True)
class Moved:
    """A pin that was moved."""

    landed: ReceivedCase
    before: str | None
    """The grid it lay in."""
    redispatch: bool
    """The case is with a team, and the place now lies in another grid than theirs."""


def about_to_report(session: Session) -> None:
    """Open to the transaction what whoever reports may know of a place: exceptions, emergencies."""
    _reporting(session, 0)


def take_in(session: Session, place: TownshipInfo, report_: Report, by: CaseActor) -> Received:
    """Note a report as an event, open its case, keep its photos, and say what is near.

    Everything or nothing; sent twice with one ``client_id`` it is taken once.

    Raises
    ------
    Invalid
        A matter that is not on the list of the day, a time to come, a place that is none, a text that
        is too long, a photo that is none.
    NotFound
        No such asset.
    NotAllowed
        The roles may not report.
    """
    if report_.client_id is not None:
        known = session.scalar(
            text("SELECT event_of_client(:t, :key)"), {"t": place.id, "key": report_.client_id}
        )
        if known is not None:
            _reporting(session, int(known))
            return _received(session, place, int(known), report_, fresh=False)
    now = datetime.now(UTC)
    at = report_.reported_at or now
    if at.tzinfo is None or at > now + AHEAD:
        raise Invalid("The time of the report lies in the future, or names no zone.")
    matter_id = matter_on(session, place.id, report_.matter, at)
    pictures = [picture(data) for data in report_.photos]
    spot = report_.place or next((p.lonlat for p in pictures if p.lonlat), None)
    words = {
        "source": clean(report_.source), "text": clean(report_.text),
        "address": clean(report_.address), "contact": clean(report_.contact),
        "client": report_.client_id, "reporter": None if by == RESIDENT else by.actor,
        "asset": _asset(session, place.id, report_.asset),
    }  # fmt: skip
    code = f"R{local(at, place):%Y%m%d}-{secrets.token_hex(5).upper()}"
    event_id = _insert(session, place.id, code, matter_id=matter_id, at=at, place=spot, words=words)
    if event_id is None:
        # Another transaction with the same key was faster.
        return take_in(session, place, report_, by)
    _attach(session, event_id)
    if report_.emergency or emergencies_at(session, event_id):
        case = open_case(session, event_id, by, kind="emergency", at=at)
        call_upwards(session, case.id, at)
    else:
        open_case(session, event_id, by, at=at)
    keep_photos(session, event_id, pictures, by)
    return _received(session, place, event_id, report_, fresh=True)


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
) -> ReceivedCase:
    """Note one event under a code of its own and attach it; no case is opened.

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
        raise Invalid("The time of the report names no zone.")
    known = session.scalar(
        text("SELECT id FROM event WHERE township_id = :t AND code = :code"),
        {"t": township_id, "code": code},
    )
    if known is not None:
        return where_is(session, int(known))
    matter_id = matter_on(session, township_id, matter, reported_at)
    words = {"source": source, "text": text_, "address": address}
    event_id = _insert(
        session, township_id, code, matter_id=matter_id, at=reported_at, place=place, words=words
    )
    assert event_id is not None  # noqa: S101 - without a client's key nothing stands in the way
    return _attach(session, event_id)


def move(session: Session, event_id: int, place: tuple[float, float]) -> ReceivedCase:
    """Put an event to another place and attach it anew; history keeps where it stood.

    Raises
    ------
    NotFound
        No such event.
    Invalid
        A place that is none.
    """
    values = {"id": event_id, **point_of(place)}
    moved = session.execute(text(_MOVE), values).one_or_none()
    if moved is None:
        raise NotFound("There is no event {event_id}.", event_id=event_id)
    return _attach(session, event_id)


def move_pin(
    session: Session,
    now: CaseNow,
    place: tuple[float, float],
    by: CaseActor,
    *,
    reason: str | None = None,
) -> Moved:
    """Correct the place of a case's event; the log keeps both, and a new dispatch may be offered.

    Raises
    ------
    CaseMoved
        Somebody has taken a step since ``now`` was read.
    NotAllowed, IllegalStep, Invalid
        As in `take_step` and `move`.
    """
    before = where_is(session, now.event_id)
    old = session.execute(
        text("SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat FROM event WHERE id = :id"),
        {"id": now.event_id},
    ).one()
    landed = move(session, now.event_id, place)
    data: dict[str, Any] = {
        "from": [old.lon, old.lat], "to": list(place), "from_grid": before.grid_code,
        "to_grid": landed.grid_code,
    }  # fmt: skip
    take_step(session, now.id, "move", by, seq=now.seq, details=Details(reason=reason, data=data))
    redispatch = now.grid_code is not None and landed.grid_code not in (None, now.grid_code)
    return Moved(landed, before.grid_code, redispatch)


def where_is(session: Session, event_id: int) -> ReceivedCase:
    """Where an event stands under the plan in force."""
    row = session.execute(text(_WHERE), {"id": event_id}).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no event {event_id}.", event_id=event_id)
    return ReceivedCase(**row)


def _insert(
    session: Session,
    township_id: int,
    code: str,
    *,
    matter_id: int,
    at: datetime,
    place: tuple[float, float] | None,
    words: dict[str, Any],
) -> int | None:
    """The new event's number; None where its ``client`` key has come in meanwhile."""
    event_id = session.execute(
        text("SELECT nextval(pg_get_serial_sequence('event', 'id'))")
    ).scalar_one()
    before = _reporting(session, int(event_id))
    usual = dict.fromkeys(
        ("source", "text", "address", "contact", "client", "reporter", "asset"), None
    )
    session.execute(
        text(_INSERT),
        {
            **usual, **words, "id": event_id, "t": township_id, "code": code,
            "matter": matter_id, "at": at, "placed": place is not None, **point_of(place),
        },
    )  # fmt: skip
    there = session.scalar(
        text("SELECT EXISTS (SELECT FROM event WHERE id = :id)"), {"id": event_id}
    )
    if not there:
        _reporting(session, before)
    return int(event_id) if there else None


def _reporting(session: Session, event_id: int | str) -> str:
    """Name the event that this transaction reports, so that its own rows are open to it."""
    before = session.scalar(text("SELECT current_setting('gisgrid.report', true)"))
    session.execute(
        text("SELECT set_config('gisgrid.report', :id, true)"), {"id": str(event_id)}
    )  # fmt: skip
    return str(before or "")


def _received(
    session: Session, place: TownshipInfo, event_id: int, report_: Report, *, fresh: bool
) -> Received:
    row = session.execute(
        text(
            "SELECT matter_id, reported_at, ST_X(geom) AS lon, ST_Y(geom) AS lat "
            "FROM event WHERE id = :id"
        ),
        {"id": event_id},
    ).one()
    found: PointLookup | None = None
    outside: OutsideCoverage | None = None
    near: list[DuplicateCandidate] = []
    if row.lon is not None:
        try:
            found = in_store(session, place, plan_in_force(session, place.id), row.lon, row.lat)
        except OutsideCoverage as exc:
            outside = exc
        except NotFound:
            pass
        near = candidates(
            session, place.id, row.matter_id, row.lon, row.lat, at=row.reported_at,
            text_=report_.text, but_for=event_id,
        )  # fmt: skip
    photos = session.scalars(
        text("SELECT id FROM photo WHERE event_id = :id ORDER BY id"), {"id": event_id}
    )
    return Received(
        case_of_event(session, event_id), where_is(session, event_id), fresh, found, outside,
        tuple(near), tuple(photos),
    )  # fmt: skip


def keep_photos(
    session: Session, event_id: int, pictures: Sequence[Picture], by: CaseActor
) -> None:
    """Keep pictures of the place before the work."""
    for one in pictures:
        add_photo(session, event_id, one, by=by.actor)


def _asset(session: Session, township_id: int, code: str | None) -> int | None:
    if code is None:
        return None
    found = session.scalar(
        text(
            "SELECT a.id FROM asset a JOIN township t ON t.area_id = a.township_id "
            "WHERE a.township_id = :t AND a.code = :code "
            "AND a.during @> day_in(t.time_zone)"
        ),
        {"t": township_id, "code": code},
    )
    if found is None:
        raise NotFound("There is no asset {code!r} today.", code=code)
    return int(found)


def clean(words: str | None) -> str | None:
    """Without control characters and marks that turn the order of writing; None if nothing is left."""
    if words is None:
        return None
    if len(words) > LONGEST_TEXT:
        raise Invalid(
            "A text has {count} characters; at most {longest_text} are taken.",
            count=len(words),
            longest_text=LONGEST_TEXT,
        )
    return _CONTROL.sub("", words).strip() or None


def _attach(session: Session, event_id: int) -> ReceivedCase:
    township_id = session.scalar(
        text("SELECT township_id FROM event WHERE id = :id"), {"id": event_id}
    )
    attach_dated(session, int(township_id or 0), "event", [event_id])
    return where_is(session, event_id)


def point_of(place: tuple[float, float] | None) -> dict[str, float | None]:
    """``lon`` and ``lat`` as parameters, None for none; Invalid for what is no place."""
    if place is None:
        return {"lon": None, "lat": None}
    lon, lat = place
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise Invalid("({lon}, {lat}) is no longitude and latitude.", lon=lon, lat=lat)
    return {"lon": lon, "lat": lat}


_INSERT = """
INSERT INTO event (id, township_id, code, matter_id, reported_at, source, text, address, contact,
                   client_id, reporter, asset_id, geom, location_status, source_x, source_y)
VALUES (:id, :t, :code, :matter, :at, :source, :text, :address, :contact, :client, :reporter, :asset,
        CASE WHEN :placed THEN ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) END,
        CASE WHEN :placed THEN 'ok' ELSE 'unlocated' END, :lon, :lat)
ON CONFLICT (township_id, client_id) DO NOTHING
"""
_MOVE = """
UPDATE event SET (geom, location_status, source_x, source_y) = (
    ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 'ok', :lon, :lat)
WHERE id = :id RETURNING id
"""
_WHERE = """
SELECT e.id AS event_id, e.code, g.code AS grid_code, e.grid_code AS reported_grid_code, a.border_m
FROM event e
LEFT JOIN plan_in_force p ON p.township_id = e.township_id
LEFT JOIN event_grid a ON a.event_id = e.id AND a.plan_id = p.id
LEFT JOIN grid g ON g.id = a.grid_id
WHERE e.id = :id
"""
