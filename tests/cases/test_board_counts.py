"""The board's counts, rows and symbols, against a plain count of what each person may see."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, Row, text
from sqlalchemy.orm import Session

from gisgrid.cases.board import Board, board, events_of_mine, tabs
from gisgrid.cases.board_filters import Filters
from gisgrid.cases.bulk import open_loaded
from gisgrid.db.store import transaction
from tests.support.accounts import acting, appointed, web_engine
from tests.support.web import fill_town

NOW = datetime(2023, 6, 1, tzinfo=UTC)
A, B = "999901001001", "999901001005"
"""Two communities of the town."""
SQUARE = 0.004
LOOKS: list[tuple[Filters, Callable[[Row[Any]], bool]]] = [
    (Filters(), lambda e: e.closed_at is None),
    (Filters(state="all"), lambda e: True),
    (Filters(state="closed"), lambda e: e.closed_at is not None),
    (Filters(due="late"), lambda e: e.closed_at is None and e.due_at and e.due_at < NOW),
    (
        Filters(due="soon"),
        lambda e: e.closed_at is None and e.due_at and e.yellow_at <= NOW <= e.due_at,
    ),
    (Filters(due="none"), lambda e: e.closed_at is None and e.due_at is None),
    (Filters(state="all", due="late"), lambda e: e.closed_at is None and e.due_at and e.due_at < NOW),
    (Filters(state="all", source="12345"), lambda e: e.source == "12345"),
    (Filters(state="closed", matter="0102"), lambda e: e.closed_at and e.matter == "0102"),
    (Filters(state="all", matter="01"), lambda e: True),
    (Filters(state="all", community=A), lambda e: e.community == A),
    (Filters(state="all", grid=A + "002"), lambda e: e.grid == A + "002"),
    (Filters(state="all", grid="none"), lambda e: e.grid is None),
    (
        Filters(state="all", since=date(2023, 5, 10), until=date(2023, 5, 20)),
        lambda e: "2023-05-10" <= e.day <= "2023-05-20",
    ),
    (Filters(box=(120.9, 40.7, 120.91, 40.71)), lambda e: e.closed_at is None and e.lon
     and e.lon <= 120.91 and e.lat <= 40.71),
]  # fmt: skip


def varied(session: Session) -> dict[str, int]:
    """Accounts over 600 events of one month, twenty of them without a case and some without a place."""
    town = fill_town(session, columns=6, rows=6, houses=0, events=600)
    for statement in _VARIED.split(";\n"):
        session.execute(text(statement))
    open_loaded(session, town.township_id)
    for statement in _MORE.split(";\n"):
        session.execute(text(statement))
    return {
        "dispatcher": appointed(session, "dispatcher"),
        "clerk": appointed(session, "community_clerk", A),
        "worker": appointed(session, "grid_worker", grid=B + "001"),
        "planner": appointed(session, "planner"),
    }


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return varied


@pytest.fixture
def people(made: dict[str, int]) -> dict[str, int]:
    return made


def sees(who: str, event: Row[Any]) -> bool:
    if who == "worker":
        return bool(event.grid == B + "001")
    return who == "dispatcher" or (who == "clerk" and event.community == A)


@pytest.mark.parametrize("all_have_cases", [False, True])
def test_board_is_a_plain_count_of_what_each_may_see(
    engine: Engine, people: dict[str, int], all_have_cases: bool
):
    with transaction(engine) as session:
        township = session.scalar(text("SELECT area_id FROM township"))
        if all_have_cases:
            assert open_loaded(session, township).cases == 20
        every = session.execute(text(_PLAIN)).all()
        assert session.scalar(text("SELECT all_have_cases()")) is all_have_cases
    assert len(every) == 600 + 20 * all_have_cases and {e.community for e in every} > {A, B}
    web, seen = web_engine(engine), Counter[str]()
    for who, account in people.items():
        for filters, fits in LOOKS:
            expected = [e for e in every if sees(who, e) and fits(e)]
            with acting(web, account, read_only=True) as session:
                found = board(session, township, filters, NOW, limit=500, square=SQUARE)
                few = board(session, township, filters, NOW, limit=7)
            compare(found, expected)
            assert few.rows == found.rows[:7] and few.symbols == []
            assert (few.total, few.late) == (found.total, found.late)
            seen[who] += found.total
    assert seen["dispatcher"] > seen["clerk"] > seen["worker"] > seen["planner"] == 0


def test_each_tab_counts_what_it_leads_to(engine: Engine, people: dict[str, int]):
    with transaction(engine) as session:
        township = session.scalar(text("SELECT area_id FROM township"))
        every = [e for e in session.execute(text(_PLAIN)).all() if e.closed_at is None]
        for n, phase in enumerate(("report", "file", "assign", "handle", "check", "hold")):
            for line in _PHASE.split(";\n"):
                session.execute(text(line), {"n": n, "phase": phase, "grid": B + "001"})
        phases = {row.id: row.phase for row in session.execute(text(_PHASES))}
    web = web_engine(engine)
    narrowed = {
        "": (Filters(), lambda e: True),
        "matter": (Filters(matter="0102", state="check", due="late"), lambda e: e.matter == "0102"),
        "community": (Filters(community=A, grid="none"), lambda e: e.community == A),
    }
    seen = Counter[str]()
    for who, account in people.items():
        for filters, fits in narrowed.values():
            those = [e for e in every if sees(who, e) and fits(e)]
            in_phase = Counter(phases[e.case_id] for e in those)
            with acting(web, account, read_only=True) as session:
                found = tabs(session, township, filters, NOW)
                own = set(events_of_mine(session))
            at_work = in_phase["assign"] + in_phase["handle"]
            assert asdict(found) == {
                "open": len(those),
                **{name: in_phase[name] for name in ("report", "file", "check", "hold")},
                "work": at_work,
                "late": sum(state(e) == "late" for e in those),
                "soon": sum(state(e) == "soon" for e in those),
                "mine": sum(e.id in own for e in those),
                "nowhere": sum(e.grid is None for e in those),
            }
            with acting(web, account, read_only=True) as session:
                alike = replace(filters, due=None, grid=None)
                work = board(session, township, replace(alike, state="work"), NOW, limit=500)
                mine = board(
                    session, township, replace(alike, state="open", events=tuple(own)), NOW
                )
            assert (work.total, mine.total) == (at_work, found.mine)
            seen.update(asdict(found))
    assert all(seen.values()), seen


def compare(found: Board, expected: list[Row[Any]]) -> None:
    late = [e for e in expected if state(e) == "late"]
    soon = [e for e in expected if state(e) == "soon"]
    still = [e for e in expected if e.closed_at is None]
    assert (found.total, found.open, found.late, found.soon, found.urgent, found.unlocated) == (
        len(expected), len(still), len(late), len(soon), sum(e.urgent for e in expected),
        sum(e.lon is None for e in expected),
    )  # fmt: skip
    first = sorted(
        still, key=lambda e: (not e.urgent, e.due_at is None, e.due_at or NOW, e.case_id)
    )
    then = sorted(
        (e for e in expected if e.closed_at), key=lambda e: (-e.reported_at.timestamp(), e.id)
    )
    assert [row.case_id for row in found.rows] == [e.case_id for e in (*first, *then)][:500]
    # Few are drawn one by one, many as sums of squares.
    placed = [e for e in expected if e.lon is not None]
    alone = len(expected) <= 250

    def spot(lon: float, lat: float, case_id: int | None) -> tuple[float, ...]:
        return (lon, lat, case_id or 0) if alone else (
            math.floor(lon / SQUARE), math.floor(lat / (SQUARE * 0.76)))  # fmt: skip

    names = ("n", "late", "soon", "urgent")
    drawn: dict[str, Counter[tuple[float, ...]]] = {k: Counter() for k in names}
    plain: dict[str, Counter[tuple[float, ...]]] = {k: Counter() for k in names}
    for symbol in found.symbols:
        assert (symbol.case_id is None) == (symbol.n > 1)
        for name, counts in drawn.items():
            counts[spot(symbol.lon, symbol.lat, symbol.case_id)] += getattr(symbol, name)
    for event in placed:
        for name, counts in plain.items():
            counts[spot(event.lon, event.lat, event.case_id)] += (
                event.urgent if name == "urgent" else name in ("n", state(event))
            )
    assert drawn == plain


def state(event: Row[Any]) -> str:
    if event.closed_at is not None or event.due_at is None:
        return ""
    if event.due_at < NOW:
        return "late"
    return "soon" if event.yellow_at <= NOW else ""


_VARIED = """
INSERT INTO matter (list_id, parent_id, code, name, office)
SELECT m.list_id, m.id, '01' || lpad(n::text, 2, '0'), '虚构事项' || n, '虚构办' FROM matter m, generate_series(1, 3) n;
UPDATE event e SET matter_id = m.id, source = (ARRAY['居民上报','12345'])[e.id % 2 + 1],
    reported_at = timestamptz '2023-05-01 01:00Z' + make_interval(hours => (e.id % 700)::int),
    closed_at = CASE WHEN e.id % 3 > 0 THEN timestamptz '2023-05-31 02:00Z' END,
    due_at = CASE WHEN e.id % 4 > 0
        THEN timestamptz '2023-05-25 01:00Z' + make_interval(hours => (e.id * 7 % 300)::int) END
FROM matter m WHERE m.code = '01' || lpad((e.id % 3 + 1)::text, 2, '0');
UPDATE event e SET geom = NULL, location_status = 'unlocated', community_id = a.id FROM area a
WHERE e.id % 29 = 0 AND a.code = '99990100100' || (CASE WHEN e.id % 2 = 0 THEN 1 ELSE 5 END);
DELETE FROM event_grid WHERE event_id % 58 = 0;
UPDATE event_grid SET grid_id = NULL WHERE event_id % 58 = 29
"""
_MORE = """
INSERT INTO flow (township_id, kind, version, deadline, source)
SELECT township_id, 'emergency', 'test', deadline, source FROM flow WHERE kind = 'imported' LIMIT 1;
INSERT INTO flow_state SELECT f.id, s.state, s.position, s.phase, s.open FROM flow f, flow_state s
WHERE f.version = 'test' AND s.flow_id = (SELECT id FROM flow WHERE kind = 'imported' LIMIT 1);
ALTER TABLE event_case DISABLE TRIGGER guard_case;
UPDATE event_case SET flow_id = (SELECT id FROM flow WHERE version = 'test') WHERE id % 7 = 0;
ALTER TABLE event_case ENABLE TRIGGER guard_case;
UPDATE case_clock SET yellow_at = due_at - interval '30 hours' WHERE stopped_at IS NULL;
INSERT INTO event (township_id, code, matter_id, reported_at, closed_at, geom)
SELECT township_id, 'N' || id, matter_id, reported_at, closed_at, geom FROM event
WHERE geom IS NOT NULL ORDER BY id LIMIT 20
"""
_PHASE = """
INSERT INTO flow (township_id, kind, version, deadline, source)
SELECT township_id, 'imported', :phase, deadline, source FROM flow WHERE version = 'test';
INSERT INTO flow_state SELECT f.id, s.state, s.position, CASE WHEN s.open THEN :phase ELSE s.phase END, s.open
FROM flow f, flow_state s, flow t WHERE f.version = :phase AND t.version = 'test' AND s.flow_id = t.id;
ALTER TABLE event_case DISABLE TRIGGER guard_case;
UPDATE event_case SET flow_id = (SELECT id FROM flow WHERE version = :phase), grid_code = CASE WHEN id % 5 = 0 THEN :grid END
WHERE open AND id / 3 % 6 = :n;
ALTER TABLE event_case ENABLE TRIGGER guard_case
"""
_PHASES = """
SELECT c.id, s.phase FROM event_case c JOIN flow_state s ON (s.flow_id, s.state) = (c.flow_id, c.state)
"""
_PLAIN = """
SELECT e.id, c.id AS case_id, e.closed_at IS NULL AND c.flow_id IN (
           SELECT id FROM flow WHERE kind = 'emergency') AS urgent, e.closed_at, e.reported_at, e.source, m.code AS matter,
       (e.reported_at AT TIME ZONE 'Asia/Shanghai')::date::text AS day, ST_X(e.geom) AS lon,
       ST_Y(e.geom) AS lat, g.code AS grid, coalesce(o.code, own.code) AS community,
       (SELECT min(k.due_at) FROM case_clock k WHERE k.case_id = c.id AND k.stopped_at IS NULL) AS due_at,
       (SELECT min(k.yellow_at) FROM case_clock k WHERE k.case_id = c.id AND k.stopped_at IS NULL)
           AS yellow_at
FROM event e JOIN event_case c ON c.event_id = e.id JOIN matter m ON m.id = e.matter_id
LEFT JOIN event_grid a ON a.event_id = e.id LEFT JOIN grid g ON g.id = a.grid_id
LEFT JOIN area o ON o.id = g.community_id LEFT JOIN area own ON own.id = e.community_id
"""
