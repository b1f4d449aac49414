"""Checks, and proposals shown or taken over, as jobs: told, cancelled, refused, and what they leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, plan_by_id, township, township_by_id
from gisgrid.db.store import transaction
from gisgrid.jobs import balancing, names, quick, stalled
from gisgrid.jobs.scheduled import complete_plan
from gisgrid.planning.editor import moves, scenarios
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.editors import Editors
from gisgrid.planning.review import review
from tests.support.editor import checked, client_of, drafted, put_upon, view, worked_out
from web.editor import store


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], PlanInfo]:
    return drafted


@pytest.fixture
def draft(made: PlanInfo) -> PlanInfo:
    return made


def proposed(engine: Engine, plan: PlanInfo) -> int:
    """A proposal as the worker keeps it: some houses of the fullest grid go to a neighbour."""
    with transaction(engine) as session:
        rows = session.execute(
            text(
                "SELECT h.code AS house, a.code AS giver, b.code AS taker, c.code AS community "
                "FROM grid a JOIN grid b ON b.plan_id = a.plan_id AND b.kind = 'basic' "
                "AND b.community_id = a.community_id AND b.id <> a.id "
                "AND ST_Length(ST_Intersection(a.geom, b.geom)) > 0 "
                "JOIN house h ON ST_Within(h.geom, a.geom) JOIN area c ON c.id = a.community_id "
                "WHERE a.plan_id = :p AND a.kind = 'basic' ORDER BY a.code, b.code, "
                "ST_Distance(h.geom, b.geom), h.code LIMIT 2"
            ),
            {"p": plan.id},
        ).all()
        assert len({row.taker for row in rows}) == 1
        move = {
            "from_grid": rows[0].giver, "to_grid": rows[0].taker, "community": rows[0].community,
            "houses": [row.house for row in rows], "households": 2, "residents": 4, "minutes": 9.0,
        }  # fmt: skip
        found = {"moves": [move], "version": 0, "reasons": [], "notes": [], "left_out": []}
        number = balancing.insert(session, plan, names.REBALANCE, {}, who="甲")
        session.execute(
            text("UPDATE job SET state = 'done', result = CAST(:r AS jsonb) WHERE id = :id"),
            {"id": number, "r": json.dumps(found)},
        )
    return number


def reviewed(engine: Engine, plan: PlanInfo) -> None:
    with transaction(engine) as session:
        place = township(session)
        for step, who in (("submit", "甲"), ("approve", "乙"), ("notify", "甲")):
            review.take_step(session, place, plan_by_id(session, plan.id), step, who=who, reason="")


@pytest.fixture
def all_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "MOST_HOUSES", 0)


def test_a_large_part_of_a_proposal_is_shown_and_taken_over_by_a_job(
    engine: Engine, draft: PlanInfo, all_is_long: None
):
    client, number = client_of(engine, "planner"), proposed(engine, draft)
    edit = {"kind": "rebalance", "job": number}
    before = view(client, draft)
    shown = worked_out(
        client, engine, draft,
        client.post(f"/plan/{draft.id}/look", json={"version": 0, "edit": edit}),
    )  # fmt: skip
    assert (shown["state"], shown["result"]["refused"]) == ("done", None)
    assert [f["houses"] for f in shown["result"]["flows"]] == [2]
    assert view(client, draft) == before, "what is shown is not kept"
    taken = worked_out(
        client, engine, draft,
        client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": edit, "why": "试"}),
    )  # fmt: skip
    assert (taken["state"], taken["result"]) == ("done", {"version": 1})
    after = view(client, draft)
    assert (after["version"], after["log"][0]["why"]) == (1, "试")
    told = {g["code"]: g["houses"] for g in shown["result"]["grids"]}
    assert told == {g["code"]: g["houses"] for g in after["grids"] if g["code"] in told}
    undone = put_upon(after, client.post(f"/plan/{draft.id}/undo", json={"version": 1}).json)
    assert [g["houses"] for g in undone["grids"]] == [g["houses"] for g in before["grids"]]


def test_an_edit_tells_which_moves_of_which_proposal_there_are(engine: Engine, draft: PlanInfo):
    client, number = client_of(engine, "planner"), proposed(engine, draft)
    edit = {"kind": "rebalance", "job": number, "moves": [0]}
    before = view(client, draft)
    assert before["taken"] == {"job": number, "moves": []}
    kept = client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": edit}).json
    assert kept["taken"] == {"job": number, "moves": [0]}
    back = {"version": 1, "edit": {**edit, "back": True}}
    gone = client.post(f"/plan/{draft.id}/edit", json=back).json
    assert gone["taken"] == {"job": number, "moves": []}
    assert [each["action_text"] for each in gone["log"]] == ["已撤回采纳的建议", "采纳建议"]
    # Houses and ground are those of before.
    assert put_upon(put_upon(before, kept), gone)["grids"] == before["grids"]
    assert client.get(f"/plan/{draft.id}/job.json?taken=1").json["taken"]["job"] == number
    assert proposed(engine, draft) > number
    assert view(client, draft)["taken"]["job"] > number, "of the newest, which says its number"


def test_what_was_looked_at_is_not_drawn_again_when_it_is_taken_over(
    engine: Engine, draft: PlanInfo, monkeypatch: pytest.MonkeyPatch
):
    number, editors, drawn = proposed(engine, draft), Editors(), []
    accepted = balancing.accepted

    def seen(*args: Any, **values: Any) -> Any:
        drawn.append(args[2])
        return accepted(*args, **values)

    monkeypatch.setattr(balancing, "accepted", seen)

    def worked(kind: str, moves: list[int] | None) -> Any:
        options = {"job": number, "moves": moves, "version": 0, "why": ""}
        with transaction(engine) as session:
            job_id = quick.order(session, draft, kind, options, who="甲")
        quick.run(engine, editors, job_id)
        with transaction(engine) as session:
            found = balancing.job(session, job_id)
        assert found.state == "done", found
        return found.result

    looked = worked("show", None)
    worked("show", [0])
    assert drawn == [None, [0]]
    assert worked("take", None) == {"version": 1}
    assert drawn == [None, [0]]
    with transaction(engine) as session:
        place = township_by_id(session, draft.township_id)
        fresh = scenarios.scenario_editor(session, place, plan_by_id(session, draft.id))
    told = {g["code"]: g["houses"] for g in looked["grids"]}
    assert told == {n.code: n.houses for n in fresh.numbers if n.code in told}


def test_a_scenario_at_hand_is_not_read_again_for_a_report_but_for_a_house(
    engine: Engine, draft: PlanInfo
):
    editors = Editors()

    def at_hand() -> Editor:
        with transaction(engine) as session:
            place = township_by_id(session, draft.township_id)
            return editors.at(session, place, draft, 1)

    first = at_hand()
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO event (township_id, code, matter_id, reported_at, location_status) "
                "SELECT township_id, 'R1', matter_id, now(), 'unlocated' FROM event LIMIT 1"
            )
        )
        session.execute(
            text("UPDATE event SET closed_at = now() WHERE id = (SELECT min(id) FROM event)")
        )
    assert at_hand() is first
    with transaction(engine) as session:
        session.execute(
            text("UPDATE house SET address = '别处' WHERE id = (SELECT min(id) FROM house)")
        )
    assert at_hand() is not first


def test_who_edits_between_order_and_work_wins_and_the_page_is_told(
    engine: Engine, draft: PlanInfo, all_is_long: None
):
    client, number = client_of(engine, "planner"), proposed(engine, draft)
    edit = {"kind": "rebalance", "job": number}
    old = client.post(f"/plan/{draft.id}/edit", json={"version": 7, "edit": edit})
    assert old.status_code == 409
    order = client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": edit})
    with transaction(engine) as session:
        session.execute(text("UPDATE plan SET version = 1 WHERE id = :p"), {"p": draft.id})
    job = worked_out(client, engine, draft, order)
    assert (job["state"], job["result"]) == ("failed", {"place": None})
    assert "刚刚修改了该方案" in job["failed"]
    assert view(client, draft)["version"] == 1


def test_who_cancels_while_it_runs_finds_everything_as_it_was(
    engine: Engine, draft: PlanInfo, all_is_long: None, monkeypatch: pytest.MonkeyPatch
):
    client, number = client_of(engine, "planner"), proposed(engine, draft)
    asked = {"version": 0, "edit": {"kind": "rebalance", "job": number}}
    order = client.post(f"/plan/{draft.id}/edit", json=asked).json["job"]["id"]
    real = moves.record

    def cancelled_meanwhile(*args: Any, **kwargs: Any) -> int:
        assert client.post(f"/plan/{draft.id}/job/cancel?id={order}", json={}).status_code == 200
        return real(*args, **kwargs)

    monkeypatch.setattr(moves, "record", cancelled_meanwhile)
    quick.run(engine, Editors(), order)
    assert client.get(f"/plan/{draft.id}/job.json?id={order}").json["job"]["state"] == "cancelled"
    assert view(client, draft)["version"] == 0


def test_the_job_of_one_plan_is_not_told_at_another(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    checked(client, engine, draft)
    with transaction(engine) as session:
        other = scenarios.branch(session, plan_by_id(session, draft.id), name="另", who="甲")
        number = session.scalar(text("SELECT max(id) FROM job WHERE plan_id = :p"), {"p": draft.id})
    assert client.get(f"/plan/{draft.id}/job.json?id={number}").status_code == 200
    assert client.get(f"/plan/{other.id}/job.json?id={number}").status_code == 404


def test_work_that_the_queue_has_lost_is_told_as_broken_off(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    number = client.post(f"/plan/{draft.id}/check", json={}).json["job"]["id"]
    stalled.fail_lost(engine)
    assert client.get(f"/plan/{draft.id}/job.json?id={number}").json["job"]["state"] == "waiting"
    with transaction(engine) as session:
        session.execute(text("SET LOCAL search_path = procrastinate, public"))
        session.execute(text("DELETE FROM procrastinate_jobs"))
    stalled.fail_lost(engine)
    job = client.get(f"/plan/{draft.id}/job.json?id={number}").json["job"]
    assert (job["state"], job["failed"]) == ("failed", "计算意外中断。")


def test_a_branch_of_the_page_is_completed_by_the_worker(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    made = client.post("/plan/branch", data={"source": str(draft.id), "name": "另案"})
    assert made.status_code == 303
    number = int(made.headers["Location"].rsplit("/", 1)[1].split("?")[0])
    rows = text(
        "SELECT house_id, g.code, round(border_m::numeric, 6) FROM house_grid a LEFT JOIN grid g ON g.id = a.grid_id "
        "WHERE a.plan_id = :p ORDER BY 1"
    )
    with transaction(engine) as session:
        assert session.execute(rows, {"p": number}).all() == []
        assert session.scalar(
            text(
                "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE task_name = :t "
                "AND args ->> 'plan_id' = :p"
            ),
            {"t": names.COMPLETE, "p": str(number)},
        ) == 1  # fmt: skip
    assert complete_plan(engine, number) == {"house", "event"}
    assert complete_plan(engine, number) == set()
    with transaction(engine) as session:
        place = township(session)
        whole = scenarios.branch(session, plan_by_id(session, draft.id), name="全", who="甲")
        assert (
            session.execute(rows, {"p": number}).all()
            == session.execute(rows, {"p": whole.id}).all()
        )
        assert place.id == whole.township_id


def test_a_plan_of_a_large_town_is_published_by_the_worker(
    engine: Engine, draft: PlanInfo, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "A_LARGE_TOWN", 0)
    client, first_day = client_of(engine, "planner"), "2099-01-01"
    early = worked_out(
        client, engine, draft, client.post(f"/plan/{draft.id}/publish", json={"from": first_day})
    )
    assert early["state"] == "failed" and "草案" in early["failed"], "a draft is no reviewed plan"
    reviewed(engine, draft)
    ordered = client.post(f"/plan/{draft.id}/publish", json={"from": first_day})
    assert view(client, draft)["standing_key"] == "notified", "nothing is held until it is done"
    done = worked_out(client, engine, draft, ordered)
    assert (done["state"], done["result"]) == ("done", {"from": first_day})
    after = view(client, draft)
    assert after["standing_key"] == "later" and after["steps"][-1]["to_state"] == "published"
    assert after["steps"][-1]["who"] != "甲", "who asked for it stands in the record"


def test_a_publication_that_is_cancelled_leaves_the_plan_as_it_was(
    engine: Engine, draft: PlanInfo, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "A_LARGE_TOWN", 0)
    reviewed(engine, draft)
    client = client_of(engine, "planner")
    ordered = client.post(f"/plan/{draft.id}/publish", json={"from": "2099-01-01"})
    number = ordered.json["job"]["id"]
    publish = review.publish

    def left_meanwhile(*asked: Any, **named: Any) -> Any:
        with transaction(engine) as session:
            balancing.cancel(session, number)
        return publish(*asked, **named)

    monkeypatch.setattr(review, "publish", left_meanwhile)
    done = worked_out(client, engine, draft, ordered)
    assert done["state"] == "cancelled"
    assert view(client, draft)["standing_key"] == "notified"
