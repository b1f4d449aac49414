"""Where people work: five levels each with a place, and registers masked, opened, and refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.core.roles import ROLES
from gisgrid.db.store import transaction
from gisgrid.people.appointments import appoint
from tests.support.accounts import LONG_AGO, appointed
from tests.support.web import Town, app_over, fill_town

GRID = "999901001001001"
NAME, CARD, PHONE = "测试金丝雀", "999901197001011234", "19912345678"


def town_of_one_known(session: Session) -> Town:
    """House 1 lies in the first grid, and one person of a full record lives there."""
    town = fill_town(session, columns=3, rows=3, houses=30, events=9)
    for statement in (
        f"UPDATE house_grid SET grid_id = (SELECT id FROM grid WHERE code = '{GRID}') "
        "WHERE house_id = 1",
        "UPDATE house_grid SET grid_id = (SELECT max(id) FROM grid) WHERE house_id = 2",
        f"UPDATE resident SET name = '{NAME}', citizen_id = '{CARD}', phone = '{PHONE}', "
        "birth_date = '1970-01-01', sex = 'f' WHERE id = (SELECT min(r.id) FROM resident r "
        "JOIN household f ON f.id = r.household_id WHERE f.house_id = 1)",
    ):
        session.execute(text(statement))
    return town


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return town_of_one_known


@pytest.fixture
def town(made: Town) -> Town:
    return made


def client_of(engine: Engine, role: str, area: str | None = None, **where: Any) -> FlaskClient:
    with transaction(engine) as session:
        account = appointed(session, role, area, **where)
    return app_over(engine, account=account).test_client()


def open_it(client: FlaskClient, purpose: str, house: int = 1) -> Any:
    path = f"/register/house/{house}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/me").text)[1]
    return client.post(path, data={"csrf_token": token, "purpose": purpose})


def test_each_of_the_five_levels_has_a_place_with_those_above_and_below(engine: Engine, town: Town):
    seats = {
        "township_government": {},
        "section_cadre": {"area": "999901001001"},
        "community_clerk": {"area": "999901001001"},
        "grid_leader": {"grid": GRID},
        "resident": {"grid": GRID},
    }
    with transaction(engine) as session:
        people = {
            role: appointed(session, role, name=role, **where) for role, where in seats.items()
        }
        appointed(session, "section_cadre", "999901001002", name="elsewhere")
        session.execute(text("UPDATE account SET display_name = name"))
    pages = {
        role: app_over(engine, account=account).test_client().get("/me").text
        for role, account in people.items()
    }
    for role, page in pages.items():
        shown = set(re.findall(r"<strong>([^<]+)</strong>", page))
        assert set(seats) - {role, "resident"} <= shown, role
        assert ("elsewhere" in shown) == (role == "township_government"), role
    assert "镇" in pages["township_government"] and "9 个网格户档" in pages["township_government"]
    assert f"/register/grid/{GRID}" in pages["grid_leader"]
    assert "/register/grid/" not in pages["resident"]
    assert "测试网格长" in pages["grid_leader"], "the team"


def test_each_right_has_words_in_both_languages(engine: Engine, town: Town):
    """One who holds every role that is given in a township or below, and the reviewer of the county."""
    with transaction(engine) as session:
        rights = set(session.scalars(text("SELECT DISTINCT right_name FROM role_right")))
        account = appointed(session, "county_reviewer", "999901", name="everything")
        for role in ROLES.keys() - {"county_reviewer"}:
            level = ROLES[role].levels[-1]
            area = "999901001001" if level == "community" else "999901001"
            grid = GRID if level == "grid" else None
            appoint(session, "everything", role, area=area, grid=grid, since=LONG_AGO)
    client = app_over(engine, account=account).test_client()
    said = {}
    for language in ("zh", "en"):
        lists = re.findall(r'<ul class="tags">(.*?)</ul>', client.get(f"/me?lang={language}").text)
        said[language] = {word for each in lists for word in re.findall("<li>(.*?)</li>", each)}
        assert len(said[language]) == len(rights) == len(RIGHT_WORDS)
        assert not [word for word in said[language] if "_" in word]
    assert {"keeping the list of matters", "drawing plans"} <= said["en"]
    assert {"维护事项清单", "本社区对事项的补充规定", "绘制方案"} <= said["zh"]
    assert not said["zh"] & said["en"]


def test_who_has_no_appointment_has_a_place_that_says_so(engine: Engine, town: Town):
    from gisgrid.people.accounts import add_account

    with transaction(engine) as session:
        account = add_account(session, "newcomer", "测试新人").id
    page = app_over(engine, account=account).test_client().get("/me")
    assert page.status_code == 200
    assert "没有任职" in page.text


def test_a_register_is_shown_masked(engine: Engine, town: Town):
    page = client_of(engine, "grid_worker", grid=GRID).get("/register/house/1")
    assert page.status_code == 200
    for secret in (NAME, CARD, PHONE, "1970-01-01"):
        assert secret not in page.text
    for masked in ("测*", "999901********1234", "199****5678", "1970"):
        assert masked in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


def test_a_register_is_opened_for_a_declared_purpose_and_the_audit_says_so(
    engine: Engine, town: Town
):
    client = client_of(engine, "grid_worker", grid=GRID, name="worker")
    page = open_it(client, "verify")
    assert page.status_code == 200
    for secret in (NAME, CARD, PHONE, "1970-01-01", "女"):
        assert secret in page.text
    assert "户档核实" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    with transaction(engine) as session:
        (entry,) = session.execute(
            text(
                "SELECT account_name, action, subject, row_ids, purpose, origin FROM audit_entry "
                "WHERE action = 'unmask'"
            )
        ).all()
    assert (entry.account_name, entry.action, entry.subject) == ("worker", "unmask", "resident")
    assert (entry.purpose, entry.origin, len(entry.row_ids)) == ("verify", "127.0.0.1", 2)


@pytest.mark.parametrize("purpose", ["", "curiosity", "x' OR 1=1 --"])
def test_without_a_declared_purpose_nothing_is_opened(engine: Engine, town: Town, purpose: str):
    client = client_of(engine, "grid_worker", grid=GRID)
    page = open_it(client, purpose)
    assert page.status_code == 403
    assert NAME not in page.text and CARD not in page.text
    with transaction(engine) as session:
        opened = session.scalar(text("SELECT count(*) FROM audit_entry WHERE action = 'unmask'"))
        assert opened == 0


@pytest.mark.parametrize(
    ("role", "status"), [("section_cadre", 200), ("planner", 403), ("resident", 403)]
)
def test_only_who_may_open_is_offered_it(engine: Engine, town: Town, role: str, status: int):
    area = None if role == "planner" else "999901001001"
    client = client_of(engine, role, area)
    page = client.get("/register/house/1")
    assert page.status_code == status
    assert "purpose" not in page.text
    assert open_it(client, "verify").status_code == 403


def test_a_neighbours_house_is_refused_by_every_way(engine: Engine, town: Town):
    client = client_of(engine, "community_clerk", "999901001001")
    assert client.get("/register/house/2").status_code == 403
    assert open_it(client, "verify", 2).status_code == 403
    other = client.get("/register/grid/999901001009001")
    assert other.status_code == 403 and "/register/house/" not in other.text
    assert client.get("/api/v1/plans/1/houses/2").status_code == 404
    assert "/register/house/1" in client.get(f"/register/grid/{GRID}").text
    assert client.get("/register/house/99999").status_code == 404
    assert client.get("/register/grid/none").status_code == 404


def test_text_of_a_register_stays_text(engine: Engine, town: Town):
    bad = "<img src=x onerror=alert(1)>"
    with transaction(engine) as session:
        for table, column in (("house", "address"), ("household", "room"), ("resident", "name")):
            session.execute(text(f"UPDATE {table} SET {column} = :bad"), {"bad": bad})
        session.execute(text("UPDATE account SET display_name = :bad"), {"bad": bad})
        session.execute(text("UPDATE grid SET name = :bad"), {"bad": bad})
    client = client_of(engine, "grid_worker", grid=GRID)
    with transaction(engine) as session:
        session.execute(text("UPDATE account SET display_name = :bad"), {"bad": bad})
    pages = [client.get(p).text for p in ("/me", f"/register/grid/{GRID}", "/register/house/1")]
    pages.append(open_it(client, "verify").text)
    for page in pages:
        assert "<img" not in page
        assert "&lt;img" in page


def test_the_leaders_telephone_is_told_for_a_purpose_to_who_may_see_it(engine: Engine, town: Town):
    path = f"/api/v1/grids/{GRID}/leader"
    mine = client_of(engine, "grid_worker", grid=GRID, name="worker")
    answer = mine.get(path, query_string={"purpose": "contact"})
    assert answer.get_json() == {
        "grid_code": GRID, "name": "测试网格长", "phone": "13900000000",
        "township": {"code": "999901001", "name": "虚构镇", "name_en": "Invented Town"},
    }, answer.text  # fmt: skip
    assert answer.headers["Cache-Control"] == "private, no-store"
    with transaction(engine) as session:
        entries = session.execute(
            text("SELECT account_name, subject, purpose FROM audit_entry WHERE action = 'unmask'")
        ).all()
    assert entries == [("worker", "staff", "contact")]
    refused = {
        "no purpose": (mine.get(path), 422),
        "none of the declared": (mine.get(path, query_string={"purpose": "curiosity"}), 403),
        "no such grid": (
            mine.get("/api/v1/grids/none/leader", query_string={"purpose": "contact"}), 404,
        ),
        "the public": (
            app_over(engine).test_client().get(path, query_string={"purpose": "contact"}), 401,
        ),
    }  # fmt: skip
    for case, (given, status) in refused.items():
        assert (given.status_code, "13900000000" in given.text) == (status, False), case
