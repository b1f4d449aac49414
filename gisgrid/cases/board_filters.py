"""Which events do the filters of the board let through? Put together as an expression on the tables.

An event is open as long as its case is, so that what is closed needs no look at cases and clocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geoalchemy2.functions import ST_X, ST_Y, ST_MakeEnvelope
from sqlalchemy import (
    CTE,
    TIMESTAMP,
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    DateTime,
    Float,
    FromClause,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    false,
    func,
    or_,
    select,
    table,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from gisgrid.cases.tickets import meant
from gisgrid.db.tables import (
    Area,
    Case,
    CaseClock,
    Event,
    EventGrid,
    FlowState,
    FlowVersion,
    Grid,
    Matter,
    MatterList,
    Township,
)
from gisgrid.db.tables.cases import PHASES

AT_WORK = ("assign", "handle")
"""Phases in which somebody has the case: sent, or begun."""
STATES = ("open", "closed", "all", "work", *(phase for phase in PHASES if phase != "done"))
DUES = ("late", "soon", "none")


@dataclass(frozen=True)
class Filters:
    """What narrows the board; None or empty: everything."""

    state: str = "open"
    """One of ``STATES``: open, closed, the phase of a flow, or ``work`` for those of ``AT_WORK``."""
    due: str | None = None
    """``late``, ``soon`` (yellow), ``none`` (no limit, or it stands still); of open cases."""
    matter: str | None = None
    """Code of an item or of what it belongs to."""
    grid: str | None = None
    """Code under the plan in force; ``none``: in no grid."""
    community: str | None = None
    source: str | None = None
    words: str | None = None
    """Part of an event's code, a matter, an office or a grid; or the number or the ticket of a case, as it is told on the
    telephone. What was reported is not searched."""
    since: date | None = None
    until: date | None = None
    """Days of report in the township's time, both included."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north (EPSG:4326): what lies there."""
    ids: tuple[int, ...] | None = None
    """Numbers of cases."""
    events: tuple[int, ...] | None = None
    """Numbers of events."""


def tiny(filters: Filters) -> bool:
    """Whether so few events are left that what hangs on them is faster looked up than read through."""
    known = filters.ids is not None or filters.events is not None
    return known or filters.grid not in (None, "none")


def values_of(filters: Filters) -> dict[str, Any]:
    """The values that `shown` asks for, beside the township ``t`` and the moment ``now``."""
    west, south, east, north = filters.box or (0.0, 0.0, 0.0, 0.0)
    words = (filters.words or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    phases = AT_WORK if filters.state == "work" else (filters.state,)
    return {
        "phases": list(phases), "matter": filters.matter, "grid": filters.grid,
        "community": filters.community, "source": filters.source, "words": f"%{words}%",
        "tickets": list(meant(filters.words or "")),
        "number": int(number) if (number := (filters.words or "").strip()).isdecimal() and len(number) < 19 else None,
        "since": filters.since, "until": filters.until, "west": west, "south": south,
        "east": east, "north": north, "ids": list(filters.ids or ()),
        "events": list(filters.events or ()),
    }  # fmt: skip


def shown(filters: Filters, *, sets: bool) -> tuple[CTE, CTE]:
    """The open cases as a table ``live`` and the events of closed ones as ``done``.

    Parameters
    ----------
    sets
        The clocks of all cases are read at once, and not those of each.
    """
    events = _of_events(filters)
    # Very many are read through once for each question: that is less than to keep them between.
    narrowed = (filters.matter, filters.grid, filters.community, filters.words, filters.since)
    kept = "MATERIALIZED" if any(narrowed) or filters.box else "NOT MATERIALIZED"
    return (
        _live(filters, events, sets=sets).prefix_with("MATERIALIZED"),
        _done(filters, events).prefix_with(kept),
    )


def _live(filters: Filters, events: Sequence[ColumnElement[bool]], *, sets: bool) -> CTE:
    if filters.state == "closed":
        return _NONE_LIVE.cte("live")
    clock = _clocks_of_all() if sets else _clock_of_each()
    its_own = clock.c.case_id == Case.id if sets else true()
    due_at, yellow_at = clock.c.due_at, clock.c.yellow_at
    emergency = select(FlowVersion.id).where(
        FlowVersion.township_id == _T, FlowVersion.kind == "emergency"
    )
    dues = {
        "late": due_at < _NOW,
        "soon": and_(due_at >= _NOW, yellow_at <= _NOW),
        "none": due_at.is_(None),
    }
    found = (
        select(
            Event.id.label("event_id"),
            Case.id.label("case_id"),
            Case.flow_id,
            Case.state,
            due_at.label("due_at"),
            func.coalesce(dues["late"], false()).label("late"),
            func.coalesce(dues["soon"], false()).label("soon"),
            Case.flow_id.in_(emergency).label("urgent"),
            ST_X(Event.geom).label("lon"),
            ST_Y(Event.geom).label("lat"),
        )
        .select_from(Event)
        .join(Case, and_(Case.event_id == Event.id, Case.township_id == _T))
        .outerjoin(clock, its_own)
        .where(*events, Event.closed_at.is_(None), Case.open)
    )
    if filters.state not in ("open", "all"):
        in_phase = select(FlowState.flow_id, FlowState.state).where(
            FlowState.phase == any_(bindparam("phases", type_=ARRAY(Text)))
        )
        found = found.where(tuple_(Case.flow_id, Case.state).in_(in_phase))
    if filters.due:
        found = found.where(dues[filters.due])
    return found.cte("live")


def _done(filters: Filters, events: Sequence[ColumnElement[bool]]) -> CTE:
    if filters.due or filters.state not in ("closed", "all"):
        return _NONE_DONE.cte("done")
    found = select(Event.id.label("event_id"), Event.reported_at, Event.geom).where(
        *events, Event.closed_at.is_not(None)
    )
    has_case: ColumnElement[bool] = Event.id.in_(
        select(Case.event_id).where(Case.township_id == _T)
    )
    if not tiny(filters):
        # An event that was loaded and has no case yet is none of the board's; mostly there is none of
        # these, and then it need not be asked of each.
        has_case = or_(select(func.all_have_cases()).scalar_subquery(), has_case)
    return found.where(has_case).cte("done")


def _of_events(filters: Filters) -> list[ColumnElement[bool]]:
    conditions = (
        (filters.matter, _of_matter),
        (filters.grid, _in_no_grid if filters.grid == "none" else _in_one_grid),
        (filters.community, _in_community),
        (filters.source, lambda: Event.source == bindparam("source", type_=Text)),
        (filters.words, _with_words),
        (filters.since, lambda: Event.reported_at >= _midnight(_day("since"))),
        (filters.until, lambda: Event.reported_at < _midnight(_day("until") + 1)),
        (filters.box, _in_box),
        (filters.ids is not None, _of_cases),
        (filters.events is not None, _of_events_named),
    )
    return [Event.township_id == _T, *(condition() for asked, condition in conditions if asked)]


def _clocks_of_all() -> FromClause:
    return (
        select(CaseClock.case_id, *_FIRST_LIMIT)
        .where(CaseClock.deadline, CaseClock.stopped_at.is_(None))
        .group_by(CaseClock.case_id)
        .subquery("clock")
    )


def _clock_of_each() -> FromClause:
    return (
        select(*_FIRST_LIMIT)
        .where(CaseClock.case_id == Case.id, CaseClock.deadline, CaseClock.stopped_at.is_(None))
        .lateral("clock")
    )


def _in_grid(which: ColumnElement[bool]) -> ColumnElement[bool]:
    found = select(EventGrid.event_id).join(Grid, Grid.id == EventGrid.grid_id)
    return Event.id.in_(found.where(EventGrid.plan_id == _plan(), which))


def _in_one_grid() -> ColumnElement[bool]:
    return _in_grid(Grid.code == bindparam("grid", type_=Text))


def _in_no_grid() -> ColumnElement[bool]:
    some = select(EventGrid.event_id).where(
        EventGrid.plan_id == _plan(), EventGrid.grid_id.is_not(None)
    )
    return Event.id.not_in(some)


def _in_community() -> ColumnElement[bool]:
    ground = (
        select(Area.id)
        .where(Area.code == bindparam("community", type_=Text), Area.parent_id == _T)
        .scalar_subquery()
    )
    # IS NOT NULL first: an unknown community does not end the look, and the set of all in grids would be made.
    told = and_(Event.community_id.is_not(None), Event.community_id == ground, _in_no_grid())
    return or_(_in_grid(Grid.community_id == ground), told)


def _of_matter() -> ColumnElement[bool]:
    basic, upper = aliased(Matter), aliased(Matter)
    found = (
        select(Matter.id)
        .outerjoin(basic, basic.id == Matter.parent_id)
        .outerjoin(upper, upper.id == basic.parent_id)
        .join(MatterList, MatterList.id == Matter.list_id)
    )
    code = bindparam("matter", type_=Text)
    return Event.matter_id.in_(
        found.where(MatterList.township_id == _T, code.in_([Matter.code, basic.code, upper.code]))
    )


def _with_words() -> ColumnElement[bool]:
    words = bindparam("words", type_=Text)
    matters = select(Matter.id).where(
        or_(Matter.name.ilike(words), Matter.name_en.ilike(words), Matter.office.ilike(words))
    )
    named = or_(
        Case.ticket == any_(bindparam("tickets", type_=ARRAY(Text))),
        Case.id == bindparam("number", type_=BigInteger),
    )
    return or_(
        Event.code.ilike(words),
        _in_grid(or_(Grid.name.ilike(words), Grid.code.ilike(words))),
        Event.matter_id.in_(matters),
        Event.id.in_(select(Case.event_id).where(named).correlate(None)),
    )


def _in_box() -> ColumnElement[bool]:
    edges = [bindparam(edge, type_=Float) for edge in ("west", "south", "east", "north")]
    within: ColumnElement[bool] = Event.geom.intersects(ST_MakeEnvelope(*edges, 4326))
    return within


def _of_cases() -> ColumnElement[bool]:
    some = select(Case.event_id).where(Case.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
    return Event.id.in_(some.correlate(None))


def _of_events_named() -> ColumnElement[bool]:
    return Event.id == any_(bindparam("events", type_=ARRAY(BigInteger)))


def _day(name: str) -> BindParameter[date]:
    return bindparam(name, type_=Date)


def _midnight(day: ColumnElement[Any]) -> ColumnElement[Any]:
    """When a day begins in the township's time."""
    return func.timezone(select(_TOWN.c.zone).scalar_subquery(), cast(day, TIMESTAMP))


def _plan() -> Any:
    return select(_TOWN.c.plan_id).scalar_subquery()


_T = bindparam("t", type_=BigInteger)
_NOW = bindparam("now", type_=DateTime(timezone=True))
_FIRST_LIMIT = (
    func.min(CaseClock.due_at).label("due_at"),
    func.min(CaseClock.yellow_at).label("yellow_at"),
)
_IN_FORCE = table("plan_in_force", column("id", BigInteger), column("township_id", BigInteger))
_TOWN = (
    select(Township.time_zone.label("zone"), _IN_FORCE.c.id.label("plan_id"))
    .outerjoin(_IN_FORCE, _IN_FORCE.c.township_id == Township.area_id)
    .where(Township.area_id == _T)
    .cte("town")
)
_NONE_LIVE = text("""
    SELECT NULL::bigint AS event_id, NULL::bigint AS case_id, NULL::bigint AS flow_id, NULL::text AS state,
           NULL::timestamptz AS due_at, false AS late, false AS soon, false AS urgent, NULL::float AS lon, NULL::float AS lat WHERE false
""").columns()
_NONE_DONE = text("""
    SELECT NULL::bigint AS event_id, NULL::timestamptz AS reported_at, NULL::geometry AS geom WHERE false
""").columns()
