"""A draft whose grids are all gone: each of its pages and files says so, and none breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.planning.balancing.from_scratch import begin_from_scratch
from tests.support.accounts import appointed
from tests.support.web import app_over, close, fill_town

TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
PAGES = (
    *("/plan/{}", "/plan/{}/view.json", "/plan/{}/compare", "/plan/{}/job.json"),
    *("/plan/{}/report.html", "/plan/{}/report.pdf", "/plan/{}/handover.xlsx"),
    *("/plan/{}/grids.gpkg", "/plan/{}/grids.geojson", "/api/v1/plans/{}/grids"),
    *("/map?plan={}", "/map/studies/{}/workload", "/map/studies/{}/coverage"),
)
EDITS = ("preview", "edit", "undo", "redo", "lock", "check", "rebalance", "look", "step", "publish")


@pytest.fixture(scope="module")
def fill():
    def town(session: Session) -> tuple[int, int]:
        fill_town(session, columns=3, rows=3, houses=30, events=9)
        place = plans.township(session)
        fresh = begin_from_scratch(session, place, name="新方案", who="测试")
        session.execute(text("DELETE FROM grid WHERE plan_id = :p"), {"p": fresh.id})
        return fresh.id, appointed(session, "planner")

    return town


@pytest.fixture
def app(engine: Engine, made: tuple[int, int]) -> Iterator[Flask]:
    app = app_over(engine, account=made[1])
    yield app
    close(app)


def test_every_page_and_file_of_it_answers(app: Flask, made: tuple[int, int]):
    client = app.test_client()
    told = {path: client.get(path.format(made[0])).status_code for path in PAGES}
    assert {path: status for path, status in told.items() if status >= 500} == {}
    assert told["/plan/{}"] == told["/plan/{}/report.html"] == told["/plan/{}/report.pdf"] == 200
    words = client.get(f"/plan/{made[0]}/report.html?lang=en").text
    assert "No grids are drawn yet." in words
    assert "尚未画出网格" in client.get(f"/plan/{made[0]}/report.html?lang=zh").text


@pytest.mark.parametrize("verb", EDITS)
def test_what_is_asked_of_it_without_sense_is_refused_in_words(
    app: Flask, made: tuple[int, int], verb: str
):
    client = app.test_client()
    token = TOKEN.search(client.get(f"/plan/{made[0]}").text)
    assert token
    answer = client.post(
        f"/plan/{made[0]}/{verb}", json={"version": 0}, headers={"X-CSRFToken": token[1]}
    )
    assert answer.status_code < 500
