"""Workload: visible parts that add up to the last digit, per member present, fairly compared."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.balance.walking import StreetNetwork, Walk
from gisgrid.balance.weights import MONTH_DAYS, Weights
from gisgrid.balance.workload import MMIN, carriers, deviations, house_workload, posts, spread
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import plan_in_force, township
from gisgrid.db.tables.register import NEEDS
from gisgrid.planning.snapshot.fetch import plan_state
from gisgrid.planning.workload.weighing import add_weights, weights_of
from gisgrid.planning.workload.workload import loads, workload_of
from tests.support.factories import create_township
from tests.support.plan_states import objects, state_of

ROUND = Weights.of(
    "round",
    {"household_min": 10, "resident_min": 1, "event_min": 60, "event_months": 12, "visit_min": 20,
     "visit_every_days": MONTH_DAYS, "stops_per_round": 2, "walk_m_per_min": 50},
)  # fmt: skip


def one_house(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "residents": np.array([3]),
        "households": np.array([2]),
        "needs": np.array([[1, 0, 0, 0, 2]]),
        "need_names": NEEDS,
        "walk_m": np.array([100.0]),
        "event_house": np.array([0, 0, -1, -1]),
        "event_grid": np.array([0, 0, 0, -1]),
        "event_min": np.array([60.0, 30.0, 12.0, 24.0]),
        "grid_count": 1,
        "weights": ROUND,
    }
    return house_workload(**{**values, **changes})


def test_a_house_costs_what_the_parts_say():
    work = one_house()
    minutes = dict(zip(work.parts, (work.house_mmin[0] / MMIN).tolist(), strict=True))
    assert minutes == {
        "households": 20.0,
        "residents": 3.0,
        "living_alone": 40.0,
        "disabled": 0.0,
        "child_alone": 0.0,
        "chronic_illness": 0.0,
        "low_income": 20.0,
        "events": 7.5,
        "visits": 40.0,
        # One round for two visits and an event in six months, 4 minutes there and back.
        "walking": pytest.approx((1 + 2 / 12) * 4, abs=0.001),
    }
    events = work.parts.index("events")
    assert (work.loose_mmin[:, events] / MMIN).tolist() == [1.0, 2.0]


def test_parts_add_up_exactly_whatever_the_numbers():
    rng = np.random.default_rng(4)
    n, grids, events = 700, 12, 3000
    grid_of = rng.integers(-1, grids, n)
    work = house_workload(
        residents=rng.integers(0, 9, n),
        households=rng.integers(0, 4, n),
        needs=rng.integers(0, 2, (n, 5)),
        need_names=NEEDS,
        walk_m=rng.uniform(0, 900, n),
        event_house=rng.integers(-1, n, events),
        event_grid=rng.integers(-1, grids, events),
        event_min=rng.uniform(0, 90, events),
        grid_count=grids,
        weights=Weights.of("odd", {"household_min": 1 / 3, "visit_every_days": 37}),
    )
    by_grid = work.by_grid(grid_of)
    assert by_grid.sum() == by_grid.sum(axis=0).sum() == by_grid.sum(axis=1).sum()
    assert by_grid.sum() == work.total_mmin
    assert work.house_min.sum() * MMIN + work.loose_mmin.sum() == pytest.approx(work.total_mmin)


def test_moving_houses_moves_their_work_and_keeps_the_total():
    work = one_house()
    assert work.by_grid(np.array([0])).sum() == work.by_grid(np.array([-1])).sum()


@pytest.mark.parametrize(
    "changes",
    [
        {"residents": np.array([-1])},
        {"walk_m": np.array([np.inf])},
        {"event_min": np.array([1.0, np.nan, 1.0, 1.0])},
    ],
)
def test_nonsense_is_refused_in_words(changes: dict[str, Any]):
    with pytest.raises(Invalid, match="1 rows is missing, negative or infinite"):
        one_house(**changes)


def test_an_event_is_carried_by_the_nearest_house_of_its_own_grid():
    houses = np.array([[0.0, 0.0], [10.0, 0.0], [np.nan, np.nan]])
    events = np.array([[9.0, 0.0], [9.0, 0.0], [1.0, 0.0], [5.0, 5.0], [np.nan, 0.0]])
    found = carriers(events, np.array([0, 1, 1, 2, 0]), houses, np.array([0, 1, 0]))
    assert found.tolist() == [0, 1, 1, -1, -1]


def test_one_person_in_several_grids_is_one_post():
    grid = np.array([0, 1, 0, 1])
    role = objects(["leader", "leader", "sinking_force", "sinking_force"])
    found = posts(grid, role, np.array([7, 8, 9, 9]), 3, Weights())
    assert found.tolist() == [1.25, 1.25, 0.0]


def test_spread_is_what_brute_force_says():
    load = np.array([3.0, np.nan, 1.0, 8.0])
    known = load[np.isfinite(load)]
    gini = np.abs(known[:, None] - known[None]).sum() / (2 * 9 * known.mean())
    found = spread(load)
    assert (found.count, found.mean_min, found.max_min) == (3, 4.0, 8.0)
    assert (found.max_over_mean, found.gini) == (2.0, pytest.approx(gini))
    assert spread(np.array([5.0, 5.0])).gini == 0
    assert spread(np.array([])).gini is None
    assert spread(np.zeros(3)).gini is None


def test_deviation_is_from_the_mean_of_the_own_community():
    load = np.array([1.0, 3.0, 5.0, 99.0])
    found = deviations(load, np.array([0, 0, 1, 1]), np.array([True, True, True, False]))
    assert found[:3].tolist() == [-0.5, 0.5, 0.0]
    assert np.isnan(found[3])


def test_walks_to_the_own_base_follow_the_streets():
    rng = np.random.default_rng(2)
    lines = [shapely_line(rng) for _ in range(12)]
    net = StreetNetwork.of(objects(lines))
    assert net is not None
    walk = Walk(net, 1.3)
    xy, base = rng.uniform(0, 500, (40, 2)), rng.uniform(0, 500, (3, 2))
    group = rng.integers(0, 3, 40)
    own = walk.to_own_m(xy, group, base)
    one_by_one = [walk.nearest_m(xy[k : k + 1], base[g : g + 1])[0] for k, g in enumerate(group)]
    assert own == pytest.approx(one_by_one)
    site, place = walk.pairs_within(base, xy, 300.0)
    within = {
        (g, k) for g in range(3) for k in np.flatnonzero(walk.nearest_m(xy, base[g : g + 1]) <= 300)
    }
    assert set(zip(site.tolist(), place.tolist(), strict=True)) == within


def shapely_line(rng: np.random.Generator) -> Any:
    import shapely

    # Long lines through the middle: every two of them cross.
    angle = rng.uniform(0, np.pi)
    step = 400 * np.array([np.cos(angle), np.sin(angle)])
    middle = rng.uniform(200, 300, 2)
    return shapely.LineString([middle - step, middle + step])


def test_a_network_walk_is_never_shorter_than_the_straight_line():
    rng = np.random.default_rng(3)
    net = StreetNetwork.of(objects([shapely_line(rng) for _ in range(9)]))
    xy = rng.uniform(0, 500, (200, 2))
    base = np.array([[250.0, 250.0]])
    walked = Walk(net, 1.0).nearest_m(xy, base)
    assert (walked >= np.hypot(*(xy - base).T) - 1e-6).all()


def test_the_loads_of_a_plan_reconcile_and_know_who_is_present():
    state = state_of(
        "a b X",
        houses=[(0.2, 0.5), (1.2, 0.5), (2.5, 0.5), None],
        residents=[10, 2, 5, 4],
        teams={"a": "lw", "b": "l"},
        events=[("2023-08-01", (1.1, 0.5)), ("2022-08-31", (1.1, 0.5)), ("2023-08-01", (9, 9))],
    )
    found = loads(state, ROUND)
    total = found.township.total_mmin
    assert total == sum(g.total_mmin for g in found.grids) + found.nowhere.total_mmin
    assert total == sum(a.total_mmin for a in found.communities) + found.nowhere.total_mmin
    assert all(g.total_mmin == sum(g.parts_mmin) for g in found.grids)
    assert found.township.residents == 21
    assert (found.nowhere.residents, found.nowhere.total_mmin) == (4, 34_000 + 5_000)
    a, x, b = (next(g for g in found.grids if g.code == c) for c in "aXb")
    # The event of a year and a day ago no longer counts.
    assert b.parts_mmin[found.parts.index("events")] == 5_000
    assert (a.posts, b.posts, x.per_post_min, x.deviation) == (2.0, 1.0, None, None)
    assert a.deviation is not None
    assert b.deviation == pytest.approx(-a.deviation)


def test_town_f_is_weighed_to_the_last_resident(town: Session):
    place = township(town)
    state = plan_state(town, place, plan_in_force(town, place.id), date(2023, 8, 31))
    found = loads(state, Weights())
    assert found.township.residents == 8003
    assert found.township.total_mmin == sum(g.total_mmin for g in found.grids)
    assert (len(found.grids), len(found.communities)) == (53, 9)
    residents = found.parts.index("residents")
    assert found.township.parts_mmin[residents] == 8003 * 3 * MMIN
    straight = workload_of(state, Weights(), by_street=False)
    walking = found.parts.index("walking")
    others = [k for k in range(len(found.parts)) if k != walking]
    assert (straight.house_mmin[:, others] == found.workload.house_mmin[:, others]).all()


def test_a_version_of_weights_never_changes(session: Session):
    township_id = create_township(session).area_id
    assert weights_of(session, township_id).version == "default"
    mine = Weights.of("2023", {"resident_min": 2.5, "matter_min": {"03": 20}})
    add_weights(session, township_id, mine)
    add_weights(session, township_id, mine)
    assert weights_of(session, township_id) == mine
    assert weights_of(session, township_id, "default") == Weights()
    with pytest.raises(Conflict):
        add_weights(session, township_id, Weights.of("2023", {"resident_min": 9}))
    with pytest.raises(Conflict):
        add_weights(session, township_id, Weights.of("default", {}))
    with pytest.raises(NotFound):
        weights_of(session, township_id, "2024")
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("UPDATE workload_weights SET version = 'x'"))


def test_the_minor_item_counts_before_the_major_one():
    weights = Weights.of("w", {"matter_min": {"03": 20, "0301": 5}})
    assert [weights.minutes_of(m, "03") for m in ("0301", "0302")] == [5, 20]
    assert weights.minutes_of("0401", "04") == 45


@pytest.mark.parametrize(
    "stored",
    [
        {"minutes": 3},
        {"resident_min": -1},
        {"resident_min": "3"},
        {"need_min": {"tall": 3}},
        {"event_months": 0},
        {"posts": 3},
    ],
)
def test_weights_that_are_none_are_refused(stored: dict[str, Any]):
    with pytest.raises(Invalid):
        Weights.of("bad", stored)
