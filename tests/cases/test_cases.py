"""Cases run as their flow says, in the database as in Python."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.cases import (
    Details,
    Owner,
    case_by_ticket,
    case_log,
    case_now,
    higher,
    next_steps,
    open_case,
    take_step,
)
from gisgrid.cases.flow import flow_by_id, keep_flow, own_flow, parse_flow
from gisgrid.cases.refusals import CaseMoved, IllegalStep, Incomplete, NotOnTheList
from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.db.store import transaction
from tests.support.case_replay import replay, same
from tests.support.cases import (
    BOTH,
    DISPATCHER,
    LEADER,
    OTHER_DISPATCHER,
    RESIDENT,
    TEAM_A,
    TEAM_B,
    WORKER,
    Walk,
    at,
    handled,
    new_case,
    place,
)
from tests.support.factories import create_event, create_matter
from tests.support.sketch import spot

INSERT = (
    "INSERT INTO case_step (case_id, seq, step, at, actor, role, reason, note, grid_code) "
    "VALUES (:case, :seq, :step, :at, :actor, :role, :reason, :note, :grid)"
)


def straight(session: Session, case, step: str, **values) -> None:
    """A step written past Python, as any other program could."""
    row = {
        "case": case.id, "seq": case.seq + 1, "step": step, "at": case.changed_at, "actor": "x",
        "role": "dispatcher", "reason": None, "note": None, "grid": None,
    }  # fmt: skip
    with session.begin_nested():
        session.execute(text(INSERT), row | values)


def sqlstate(caught: pytest.ExceptionInfo[DBAPIError]) -> str:
    return caught.value.orig.sqlstate


def test_seven_steps_with_a_return_closed_by_another_and_rated(session: Session):
    walk = Walk(session, new_case(session, place(session)))
    assert (walk.now.state, walk.now.seq) == ("collected", 1)
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    walk("return", WORKER, "2023-08-15 09:40", reason="在b网格", to=TEAM_B)
    assert (walk.now.state, walk.now.grid_code) == ("filed", "b")
    walk("dispatch", DISPATCHER, "2023-08-15 09:50", to=TEAM_B)
    walk("accept", LEADER, "2023-08-15 10:00")
    walk("feed_back", LEADER, "2023-08-15 11:00", note="已清理")
    closed = walk("close", OTHER_DISPATCHER, "2023-08-15 11:30")
    assert (closed.state, closed.open, closed.closed_at) == (
        "closed",
        False,
        at("2023-08-15 11:30"),
    )
    rated = walk("evaluate", RESIDENT, "2023-08-15 12:00", rating=5)
    assert (rated.state, rated.rating, rated.closed_at) == ("evaluated", 5, closed.closed_at)
    assert [line.means for line in case_log(session, rated.id)] == [
        "report", "file", "assign", "return", "assign", "begin", "handle", "close", "rate",
    ]  # fmt: skip
    event = session.execute(
        text("SELECT closed_at FROM event WHERE id = :id"), {"id": rated.event_id}
    ).scalar_one()
    assert event == closed.closed_at


def test_not_solved_opens_the_case_again(session: Session):
    walk = handled(session, place(session))
    walk("close", DISPATCHER, "2023-08-15 11:30")
    again = walk("reopen", RESIDENT, "2023-08-16 09:00", reason="没有清理干净")
    assert (again.state, again.open, again.closed_at) == ("filed", True, None)
    assert session.scalar(text("SELECT closed_at FROM event")) is None


@pytest.mark.parametrize("step", ["close", "send_back"])
def test_who_handled_may_not_close_in_whatever_post(session: Session, step: str):
    walk = Walk(session, new_case(session, place(session)))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    now = walk("feed_back", BOTH, "2023-08-15 11:00", note="已清理")
    assert "close" not in {s.name for s in next_steps(session, now, BOTH)}
    assert "close" in {s.name for s in next_steps(session, now, DISPATCHER)}
    with pytest.raises(NotAllowed, match="Who handled"):
        walk(step, BOTH, "2023-08-15 11:30", reason="x", to=TEAM_A)
    with pytest.raises(DBAPIError) as caught:
        straight(session, now, step, actor=BOTH.actor, reason="x", grid="a")
    assert sqlstate(caught) == "GG004"
    assert walk("close", DISPATCHER, "2023-08-15 11:30").state == "closed"


def test_the_database_refuses_what_the_flow_does_not_allow(session: Session):
    now = new_case(session, place(session))
    for step, values, state in [
        ("dispatch", {"grid": "a"}, "GG002"),
        ("close", {}, "GG002"),
        ("nonsense", {}, "GG002"),
        ("file", {"role": "grid_worker"}, "GG003"),
        ("file", {"seq": 1}, "GG001"),
        ("file", {"seq": 3}, "GG001"),
        ("file", {"at": now.changed_at - timedelta(seconds=1)}, "GG001"),
        ("reject", {"reason": "  "}, "GG005"),
    ]:
        with pytest.raises(DBAPIError) as caught:
            straight(session, now, step, **values)
        assert sqlstate(caught) == state, step
    assert case_now(session, now.id) == now


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_case SET state = 'closed'",
        "UPDATE event_case SET seq = 7",
        "DELETE FROM event_case",
        "UPDATE case_step SET actor = 'y'",
        "DELETE FROM case_step",
        "TRUNCATE case_step CASCADE",
        "UPDATE flow_step SET not_handler = false",
        "DELETE FROM flow",
        "INSERT INTO event_case (event_id, township_id, ticket, flow_id, state, seq) "
        "SELECT event_id, township_id, 'x', flow_id, 'closed', 9 FROM event_case",
    ],
)
def test_a_case_and_its_log_change_by_steps_only(session: Session, statement: str):
    new_case(session, place(session))
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(text(statement))
    assert sqlstate(caught) == "GG007"


def test_python_names_what_is_wrong_and_what_would_be_right(session: Session):
    now = new_case(session, place(session))
    with pytest.raises(IllegalStep) as illegal:
        take_step(session, now.id, "close", DISPATCHER)
    assert illegal.value.facts["steps"][:2] == ["file", "reject"]
    with pytest.raises(NotAllowed, match="is for dispatcher"):
        take_step(session, now.id, "file", WORKER)
    with pytest.raises(Incomplete) as incomplete:
        take_step(session, now.id, "reject", DISPATCHER)
    assert incomplete.value.facts["needs"] == ["reason"]
    with pytest.raises(NotFound):
        take_step(session, 10**9, "file", DISPATCHER)
    assert case_now(session, now.id) == now


def test_a_return_needs_a_reason_and_leaves_it_to_nobody_or_to_whom_it_names(session: Session):
    walk = Walk(session, new_case(session, place(session)))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    with pytest.raises(Incomplete):
        walk("return", WORKER, "2023-08-15 09:40", to=TEAM_B)
    back = walk("return", WORKER, "2023-08-15 09:40", reason="不归我")
    assert back.state == "filed" and back.owner.nobody
    walk("dispatch", DISPATCHER, "2023-08-15 09:50", to=TEAM_A)
    named = walk("return", WORKER, "2023-08-15 10:00", reason="不归我", to=TEAM_B)
    assert (named.state, named.owner) == ("filed", TEAM_B)


def test_escalation_goes_up_the_five_levels_and_never_down(session: Session):
    walk = Walk(session, new_case(session, place(session)))
    seen = []
    level = "grid"
    while level:
        now = walk(
            "escalate", LEADER, "2023-08-15 09:30", reason="需上级协调", to=Owner(level=level)
        )
        seen.append(now.level)
        level = higher(now.level)
    assert seen == ["grid", "community", "section", "township"]
    with pytest.raises(Incomplete):
        walk("escalate", LEADER, "2023-08-15 09:40", reason="x", to=Owner(level="community"))
    assert walk.now.grid_code is None


def test_a_suspended_case_goes_on_where_it_was(session: Session):
    walk = Walk(session, new_case(session, place(session)))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    walk("accept", WORKER, "2023-08-15 09:30")
    walk("suspend", DISPATCHER, "2023-08-15 10:00", reason="等待配件")
    with pytest.raises(IllegalStep):
        walk("feed_back", WORKER, "2023-08-15 10:10", note="x")
    assert walk("resume", DISPATCHER, "2023-08-16 09:00").state == "handling"


def test_a_duplicate_is_merged_into_an_open_case_of_the_township(session: Session):
    township = place(session)
    first, second = new_case(session, township), new_case(session, township)
    with pytest.raises(Incomplete):
        take_step(session, second.id, "merge", DISPATCHER, details=Details(into_id=second.id))
    done = take_step(session, second.id, "merge", DISPATCHER, details=Details(into_id=first.id))
    assert (done.state, done.merged_into_id, done.open) == ("merged", first.id, False)
    third = new_case(session, township)
    with pytest.raises(Incomplete):
        take_step(session, third.id, "merge", DISPATCHER, details=Details(into_id=second.id))


def test_a_photo_is_required_where_the_matter_asks_for_one(session: Session):
    township = place(session)
    matter = create_matter(session, township, asks_photo=True)
    walk = Walk(session, new_case(session, township, matter=matter))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    with pytest.raises(Incomplete):
        walk("feed_back", WORKER, "2023-08-15 11:00", note="已清理")
    session.execute(
        text(
            "INSERT INTO photo (event_id, shows, sha256, width, height, jpeg, thumbnail, added_by) "
            "VALUES (:e, 'after', 'x', 1, 1, '', '', 'worker')"
        ),
        {"e": walk.now.event_id},
    )
    assert walk("feed_back", WORKER, "2023-08-15 11:00", note="已清理").state == "fed_back"


def test_only_what_is_on_the_list_of_the_day_goes_to_a_grid(session: Session):
    township = place(session)
    walk = Walk(session, new_case(session, township))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    session.execute(text("UPDATE matter_list SET validity = daterange('2020-01-01', '2023-08-16')"))
    with pytest.raises(NotOnTheList):
        walk("dispatch", DISPATCHER, "2023-08-16 09:20", to=TEAM_A)
    office = Owner(office="综合执法队", level="township")
    assert walk("dispatch", DISPATCHER, "2023-08-16 09:20", to=office).office == "综合执法队"


def test_two_dispatchers_on_one_case_the_second_is_told(engine: Engine):
    with transaction(engine) as session:
        now = new_case(session, place(session))
    told: list[object] = []
    gate = threading.Barrier(2)

    def act(by, reason: str) -> None:
        gate.wait()
        try:
            with transaction(engine) as s:
                step = "file" if reason == "" else "reject"
                take_step(s, now.id, step, by, seq=now.seq, details=Details(reason=reason or None))
            told.append(step)
        except CaseMoved as exc:
            told.append(exc)

    threads = [
        threading.Thread(target=act, args=args)
        for args in ((DISPATCHER, ""), (OTHER_DISPATCHER, "不属实"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(t, CaseMoved) for t in told) == 1
    with transaction(engine, read_only=True) as session:
        assert case_now(session, now.id).seq == 2
        assert len(case_log(session, now.id)) == 2


def test_a_step_sent_twice_by_a_phone_is_taken_once(session: Session):
    township = place(session)
    now = new_case(session, township)
    key = Details(client_id="phone-1")
    first = take_step(session, now.id, "file", DISPATCHER, details=key)
    assert take_step(session, now.id, "file", DISPATCHER, details=key) == first
    other = new_case(session, township)
    with pytest.raises(Conflict, match="another case"):
        take_step(session, other.id, "file", DISPATCHER, details=key)


def test_an_event_has_one_case_and_a_ticket_finds_it(session: Session):
    now = new_case(session, place(session))
    assert open_case(session, now.event_id, RESIDENT) == now
    assert case_by_ticket(session, f" {now.ticket[:5].lower()}-{now.ticket[5:]} ") == now
    with pytest.raises(NotFound):
        case_by_ticket(session, "AAAAAAAAAA")
    with pytest.raises(NotFound):
        open_case(session, 10**9, RESIDENT)


def test_a_changed_flow_is_data_and_running_cases_keep_theirs(session: Session):
    township = place(session)
    before = Walk(session, new_case(session, township))
    shorter = own_flow("normal").source.replace('version = "2"', 'version = "3"')
    # One step less: filing sends the case out at once.
    shorter = shorter.replace('to = "filed"\nwho = ["dispatcher", "coordinator", "community_clerk"',
                              'to = "dispatched"\nneeds = ["owner"]\nwho = ["dispatcher", "community_clerk"')  # fmt: skip
    keep_flow(session, township.area_id, parse_flow(shorter))
    after = Walk(session, new_case(session, township))
    assert after("file", DISPATCHER, "2023-08-15 09:10", to=TEAM_A).state == "dispatched"
    assert before("file", DISPATCHER, "2023-08-15 09:10").state == "filed"
    changed = shorter.replace("七步流程", "别的流程")
    with pytest.raises(Conflict, match="new version"):
        keep_flow(session, township.area_id, parse_flow(changed))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('to = "rejected"', 'to = "nowhere"', "unknown states: nowhere"),
        ('who = ["dispatcher", "coordinator"]', 'who = ["king"]', "unknown roles: king"),
        ('needs = ["reason"]', 'needs = ["luck"]', "unknown requirements: luck"),
        ('means = "file"', 'means = "magic"', "unknown meanings: magic"),
        ('not_handler = true\n\n[[steps]]\nname = "merge"', '\n[[steps]]\nname = "merge"', "closes"),
        ('deadline = "total"', 'deadline = "soon"', "is no clock"),
        ('limit = "30 working_minutes"', 'limit = "soon"', "is no limit"),
        ('run = ["file", "answer"', 'run = ["fill", "answer"', "names no clock fill"),
        ('kind = "normal"', 'kind = "odd"', "is none of"),
        ("[states]", "[states", "cannot be read"),
        ('phase = "report"', 'phase = "limbo"', "is none of report"),
    ],
)  # fmt: skip
def test_a_flow_with_a_fault_is_refused(old: str, new: str, told: str):
    source = own_flow("normal").source
    assert old in source
    with pytest.raises(Invalid, match=told):
        parse_flow(source.replace(old, new))


@pytest.mark.thorough
def test_logs_of_hundreds_of_random_steps_replay_to_their_cases(session: Session):
    township = place(session)
    rng = random.Random(5)
    people = [DISPATCHER, OTHER_DISPATCHER, WORKER, LEADER, RESIDENT, BOTH]
    matter = create_matter(session, township, time_limit=4, limit_unit="working_hours")
    cases = [
        new_case(session, township, matter=matter, kind=rng.choice(["normal", "emergency"]))
        for _ in range(40)
    ]
    flows = {
        kind: keep_flow(session, township.area_id, own_flow(kind))
        for kind in ("normal", "emergency")
    }
    first = {c.id: c.flow_id for c in cases}
    matters = [
        create_matter(session, township, time_limit=n, limit_unit="working_hours").id
        for n in (2, 9)
    ]
    taken = 0
    for _ in range(700):
        now = case_now(session, rng.choice(cases).id)
        by = rng.choice(people)
        steps = next_steps(session, now, by)
        if not steps:
            continue
        step = rng.choice(steps)
        other = next(f for f in flows.values() if f != now.flow_id)
        details = Details(
            reason="x", note="x", rating=rng.randint(1, 5) if step.means == "rate" else None,
            to=rng.choice([TEAM_A, TEAM_B, Owner(office="所", level="township")])
            if "owner" in step.needs else Owner(level=higher(now.level)) if "level" in step.needs
            else Owner(), into_id=rng.choice(cases).id if step.means == "merge" else None,
            flow_id=other if step.means == "change_flow" else None,
            data={"matter_id": rng.choice(matters)} if step.means == "recategorise" else {},
        )  # fmt: skip
        when = now.changed_at + timedelta(minutes=rng.randint(0, 300))
        try:
            take_step(session, now.id, step.name, by, seq=now.seq, at=when, details=details)
            taken += 1
        except Incomplete:
            # At the top level, merged into a closed case, or of the matter already.
            assert step.means in ("escalate", "merge", "recategorise")
    assert taken > 400
    kept = {f: flow_by_id(session, f) for f in flows.values()}
    for case in cases:
        now = case_now(session, case.id)
        log = case_log(session, case.id)
        said = replay(log, kept, first[case.id])
        assert same(now, said), (now, said)
        assert json.dumps([line.to_state for line in log]).count("closed") >= (
            now.state == "closed"
        )
        running = session.scalar(
            text("SELECT count(*) FROM case_clock WHERE case_id = :id AND stopped_at IS NULL"),
            {"id": case.id},
        )
        assert (running > 0) == now.open
    broken = replace(log[-1], step="nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        replay([*log[:-1], broken], kept, first[case.id])


def test_an_event_that_does_not_exist_or_a_role_that_may_not_opens_no_case(session: Session):
    township = place(session)
    event = create_event(session, township, spot(0.5, 0.5))
    with pytest.raises(NotAllowed):
        open_case(session, event.id, replace(DISPATCHER, roles=("auditor",)))
    assert at("2023-08-15 08:00").hour == 0
