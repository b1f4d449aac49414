"""Documents on the web: listed, read in large type, and “I have read it”."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.people.learning import documents
from tests.support.accounts import appointed
from tests.support.web import Town, app_over, fill_town

GRID = "999901001001001"
WORDS = "第一条 先亮身份。<img src=x onerror=alert(1)>"


def town_with_a_document(session: Session) -> Town:
    town = fill_town(session, columns=3, rows=3, houses=9, events=1)
    issue(session, WORDS)
    return town


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return town_with_a_document


@pytest.fixture
def town(made: Town) -> Town:
    return made


def issue(session: Any, words: str) -> None:
    place = township(session)
    documents.issue(
        session, place.id, "F1", file_name="手册.txt", content=words.encode(), title="工作手册",
        day=date(2023, 8, 1), who="test",
    )  # fmt: skip


def worker(engine: Engine, *, linked: bool = True) -> FlaskClient:
    """An account of the leader of the first grid; ``linked``: it is that person's."""
    with transaction(engine) as session:
        account = appointed(session, "grid_worker", grid=GRID)
        if linked:
            session.execute(
                text(
                    "UPDATE account SET staff_id = (SELECT staff_id FROM team_member "
                    "WHERE grid_code = :grid ORDER BY id LIMIT 1) WHERE id = :id"
                ),
                {"id": account, "grid": GRID},
            )
    return app_over(engine, account=account).test_client()


def say_read(client: FlaskClient, number: str = "1") -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/documents/F1").text)[1]
    return client.post("/documents/F1", data={"csrf_token": token, "number": number})


def receipts(engine: Engine) -> int:
    with transaction(engine) as session:
        return int(session.scalar(text("SELECT count(*) FROM read_receipt")) or 0)


def test_a_worker_reads_and_says_so_and_a_new_version_asks_again(engine: Engine, town: Town):
    client = worker(engine)
    assert "请阅读" in client.get("/documents").text
    page = client.get("/documents/F1")
    assert "第一条 先亮身份。" in page.text
    assert "<img src=x" not in page.text
    done = say_read(client)
    assert (done.status_code, receipts(engine)) == (303, 1)
    assert say_read(client).status_code == 303
    assert receipts(engine) == 1
    assert "已读" in client.get("/documents").text
    with transaction(engine) as session:
        issue(session, "第二版")
    assert "请阅读" in client.get("/documents").text
    assert say_read(client, "1").status_code == 409
    assert say_read(client, "2").status_code == 303
    assert receipts(engine) == 2


def test_a_file_is_handed_out_and_never_run(engine: Engine, town: Town):
    got = worker(engine).get("/document-files/F1")
    assert got.data == WORDS.encode()
    assert got.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E6")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.content_type == "text/plain; charset=utf-8"


def test_who_is_no_staff_reads_and_is_not_noted(engine: Engine, town: Town):
    client = worker(engine, linked=False)
    assert "未关联工作人员" in client.get("/documents").text
    page = client.get("/documents/F1")
    assert "第一条 先亮身份。" in page.text
    assert "我已阅读" not in page.text
    assert say_read(client).status_code == 409
    assert receipts(engine) == 0


def test_nothing_for_the_public_and_no_document_that_is_not_there(engine: Engine, town: Town):
    public = app_over(engine).test_client()
    for path in ("/documents", "/documents/F1", "/document-files/F1"):
        assert public.get(path).status_code in (302, 401)
    client = worker(engine)
    assert client.get("/documents/F9").status_code == 404
    assert client.post("/documents/F1", data={"number": "1"}).status_code == 400
    assert receipts(engine) == 0
