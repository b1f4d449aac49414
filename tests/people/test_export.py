"""What may be seen is taken away as a file only with the right ``export``, by every road."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from flask import Response
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cli.edge import FileToWrite
from gisgrid.cli.main import main
from gisgrid.core.plans import PlanInfo
from gisgrid.db.roles import WEB
from gisgrid.db.store import transaction
from gisgrid.people.tokens import add_token
from tests.support.accounts import appointed
from tests.support.editor import client_of, drafted
from tests.support.terminal import children, gisgrid
from tests.support.web import app_over
from web.http import routes

FILES = ("grids.gpkg", "grids.geojson", "handover.xlsx", "report.pdf")
PAGES = ("", "/view.json", "/report.html", "/job.json")


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], PlanInfo]:
    return drafted


@pytest.fixture
def draft(made: PlanInfo) -> PlanInfo:
    return made


@pytest.mark.thorough
def test_a_planner_takes_files_away_and_a_reviewer_without_the_right_sees_only(
    engine: Engine, draft: PlanInfo
):
    planner = client_of(engine, "planner")
    reviewer = client_of(engine, "county_reviewer", "999901")
    for file in FILES:
        assert planner.get(f"/plan/{draft.id}/{file}").status_code == 200, file
        refused = reviewer.get(f"/plan/{draft.id}/{file}")
        assert refused.status_code == 403, file
        assert "需要权限“导出”" in refused.json["detail"]
    for page in PAGES:
        assert reviewer.get(f"/plan/{draft.id}{page}").status_code == 200, page
    shown = {who: who.get(f"/plan/{draft.id}", headers={"Accept": "text/html"}).text
             for who in (planner, reviewer)}  # fmt: skip
    for file in FILES:
        assert f"/plan/{draft.id}/{file}" in shown[planner]
        assert f"/plan/{draft.id}/{file}" not in shown[reviewer], "no way is offered that is shut"
    assert "handover.xlsx" not in reviewer.get("/plan/", headers={"Accept": "text/html"}).text


@pytest.mark.thorough
def test_a_token_for_plans_alone_takes_nothing_away(engine: Engine, draft: PlanInfo):
    with transaction(engine) as session:
        appointed(session, "planner", name="planner")
        _, narrow = add_token(session, "planner", "narrow", ["plan", "see_houses"], days=2)
        _, wide = add_token(session, "planner", "wide", ["plan", "see_houses", "export"], days=2)
    client = app_over(engine).test_client()

    def asked(token: str, file: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return client.get(f"/plan/{draft.id}/{file}", headers=headers).status_code

    for file in FILES:
        assert (asked(narrow, file), asked(wide, file)) == (403, 200), file
    assert asked(narrow, "view.json") == 200


def test_the_right_elsewhere_is_none_here(engine: Engine, draft: PlanInfo):
    with transaction(engine) as session:
        appointed(session, "county_reviewer", "999901", name="reviewer")
        session.execute(
            text(
                "INSERT INTO area (code, level, name, parent_id) "
                "SELECT '999901002', 'township', '他镇', id FROM area WHERE level = 'county'"
            )
        )
        session.execute(
            text(
                "INSERT INTO appointment (account_id, role, area_id, during) "
                "SELECT k.id, 'township_government', a.id, daterange('2020-01-01', NULL) "
                "FROM account k, area a WHERE k.name = 'reviewer' AND a.code = '999901002'"
            )
        )
        account = session.scalar(text("SELECT id FROM account WHERE name = 'reviewer'"))
    client = app_over(engine, account=account).test_client()
    for file in FILES:
        assert client.get(f"/plan/{draft.id}/{file}").status_code == 403, file


def test_no_route_hands_out_a_file_that_forgot_to_ask(engine: Engine, draft: PlanInfo, monkeypatch):
    def file() -> Response:
        return Response("personal", headers={"Content-Disposition": 'attachment; filename="x"'})

    with transaction(engine) as session:
        leader = appointed(session, "grid_leader", "999901001", grid="999901001001001")
        clerk = appointed(session, "community_clerk", "999901001001")
    monkeypatch.setitem(routes.RIGHT_OF, "forgot", "see_events")
    for account, status in ((leader, 403), (clerk, 200)):
        app = app_over(engine, account=account)
        app.add_url_rule("/forgot", "forgot", file)
        answer = app.test_client().get("/forgot")
        assert answer.status_code == status
        assert (b"personal" in answer.data) == (status == 200)


def test_the_terminal_as_an_account_writes_no_file_without_the_right(
    engine: Engine, draft: PlanInfo, tmp_path: Path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with transaction(engine) as session:
        appointed(session, "planner", name="planner")
        appointed(session, "county_reviewer", "999901", name="reviewer")
    web = engine.url.set(username=WEB).render_as_string()

    def run(who: str, *words: str) -> tuple[int, str]:
        done = gisgrid(engine, "--as", who, *words, GISGRID_WEB_DATABASE_URL=web)
        return done.exit_code, done.output

    code, said = run("reviewer", "matters", "rulebook", "--xlsx", "out.xlsx")
    assert code == 2 and "export" in said and "out.xlsx" in said
    assert list(tmp_path.iterdir()) == []
    assert run("reviewer", "plan", "list")[0] == 0
    code, said = run("planner", "matters", "rulebook", "--xlsx", "out.xlsx")
    assert code == 0, said
    assert (tmp_path / "out.xlsx").exists()
    # The operator owns the store.
    assert gisgrid(engine, "matters", "rulebook", "--xlsx", "own.xlsx").exit_code == 0


def test_every_file_that_a_command_writes_is_declared_as_such():
    words = {"--xlsx", "--geojson", "--json"}
    written = {
        (path, option)
        for path, command in walked(main)
        for param in command.params
        for option in param.opts
        if option in words
    }
    declared = {
        (path, option)
        for path, command in walked(main)
        for param in command.params
        for option in param.opts
        if isinstance(param.type, FileToWrite)
    }
    assert written <= declared
    assert {path for path, option in declared if option == "file"} == {
        "document save", "plan handover", "scenario export"
    }  # fmt: skip


def walked(group: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    yield path, group
    for name, command in children(group) if isinstance(group, click.Group) else ():
        yield from walked(command, f"{path} {name}".strip())
