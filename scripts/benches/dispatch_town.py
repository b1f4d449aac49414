"""A synthetic town with very many cases, for the benchmarks of the dispatcher's board."""

from __future__ import annotations

from sqlalchemy import Engine, text

from gisgrid.cases.flow import current_flow
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.web import fill_town

COLUMNS, ROWS, HOUSES = 40, 25, 2000


def make(engine: Engine, cases: int) -> int:
    """A town of 1,000 grids and a year of cases, one in five open; the dispatcher's account.

    The log and what follows from it are written as they would be by its trigger, which stands aside:
    it takes a minute for as many.
    """
    with transaction(engine) as session:
        town = fill_town(session, columns=COLUMNS, rows=ROWS, houses=HOUSES, events=cases)
        normal = current_flow(session, town.township_id, "normal")
        values = {"t": town.township_id, "flow": normal.id}
        for table in ("event_case", "case_step"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for statement in _CASES.split(";\n"):
            session.execute(text(statement), values)
        for table in ("event_case", "case_step"):
            session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        account = appointed(session, "dispatcher", name="dispatcher.shi")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return account


# n of the events runs over the year; every fifth is open, a third of these late.
_CASES = """
INSERT INTO matter (list_id, parent_id, code, name, office)
SELECT m.list_id, m.id, '01' || lpad(n::text, 2, '0'), '虚构事项' || n, '虚构' || n % 7 || '办'
FROM matter m, generate_series(1, 40) n;
UPDATE event e SET matter_id = m.id, source = (ARRAY['居民上报','网格员上报','12345'])[e.id % 3 + 1],
    reported_at = now() - make_interval(mins => (e.id * 7919 % 525600)::int),
    closed_at = CASE WHEN e.id % 5 > 0
        THEN now() - make_interval(mins => (e.id * 7919 % 525600)::int) * 0.99 END
FROM matter m WHERE m.code = '01' || lpad((e.id % 40 + 1)::text, 2, '0');
INSERT INTO event_case (event_id, township_id, ticket, flow_id, state, open, seq, opened_at, changed_at,
                        closed_at, level, grid_code, rating)
SELECT e.id, e.township_id, 'T' || e.id, :flow,
       CASE WHEN e.closed_at IS NOT NULL THEN 'closed'
            ELSE (ARRAY['collected','filed','dispatched','handling','fed_back'])[e.id / 5 % 5 + 1] END,
       e.closed_at IS NULL, CASE WHEN e.closed_at IS NULL THEN e.id / 5 % 5 + 1 ELSE 6 END,
       e.reported_at, coalesce(e.closed_at, e.reported_at), e.closed_at, 'grid',
       CASE WHEN e.closed_at IS NOT NULL OR e.id / 5 % 5 > 1 THEN g.code END,
       CASE WHEN e.closed_at IS NOT NULL AND e.id % 3 = 0 THEN e.id % 5 + 1 END
FROM event e JOIN event_grid a ON a.event_id = e.id JOIN grid g ON g.id = a.grid_id;
INSERT INTO case_step (case_id, seq, step, means, from_state, to_state, at, actor, role, grid_code)
SELECT c.id, s.seq, s.step, s.means, s.from_state, s.to_state,
       c.opened_at + (c.changed_at - c.opened_at) * (s.seq - 1) / 5.0, s.actor, s.role,
       CASE WHEN s.step = 'dispatch' THEN c.grid_code END
FROM event_case c JOIN (VALUES
    (1, 'collect', 'report', '', 'collected', 'resident', 'resident'),
    (2, 'file', 'file', 'collected', 'filed', 'dispatcher.shi', 'dispatcher'),
    (3, 'dispatch', 'assign', 'filed', 'dispatched', 'dispatcher.shi', 'dispatcher'),
    (4, 'accept', 'begin', 'dispatched', 'handling', 'worker', 'grid_worker'),
    (5, 'feed_back', 'handle', 'handling', 'fed_back', 'worker', 'grid_worker'),
    (6, 'close', 'close', 'fed_back', 'closed', 'dispatcher.shi', 'dispatcher')
) AS s(seq, step, means, from_state, to_state, actor, role) ON s.seq <= c.seq;
INSERT INTO case_clock (case_id, flow_id, name, deadline, amount, unit, started_at, since_at, units,
                        due_at, yellow_at, stopped_at, colour)
SELECT c.id, :flow, 'total', true, 5, 'clock_days', c.opened_at, c.opened_at, 5000000000,
       due.at, due.at - interval '30 hours', c.closed_at,
       CASE WHEN c.closed_at IS NULL THEN 'green' WHEN c.closed_at > due.at THEN 'missed' ELSE 'met' END
FROM event_case c, LATERAL (SELECT CASE WHEN c.open AND c.event_id / 5 % 3 > 0
    THEN now() + make_interval(mins => (c.event_id % 14400)::int) ELSE c.opened_at + interval '5 days' END) due(at)
"""
