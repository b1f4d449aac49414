"""No answer repeats the host that a request names: it may be any."""

from __future__ import annotations

import pytest
from flask import Flask, redirect
from sqlalchemy import Engine

from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.db.store import transaction
from tests.support.web import app_over, fill_town

EVIL = "evil.example"


@pytest.fixture
def account(engine: Engine) -> int:
    with transaction(engine) as session:
        return fill_town(session, columns=3, rows=3, houses=30, events=9).account


def addresses(app: Flask) -> list[str]:
    """An address of every route, with and without a slash at its end."""
    found = set()
    for rule in app.url_map.iter_rules():
        path = rule.rule
        while "<" in path:
            head, _, rest = path.partition("<")
            kind, _, tail = rest.partition(">")
            value = "1" if kind.startswith(("int", "float")) else "x"
            if kind.startswith("any("):
                value = kind.removeprefix("any(").partition(",")[0].rstrip(")").partition(")")[0]
            path = head + value + tail
        found |= {path, path.rstrip("/") or "/", path.rstrip("/") + "/"}
    return sorted(found)


@pytest.mark.parametrize("known", [False, True])
def test_no_route_tells_the_host_of_the_request_or_leads_there(
    engine: Engine, account: int, known: bool
):
    app = app_over(engine, account=account if known else None)
    client = app.test_client()
    told, led = [], []
    for path in addresses(app):
        for headers in ({}, {"Accept": "text/html"}, {"X-Forwarded-Host": EVIL}):
            answer = client.get(path, base_url=f"http://{EVIL}", headers=headers)
            location = answer.headers.get("Location", "")
            if (location and not location.startswith("/")) or location.startswith("//"):
                led.append((path, location))
            if EVIL.encode() in answer.data or EVIL in str(answer.headers):
                told.append(path)
    assert led == []
    assert told == []


def test_the_address_without_its_slash_leads_to_the_one_with_it(engine: Engine, account: int):
    client = app_over(engine, account=account).test_client()
    answer = client.get("/plan?lang=en", base_url=f"http://{EVIL}")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/plan/?lang=en")


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("http://evil.example/a?b=1#c", "/a?b=1#c"),
        ("//evil.example/a", "/a"),
        ("https://evil.example", "/"),
        ("/\\\\evil.example", "/\\\\evil.example"),
        ("http://evil.example//evil.example/x", "/evil.example/x"),
    ],
)
def test_no_redirect_leads_elsewhere(engine: Engine, account: int, location: str, leads: str):
    app = app_over(engine)
    app.add_url_rule("/away", "lookup.show2", lambda: redirect(location))

    from web.http import routes

    routes.RIGHT_OF["lookup.show2"] = routes.PUBLIC
    try:
        assert app.test_client().get("/away").headers["Location"] == leads.replace("\\", "%5C") or (
            app.test_client().get("/away").headers["Location"] == leads
        )
    finally:
        del routes.RIGHT_OF["lookup.show2"]


def test_what_is_told_to_others_names_the_host_of_the_settings(engine: Engine, account: int):
    app = app_over(engine, public_url="https://grid.example")
    told = app.test_client().get("/open311/v2/discovery.json", base_url=f"http://{EVIL}")
    assert told.json["endpoints"][0]["url"] == "https://grid.example/open311/v2"
    bare = app_over(engine).test_client().get("/open311/v2/discovery.json")
    assert bare.json["endpoints"][0]["url"] == "/open311/v2"


@pytest.mark.parametrize("url", ["grid.example", "https://grid.example/x", "javascript:alert(1)"])
def test_an_address_that_is_none_is_refused_at_the_start(url: str):
    with pytest.raises(Invalid, match="GISGRID_PUBLIC_URL"):
        Settings.from_env({"GISGRID_PUBLIC_URL": url})
