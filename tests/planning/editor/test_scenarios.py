"""Scenarios in the store: branched, edited, undone, locked, combined, brought in and taken away."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound, StalePlan
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id, plan_in_force, township
from gisgrid.loading.scenario_files import export_plan, import_scenario
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.editor import edits, moves, scenarios
from gisgrid.planning.editor.corners import GridDetails
from gisgrid.planning.editor.editor import Editor, changed_codes, numbers, with_grids
from gisgrid.planning.editor.numbering import next_code
from gisgrid.planning.review.publish import publish
from gisgrid.planning.snapshot.fetch import plan_grids
from tests.support.factories import (
    create_house,
    create_household,
    create_plan,
    create_resident,
    create_township,
)
from tests.support.sketch import spot
from tests.support.town_f import FIRST_DAY

TOWN = "a b b\na b b\nc c d"


@pytest.fixture
def made(session: Session) -> tuple[Session, TownshipInfo, PlanInfo]:
    """A township with houses in every cell, and a draft of its plan."""
    home = create_township(session, TOWN)
    plan = create_plan(session, home, TOWN)
    for row in range(3):
        for column in range(3):
            for dx in (0.3, 0.7):
                house = create_house(session, home, spot(column + dx, row + 0.5))
                create_resident(session, create_household(session, house))
    attach(session, plan.id, "house")
    place = township(session)
    return (
        session,
        place,
        scenarios.branch(session, plan_by_id(session, plan.id), name="草案", who="甲"),
    )


def editor(session: Session, place: TownshipInfo, plan: PlanInfo) -> Editor:
    return scenarios.scenario_editor(session, place, plan)


def split_a(b: Editor) -> Editor:
    line = np.array([spot(-0.5, 2.0), spot(1.5, 2.0)])
    return with_grids(b, edits.split(b, "a", line, GridDetails("e", "新网格")))


def attached(session: Session, plan_id: int) -> dict[str, str | None]:
    rows = session.execute(
        text(
            "SELECT h.code, g.code AS grid FROM house_grid a JOIN house h ON h.id = a.house_id "
            "LEFT JOIN grid g ON g.id = a.grid_id WHERE a.plan_id = :p"
        ),
        {"p": plan_id},
    )
    return {row.code: row.grid for row in rows}


def held(b: Editor) -> dict[str, str | None]:
    codes = [*b.state.grids.code.tolist(), None]
    return {h: codes[g] for h, g in zip(b.state.houses.code, b.state.houses.grid, strict=True)}


def test_a_branch_has_the_grids_and_the_attachments_of_its_source(made):
    session, place, draft = made
    assert draft.state == "draft" and draft.grids == 4
    found = scenarios.scenario(session, draft.id)
    assert (found.version, found.stale, found.branched_from, found.who) == (0, False, None, "甲")
    assert attached(session, draft.id) == attached(session, draft.based_on_id)
    copy = scenarios.branch(session, draft, name="副本", who="乙")
    assert copy.based_on_id == draft.based_on_id
    assert scenarios.scenario(session, copy.id).branched_from == "草案"
    assert [s.plan.name for s in scenarios.scenarios(session, place.id)] == ["草案", "副本"]


def test_an_edit_is_kept_with_who_and_why_and_can_be_undone_and_redone(made):
    session, place, draft = made
    before = editor(session, place, draft)
    after = split_a(before)
    assert moves.record(session, draft, 0, before, after, action="split", who="甲", why="太大") == 1
    assert changed_codes(after, editor(session, place, draft)) == []
    assert attached(session, draft.id) == held(after)
    (entry,) = moves.log(session, draft.id)
    assert (entry.number, entry.action, entry.who, entry.why) == (1, "split", "甲", "太大")
    assert [(f["from_grid"], f["to_grid"], f["houses"]) for f in entry.flows] == [("a", "e", 2)]

    assert moves.undo(session, draft, 1) == 2
    assert changed_codes(before, editor(session, place, draft)) == []
    assert attached(session, draft.id) == held(before)
    with pytest.raises(Conflict, match="nothing to undo"):
        moves.undo(session, draft, 2)
    assert moves.redo(session, draft, 2) == 3
    assert attached(session, draft.id) == held(after)
    with pytest.raises(Conflict, match="nothing to redo"):
        moves.redo(session, draft, 3)


def test_a_new_edit_drops_what_was_undone_but_the_log_keeps_it(made):
    session, place, draft = made
    before = editor(session, place, draft)
    moves.record(session, draft, 0, before, split_a(before), action="split", who="甲")
    moves.undo(session, draft, 1)
    merged = with_grids(before, edits.merge(before, "a", "b"))
    moves.record(session, draft, 2, before, merged, action="merge", who="甲")
    assert [(m.number, m.standing) for m in moves.log(session, draft.id)] == [
        (2, "done"),
        (1, "dropped"),
    ]
    with pytest.raises(Conflict):
        moves.redo(session, draft, 3)


def test_the_second_of_two_who_edit_at_once_is_told_and_nothing_of_the_first_is_lost(made):
    session, place, draft = made
    before = editor(session, place, draft)
    moves.record(session, draft, 0, before, split_a(before), action="split", who="甲")
    merged = with_grids(before, edits.merge(before, "a", "b"))
    with pytest.raises(moves.StaleScenario, match="甲") as caught:
        moves.record(session, draft, 0, before, merged, action="merge", who="乙")
    assert caught.value.facts["version"] == 1
    assert len(moves.log(session, draft.id)) == 1


def test_locks_hold_until_they_are_taken_away(made):
    session, place, draft = made
    before = editor(session, place, draft)
    moves.lock(session, draft, "grid", ["a"], who="甲")
    moves.lock(session, draft, "border", ["d", "c"], who="甲")
    locks = moves.locks_of(session, draft.id)
    assert locks.grids == {"a"} and locks.borders == {frozenset("cd")}
    with pytest.raises(Conflict, match="locked"):
        moves.record(session, draft, 0, before, split_a(before), action="split", who="甲")
    moves.unlock(session, draft, "grid", ["a"])
    moves.record(session, draft, 0, before, split_a(before), action="split", who="甲")
    with pytest.raises(NotFound):
        moves.lock(session, draft, "grid", ["z"], who="甲")
    with pytest.raises(Invalid):
        moves.lock(session, draft, "border", ["a"], who="甲")


def test_a_code_of_a_retired_grid_is_never_given_again(made):
    session, place, draft = made
    before = editor(session, place, draft)
    moves.record(
        session, draft, 0, before, with_grids(before, edits.merge(before, "a", "b")),
        action="merge", who="甲",
    )  # fmt: skip
    publish(session, draft.id, FIRST_DAY)
    second = scenarios.branch(session, plan_by_id(session, draft.id), name="二", who="甲")
    b = editor(session, place, second)
    line = np.array([spot(-0.5, 2.0), spot(3.5, 2.0)])
    again = with_grids(b, edits.split(b, "a", line, GridDetails("b", "旧代码")))
    with pytest.raises(Conflict, match="never used again"):
        moves.record(session, second, 0, b, again, action="split", who="甲")


def test_scenarios_of_an_outdated_plan_are_told_and_not_branched(made):
    session, _, draft = made
    old = plan_by_id(session, draft.based_on_id)
    other = scenarios.branch(session, old, name="另一", who="乙")
    publish(session, draft.id, FIRST_DAY)
    assert scenarios.scenario(session, other.id).stale
    with pytest.raises(StalePlan):
        scenarios.branch(session, other, name="副本", who="乙")
    with pytest.raises(Conflict, match="is followed by"):
        scenarios.branch(session, plan_by_id(session, old.id), name="旧", who="乙")


def test_names_are_free_and_published_plans_keep_theirs(made):
    session, _, draft = made
    assert scenarios.rename(session, draft, "  新 名 ").name == "新 名"
    with pytest.raises(Conflict, match="already"):
        scenarios.branch(session, plan_by_id(session, draft.based_on_id), name="新 名", who="甲")
    with pytest.raises(Invalid):
        scenarios.rename(session, draft, "  ")
    with pytest.raises(Conflict):
        scenarios.rename(session, plan_by_id(session, draft.based_on_id), "别名")
    scenarios.discard(session, draft)
    with pytest.raises(NotFound):
        plan_by_id(session, draft.id)


def test_changes_that_do_not_touch_are_combined_and_others_refused(made):
    session, place, draft = made
    other = scenarios.branch(session, plan_by_id(session, draft.based_on_id), name="另一", who="乙")
    before = editor(session, place, draft)
    moves.record(session, draft, 0, before, split_a(before), action="split", who="甲")
    joined = with_grids(before, edits.merge(before, "c", "d"))
    moves.record(session, other, 0, before, joined, action="merge", who="乙")
    ours = editor(session, place, draft)
    both = with_grids(ours, scenarios.combined(session, place, draft, other)(ours))
    moves.record(session, draft, 1, ours, both, action="combine", who="甲")
    assert sorted(both.row_of) == ["a", "b", "c", "e"]
    assert shapely.coverage_is_valid(both.state.grids.lonlat)
    third = scenarios.branch(session, plan_by_id(session, draft.based_on_id), name="三", who="丙")
    moves.record(
        session, third, 0, before, with_grids(before, edits.merge(before, "a", "b")),
        action="merge", who="丙",
    )  # fmt: skip
    with pytest.raises(Conflict) as caught:
        scenarios.combined(session, place, draft, third)(both)
    assert "a" in caught.value.facts["grids"]


@pytest.mark.parametrize("ending", ["gpkg", "geojson"])
def test_a_plan_goes_into_a_file_and_comes_back(made, tmp_path: Path, ending: str):
    session, place, draft = made
    before = editor(session, place, draft)
    moves.record(session, draft, 0, before, split_a(before), action="split", who="甲")
    file = tmp_path / f"plan.{ending}"
    assert export_plan(session, place, draft, file) == 5
    back = import_scenario(session, place, file, name="导入", who="乙")
    assert back.based_on_id == draft.based_on_id
    ours, theirs = editor(session, place, draft), editor(session, place, back)
    assert held(ours) == held(theirs) == attached(session, back.id)
    one, two = (b.state.grids.lonlat for b in (ours, theirs))
    assert shapely.equals_exact(shapely.normalize(one), shapely.normalize(two), 0.0).all()
    with pytest.raises(Invalid, match="gpkg"):
        export_plan(session, place, draft, tmp_path / "plan.txt")


@pytest.mark.parametrize(("move", "check"), [((0.4, 0), "overlap"), ((-0.6, 0), "outside")])
def test_a_file_whose_grids_overlap_or_leave_the_town_is_refused(made, tmp_path, move, check):
    session, place, draft = made
    file = tmp_path / "plan.geojson"
    export_plan(session, place, draft, file)
    body = json.loads(file.read_text(encoding="utf-8"))
    ring = body["features"][0]["geometry"]["coordinates"][0][0]
    for corner in ring:
        corner[0] += move[0] * 0.001
    file.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        import_scenario(session, place, file, name="导入", who="乙")
    assert caught.value.facts["check"] == check
    assert len(caught.value.facts["place"]) == 2


def test_the_next_code_follows_the_scheme_and_passes_all_that_were(town: Session):
    place = township(town)
    plan = plan_in_force(town, place.id)
    grids = plan_grids(town, place, plan)
    home = "999901001201"
    basic = [c for c in grids.code if c.startswith(home) and len(c) == 15]
    assert next_code(town, place, home) == f"{home}{int(max(basic)[-3:]) + 1:03d}"
    assert len(next_code(town, place, home, kind="exclusive")) == 20
    with pytest.raises(NotFound):
        next_code(town, place, "000000000000")


def test_town_f_is_edited_house_by_house_and_stays_attached(town: Session):
    place = township(town)
    draft = scenarios.branch(town, plan_in_force(town, place.id), name="草案", who="甲")
    before = editor(town, place, draft)
    arcs = before.topology
    basic = ~before.state.grids.exclusive
    arc = next(
        k for k in range(len(arcs.lines))
        if arcs.right[k] >= 0 and basic[arcs.left[k]] and basic[arcs.right[k]]
        and before.state.grids.community[arcs.left[k]] == before.state.grids.community[arcs.right[k]]
    )  # fmt: skip
    giver, taker = (before.state.grids.code[s[arc]] for s in (arcs.left, arcs.right))
    mine = np.flatnonzero(before.state.houses.grid == before.row_of[giver])
    line = shapely.LineString(arcs.lines[arc])
    near = mine[np.argsort(shapely.distance(
        shapely.points(before.state.houses.lonlat[mine]), line
    ))[:3]]  # fmt: skip
    after = with_grids(before, edits.give(before, dict.fromkeys(near.tolist(), taker)))
    moves.record(town, draft, 0, before, after, action="give", who="甲", why="近")
    again = editor(town, place, draft)
    assert attached(town, draft.id) == held(again) == held(after)
    counts = {n.code: n for n in numbers(again)}
    was = {n.code: n for n in numbers(before)}
    assert counts[taker].houses >= was[taker].houses + 3
    assert sum(n.residents for n in counts.values()) == sum(n.residents for n in was.values())
