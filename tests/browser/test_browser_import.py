"""The import desk in headless Chromium: from an empty store with one account to Town F on the map."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.files.read import open_table
from gisgrid.files.reading_apart import Read
from gisgrid.jobs import import_tasks, imports
from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint
from tests.support.accounts import LONG_AGO, appointed
from tests.support.database import own_database
from tests.support.imports import Desk, at_desk
from tests.support.looks import faults
from tests.support.town_files import DATA
from tests.support.web import ARTIFACTS, app_over, chromium, close, fill_town, served, visit

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

    def read(path: Path, **how: Any) -> Read:
        return Read(open_table(path, **how), None)

    monkeypatch.setattr(import_tasks, "open_apart", read)


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
    page.click("button:has-text('Import it')")
    page.wait_for_selector("text=See it on the map")
    assert int(page.inner_text("[data-count=inserted] strong")) == added
    return added


def test_an_administrator_brings_town_f_in_from_an_empty_store(
    cluster: Cluster, template: str, browser: Browser, town_engine: Engine, read_here: None
):
    """By the browser alone; afterwards the store holds what the terminal's commands bring in."""
    with own_database(cluster, template, "empty") as engine:
        with transaction(engine) as session:
            account = add_account(session, "office", "测试管理")
            appoint(session, "office", "administrator", since=LONG_AGO)
        app = app_over(engine, account=account.id)
        with working(engine), served(app) as host, visit(browser, host) as seen:
            page = seen.page
            page.goto(f"{host}/office/import?lang=en")
            assert "The store is empty. Begin with the areas" in page.inner_text("main")
            added = {
                path: brought_in(page, host, DATA / path, kind, fields)
                for path, kind, fields in TOWN_F
            }
            assert added["boundaries/grids.geojson"] == 53
            assert added["register/residents.csv"] == 8003
            page.goto(f"{host}/office/import?lang=en")
            assert page.locator("tr[data-import]").count() == len(TOWN_F)
            page.click("text=Map >> nth=0")
            page.wait_for_selector("html[data-ready]", state="attached")
            seen.settle()
            drawn = page.evaluate("Object.keys(gisgrid.layers.grids._layers).length")
            assert drawn == 53
            assert seen.failures == []
            close(app)
        assert counted(engine) == counted(town_engine)


HOUSES = """房屋编码,地址,经度,纬度,备注,检查日期
N1,虚构路901号,120.9021,40.7011,新建,2023-05-01
N2,虚构路902号,120.9022,40.7012,,2023-05-02
N3,虚构路903号,一百二,40.7013,,2023-05-03
"""


@pytest.fixture(scope="module")
def states(cluster: Cluster, template: str) -> Iterator[tuple[str, dict[str, int], Any]]:
    """Address of the desk, an import in each state, and the desk itself."""
    with own_database(cluster, template, "states") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=3, rows=3, houses=40, events=20)
            account = appointed(session, "administrator", name="office")
        office = at_desk(engine, account)
        made = {}
        for k, state in enumerate(("looked", "checked", "imported", "foreseen", "undone")):
            made[state] = office.send(HOUSES.replace("N", "ABCDE"[k]), f"房屋 {state}.csv")
            if k:
                office.check(made[state], crs="wgs84")
            if k > 1:
                office.press(made[state], "commit")
            if k > 2:
                office.press(made[state], "foresee")
        office.press(made["undone"], "undo")
        made["failed"] = office.send(HOUSES, "房屋 failed.csv")
        office.check(made["failed"], crs="")
        book = openpyxl.Workbook()
        for title in ("一组", "二组"):
            book.create_sheet(title).append(["房屋编码", "地址"])
        del book["Sheet"]
        out = io.BytesIO()
        book.save(out)
        made["several"] = office.send(out.getvalue(), "several.xlsx")
        made["waiting"] = office.send(HOUSES.replace("N", "W"), "waiting.csv")
        office.check(made["waiting"], crs="wgs84", work=False)
        assert {state: office.found(n).stage for state, n in made.items()} == {
            "looked": "looked", "checked": "checked", "imported": "imported", "foreseen": "imported",
            "undone": "undone", "failed": "looked", "several": "looked", "waiting": "looked",
        }  # fmt: skip
        app = app_over(engine, account=account)
        with served(app) as host:
            yield host, made, office
            close(app)


def person(browser: Browser, host: str, office: Desk, width: int = 1440) -> Page:
    """A page of the one account of the desk."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    return page


def test_axe_finds_no_violation_in_any_state_and_nothing_is_too_small_or_too_wide(
    browser: Browser, states: tuple[str, dict[str, int], Desk]
):
    host, made, office = states
    page = person(browser, host, office)
    found: dict[str, object] = {}
    ARTIFACTS.mkdir(exist_ok=True)
    for state, number in {"": 0, **made}.items():
        for lang in ("en", "zh"):
            found |= faults(page, host, f"/office/import{f'/{number}' if number else ''}", lang)
            for width in (1440, 390):
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(
                    path=ARTIFACTS / f"import-{state or 'list'}-{lang}-{width}.png", full_page=True
                )
    page.context.close()
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())


def test_all_is_done_by_the_keyboard(browser: Browser, states: tuple[str, dict[str, int], Desk]):
    host, made, office = states
    page = person(browser, host, office)
    page.goto(f"{host}/office/import/{made['checked']}?lang=en")
    page.focus("button:has-text('Import it')")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-busy]")
    office.work()
    page.wait_for_selector("text=See it on the map")
    page.goto(f"{host}/office/import/{made['foreseen']}?lang=en")
    page.focus("[data-opens=ask]")
    page.keyboard.press("Enter")
    assert page.is_visible("dialog >> text=Take the import")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog")
    page.context.close()


def test_a_dead_upload_says_so_and_the_file_is_still_chosen(
    browser: Browser, states: tuple[str, dict[str, int], Desk], tmp_path: Path
):
    host, _, office = states
    page = person(browser, host, office)
    page.goto(f"{host}/office/import?lang=en")
    file = tmp_path / "houses.csv"
    file.write_text(HOUSES, encoding="utf-8")
    before = office.scalar("SELECT count(*) FROM file_import")
    page.context.route("**/office/import", lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", file)
    page.click("text=Send and look at it")
    page.wait_for_selector("text=The connection broke off; nothing was kept.")
    assert page.evaluate("document.getElementById('file').files[0].name") == "houses.csv"
    assert office.scalar("SELECT count(*) FROM file_import") == before
    page.set_input_files("#file", {"name": "e.csv", "mimeType": "text/csv", "buffer": b""})
    assert page.is_visible("text=The file is empty; nothing was sent.")
    page.context.close()


def test_a_file_of_two_gigabytes_is_refused_before_it_is_sent(
    browser: Browser, states: tuple[str, dict[str, int], Desk], tmp_path: Path
):
    host, _, office = states
    page = person(browser, host, office)
    page.goto(f"{host}/office/import?lang=en")
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(2 << 30)  # holds nothing, and takes no room
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.set_input_files("#file", huge)
    page.click("text=Send and look at it")
    assert page.is_visible("text=The file is larger than 200 MB; nothing was sent.")
    assert "POST" not in asked
    page.context.close()


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
