"""What happens is written into the outbox with what caused it, for whoever's duty it is and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import CaseActor, Details, Owner, take_step
from gisgrid.cases.emergencies import switch_on
from gisgrid.cases.judging import judge
from gisgrid.cases.many import Seen, take_many
from gisgrid.core.plans import plan_by_id, township_by_id
from gisgrid.db import tables as t
from gisgrid.db.store import transaction
from gisgrid.db.tables.outbox import KINDS
from gisgrid.outbox.words import KIND_WORDS, ToldMessage
from gisgrid.people.learning.documents import issue
from gisgrid.people.privacy import corrections
from gisgrid.planning.editor.scenarios import branch
from gisgrid.planning.review.review import take_step as plan_step
from tests.support.accounts import acting, appointed
from tests.support.case_town import Peopled
from tests.support.factories import create_house, create_member
from tests.support.outbox import CANARY, CANARY_PHONE, TownOfNews, everybody
from tests.support.sketch import spot

DISPATCHER = CaseActor("dispatcher.shi", ("dispatcher",))
TEAM_A = Owner(grid_code="a", level="grid")


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


@pytest.fixture
def town(engine: Engine, made: Peopled) -> TownOfNews:
    return TownOfNews(engine, made)


def dispatched(town: TownOfNews) -> int:
    case = town.seen_now()
    town.step("dispatcher", case, "file", "dispatcher", "dispatcher.shi")
    town.step("dispatcher", case, "dispatch", "dispatcher", "dispatcher.shi", to=TEAM_A)
    return case


def test_every_kind_has_its_word():
    assert set(KIND_WORDS) == set(KINDS)


def test_a_task_is_told_to_the_team_of_its_grid_with_its_code_and_nothing_else(town: TownOfNews):
    case = dispatched(town)
    assert town.told() == {"task": {"worker", "leader"}}
    code = town.value("SELECT e.code FROM event e JOIN event_case c ON c.event_id = e.id")
    with transaction(town.engine) as session:
        row = session.query(t.OutboxMessage).one()
        assert (row.subject, row.subject_id, row.code, row.grid_code) == ("case", case, code, "a")
    everything = town.value("SELECT string_agg(m::text, ' ') FROM outbox_message m")
    assert CANARY not in everything and CANARY_PHONE not in everything


def test_many_sent_at_once_are_one_message_for_each_who_hears_of_them(town: TownOfNews):
    cases = [town.seen_now() for _ in range(3)] + [town.seen_now(spot(1.5, 0.5))]
    with acting(town.web, town.people["dispatcher"]) as session:
        filed = take_many(session, [Seen(case, None) for case in cases], "file", "dispatcher.shi")
        assert all(answer.now for answer in filed)
        sent = take_many(
            session, [Seen(case, None) for case in [*cases, 99_999]], "dispatch", "dispatcher.shi", to="own"
        )  # fmt: skip
    assert [answer.case_id for answer in sent if answer.refused] == [99_999]
    assert town.told() == {"task": {"worker", "leader", "other"}}
    with transaction(town.engine) as session:
        several, one = session.query(t.OutboxMessage).order_by(t.OutboxMessage.subject.desc())
        assert (several.subject, several.code, several.grid_code) == ("cases", "3", "a")
        assert (one.subject, one.subject_id, one.grid_code) == ("case", cases[3], "b")
        message = ToldMessage(
            1, "task", False, several.subject, 1, several.code, None, "网格一", several.at
        )
    assert message.sentence("en") == "New task: 3 cases, grid 网格一"
    assert message.sentence("zh") == "新任务：3 件案件，网格一"
    assert message.path == "/cases/mine"


def test_one_of_the_team_who_is_named_hears_of_it_with_the_leader_and_the_others_do_not(
    town: TownOfNews,
):
    with transaction(town.engine) as session:
        place = session.get_one(t.Township, town.place.id)
        staff = create_member(session, place, "a").id
        other = create_member(session, place, "a").id
        for who, number in (("worker", staff), ("clerk", other)):
            session.execute(
                text("UPDATE account SET staff_id = :s WHERE id = :id"),
                {"s": number, "id": town.people[who]},
            )
    case = town.seen_now()
    town.step("dispatcher", case, "file", "dispatcher", "dispatcher.shi")
    town.step(
        "dispatcher", case, "dispatch", "dispatcher", "dispatcher.shi",
        to=Owner(grid_code="a", staff_id=staff, level="grid"),
    )  # fmt: skip
    assert town.told() == {"task": {"worker", "leader"}}


def test_what_comes_back_is_told_to_who_sends_and_what_is_sent_back_to_who_worked(town: TownOfNews):
    case = dispatched(town)
    town.forget()
    town.step("worker", case, "return", "grid_worker", "worker.a", reason="非本网格", to=Owner(grid_code="b", level="grid"))  # fmt: skip
    assert town.told() == {"returned": {"dispatcher"}}
    town.forget()
    town.step("dispatcher", case, "dispatch", "dispatcher", "dispatcher.shi", to=TEAM_A)
    town.step("worker", case, "feed_back", "grid_worker", "worker.a", note="已清理")
    town.forget()
    town.step("dispatcher", case, "send_back", "dispatcher", "dispatcher.shi", reason="未清", to=TEAM_A)  # fmt: skip
    assert town.told() == {"returned": {"worker", "leader"}}


def test_an_escalated_case_is_told_to_its_level(town: TownOfNews):
    case = dispatched(town)
    town.forget()
    town.step("worker", case, "escalate", "grid_worker", "worker.a", reason="超出能力", to=Owner(level="section"))  # fmt: skip
    assert "cadre" in town.told()["task"]
    assert town.told()["task"] <= {"cadre", "leader"}


def test_an_emergency_in_an_exclusive_grid_is_told_to_its_team_and_that_of_the_grid_around(
    town: TownOfNews,
):
    town.run("UPDATE township SET grid_rule = 'overlay'")
    town.run(
        "INSERT INTO grid (plan_id, code, name, kind, community_id, host, geom) "
        "SELECT plan_id, 'school', '虚构中学网格', 'exclusive', community_id, '虚构中学', "
        "ST_Multi(ST_Buffer(ST_SetSRID(ST_MakePoint(:x, :y), 4326), 1e-4)) FROM grid WHERE code = 'a'",
        x=spot(0.5, 0.5)[0], y=spot(0.5, 0.5)[1],
    )  # fmt: skip
    with transaction(town.engine) as session:
        town.people["school"] = appointed(
            session, "grid_leader", town.place.code, grid="school", name="school.ce"
        )
    town.seen_now(emergency=True)
    assert {"leader", "school"} <= town.told()["emergency"]


def test_a_deadline_is_told_once_when_it_nears_and_once_when_it_has_passed(town: TownOfNews):
    case = dispatched(town)
    town.forget()
    due = datetime.now(UTC) + timedelta(hours=1)
    town.run(
        "UPDATE case_clock SET due_at = :due, yellow_at = :soon, colour = 'green' WHERE deadline",
        due=due, soon=due - timedelta(hours=2),
    )  # fmt: skip
    if not town.value("SELECT count(*) FROM case_clock WHERE deadline"):
        town.run(
            "INSERT INTO case_clock (case_id, flow_id, name, deadline, amount, unit, started_at, "
            "since_at, due_at, yellow_at, colour) SELECT id, flow_id, 'total', true, 1, 'clock_hours', "
            "now(), now(), :due, :soon, 'green' FROM event_case WHERE id = :c",
            due=due, soon=due - timedelta(hours=2), c=case,
        )  # fmt: skip
    for when in (datetime.now(UTC), datetime.now(UTC)):
        with transaction(town.engine) as session:
            judge(session, town.place.id, when)
    assert town.told() == {"due_soon": {"worker", "leader"}}
    for when in (due + timedelta(minutes=1), due + timedelta(minutes=2)):
        with transaction(town.engine) as session:
            judge(session, town.place.id, when)
    assert town.told()["late"] == {"worker", "leader", "dispatcher"}
    assert town.value("SELECT count(*) FROM outbox_message") == 2


def test_an_emergency_is_told_to_its_grid_and_to_every_level_above(town: TownOfNews):
    town.seen_now(emergency=True)
    # Who dispatches stands at the township's level, and is called with it.
    called = {"worker", "leader", "clerk", "cadre", "government", "dispatcher"}
    assert town.told() == {"emergency": called}
    assert town.value("SELECT bool_and(urgent) FROM outbox_message")


def test_who_is_on_duty_hears_of_an_emergency_in_their_grid(town: TownOfNews):
    with transaction(town.engine) as session:
        staff = create_member(session, session.get_one(t.Township, town.place.id), "b").id
        session.execute(
            text("UPDATE account SET staff_id = :s WHERE id = :id"),
            {"s": staff, "id": town.people["other"]},
        )
        session.execute(
            text(
                "INSERT INTO duty (township_id, grid_code, micro_grid, staff_id, during) VALUES "
                "(:t, 'a', 'm1', :s, tstzrange(now() - interval '1 hour', now() + interval '1 hour'))"
            ),
            {"t": town.place.id, "s": staff},
        )
    town.seen_now(emergency=True)
    assert "other" in town.told()["emergency"]


def test_an_area_in_emergency_is_told_to_all_who_handle_events_there(town: TownOfNews):
    with acting(town.web, town.people["dispatcher"]) as session:
        switch_on(session, town.place.id, reason=f"暴雨 {CANARY}", by="dispatcher.shi", at=datetime.now(UTC))  # fmt: skip
    heard = town.told()["emergency"]
    assert {"worker", "other", "leader", "clerk", "cadre", "government"} <= heard
    assert not heard & {"dispatcher", "planner", "auditor", "reviewer"}
    assert CANARY not in town.value("SELECT string_agg(m::text, ' ') FROM outbox_message m")


def test_a_plan_to_review_is_told_to_the_county_and_a_returned_one_to_who_draws(town: TownOfNews):
    with transaction(town.engine) as session:
        place = township_by_id(session, town.place.id)
        base = plan_by_id(session, session.scalar(text("SELECT id FROM plan")) or 0)
        draft = branch(session, base, name=f"2027 {CANARY}", who="planner.ce")
        plan_step(session, place, draft, "submit", who="planner.ce")
    assert town.told() == {"plan_review": {"reviewer"}}
    # By its number: a name is typed, and may say anything.
    assert town.value("SELECT code FROM outbox_message") == str(draft.id)
    town.forget()
    with transaction(town.engine) as session:
        plan_step(session, place, plan_by_id(session, draft.id), "return", who="reviewer.ce", reason="太大")  # fmt: skip
    assert town.told() == {"plan_returned": {"planner"}}


def test_a_document_is_told_to_the_parts_that_are_to_read_it(town: TownOfNews):
    with transaction(town.engine) as session:
        place = session.get_one(t.Township, town.place.id)
        for who, part in (("worker", "worker"), ("leader", "leader")):
            session.execute(
                text("UPDATE account SET staff_id = :s WHERE id = :id"),
                {"s": create_member(session, place, "a", part).id, "id": town.people[who]},
            )
        issue(
            session, place.area_id, "F1", file_name="a.txt", content="文件".encode(),
            day=datetime.now(UTC).date(), who="clerk.ce", title="培训文件", roles=["leader"],
        )  # fmt: skip
    assert town.told() == {"document": {"leader"}}
    assert town.value("SELECT code FROM outbox_message") == "F1"


def test_who_asked_for_an_import_hears_how_it_ended_and_of_a_look_only_its_failure(
    town: TownOfNews,
):
    town.run(
        "INSERT INTO file_import (kind, township, file_name, size, sha256, account_id, asked_by, who) "
        "VALUES ('houses', :town, '虚金丝雀.csv', 1, 'x', :a, :a, 'x')",
        town=town.place.code, a=town.people["administrator"],
    )  # fmt: skip
    town.run("UPDATE file_import SET state = 'done', ended_at = now()")
    assert town.told() == {}
    town.run("UPDATE file_import SET task = 'check', state = 'waiting', asked_at = now()")
    town.run("UPDATE file_import SET state = 'done'")
    assert town.told() == {"import_ready": {"administrator"}}
    town.run("UPDATE file_import SET task = 'commit', state = 'waiting', asked_at = now()")
    town.run("UPDATE file_import SET state = 'failed'")
    assert town.told()["import_failed"] == {"administrator"}
    assert CANARY not in town.value("SELECT string_agg(m::text, ' ') FROM outbox_message m")


def test_who_asked_for_a_correction_hears_that_it_was_decided(town: TownOfNews):
    with transaction(town.engine) as session:
        place = session.get_one(t.Township, town.place.id)
        person = create_member(session, place, "a", name="测旧名")
        request = corrections.ask(
            session,
            place.area_id,
            table="staff",
            code=person.code,
            column="name",
            proposed="测新名",
            asked_by="clerk.ce",
        )
    assert town.told() == {}
    with transaction(town.engine) as session:
        corrections.decide(session, town.place.id, request, accept=True, who="administrator.ce")
    assert town.told() == {"correction": {"clerk"}}
    assert "测新名" not in town.value("SELECT string_agg(m::text, ' ') FROM outbox_message m")


def test_who_entered_at_the_door_hears_what_the_clerk_decided(town: TownOfNews):
    with transaction(town.engine) as session:
        place = session.get_one(t.Township, town.place.id)
        house = create_house(session, place, spot(0.5, 0.5)).id
        session.execute(
            text(
                "INSERT INTO register_entry (township_id, house_id, kind, account_id, who, state, said) "
                "SELECT :t, :h, kind, :a, 'worker.a', 'waiting', '{\"name\": \"虚金丝雀\"}' "
                "FROM unnest(ARRAY['corrected', 'resident_in']) kind"
            ),
            {"t": place.area_id, "h": house, "a": town.people["worker"]},
        )
    assert town.told() == {}
    town.run("UPDATE register_entry SET state = 'accepted', decided_by = '测', decided_at = now() WHERE kind = 'corrected'")  # fmt: skip
    assert town.told() == {"correction": {"worker"}}
    town.run("UPDATE register_entry SET state = 'returned', reason = '查无此人' WHERE kind <> 'corrected'")  # fmt: skip
    assert town.value("SELECT count(*) FROM outbox_message") == 2
    assert CANARY not in town.value("SELECT string_agg(m::text, ' ') FROM outbox_message m")


def test_the_offices_of_the_communities_that_are_asked_hear_of_a_draft(town: TownOfNews):
    with transaction(town.engine) as session:
        day = date(2026, 6, 1)
        (asked, *_) = session.scalars(
            text(
                "SELECT a.code FROM appointment p JOIN area a ON a.id = p.area_id WHERE p.account_id = :a"
            ),
            {"a": town.people["clerk"]},
        )
        for code, communities in (("D-asked", [asked]), ("D-other", ["999901001999"])):
            session.execute(
                text(
                    "INSERT INTO document_draft (township_id, code, title, file_name, media_type, content, sha256, sent_on, sent_by, "
                    "answer_by, communities) VALUES (:t, :code, '虚金丝雀', 'a.txt', 'text/plain', '', 'x', :day, '测', :day, :c)"
                ),
                {"t": town.place.id, "code": code, "day": day, "c": communities},
            )
    assert "clerk" in town.told()["draft"] and "worker" not in town.told()["draft"]
    assert town.value("SELECT count(*) FROM outbox_message WHERE code = 'D-other'") == 1
    assert (
        town.value(
            "SELECT count(*) FROM outbox_delivery d JOIN outbox_message m ON m.id = d.message_id WHERE m.code = 'D-other'"
        )
        == 0
    )
    assert CANARY not in town.value("SELECT string_agg(m::text, ' ') FROM outbox_message m")


def test_who_wrote_a_rule_of_a_community_hears_what_was_decided(town: TownOfNews):
    town.run(
        "INSERT INTO matter_supplement (township_id, community_id, code, text, during, state, written_by) "
        "SELECT c.parent_id, c.id, '01', '虚金丝雀', '[2020-01-01,)', 'waiting', who FROM area c, "
        "unnest(ARRAY['clerk.ce', 'clerk.ce', 'nobody']) who WHERE c.level = 'community' AND c.id = (SELECT min(id) FROM area WHERE level = 'community')"
    )
    assert town.told() == {}
    town.run(
        "UPDATE matter_supplement SET state = 'ended' WHERE id = (SELECT max(id) FROM matter_supplement)"
    )
    assert town.told() == {}, "taken back by its writer"
    town.run(
        "UPDATE matter_supplement SET state = 'refused', reason = '重复', decided_by = '测', decided_at = now() WHERE state = 'waiting'"
    )
    assert town.told() == {"rule": {"clerk"}}
    assert town.value("SELECT count(*) FROM outbox_message") == 2
    assert CANARY not in town.value("SELECT string_agg(m::text, ' ') FROM outbox_message m")


def test_what_is_undone_is_told_to_nobody(town: TownOfNews):
    case = town.seen_now()
    town.step("dispatcher", case, "file", "dispatcher", "dispatcher.shi")
    with pytest.raises(RuntimeError), acting(town.web, town.people["dispatcher"]) as session:
        take_step(session, case, "dispatch", DISPATCHER, details=Details(to=TEAM_A))
        raise RuntimeError
    assert town.told() == {}


def test_a_year_that_is_loaded_or_played_again_rings_nowhere(town: TownOfNews):
    case = town.report(None, CaseActor("resident", ("resident",)), emergency=True).id
    assert town.told() == {}, "an emergency of 2023 is no news"
    with transaction(town.engine) as session:
        session.execute(text("SELECT set_config('gisgrid.run', '1', true)"))
        session.execute(
            text(
                "INSERT INTO notice (township_id, kind, level, area_id, case_id, key, at) "
                "VALUES (:t, 'call', 'township', :t, :c, 'x', now())"
            ),
            {"t": town.place.id, "c": case},
        )
    assert town.told() == {}


def test_who_has_a_case_is_who_finds_it_in_their_own_list(town: TownOfNews):
    """Two roads to one answer: the list asks for one account, the outbox for many cases."""
    from gisgrid.cases import board

    dispatched(town)
    town.seen_now(emergency=True)
    town.seen_now(spot(1.5, 0.5), emergency=True)
    case = dispatched(town)
    town.step("worker", case, "escalate", "grid_worker", "worker.a", reason="x", to=Owner(level="community"))  # fmt: skip
    with transaction(town.engine) as session:
        holding = session.execute(
            text(
                "SELECT c.event_id, h.account_id FROM case_holders(ARRAY(SELECT id FROM event_case)) h "
                "JOIN event_case c ON c.id = h.case_id"
            )
        )
        by_outbox = {(event, account) for event, account in holding}
    by_list = set()
    for account in town.people.values():
        with acting(town.web, account) as session:
            by_list |= {(row.event_id, account) for row in board.mine(session)}
    assert by_list and by_outbox == by_list
