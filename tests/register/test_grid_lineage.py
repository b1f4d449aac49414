"""Since when a grid has its name, kind, border and leader, and from whom; never what they were before."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import plan_by_id, plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.planning.editor import scenarios
from gisgrid.register import lineage
from tests.support.accounts import acting, appointed, web_engine
from tests.support.office import TOWN, Keeper, able, staffed_town

GRID, OTHER = "999901001001001", "999901001009001"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, Any]]:
    """A small town whose grids came by a file, with two of the staff."""

    def town(session: Session) -> dict[str, Any]:
        made: dict[str, Any] = staffed_town(session)
        made["loader"] = able(session, "loader", "township_government", TOWN)
        made["worker"] = appointed(session, "grid_worker", grid=GRID, name="worker")
        made["run"] = session.scalar(
            text(
                "INSERT INTO import_run (kind, township, file_name, sha256, who, mapping, started_at) "
                "VALUES ('grids', :t, 'grids.geojson', '0', 'loader', '{}', '2026-01-02 03:00Z') RETURNING id"
            ),
            {"t": TOWN},
        )
        session.execute(text("UPDATE grid SET run_id = :run"), {"run": made["run"]})
        session.execute(text("DELETE FROM history WHERE table_name = 'grid'"))
        session.execute(
            text(
                "INSERT INTO staff (township_id, code, name) SELECT area_id, 'S9', '测新长' FROM township"
            )
        )
        return made

    return town


def told(page: str) -> dict[str, str]:
    """What a page says of each value of a grid."""
    return {
        name: re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", line)).strip()
        for name, line in re.findall(r'<li data-source="grid\.(.+?)">(.+?)</li>', page, re.S)
    }


def edited(session: Session, plan_id: int, before: str, after: str) -> None:
    """A move of the editor, as it keeps them, which gives the grid another name."""
    session.execute(
        text(
            "INSERT INTO scenario_move (plan_id, number, action, who, before, after, flows) VALUES (:p, 1, "
            "'details', '测试规划', jsonb_build_object(:g, jsonb_build_object('name', :before)), "
            "jsonb_build_object(:g, jsonb_build_object('name', :after)), '[]')"
        ).bindparams(g=GRID, before=before, after=after, p=plan_id)
    )
    session.execute(
        text("UPDATE grid SET name = :after WHERE plan_id = :p AND code = :g"),
        {"after": after, "p": plan_id, "g": GRID},
    )


def test_what_a_file_brought_names_file_and_load_on_both_pages(
    engine: Engine, made: dict[str, Any]
):
    page = Keeper(engine, made["worker"]).get(f"/register/grid/{GRID}").text
    said = told(page)
    for column in ("name", "kind", "host", "geom"):
        assert (
            f"2026-01-02 11:00 · file grids.geojson, load {made['run']}, by loader" in said[column]
        )
    assert "exclusive grid · 虚构中学 · Leader: " in re.sub(r"\s+", " ", page)
    assert (
        told(Keeper(engine, made["loader"]).get(f"/office/teams/{GRID}").text)["name"]
        == said["name"]
    )
    chinese = Keeper(engine, made["worker"]).get(f"/register/grid/{GRID}?lang=zh").text
    assert "文件 grids.geojson" in told(chinese)["geom"] and "边界" in told(chinese)["geom"]


def test_a_name_given_in_a_scenario_says_who_drew_and_the_rest_is_from_the_file(
    engine: Engine, made: dict[str, Any]
):
    with transaction(engine) as session:
        base = plan_in_force(session, township(session).id)
        draft = scenarios.branch(session, base, name="草案乙", who="测试规划")
        was = session.scalar(
            text("SELECT name FROM grid WHERE plan_id = :p AND code = :g"),
            {"p": base.id, "g": GRID},
        )
        edited(session, draft.id, was or "", "新网格名")
        # A scenario of that scenario took its name over.
        third = scenarios.branch(session, plan_by_id(session, draft.id), name="草案丙", who="别人")
    with acting(web_engine(engine), made["loader"]) as session:
        for plan_id in (draft.id, third.id):
            found = {each.column: each for each in lineage.grid_sources(session, plan_id, GRID)}
            assert (found["name"].source, found["name"].who, found["name"].plan) == (
                "drawn", "测试规划", "草案乙",
            )  # fmt: skip
            assert (found["geom"].source, found["geom"].run_id) == ("load", made["run"])
            assert (was or "-") not in str(list(found.values())), "a former value is told to nobody"


def test_a_leader_named_by_the_office_says_by_whom(engine: Engine, made: dict[str, Any]):
    loader = Keeper(engine, made["loader"])
    assert loader.post("/office/teams/lead", grid=GRID, leader="S9").status_code == 303
    said = told(loader.get(f"/office/teams/{GRID}").text)
    assert "named by the office, by 测试loader" in said["leader"]
    assert "测新长" in loader.get(f"/register/grid/{GRID}").text


def test_who_has_nothing_to_do_with_the_grid_hears_nothing(engine: Engine, made: dict[str, Any]):
    with transaction(engine) as session:
        plan = plan_in_force(session, township(session).id).id
    for account in (None, made["worker"]):
        with acting(web_engine(engine), account) as session:
            assert lineage.grid_sources(session, plan, OTHER) == []
            assert lineage.grid_sources(session, plan, "x") == []
    assert told(Keeper(engine, made["worker"]).get(f"/register/grid/{OTHER}").text) == {}
