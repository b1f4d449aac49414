"""Grids across communities and slivers: what is sound is balanced, the rest is named and can be mended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from gisgrid.balance.weights import Weights
from gisgrid.core.crs import from_metric, to_metric
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.limits import Limits
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.balancing.problem import prepare
from gisgrid.planning.balancing.rebalance import propose
from gisgrid.planning.checks.checks import run_checks
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.editor.arcs import NEAR_BORDER, not_in, share_corners
from gisgrid.planning.editor.corners import GridDetails
from gisgrid.planning.editor.editor import Editor, editor_of, flows, with_grids
from gisgrid.planning.editor.mending import (
    given_to_most,
    home_of_most,
    kept_within,
    stray_grids,
    without_slivers,
)
from gisgrid.planning.editor.refusals import ScenarioLocks, refuse
from gisgrid.planning.snapshot.regrid import on_grids
from gisgrid.planning.snapshot.snapshot import Grids, PlanSnapshot
from tests.support.made_store import a_town
from tests.support.plan_states import state_of, state_of_town

HOUSES = [
    (c + dx, r + dy) for r in range(2) for c in range(6) for dx in (0.3, 0.7) for dy in (0.3, 0.6)
]
ACROSS = "a a a b c d \n a a a b c d"
COMMUNITIES = "p p q q r r \n p p q q r r"
HOME = {"a": "p", "b": "q", "c": "r", "d": "r"}


def made(community: str) -> GridDetails:
    made.count += 1  # type: ignore[attr-defined]
    return GridDetails(f"{community}-n{made.count}", f"{community}新网格")  # type: ignore[attr-defined]


made.count = 0  # type: ignore[attr-defined]


def editor(drawing: str = ACROSS, **more: object) -> Editor:
    asked = {"communities": COMMUNITIES, "home": HOME, "houses": HOUSES, **more}
    return editor_of(state_of(drawing, on_earth=True, **asked), Weights())


def done(before: Editor, grids: Grids) -> Editor:
    """The editor after an edit that every rule allows."""
    after = with_grids(before, grids)
    refuse(before, after, ScenarioLocks())
    tiling = after.state.tiling
    assert shapely.coverage_is_valid(after.state.grids.lonlat[tiling])
    return after


def outside(state: PlanSnapshot) -> list[str]:
    (found,) = run_checks(state, Limits(), only=["outside"])
    return [code for f in found.findings for code in f.grids]


def home_of(at: Editor) -> dict[str, str]:
    grids = at.state.grids
    return dict(zip(grids.code, at.state.communities.code[grids.community], strict=True))


# ---- across communities ------------------------------------------------------------------------


def test_what_a_grid_has_beyond_its_community_goes_to_the_longest_neighbour_there():
    before = editor()
    assert outside(before.state) == ["a"]
    after = done(before, kept_within(before, "a", made))
    assert outside(after.state) == []
    assert home_of(after) == HOME
    area = dict(zip(after.state.grids.code, shapely.area(after.state.grids.metric), strict=True))
    assert area == pytest.approx({"a": 40_000, "b": 40_000, "c": 20_000, "d": 20_000}, rel=1e-4)
    (flow,) = flows(before, after)
    assert (flow.from_grid, flow.to_grid, len(flow.houses)) == ("a", "b", 8)


def test_a_grid_goes_to_the_community_of_most_of_its_houses_under_a_code_of_it():
    """Two thirds of the ground are p's, but most houses stand in q's."""
    houses = [(0.5, 0.5), (1.5, 1.5), *((2.2 + 0.1 * k, 0.5 + 0.1 * k) for k in range(7))]
    houses += [(3.5, 0.5), (4.5, 0.5), (5.5, 0.5), (0.2, 1.8)]
    drawing, communities = "e a a b c d \n a a a b c d", COMMUNITIES
    before = editor(drawing, home={**HOME, "e": "p"}, communities=communities, houses=houses)
    assert home_of_most(before.state, "a") == "q"
    assert stray_grids(before.state, ["a", "b"]) == [
        {"code": "a", "to": "q"},
        {"code": "b", "to": None},
    ]
    after = done(before, given_to_most(before, "a", made))
    assert outside(after.state) == []
    assert "a" not in after.row_of
    (new,) = set(after.row_of) - set(before.row_of)
    assert home_of(after)[new] == "q" and new.startswith("q-")
    went = {(f.from_grid, f.to_grid): len(f.houses) for f in flows(before, after)}
    assert went == {("a", new): 7, ("a", "e"): 2}


def test_where_no_grid_of_the_community_lies_beside_a_piece_it_becomes_one():
    before = editor("a a a a c d \n a a a a c d", home={"a": "p", "c": "r", "d": "r"})
    after = done(before, kept_within(before, "a", made))
    (new,) = set(after.row_of) - set(before.row_of)
    assert home_of(after)[new] == "q"
    assert outside(after.state) == []
    (flow,) = flows(before, after)
    assert (flow.to_grid, len(flow.houses)) == (new, 16)


def test_what_the_cut_leaves_in_pieces_goes_to_neighbours_at_home():
    drawing = "a q q a e e \n a a a a e e"
    communities = "p q q p p p \n p q q p p p"
    before = editor(drawing, communities=communities, home={"a": "p", "e": "p", "q": "q"})
    after = done(before, kept_within(before, "a", made))
    assert outside(after.state) == []
    assert shapely.get_num_geometries(after.state.grids.lonlat).tolist() == [1, 1, 1]
    went = {(f.from_grid, f.to_grid) for f in flows(before, after)}
    assert went <= {("a", "q"), ("a", "e")} and ("a", "q") in went


def test_ground_outside_every_community_is_nobodys_but_houses_there_are_not_lost():
    drawing = "a a . b \n a a . b"
    asked = {"communities": "p . . q \n p . . q", "home": {"a": "p", "b": "q"}}
    empty = editor(drawing, houses=[(0.5, 0.5), (3.5, 0.5)], **asked)
    after = done(empty, kept_within(empty, "a", made))
    assert outside(after.state) == []
    assert shapely.area(after.state.grids.metric[0]) == pytest.approx(20_000, rel=1e-4)
    lived_in = editor(drawing, houses=[(0.5, 0.5), (1.5, 0.5), (3.5, 0.5)], **asked)
    with pytest.raises(Invalid, match="h1") as caught:
        kept_within(lived_in, "a", made)
    assert caught.value.facts["houses"] == ["h1"]


def test_what_cannot_be_cut_is_told():
    before = editor("X X X b c d \n X X X b c d", home={**HOME, "X": "p"})
    with pytest.raises(Invalid, match="exclusive"):
        kept_within(before, "X", made)
    with pytest.raises(NotFound):
        kept_within(before, "z", made)
    with pytest.raises(NotFound, match="community 'z'"):
        kept_within(editor(), "a", made, to="z")


def straddling(seed: int) -> tuple[Editor, str, str]:
    """A town in which one grid was loaded with a strip of its neighbour's ground in another community."""
    town, rng = a_town(seed)
    state = state_of_town(town, rng)
    grids = state.grids
    pairs = [
        (a, b)
        for a in range(len(grids.code))
        for b in range(len(grids.code))
        if grids.community[a] != grids.community[b]
        and shapely.length(shapely.intersection(grids.metric[a], grids.metric[b])) > 60
    ]
    taker, giver = pairs[int(rng.integers(len(pairs)))]
    strip = shapely.intersection(shapely.buffer(grids.metric[taker], 35), grids.metric[giver])
    metric = grids.metric.copy()
    metric[taker] = shapely.union_all([metric[taker], strip])
    metric[giver] = shapely.difference(metric[giver], strip)
    lonlat = grids.lonlat.copy()
    lonlat[[taker, giver]] = from_metric(metric[[taker, giver]], state.srid)
    fresh = not_in(shapely.get_coordinates(lonlat), shapely.get_coordinates(grids.lonlat))
    share_corners(state.tiling, lonlat, fresh, NEAR_BORDER)
    state = on_grids(state, replace(grids, lonlat=lonlat, metric=to_metric(lonlat, state.srid)))
    return editor_of(state, Weights()), grids.code[taker], grids.code[giver]


def unmatched(lonlat: np.ndarray) -> float:
    """Length of borders that neighbours do not share exactly, in degrees."""
    return float(shapely.length(shapely.coverage_invalid_edges(lonlat)).sum())


@pytest.mark.parametrize("seed", [81, 82, 83, 84])
def test_sound_communities_are_balanced_and_the_others_once_they_are_mended(seed: int):
    before, taker, giver = straddling(seed)
    codes, state = before.state.communities.code, before.state
    unsound = {codes[state.grids.community[before.row_of[code]]] for code in (taker, giver)}
    found = propose(prepare(state, Weights(), BalanceOptions(far=True)))
    assert {left.community for left in found.task.left_out} == unsound
    assert all(
        left.grids == (taker,) and taker in left.said.in_language("zh")
        for left in found.task.left_out
    )
    assert {m.community for m in found.moves} == set(codes) - unsound
    assert found.faults == ()
    after = with_grids(before, kept_within(before, taker, made))
    refuse(before, after, ScenarioLocks())
    assert unmatched(after.state.grids.lonlat) <= unmatched(state.grids.lonlat)
    assert outside(after.state) == []
    went = {(f.from_grid, f.to_grid) for f in flows(before, after)}
    assert {a for a, _ in went} == {taker}
    again = propose(prepare(after.state, Weights(), BalanceOptions(far=True)))
    assert again.task.left_out == ()
    assert {m.community for m in again.moves} == set(codes)


def test_what_is_asked_of_a_community_that_is_left_out_is_refused_with_the_reason():
    state = editor().state
    assert {x.community for x in prepare(state, Weights(), BalanceOptions()).left_out} == {"p", "q"}
    only = prepare(state, Weights(), BalanceOptions(communities=("r",)))
    assert only.left_out == (), "it has nothing to do with this run"
    for options in (
        BalanceOptions(split=("b",)),
        BalanceOptions(add=("p",)),
        BalanceOptions(only=("a", "b")),
    ):
        with pytest.raises(Conflict, match="grid a does not lie in one community"):
            prepare(state, Weights(), options)
    with pytest.raises(Invalid, match="mend-across"):
        prepare(state, Weights(), BalanceOptions(communities=("p",)))


def test_ground_that_two_grids_claim_leaves_out_their_community_only():
    shapes = {
        "a": shapely.box(0, 0, 100, 100), "b": shapely.box(60, 0, 200, 100),
        "c": shapely.box(200, 0, 300, 100), "d": shapely.box(300, 0, 400, 100),
    }  # fmt: skip
    houses = [
        (0.3, 0.5),
        (1.5, 0.5),
        *((2.1 + 0.1 * k, 0.2 + 0.08 * k) for k in range(8)),
        (3.5, 0.5),
    ]
    state = state_of(
        shapes, communities="p p q q", home={"a": "p", "b": "p", "c": "q", "d": "q"},
        houses=houses, on_earth=True,
    )  # fmt: skip
    found = propose(prepare(state, Weights(), BalanceOptions(tolerance=0.2)))
    (left,) = found.task.left_out
    assert (left.community, left.cause, set(left.grids)) == ("p", "ground", {"a", "b"})
    assert {m.community for m in found.moves} == {"q"}
    same = shapely.equals_identical(found.lonlat[:2], state.grids.lonlat[:2])
    assert (
        same.tolist() == [True, True]
        or shapely.equals(found.lonlat[:2], state.grids.lonlat[:2]).all()
    )


# ---- slivers -----------------------------------------------------------------------------------


def slivers(state: PlanSnapshot, **limits: float) -> int:
    (found,) = run_checks(state, Limits.of(limits), only=["sliver"])
    return len(found.findings)


def thin_pieces(state: PlanSnapshot) -> list[shapely.Geometry]:
    ground = Ground(state, Limits())
    return [
        *ground.gaps.where(ground.thin(ground.gaps)).shape,
        *ground.overlaps.where(ground.thin(ground.overlaps)).shape,
    ]


def drawn_apart(seed: int, *, houses: int = 600) -> Editor:
    """Some grids of a town drawn a hair too small, some too large, and houses in between."""
    town, rng = a_town(seed, houses=houses)
    state = state_of_town(town, rng)
    metric = state.grids.metric.copy()
    for k in rng.choice(len(metric), 5, replace=False).tolist():
        metric[k] = shapely.buffer(metric[k], rng.choice([-0.035, -0.3, 0.04]), join_style="mitre")
    lonlat = from_metric(metric, state.srid)
    grids = replace(state.grids, lonlat=lonlat, metric=to_metric(lonlat, state.srid))
    return editor_of(on_grids(state, grids), Weights())


@pytest.mark.parametrize("seed", [91, 92, 93, 94, 95])
def test_slivers_are_closed_and_every_house_keeps_its_grid_but_those_in_a_gap(seed: int):
    before = drawn_apart(seed)
    assert slivers(before.state) > 1
    found = without_slivers(before, Limits())
    after = with_grids(before, found.grids)
    refuse(before, after, ScenarioLocks())
    assert slivers(after.state) == found.left
    was = np.append(before.state.grids.code, "")[before.state.houses.grid]
    now = np.append(after.state.grids.code, "")[after.state.houses.grid]
    other = np.flatnonzero(was != now)
    assert sorted(before.state.houses.code[other]) == sorted(found.houses)
    closed = shapely.union_all(thin_pieces(before.state))
    away_m = shapely.distance(shapely.points(before.state.houses.xy_m[other]), closed)
    assert (away_m < 0.01).all(), "a house outside of what was closed moved"
    for check in ("gap", "overlap", "multipart", "outside"):
        counts = [
            len(run_checks(s, Limits(), only=[check])[0].findings)
            for s in (before.state, after.state)
        ]
        assert counts[1] <= counts[0], check


def test_only_what_is_below_the_settings_is_mended():
    before = drawn_apart(96)
    tight = Limits.of({"sliver_m": 0.05, "sliver_m2": 0.0})
    found = without_slivers(before, tight)
    after = with_grids(before, found.grids)
    assert slivers(after.state, sliver_m=0.05, sliver_m2=0.0) == found.left
    assert slivers(after.state) > 0, "gaps of 30 cm are no slivers by that setting"


def test_a_plan_without_slivers_says_so_and_names_the_setting():
    with pytest.raises(Invalid, match=r"limits\.sliver_m = 1 m") as caught:
        without_slivers(editor(), Limits())
    assert "limits.sliver_m" in caught.value.in_language("zh")


def test_a_house_in_a_gap_gets_the_grid_beside_it_and_is_told():
    before = editor_of(
        state_of(
            {"a": shapely.box(0, 0, 100, 100), "b": shapely.box(100.2, 0, 200, 100)},
            houses=[(0.5, 0.5), (1.001, 0.5), (1.5, 0.5)], on_earth=True,
        ),
        Weights(),
    )  # fmt: skip
    assert before.state.houses.grid.tolist() == [0, -1, 1]
    found = without_slivers(before, Limits())
    assert (found.gaps, found.overlaps, found.left, found.houses) == (1, 0, 0, ("h1",))
    after = with_grids(before, found.grids)
    assert after.state.houses.grid.tolist()[::2] == [0, 1]
    assert after.state.houses.grid[1] in (0, 1)
    assert shapely.coverage_is_valid(after.state.grids.lonlat)
