"""A text that would run, in each column of words of the store: every page shows it, none runs it.

Every way that ``test_matrix`` asks is asked here too, so that a new page is covered when it has a line
there. What a browser makes of it is looked at once, on the pages that scripts draw.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.cases import CaseActor, Details, open_case
from gisgrid.cases.clocks import keep_calendar
from gisgrid.core.plans import plan_by_id
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.jobs import quick
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.people.appointments import appoint
from gisgrid.planning.editor.editors import Editors
from gisgrid.planning.editor.scenarios import branch
from tests.support.accounts import LONG_AGO, appointed
from tests.support.calls import CALLS, Call
from tests.support.canaries import Spot
from tests.support.database import own_database
from tests.support.looks import picture
from tests.support.matrix import token_for
from tests.support.poison import POISON, fill
from tests.support.town_files import DATA
from tests.support.web import (
    app_over,
    chromium,
    fill_town,
    served,
    session_cookie,
    visit,
)

ROLES = ("township_government", "planner", "administrator")
REFUSES = re.compile("check constraint|stays|is only added to|never changes|by its log only")
"""A list of words, or a row that nobody changes (it was made with the text)."""
TELLS = {
    "cases.show",
    "register.grid",
    "register.house",
    "home.me",
    "documents.one",
    "maps.show",
    "lookup.show",
    "notices.show",
    "editor.show",
}


@dataclass(frozen=True)
class World:
    engine: Engine
    app: Flask
    accounts: dict[str, int]
    spots: list[Spot]
    document: str
    refused: dict[str, str]


@pytest.fixture(scope="module")
def world(cluster: Cluster, template: str) -> Iterator[World]:
    with own_database(cluster, template, "poisoned") as engine:
        with transaction(engine) as session:
            town = fill_town(session, columns=3, rows=3, houses=60, events=30)
            keep_calendar(session, town.township_id, read_calendar(DATA / "calendar/calendar.csv"))
            by = CaseActor(POISON, ("dispatcher",))
            case = open_case(session, 1, by, details=Details(note=POISON, data={POISON: POISON}))
            accounts = {role: appointed(session, role, name=role) for role in ROLES}
            appoint(session, "planner", "township_government", area="999901001", since=LONG_AGO)
            source = plan_by_id(session, town.plan_id)
            branch(session, source, name="draft", who=POISON, note=POISON)
            refused = fill(session)
            index_addresses(session, town.township_id)
            document = session.scalar(text("SELECT code FROM document")) or ""
            spots = [_spot(session, state, case.id) for state in ("published", "draft")]
        app = app_over(engine)
        yield World(engine, app, accounts, spots, document, refused)


def _spot(session: Session, state: str, case_id: int) -> Spot:
    found = session.execute(
        text(
            "SELECT t.code AS township, p.id AS plan_id, g.code AS grid_code, c.code AS community, "
            "h.id AS house_id, h.code AS house_code, h.address, e.event_id, ST_X(h.geom), ST_Y(h.geom) "
            "FROM plan p JOIN area t ON t.id = p.township_id JOIN grid g ON g.plan_id = p.id "
            "JOIN area c ON c.id = g.community_id JOIN house_grid o ON o.grid_id = g.id "
            "JOIN house h ON h.id = o.house_id JOIN event_grid e ON e.grid_id = g.id "
            "WHERE p.state = :state ORDER BY g.id, h.id LIMIT 1"
        ),
        {"state": state},
    ).one()
    *names, lon, lat = (quote(x, safe="") if isinstance(x, str) else x for x in found)
    return Spot(*names, (), lon, lat, case_id)  # type: ignore[arg-type]


class Reader(HTMLParser):
    """What a browser would make of a page: the words in it, and what should not be there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.made: list[str] = []
        self._script = self._data = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        self._data = "json" in (dict(attrs).get("type") or "")
        self.words += [value for _, value in attrs if value]
        if (tag == "img" and dict(attrs).get("src") == "x") or any(
            n.startswith("on") for n, _ in attrs
        ):
            self.made.append(f"<{tag} {attrs}>")

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if not self._script:
            return
        # Older browsers end a line of a script, though not of data, at U+2028.
        if "<img" in data or data.startswith("window.hit") or ("\u2028" in data and not self._data):
            self.made.append(f"<script>{data[:200]}")


def test_a_reader_notices_what_would_run():
    assert len(Reader(f'<p title="{POISON}">').made) == 2, "out of an attribute"
    assert len(Reader(f"<p>{POISON}</p>").made) == 2
    assert len(Reader(f"<script>var a = {POISON!r};</script>").made) == 2
    assert Reader(f"<p>{escape(POISON)}</p>").made == []


def test_the_text_stands_in_each_column_that_takes_it(world: World):
    odd = {name: why for name, why in world.refused.items() if not REFUSES.search(why)}
    assert odd == {}, "make a row of it in tests/poison.py, or a text that it takes"
    assert {name for name in world.refused if "." not in name} == set()


def asked(world: World) -> list[tuple[str, Call]]:
    """Every reading, and every opening of a register."""
    document = quote(world.document, safe="")
    calls = [
        (endpoint, call)
        for endpoint, make in CALLS.items()
        for spot in world.spots
        for call in make(spot)
        if not endpoint.startswith("security") and (call.method == "GET" or call.opens)
    ]
    account = [("account", Call(f"/account/{name}")) for name in ("change", "tf-setup", "login")]
    return [*calls, ("documents.one", Call(f"/documents/{document}")), *account]


@pytest.mark.thorough
def test_every_page_shows_it_and_none_runs_it(world: World):
    shown: dict[str, int] = defaultdict(int)
    made: list[str] = []
    for role, account in world.accounts.items():
        client = world.app.test_client()
        client.set_cookie(*session_cookie(world.app, world.engine, account).split("=", 1))
        token = token_for(client)
        for endpoint, call in asked(world):
            form = {**call.form, "csrf_token": token} if call.form else None
            answer = client.open(
                call.path, method=call.method, data=form, headers={"Accept": "text/html"}
            )
            assert answer.status_code < 500, call
            if answer.mimetype == "text/html":
                read = Reader(answer.text)
                shown[endpoint] += answer.status_code == 200 and POISON in "".join(read.words)
                made += [f"{role} {call.path[:60]}: {what}" for what in read.made]
            answer.close()
    assert made == []
    silent = {endpoint for endpoint in TELLS if not shown[endpoint]}
    assert silent == set(), "nothing was shown, so nothing was tested"


@pytest.mark.browser
def test_a_browser_runs_none_of_it_and_meets_no_style_that_is_not_ours(world: World):
    """Also that each page keeps to its content security policy: a breach is told on the console."""
    draft = world.spots[1].plan_id
    app = app_over(world.engine, account=world.accounts["planner"])
    with chromium() as browser, served(app) as host, visit(browser, host) as seen:
        page = seen.page
        page.context.add_init_script("window.hit = undefined")

        def harmless(path: str) -> None:
            assert page.evaluate("window.hit") is None, path
            assert page.locator("img[src=x]").count() == 0, path
            assert POISON in page.evaluate("document.documentElement.textContent"), path
            assert seen.failures == [], path

        seen.open("/map")
        page.wait_for_selector("html[data-counted]", state="attached")
        page.fill("#search input", "onerror")
        page.locator("#hits button").first.click()
        page.locator("#card h2").wait_for()
        picture(page, "poisoned-map.png")
        harmless("/map")
        seen.open(f"/plan/{draft}")
        with page.expect_response("**/check") as ordered:
            page.evaluate("document.getElementById('check').click()")
        quick.run(world.engine, Editors(), ordered.value.json()["job"]["id"])
        page.locator("#checks li").first.wait_for(state="attached")
        harmless("/plan/")
        page.goto(f"{host}/lookup")
        page.fill("#words", "虚构镇虚构3路3号")
        page.locator("button.find").click()
        page.locator("#answer").get_by_text("onerror").first.wait_for()
        harmless("/lookup")
        for path in (
            "/me", "/documents", "/plan/", f"/plan/{draft}/compare", f"/plan/{draft}/report.html",
            "/account/change", "/account/tf-setup",
        ):  # fmt: skip
            page.goto(host + path)
            assert page.evaluate("window.hit") is None, path
            assert page.locator("img[src=x]").count() == 0, path
            assert seen.failures == [], path
