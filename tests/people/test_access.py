"""Accounts, appointments and the ground they give rights over."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.core.roles import ROLES
from gisgrid.core.scope import scope
from gisgrid.db.tables.access import ROLES as KNOWN
from gisgrid.people.accounts import account_named, add_account, set_active
from gisgrid.people.appointments import appoint, appointments, end_appointment, rights
from tests.support.factories import create_plan, create_township

TODAY = date.today()  # noqa: DTZ011 - appointments of the tests are open on both sides of it
LONG_AGO = TODAY - timedelta(days=400)


@pytest.fixture
def place(session: Session) -> dict[str, str]:
    """Codes of an area per level, and a grid's."""
    township = create_township(session)
    create_plan(session, township, "a b")
    rows = session.execute(text("SELECT level, code FROM area")).all()
    return {row.level: row.code for row in rows} | {"grid": "a"}


def acting(session: Session, name: str) -> None:
    account = account_named(session, name)
    session.execute(
        text("SELECT set_config('gisgrid.account', :id, true)"), {"id": str(account.id)}
    )


def test_every_role_is_known_alike_and_every_right_of_a_role_is_described(session: Session):
    assert tuple(ROLES) == KNOWN
    given = set(session.scalars(text("SELECT DISTINCT right_name FROM role_right")))
    assert given == set(RIGHT_WORDS)


def test_a_name_is_taken_once_however_it_is_written(session: Session):
    add_account(session, "Wang", "测试王")
    with pytest.raises(Conflict):
        add_account(session, "ｗａｎｇ", "测试王二")
    with pytest.raises(Invalid):
        add_account(session, "a b", "测试")


def test_a_new_account_has_no_password_and_no_right(session: Session, place: dict[str, str]):
    account = add_account(session, "wang", "测试王")
    assert not account.has_password
    assert rights(session, account.id) == []


def test_an_appointment_gives_the_rights_of_its_role_over_its_ground(
    session: Session, place: dict[str, str]
):
    account = add_account(session, "wang", "测试王")
    appoint(session, "wang", "community_clerk", area=place["community"], since=LONG_AGO)
    assert {r.right for r in rights(session, account.id)} == {
        "see_houses", "see_counts", "see_events", "handle_events", "see_contacts",
        "see_register", "unmask", "see_visits", "export", "keep_register", "check_register",
        "supplement_matters",
    }  # fmt: skip
    acting(session, "wang")
    held = scope(session, "see_register")
    assert len(held.communities) == 1
    assert len(held.grids) == 2
    assert not held.townships
    assert not scope(session, "plan")


@pytest.mark.parametrize(
    ("role", "level", "townships", "communities", "grids"),
    [
        ("county_reviewer", "county", 1, 1, 2),
        ("township_government", "township", 1, 1, 2),
        ("section_cadre", "community", 0, 1, 2),
        ("grid_worker", "grid", 0, 0, 1),
    ],
)
def test_a_right_holds_for_what_lies_below(
    session: Session,
    place: dict[str, str],
    *,
    role: str,
    level: str,
    townships: int,
    communities: int,
    grids: int,
):
    add_account(session, "wang", "测试王")
    at = {"area": place["township"], "grid": "a"} if level == "grid" else {"area": place[level]}
    appoint(session, "wang", role, since=LONG_AGO, **at)
    acting(session, "wang")
    held = scope(session, "see_counts")
    found = (len(held.townships), len(held.communities), len(held.grids))
    assert found == (townships, communities, grids)


def test_without_an_account_there_is_no_scope(session: Session, place: dict[str, str]):
    assert not scope(session, "see_events")


def test_days_before_and_after_an_appointment_give_nothing(session: Session, place: dict[str, str]):
    account = add_account(session, "wang", "测试王")
    tomorrow = TODAY + timedelta(days=2)
    appoint(session, "wang", "planner", area=place["township"], since=tomorrow)
    appoint(
        session, "wang", "dispatcher", area=place["township"], since=LONG_AGO,
        until=TODAY - timedelta(days=2),
    )  # fmt: skip
    acting(session, "wang")
    assert rights(session, account.id) == []
    assert not scope(session, "see_events")
    assert not scope(session, "plan")


def test_a_disabled_account_has_no_right_and_its_sessions_end(
    session: Session, place: dict[str, str]
):
    account = add_account(session, "wang", "测试王")
    appoint(session, "wang", "planner", area=place["township"], since=LONG_AGO)
    acting(session, "wang")
    before = session.scalar(text("SELECT fs_uniquifier FROM account"))
    assert scope(session, "plan")
    set_active(session, "wang", active=False)
    assert not scope(session, "plan")
    assert rights(session, account.id) == []
    assert session.scalar(text("SELECT fs_uniquifier FROM account")) != before


def test_the_rights_of_a_role_are_rows(session: Session, place: dict[str, str]):
    add_account(session, "wang", "测试王")
    appoint(session, "wang", "planner", area=place["township"], since=LONG_AGO)
    session.execute(text("INSERT INTO role_right VALUES ('planner', 'see_events')"))
    acting(session, "wang")
    assert scope(session, "see_events").townships


@pytest.mark.parametrize(
    ("what", "error", "said"),
    [
        ({"role": "king"}, Invalid, "no role"),
        ({"area": "nowhere"}, NotFound, "tree has no area"),
        ({"area": None}, Invalid, "not of everywhere"),
        ({"role": "grid_leader"}, Invalid, "not of township"),
        ({"role": "grid_leader", "grid": "z"}, NotFound, "no plan"),
        ({"role": "grid_leader", "area": None, "grid": "a"}, Invalid, "needs its township"),
        ({"until": LONG_AGO}, Invalid, "no day"),
        ({"account": "nobody"}, NotFound, "no account"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    session: Session, place: dict[str, str], *, what: dict[str, str], error: type, said: str
):
    add_account(session, "wang", "测试王")
    values = {"account": "wang", "role": "planner", "area": place["township"], "since": LONG_AGO}
    with pytest.raises(error, match=f"(?i){said}"):
        appoint(session, **{**values, **what})
    assert appointments(session) == []


def test_two_leaders_on_a_day_are_refused_by_name_and_by_constraint(
    session: Session, place: dict[str, str]
):
    for name in ("wang", "li"):
        add_account(session, name, f"测试{name}")
    first = appoint(
        session, "wang", "grid_leader", area=place["township"], grid="a", since=LONG_AGO
    )
    with pytest.raises(Conflict, match=f"appointment {first.id}"):
        appoint(session, "li", "grid_leader", area=place["township"], grid="a", since=TODAY)
    end_appointment(session, first.id, TODAY)
    appoint(session, "li", "grid_leader", area=place["township"], grid="a", since=TODAY)
    with pytest.raises(DBAPIError) as caught:
        session.execute(
            text(
                "INSERT INTO appointment (account_id, role, area_id, grid_code, during) "
                "SELECT account_id, role, area_id, grid_code, daterange(:day, NULL) "
                "FROM appointment WHERE upper(during) IS NOT NULL"
            ),
            {"day": TODAY},
        )
    assert caught.value.orig.sqlstate == "23P01"


def test_a_transfer_ends_the_old_right_on_the_day(session: Session, place: dict[str, str]):
    add_account(session, "wang", "测试王")
    old = appoint(session, "wang", "grid_worker", area=place["township"], grid="a", since=LONG_AGO)
    # Beyond today in every time zone.
    end_appointment(session, old.id, TODAY - timedelta(days=1))
    appoint(session, "wang", "grid_worker", area=place["township"], grid="b", since=LONG_AGO)
    acting(session, "wang")
    (grid,) = scope(session, "see_register").grids
    assert session.scalar(text("SELECT code FROM grid WHERE id = :id"), {"id": grid}) == "b"
    assert [a.grid_code for a in appointments(session, "wang")] == ["a", "b"]


def test_an_appointment_that_never_held_is_gone(session: Session, place: dict[str, str]):
    add_account(session, "wang", "测试王")
    new = appoint(session, "wang", "planner", area=place["township"], since=TODAY)
    assert end_appointment(session, new.id, TODAY) is None
    assert appointments(session) == []
