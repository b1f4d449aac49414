"""Who has posts in two townships and looks at a page of one: its links and forms lead nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from gisgrid.core.roles import ROLES
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint
from tests.support.accounts import LONG_AGO
from tests.support.three_towns import (
    OF_NOBODYS_TOWN,
    TOWNS,
    Towns,
    by_number,
    in_town,
    of_a_town,
    three_towns,
)
from tests.support.web import session_cookie

CHOSEN, SEEN, _ = TOWNS
OF_NO_TOWN = OF_NOBODYS_TOWN.keys() | {
    "editor.branch",  # from a plan, by its number
    "cases.mine", "home.me", "messages.keep", "messages.settings", "messages.show", "notices.show",
    "security.logout", "shell.display",  # the person's own, wherever they have posts
}  # fmt: skip
BY_SCRIPT = {"filters", "bulk", "slider", "ask", "named"}
"""Forms that a script sends, which knows of the township."""
BY_TICKET = {"bycode"}
POSTED = {
    "editor.from_scratch", "editor.branch", "editor.bring_in", "calendar.day", "calendar.keep", "cases.move",
    "cases.open_words", "cases.step", "channels.keep", "register.open_house", "dispatch.switch_on", "figures.explain_sleep",
    "issuing.issue", "issuing.send_draft", "open_problems.add", "open_problems.look",
    "aliases.keep", "collecting.answer", "collections.add", "collections.end",
    "means.add", "means.change", "means.end", "matter_items.keep", "matter_items.keep_duties", "matter_items.withdraw",
    "matter_lists.discard", "matter_lists.publish", "matter_lists.temporary", "messages.keep",
    "paper.make", "register.add_house", "register.ask_correction", "register.enter", "report.send", "retention.try_out", "security.logout", "shell.display",
    "subjects.ask", "subjects.decide", "supplements.add", "supplements.end", "teams.add_staff", "teams.join", "teams.lead",
    "teams.leave", "telephone.send", "township.change", "trainings.add", "trainings.attend",
    "trainings.note", "weights.keep", "weights.try_out",
}  # fmt: skip
"""Ways that a form of some page takes; what is not here waits for something that these towns have not."""


@dataclass(frozen=True)
class Step:
    """One way on from a page: a link, or a form with what it sends unasked."""

    method: str
    address: str
    form: bool = False
    hidden: dict[str, str] = field(default_factory=dict)

    @property
    def sends(self) -> dict[str, str]:
        """A form by GET puts its fields in the place of what its address asks."""
        asks = {} if self.form and self.method == "GET" else parse_qsl(urlsplit(self.address).query)
        return {**self.hidden, **dict(asks)}


class Ways(HTMLParser):
    """Reads where a page leads to on this server."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.steps: list[Step] = []
        self.form: Step | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.add(Step("GET", urljoin(self.path, found["href"])))
        elif tag == "form":
            names = {found.get("id"), *found.get("class", "").split()}
            address = urljoin(self.path, found.get("action", ""))
            self.form = Step(found.get("method", "get").upper(), address, form=True)
            # Where none is said at all, a script says it.
            if not names & (BY_SCRIPT | BY_TICKET) and found.get("action") != "":
                self.add(self.form)
        elif self.form and tag == "input" and found.get("type") == "hidden":
            self.form.hidden[found["name"]] = found.get("value", "")
        elif self.form and "formaction" in found:
            address = urljoin(self.path, found["formaction"])
            self.add(Step("POST", address, form=True, hidden=self.form.hidden))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None

    def add(self, step: Step) -> None:
        parts = urlsplit(step.address)
        if not parts.netloc and parts.path.startswith("/"):
            self.steps.append(step)


def ways_on(path: str, page: str) -> list[Step]:
    ways = Ways(path)
    ways.feed(page)
    return ways.steps


@pytest.fixture(scope="module")
def towns(cluster: Cluster, template: str) -> Iterator[Towns]:
    with three_towns(cluster, template) as towns:
        yield towns


@pytest.fixture(scope="module")
def client(towns: Towns) -> FlaskClient:
    """Somebody with every office of two townships, who chose the first."""
    with transaction(towns.store) as session:
        account = add_account(session, "both", "两地").id
        for code in (CHOSEN, SEEN):
            appoint(session, "both", "community_clerk", area=f"{code}001", since=LONG_AGO)
            for role, about in ROLES.items():
                if about.office and "township" in about.levels:
                    appoint(session, "both", role, area=code, since=LONG_AGO)
        session.execute(
            text("UPDATE account SET township_id = :chosen WHERE id = :id"),
            {"chosen": towns.towns[CHOSEN].id, "id": account},
        )
    client = towns.app.test_client()
    name, _, value = session_cookie(towns.app, towns.store, account).partition("=")
    client.set_cookie(name, value)
    return client


def test_links_and_forms_of_a_page_stay_in_its_township(towns: Towns, client: FlaskClient):
    town = towns.towns[SEEN]
    adapter: Any = towns.app.url_map.bind("localhost")
    pages = {way: in_town(path, SEEN) for way, path in of_a_town(town).items()} | by_number(town)
    pages["a calendar's proposal"] = in_town("/office/township/calendar?propose=2026", SEEN)
    with transaction(towns.store, read_only=True) as session:
        of_it = text("SELECT id FROM house WHERE township_id = :town")
        houses = set(session.scalars(of_it, {"town": town.id}))
    numbers = {
        town.plan_id,
        town.case_id,
        town.draft_id,
        town.means_id,
        town.collection_id,
        *houses,
    }
    posted, astray = set(), set()
    for page, path in pages.items():
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code in (200, 404, 409), (page, answer.status_code)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        for step in ways_on(path, answer.text):
            to, named = adapter.match(urlsplit(step.address).path, method=step.method)
            if step.method == "POST":
                posted.add(to)
            says = step.sends.get("township")
            number = next((each for each in named.values() if isinstance(each, int)), None)
            if page == "home.me" and to == "register.grid":
                continue  # to a grid of each post
            if says != SEEN and (says or not (number in numbers or to in OF_NO_TOWN)):
                astray.add((page, step.method, to, says, number))
    assert (astray, POSTED ^ posted) == (set(), set())


def test_what_a_form_sends_is_kept_in_the_township_of_its_page(towns: Towns, client: FlaskClient):
    path = in_town("/open-problems", SEEN)
    ways = ways_on(path, client.get(path).text)
    add = next(
        way for way in ways if way.method == "POST" and way.address.startswith("/open-problems")
    )
    fields = {"code": "L2", "title": "停车难", "supervisor": "测试", "review_on": "2099-01-01"}
    answer = client.post(add.address, data={**add.hidden, **fields})
    assert answer.status_code == 303, answer.text
    assert "停车难" in client.get(answer.location).text
    assert "停车难" in client.get(path).text
    assert "停车难" not in client.get("/open-problems").text
    path = in_town("/office/collections", SEEN)
    ways = ways_on(path, client.get(path).text)
    add = next(way for way in ways if way.method == "POST" and "/collections?" in way.address)
    with transaction(towns.store, read_only=True) as session:
        of_it = text("SELECT min(code) FROM house WHERE township_id = :town")
        house = session.scalar(of_it, {"town": towns.towns[SEEN].id})
    fields = {"title": "水表", "purpose": "care", "due_on": "2099-01-01", "houses": house}
    answer = client.post(add.address, data={**add.hidden, **fields})
    assert answer.status_code == 303, answer.text
    ways = ways_on(answer.location, client.get(answer.location).text)
    away = next(way for way in ways if way.address.split("?")[0].endswith("/discard"))
    answer = client.post(away.address, data=away.hidden)
    assert answer.location == path
