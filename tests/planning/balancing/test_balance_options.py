"""What may be asked of a new plan: locks, barriers, other numbers of grids; and stopping half-way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.balance.weights import Weights
from gisgrid.cli.balancing import balance_command
from gisgrid.core.crs import to_metric
from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotFound, UndeclaredCrs
from gisgrid.core.limits import Limits
from gisgrid.core.plans import plan_in_force, plans, township
from gisgrid.core.settings import Settings
from gisgrid.planning.balancing.barriers import barriers_in
from gisgrid.planning.balancing.drafts import codes_ever, save_draft
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.balancing.problem import prepare
from gisgrid.planning.balancing.rebalance import GROUND_CHECKS, Proposal, propose
from gisgrid.planning.checks.checks import run_checks
from gisgrid.planning.snapshot.fetch import plan_state
from gisgrid.planning.snapshot.snapshot import PlanSnapshot
from tests.support.factories import (
    create_house,
    create_household,
    create_plan,
    create_resident,
    create_street,
    create_township,
)
from tests.support.sketch import spot
from tests.support.town_f import DAY, town_state
from tests.support.waiting import eventually

COMMUNITY = "999901001208"
GRIDS = tuple(f"{COMMUNITY}00{n}" for n in range(1, 6))


@pytest.fixture(scope="module")
def state(town_engine: Engine) -> PlanSnapshot:
    with Session(town_engine) as session:
        return town_state(session)


def proposed(state: PlanSnapshot, **options: object) -> Proposal:
    """For one community of Town F, so that it takes a moment."""
    asked = BalanceOptions(**{"communities": (COMMUNITY,), **options})  # type: ignore[arg-type]
    return propose(prepare(state, Weights(), asked))


def basic_in(found: Proposal) -> list[str]:
    """The grids of the community with ground after."""
    state = found.task.state
    rows = np.flatnonzero(~shapely.is_empty(found.lonlat) & ~state.grids.exclusive)
    codes: list[str] = state.grids.code[rows].tolist()
    return [code for code in codes if code.startswith(COMMUNITY)]


def is_sound(found: Proposal) -> bool:
    """Nobody lost, the ground tiled as before, every grid whole."""
    state = found.task.state
    there = ~shapely.is_empty(found.lonlat)
    new = to_metric(found.lonlat[there], state.srid)
    old = state.grids.metric[~shapely.is_empty(state.grids.metric)]
    return (
        (found.owner >= 0).all()
        and found.faults == ()
        and abs(shapely.area(new).sum() - shapely.area(old).sum()) < 0.1
        and shapely.get_num_geometries(found.lonlat[there]).max() == 1
    )


def test_one_community_alone_moves_nothing_elsewhere(state: PlanSnapshot):
    found = proposed(state)
    assert found.moves and {m.community for m in found.moves} == {COMMUNITY}
    assert found.result.infeasible == ()
    assert is_sound(found)


def test_a_locked_house_stays_with_all_who_share_its_spot(state: PlanSnapshot):
    movers = [code for m in proposed(state).moves for code in m.houses]
    found = proposed(state, lock_houses=tuple(movers))
    assert not set(movers) & {code for m in found.moves for code in m.houses}
    assert is_sound(found)


@pytest.mark.thorough
def test_nothing_moves_across_a_locked_border(state: PlanSnapshot):
    a, b = max(
        ((m.from_grid, m.to_grid) for m in proposed(state).moves),
        key=lambda pair: sum({m.from_grid, m.to_grid} == set(pair) for m in proposed(state).moves),
    )
    found = proposed(state, lock_borders=((a, b),))
    assert not [m for m in found.moves if {m.from_grid, m.to_grid} == {a, b}]
    assert is_sound(found)


@pytest.mark.thorough
def test_only_the_grids_named_exchange_houses(state: PlanSnapshot):
    pair = next((m.from_grid, m.to_grid) for m in proposed(state).moves)
    found = proposed(state, only=pair)
    assert {g for m in found.moves for g in (m.from_grid, m.to_grid)} == set(pair)
    after = [g.after_min for g in found.grids if g.code in pair]
    assert max(after) / (sum(after) / 2) - 1 <= 0.01
    assert is_sound(found)


def test_a_grid_is_split_and_the_new_one_has_a_code_never_used(state: PlanSnapshot):
    taken = {f"{COMMUNITY}006", f"{COMMUNITY}007"}
    asked = BalanceOptions(communities=(COMMUNITY,), split=(GRIDS[0],))
    found = propose(prepare(state, Weights(), asked, taken=taken))
    assert basic_in(found) == [*GRIDS, f"{COMMUNITY}008"]
    assert found.result.max_deviation <= 0.01
    mine = [g for g in found.grids if g.community == COMMUNITY]
    assert max(abs(g.after_deviation or 0) for g in mine) <= 0.01
    assert next(g for g in mine if g.code.endswith("008")).before_min == 0
    assert is_sound(found)


@pytest.mark.thorough
def test_two_grids_become_one(state: PlanSnapshot):
    beside = next((m.from_grid, m.to_grid) for m in proposed(state).moves)
    found = proposed(state, merge=(beside,))
    assert basic_in(found) == [code for code in GRIDS if code != beside[1]]
    assert found.gone == (beside[1],)
    mine = [g for g in found.grids if g.community == COMMUNITY]
    assert next(g for g in mine if g.code == beside[1]).residents_after == 0
    assert max(abs(g.after_deviation or 0) for g in mine if g.code != beside[1]) <= 0.01
    assert is_sound(found)


def test_a_community_gets_one_grid_more(state: PlanSnapshot):
    found = proposed(state, add=(COMMUNITY,))
    assert len(basic_in(found)) == 6
    assert is_sound(found)


@pytest.mark.parametrize("count", [3, 5, 8])
def test_a_community_is_drawn_from_scratch_with_any_number_of_grids(
    state: PlanSnapshot, count: int
):
    found = proposed(state, grids=count)
    assert len(basic_in(found)) == count
    mine = [g for g in found.grids if g.community == COMMUNITY and g.after_min]
    assert len(mine) == count
    assert max(abs(g.after_deviation or 0) for g in mine) <= 0.01
    assert is_sound(found)


def test_a_township_drawn_from_scratch_shares_grids_out_by_work(state: PlanSnapshot):
    task = prepare(state, Weights(), BalanceOptions(grids=50))
    counts = {
        c: len(np.unique(task.start[task.community_of == c]))
        for c in np.unique(task.community_of).tolist()
    }
    assert sum(counts.values()) == 50
    work = {c: task.unit_load[task.community_of == c].sum() for c in counts}
    fair = {c: 50 * work[c] / sum(work.values()) for c in counts}
    assert all(abs(counts[c] - fair[c]) < 1 for c in counts)


def test_no_grid_hangs_together_over_a_barrier(state: PlanSnapshot):
    row = int(np.flatnonzero(state.grids.code == GRIDS[0])[0])
    west, south, east, north = state.grids.metric[row].bounds
    middle = (west + east) / 2
    wall = np.array([shapely.LineString([(middle, south - 9), (middle, north + 9)])], dtype=object)
    walled = prepare(state, Weights(), BalanceOptions(communities=(COMMUNITY,)), barriers=wall)
    free = prepare(state, Weights(), BalanceOptions(communities=(COMMUNITY,)))
    assert walled.fabric.barrier_m.sum() > 50
    assert free.fabric.barrier_m.sum() == 0
    assert len(walled.graph.indices) < len(free.graph.indices)
    assert is_sound(propose(walled))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"locks": ("z",)}, NotFound),
        ({"lock_houses": ("z",)}, NotFound),
        ({"lock_borders": (("z", GRIDS[0]),)}, NotFound),
        ({"communities": ("z",)}, NotFound),
        ({"add": ("z",), "communities": ()}, NotFound),
        ({"merge": ((GRIDS[0], GRIDS[0]),)}, Invalid),
        ({"merge": ((GRIDS[0], "999901001201001"),), "communities": ()}, Invalid),
        ({"split": (GRIDS[0],), "merge": ((GRIDS[0], GRIDS[1]),)}, Conflict),
        ({"split": (GRIDS[0],), "locks": (GRIDS[0],)}, Conflict),
        ({"from_scratch": True, "locks": (GRIDS[0],)}, Conflict),
        ({"grids": 4, "only": GRIDS[:2]}, Conflict),
        ({"only": GRIDS[:2], "add": (COMMUNITY,)}, Conflict),
        ({"grids": 5, "communities": ()}, Invalid),
        ({"grids": 5000}, Invalid),
        ({"locks": ("999901001201001",)}, Conflict),
        ({"add": ("999901001201",)}, Conflict),
        ({"from_scratch": True, "far": True}, Conflict),
    ],
)
def test_what_cannot_be_is_refused_in_both_languages(
    state: PlanSnapshot, options: dict[str, object], error: type[GisgridError]
):
    with pytest.raises(error) as caught:
        proposed(state, **options)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.in_language("zh"))
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.message)


@pytest.mark.thorough
def test_a_saved_draft_has_the_new_grid_and_not_the_merged_one(town: Session):
    state = town_state(town)
    place = township(town)
    base = plan_in_force(town, place.id)
    asked = BalanceOptions(
        communities=(COMMUNITY, "999901001209"),
        merge=((GRIDS[0], GRIDS[2]),),
        add=("999901001209",),
    )
    taken = codes_ever(town, place.id)
    found = propose(prepare(state, Weights(), asked, taken=taken))
    draft = save_draft(town, base, found, name="changed")
    codes = set(town.scalars(text("SELECT code FROM grid WHERE plan_id = :p"), {"p": draft.id}))
    assert taken - codes == {GRIDS[2]}
    (fresh,) = codes - taken
    assert fresh == "999901001209007"
    ground = run_checks(plan_state(town, place, draft, DAY), Limits(), only=GROUND_CHECKS)
    assert {r.name: r.status for r in ground} == dict.fromkeys(GROUND_CHECKS, "pass")
    recipe = town.scalar(text("SELECT recipe FROM plan WHERE id = :p"), {"p": draft.id})
    assert (recipe["merge"], recipe["add"]) == ([[GRIDS[0], GRIDS[2]]], ["999901001209"])


# ---- on the terminal ------------------------------------------------------------------------------


@pytest.fixture
def small(engine: Engine) -> Engine:
    """Two grids in a row, eight houses in the first and two in the second, a street between."""
    with Session(engine) as session, session.begin():
        place = create_township(session, "a b")
        create_plan(session, place, "a b", name="old")
        for column in (0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1.2, 1.7):
            code = f"h{int(100 * column)}"
            house = create_house(
                session, place, spot(column, 0.5), code=code, address=f"长安街{code[1:]}号"
            )
            create_resident(session, create_household(session, house))
        create_street(session, place, [spot(1, -0.1), spot(1, 1.1)], code="s1", name="长安街")
    return engine


def run(engine: Engine, *args: str) -> str:
    url = engine.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(
        balance_command,
        ["--straight", "--tolerance", "0.1", *args],
        obj=Settings(database_url=url),
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_a_house_is_locked_by_its_code(small: Engine):
    assert "with 3 of 10 residents" in run(small)
    # Who stands behind a locked house cannot leave through it.
    assert "with 0 of 10 residents" in run(small, "--lock-house", "h90")


def test_a_barrier_between_two_grids_comes_from_a_file_or_the_streets(
    small: Engine, tmp_path: Path
):
    wall = {
        "type": "Feature", "properties": {},
        "geometry": {"type": "LineString", "coordinates": [spot(1, -0.1), spot(1, 1.1)]},
    }  # fmt: skip
    path = tmp_path / "river.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [wall]}))
    for option in (
        ("--barrier", str(path)),
        ("--barrier-street", "长安街"),
        ("--barrier-street", "s1"),
    ):
        shown = run(small, *option)
        assert "with 0 of 10 residents" in shown
        assert "touches no other part" in shown


def test_a_file_that_is_no_barrier_is_refused(tmp_path: Path):
    with pytest.raises(NotFound):
        barriers_in(tmp_path / "none.geojson", 4549)
    point = {"type": "Point", "coordinates": [120, 40]}
    path = tmp_path / "p.geojson"
    path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": point}))
    with pytest.raises(Invalid):
        barriers_in(path, 4549)
    far = {"type": "LineString", "coordinates": [[500000, 4500000], [500100, 4500000]]}
    path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": far}))
    with pytest.raises(UndeclaredCrs):
        barriers_in(path, 4549)
    (line,) = barriers_in(path, 4549, declared="EPSG:4549")
    assert line.length == pytest.approx(100, abs=0.01)


@pytest.mark.thorough
def test_stopped_while_it_saves_it_leaves_no_draft(small: Engine, tmp_path: Path):
    xlsx = tmp_path / "b.xlsx"
    url = small.url.render_as_string(hide_password=False)
    with small.connect() as holder:
        # Whoever writes grids waits for this.
        holder.execute(text("LOCK TABLE grid IN SHARE MODE"))
        command = [sys.executable, "-m", "gisgrid", "balance", "--straight", "--tolerance", "0.1"]
        process = subprocess.Popen(
            [*command, "--commit", "--name", "new", "--xlsx", str(xlsx)],
            env={**os.environ, "DATABASE_URL": url, "LANG": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        assert eventually(lambda: holder.scalar(waits) or process.poll() is not None, seconds=90)
        assert holder.scalar(waits), process.communicate()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Stopped; nothing was written" in said.decode()
    assert [p.name for p in tmp_path.iterdir()] == ["b.xlsx"]
    with Session(small) as session:
        assert [p.name for p in plans(session, township(session).id)] == ["old"]
