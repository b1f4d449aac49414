"""Practice: every task at the door can be tried on invented houses, and the store stays as it was."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

import web.practice.views
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.door import GRID, one_known, token
from tests.support.web import app_over
from web.practice import houses as practice

TRIED = {
    "verify": ({}, ("样本街 1号",)),
    "visit": ({"why": "care", "met": "household", "agreed": "样本约定"}, ("关怀", "样本约定")),
    "move": ({"address": "样本街 3号", "house_id": "3", "room": "302"}, ("样本街 3号", "302")),
    "report": ({"seen": "lamp", "words": "样本灯不亮"}, ("路灯不亮", "样本灯不亮")),
    "task": ({"q1": "4", "q2": "塑料管"}, ("4", "塑料管")),
}


@pytest.fixture(scope="module")
def store(cluster: Cluster, template: str) -> Iterator[Engine]:
    with own_database(cluster, template, "practice") as engine:
        with transaction(engine) as session:
            one_known(session)
            appointed(session, "grid_worker", grid=GRID, name="worker")
        yield engine


@pytest.fixture(scope="module")
def worker(store: Engine) -> FlaskClient:
    with transaction(store) as session:
        account = session.scalar(text("SELECT id FROM account WHERE name = 'worker'"))
    return app_over(store, account=account).test_client()


def rows(store: Engine) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a sum over all that stands in them."""
    with transaction(store) as session:
        tables = session.scalars(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
            )
        ).all()
        return {
            table: tuple(
                session.execute(
                    text(
                        f"SELECT count(*), coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '') FROM \"{table}\" t"
                    )
                ).one()
            )
            for table in tables
        }


def shown(page: str) -> str:
    main = page[page.index("<main") :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_every_task_is_tried_and_no_row_of_any_table_changes(store: Engine, worker: FlaskClient):
    key = token(worker)
    worker.get("/practice")
    before = rows(store)
    assert len(before) > 60 and before["house"][0] == 30
    listed = worker.get("/practice").text
    for task in practice.TASKS:
        assert f'href="/practice/{task}' in listed
        page = worker.get(f"/practice/{task}").text
        assert "这些房屋是虚构的" in page and 'class="practice-picture"' in page
        assert "data-queue" not in page, "nothing waits on a phone to be sent"
        action = re.search(r'<form method="post"[^>]*action="(/practice/[^"?]+)', page)
        assert action and action[1] == f"/practice/{task}"
    assert listed.count('class="practice-picture"') == len(practice.TASKS)
    found = worker.post("/practice/lookup", data={"q": "样本街3号", "csrf_token": key}).text
    assert "样本网格" in shown(found)
    asked = worker.post("/practice/move", data={"address": "样本街", "csrf_token": key}).text
    assert 'name="house_id" value="3"' in asked and 'value="1"' not in re.findall(
        r'name="house_id"[^>]*', asked
    )
    for task, (said, words) in TRIED.items():
        page = worker.post(f"/practice/{task}", data={**said, "csrf_token": key})
        assert page.status_code == 200, task
        told = shown(page.text)
        assert (
            "做对了" in told and "什么都不会登记" in told and all(word in told for word in words)
        ), told
    assert rows(store) == before


def test_what_is_wrong_is_said_as_at_the_door(worker: FlaskClient):
    key = token(worker)
    for task, said, words in (
        ("lookup", {"q": "别处"}, "练习房屋里没有这个地址"),
        ("visit", {"why": "care"}, "请选"),
        ("move", {"house_id": "99"}, "请选"),
        ("report", {}, "请选"),
        ("task", {"q1": "many"}, "many"),
        ("task", {}, "必须回答"),
    ):
        page = worker.post(f"/practice/{task}", data={**said, "csrf_token": key})
        assert page.status_code in {400, 422}, (task, page.status_code)
        assert words in shown(page.text), (task, shown(page.text)[:300])
    assert worker.get("/practice/none").status_code == 404
    assert worker.post("/practice/none", data={"csrf_token": key}).status_code == 404


def test_the_days_of_practice_are_a_township_s_and_never_over(
    worker: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2031, 5, 6, 20, 0, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(web.practice.views, "datetime", Clock)
    done = shown(worker.post("/practice/verify", data={"csrf_token": token(worker)}).text)
    assert "2031-05-07" in done, "eight at night in London is the next morning there"
    page = worker.get("/practice/task").text
    assert "2031-06-06" in page and "2026" not in shown(page) and "逾期" not in shown(page)


def test_no_way_of_practice_can_open_the_store():
    folder = Path(web.practice.views.__file__).parent
    imported, named = set(), set()
    for source in folder.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom):
                imported |= {f"{node.module}.{each.name}" for each in node.names}
            elif isinstance(node, ast.Import):
                imported |= {each.name for each in node.names}
            elif isinstance(node, ast.Attribute):
                named.add(node.attr)
            elif isinstance(node, ast.Name):
                named.add(node.id)
    shut = ("web.http.db", "gisgrid.db", "sqlalchemy", "importlib")
    assert not {each for each in imported if each.startswith(shut)}
    assert not named & {
        "session",
        "reading",
        "writing",
        "opening",
        "transaction",
        "engine",
        "__import__",
    }
