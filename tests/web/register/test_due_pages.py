"""Pages of what is owed: training, readers, records not verified, teams that lack people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import count

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.people.learning import documents
from gisgrid.people.learning.training import Course, record
from tests.support.accounts import appointed
from tests.support.web import app_over, fill_town

COMMUNITY = "999901001001"
Visitor = Callable[..., FlaskClient]


@pytest.fixture
def visitor(engine: Engine) -> Visitor:
    """A town where one leader of two has learned and read; gives clients by role."""
    with transaction(engine) as session:
        fill_town(session, columns=3, rows=3, houses=18, events=1)
        for line in _PEOPLE.split(";\n"):
            session.execute(text(line))
        place = township(session)
        record(
            session,
            place.id,
            Course("T1", "消防", date(2026, 1, 5), 6.5),
            ["S2"],
            day=date(2026, 1, 5),
        )
        documents.issue(
            session, place.id, "D1", file_name="a.txt", content="亮身份".encode(), title="手册",
            day=date(2026, 1, 5), who="test",
        )  # fmt: skip
        documents.mark_read(session, place.id, "D1", "S2")

    number = count()

    def come(role: str, area: str | None = None) -> FlaskClient:
        with transaction(engine) as session:
            account = appointed(session, role, area, name=f"visitor-{next(number)}")
        return app_over(engine, account=account).test_client()

    return come


def test_training_is_listed_with_names_hours_and_end(visitor: Visitor):
    page = visitor("township_government").get("/training?lang=en").text
    assert "样本二" in page and "测试网格长" in page
    assert "6.5" in page and "without end" in page and "✗ no" in page


def test_a_community_sees_its_own_staff_only(visitor: Visitor):
    clerk = visitor("community_clerk", COMMUNITY)
    page = clerk.get("/training").text
    assert "样本二" in page
    other = visitor("community_clerk", "999901001002")
    assert "样本二" not in other.get("/training").text
    assert "样本二" in clerk.get("/document-readers/D1").text
    assert "样本二" not in other.get("/document-readers/D1").text


def test_who_has_read_and_who_has_not(visitor: Visitor):
    page = visitor("township_government").get("/document-readers/D1?lang=en").text
    assert "not read" in page and "read on" in page
    assert page.index("not read") < page.index("read on"), "those who are still to read come first"
    assert visitor("planner").get("/document-readers/nothing").status_code in (403, 404)


def test_records_not_verified_are_those_of_ones_ground(visitor: Visitor, engine: Engine):
    clerk = visitor("community_clerk", COMMUNITY)
    page = clerk.get("/stale?lang=en").text
    with transaction(engine) as session:
        mine, others = (
            set(session.scalars(text(_ADDRESSES + condition), {"c": COMMUNITY}))
            for condition in ("= :c", "<> :c")
        )
    assert mine and others
    assert all(address in page for address in mine)
    assert not any(f"{address} " in page for address in others)
    assert "never" in page
    rows = re.findall(r'data-head="登记">(\S+)', clerk.get("/stale?lang=zh").text)
    assert set(rows) == {"住户", "居民"}
    for word in ("住户", "居民"):
        found = re.findall(r'data-head="登记">(\S+)', clerk.get(f"/stale?lang=zh&q={word}").text)
        assert found == [row for row in rows if row == word]
    assert "<tr><td" not in clerk.get("/stale?lang=zh&q=resident").text
    whole = visitor("township_government").get("/stale").text
    assert all(address in whole for address in mine | others)


def test_grids_that_lack_people_are_named(visitor: Visitor):
    page = visitor("planner").get("/shortage?lang=en").text
    assert "999901001002001" in page
    assert visitor("community_clerk", COMMUNITY).get("/shortage").status_code == 403


@pytest.mark.thorough
def test_the_place_of_a_person_leads_there_by_right(visitor: Visitor):
    clerk = visitor("community_clerk", COMMUNITY).get("/me").text
    assert '"/training"' in clerk and '"/stale"' in clerk and '"/shortage"' not in clerk
    assert '"/shortage"' in visitor("planner").get("/me").text
    resident = visitor("resident", COMMUNITY).get("/me").text
    assert '"/training"' not in resident and '"/stale"' not in resident


_PEOPLE = """
INSERT INTO staff (township_id, code, name) SELECT area_id, 'S2', '样本二' FROM township;
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
SELECT township_id, id, '999901001001001', 'worker', daterange('2022-01-01', NULL) FROM staff WHERE code = 'S2'
"""
_ADDRESSES = """
SELECT h.address FROM house h JOIN house_grid o ON o.house_id = h.id JOIN grid g ON g.id = o.grid_id
JOIN area c ON c.id = g.community_id WHERE c.code """
