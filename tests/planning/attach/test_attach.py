"""Attach: one owner per point, totals that reconcile, the same answer as Shapely."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound, StalePlan
from gisgrid.core.plans import plan_in_force
from gisgrid.planning.attach.attach import Counts, attach, attach_rows
from gisgrid.planning.overview import summary
from gisgrid.planning.review.publish import publish
from tests.support.factories import (
    at,
    create_event,
    create_grid,
    create_house,
    create_household,
    create_plan,
    create_resident,
    create_township,
)
from tests.support.sketch import sketch, spot


def grid_codes(session: Session, plan_id: int, column: str = "grid_id") -> dict[str, str | None]:
    rows = session.execute(
        text(
            f"SELECT h.code, g.code FROM house_grid a JOIN house h ON h.id = a.house_id "
            f"LEFT JOIN grid g ON g.id = a.{column} WHERE a.plan_id = :p"
        ),
        {"p": plan_id},
    )
    return dict(rows.all())


def test_inside_outside_and_unlocated_add_up(session: Session):
    township = create_township(session, "a b .")
    plan = create_plan(session, township, "a b")
    create_house(session, township, spot(0.5, 0.5), code="in a")
    create_house(session, township, spot(1.5, 0.5), code="in b")
    create_house(session, township, spot(2.5, 0.5), code="outside")
    create_house(session, township, None, code="nowhere")
    counts = attach(session, plan.id, "house")
    assert counts == Counts(attached=2, outside=1, unlocated=1, near_border=0)
    assert counts.loaded == 4
    assert grid_codes(session, plan.id) == {"in a": "a", "in b": "b", "outside": None}


def test_a_point_on_a_shared_border_belongs_to_the_lowest_code(session: Session):
    township = create_township(session, "b a")
    plan = create_plan(session, township, "b a")
    border = shapely.intersection(*sketch("b a").values()).coords[0][0]
    create_house(session, township, (border, spot(0, 0.5)[1]), code="edge")
    create_house(session, township, (border, spot(0, 0)[1]), code="corner")
    counts = attach(session, plan.id, "house")
    assert grid_codes(session, plan.id) == {"edge": "a", "corner": "a"}
    assert counts.near_border == 2


def test_near_a_border_is_measured_in_metres(session: Session):
    township = create_township(session)
    plan = create_plan(session, township, "a b")
    metre = 1 / 84_500  # degrees of longitude at 40.7 north, about
    border, south = spot(1, 0.5)
    create_house(session, township, (border - 4 * metre, south), code="4 m")
    create_house(session, township, (border + 6 * metre, south), code="6 m")
    attach(session, plan.id, "house")
    near = dict(
        session.execute(
            text("SELECT h.code, border_m FROM house_grid JOIN house h ON h.id = house_id")
        ).all()
    )
    assert near["6 m"] is None
    assert abs(near["4 m"] - 4) < 0.05


def test_some_rows_get_the_same_answer_as_all(session: Session):
    township = create_township(session, "a b .")
    plan = create_plan(session, township, "a b")
    places = [spot(0.5, 0.5), spot(1, 0.5), spot(1.00004, 0.5), spot(2.00001, 0.5), spot(9, 9)]
    ids = [create_house(session, township, place).id for place in places]
    attach(session, plan.id, "house")
    query = text("SELECT house_id, grid_id, round(border_m::numeric, 3) FROM house_grid ORDER BY 1")
    by_all = session.execute(query).all()
    session.execute(text("DELETE FROM house_grid"))
    attach_rows(session, plan.id, "house", ids)
    assert session.execute(query).all() == by_all
    assert [row[2] is not None for row in by_all] == [False, True, True, True, False]


def test_an_exclusive_grid_lies_over_the_basic_one_in_overlay_mode(session: Session):
    township = create_township(session, "a b", grid_rule="overlay")
    plan = create_plan(session, township, "a b")
    create_grid(session, plan, sketch("b . \n . .")["b"], code="X", kind="exclusive")
    create_house(session, township, spot(0.5, 0.5), code="h")
    attach(session, plan.id, "house")
    assert grid_codes(session, plan.id) == {"h": "a"}
    assert grid_codes(session, plan.id, "exclusive_grid_id") == {"h": None}
    session.execute(
        text("UPDATE grid SET geom = (SELECT geom FROM grid WHERE code = 'a') WHERE code = 'X'")
    )
    attach(session, plan.id, "house")
    assert grid_codes(session, plan.id) == {"h": "a"}
    assert grid_codes(session, plan.id, "exclusive_grid_id") == {"h": "X"}


def test_attaching_again_changes_nothing_and_a_moved_event_keeps_its_history(session: Session):
    township = create_township(session)
    plan = create_plan(session, township, "a b")
    event = create_event(session, township, spot(0.5, 0.5))
    first = attach(session, plan.id, "event")
    assert attach(session, plan.id, "event") == first
    assert session.scalar(text("SELECT grid_code FROM event")) == "a"
    event.geom = at(*spot(1.5, 0.5))
    session.flush()
    attach_rows(session, plan.id, "event", [event.id])
    assert (
        session.scalar(text("SELECT g.code FROM event_grid JOIN grid g ON g.id = grid_id")) == "b"
    )
    assert session.scalar(text("SELECT grid_code FROM event")) == "a"
    history = session.scalars(
        text("SELECT table_name FROM history WHERE row_id = :e ORDER BY id"), {"e": event.id}
    ).all()
    assert history == ["event", "event_grid"]


def test_the_grid_at_report_time_cannot_be_changed(session: Session):
    township = create_township(session)
    plan = create_plan(session, township, "a b")
    create_event(session, township, spot(0.5, 0.5))
    attach(session, plan.id, "event")
    with pytest.raises(IntegrityError, match="kept for ever"):
        session.execute(text("UPDATE event SET grid_code = 'b'"))


def test_an_event_that_loses_its_place_loses_its_grid(session: Session):
    township = create_township(session)
    plan = create_plan(session, township, "a b")
    event = create_event(session, township, spot(0.5, 0.5))
    attach(session, plan.id, "event")
    event.geom, event.location_status = None, "placeholder"
    session.flush()
    assert attach(session, plan.id, "event").unlocated == 1
    assert session.scalar(text("SELECT count(*) FROM event_grid")) == 0


def test_random_points_get_what_shapely_says(session: Session):
    drawing = """
        a a b b
        a c c b
        d c e e
        d d . e
    """
    township = create_township(session, drawing)
    plan = create_plan(session, township, drawing)
    polygons = sketch(drawing)
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(-0.5, 4.5, (2, 400)) * 0.001 + np.array([[120.9], [40.7]])
    corners = shapely.get_coordinates(list(polygons.values()))
    lon, lat = np.append(lon, corners[:, 0]), np.append(lat, corners[:, 1])
    for i, place in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
        create_house(session, township, place, code=str(i))
    attach(session, plan.id, "house")
    covers = np.array([shapely.covers(p, shapely.points(lon, lat)) for p in polygons.values()])
    lowest = np.where(covers.any(0), covers.argmax(0), -1)
    expected = {str(i): [*polygons, None][k] for i, k in enumerate(lowest.tolist())}
    assert grid_codes(session, plan.id) == expected


def test_the_summary_counts_everybody_once(session: Session):
    township = create_township(session, "a b .")
    plan = create_plan(session, township, "a b")
    for place in (spot(0.5, 0.5), spot(1.5, 0.5), spot(2.5, 0.5), None):
        household = create_household(session, create_house(session, township, place))
        create_resident(session, household)
        create_resident(session, household)
    create_event(session, township, spot(2.5, 0.5))
    attach(session, plan.id, "house")
    attach(session, plan.id, "event")
    rows, total = summary.by_community(session, plan.id)
    assert (total.houses, total.households, total.residents, total.events) == (4, 4, 8, 1)
    assert (total.uncovered_houses, total.uncovered_residents) == (2, 4)
    grids = summary.by_grid(session, plan.id)
    assert sum(g.residents for g in grids) + total.uncovered_residents == 8
    nowhere = rows[-1]
    assert (nowhere.code, nowhere.houses) == (None, 2)


def test_publishing_retires_the_old_plan_and_attaches_to_the_new(session: Session):
    township = create_township(session)
    old = create_plan(session, township, "a b")
    create_house(session, township, spot(0.5, 0.5), code="h")
    attach(session, old.id, "house")
    new = create_plan(session, township, "b b", state="draft", validity=None, based_on_id=old.id)
    result = publish(session, new.id, date(2023, 1, 1))
    assert result["houses"].attached == 1
    assert plan_in_force(session, township.area_id).id == new.id
    assert plan_in_force(session, township.area_id, date(2022, 12, 31)).id == old.id
    assert grid_codes(session, new.id) == {"h": "b"}
    assert grid_codes(session, old.id) == {"h": "a"}


def test_a_plan_drawn_from_a_retired_one_is_stale(session: Session):
    township = create_township(session)
    old = create_plan(session, township, "a b")
    drafts = [
        create_plan(session, township, "a b", state="draft", validity=None, based_on_id=old.id)
        for _ in range(2)
    ]
    publish(session, drafts[0].id, date(2023, 1, 1))
    with pytest.raises(StalePlan) as caught:
        publish(session, drafts[1].id, date(2024, 1, 1))
    assert caught.value.facts["published_plan_id"] == drafts[0].id


def test_a_day_before_the_first_plan_says_from_when_there_is_one(session: Session):
    township = create_township(session)
    create_plan(session, township)
    with pytest.raises(NotFound) as caught:
        plan_in_force(session, township.area_id, date(2000, 1, 1))
    assert caught.value.facts["from"] == "2022-01-01"
