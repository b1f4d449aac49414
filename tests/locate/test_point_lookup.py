"""Which grid is this in? Memory, PostGIS and Shapely agree to the last point."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, OutsideCoverage
from gisgrid.core.plans import plan_in_force, township
from gisgrid.db import tables as t
from gisgrid.locate.point_lookup import Snapshot, in_snapshot, in_store, take
from tests.support.factories import create_grid, create_plan, create_township
from tests.support.sketch import sketch, spot

DRAWING = """
    a a b b
    a c c b
    d c e e
    d d . e
"""


def town(session: Session, drawing: str = DRAWING, **settings: str) -> Snapshot:
    made = create_township(session, drawing, **settings)
    create_plan(session, made, drawing)
    place = township(session)
    return take(session, place, plan_in_force(session, place.id))


def test_both_roads_and_shapely_agree(session: Session):
    snapshot = town(session)
    polygons = sketch(DRAWING)
    rng = np.random.default_rng(5)
    places = [spot(c, r) for c, r in rng.uniform(-0.3, 4.3, (120, 2))]
    places += [tuple(p) for p in shapely.get_coordinates(list(polygons.values())).tolist()]
    for lon, lat in places:
        covering = [code for code, p in polygons.items() if p.covers(shapely.Point(lon, lat))]
        answers = []
        for ask in (
            lambda: in_snapshot(snapshot, lon, lat),  # noqa: B023 - called at once
            lambda: in_store(session, snapshot.place, snapshot.plan, lon, lat),  # noqa: B023
        ):
            try:
                answers.append(ask())
            except OutsideCoverage as exc:
                answers.append(exc)
        memory, store = answers
        if not covering:
            assert isinstance(memory, OutsideCoverage)
            assert isinstance(store, OutsideCoverage)
            assert memory.facts["nearest"] == store.facts["nearest"]
            assert memory.facts["distance_m"] == pytest.approx(store.facts["distance_m"], abs=0.2)
            continue
        assert memory.grid == store.grid
        assert memory.grid.code == min(covering)
        # The metric CRS has a scale of its own, up to 0.1 % off inside its zone.
        assert memory.border_m == pytest.approx(store.border_m, rel=2e-3, abs=0.01)
        assert [o.card.code for o in memory.others] == [o.card.code for o in store.others]


def test_near_a_border_the_other_candidate_is_named_with_its_distance(session: Session):
    snapshot = town(session, "a b")
    lon, lat = spot(0.9, 0.5)  # 8.4 m from the border at this latitude
    answer = in_snapshot(snapshot, lon, lat)
    assert answer.grid.code == "a"
    (other,) = answer.others
    assert other.card.code == "b"
    assert other.distance_m == pytest.approx(8.45, abs=0.05)
    assert in_snapshot(snapshot, *spot(0.5, 0.5)).others == ()


def test_outside_every_grid_the_nearest_is_named(session: Session):
    snapshot = town(session, "a b")
    with pytest.raises(OutsideCoverage) as caught:
        in_snapshot(snapshot, *spot(3, 0.5))
    assert caught.value.facts["nearest"] == "b"
    assert caught.value.facts["distance_m"] == pytest.approx(84.5, abs=0.5)


def test_in_overlay_mode_there_are_two_answers_for_one_place(session: Session):
    made = create_township(session, "a b", grid_rule="overlay")
    plan = create_plan(session, made, "a b")
    create_grid(session, plan, sketch("X .")["X"], code="X")
    place = township(session)
    info = plan_in_force(session, place.id)
    for answer in (
        in_snapshot(take(session, place, info), *spot(0.5, 0.5)),
        in_store(session, place, info, *spot(0.5, 0.5)),
    ):
        assert (answer.grid.code, answer.exclusive and answer.exclusive.code) == ("a", "X")
    assert in_snapshot(take(session, place, info), *spot(1.5, 0.5)).exclusive is None


def test_the_leader_is_that_of_the_day(session: Session):
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    for number, days in enumerate((("2022-09-01", "2023-03-01"), ("2023-03-01", None))):
        person = t.Staff(township_id=made.area_id, code=f"S{number}", name=f"测试长{number}")
        session.add(person)
        session.flush()
        span = Range(*(date.fromisoformat(day) if day else None for day in days))
        session.add(
            t.TeamMember(
                township_id=made.area_id,
                staff_id=person.id,
                grid_code="a",
                role="leader",
                during=span,
            )
        )
        session.flush()
    place = township(session)
    info = plan_in_force(session, place.id)
    assert take(session, place, info, day=date(2023, 2, 28)).cards["a"].leader == "测试长0"
    assert take(session, place, info, day=date(2023, 3, 1)).cards["a"].leader == "测试长1"
    assert take(session, place, info).cards["b"].leader is None


@pytest.mark.parametrize(
    ("lon", "lat", "says"),
    [(40.7, 120.9, "swapped"), (181, 0, "longitude lies"), (float("nan"), 1, "longitude lies")],
)
def test_what_is_no_place_is_refused(session: Session, lon: float, lat: float, says: str):
    snapshot = town(session, "a b")
    with pytest.raises(Invalid, match=says):
        in_snapshot(snapshot, lon, lat)
