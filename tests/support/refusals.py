"""What the table of refusals speaks of, and how a person at a browser comes to be refused."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from flask import Flask
from playwright.sync_api import FilePayload, Page
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from gisgrid.cases.cases import CaseActor, Details, Owner, take_step
from gisgrid.cases.emergencies import switch_on
from gisgrid.cases.flow import keep_own_flows
from gisgrid.cases.intake import Report, take_in
from gisgrid.cases.open_problems import add_problem
from gisgrid.core.plans import plan_in_force, township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.people.learning import documents
from gisgrid.people.login import set_password
from gisgrid.planning.editor import scenarios
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.web import app_over

INSIDE, NEAR_BORDER, ELSEWHERE = (120.89, 40.70), (120.8894269, 40.7021652), (10.0, 50.0)
PASSWORD, OTHER = "plum-7rain-42wind", "plum-8rain-42wind"
SHI = CaseActor("dispatcher.shi", ("dispatcher",))
LI = CaseActor("worker.li", ("grid_worker",))


@dataclass(frozen=True)
class Facts:
    """What the rows of the table speak of."""

    engine: Engine
    app: Flask
    accounts: dict[str, int]
    case: int
    ticket: str
    """Of a case that was closed."""
    draft: int
    house: int
    views: dict[str, Any]
    """The application's own ways, by endpoint."""
    more: dict[str, object] = field(default_factory=dict)
    """What else stands in addresses of pages."""

    @property
    def numbers(self) -> dict[str, object]:
        """What stands in addresses of pages."""
        known = {"case": self.case, "ticket": self.ticket, "draft": self.draft, "house": self.house}
        return known | self.more

    def run(self, statement: str, **values: Any) -> Any:
        with transaction(self.engine) as session:
            return session.execute(text(statement), values)

    def fresh(self) -> None:
        """Nobody has used up what an address may send, and the store answers."""
        self.app.extensions["gisgrid.limiter"].reset()
        self.app.view_functions.update(self.views)

    def gone(self, endpoint: str) -> None:
        """The store does not answer in time when this way is asked."""

        def fail(**_: object) -> str:
            raise OperationalError("SELECT", {}, Exception())

        self.app.view_functions[endpoint] = fail

    def spend(self) -> None:
        """Send as much as one address may."""
        client = self.app.test_client()
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/report").text)
        form = {"csrf_token": token[1] if token else ""}
        assert [client.post("/report", data=form).status_code for _ in range(11)][9:] == [422, 429]

    def emergency(self) -> None:
        with transaction(self.engine) as session:
            area = township(session).id
            switch_on(
                session, area, reason="演练", by="x", at=datetime.now(UTC), holds_ordinary=False
            )

    def call(self) -> None:
        with transaction(self.engine) as session:
            report = Report("0301", INSIDE, "火情", emergency=True)
            take_in(session, township(session), report, LI)

    def on(self) -> None:
        """Somebody takes a step on the case while the page is open."""
        with transaction(self.engine) as session:
            take_step(session, self.case, "note", SHI, details=Details(note="来电催办"))


Act = Callable[[Page, Facts], Any]
RowOfTable = tuple[str, str, str, Act, str, tuple[str, str]]
"""The endpoint and the reason in a word · who · page · what they do · where it is said · in both languages."""


@contextlib.contextmanager
def refusing(cluster: Cluster, town_template: str) -> Iterator[Facts]:
    """Town F with people, a case at its beginning and one that was closed, a problem and a scenario."""
    with own_database(cluster, town_template, "refusals") as engine:
        with transaction(engine) as session:
            place = township(session)
            keep_own_flows(session)
            index_addresses(session, place.id)
            accounts = {
                "worker": appointed(session, "grid_worker", grid="999901001207002", name="worker.li"),
                "clerk": appointed(session, "community_clerk", "999901001207", name="clerk.shi"),
                "dispatcher": appointed(session, "dispatcher", name="dispatcher.shi"),
                "government": appointed(session, "township_government", name="government.shi"),
                "planner": appointed(session, "planner", name="planner.shi"),
                "administrator": appointed(session, "administrator", name="administrator.shi"),
                "forgetful": appointed(session, "social_force", grid="999901001207002", name="forgetful"),
            }  # fmt: skip
            set_password(session, "forgetful", PASSWORD)
            documents.issue(
                session, place.id, "F1", file_name="手册.txt", content=b"1", title="工作手册",
                day=date(2023, 8, 1), who="test",
            )  # fmt: skip
            session.execute(
                text("UPDATE account SET staff_id = (SELECT min(id) FROM staff) WHERE id = :id"),
                {"id": accounts["worker"]},
            )
            public = CaseActor("resident", ("resident",))
            case = take_in(session, place, Report("0301", INSIDE, "垃圾"), public).case
            # Of a matter that asks for no photo of the work.
            done = take_in(session, place, Report("0101", INSIDE, "建议"), public).case
            for step, by, details in (
                ("file", SHI, Details()),
                ("dispatch", SHI, Details(to=Owner(grid_code="999901001207002", level="grid"))),
                ("accept", LI, Details()),
                ("feed_back", LI, Details(note="已清理")),
                ("close", SHI, Details()),
            ):
                take_step(session, done.id, step, by, details=details)
            add_problem(
                session, place.id, code="L1", title="管网老化", supervisor="dispatcher.shi",
                opened_on=date(2023, 1, 1), review_on=date(2023, 8, 1),
            )  # fmt: skip
            plan = plan_in_force(session, place.id)
            draft = scenarios.branch(session, plan, name="草案甲", who="planner.shi")
            house = session.scalar(
                text(
                    "SELECT min(f.house_id) FROM household f JOIN house_grid a ON a.house_id = f.house_id "
                    "JOIN grid g ON g.id = a.grid_id WHERE g.code = '999901001207002'"
                )
            )
            session.execute(
                text(
                    "INSERT INTO correction_request (township_id, table_name, row_id, column_name, proposed, asked_by) "
                    "SELECT :t, 'household', min(id), 'room', '1-101', '虚拟亲属' FROM household WHERE house_id = :h"
                ),
                {"t": place.id, "h": house},
            )
            session.execute(
                text(
                    "INSERT INTO register_entry (township_id, house_id, kind, account_id, who, state) "
                    "VALUES (:t, :h, 'household_in', :a, '测试', 'waiting')"
                ),
                {"t": place.id, "h": house, "a": accounts["worker"]},
            )
        app = app_over(engine, two_factor="offered")
        app.extensions["security"].pwd_context.update(
            argon2__time_cost=1, argon2__memory_cost=64, argon2__parallelism=1
        )
        yield Facts(
            engine,
            app,
            accounts,
            case.id,
            done.ticket,
            draft.id,
            house or 0,
            dict(app.view_functions),
        )
        app.extensions["gisgrid.snapshots"].close()


def photo(page: Page, *names: str) -> None:
    """Choose files that are no pictures."""
    files: list[FilePayload] = [
        {"name": name, "mimeType": "image/jpeg", "buffer": b"not a picture"} for name in names
    ]
    page.set_input_files("input[type=file]", files)


def chosen(page: Page, at: tuple[float, float] | None = None) -> None:
    """A matter, and a place as the phone would give it, without a look at it."""
    page.evaluate(
        """(at) => { const f = document.getElementById("report");
             const matter = f.querySelector("[name=matter][value='0301'], select[name=matter]");
             if (matter.tagName === "SELECT") matter.value = "0301"; else matter.checked = true;
             if (at) { f.elements.lon.value = at[0]; f.elements.lat.value = at[1]; } }""",
        list(at) if at else None,
    )


def send(page: Page) -> None:
    page.click("#send")


def freely(page: Page, form: str) -> None:
    """Send what the browser itself would hold back, as one without these checks does."""
    page.locator(form).evaluate(
        "(f) => { f.noValidate = true; f.requestSubmit(f.querySelector('button:not([type=button])')); }"
    )


def forged(page: Page, selector: str, value: str) -> None:
    page.locator(selector).first.evaluate("(e, v) => { e.value = v; }", value)


def step(name: str, **fields: str) -> Act:
    """Fill in a step of a case and take it."""

    def do(page: Page, facts: Facts) -> None:
        form = f"form[data-step={name}]"
        page.locator(f"{form} details").evaluate("(d) => { d.open = true; }")
        for name_of, value in fields.items():
            page.fill(f"{form} [name={name_of}]", value)
        freely(page, form)

    return do


def stale(page: Page, facts: Facts) -> None:
    """Take a step after somebody else has."""
    facts.on()
    step("note", note="路灯旁")(page, facts)


def offline(do: Act) -> Act:
    """The same without a connection."""

    def gone(page: Page, facts: Facts) -> None:
        page.context.set_offline(True)
        do(page, facts)

    return gone


def tick(page: Page, facts: Facts) -> None:
    """Choose the case in the board's list."""
    page.wait_for_selector(f"#rows li[data-id='{facts.case}']")
    page.locator(f"#rows li[data-id='{facts.case}'] input").check()


def go_bulk(page: Page, facts: Facts, name: str = "dispatch") -> None:
    """Take a step on what was chosen in the board's list."""
    page.select_option("#bulk [name=step]", name)
    page.click("#bulk button:not([type])")


def fields(form: str, **values: str) -> Act:
    """Fill in a form and send it, whatever the browser's own checks say."""

    def do(page: Page, facts: Facts) -> None:
        page.locator(form).evaluate(
            "(f) => { const d = f.closest('details'); if (d) d.open = true; }"
        )
        for name, value in values.items():
            page.locator(f"{form} [name={name}]").evaluate("(e, v) => { e.value = v; }", value)
        freely(page, form)

    return do


def photo_of_work(page: Page, facts: Facts) -> None:
    """A step with a file that is no picture."""
    page.locator("form[data-step=note] details").evaluate("(d) => { d.open = true; }")
    page.set_input_files(
        "form[data-step=note] input[type=file]",
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"not a picture"},
    )
    page.fill("form[data-step=note] [name=note]", "路灯旁")
    freely(page, "form[data-step=note]")


def noted_meanwhile(page: Page, facts: Facts) -> None:
    """Note a call that another has noted while the page was open."""
    facts.run("UPDATE notice SET seen_at = now(), seen_by = 'somebody' WHERE seen_at IS NULL")
    page.locator("form[action*='/notices/'] button").first.click()


def over_already(page: Page, facts: Facts) -> None:
    """Switch back an emergency that another has switched back."""
    facts.run("UPDATE emergency SET ended_at = now(), ended_by = 'somebody' WHERE ended_at IS NULL")
    page.click("form[action$='/off'] button")


def asked(call: str) -> Act:
    """What a click on the plan editor's map asks of it."""
    return lambda page, facts: page.evaluate(f"gisgrid.editor.{call}")


def click(selector: str, *more: str) -> Act:
    def do(page: Page, facts: Facts) -> None:
        for each in (selector, *more):
            page.click(each)

    return do
