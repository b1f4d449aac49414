"""After log-in everybody finds their work: the own page links each page that one's rights open."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from gisgrid.core.roles import ROLES
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.web import app_over, fill_town, session_cookie
from web.http.permissions import NOBODY, RIGHT_OF

TOWNSHIP, COMMUNITY, GRID, COUNTY = "999901001", "999901001001", "999901001001001", "999901"
WHERE = {
    "everywhere": {"area": TOWNSHIP},
    "county": {"area": COUNTY},
    "township": {"area": TOWNSHIP},
    "community": {"area": COMMUNITY},
    "grid": {"area": TOWNSHIP, "grid": GRID},
}
BEHIND = {
    "desk.me": "the page itself",
    "figures.rows": "the cases behind a number of the figures, which its address names",
    "matters.rows": "the cases behind a number of the burden",
    "report.near": "a piece of the report's page",
    "security.login": "for whoever has not logged in",
    "towns.choose": "linked beside the name of the township, where there are several",
}
"""Pages that are linked from another, and why."""


@pytest.fixture(scope="module")
def town(cluster: Cluster, template: str) -> Iterator[tuple[Engine, Flask, dict[str, int]]]:
    with own_database(cluster, template, "links") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=3, rows=3, houses=30, events=9)
            accounts = {
                role: appointed(session, role, name=role, **WHERE[about.levels[0]])
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


@pytest.mark.parametrize("role", ROLES)
def test_every_page_that_a_role_may_open_is_linked_from_its_home(
    town: tuple[Engine, Flask, dict[str, int]], role: str
):
    client = enter(town, role)
    linked = {href.split("?")[0] for href in re.findall(r'href="([^"#]+)"', client.get("/me").text)}
    opened, closed = set(), set()
    for endpoint, path in pages(town[1]).items():
        answer = client.get(path, headers={"Accept": "text/html"})
        if answer.status_code == 200 and answer.mimetype == "text/html" and endpoint not in BEHIND:
            opened.add(path)
        if answer.status_code == 403:
            closed.add(path)
    assert opened - linked == set()
    # And nothing that is refused.
    assert closed & linked == set()
    if role == "planner":
        assert {"/plan/", "/shortage"} <= linked
    if role == "dispatcher":
        assert {"/dispatch", "/dispatch/new", "/dispatch/emergency", "/figures"} <= linked


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
    for path in ("/register/grid/999901001001001", "/ledger/L 1", "/api/v1/plans/1/houses/1"):
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
