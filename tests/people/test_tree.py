"""From a house to the township: five rungs, each with a person, or it is said that there is none."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import AmbiguousAddress, NotFound
from gisgrid.core.plans import township
from gisgrid.people.hierarchy import above, below, who
from tests.support.factories import create_plan, create_township
from tests.support.town_f import DATA, load_kind, write
from tests.support.town_files import shapes, table

DAY = date(2023, 8, 31)
HEAD = "code,name,phone,body,role,area,since,until"


@pytest.fixture
def offices(town: Session) -> Session:
    report = load_kind(town, "offices", DATA / "offices/offices.csv")
    assert len(report.rejected.rows()) == 0, report.rejected.counts()
    # 13 people, as many accounts, 19 appointments.
    assert (report.inserted, report.updated) == (13 + 13 + 19, 0)
    assert load_kind(town, "offices", DATA / "offices/offices.csv").run_id is None
    return town


def names(role: str, area: str) -> set[str]:
    rows = table("offices")
    return set(rows["name"][(rows["role"] == role) & (rows["area"] == area)])


def test_every_house_of_the_town_is_five_rungs_from_the_township(offices: Session):
    place = township(offices)
    staff = table("staff")
    leaders = staff[(staff["role"] == "leader") & (staff["until"] == "")].set_index("grid")["name"]
    houses = offices.execute(
        text(
            "SELECT h.code, g.code AS grid, c.code AS community FROM house h "
            "JOIN house_grid a ON a.house_id = h.id JOIN grid g ON g.id = a.grid_id "
            "JOIN area c ON c.id = g.community_id ORDER BY h.code"
        )
    ).all()
    for house in houses[::300]:
        rungs = who(offices, place, house.code, DAY)
        assert [r.level for r in rungs] == ["residents", "grid", "community", "section", "township"]
        assert [r.code for r in rungs[1:]] == [
            house.grid, house.community, house.community, place.code,
        ]  # fmt: skip
        assert {p.name for p in rungs[1].people if p.role == "leader"} == {leaders[house.grid]}
        assert {p.name for p in rungs[2].people} == names("community_clerk", house.community)
        assert {p.name for p in rungs[3].people} == names("section_cadre", house.community)
        assert {p.name for p in rungs[4].people} == names("township_government", place.code)
        # Of residents and of the team's members only the first character is told.
        assert all(p.name.endswith("*") for p in rungs[0].people)
        assert all(p.name.endswith("*") for p in rungs[1].people if p.role != "leader")
        assert all(r.head for r in rungs[1:])


def test_the_walk_goes_down_again_to_where_it_began(offices: Session):
    place = township(offices)
    communities = below(offices, place, place.code, DAY)
    assert len(communities) == 9
    grids = [g for c in communities for g in below(offices, place, c.code, DAY)]
    assert sorted(g.code for g in grids) == sorted(shapes("grids")["code"])
    for grid in grids:
        community, section, top = above(offices, place, grid.code, DAY)
        assert grid.code in [g.code for g in below(offices, place, community.code, DAY)]
        assert (section.level, top.code) == ("section", place.code)
        assert above(offices, place, community.code, DAY) == (section, top)
        assert below(offices, place, grid.code, DAY) == ()
    assert above(offices, place, place.code, DAY) == ()


def test_a_grid_starts_at_itself_and_an_address_at_its_house(offices: Session):
    place = township(offices)
    house = table("houses").iloc[3]
    by_address = who(offices, place, house["address"], DAY)
    assert by_address == who(offices, place, house["code"], DAY)
    grid = by_address[1]
    assert who(offices, place, grid.code, DAY) == by_address[1:]
    with pytest.raises(NotFound):
        who(offices, place, "Nowhere Lane 7 Atlantis", DAY)
    with pytest.raises(AmbiguousAddress):
        who(offices, place, re.sub(r"\d+号.*", "", house["address"]), DAY)
    for function in (above, below):
        with pytest.raises(NotFound, match="no grid or community"):
            function(offices, place, "999999999999", DAY)


def test_who_is_missing_is_said(town: Session):
    place = township(town)
    code = table("houses")["code"][0]
    rungs = who(town, place, code, DAY)
    assert [bool(r.head) for r in rungs] == [True, True, False, False, False]
    assert str(rungs[3].missing and rungs[3].missing.en) == "nobody is appointed section cadre here"
    assert (
        rungs[4].missing and rungs[4].missing.in_language("zh") == "此处没有任命乡镇（街道）负责人"
    )
    town.execute(text("DELETE FROM team_member WHERE role = 'leader'"))
    leaderless = who(town, place, code, DAY)[1]
    assert leaderless.people
    assert (leaderless.head, leaderless.missing and leaderless.missing.en) == (
        None,
        "no leader is appointed",
    )
    town.execute(text("DELETE FROM team_member"))
    assert (
        str(who(town, place, code, DAY)[1].missing and who(town, place, code, DAY)[1].missing.en)
        == "nobody is in the team"
    )
    empty = town.scalar(
        text("SELECT code FROM house h WHERE NOT EXISTS (SELECT FROM household f "
             "WHERE f.house_id = h.id) ORDER BY code LIMIT 1")
    )  # fmt: skip
    assert (
        str(who(town, place, empty, DAY)[0].missing and who(town, place, empty, DAY)[0].missing.en)
        == "nobody is registered in this house"
    )


def test_an_office_of_the_past_or_of_a_disabled_account_answers_no_more(offices: Session):
    place = township(offices)
    code = table("houses")["code"][0]
    community = table("houses")["community"][0]
    offices.execute(text("UPDATE account SET active = false WHERE name = 'o001'"))
    offices.execute(
        text("UPDATE appointment SET during = daterange('2022-09-01', '2023-08-31') "
             "WHERE role = 'section_cadre'")
    )  # fmt: skip
    rungs = who(offices, place, code, DAY)
    assert [bool(r.head) for r in rungs[2:]] == [True, False, False]
    before = who(offices, place, code, date(2023, 8, 30))
    assert {p.name for p in before[3].people} == names("section_cadre", community)


def test_offices_that_cannot_be_come_back(session: Session, tmp_path: Path):
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    areas = {row.level: row.code for row in session.execute(text("SELECT level, code FROM area"))}
    session.execute(text("INSERT INTO account (name, display_name) VALUES ('o9', '别人')"))
    t, c = areas["township"], areas["community"]
    rows = (
        f"O1,测甲,,,镇政府,{t},2022-01-01,",
        f"O2,测乙,,,包片干部,{t},2022-01-01,",
        f"O3,测丙,,,community_clerk,{c},2022-01-01,2022-06-30",
        f"O3,测丙,,,community_clerk,{c},2022-06-30,",
        "O4,测丁,,,community_clerk,99,2022-01-01,",
        f"O5,测戊,,,boss,{c},2022-01-01,",
        f"O9,测己,,,community_clerk,{c},2022-01-01,",
        f"O8,测庚,,,community_clerk,{c},2022-01-02,2022-01-01",
    )
    report = load_kind(session, "offices", write(tmp_path / "o.csv", HEAD, *rows))
    assert report.rejected.counts() == {
        "member_twice": 1, "not_a_choice": 1, "role_level": 1, "unknown_area": 1,
        "until_first": 1,
    }  # fmt: skip
    held = session.execute(
        text("SELECT k.name, k.password_hash, m.role FROM appointment m JOIN account k "
             "ON k.id = m.account_id ORDER BY 1")
    ).all()  # fmt: skip
    assert [tuple(h) for h in held] == [
        ("o1", None, "township_government"), ("o3", None, "community_clerk"),
        (f"o9@{t.lower()}", None, "community_clerk"),
    ]  # fmt: skip
    # A later last day moves the end and makes no second appointment.
    later = write(tmp_path / "p.csv", HEAD, f"O3,测丙,,,community_clerk,{c},2022-01-01,2022-12-31")
    again = load_kind(session, "offices", later)
    assert (again.inserted, again.updated) == (0, 1)
