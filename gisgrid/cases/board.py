"""Which cases are there to see to? Emergencies first, then late ones, narrowed by filters, with symbols for a map.

Everything is asked of the store under the reader's rights. An event is open as long as its case is, so
that what is closed needs no look at cases and clocks: they are read for the open ones only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.board_filters import AT_WORK, DUES, STATES, Filters, shown, tiny, values_of
from gisgrid.cases.board_statements import BOARD, BOARD_IN_ORDER, TABS
from gisgrid.core.errors import Invalid
from gisgrid.db.joins import joined_by
from gisgrid.db.listing import Listing, ordered
from gisgrid.people.hierarchy import HEADED

MOST_ROWS, MOST_SINGLE = 500, 250
"""Rows of one answer; symbols that are drawn one by one, more are summed."""
MOST_MINE = 200
_LOOKED_BACK = 10_000


@dataclass(frozen=True)
class Row:
    """One case of a list."""

    case_id: int
    township_id: int
    seq: int
    event_id: int
    code: str
    matter_code: str
    matter: str
    matter_en: str | None
    flow_id: int
    state: str
    open: bool
    reported_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    """The first of its running deadlines; None: none runs."""
    yellow_at: datetime | None
    source: str | None
    community: str | None
    """Of the place, or as it was told with a report without a place."""
    community_en: str | None
    grid_code: str | None
    """Of the place under the plan in force."""
    grid: str | None
    owner_grid: str | None
    office: str | None
    staff_id: int | None
    returned: str | None
    """Why it was given back, while it waits to be sent anew."""
    told_again: int
    """How many others reported the same: cases that were merged into it."""
    lon: float | None
    lat: float | None


ORDERS = (
    "due", "reported", "matter", "state", "community", "grid", "owner", "source", "code", "told_again",
)  # fmt: skip
"""By what else a board may stand than by urgency."""


@dataclass(frozen=True)
class RowOrder:
    """How the rows stand; open emergencies first in any case, and what is empty last."""

    by: str
    """One of ``ORDERS``."""
    down: bool = False
    english: bool = False
    """By the English names of matters and communities, where there are any."""


RETURNED_FIRST = RowOrder("returned")
"""Of those to be sent: what came back, then what is due first."""
COLUMNS = tuple(field.name for field in fields(Row))
TEXTS = ("code", "matter", "matter_en", "grid", "grid_code", "office", "source")


@dataclass(frozen=True)
class Symbol:
    """A spot of the map: one case, or the sum of several near by."""

    n: int
    late: int
    soon: int
    urgent: int
    """Open emergencies."""
    lon: float
    lat: float
    case_id: int | None
    """None for a sum."""


@dataclass(frozen=True)
class Tabs:
    """The open cases that each tab of a board leads to, under its other filters."""

    open: int
    report: int
    """To be filed."""
    file: int
    """To be sent."""
    work: int
    """Sent, or begun."""
    check: int
    hold: int
    late: int
    soon: int
    mine: int
    """As `mine` has them."""
    nowhere: int
    """In no grid of the plan in force."""


@dataclass(frozen=True)
class Board:
    """What the filters let through."""

    plan_id: int | None
    """The plan in force, which the rows' grids are of; None: there is none."""
    total: int
    open: int
    late: int
    soon: int
    urgent: int
    """Open emergencies."""
    unlocated: int
    rows: list[Row]
    symbols: list[Symbol]


def board(
    session: Session,
    township_id: int,
    filters: Filters,
    now: datetime,
    *,
    limit: int = 50,
    square: float | None = None,
    most: int = MOST_ROWS,
    order: RowOrder | None = None,
) -> Board:
    """The cases of a township: counts, the first ``limit`` rows, and symbols.

    Rows, without an ``order``, where those to be sent begin with what was given back: open emergencies, then the other open ones, each by due time and then those without; then
    closed ones, the last reported first.

    Parameters
    ----------
    most
        Rows that it gives at all.
    square
        Edge in degrees of longitude of the squares that symbols are summed in; None: no symbols.
        As many as ``MOST_SINGLE`` are one by one.

    Raises
    ------
    Invalid
        A state, due or order that is none.
    """
    if filters.state not in STATES or filters.due not in (None, *DUES):
        raise Invalid("A board shows {states}, due {dues}.", states=list(STATES), dues=list(DUES))
    if order and order.by not in ORDERS:
        raise Invalid("A board stands in the order of {orders}.", orders=list(ORDERS))
    if order is None and filters.state == "file":
        order = RETURNED_FIRST
    values = {
        **values_of(filters), "t": township_id, "now": now, "limit": min(limit, most),
        "square": square or 360.0, "single": MOST_SINGLE, "draws": square is not None,
    }  # fmt: skip
    # Who sees a part of the township has few cases, and each clock of another would be asked for its case.
    asked = session.execute(text(_ASKED), {"t": township_id}).one()
    sets = bool(asked.whole) and not tiny(filters)
    with joined_by(session, sets=sets):
        statement = BOARD if order is None else BOARD_IN_ORDER
        if order:
            values |= {"by": order.by, "down": order.down, "english": order.english}
        found = session.execute(statement.add_cte(*shown(filters, sets=sets)), values).all()
    total, still_open, late, soon, urgent, unlocated, first = found[0][:7]
    symbols = [Symbol(*row[7:]) for row in found if row[7]]
    rows = rows_of(session, first or [])
    return Board(asked.plan_id, total, still_open, late, soon, urgent, unlocated, rows, symbols)


def tabs(session: Session, township_id: int, filters: Filters, now: datetime) -> Tabs:
    """How many open cases each tab has. What a tab itself sets (state, limit, no grid, mine) narrows none."""
    grid = None if filters.grid == "none" else filters.grid
    base = replace(filters, state="open", due=None, grid=grid, events=None)
    values = {**values_of(base), "t": township_id, "now": now, "work": list(AT_WORK)}
    values["mine"] = events_of_mine(session)
    asked = session.execute(text(_ASKED), {"t": township_id}).one()
    sets = bool(asked.whole) and not tiny(base)
    live, _ = shown(base, sets=sets)
    with joined_by(session, sets=sets):
        return Tabs(**session.execute(TABS.add_cte(live), values).mappings().one())


def mine(session: Session, *, most: int = MOST_MINE, skip: int = 0) -> list[Row]:
    """The open cases of whoever asks, emergencies first, then late ones.

    Given to them, to the grid they work in, or waiting at the level of the service centre they sit in.
    An emergency that nobody has yet is everybody's whose grid it lies in: nobody waits to be sent.
    Whoever leads a grid, or is nobody of the staff that a case could be given to, has all of its cases.
    """
    return rows_of(session, session.scalars(text(_MINE), {"limit": most, "skip": skip}).all())


def events_of_mine(session: Session) -> list[int]:
    """Numbers of the events of all cases of `mine`, in no order."""
    return list(session.scalars(text(_WHOSE)))


def rows_of(session: Session, event_ids: Sequence[int]) -> list[Row]:
    """The cases of events as rows, in their order; events without a case are left out."""
    rows = session.execute(text(_ROWS), {"ids": list(event_ids)}).mappings()
    return [Row(**row) for row in rows]


def among(session: Session, event_ids: Sequence[int], wanted: Listing) -> list[int]:
    """Those of some events whose cases have the words that are wanted, in the order that is wanted."""
    if not wanted:
        return list(event_ids)
    rows = ordered(_ROWS, wanted, columns=COLUMNS, texts=TEXTS)
    return [row.event_id for row in session.execute(rows, {"ids": list(event_ids)})]


def sources(session: Session, township_id: int) -> list[str]:
    """Where events of a township came from, as their sources are named."""
    return list(
        session.scalars(
            text(
                "SELECT DISTINCT source FROM event WHERE township_id = :t AND source IS NOT NULL "
                "ORDER BY source LIMIT 100"
            ),
            {"t": township_id},
        )
    )


def cursor(session: Session) -> str:
    """A place in the stream of steps: `steps_since` tells all that this transaction cannot see."""
    row = session.execute(
        text(
            "SELECT (SELECT last_value FROM case_step_id_seq) AS step, "
            "pg_snapshot_xmin(pg_current_snapshot())::text AS xmin"
        )
    ).one()
    return f"{row.step}-{row.xmin}"


def steps_since(session: Session, place: str, *, most: int = 200) -> list[tuple[int, int]] | None:
    """Cases (number, step) that have moved since a place in the stream, as far as seen; in order.

    A step has a lower number than one before it where its transaction ended later: what was written by
    a transaction that had not ended at that place is told again, at most ``_LOOKED_BACK`` steps back.
    None where there are more than ``most``, or ``place`` is none: then look at everything anew.
    """
    step, _, xmin = place.partition("-")
    if not (step.isdecimal() and xmin.isdecimal() and len(step) < 19 and len(xmin) < 20):
        return None
    rows = session.execute(
        text(_SINCE),
        {"step": int(step), "back": _LOOKED_BACK, "xmin": str(int(xmin) % 2**32), "most": most + 1},
    ).all()
    return None if len(rows) > most else [(row.case_id, row.seq) for row in rows]


_ASKED = """
SELECT :t = ANY (my_townships('see_events')) AS whole,
       (SELECT id FROM plan_in_force WHERE township_id = :t) AS plan_id
"""
_ROWS = """
SELECT c.id AS case_id, c.township_id, c.seq, e.id AS event_id, e.code, m.code AS matter_code, m.name AS matter,
       m.name_en AS matter_en, c.flow_id, c.state, c.open, e.reported_at, c.closed_at, k.due_at,
       k.yellow_at, e.source, o.name AS community, o.name_en AS community_en, g.code AS grid_code,
       g.name AS grid, w.name AS owner_grid, c.office, c.staff_id,
       CASE WHEN c.open AND f.phase IN ('report', 'file') AND back.means = 'return' THEN back.reason END AS returned,
       (SELECT count(*) FROM event_case other WHERE other.merged_into_id = c.id)::int AS told_again, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat
FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS first(id, n)
JOIN event e ON e.id = first.id JOIN event_case c ON c.event_id = e.id
JOIN matter m ON m.id = e.matter_id
LEFT JOIN plan_in_force p ON p.township_id = c.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id LEFT JOIN area o ON o.id = coalesce(g.community_id, e.community_id)
LEFT JOIN grid w ON w.plan_id = p.id AND w.code = c.grid_code
LEFT JOIN flow_state f ON (f.flow_id, f.state) = (c.flow_id, c.state)
LEFT JOIN LATERAL (
    SELECT s.means, s.reason FROM case_step s
    WHERE s.case_id = c.id AND f.phase IN ('report', 'file') AND s.means NOT IN ('note', 'move', 'recategorise')
    ORDER BY s.seq DESC LIMIT 1
) AS back ON true
LEFT JOIN LATERAL (
    SELECT min(due_at) AS due_at, min(yellow_at) AS yellow_at FROM case_clock k
    WHERE k.case_id = c.id AND k.deadline AND k.stopped_at IS NULL
) AS k ON true
ORDER BY first.n
"""
_WHOSE = f"""
WITH me AS (SELECT staff_id FROM account WHERE id = my_account()), post AS (
    SELECT m.area_id, m.grid_code,
           m.role = 'grid_leader' OR (SELECT staff_id FROM me) IS NULL AS whole FROM appointment m
    WHERE m.account_id = my_account() AND m.grid_code IS NOT NULL AND m.during @> today_in(m.area_id)
), centre AS (
    SELECT m.area_id, {HEADED} AS level FROM appointment m
    WHERE m.account_id = my_account() AND m.grid_code IS NULL AND m.during @> today_in(m.area_id)
)
SELECT c.event_id FROM (
    SELECT c.id, c.event_id, c.flow_id FROM event_case c
    WHERE c.open AND c.staff_id = (SELECT staff_id FROM me)
    UNION
    SELECT c.id, c.event_id, c.flow_id FROM post
    JOIN event_case c ON (c.township_id, c.grid_code) = (post.area_id, post.grid_code)
    WHERE c.open AND (post.whole OR c.staff_id IS NULL)
    UNION
    SELECT c.id, c.event_id, c.flow_id FROM flow f
    JOIN event_case c ON (c.township_id, c.flow_id) = (f.township_id, f.id)
    JOIN event_grid a ON a.event_id = c.event_id
    JOIN plan_in_force p ON p.id = a.plan_id AND p.township_id = c.township_id
    JOIN grid g ON g.id = a.grid_id
    JOIN post ON (post.area_id, post.grid_code) = (p.township_id, g.code)
    WHERE f.kind = 'emergency' AND c.open AND c.grid_code IS NULL AND c.staff_id IS NULL AND c.office IS NULL
    UNION
    SELECT c.id, c.event_id, c.flow_id FROM event_case c JOIN event e ON e.id = c.event_id
    LEFT JOIN plan_in_force p ON p.township_id = c.township_id
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
    LEFT JOIN grid g ON g.id = a.grid_id
    JOIN centre ON centre.level = c.level
        AND centre.area_id IN (c.township_id, coalesce(g.community_id, e.community_id))
    WHERE c.open AND EXISTS (SELECT FROM centre)
) c
"""  # noqa: S608 - put together from parts that stand here
_MINE = f"""
{_WHOSE}
ORDER BY c.flow_id IN (SELECT id FROM flow WHERE kind = 'emergency') DESC,
         (SELECT min(k.due_at) FROM case_clock k
          WHERE k.case_id = c.id AND k.deadline AND k.stopped_at IS NULL) NULLS LAST, c.id
LIMIT :limit OFFSET :skip
"""  # noqa: S608 - put together from parts that stand here
_SINCE = """
SELECT case_id, max(seq) AS seq FROM case_step
WHERE id > :step OR id > :step - :back AND age(xmin) <= age(CAST(CAST(:xmin AS text) AS xid))
GROUP BY case_id ORDER BY max(id) LIMIT :most
"""
