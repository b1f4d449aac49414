"""The page of figures: each number opens as many cases as it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.case_town import PUBLIC, Peopled, Town, peopled
from tests.support.cases import TEAM_A
from tests.support.web import app_over

DAYS = "since=2023-08-01&until=2023-08-31&lang=en"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Town:
    return Town(engine, made)


@pytest.mark.thorough
def test_every_number_opens_the_cases_behind_it(town: Town, engine: Engine):
    cases = [town.report(None, PUBLIC, source="电话") for _ in range(4)]
    shi, worker = ("dispatcher", "dispatcher.shi"), ("grid_worker", "worker.a")
    for case in cases[:3]:
        town.step("dispatcher", case.id, "file", *shi)
        town.step("dispatcher", case.id, "dispatch", *shi, to=TEAM_A)
    town.step("worker", cases[0].id, "feed_back", *worker, note="已清理")
    town.step("dispatcher", cases[0].id, "close", *shi)
    town.step("worker", cases[1].id, "return", *worker, reason="不属本格", to=TEAM_A)
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    for unit in ("grid", "source", "matter", "community", "office", "major"):
        page = client.get(f"/figures?{DAYS}&unit={unit}").text
        numbers = re.findall(r'<a href="(/figures/rows\?measure=[^"]+)">(\d+)</a>', page)
        assert {m: n for a, n in numbers for m in re.findall(r"measure=(\w+)", a)} | {
            "received": "4", "assigned": "3", "returned": "1", "right_first": "1",
        } == {m: n for a, n in numbers for m in re.findall(r"measure=(\w+)", a)}  # fmt: skip
        for address, n in numbers:
            behind = client.get(address.replace("&amp;", "&") + "&lang=en").text
            assert len(re.findall(r'href="/cases/\d+"', behind)) == int(n), address
    # Of the two suggestions that were decided one was taken.
    with transaction(engine) as session:
        session.execute(
            text("INSERT INTO staff (township_id, code, name) VALUES (:t, 'S1', '测试')"),
            {"t": town.place.id},
        )
        session.execute(
            text(
                "INSERT INTO suggestion (case_id, made_at, grid_code, staff_id, parts, accepted) "
                "SELECT c.id, c.opened_at, 'a', s.id, '{}', c.id = :first FROM event_case c, staff s "
                "WHERE c.id <= :second"
            ),
            {"first": cases[0].id, "second": cases[1].id},
        )
    assert "1 of 2 were taken" in client.get(f"/figures?{DAYS}").text
    # Four of one matter at one spot.
    page = client.get(f"/figures?{DAYS}").text
    spot = re.search(r'href="(/figures/rows\?events=[^"]+)"', page)
    assert (
        spot
        and len(re.findall(r'href="/cases/\d', client.get(spot[1].replace("&amp;", "&")).text)) == 4
    )
    # The worker of the next grid counts none of them.
    other = app_over(engine, account=town.people["other"]).test_client()
    assert "/figures/rows" not in other.get(f"/figures?{DAYS}").text
    for bad in ("since=x", "unit=x", "since=2023-02-01&until=2023-01-01"):
        assert client.get(f"/figures?{bad}").status_code == 422


def test_where_nothing_is_new_the_page_opens_on_the_last_days_that_have_reports(
    town: Town, engine: Engine
):
    town.report(None, PUBLIC)
    with transaction(engine) as session:
        last = session.scalar(
            text("SELECT max(reported_at AT TIME ZONE 'Asia/Shanghai') FROM event")
        )
    assert (datetime.now() - last).days > 30  # noqa: DTZ005 - both are the clock of a wall
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    for path in ("/figures", "/figures/burden"):
        page = client.get(f"{path}?lang=en").text
        assert f'name="until" value="{last.date()}"' in page, path
        asked = client.get(f"{path}?until=2023-07-01&lang=en").text
        assert 'name="until" value="2023-07-01"' in asked, path


def test_a_long_table_has_pages_and_a_long_period_looks_for_spots_when_asked(
    town: Town, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(3):
        town.report(None, PUBLIC, source="电话")
    town.report(None, PUBLIC, source="网络")
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    year = "/figures?since=2022-09-01&until=2023-08-31&lang=en&unit=source"
    page = client.get(year).text
    assert "/figures/rows?events=" not in page and "Look for them" in page
    asked = re.search(r'href="(/figures\?[^"]*spots=1)#spots"', page)
    assert asked and "/figures/rows?events=" in client.get(asked[1].replace("&amp;", "&")).text
    monkeypatch.setattr("web.figures.views.UNITS_A_PAGE", 1)
    first, second = client.get(year).text, client.get(f"{year}&page=2").text
    assert "Page 1 of 2" in first and "Page 2 of 2" in second
    row = r'<th scope="row">(电话|网络)</th>'
    assert [re.findall(row, each) for each in (first, second)] == [["电话"], ["网络"]]
    whole = r"(?s)<tfoot>.*?measure=received[^>]*>(\d+)"
    assert re.search(whole, first)[1] == re.search(whole, second)[1] == "4"
    assert "Page 2 of 2" in client.get(f"{year}&page=9").text
    assert client.get(f"{year}&page=x").status_code == 422
