"""Teams in the browser: one leader a day, handed over for good or for a while; posts of accounts follow."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.people.accounts import add_account, staff_named
from gisgrid.people.appointments import appoint
from tests.support.accounts import LONG_AGO, appointed
from tests.support.office import TOWN, Keeper, staffed_town

GRID = "999901001001001"
TEAMS = "/office/teams"
DAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


def in_days(n: int) -> str:
    return str(DAY + timedelta(days=n))


def town_with_staff(session: Session) -> dict[str, int]:
    made = staffed_town(session)
    for code, name in (("S2", "测试接班"), ("S3", "测试网格员")):
        session.execute(
            text(
                "INSERT INTO staff (township_id, code, name, phone) SELECT area_id, :c, :n, '13900000001' FROM township"
            ),
            {"c": code, "n": name},
        )
    for code in ("S1", "S2"):
        add_account(session, code, f"测试{code}", staff_id=staff_named(session, None, code))
    appoint(session, "s1", "grid_leader", area=TOWN, grid=GRID, since=LONG_AGO)
    made["government"] = (
        session.scalar(text("SELECT id FROM account WHERE name = 'government'")) or 0
    )
    return made


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return town_with_staff


@pytest.fixture
def office(engine: Engine, made: dict[str, int]) -> Keeper:
    """An administrator of the town, who may load and appoint there."""
    return Keeper(engine, made["office"])


@pytest.fixture
def government(engine: Engine, made: dict[str, int]) -> Keeper:
    return Keeper(engine, made["government"])


def parts(office: Keeper) -> list[tuple[str, str, str]]:
    """Who leads the grid, from when, until when, by day."""
    with transaction(office.engine) as session:
        rows = session.execute(
            text(
                "SELECT s.code, lower(m.during)::text, coalesce(upper(m.during)::text, '') FROM team_member m "
                "JOIN staff s ON s.id = m.staff_id WHERE m.grid_code = :g AND m.role = 'leader' ORDER BY 2"
            ),
            {"g": GRID},
        ).all()
    return [(row[0], row[1], row[2]) for row in rows]


def posts(office: Keeper) -> list[tuple[str, str, str]]:
    with transaction(office.engine) as session:
        rows = session.execute(
            text(
                "SELECT k.name, lower(m.during)::text, coalesce(upper(m.during)::text, '') FROM appointment m "
                "JOIN account k ON k.id = m.account_id WHERE m.grid_code = :g ORDER BY 2"
            ),
            {"g": GRID},
        ).all()
    return [(row[0], row[1], row[2]) for row in rows]


def test_every_grid_stands_there_with_its_team_and_names_by_right(
    office: Keeper, government: Keeper
):
    page = government.get(TEAMS).text
    assert page.count("data-grid=") == 9 and "测试网格长" in page
    assert re.findall(r'data-count="(\w+)"[^>]*><strong>(\d+)', page) == [
        ("grids", "9"), ("leaderless", "0"), ("away", "0"),
    ]  # fmt: skip
    one = office.get(f"{TEAMS}/{GRID}").text
    assert "测试S2 (S2)" in one and "测试接班" not in one, (
        "of staff an administrator knows the account's name alone"
    )
    assert "13900000001" not in one + government.get(f"{TEAMS}/{GRID}").text


def test_a_grid_is_handed_over_from_a_day_and_the_accounts_post_follows(office: Keeper):
    answer = office.post(f"{TEAMS}/lead", grid=GRID, leader="S2", since=in_days(3))
    assert answer.status_code == 303
    assert parts(office) == [("S1", "2022-01-01", in_days(3)), ("S2", in_days(3), "")]
    assert posts(office) == [("s1", "2020-01-01", in_days(3)), ("s2", in_days(3), "")]
    page = office.get(f"{TEAMS}/{GRID}").text
    assert "The grid is handed over." in page and "to come" in page
    twice = office.post(f"{TEAMS}/lead", grid=GRID, leader="S2", since=in_days(5))
    assert twice.status_code == 409
    assert f"S2 leads grid {GRID} from {in_days(3)} on already." in twice.text


def test_who_stands_in_leads_for_a_while_and_the_leader_comes_back(office: Keeper):
    office.post(f"{TEAMS}/lead", grid=GRID, leader="S2", since=in_days(0), until=in_days(7))
    assert parts(office) == [
        ("S1", "2022-01-01", in_days(0)), ("S2", in_days(0), in_days(7)), ("S1", in_days(7), ""),
    ]  # fmt: skip
    assert posts(office) == [
        ("s1", "2020-01-01", in_days(0)), ("s2", in_days(0), in_days(7)), ("s1", in_days(7), ""),
    ]  # fmt: skip
    noted = office.scalar(
        "SELECT count(*) FROM audit_entry WHERE action = 'appoint' AND subject = 'appointment'"
    )
    assert noted >= 2, "of who stands in, and of who comes back"
    page = office.get(TEAMS).text
    assert "stands in for S1" in page and 'data-count="away"><strong>1<' in page


def test_the_government_hands_over_without_touching_posts(government: Keeper):
    assert "given by an administrator" in government.get(f"{TEAMS}/{GRID}").text
    answer = government.post(f"{TEAMS}/lead", grid=GRID, leader="S2", since=in_days(0))
    assert answer.status_code == 303
    assert parts(government)[1][0] == "S2"
    assert posts(government) == [("s1", "2020-01-01", "")]


def test_members_of_the_four_kinds_join_and_leave(office: Keeper):
    for kind in ("worker", "sinking_force", "social_force"):
        assert office.post(f"{TEAMS}/join", grid=GRID, member="S3", kind=kind).status_code == 303
    twice = office.post(f"{TEAMS}/join", grid=GRID, member="S3", kind="worker")
    assert twice.status_code == 409 and "S3 has this part in grid" in twice.text
    page = office.get(f"{TEAMS}/{GRID}").text
    assert page.count('data-part="S3"') == 3
    part = office.scalar("SELECT id FROM team_member WHERE role = 'social_force'")
    assert office.post(f"{TEAMS}/leave", grid=GRID, part=str(part)).status_code == 303
    assert office.get(f"{TEAMS}/{GRID}").text.count('data-part="S3"') == 2
    leader = office.scalar(
        "SELECT id FROM team_member WHERE role = 'leader' AND grid_code = :g", g=GRID
    )
    office.post(f"{TEAMS}/leave", grid=GRID, part=str(leader))
    assert "Nobody leads this grid today." in office.get(f"{TEAMS}/{GRID}").text
    assert posts(office) == [("s1", "2020-01-01", in_days(0))], "who leads no more acts no more"
    listed = office.get(f"{TEAMS}?lacks=leader").text
    assert re.findall(r'data-grid="(\d+)"', listed) == [GRID]


@pytest.mark.parametrize(
    ("what", "form", "status", "said"),
    [
        ("lead", {"leader": "nobody"}, 404, "There is no staff"),
        (
            "lead",
            {"leader": "S2", "since": "2026-05-02", "until": "2026-05-01"},
            422,
            "there is no day",
        ),
        ("lead", {"leader": "S2", "since": "soon"}, 422, "must be a day"),
        ("join", {"member": "S2", "kind": "leader"}, 422, "the lead is handed over"),
        ("leave", {"part": "x"}, 422, "Choose whose part ends."),
        ("leave", {"part": "999999"}, 404, "There is no part 999999"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    office: Keeper, what: str, form: dict[str, str], status: int, said: str
):
    before = office.scalar("SELECT count(*) FROM team_member")
    refused = office.post(f"{TEAMS}/{what}", grid=GRID, **form)
    assert (refused.status_code, said in refused.text) == (status, True), refused.text
    assert office.scalar("SELECT count(*) FROM team_member") == before


def test_a_person_is_added_to_the_staff_list(government: Keeper):
    form = {"code": "S9", "name": "测试新人", "phone": "13900000009"}
    assert government.post(f"{TEAMS}/staff", **form).status_code == 303
    taken = government.post(f"{TEAMS}/staff", grid=GRID, **form)
    assert taken.status_code == 409 and "is taken" in taken.text
    assert "测试新人 (S9)" in government.get(f"{TEAMS}/{GRID}").text


def test_teams_of_another_town_are_neither_seen_nor_changed(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        session.execute(
            text(
                "WITH t AS (INSERT INTO area (code, level, name, parent_id) SELECT '999901002', 'township', '虚镇', id "
                "FROM area WHERE level = 'county' RETURNING id) INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM t"
            )
        )
        stranger = appointed(session, "township_government", "999901002", name="stranger")
    other = Keeper(engine, stranger)
    for path, form in (
        ("lead", {"leader": "S2"}), ("join", {"member": "S2", "kind": "worker"}), ("staff", {"code": "x", "name": "测"}),
    ):  # fmt: skip
        refused = other.post(f"{TEAMS}/{path}?township={TOWN}", grid=GRID, **form)
        assert refused.status_code == 403, path
    assert parts(other) == [("S1", "2022-01-01", "")]
    page = other.get(f"{TEAMS}?township={TOWN}").text
    assert "S3" not in page and "测试接班" not in page


def test_the_workbook_tells_who_leads_when(government: Keeper, office: Keeper, engine: Engine):
    with transaction(engine) as session:
        session.execute(
            text("DELETE FROM role_right WHERE role = 'administrator' AND right_name = 'export'")
        )
    assert office.get(f"{TEAMS}?as=xlsx").status_code == 403
    government.post(f"{TEAMS}/lead", grid=GRID, leader="S2", since=in_days(3))
    book = government.get(f"{TEAMS}?as=xlsx")
    start = datetime.fromisoformat(in_days(3))
    rows = [
        row for row in openpyxl.load_workbook(io.BytesIO(book.data)).active.values if row[0] == GRID
    ]
    assert [(row[4], row[6], row[7]) for row in rows] == [
        ("S1", datetime(2022, 1, 1), start), ("S2", start, None),  # noqa: DTZ001 - a cell has no zone
    ]  # fmt: skip
