"""Which cases are there to see to? Emergencies first, then late ones, narrowed by filters, with symbols for a map.

Everything is asked of the store under the reader's rights. An event is open as long as its case is, so
that what is closed needs no look at cases and clocks: they are read for the open ones only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.db.joins import joined_by
from gisgrid.db.tables.cases import PHASES
from gisgrid.people.hierarchy import HEADED

STATES = ("open", "closed", "all", *(phase for phase in PHASES if phase != "done"))
DUES = ("late", "soon", "none")
MOST_ROWS, MOST_SINGLE = 500, 250
"""Rows of one answer; symbols that are drawn one by one, more are summed."""
MOST_MINE = 200
_LOOKED_BACK = 10_000


@dataclass(frozen=True)
class Filters:
    """What narrows the board; None or empty: everything."""

    state: str = "open"
    """One of ``STATES``: open, closed, or the phase of a flow."""
    due: str | None = None
    """``late``, ``soon`` (yellow), ``none`` (no limit, or it stands still); of open cases."""
    matter: str | None = None
    """Code of an item or of what it belongs to."""
    grid: str | None = None
    """Code under the plan in force; ``none``: in no grid."""
    community: str | None = None
    source: str | None = None
    words: str | None = None
    """Part of an event's code, a matter, an office or a grid; what was reported is not searched."""
    since: date | None = None
    until: date | None = None
    """Days of report in the township's time, both included."""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north (EPSG:4326): what lies there."""
    ids: tuple[int, ...] | None = None
    """Numbers of cases."""


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
    grid_code: str | None
    """Of the place under the plan in force."""
    grid: str | None
    owner_grid: str | None
    office: str | None
    staff_id: int | None
    lon: float | None
    lat: float | None


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
) -> Board:
    """The cases of a township: counts, the first ``limit`` rows, and symbols.

    Rows: open emergencies, then the other open ones, each by due time and then those without; then
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
        A state or due that is none.
    """
    if filters.state not in STATES or filters.due not in (None, *DUES):
        raise Invalid("A board shows {states}, due {dues}.", states=list(STATES), dues=list(DUES))
    values = {
        **_values(filters), "t": township_id, "now": now, "limit": min(limit, most),
        "square": square or 360.0, "single": MOST_SINGLE, "draws": square is not None,
    }  # fmt: skip
    # Who sees a part of the township has few cases, and each clock of another would be asked for its case.
    asked = session.execute(text(_ASKED), {"t": township_id}).one()
    sets = bool(asked.whole) and not _tiny(filters)
    with joined_by(session, sets=sets):
        found = session.execute(text(_shown(filters, sets=sets) + _BOARD), values).all()
    total, still_open, late, soon, urgent, unlocated, first = found[0][:7]
    symbols = [Symbol(*row[7:]) for row in found if row[7]]
    rows = rows_of(session, first or [])
    return Board(asked.plan_id, total, still_open, late, soon, urgent, unlocated, rows, symbols)


def mine(session: Session, *, most: int = MOST_MINE) -> list[Row]:
    """The open cases of whoever asks, emergencies first, then late ones.

    Given to them, to the grid they work in, or waiting at the level of the service centre they sit in.
    An emergency that nobody has yet is everybody's whose grid it lies in: nobody waits to be sent.
    Whoever leads a grid, or is nobody of the staff that a case could be given to, has all of its cases.
    """
    return rows_of(session, session.scalars(text(_MINE), {"limit": most}).all())


def rows_of(session: Session, event_ids: Sequence[int]) -> list[Row]:
    """The cases of events as rows, in their order; events without a case are left out."""
    rows = session.execute(text(_ROWS), {"ids": list(event_ids)}).mappings()
    return [Row(**row) for row in rows]


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


def _shown(filters: Filters, *, sets: bool) -> str:
    """The sets ``live`` and ``done``: open cases and closed ones."""
    grid, state = filters.grid, filters.state
    of_event = (
        (filters.matter, _OF_MATTER),
        (grid, _IN_NO_GRID if grid == "none" else _IN_GRID.format(on="g.code = :grid")),
        (filters.community, _IN_COMMUNITY),
        (filters.source, "e.source = :source"),
        (filters.words, _WORDS),
        (filters.since, _SINCE_DAY),
        (filters.until, _UNTIL_DAY),
        (filters.box, "e.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"),
        (filters.ids is not None, _OF_CASES),
    )
    of_case = (
        (state not in ("open", "closed", "all"), _IN_PHASE),
        (filters.due, _DUE.get(filters.due or "", "")),
    )
    events = " AND ".join(["e.township_id = :t", *(sql for asked, sql in of_event if asked)])
    cases = " AND ".join(["c.open", *(sql for asked, sql in of_case if asked)])
    live = _NONE_LIVE if state == "closed" else _LIVE.format(
        of_event=events, of_case=cases, k=_CLOCKS_OF_ALL if sets else _CLOCK_OF_EACH
    )  # fmt: skip
    closed = state in ("closed", "all") and not filters.due
    # Very many are read through once for each question: that is less than to keep them between.
    many = not any((filters.matter, grid, filters.community, filters.words, filters.since))
    kept = "NOT MATERIALIZED" if many and not filters.box else "MATERIALIZED"
    case = _CASE_OF_FEW if _tiny(filters) else _CASE_OF_MANY
    done = _DONE.format(of_event=events, has_case=case) if closed else _NONE_DONE
    return f"{_TOWN}, live AS MATERIALIZED ({live}), done AS {kept} ({done})"


def _tiny(filters: Filters) -> bool:
    """Whether so few events are left that what hangs on them is faster looked up than read through."""
    return filters.ids is not None or filters.grid not in (None, "none")


def _values(filters: Filters) -> dict[str, Any]:
    west, south, east, north = filters.box or (0.0, 0.0, 0.0, 0.0)
    words = (filters.words or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    ids: Sequence[int] = filters.ids or ()
    return {
        "state": filters.state, "matter": filters.matter, "grid": filters.grid,
        "community": filters.community, "source": filters.source, "words": f"%{words}%",
        "since": filters.since, "until": filters.until, "west": west, "south": south,
        "east": east, "north": north, "ids": list(ids),
    }  # fmt: skip


_ASKED = """
SELECT :t = ANY (my_townships('see_events')) AS whole,
       (SELECT id FROM plan_in_force WHERE township_id = :t) AS plan_id
"""
_TOWN = """
WITH town AS (
    SELECT t.time_zone AS zone, p.id AS plan_id FROM township t
    LEFT JOIN plan_in_force p ON p.township_id = t.area_id WHERE t.area_id = :t
)"""
_LIVE = """
    SELECT e.id AS event_id, c.id AS case_id, k.due_at, coalesce(k.due_at < :now, false) AS late,
           coalesce(k.due_at >= :now AND k.yellow_at <= :now, false) AS soon,
           c.flow_id IN (SELECT id FROM flow WHERE township_id = :t AND kind = 'emergency') AS urgent,
           ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat
    FROM event e JOIN event_case c ON c.event_id = e.id AND c.township_id = :t LEFT JOIN {k}
    WHERE {of_event} AND e.closed_at IS NULL AND {of_case}
"""
_CLOCKS_OF_ALL = """(
        SELECT case_id, min(due_at) AS due_at, min(yellow_at) AS yellow_at FROM case_clock
        WHERE deadline AND stopped_at IS NULL GROUP BY case_id
    ) AS k ON k.case_id = c.id"""
_CLOCK_OF_EACH = """LATERAL (
        SELECT min(due_at) AS due_at, min(yellow_at) AS yellow_at FROM case_clock
        WHERE case_id = c.id AND deadline AND stopped_at IS NULL
    ) AS k ON true"""
_NONE_LIVE = """
    SELECT NULL::bigint AS event_id, NULL::bigint AS case_id, NULL::timestamptz AS due_at,
           false AS late, false AS soon, false AS urgent, NULL::float AS lon, NULL::float AS lat WHERE false
"""
_DONE = """
    SELECT e.id AS event_id, e.reported_at, e.geom FROM event e
    WHERE {of_event} AND e.closed_at IS NOT NULL AND {has_case}
"""
# An event that was loaded and has no case yet is none of the board's; mostly there is none of these,
# and then it need not be asked of each.
_CASE_OF_FEW = "e.id IN (SELECT event_id FROM event_case WHERE township_id = :t)"
_CASE_OF_MANY = f"((SELECT all_have_cases()) OR {_CASE_OF_FEW})"
_NONE_DONE = """
    SELECT NULL::bigint AS event_id, NULL::timestamptz AS reported_at, NULL::geometry AS geom WHERE false
"""
_IN_GRID = """e.id IN (SELECT a.event_id FROM event_grid a JOIN grid g ON g.id = a.grid_id
    WHERE a.plan_id = (SELECT plan_id FROM town) AND {on})"""
_IN_NO_GRID = """e.id NOT IN (SELECT a.event_id FROM event_grid a
    WHERE a.plan_id = (SELECT plan_id FROM town) AND a.grid_id IS NOT NULL)"""
_OF = "(SELECT id FROM area WHERE code = :community AND parent_id = :t)"
# IS NOT NULL first: an unknown community does not end the look, and the set of all in grids would be made.
_IN_COMMUNITY = f"""({_IN_GRID.format(on=f"g.community_id = {_OF}")}
    OR e.community_id IS NOT NULL AND e.community_id = {_OF} AND {_IN_NO_GRID})"""
_OF_CASES = "e.id IN (SELECT event_id FROM event_case WHERE id = ANY(:ids))"
_SINCE_DAY = """e.reported_at >= (
    CAST(:since AS date)::timestamp AT TIME ZONE (SELECT zone FROM town))"""
_UNTIL_DAY = """e.reported_at < (
    (CAST(:until AS date) + 1)::timestamp AT TIME ZONE (SELECT zone FROM town))"""
_IN_PHASE = "(c.flow_id, c.state) IN (SELECT flow_id, state FROM flow_state WHERE phase = :state)"
_DUE = {
    "late": "k.due_at < :now",
    "soon": "k.due_at >= :now AND k.yellow_at <= :now",
    "none": "k.due_at IS NULL",
}
_OF_MATTER = """e.matter_id IN (
    SELECT m.id FROM matter m LEFT JOIN matter b ON b.id = m.parent_id LEFT JOIN matter u ON u.id = b.parent_id
    JOIN matter_list l ON l.id = m.list_id
    WHERE l.township_id = :t AND :matter IN (m.code, b.code, u.code))"""
_WORDS = f"""(e.code ILIKE :words
    OR {_IN_GRID.format(on="(g.name ILIKE :words OR g.code ILIKE :words)")}
    OR e.matter_id IN (SELECT m.id FROM matter m
        WHERE m.name ILIKE :words OR m.name_en ILIKE :words OR m.office ILIKE :words))"""  # noqa: S608 - put together from parts that stand here
# Squares are summed over the open and the closed apart, and then put together.
_BOARD = """
, cell AS MATERIALIZED (
    SELECT sum(n) AS n, sum(open) AS open, sum(late) AS late, sum(soon) AS soon, sum(urgent) AS urgent,
           sum(lon) / sum(n) AS lon, sum(lat) / sum(n) AS lat, min(event_id) AS event_id
    FROM (
        SELECT floor(lon / :square) AS x, floor(lat / (:square * 0.76)) AS y, count(*) AS n,
               count(*) AS open, count(*) FILTER (WHERE late) AS late,
               count(*) FILTER (WHERE soon) AS soon, count(*) FILTER (WHERE urgent) AS urgent, sum(lon) AS lon, sum(lat) AS lat,
               min(event_id) AS event_id
        FROM live GROUP BY 1, 2
        UNION ALL
        SELECT floor(lon / :square), floor(lat / (:square * 0.76)), count(*), 0, 0, 0, 0, sum(lon),
               sum(lat), min(event_id)
        FROM (SELECT event_id, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM done OFFSET 0) AS at
        GROUP BY 1, 2
    ) AS part GROUP BY x, y
), sums AS (
    SELECT coalesce(sum(n), 0)::bigint AS total, coalesce(sum(open), 0)::bigint AS open,
           coalesce(sum(late), 0)::bigint AS late, coalesce(sum(soon), 0)::bigint AS soon,
           coalesce(sum(urgent), 0)::bigint AS urgent,
           coalesce(sum(n) FILTER (WHERE lon IS NULL), 0)::bigint AS unlocated FROM cell
), first AS (
    (SELECT event_id, CASE WHEN urgent THEN 0 ELSE 1 END AS part, due_at, case_id,
            NULL::timestamptz AS reported_at
     FROM live ORDER BY urgent DESC, due_at NULLS LAST, case_id LIMIT :limit)
    UNION ALL
    (SELECT event_id, 2, NULL, NULL, reported_at FROM done
     WHERE (SELECT open FROM sums) < :limit ORDER BY reported_at DESC, event_id LIMIT :limit)
    ORDER BY part, due_at NULLS LAST, case_id, reported_at DESC, event_id LIMIT :limit
), symbol AS (
    SELECT n, late, soon, urgent, lon, lat, event_id FROM cell
    WHERE lon IS NOT NULL AND (SELECT total FROM sums) > :single
    UNION ALL
    SELECT 1, late::int, soon::int, urgent::int, lon, lat, event_id FROM live
    WHERE lon IS NOT NULL AND (SELECT total FROM sums) <= :single
    UNION ALL
    SELECT 1, 0, 0, 0, ST_X(geom), ST_Y(geom), event_id FROM done
    WHERE geom IS NOT NULL AND (SELECT total FROM sums) <= :single
)
SELECT sums.*, (SELECT array_agg(event_id ORDER BY part, due_at NULLS LAST, case_id,
                                 reported_at DESC, event_id) FROM first) AS first,
       s.n::int, s.late::int, s.soon::int, s.urgent::int, s.lon, s.lat,
       CASE WHEN s.n = 1 THEN (SELECT c.id FROM event_case c WHERE c.event_id = s.event_id) END AS case_id
FROM sums LEFT JOIN symbol AS s ON :draws
"""
_ROWS = """
SELECT c.id AS case_id, c.township_id, c.seq, e.id AS event_id, e.code, m.code AS matter_code, m.name AS matter,
       m.name_en AS matter_en, c.flow_id, c.state, c.open, e.reported_at, c.closed_at, k.due_at,
       k.yellow_at, e.source, g.code AS grid_code, g.name AS grid, w.name AS owner_grid, c.office,
       c.staff_id, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat
FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS first(id, n)
JOIN event e ON e.id = first.id JOIN event_case c ON c.event_id = e.id
JOIN matter m ON m.id = e.matter_id
LEFT JOIN plan_in_force p ON p.township_id = c.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id LEFT JOIN grid w ON w.plan_id = p.id AND w.code = c.grid_code
LEFT JOIN LATERAL (
    SELECT min(due_at) AS due_at, min(yellow_at) AS yellow_at FROM case_clock k
    WHERE k.case_id = c.id AND k.deadline AND k.stopped_at IS NULL
) AS k ON true
ORDER BY first.n
"""
_MINE = f"""
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
ORDER BY c.flow_id IN (SELECT id FROM flow WHERE kind = 'emergency') DESC,
         (SELECT min(k.due_at) FROM case_clock k
          WHERE k.case_id = c.id AND k.deadline AND k.stopped_at IS NULL) NULLS LAST, c.id
LIMIT :limit
"""  # noqa: S608 - put together from parts that stand here
_SINCE = """
SELECT case_id, max(seq) AS seq FROM case_step
WHERE id > :step OR id > :step - :back AND age(xmin) <= age(CAST(CAST(:xmin AS text) AS xid))
GROUP BY case_id ORDER BY max(id) LIMIT :most
"""
