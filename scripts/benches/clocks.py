"""How long does judging 100,000 open cases take, and counting them all anew?"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from frame import ROOT, machine, options, parsed, private_store
from sqlalchemy import Engine, text

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.clocks import keep_calendar, recount
from gisgrid.cases.flow import current_flow
from gisgrid.cases.judging import judge, standing
from gisgrid.db.store import transaction

CALENDAR = ROOT / "data/calendar/calendar.csv"
START = datetime(2023, 8, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = options("clocks", __doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    args = parsed(parser)
    with private_store() as store:
        township = make(store.engine, args.cases)
        measure(store.engine, township)
        print(machine())


def make(engine: Engine, cases: int) -> int:
    """A township whose cases run two clocks each, all counted; its number."""
    with transaction(engine) as session:
        county = session.execute(text(_AREA), {"code": "c", "level": "county", "p": None})
        parent = county.scalar_one()
        area = session.execute(text(_AREA), {"code": "t", "level": "township", "p": parent})
        t = int(area.scalar_one())
        session.execute(
            text("INSERT INTO township (area_id, metric_srid) VALUES (:t, 4549)"), {"t": t}
        )
        session.execute(text(_LIST), {"t": t})
        flow = current_flow(session, t, "normal")
        values = {"t": t, "n": cases, "flow": flow.id, "start": START}
        began = time.perf_counter()
        for statement in (_EVENTS, _CASES, _STEPS, _CLOCKS):
            session.execute(text(statement), values)
        print(
            f"{cases} cases with a first step by its trigger: {time.perf_counter() - began:.1f} s"
        )
    with transaction(engine) as session:
        began = time.perf_counter()
        keep_calendar(session, t, read_calendar(CALENDAR))
        print(f"calendars loaded, all due times counted: {time.perf_counter() - began:.2f} s")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("VACUUM ANALYZE case_clock"))
    return t


def measure(engine: Engine, township: int) -> None:
    for days in (0, 1, 60):
        with transaction(engine, read_only=True) as session:
            wall, cpu = time.perf_counter(), time.process_time()
            found = Counter(standing(session, township, START + timedelta(days=days)).values())
        print(
            f"how all stand {days} days on: {dict(found)}, {time.perf_counter() - wall:.2f} s "
            f"({time.process_time() - cpu:.2f} s of it in Python)"
        )
    for label, now in (
        ("nothing turns", START),
        ("some turn", START + timedelta(hours=3)),
        ("nearly all turn", START + timedelta(days=60)),
        ("again, nothing turns", START + timedelta(days=60)),
    ):
        with transaction(engine) as session:
            wall, cpu = time.perf_counter(), time.process_time()
            judged = judge(session, township, now)
            turned = judged.red + judged.yellow
        print(
            f"judged, {label}: {turned} clocks, {time.perf_counter() - wall:.2f} s "
            f"({time.process_time() - cpu:.2f} s of it in Python)"
        )
    with transaction(engine) as session:
        wall, cpu = time.perf_counter(), time.process_time()
        moved = recount(session, township)
    print(
        f"all counted anew, {moved} moved: {time.perf_counter() - wall:.2f} s "
        f"({time.process_time() - cpu:.2f} s of it in Python)"
    )


_AREA = """
INSERT INTO area (code, level, name, parent_id) VALUES (:code, :level, :code, :p) RETURNING id
"""
_LIST = """
WITH l AS (INSERT INTO matter_list (township_id, version, validity)
           VALUES (:t, '1', '[2020-01-01,)') RETURNING id),
     m AS (INSERT INTO matter (list_id, code, name) SELECT id, 'M', 'M' FROM l RETURNING id, list_id)
INSERT INTO matter (list_id, parent_id, code, name) SELECT list_id, id, 'M1', 'M1' FROM m
"""
_EVENTS = """
INSERT INTO event (township_id, code, matter_id, reported_at, location_status)
SELECT :t, 'E' || n, (SELECT id FROM matter WHERE code = 'M1'),
       CAST(:start AS timestamptz) + make_interval(mins => n % 20000), 'unlocated'
FROM generate_series(1, :n) AS n
"""
_CASES = """
INSERT INTO event_case (event_id, township_id, ticket, flow_id)
SELECT id, :t, 'T' || id, :flow FROM event
"""
_STEPS = """
INSERT INTO case_step (case_id, seq, step, at, actor, role)
SELECT c.id, 1, 'collect', e.reported_at, 'system', 'system'
FROM event_case c JOIN event e ON e.id = c.event_id
"""
_CLOCKS = """
INSERT INTO case_clock (case_id, flow_id, name, deadline, amount, unit, started_at, since_at, units,
                        colour)
SELECT c.id, :flow, k.name, k.name = 'total', k.amount, k.unit, e.reported_at, e.reported_at, k.units,
       'unknown'
FROM event_case c JOIN event e ON e.id = c.event_id,
(VALUES ('file', 30, 'working_minutes', 1800), ('total', 3, 'working_days', 3000000000))
    AS k(name, amount, unit, units)
"""

if __name__ == "__main__":
    main()
