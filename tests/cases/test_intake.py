"""A reported or moved event is attached at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.intake import move, report
from gisgrid.core.errors import Invalid, NotFound
from tests.support.factories import create_matter, create_plan, create_township
from tests.support.sketch import spot

NOON = datetime(2023, 5, 1, 4, tzinfo=UTC)


def test_a_reported_event_lands_in_its_grid_and_a_retry_adds_nothing(session: Session):
    township = create_township(session)
    create_plan(session, township, "a b")
    matter = create_matter(session, township)
    details = {"code": "E-1", "matter": matter.code, "reported_at": NOON}
    first = report(session, township.area_id, place=spot(0.5, 0.5), **details)
    assert (first.grid_code, first.reported_grid_code) == ("a", "a")
    again = report(session, township.area_id, place=spot(1.5, 0.5), **details)
    assert again == first
    assert session.scalar(text("SELECT count(*) FROM event")) == 1


def test_a_moved_event_changes_grid_and_keeps_where_it_was_reported(session: Session):
    township = create_township(session)
    create_plan(session, township, "a b")
    matter = create_matter(session, township)
    event = report(
        session,
        township.area_id,
        code="E",
        matter=matter.code,
        reported_at=NOON,
        place=spot(0.5, 0.5),
    )
    moved = move(session, event.event_id, spot(1.5, 0.5))
    assert (moved.grid_code, moved.reported_grid_code) == ("b", "a")
    places = session.scalars(
        text("SELECT old #>> '{geom,coordinates}' FROM history WHERE table_name = 'event'")
    ).all()
    assert any("120.9005" in (place or "") for place in places)


def test_an_event_without_a_place_waits_for_one(session: Session):
    township = create_township(session)
    create_plan(session, township, "a b")
    matter = create_matter(session, township)
    event = report(session, township.area_id, code="E", matter=matter.code, reported_at=NOON)
    assert event.grid_code is None
    assert move(session, event.event_id, spot(0.5, 0.5)).grid_code == "a"


@pytest.mark.parametrize("place", [(200.0, 40.0), (float("nan"), 40.0), (40.7, 120.9)])
def test_a_place_that_is_none_is_refused(session: Session, place: tuple[float, float]):
    township = create_township(session)
    matter = create_matter(session, township)
    with pytest.raises(Invalid, match="no longitude and latitude"):
        report(
            session, township.area_id, code="E", matter=matter.code, reported_at=NOON, place=place
        )


def test_a_major_matter_or_one_of_another_day_is_refused(session: Session):
    township = create_township(session)
    matter = create_matter(session, township)
    for code, day in (
        (matter.code.removesuffix(".1"), NOON),
        (matter.code, NOON.replace(year=2019)),
    ):
        with pytest.raises(Invalid, match="no minor item"):
            report(session, township.area_id, code="E", matter=code, reported_at=day)


def test_an_unknown_event_cannot_move(session: Session):
    with pytest.raises(NotFound):
        move(session, 404, spot(0, 0))
