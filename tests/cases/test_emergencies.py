"""Emergencies: switch and back, duty, calls upwards, the ring of houses; and the problems."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import Engine, event, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases import clock as life
from gisgrid.cases.assignment import accept, acceptance, keep_suggestion, suggest
from gisgrid.cases.cases import Details, take_step
from gisgrid.cases.clock import Clock
from gisgrid.cases.clocks import _CLOCK, _kept, work_time
from gisgrid.cases.emergencies import duty_list, end_expired, ring, running, switch_off, switch_on
from gisgrid.cases.intake import Report, take_in
from gisgrid.cases.open_problems import add_problem, problems, remind, review
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import plan_in_force, townships
from gisgrid.core.plans import township as township_of
from gisgrid.db import tables as t
from gisgrid.db.store import transaction
from gisgrid.planning.attach.attach import attach
from tests.support.accounts import acting, appointed, web_engine
from tests.support.cases import DISPATCHER, TEAM_A, WORKER, Walk, at, due, new_case, place
from tests.support.factories import community_of, create_matter
from tests.support.sketch import spot

ON, OFF = at("2023-08-15 10:00"), at("2023-08-16 09:00")


def test_switching_and_back_leaves_every_clock_right(session: Session):
    township = place(session)
    area = community_of(session, township)
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00"))
    attach(session, plan_in_force(session, township.area_id).id, "event")
    held = Walk(session, new_case(session, township, "2023-08-15 09:00"))
    attach(session, plan_in_force(session, township.area_id).id, "event")
    held("file", DISPATCHER, "2023-08-15 09:00")
    held("suspend", DISPATCHER, "2023-08-15 09:30", reason="x")
    switch = switch_on(session, area.id, reason="暴雨", by="d", at=ON)
    # The file clock was late before; it stays late.
    assert due(session, walk.now) == {"file": "2023-08-15 09:30", "total": None}
    walk("file", DISPATCHER, "2023-08-15 10:30")
    # What begins meanwhile stands still as well.
    assert due(session, walk.now) == {"total": None, "dispatch": None}
    with pytest.raises(Conflict):
        switch_on(session, area.id, reason="again", by="d", at=ON)
    assert [s.id for s in running(session, township.area_id)] == [switch.id]
    switch_off(session, switch.id, by="d", at=OFF)
    # Three of four hours were left of the whole; the whole hour of dispatching.
    assert due(session, walk.now) == {"total": "2023-08-16 12:00", "dispatch": "2023-08-16 10:00"}
    # Suspended by a dispatcher, it is still suspended.
    assert due(session, held.now) == {"total": None, "dispatch": None}
    held("resume", DISPATCHER, "2023-08-16 14:00")
    assert due(session, held.now) == {"total": "2023-08-16 17:30", "dispatch": "2023-08-16 14:30"}
    with pytest.raises(Conflict):
        switch_off(session, switch.id, by="d", at=OFF)


@pytest.mark.thorough
def test_thousands_of_open_cases_switch_at_once_and_back_with_every_clock_right(engine: Engine):
    """As a dispatcher of the web; beside the same done to one clock after the other in Python."""
    with transaction(engine) as session:
        township = place(session)
        matter = create_matter(session, township, time_limit=4, limit_unit="working_hours")
        starts = ["2023-08-11 17:00", "2023-08-14 11:30", "2023-08-15 08:10", "2023-08-15 09:50"]
        models = [new_case(session, township, when, matter=matter) for when in starts]
        for case in models[:2]:
            take_step(session, case.id, "file", DISPATCHER, at=at("2023-08-15 09:20"))
        # One stands still by its own; the delivered due time of another is nobody's limit.
        take_step(
            session, models[0].id, "suspend", DISPATCHER, at=at("2023-08-15 09:30"),
            details=Details(reason="x"),
        )  # fmt: skip
        session.execute(
            text("UPDATE case_clock SET unit = NULL, amount = NULL WHERE case_id = :c"),
            {"c": models[3].id},
        )
        session.execute(text(_MANY), {"models": [m.id for m in models], "n": 1250})
        session.execute(text("ANALYZE"))
        attach(session, plan_in_force(session, township.area_id).id, "event")
        work = work_time(session, township.area_id)
        before = _clocks(session)
        account = appointed(session, "dispatcher", name="dispatcher.shi")
        area = community_of(session, township).id
    assert len({case for case, _ in before}) == 5004
    web = web_engine(engine)
    asked: list[str] = []
    event.listen(web, "before_cursor_execute", lambda *a: asked.append(a[2]))
    with acting(web, account) as session:
        switch = switch_on(session, area, reason="暴雨", by="dispatcher.shi", at=ON)
    with acting(web, account) as session:
        held = _clocks(session)
        switch_off(session, switch.id, by="dispatcher.shi", at=OFF)
    cause = f"emergency:{switch.id}"
    with transaction(engine) as session:
        after = _clocks(session)
    assert len(asked) < 50, "statements over all clocks, not one for each"
    for key, clock in before.items():
        stands = life.pause(clock, work, ON, cause)
        assert held[key] == stands
        assert after[key] == life.resume(stands, work, OFF, cause)
    assert sum(held[key] != clock for key, clock in before.items()) > 5000


def _clocks(session: Session) -> dict[tuple[int, str], Clock]:
    ids = session.scalars(text("SELECT id FROM event_case ORDER BY id")).all()
    rows = session.execute(
        text(f"{_CLOCK} WHERE case_id = ANY(:ids) AND stopped_at IS NULL"), {"ids": list(ids)}
    )
    owners = dict(session.execute(text("SELECT id, case_id FROM case_clock")).all())
    return {(owners[k.id], k.name): k.clock for k in map(_kept, rows)}


_MANY = """
WITH model AS (
    SELECT c.*, e.township_id AS t, e.matter_id, e.reported_at, e.geom
    FROM event_case c JOIN event e ON e.id = c.event_id WHERE c.id = ANY(:models)
), fresh AS (
    SELECT m.id AS model, nextval(pg_get_serial_sequence('event', 'id')) AS event_id,
           nextval(pg_get_serial_sequence('event_case', 'id')) AS case_id
    FROM model m, generate_series(1, :n)
), events AS (
    INSERT INTO event (id, township_id, code, matter_id, reported_at, geom)
    SELECT f.event_id, m.t, 'M' || f.event_id, m.matter_id, m.reported_at, m.geom
    FROM fresh f JOIN model m ON m.id = f.model
), cases AS (
    INSERT INTO event_case (id, event_id, township_id, ticket, flow_id)
    SELECT f.case_id, f.event_id, m.t, 'T' || f.case_id, m.flow_id
    FROM fresh f JOIN model m ON m.id = f.model
)
INSERT INTO case_clock (case_id, flow_id, name, deadline, amount, unit, started_at, since_at, units,
                        due_at, yellow_at, paused_by, stopped_at, colour)
SELECT f.case_id, k.flow_id, k.name, k.deadline, k.amount, k.unit, k.started_at, k.since_at, k.units,
       k.due_at, k.yellow_at, k.paused_by, k.stopped_at, k.colour
FROM fresh f JOIN case_clock k ON k.case_id = f.model
"""


def test_clocks_may_run_on_and_an_emergency_may_end_by_itself(session: Session):
    township = place(session)
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00"))
    switch_on(session, township.area_id, reason="演练", by="d", at=ON, holds_ordinary=False)
    assert due(session, walk.now)["total"] == "2023-08-15 14:30"
    assert end_expired(session, OFF) == []
    other = community_of(session, township)
    switch_on(session, other.id, reason="火情", by="d", at=ON, until=ON + timedelta(hours=2))
    (ended,) = end_expired(session, OFF)
    assert ended.ended_at == ON + timedelta(hours=2)


def test_a_report_in_the_area_goes_the_short_way_and_calls_upwards_at_once(session: Session):
    township = place(session)
    matter = create_matter(session, township)
    (town,) = [p for p in townships(session) if p.id == township.area_id]
    report = Report(matter.code, spot(0.5, 0.5), reported_at=at("2023-08-19 23:00"))
    assert take_in(session, town, report, WORKER).case.state == "collected"
    switch_on(session, community_of(session, township).id, reason="暴雨", by="d", at=ON)
    got = take_in(session, town, report, WORKER)
    assert got.case.state == "reported"
    # Day and night, Saturday or not.
    assert due(session, got.case) == {"respond": "2023-08-19 23:15", "total": "2023-08-20 23:00"}
    levels = session.scalars(text("SELECT level FROM notice WHERE case_id = :c ORDER BY id"),
                             {"c": got.case.id}).all()  # fmt: skip
    assert levels == ["community", "section", "township"]
    outside = take_in(session, town, Report(matter.code, spot(9, 9), reported_at=ON), WORKER)
    assert outside.case.state == "collected"


@pytest.mark.parametrize(
    ("change", "error"),
    [({"reason": " "}, Invalid), ({"until": ON}, Invalid), ({"area_id": -1}, NotFound)],
)
def test_a_switch_needs_an_area_a_reason_and_an_order_of_times(session, change, error):
    township = place(session)
    row = {"area_id": township.area_id, "reason": "x", "by": "d", "at": ON} | change
    with pytest.raises(error):
        switch_on(session, **row)


def test_the_duty_list_is_that_of_the_moment(session: Session):
    township = place(session)
    staff = t.Staff(township_id=township.area_id, code="S1", name="测试")
    session.add(staff)
    session.flush()
    for micro, first, last in (("1号楼", ON, OFF), ("2号楼", OFF, None)):
        session.add(t.Duty(township_id=township.area_id, grid_code="a", micro_grid=micro,
                           staff_id=staff.id, during=Range(first, last)))  # fmt: skip
    session.flush()
    (now,) = duty_list(session, township.area_id, ON)
    assert (now.grid_code, now.micro_grid, now.staff_code, now.until) == ("a", "1号楼", "S1", OFF)
    (then,) = duty_list(session, township.area_id, OFF)
    assert then.micro_grid == "2号楼"


@pytest.mark.parametrize("radius", [40.0, 150.0, 600.0, 5000.0])
def test_the_ring_equals_brute_force(town: Session, radius: float):
    place_ = township_of(town)
    to_metres = Transformer.from_crs(4326, place_.metric_srid, always_xy=True)
    rows = town.execute(
        text("SELECT id, ST_X(geom), ST_Y(geom) FROM house WHERE geom IS NOT NULL ORDER BY id")
    ).all()
    ids = np.array([r[0] for r in rows])
    xy = np.array(to_metres.transform([r[1] for r in rows], [r[2] for r in rows])).T
    rng = np.random.default_rng(3)
    for k in rng.integers(0, len(rows), 8):
        lon, lat = rows[k][1] + 1e-4, rows[k][2]
        x, y = to_metres.transform(lon, lat)
        distance = np.hypot(*(xy - [x, y]).T)
        found = ring(town, place_.id, lon, lat, radius)
        assert {a.house_id for a in found} == set(ids[distance <= radius].tolist())
        assert [a.distance_m for a in found] == pytest.approx(sorted(distance[distance <= radius]))
        assert sum(a.residents for a in found) == town.scalar(
            text("SELECT count(*) FROM resident r JOIN household f ON f.id = r.household_id "
                 "WHERE f.house_id = ANY(:ids)"),
            {"ids": [a.house_id for a in found]},
        )  # fmt: skip
    assert shapely.Point(0, 0).distance(shapely.Point(1, 0)) == 1
    with pytest.raises(Invalid):
        ring(town, place_.id, lon, lat, 0)


def test_an_old_problem_is_looked_at_again_until_it_is_solved(session: Session):
    township = place(session)
    row = {"code": "L1", "title": "产权纠纷", "supervisor": "section.1",
           "opened_on": date(2023, 1, 10), "review_on": date(2023, 3, 1)}  # fmt: skip
    problem = add_problem(session, township.area_id, **row)
    with pytest.raises(Conflict):
        add_problem(session, township.area_id, **row)
    with pytest.raises(Invalid):
        add_problem(session, township.area_id, **(row | {"supervisor": ""}))
    assert remind(session, township.area_id, at("2023-02-28 23:59")) == []
    assert [p.code for p in remind(session, township.area_id, at("2023-03-01 00:00"))] == ["L1"]
    assert remind(session, township.area_id, at("2023-03-02 00:00")) == []
    told = {"by": "section.1", "finding": "仍在协商"}
    with pytest.raises(Invalid):
        review(session, problem.id, on=date(2023, 3, 2), next_on=date(2023, 3, 2), **told)
    review(session, problem.id, on=date(2023, 3, 2), next_on=date(2023, 6, 1), **told)
    assert [p.code for p in remind(session, township.area_id, at("2023-06-01 08:00"))] == ["L1"]
    done = review(session, problem.id, on=date(2023, 6, 2), next_on=None, **told)
    assert (done.solved_on, done.review_on, done.reviews) == (date(2023, 6, 2), None, 2)
    assert problems(session, township.area_id) == []
    assert remind(session, township.area_id, at("2024-06-01 08:00")) == []
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("UPDATE problem_review SET finding = 'x'"))


def test_the_best_person_is_suggested_and_the_share_taken_is_measured(session: Session):
    township = place(session)
    matter = create_matter(session, township, skills=["派出所"])
    people = {}
    for code, grid, role, body in (("S1", "a", "worker", "社区"), ("S2", "a", "leader", "派出所"),
                                   ("S3", "b", "worker", "派出所"), ("S4", "a", "worker", "社区")):  # fmt: skip
        staff = t.Staff(township_id=township.area_id, code=code, name="测试", body=body)
        session.add(staff)
        session.flush()
        people[code] = staff.id
        first = date(2023, 8, 16) if code == "S4" else date(2023, 1, 1)
        session.add(t.TeamMember(township_id=township.area_id, staff_id=staff.id, grid_code=grid,
                                 role=role, during=Range(first, None)))  # fmt: skip
    session.flush()
    day = date(2023, 8, 15)
    cases = [Walk(session, new_case(session, township, matter=matter)) for _ in range(3)]
    attach(session, plan_in_force(session, township.area_id).id, "event")
    first, second, third = cases
    best, other = suggest(session, first.now.id, day)
    assert (best.code, other.code) == ("S2", "S1")
    assert best.parts == {"open_cases": 0, "skill": -45.0, "distance": 0, "role": 10.0,
                          "other_grid": 0}  # fmt: skip
    assert best.minutes == -35
    kept = keep_suggestion(session, first.now.id, best)
    assert keep_suggestion(session, first.now.id, best) == kept
    first("file", DISPATCHER, "2023-08-15 09:10")
    sent = accept(session, kept, DISPATCHER, seq=first.now.seq)
    assert (sent.state, sent.staff_id, sent.grid_code) == ("dispatched", people["S2"], "a")
    with pytest.raises(Conflict):
        accept(session, kept, DISPATCHER)
    with pytest.raises(NotFound):
        accept(session, 10**9, DISPATCHER)
    # With two cases on hand the skilled one is no longer the best.
    second("file", DISPATCHER, "2023-08-15 09:10")
    keep_suggestion(session, second.now.id, suggest(session, second.now.id, day)[0])
    second("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    share = acceptance(session, township.area_id, date(2020, 1, 1), date(2030, 1, 1))
    assert (share.made, share.decided, share.accepted, share.share) == (2, 2, 1, 0.5)
    assert suggest(session, third.now.id, day)[0].parts["open_cases"] > 0
