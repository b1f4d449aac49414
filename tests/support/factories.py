"""Rows for tests, with sensible values for all that a test does not care about."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import shapely
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from gisgrid.core.codes import check_digit
from gisgrid.db import tables as t
from tests.support.sketch import sketch

STEM = "99990119540404204"
CITIZEN_ID = STEM + check_digit(STEM)
"""Of an invented person born on 4 April 1954."""

Row = TypeVar("Row", bound=t.Base)
_number = itertools.count(1)


def wkb(geometry: Any) -> str:
    """Text of a geometry as PostGIS takes it; polygons become multipolygons."""
    if geometry.geom_type == "Polygon":
        geometry = shapely.MultiPolygon([geometry])
    return str(shapely.to_wkt(shapely.set_srid(geometry, 0), rounding_precision=-1))


def at(lon: float, lat: float) -> str:
    return f"SRID=4326;POINT({lon!r} {lat!r})"


def ewkt(geometry: Any) -> str:
    return f"SRID=4326;{wkb(geometry)}"


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row


def create_area(session: Session, level: str, geometry: Any, **values: Any) -> t.Area:
    n = next(_number)
    row = {"code": f"A{n}", "name": f"区域{n}", **values}
    return _add(session, t.Area(level=level, geom=ewkt(geometry), **row))


def create_township(session: Session, drawing: str = "a b", **values: Any) -> t.Township:
    """A county, a township and one community over the hull of a drawing."""
    whole = shapely.union_all(list(sketch(drawing).values())).envelope
    county = create_area(session, "county", whole)
    area = create_area(session, "township", whole, parent_id=county.id)
    create_area(session, "community", whole, parent_id=area.id)
    return _add(session, t.Township(area_id=area.id, **{"metric_srid": 4549, **values}))


def community_of(session: Session, township: t.Township) -> t.Area:
    areas = session.query(t.Area).filter_by(parent_id=township.area_id)
    return areas.order_by(t.Area.id).limit(1).one()


def create_plan(
    session: Session, township: t.Township, drawing: str | None = "a b", **values: Any
) -> t.Plan:
    """A published plan whose grids are the letters of a drawing (capital letters: exclusive)."""
    row = {
        "name": f"方案{next(_number)}",
        "state": "published",
        "validity": Range(date(2022, 1, 1), None),
        **values,
    }
    plan = _add(session, t.Plan(township_id=township.area_id, **row))
    for letter, geometry in sketch(drawing).items() if drawing else ():
        create_grid(session, plan, geometry, code=letter)
    return plan


def create_grid(session: Session, plan: t.Plan, geometry: Any, **values: Any) -> t.Grid:
    code = values.pop("code", f"G{next(_number)}")
    township = session.get_one(t.Township, plan.township_id)
    row = {
        "name": f"网格{code}",
        "kind": "exclusive" if code.isupper() and len(code) == 1 else "basic",
        "community_id": community_of(session, township).id,
        **values,
    }
    return _add(session, t.Grid(plan_id=plan.id, code=code, geom=ewkt(geometry), **row))


def create_house(
    session: Session, township: t.Township, place: tuple[float, float] | None, **values: Any
) -> t.House:
    n = next(_number)
    row = {"code": f"H{n}", "address": f"虚构路{n}号", **values}
    return _add(
        session,
        t.House(
            township_id=township.area_id,
            geom=at(*place) if place else None,
            location_status="ok" if place else "unlocated",
            **row,
        ),
    )


def create_household(session: Session, house: t.House, **values: Any) -> t.Household:
    row = {"code": f"F{next(_number)}", **values}
    return _add(session, t.Household(township_id=house.township_id, house_id=house.id, **row))


def create_resident(session: Session, household: t.Household, **values: Any) -> t.Resident:
    n = next(_number)
    row = {"code": f"R{n}", "name": f"测试人{n}", **values}
    return _add(
        session,
        t.Resident(township_id=household.township_id, household_id=household.id, **row),
    )


def create_matter(session: Session, township: t.Township, **values: Any) -> t.Matter:
    n = next(_number)
    matters = (session.query(t.MatterList).filter_by(township_id=township.area_id).first()) or _add(
        session,
        t.MatterList(
            township_id=township.area_id, version="1", validity=Range(date(2020, 1, 1), None)
        ),
    )
    major = _add(session, t.Matter(list_id=matters.id, code=f"M{n}", name=f"大项{n}"))
    row = {"code": f"M{n}.1", "name": f"小项{n}", **values}
    return _add(session, t.Matter(list_id=matters.id, parent_id=major.id, **row))


def create_event(
    session: Session,
    township: t.Township,
    place: tuple[float, float] | None,
    matter: t.Matter | None = None,
    **values: Any,
) -> t.Event:
    n = next(_number)
    matter = matter or create_matter(session, township)
    row = {"code": f"E{n}", "reported_at": datetime(2023, 5, 1, 1, tzinfo=UTC), **values}
    return _add(
        session,
        t.Event(
            township_id=township.area_id,
            matter_id=matter.id,
            geom=at(*place) if place else None,
            location_status="ok" if place else "unlocated",
            **row,
        ),
    )


def create_staff(session: Session, township: t.Township, **values: Any) -> t.Staff:
    n = next(_number)
    row = {"code": f"S{n}", "name": f"测试员{n}", **values}
    return _add(session, t.Staff(township_id=township.area_id, **row))


def create_member(
    session: Session, township: t.Township, grid_code: str, role: str = "worker", **values: Any
) -> t.Staff:
    """A person of staff with a part in a grid's team; ``during`` is a pair of days."""
    during = values.pop("during", (date(2022, 1, 1), None))
    person = create_staff(session, township, **values)
    part = t.TeamMember(
        township_id=township.area_id, staff_id=person.id, grid_code=grid_code, role=role,
        during=Range(*during),
    )  # fmt: skip
    _add(session, part)
    return person


def create_street(
    session: Session, township: t.Township, line: list[tuple[float, float]], **values: Any
) -> t.Street:
    row = {"code": f"S{next(_number)}", "name": "虚构路", **values}
    shape = shapely.MultiLineString([line])
    return _add(session, t.Street(township_id=township.area_id, geom=ewkt(shape), **row))
