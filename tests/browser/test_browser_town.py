"""A town from an empty store in the browser alone: the first administrator brings it in, and a worker logs in."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from passlib.totp import TOTP
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from gisgrid.cli.users import user
from gisgrid.core.settings import Settings
from gisgrid.db.cluster import Cluster
from gisgrid.files.read import open_table
from gisgrid.jobs import import_tasks, imports
from tests.support.database import own_database
from tests.support.looks import picture
from tests.support.town_files import DATA
from tests.support.web import app_over, chromium, close, served, visit

pytestmark = pytest.mark.browser

TOWN_F: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("boundaries/areas.geojson", "Areas", {}),
    ("boundaries/streets.geojson", "Streets and roads", {}),
    ("boundaries/grids.geojson", "Grids", {"plan": "2022", "in_force_from": "2022-09-01"}),
    ("register/houses.csv", "Houses", {"crs": "wgs84"}),
    ("register/households.csv", "Households", {}),
    ("register/residents.csv", "Residents", {}),
    ("staff/staff.csv", "Staff", {}),
    ("offices/offices.csv", "Offices", {}),
    ("matters/matters.csv", "List of matters", {"version": "2022", "since": "2022-09-01"}),
    ("events/events.csv", "Events", {"crs": "wgs84"}),
    ("service/stations.csv", "Service stations", {"crs": "wgs84"}),
    ("service/visits.csv", "Visits", {}),
    ("learning/trainings.csv", "Training", {}),
)
"""In the order in which an office brings them: file, what it is taken for, what a person adds."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def working(engine: Engine) -> Iterator[None]:
    """A worker beside, until the end."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            imports.do_asked(engine)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this process: how they are read apart is held elsewhere, and takes a second each."""
    monkeypatch.setattr(import_tasks, "open_apart", open_table)


def brought_in(page: Page, host: str, path: Path, kind: str, fields: dict[str, str]) -> int:
    """How many rows a file added, brought in by its buttons."""
    page.goto(f"{host}/office/import?lang=en")
    page.set_input_files("#file", path)
    page.click("text=Send and look at it")
    page.wait_for_selector("text=Check it: a dry run")
    assert kind in page.locator("#kind option:checked").inner_text()
    for name, value in fields.items():
        if name == "crs":
            page.select_option("#crs", value)
        else:
            page.fill(f"#{name}", value)
    page.click("text=Check it: a dry run")
    page.wait_for_selector("[aria-label=Result]")
    assert page.inner_text("[data-count=refused] strong") == "0"
    added = int(page.inner_text("[data-count=inserted] strong"))
    if page.locator("[name=aside]").count():
        page.check("[name=aside]")
    page.click("button:has-text('Import it')")
    page.wait_for_selector("text=See it on the map")
    assert int(page.inner_text("[data-count=inserted] strong")) == added
    return added


def first_administrator(engine: Engine) -> str:
    """The password of the account that the one command makes."""
    url = engine.url.render_as_string(hide_password=False)
    told = CliRunner().invoke(
        user,
        ["first", "root", "测试管理", "--commit"],
        obj=Settings(database_url=url),
        catch_exceptions=False,
    )
    found = re.search(r"told this once\): (\S+)", told.output)
    assert found is not None, told.output
    return found[1]


def logged_in(page: Page, host: str, name: str, password: str, own: str, *, office: bool) -> None:
    """Through the log-in with a password of a slip, the second factor of an office, and a password of one's own."""
    page.goto(f"{host}/account/login?lang=en")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    if office:
        page.click("button:has-text('Set it up')")
        key = page.inner_text("strong.key").replace("-", "").strip()
        page.fill("[name=code]", TOTP(key=key).generate().token)
        page.click("button:has-text('Confirm')")
    page.wait_for_selector("text=choose your own now")
    assert page.url.startswith(f"{host}/account/change")
    page.fill("#password", password)
    page.fill("#new_password", own)
    page.fill("#again", own)
    page.click("button:has-text('Change it')")
    page.wait_for_url(f"{host}/me*")


def test_a_town_is_set_up_from_an_empty_store_by_the_browser_alone(
    cluster: Cluster, template: str, browser: Browser, town_engine: Engine, read_here: None
):
    """Afterwards the store holds what the terminal's commands bring in, and a worker sees what waits today."""
    with own_database(cluster, template, "empty") as engine:
        secret = first_administrator(engine)
        app = app_over(engine)
        with working(engine), served(app) as host, visit(browser, host) as seen:
            page = seen.page
            logged_in(page, host, "root", secret, "nine-55-grey-herons", office=True)
            for path, said in (
                ("/", "Today"),
                ("/office/accounts", "Accounts: 1"),
                ("/office/teams", "There is no township yet: bring its areas in first"),
                ("/office/township", "There is no township yet: bring its areas in first"),
            ):
                page.goto(f"{host}{path}?lang=en")
                assert said in page.inner_text("main"), path
            seen.failures.clear()  # the browser notes that the two are not there
            page.goto(f"{host}/office/import?lang=en")
            assert "The store is empty. Begin with the areas" in page.inner_text("main")
            added = {}
            for path, kind, fields in TOWN_F:
                added[path] = brought_in(page, host, DATA / path, kind, fields)
                if kind == "Areas":
                    set_up(page, host)
            assert added["boundaries/grids.geojson"] == 53
            assert added["register/residents.csv"] == 8003
            page.goto(f"{host}/office/import?lang=en")
            assert page.locator("tr[data-import]").count() == len(TOWN_F)
            page.click("text=Map >> nth=0")
            page.wait_for_selector("html[data-ready]", state="attached")
            seen.settle()
            assert page.evaluate("Object.keys(gisgrid.layers.grids._layers).length") == 53
            slips = accounts_of_the_staff(page, host)
            page.goto(f"{host}/office/teams?lang=en")
            assert page.inner_text("[data-count=grids] strong") == "53"
            assert page.inner_text("[data-count=leaderless] strong") == "0"
            assert seen.failures == []
            assert counted(engine) == counted(town_engine)
            with visit(browser, host, width=390) as phone:
                logged_in(
                    phone.page, host, "s0002", slips["s0002"], "four-71-blue-kites", office=False
                )
                phone.page.goto(f"{host}/?lang=en")
                today = phone.page.inner_text("main")
                assert "Houses to visit" in today, today
                picture(phone.page, "town-worker-today.png", full_page=True)
                phone.page.click(".shell-below a:has-text('My grid')")
                assert "/register/grid/999901001201003" in phone.page.url
                assert phone.failures == []
            close(app)


def set_up(page: Page, host: str) -> None:
    """Settings and the calendars of two years, as soon as the areas say that there is a township."""
    page.goto(f"{host}/office/township?lang=en")
    page.fill("#near_border_m", "8")
    page.click("text=Keep the changes")
    page.wait_for_selector("text=1 settings changed.")
    for year, hours in (("2022", "08:00-12:00 13:30-17:30"), ("2023", "")):
        page.goto(f"{host}/office/township/calendar?lang=en")
        page.fill("#propose", year)
        page.fill("#hours", hours)
        page.click("text=Show the proposal")
        page.click("text=Keep this year")
        page.wait_for_selector("text=Kept. Clocks that run")
    assert page.locator("[data-day='2023-10-02']").count() == 1


def accounts_of_the_staff(page: Page, host: str) -> dict[str, str]:
    """Passwords by log-in name, from the slips of the staff list."""
    page.goto(f"{host}/office/accounts/several?lang=en")
    page.set_input_files("#file", DATA / "staff/staff.csv")
    page.click("button:has-text('See what would be made')")
    page.wait_for_selector("[data-count=made]")
    assert page.inner_text("[data-count=refused] strong") == "0"
    made = int(page.inner_text("[data-count=made] strong"))
    page.click("text=Make them, and show the slips")
    page.wait_for_selector("[data-slip]")
    slips = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-slip]')].map((s) => "
        "[s.dataset.slip, s.querySelector('[data-password]').textContent]))"
    )
    assert len(slips) == made
    return dict(slips)


def counted(engine: Engine) -> list[tuple[Any, ...]]:
    """Grids of the plan in force with houses, residents and events in each."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(_COUNTED))]


_COUNTED = """
SELECT g.code, (SELECT count(*) FROM house_grid a WHERE a.grid_id = g.id),
       (SELECT count(*) FROM house_grid a JOIN household f USING (house_id)
        JOIN resident r ON r.household_id = f.id WHERE a.grid_id = g.id),
       (SELECT count(*) FROM event_grid e WHERE e.grid_id = g.id),
       (SELECT count(*) FROM team_member m WHERE m.grid_code = g.code)
FROM grid g JOIN plan_in_force p ON p.id = g.plan_id ORDER BY g.code
"""
