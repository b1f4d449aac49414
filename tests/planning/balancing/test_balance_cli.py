"""``gisgrid balance``: a draft with the least change, kept whole or not at all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import numpy as np
import openpyxl
import pytest
import shapely
from click.testing import CliRunner
from scipy.spatial import cKDTree
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.balance.weights import Weights
from gisgrid.cli.balancing import balance_command
from gisgrid.core.crs import to_metric
from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotFound
from gisgrid.core.limits import Limits
from gisgrid.core.plans import plan_in_force, plans, township
from gisgrid.core.settings import Settings
from gisgrid.planning.balancing import drafts
from gisgrid.planning.balancing.drafts import free_name, save_draft
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
    create_township,
)
from tests.support.plan_states import state_of
from tests.support.sketch import spot
from tests.support.town_f import DAY, town_state


@pytest.fixture(scope="module")
def proposal(town_engine: Engine) -> Proposal:
    with Session(town_engine) as session:
        state = town_state(session)
    return propose(prepare(state, Weights(), BalanceOptions()))


def run(engine: Engine, *args: str) -> str:
    url = engine.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(
        balance_command, args, obj=Settings(database_url=url), catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def small(engine: Engine) -> Engine:
    """Two grids in a row, eight houses in the first and two in the second."""
    with Session(engine) as session, session.begin():
        place = create_township(session, "a b")
        create_plan(session, place, "a b", name="old")
        for column in (0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1.2, 1.7):
            house = create_house(session, place, spot(column, 0.5))
            create_resident(session, create_household(session, house))
    return engine


def test_town_f_is_balanced_to_one_percent_with_little_more_than_the_bound(proposal: Proposal):
    result = proposal.result
    assert result.infeasible == ()
    assert max(abs(g.after_deviation or 0) for g in proposal.grids) <= 0.01
    assert result.bound <= result.moved_cost <= 1.05 * result.bound
    assert sum(m.minutes for m in proposal.moves) == pytest.approx(result.moved_cost)
    assert (proposal.faults, len(proposal.settled.drawn.astray)) == ((), 0)


def test_everybody_is_somewhere_before_and_after(proposal: Proposal):
    state = proposal.task.state
    assert sum(g.residents_before for g in proposal.grids) == sum(
        g.residents_after for g in proposal.grids
    )
    assert (proposal.owner >= 0).all()
    moved = np.flatnonzero(proposal.owner != state.houses.grid)
    assert sorted(state.houses.code[moved]) == sorted(c for m in proposal.moves for c in m.houses)
    home = state.grids.community
    assert (home[proposal.owner] == home[state.houses.grid]).all()


def test_a_saved_draft_is_whole_and_remembers_how_it_was_made(town: Session, proposal: Proposal):
    place = township(town)
    base = plan_in_force(town, place.id)
    draft = save_draft(town, base, proposal, name=free_name(town, base))
    assert (draft.name, draft.state, draft.grids, draft.based_on_id) == (
        "2022-b1", "draft", 53, base.id,
    )  # fmt: skip
    recipe = town.scalar(text("SELECT recipe FROM plan WHERE id = :p"), {"p": draft.id})
    assert (recipe["seed"], recipe["tolerance"], recipe["weights_version"]) == (7, 0.01, "default")
    assert Weights.of("default", recipe["weights"]) == Weights()
    after = plan_state(town, place, draft, DAY)
    ground = run_checks(after, Limits(), only=GROUND_CHECKS)
    assert {r.name: r.status for r in ground} == dict.fromkeys(GROUND_CHECKS, "pass")
    attached = dict(
        town.execute(
            text(
                "SELECT h.code, g.code FROM house_grid a JOIN house h ON h.id = a.house_id "
                "JOIN grid g ON g.id = a.grid_id WHERE a.plan_id = :p"
            ),
            {"p": draft.id},
        ).all()
    )
    grids = proposal.task.state.grids.code
    assert attached == dict(
        zip(proposal.task.state.houses.code, grids[proposal.owner], strict=True)
    )
    with pytest.raises(Conflict):
        save_draft(town, base, proposal, name="2022-b1")
    assert free_name(town, base) == "2022-b2"


def corners(shape: shapely.Geometry) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(shape).tolist()))


def test_the_new_plan_tiles_and_old_corners_stay_to_the_last_bit(proposal: Proposal):
    state = proposal.task.state
    new = to_metric(proposal.lonlat, state.srid)
    assert shapely.is_valid(proposal.lonlat).all()
    assert shapely.get_num_geometries(proposal.lonlat).max() == 1
    assert abs(shapely.area(new).sum() - shapely.area(state.grids.metric).sum()) < 0.1
    old = shapely.get_coordinates(state.grids.metric)
    away_m, nearest = cKDTree(old).query(shapely.get_coordinates(new))
    close = away_m < 0.002
    old_lonlat = shapely.get_coordinates(state.grids.lonlat)[nearest]
    assert close.sum() > 500
    assert (shapely.get_coordinates(proposal.lonlat)[close] == old_lonlat[close]).all()


@pytest.mark.thorough
def test_locked_grids_keep_their_ground_and_their_corners(town: Session):
    state = town_state(town)
    community = state.grids.community[state.basic[0]]
    locks = state.grids.code[state.basic[state.grids.community[state.basic] == community]]
    found = propose(prepare(state, Weights(), BalanceOptions(locks=tuple(locks))))
    rows = np.flatnonzero(np.isin(state.grids.code, locks) | state.grids.exclusive)
    for k in rows.tolist():
        # A neighbour's new corner may need a node on the border, and nothing else.
        assert corners(state.grids.lonlat[k]) <= corners(found.lonlat[k])
    same = [k for k in rows if corners(state.grids.lonlat[k]) == corners(found.lonlat[k])]
    assert same
    assert all(found.lonlat[k].equals_exact(state.grids.lonlat[k], 0) for k in same)
    moved_m = shapely.hausdorff_distance(
        to_metric(found.lonlat[rows], state.srid), state.grids.metric[rows]
    )
    assert moved_m.max() < 0.002
    assert not {m.from_grid for m in found.moves} & set(locks)
    assert found.moves
    # What a lock makes impossible is said, not passed over.
    assert any(str(state.communities.code[community]) in said.en for said in found.reasons)


@pytest.mark.thorough
def test_the_seed_decides_the_plan(town: Session):
    state = town_state(town)
    plans_of = [
        propose(prepare(state, Weights(), BalanceOptions(seed=seed))).owner.tolist()
        for seed in (3, 3, 4)
    ]
    assert plans_of[0] == plans_of[1]
    assert plans_of[0] != plans_of[2]


def test_a_dry_run_writes_nothing(small: Engine):
    shown = run(small, "--straight")
    assert "dry run" in shown
    with Session(small) as session:
        assert [p.name for p in plans(session, township(session).id)] == ["old"]


def test_commit_saves_a_draft_and_files(small: Engine, tmp_path: Path):
    xlsx, geojson = tmp_path / "b.xlsx", tmp_path / "b.geojson"
    shown = run(
        small, "--tolerance", "0.1", "--commit", "--name", "new",
        "--xlsx", str(xlsx), "--geojson", str(geojson),
    )  # fmt: skip
    assert "draft 'new'" in shown
    features = json.loads(geojson.read_text("utf-8"))["features"]
    (move,) = [f["properties"] for f in features if f["properties"]["what"] == "move"]
    assert (move["from_grid"], move["to_grid"], move["residents"]) == ("a", "b", 3)
    rows = list(openpyxl.load_workbook(xlsx)["房屋 houses"].iter_rows(min_row=2, values_only=True))
    assert [row[1:] for row in rows] == [("a", "b")] * 3
    with Session(small) as session:
        names = [p.name for p in plans(session, township(session).id)]
        assert names == ["old", "new"]


def test_what_fails_while_saving_leaves_nothing(small: Engine, monkeypatch: pytest.MonkeyPatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(drafts, "attach", stop)
    with pytest.raises((KeyboardInterrupt, click.Abort, AssertionError)):
        run(small, "--commit")
    with Session(small) as session:
        assert [p.name for p in plans(session, township(session).id)] == ["old"]
        assert session.scalar(text("SELECT count(*) FROM grid")) == 2


def test_pareto_shows_the_price_of_balance_and_saves_nothing(small: Engine):
    assert "residents moved" in run(small, "--pareto")
    with pytest.raises(Invalid):
        run(small, "--pareto", "--commit")


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        (state_of("a b"), Invalid, "nothing to balance"),
        (state_of("X", houses=[(0.5, 0.5)]), Invalid, "nothing to balance"),
        (
            state_of("a a b", communities="p q q", home={"a": "p", "b": "q"}, houses=[(0.5, 0.5)]),
            Invalid,
            "do not lie in one community: a",
        ),
    ],
)
def test_what_cannot_be_balanced_is_refused_in_words(
    state: PlanSnapshot, error: type[GisgridError], words: str
):
    with pytest.raises(error, match=words):
        prepare(state, Weights(), BalanceOptions())


def test_an_unknown_lock_is_named():
    with pytest.raises(NotFound, match="'z'"):
        prepare(state_of("a", houses=[(0.5, 0.5)]), Weights(), BalanceOptions(locks=("z",)))


def test_a_building_heavier_than_a_grid_is_said_to_be_the_reason():
    houses = [(0.5, 0.5), (1.2, 0.5), (1.5, 0.5), (1.8, 0.5)]
    state = state_of("a b", houses=houses, residents=[400, 1, 1, 1], on_earth=True)
    found = propose(prepare(state, Weights(), BalanceOptions()))
    assert found.reasons
    assert found.result.max_deviation > 0.01
    assert all("[c]" in said.en and "[c]" in said.in_language("zh") for said in found.reasons)
    assert any(
        re.search(r"has \d+ min a month, more than the \d+ min", r.en) for r in found.reasons
    )
    assert any(re.search(r"为\d+分钟，超过", r.in_language("zh")) for r in found.reasons)
    counted = propose(prepare(state, Weights(), BalanceOptions(level="residents")))
    assert any(re.search(r"为\d+名居民，超过", r.in_language("zh")) for r in counted.reasons)


def test_all_houses_on_one_point_are_one_building():
    state = state_of("a b", houses=[(0.5, 0.5)] * 5, on_earth=True)
    found = propose(prepare(state, Weights(), BalanceOptions()))
    assert found.moves == ()
    assert found.reasons


def test_faults_of_todays_ground_are_told():
    state = state_of("a b . \n a b b", houses=[(0.5, 0.5), (1.5, 0.5)], on_earth=True)
    found = propose(prepare(state, Weights(), BalanceOptions()))
    assert [r.name for r in found.faults_today] == ["gap"]
    assert found.faults == ()
