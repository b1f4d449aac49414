"""After log-in everybody finds their work: from the start, links lead to each page that one's rights open."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException

from gisgrid.core.roles import ROLES
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.walks import seat, walk
from tests.support.web import ROOT, app_over, fill_town, session_cookie
from web.http.routes import NOBODY, RIGHT_OF
from web.shell.rooms import ROOMS

GRID = "999901001001001"
BEHIND = {
    "towns.choose": "linked where the store has several townships",
    "matter_items.duties": "the matrix of the draft, where there is one",
    "matter_items.show": "an item of the draft, where there is one",
    "matter_lists.draft": "the draft, where there is one",
    "figures.burden_rows": "the cases behind a number of the burden, where there is one",
    "figures.rows": "the cases behind a number of the figures, where there is one",
    "collecting.ask": "a house of a task, where one is open",
    "collecting.photo": "a photo of an answer, where there is one",
    "collecting.task": "a task, where one is open",
    "collections.form_out": "the form of a task, where there is one with questions",
    "collections.given": "the answers of a task, where one is open",
    "collections.one": "a task, where there is one",
    "phone.grid": "the own grids of whoever keeps a register there, kept on a phone",
    "report.near": "a piece of the report's page",
    "security.login": "for whoever has not logged in",
}
"""Pages that need more than a link, and why."""
NO_PAGE = {
    "api-docs.openapi_json", "cases.photo", "collecting.photo", "collections.form_out", "dispatch.stream", "documents.draft_file",
    "documents.file", "editor.export", "editor.handover", "editor.job", "editor.view", "imports.refused", "imports.state",
    "issuing.draft_file", "lookup.index", "lookup.worker", "maps.features", "maps.tile", "messages.stream", "messages.unread",
    "open311.definition", "open311.discovery", "open311.one_request", "open311.requests", "open311.services", "open311.token",
    "phone.data", "phone.session_now", "phone.worker", "planning.body", "planning.standing", "register.photo", "report.near",
    "report.thumbnail", "static", "subjects.answered",
}  # fmt: skip
"""Files, data, streams and pieces of pages; and all of the API."""
FOLLOWED = {
    "collecting.ask",
    "collecting.mine",
    "collecting.task",
    "collections.given",
    "completeness.grid",
}
"""Pages that `test_browser_collections.py` comes to by links, and looks at."""
NOT_LOOKED_AT = {
    "asked.one": "of one's own request alone", "register.entry": "of a line at a door alone",
    "editor.compare": "of two plans", "editor.report": "of two plans, for print", "register.handover": "of two plans",
    "grid_page.show": "for print", "open_problems.one": "of one problem",
    "retention.one": "of one run", "towns.choose": "where the store has several townships",
    "security.two_factor_token_validation": "within a log-in",
}  # fmt: skip
"""Pages that axe sees in no test, which shall become fewer; none may be added unseen."""
OFTEN = ("community_clerk", "dispatcher")
"""Who is asked as in a fast run, too."""


@pytest.fixture(scope="module")
def town(cluster: Cluster, template: str) -> Iterator[tuple[Engine, Flask, dict[str, int]]]:
    with own_database(cluster, template, "links") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=3, rows=3, houses=30, events=9)
            accounts = {
                role: appointed(session, role, name=role, **seat(about.levels[0], GRID))
                for role, about in ROLES.items()
            }
        app = app_over(engine)
        yield engine, app, accounts
        app.extensions["gisgrid.snapshots"].close()


def enter(town: tuple[Engine, Flask, dict[str, int]], role: str) -> FlaskClient:
    engine, app, accounts = town
    client = app.test_client()
    name, _, value = session_cookie(app, engine, accounts[role]).partition("=")
    client.set_cookie(name, value)
    return client


def pages(app: Flask) -> dict[str, str]:
    """Endpoint and address of what may be read without naming anything more."""
    return {
        rule.endpoint: rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments
        and RIGHT_OF.get(rule.endpoint, NOBODY) != NOBODY
    }  # fmt: skip


@pytest.mark.parametrize(
    "role",
    [role if role in OFTEN else pytest.param(role, marks=pytest.mark.thorough) for role in ROLES],
)
def test_from_the_start_links_lead_to_every_page_that_a_role_may_open(
    town: tuple[Engine, Flask, dict[str, int]], role: str
):
    app, client = town[1], enter(town, role)
    linked, opened = walk(app, client)
    may, closed = set(), set()
    for endpoint, path in pages(app).items():
        answer = client.get(path, headers={"Accept": "text/html"})
        if (
            answer.status_code in (200, 303)
            and answer.mimetype == "text/html"
            and endpoint not in BEHIND
        ):
            may.add(path)
        if answer.status_code == 403:
            closed.add(path)
    assert may - linked == set()
    # And nothing that is refused or broken: what a page links, it opens.
    assert closed & linked == set()
    assert {path: status for path, status in opened.items() if status not in (200, 303)} == {}
    if role == "planner":
        assert {"/plan/", "/shortage"} <= linked
    if role == "dispatcher":
        assert {"/dispatch", "/dispatch/new", "/dispatch/emergency", "/figures"} <= linked
    if role == "grid_leader":
        assert {f"/register/grid/{GRID}", "/register/house/1"} & set(opened), (
            "to a house's register"
        )


def test_the_public_reaches_what_is_open_to_it(town: tuple[Engine, Flask, dict[str, int]]):
    linked, opened = walk(town[1], town[1].test_client())
    assert {"/map", "/lookup", "/report", "/find", "/account/login"} <= linked
    assert set(opened.values()) <= {200, 302, 303}


def test_every_route_of_the_rooms_is_in_the_table_of_rights():
    assert {page.endpoint for room in ROOMS for page in room.pages} <= set(RIGHT_OF)


@pytest.mark.parametrize("slashes", ["/", "//"])
def test_a_slash_at_the_end_leads_to_the_page(
    town: tuple[Engine, Flask, dict[str, int]], slashes: str
):
    client = enter(town, "township_government")
    for endpoint, path in pages(town[1]).items():
        if path.endswith("/") or endpoint.startswith("open311"):
            continue
        answer = client.get(f"{path}{slashes}?lang=en&q=%E5%BA%B7", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.location) == (308, f"{path}?lang=en&q=%E5%BA%B7"), path
    # One that names something, also if the name may hold slashes; a form, with its method; the API.
    for path in (
        "/register/grid/999901001001001",
        "/open-problems/L 1",
        "/api/v1/plans/1/houses/1",
    ):
        quoted = path.replace(" ", "%20")
        assert client.get(f"{quoted}{slashes}").location == quoted
    assert client.post(f"/report{slashes}").status_code == 308
    # What is nowhere stays so, and no other host is ever named.
    for path in (
        "/nothing/",
        "/report/near/far/",
        "//evil.example/",
        "/%2Fevil.example/",
        "/me/../",
    ):
        answer = client.get(path)
        assert answer.status_code == 404 or not str(answer.location).startswith(("//", "http"))
    assert client.get("/").status_code == enter(town, "planner").get("/plan/").status_code == 200


def test_each_page_stands_in_a_table_of_what_axe_looks_at(
    town: tuple[Engine, Flask, dict[str, int]],
):
    """In the addresses that the tests in the browser name which let axe look."""
    _, app, _ = town
    adapter, looked = app.url_map.bind("localhost"), set()
    for module in (ROOT / "tests" / "browser").glob("test_browser_*.py"):
        source = module.read_text()
        if not re.search(r"faults\(|AXE|sound\(|faults_at\(", source):
            continue
        for address in re.findall(r'f?"(/[^"\s]*)"', source):
            path = re.sub(r"\{[^}]*\}", "1", re.split(r"[?#]", address)[0])
            with contextlib.suppress(HTTPException):
                looked.add(adapter.match(path, method="GET")[0])
    asked = {
        rule.endpoint for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and RIGHT_OF.get(rule.endpoint, NOBODY) != NOBODY
        and not rule.endpoint.startswith("v1.")
    }  # fmt: skip
    assert asked - looked - NO_PAGE - FOLLOWED == NOT_LOOKED_AT.keys()
