"""From draft to published: review, one who wins, successors, hand-over, and yesterday's answers."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, GisgridError, Invalid, StalePlan
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id, plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.files.exports import write_workbook
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.editor import edits, moves, scenarios
from gisgrid.planning.editor.compare import compared, crosswalk
from gisgrid.planning.editor.corners import GridDetails
from gisgrid.planning.editor.editor import with_grids
from gisgrid.planning.editor.replay import ledger, replay
from gisgrid.planning.overview.successors import crosswalk_of, successors
from gisgrid.planning.review import review
from gisgrid.planning.review.handover import handed_houses, handover_sheets, team_sheets
from tests.support.accounts import appointed
from tests.support.factories import (
    create_house,
    create_household,
    create_plan,
    create_resident,
    create_township,
)
from tests.support.sketch import spot
from tests.support.terminal import gisgrid
from tests.support.town_f import FIRST_DAY
from tests.support.web import app_over

NEXT_DAY = date(2023, 9, 1)
TOWN = "a a b\na a b\nc c b"


def filled(session: Session) -> tuple[TownshipInfo, PlanInfo]:
    home = create_township(session, TOWN)
    plan = create_plan(session, home, TOWN)
    for row in range(3):
        for column in range(3):
            for dx in (0.3, 0.7):
                house = create_house(session, home, spot(column + dx, row + 0.5))
                create_resident(session, create_household(session, house))
    attach(session, plan.id, "house")
    return township(session), plan_by_id(session, plan.id)


def split_draft(
    session: Session, place: TownshipInfo, plan: PlanInfo, name: str = "草案"
) -> PlanInfo:
    """A draft where the upper half of grid a is grid e."""
    draft = scenarios.branch(session, plan, name=name, who="甲")
    before = scenarios.scenario_editor(session, place, draft)
    line = np.array([spot(-0.5, 2.0), spot(2.5, 2.0)])
    after = with_grids(before, edits.split(before, "a", line, GridDetails("e", "新网格")))
    moves.record(session, draft, 0, before, after, action="split", who="甲")
    return draft


def through_review(session: Session, place: TownshipInfo, draft: PlanInfo) -> None:
    for step, who in (("submit", "甲"), ("approve", "乙"), ("notify", "乙")):
        review.take_step(session, place, draft, step, who=who)


def test_a_plan_goes_its_way_and_every_step_is_kept(session: Session):
    place, plan = filled(session)
    draft = split_draft(session, place, plan)
    with pytest.raises(Conflict, match="after review"):
        review.publish(session, place, draft, NEXT_DAY, who="甲")
    review.take_step(session, place, draft, "submit", who="甲", reason="请审")
    with pytest.raises(Conflict, match="only a draft"):
        moves.undo(session, draft, 1)
    with pytest.raises(Invalid, match="reason"):
        review.take_step(session, place, draft, "return", who="乙", reason=" ")
    back = review.take_step(session, place, draft, "return", who="乙", reason="界线不清")
    assert back.state == "returned"
    version = moves.undo(session, back, 1)
    moves.redo(session, back, version)
    review.take_step(session, place, draft, "submit", who="甲")
    with pytest.raises(Conflict, match="somebody else"):
        review.take_step(session, place, draft, "approve", who="甲")
    review.take_step(session, place, draft, "approve", who="乙")
    with pytest.raises(Conflict, match="is approved"):
        review.publish(session, place, draft, NEXT_DAY, who="甲")
    review.take_step(session, place, draft, "notify", who="乙")
    review.publish(session, place, draft, NEXT_DAY, who="甲")
    assert [(s.to_state, s.who, s.reason) for s in review.steps(session, draft.id)] == [
        ("in_review", "甲", "请审"),
        ("returned", "乙", "界线不清"),
        ("in_review", "甲", ""),
        ("approved", "乙", ""),
        ("notified", "乙", ""),
        ("published", "甲", ""),
    ]
    before = plan_by_id(session, plan.id)
    assert (before.state, before.in_force) == ("published", "past")
    assert before.last_day == NEXT_DAY - timedelta(days=1)
    assert plan_in_force(session, place.id).id == draft.id
    assert plan_in_force(session, place.id, NEXT_DAY - timedelta(days=1)).id == plan.id


def test_a_plan_without_ground_for_all_is_not_submitted(session: Session):
    place, plan = filled(session)
    draft = scenarios.branch(session, plan, name="草案", who="甲")
    session.execute(text("DELETE FROM grid WHERE plan_id = :p AND code = 'c'"), {"p": draft.id})
    with pytest.raises(Conflict) as caught:
        review.take_step(session, place, draft, "submit", who="甲")
    assert "gap" in caught.value.facts["checks"]
    assert "no_grid" in caught.value.facts["checks"]


def test_shares_of_successors_sum_to_one_and_old_codes_still_answer(session: Session):
    place, plan = filled(session)
    draft = split_draft(session, place, plan)
    review.publish(session, place, draft, NEXT_DAY, who="甲", unreviewed=True)
    kept = crosswalk_of(session, draft.id)
    by_old: dict[str, float] = {}
    for s in kept:
        by_old[s.old_code] = by_old.get(s.old_code, 0.0) + s.share
    assert by_old == pytest.approx({"a": 1.0, "b": 1.0, "c": 1.0})
    assert {(s.old_code, s.new_code): s.residents for s in kept} == {
        ("a", "a"): 4, ("a", "e"): 4, ("b", "b"): 6, ("c", "c"): 4,
    }  # fmt: skip
    third = scenarios.branch(session, plan_by_id(session, draft.id), name="三", who="甲")
    before = scenarios.scenario_editor(session, place, third)
    after = with_grids(before, edits.merge(before, "b", "e"))
    moves.record(session, third, 0, before, after, action="merge", who="甲")
    review.publish(session, place, third, date(2024, 9, 1), who="甲", unreviewed=True)
    assert successors(session, place.id, "a") == {"a": 1.0}
    assert successors(session, place.id, "e") == {"b": 1.0}
    assert successors(session, place.id, "b") == {"b": 1.0}
    assert successors(session, place.id, "zz") == {}


def test_the_api_answers_a_retired_code_with_its_successors(engine: Engine):
    with transaction(engine) as session:
        place, plan = filled(session)
        draft = scenarios.branch(session, plan, name="草案", who="甲")
        before = scenarios.scenario_editor(session, place, draft)
        after = with_grids(before, edits.merge(before, "b", "a"))
        moves.record(session, draft, 0, before, after, action="merge", who="甲")
        review.publish(session, place, draft, NEXT_DAY, who="甲", unreviewed=True)
        b_name = session.scalar(
            text("SELECT name FROM grid WHERE plan_id = :p AND code = 'b'"), {"p": draft.id}
        )
    api = app_over(engine).test_client()
    card = api.get("/api/v1/grids/a").json
    assert (card["state"], card["since"]) == ("retired", NEXT_DAY.isoformat())
    assert card["successors"] == [{"code": "b", "name": b_name, "share": 1.0}]
    assert (card["residents"], card["leader"]) == (None, None), "only the plan in force is counted"
    there = api.get("/api/v1/grids/b").json
    assert (there["state"], there["since"], there["successors"]) == ("in_force", None, [])
    # The day before it was in force, and nobody had taken it over.
    before_day = (NEXT_DAY - timedelta(days=1)).isoformat()
    then = api.get(f"/api/v1/grids/a?as_of={before_day}").json
    assert (then["state"], then["successors"]) == ("in_force", [])
    assert api.get("/api/v1/grids/zz").status_code == 404
    hits = api.get("/api/v1/search?q=a").json["hits"]
    assert [(h["kind"], h["code"]) for h in hits] == [("grid", "a")]


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told_why(engine: Engine):
    with transaction(engine) as session:
        place, plan = filled(session)
        drafts = [split_draft(session, place, plan, name) for name in ("一", "二")]
        for draft in drafts:
            through_review(session, place, draft)
    outcomes: list[object] = []
    gate = threading.Barrier(2)

    def run(draft: PlanInfo, who: str) -> None:
        try:
            with transaction(engine) as session:
                gate.wait(30)
                review.publish(session, place, draft, NEXT_DAY, who=who)
            outcomes.append("published")
        except GisgridError as exc:
            outcomes.append(exc)

    threads = [threading.Thread(target=run, args=pair) for pair in zip(drafts, "甲乙", strict=True)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert outcomes.count("published") == 1
    (lost,) = (o for o in outcomes if o != "published")
    assert isinstance(lost, StalePlan) and "published now" in lost.message
    with Session(engine) as session:
        winner = plan_in_force(session, place.id)
        by = review.steps(session, winner.id)[-1].who
        with pytest.raises(Conflict, match=f"already by {by}"):
            review.publish(session, place, winner, NEXT_DAY, who="丙")


def test_hand_over_sheets_sum_to_the_houses_that_move(session: Session, tmp_path: Path):
    place, plan = filled(session)
    draft = split_draft(session, place, plan)
    before, after = review.editors(session, place, draft, plan)
    handed = handed_houses(session, place.id, before, after)
    teams = team_sheets(handed, before, after)
    moved = compared(before, after).flows
    assert {h.house for h in handed} == {h for f in moved for h in f.houses}
    assert sum(len(t.gives) for t in teams) == sum(len(t.gets) for t in teams) == len(handed) == 4
    assert sum(h.households for t in teams for h in t.gives) == sum(f.households for f in moved)
    assert [t.grid for t in teams] == ["a", "e"]
    file = tmp_path / "handover.xlsx"
    write_workbook(file, handover_sheets(teams, handed, crosswalk(before, after)))
    book = openpyxl.load_workbook(file)
    totals = list(book["汇总 totals"].iter_rows(min_row=2, values_only=True))
    assert totals[-1][2:] == (4, 4, 4, 4, 4, 4)
    assert tuple(sum(row[k] for row in totals[:-1]) for k in range(2, 8)) == totals[-1][2:]
    assert book["a"].max_row == 5
    # Nobody's name is in it.
    cells = {str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row}
    assert not any("测试人" in cell for cell in cells)


def test_replay_under_the_plan_of_the_day_is_the_ledger(town: Session):
    place = township(town)
    plan = plan_in_force(town, place.id)
    until = date(2023, 8, 31)
    rows = replay(town, place, plan, until=until, days=365)
    assert (until - FIRST_DAY).days < 365
    kept = ledger(town, place, until=until, days=365)
    assert {r.code: r.events for r in rows if r.events} == kept
    assert sum(r.late for r in rows) > 0
    assert all(r.away_m is None or 0 <= r.away_m < 5000 for r in rows)
    draft = scenarios.branch(town, plan, name="草案", who="甲")
    assert replay(town, place, draft, until=until, days=365) == rows


@pytest.mark.thorough
def test_the_way_on_the_command_line(engine: Engine, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with transaction(engine) as session:
        _, plan = filled(session)

    def run(*args: str) -> str:
        result = gisgrid(engine, *args)
        assert result.exit_code == 0, result.output
        return result.output

    assert "nothing was written" in run("scenario", "branch", plan.name, "草案")
    run("scenario", "branch", plan.name, "草案", "--note", "试", "--commit")
    west, east = spot(-0.5, 2.0), spot(2.5, 2.0)
    line = f"{west[0]} {west[1]}, {east[0]} {east[1]}"
    told = run("scenario", "split", "草案", "a", line, "--called", "新", "--code", "e", "--commit")
    assert "a → e: 4 houses" in told
    run("scenario", "undo", "草案", "--commit")
    run("scenario", "redo", "草案", "--commit")
    assert "split" in run("scenario", "log", "草案")
    assert "4 residents get another grid" in run("scenario", "compare", plan.name, "草案")
    run("scenario", "export", "草案", "plan.gpkg")
    assert "4 grids" in run("scenario", "import", "plan.gpkg", "导入", "--commit")
    assert "导入" in run("scenario", "list")
    run("plan", "submit", "草案", "--who", "甲", "--commit")
    run("plan", "approve", "草案", "--who", "乙", "--commit")
    run("plan", "notify", "草案", "--commit")
    refused = gisgrid(engine, "plan", "publish", "导入", "--from", "2023-09-01", "--commit")
    assert refused.exit_code == 2 and "after review" in refused.output
    assert "1 grids of the plan before hand over" in run(
        "plan", "publish", "草案", "--from", "2023-09-01", "--commit"
    )
    assert "approved → notified" in run("plan", "review", "草案")
    assert "50.0%" in run("plan", "crosswalk", "草案")
    assert "2 teams, 4 houses" in run("plan", "handover", "草案", "handover.xlsx")
    assert "0 late" in run("scenario", "replay", "草案")


@pytest.mark.thorough
def test_a_team_sees_what_it_gives_and_gets_as_far_as_its_right_goes(engine: Engine):
    with transaction(engine) as session:
        place, plan = filled(session)
        draft = split_draft(session, place, plan)
        review.publish(session, place, draft, NEXT_DAY, who="甲", unreviewed=True)
        before, after = review.editors(session, place, draft, plan)
        moved = {h.house for h in handed_houses(session, place.id, before, after)}
        leader = appointed(session, "grid_leader", place.code, grid="e")
        whole = appointed(session, "township_government", place.code)
    path = "/register/grid/{}/handover?lang=zh"
    giver, getter = (path.format(code) for code in "ae")
    team = app_over(engine, account=leader).test_client()
    got = team.get(getter).text
    assert "接收房屋：4 处" in got and "移出房屋：0 处" in got and "地址不可见" not in got
    assert team.get(giver).status_code == 403, "another team's"
    office = app_over(engine, account=whole).test_client()
    given = office.get(giver).text
    assert "移出房屋：4 处" in given and "接收房屋：0 处" in given
    with transaction(engine) as session:
        addresses = session.scalars(
            text("SELECT address FROM house WHERE code = ANY(:codes)"), {"codes": sorted(moved)}
        ).all()
    for page in (got, given):
        assert all(address in page for address in addresses)
        assert "测试人" not in page
