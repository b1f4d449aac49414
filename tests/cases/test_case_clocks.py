"""The clocks of cases, from step to step, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.cases import CaseNow, Details, case_log, case_now, take_step
from gisgrid.cases.clocks import clocks_of, keep_calendar, recount
from gisgrid.cases.flow import keep_flow, own_flow, parse_flow
from gisgrid.cases.judging import judge, standing
from gisgrid.cases.refusals import Incomplete
from gisgrid.core.errors import NotAllowed
from gisgrid.core.plans import plan_in_force
from gisgrid.db.store import transaction
from gisgrid.planning.attach.attach import attach
from tests.support.cases import DISPATCHER, RESIDENT, TEAM_A, WORKER, Walk, at, due, new_case, place
from tests.support.factories import create_matter, create_plan, create_township
from tests.support.town_files import DATA


def ended(session: Session, case: CaseNow) -> list[tuple[str, str]]:
    rows = session.execute(
        text(
            "SELECT name, colour FROM case_clock WHERE case_id = :id AND stopped_at IS NOT NULL "
            "ORDER BY id"
        ),
        {"id": case.id},
    )
    return [tuple(row) for row in rows]


def test_each_state_runs_its_clocks(session: Session):
    township = place(session)
    matter = create_matter(
        session, township, time_limit=1, limit_unit="working_days",
        limits={"handle": "4 working_hours", "answer": "2 working_days"},
    )  # fmt: skip
    # 15 August 2023 is a Tuesday.
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=matter))
    assert due(session, walk.now) == {
        "file": "2023-08-15 09:30", "answer": "2023-08-17 09:00", "total": "2023-08-16 09:00",
    }  # fmt: skip
    walk("file", DISPATCHER, "2023-08-15 09:40")
    assert due(session, walk.now)["dispatch"] == "2023-08-15 10:40"
    walk("dispatch", DISPATCHER, "2023-08-15 10:00", to=TEAM_A)
    walk("accept", WORKER, "2023-08-15 10:30")
    assert due(session, walk.now) == {
        "answer": "2023-08-17 09:00", "total": "2023-08-16 09:00", "handle": "2023-08-15 15:30",
    }  # fmt: skip
    walk("feed_back", WORKER, "2023-08-15 16:00", note="已清理")
    assert due(session, walk.now) == {"total": "2023-08-16 09:00", "check": "2023-08-16 16:00"}
    # Back to work: handling begins anew, answering does not.
    walk("send_back", DISPATCHER, "2023-08-15 17:00", reason="未清理干净", to=TEAM_A)
    assert due(session, walk.now) == {"total": "2023-08-16 09:00", "handle": "2023-08-16 11:30"}  # fmt: skip
    walk("feed_back", WORKER, "2023-08-16 08:30", note="已清理")
    walk("close", DISPATCHER, "2023-08-16 09:00")
    assert due(session, walk.now) == {}
    assert ended(session, walk.now) == [
        ("file", "missed"), ("answer", "met"), ("total", "met"), ("dispatch", "met"),
        ("handle", "missed"), ("check", "met"), ("handle", "met"), ("check", "met"),
    ]  # fmt: skip


def matters(session: Session, township: Any, **other: Any) -> tuple[Any, Any]:
    """What was reported (four working hours), and what it is."""
    first = create_matter(session, township, time_limit=4, limit_unit="working_hours")
    values = {"name": "路灯损坏", "time_limit": 2, "limit_unit": "working_days", **other}
    other_one = create_matter(session, township, **values)
    session.flush()
    return first, other_one


def corrected(walk: Walk, matter: Any, when: str, **more: Any) -> None:
    session = walk.session
    old = session.execute(
        text("SELECT m.id, m.code, m.name FROM event e JOIN matter m ON m.id = e.matter_id WHERE e.id = :e"),
        {"e": walk.now.event_id},
    ).one()  # fmt: skip
    data = {
        "matter_id": matter.id, "from": {"code": old.code, "name": old.name, "name_en": None},
        "to": {"code": matter.code, "name": matter.name, "name_en": None},
    }  # fmt: skip
    walk("correct", DISPATCHER, when, reason="实为路灯", data=data, **more)


def test_another_matter_has_the_limits_it_would_have_had_from_the_start(session: Session):
    township = place(session)
    first, lamp = matters(
        session, township, limits={"handle": "1 working_days", "answer": "3 working_hours"}
    )
    # Tuesday 9:00; office hours are 8:00 to 12:00 and 13:30 to 17:30.
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=first))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:30", to=TEAM_A)
    assert due(session, walk.now) == {"total": "2023-08-15 14:30"}
    corrected(walk, lamp, "2023-08-15 11:00")
    # Two working days from the report; handling since it was sent at 9:30; answering, three hours, since the report.
    assert due(session, walk.now) == {
        "total": "2023-08-17 09:00", "handle": "2023-08-16 09:30", "answer": "2023-08-15 12:00",
    }  # fmt: skip
    log = case_log(session, walk.now.id)[-1]
    assert (log.means, log.from_state, log.to_state) == ("recategorise", "dispatched", "dispatched")
    assert log.data["from"]["code"] == first.code and log.data["to"]["code"] == lamp.code
    # Counted as one that had begun so: a calendar that changes moves it.
    assert recount(session, township.area_id) == 0
    walk("accept", WORKER, "2023-08-15 11:30")
    assert due(session, walk.now)["total"] == "2023-08-17 09:00"


def test_another_matter_ends_no_limit_earlier_than_was_promised(session: Session):
    township = place(session)
    first, lamp = matters(session, township, time_limit=1, limit_unit="working_hours")
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=first))
    corrected(walk, lamp, "2023-08-15 09:20")
    # An hour of the new matter would be over at 10:00: 14:30 was said, and stays.
    assert due(session, walk.now)["total"] == "2023-08-15 14:30"


def test_what_a_suspension_put_off_stays_put_off_under_another_matter(session: Session):
    township = place(session)
    first, lamp = matters(session, township)
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=first))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("suspend", DISPATCHER, "2023-08-15 10:00", reason="等待配件")
    walk("resume", DISPATCHER, "2023-08-15 11:00")
    assert due(session, walk.now)["total"] == "2023-08-15 15:30"
    corrected(walk, lamp, "2023-08-15 11:10")
    # It stood still for one of the 8 hours of a working day: two days and 1/8 of one after Tuesday 9:00.
    assert due(session, walk.now)["total"] == "2023-08-17 10:00"
    # Standing still, it keeps what is left of the longer limit, and goes on with it.
    other = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=first))
    other("file", DISPATCHER, "2023-08-15 09:10")
    other("suspend", DISPATCHER, "2023-08-15 10:00", reason="等待配件")
    corrected(other, lamp, "2023-08-15 10:30")
    assert due(session, other.now)["total"] is None
    other("resume", DISPATCHER, "2023-08-15 11:00")
    assert due(session, other.now)["total"] == "2023-08-17 10:00"


def test_another_matter_in_an_emergency_counts_the_ordinary_clocks_beneath_it(session: Session):
    township = place(session)
    first, lamp = matters(session, township, limits={"handle": "1 working_days"})
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=first))
    attach(session, plan_in_force(session, township.area_id).id, "event")
    walk("file", DISPATCHER, "2023-08-15 09:00")
    walk("dispatch", DISPATCHER, "2023-08-15 09:40", to=TEAM_A)
    emergency = keep_flow(session, township.area_id, own_flow("emergency"))
    normal = walk.now.flow_id
    walk("change_flow", DISPATCHER, "2023-08-15 10:00", reason="暴雨", flow_id=emergency)
    of_emergency = due(session, walk.now)
    corrected(walk, lamp, "2023-08-15 10:30")
    # Those of the emergency are its own; handling, which the first matter did not limit, stands still, too.
    assert due(session, walk.now) == {**of_emergency, "handle": None}
    walk("change_flow", DISPATCHER, "2023-08-16 09:00", reason="转常态", flow_id=normal)
    # Two working days of 8 hours after Tuesday 9:00 and the 7 that it stood still (of Tuesday 10:00 to Wednesday 9:00);
    # handling had 7 hours and 40 minutes left, 7 hours of them on Wednesday.
    assert due(session, walk.now) == {"total": "2023-08-17 17:30", "handle": "2023-08-17 08:40"}
    # Corrected after the emergency, it is the same.
    other = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=first))
    other("file", DISPATCHER, "2023-08-15 09:00")
    other("dispatch", DISPATCHER, "2023-08-15 09:40", to=TEAM_A)
    other("change_flow", DISPATCHER, "2023-08-15 10:00", reason="暴雨", flow_id=emergency)
    other("change_flow", DISPATCHER, "2023-08-16 09:00", reason="转常态", flow_id=normal)
    corrected(other, lamp, "2023-08-16 09:10")
    assert due(session, other.now) == due(session, walk.now)


def test_a_separated_case_is_due_as_it_was_before_it_was_merged(session: Session):
    township = place(session)
    matter = create_matter(
        session, township, time_limit=4, limit_unit="working_hours", limits={"answer": "3 working_hours"}
    )  # fmt: skip
    into = new_case(session, township, "2023-08-15 08:30", matter=matter)
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=matter))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:30", to=TEAM_A)
    walk("merge", DISPATCHER, "2023-08-15 10:00", into_id=into.id)
    assert due(session, walk.now) == {}
    apart = walk("separate", DISPATCHER, "2023-08-15 11:00", reason="另一处")
    assert (apart.state, apart.merged_into_id) == ("filed", None) and apart.owner.nobody
    assert due(session, apart) == {
        "answer": "2023-08-15 12:00", "total": "2023-08-15 14:30", "dispatch": "2023-08-15 12:00",
    }  # fmt: skip
    # What the emergency held still when it was merged has as much left as then.
    attach(session, plan_in_force(session, township.area_id).id, "event")
    emergency = keep_flow(session, township.area_id, own_flow("emergency"))
    normal = into.flow_id
    held = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=matter))
    held("file", DISPATCHER, "2023-08-15 09:10")
    held("change_flow", DISPATCHER, "2023-08-15 10:00", reason="暴雨", flow_id=emergency)
    held("merge", DISPATCHER, "2023-08-15 10:30", into_id=into.id)
    held("separate", DISPATCHER, "2023-08-15 11:30", reason="另一处")
    held("change_flow", DISPATCHER, "2023-08-16 09:00", reason="转常态", flow_id=normal)
    assert due(session, held.now)["total"] == "2023-08-16 12:00"
    assert due(session, held.now)["answer"] == "2023-08-16 11:00"


def test_no_matter_no_other_matter_and_none_of_another_kind_is_a_correction(session: Session):
    township = place(session)
    first, lamp = matters(session, township)
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00", matter=first))
    major = session.get_one(type(first), first.parent_id)
    for wrong in (first, major):
        with pytest.raises(Incomplete, match="another matter of the list"):
            corrected(walk, wrong, "2023-08-15 09:20")
    with pytest.raises(NotAllowed):
        walk("correct", WORKER, "2023-08-15 09:20", reason="x", data={"matter_id": lamp.id})


def test_a_suspension_over_a_holiday_stops_what_it_should(session: Session):
    township = place(session)
    matter = create_matter(
        session, township, time_limit=4, limit_unit="working_hours",
        limits={"answer": "1 working_days"},
    )  # fmt: skip
    walk = Walk(session, new_case(session, township, "2023-09-28 14:00", matter=matter))
    walk("file", DISPATCHER, "2023-09-28 14:30")
    walk("suspend", DISPATCHER, "2023-09-28 16:00", reason="等待配件")
    # The resident is still to be answered; the hour for dispatching ran out at 15:30 and stays so.
    assert due(session, walk.now) == {
        "answer": "2023-10-07 14:00", "total": None, "dispatch": "2023-09-28 15:30",
    }  # fmt: skip
    walk("resume", DISPATCHER, "2023-10-08 09:00")
    # Two of four hours are left of the whole.
    assert due(session, walk.now)["total"] == "2023-10-08 11:00"


def test_a_clock_that_was_late_stays_late_over_a_suspension(session: Session):
    walk = Walk(session, new_case(session, place(session)))
    walk("file", DISPATCHER, "2023-08-15 09:00")
    walk("suspend", DISPATCHER, "2023-08-15 10:30", reason="x")
    assert due(session, walk.now) == {"total": None, "dispatch": "2023-08-15 10:00"}
    walk("resume", DISPATCHER, "2023-08-16 10:30")
    assert due(session, walk.now)["dispatch"] == "2023-08-15 10:00"
    # Two and a half hours were left of the whole: to 12:00, and 60 minutes from 13:30.
    assert due(session, walk.now)["total"] == "2023-08-16 14:30"


def test_emergency_and_back_leaves_every_clock_right(session: Session):
    township = place(session)
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00"))
    attach(session, plan_in_force(session, township.area_id).id, "event")
    walk("file", DISPATCHER, "2023-08-15 09:00")
    walk("dispatch", DISPATCHER, "2023-08-15 09:30", to=TEAM_A)
    assert due(session, walk.now) == {"total": "2023-08-15 14:30"}
    emergency = keep_flow(session, township.area_id, own_flow("emergency"))
    normal = walk.now.flow_id
    walk("change_flow", DISPATCHER, "2023-08-15 10:00", reason="暴雨", flow_id=emergency)
    assert walk.now.state == "disposing"
    called = text("SELECT level FROM notice WHERE kind = 'call' ORDER BY id")
    assert session.scalars(called).all() == ["community", "section", "township"]
    assert due(session, walk.now) == {
        "total": "2023-08-16 10:00", "dispose": "2023-08-15 12:00",
    }  # fmt: skip
    walk("change_flow", DISPATCHER, "2023-08-16 09:00", reason="转常态", flow_id=normal)
    assert (walk.now.state, walk.now.grid_code) == ("handling", "a")
    # One of four hours had passed before the emergency. What the emergency asked for ends with it.
    assert due(session, walk.now) == {"total": "2023-08-16 12:00"}
    assert ended(session, walk.now)[-2:] == [("dispose", "missed"), ("total", "met")]
    walk("feed_back", WORKER, "2023-08-16 11:00", note="x")
    walk("close", DISPATCHER, "2023-08-16 11:30")
    assert due(session, walk.now) == {}


def test_killed_after_a_step_no_case_is_half_a_step(engine: Engine):
    with transaction(engine) as session:
        case = new_case(session, place(session), "2023-08-15 09:00").id

    def stands() -> tuple[Any, ...]:
        with transaction(engine) as session:
            now = case_now(session, case)
            return now, case_log(session, case), clocks_of(session, case)

    before = stands()
    with pytest.raises(DBAPIError), transaction(engine) as session:
        take_step(session, case, "file", DISPATCHER, at=at("2023-08-15 09:10"))
        me = session.scalar(text("SELECT pg_backend_pid()"))
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": me})
    assert stands() == before
    with transaction(engine) as session:
        again = take_step(session, case, "file", DISPATCHER, at=at("2023-08-15 09:10"))
    assert (again.state, again.seq) == ("filed", 2)


def test_a_new_version_of_a_flow_leaves_running_clocks_alone(session: Session):
    township = place(session)
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00"))
    source = own_flow("normal").source.replace('version = "2"', 'version = "3"')
    quick = source.replace('limit = "30 working_minutes"', 'limit = "10 working_minutes"')
    keep_flow(session, township.area_id, parse_flow(quick))
    assert due(session, walk.now)["file"] == "2023-08-15 09:30"
    assert (
        due(session, new_case(session, township, "2023-08-15 09:00"))["file"] == "2023-08-15 09:10"
    )


def test_a_reopened_case_has_its_time_again(session: Session):
    walk = Walk(session, new_case(session, place(session), "2023-08-15 09:00"))
    walk("withdraw", RESIDENT, "2023-08-15 09:20", reason="已自行解决")
    assert due(session, walk.now) == {}
    other = Walk(session, new_case(session, place(session), "2023-08-15 09:00"))
    other("reject", DISPATCHER, "2023-08-15 09:20", reason="不属实")
    other("reopen", RESIDENT, "2023-08-16 08:00", reason="属实")
    assert due(session, other.now) == {"dispatch": "2023-08-16 09:00", "total": "2023-08-16 12:00"}


def test_a_clock_without_a_calendar_waits_for_one_and_nothing_is_lost(session: Session):
    township = create_township(session)
    create_plan(session, township, "a b")
    walk = Walk(session, new_case(session, township, "2023-08-15 09:00"))
    assert due(session, walk.now) == {"file": None, "total": None}
    colours = set(session.scalars(text("SELECT colour FROM case_clock")))
    assert colours == {"unknown"}
    years = read_calendar(DATA / "calendar/calendar.csv")
    assert keep_calendar(session, township.area_id, years) == [2022, 2023, 2024, 2025, 2026]
    assert due(session, walk.now) == {"file": "2023-08-15 09:30", "total": "2023-08-15 14:30"}
    assert keep_calendar(session, township.area_id, years) == []
    assert recount(session, township.area_id) == 0


def test_a_changed_calendar_moves_what_runs_and_not_what_is_done(session: Session, tmp_path):
    township = place(session)
    running = new_case(session, township, "2023-08-15 16:00")
    done = Walk(session, new_case(session, township, "2023-08-15 16:00"))
    done("withdraw", RESIDENT, "2023-08-15 16:10", reason="x")
    kept = [k.clock for k in clocks_of(session, done.now.id)]
    text_ = (DATA / "calendar/calendar.csv").read_text("utf-8")
    path = tmp_path / "calendar.csv"
    path.write_text(text_ + "2023-08-16,2023-08-16,holiday,,,台风停工\n", encoding="utf-8")
    assert keep_calendar(session, township.area_id, read_calendar(path)) == [2023]
    assert due(session, running)["total"] == "2023-08-17 10:30"
    assert [k.clock for k in clocks_of(session, done.now.id)] == kept


def test_a_delivered_due_time_is_kept(session: Session):
    township = place(session)
    walk = Walk(
        session, new_case(session, township, "2023-08-15 09:00", due_at=at("2023-08-20 23:59"))
    )
    assert due(session, walk.now)["total"] == "2023-08-20 23:59"
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("suspend", DISPATCHER, "2023-08-16 00:00", reason="x")
    walk("resume", DISPATCHER, "2023-08-18 00:00")
    assert due(session, walk.now)["total"] == "2023-08-22 23:59"


def test_judging_tells_what_has_turned_once(session: Session):
    township = place(session)
    now = new_case(session, township, "2023-08-15 09:00")
    t = township.area_id

    def turned(when: str) -> list[tuple[str, str]]:
        judged = judge(session, t, at(when))
        colours = ["red"] * judged.red + ["yellow"] * judged.yellow
        assert sorted(w.colour for w in judged.worst) == colours
        return [(w.name, w.colour) for w in judged.worst]

    assert turned("2023-08-15 09:10") == []
    assert turned("2023-08-15 09:25") == [("file", "yellow")]
    assert turned("2023-08-15 09:30") == []
    assert turned("2023-08-15 14:00") == [("file", "red"), ("total", "yellow")]
    take_step(session, now.id, "file", DISPATCHER, details=Details(), at=at("2023-08-15 14:10"))
    # Two turn and the first is named.
    judged = judge(session, t, at("2023-08-15 15:30"), most=1)
    assert (judged.red, judged.yellow, len(judged.worst)) == (2, 0, 1)
    colours = text("SELECT name FROM case_clock WHERE colour = 'red' ORDER BY name")
    assert session.scalars(colours).all() == ["dispatch", "total"]


def test_how_all_stand_at_a_moment_is_the_worst_of_each(session: Session):
    township = place(session)
    t = township.area_id
    late = new_case(session, township, "2023-08-15 09:00")
    fresh = new_case(session, township, "2023-08-15 14:00")
    held = Walk(session, new_case(session, township, "2023-08-15 14:00"))
    held("file", DISPATCHER, "2023-08-15 14:00")
    held("suspend", DISPATCHER, "2023-08-15 14:01", reason="x")
    done = Walk(session, new_case(session, township, "2023-08-15 09:00"))
    done("withdraw", RESIDENT, "2023-08-15 09:20", reason="x")
    now = at("2023-08-15 14:10")
    assert standing(session, t, now) == {late.id: "red", fresh.id: "green", held.now.id: "paused"}
    assert standing(session, t, at("2023-08-15 14:25"))[fresh.id] == "yellow"
