"""The list of messages, what is read, how one wants to be told, and the news of open pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.support.accounts import acting, refused
from tests.support.case_town import Peopled
from tests.support.outbox import CANARY, CANARY_PHONE, TownOfNews, everybody
from tests.support.served import behind_doors
from tests.support.waiting import eventually
from tests.support.web import app_over, session_cookie

PAGE, SETTINGS = "/messages?lang=en", "/messages/settings?lang=en"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Iterator[TownOfNews]:
    town = TownOfNews(engine, made)
    yield town
    town.web.dispose()


def client_of(town: TownOfNews, who: str) -> FlaskClient:
    return app_over(town.engine, account=town.people[who]).test_client()


def sent(client: FlaskClient, path: str, **form: str) -> tuple[int, str, str]:
    """Status, where it leads, and the page."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)
    assert token
    answer = client.post(path, data={"csrf_token": token[1], **form})
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def unread(client: FlaskClient) -> dict[str, object]:
    found: dict[str, object] = client.get("/messages/unread.json?lang=en").json or {}
    return found


def test_a_message_leads_to_its_case_and_is_read_then(town: TownOfNews):
    case = town.seen_now(emergency=True)
    code = town.value("SELECT code FROM event")
    leader = client_of(town, "leader")
    assert unread(leader)["count"] == 1
    page = leader.get(PAGE).text
    assert f"Emergency: case {code}, grid 网格a" in page and "message-urgent" in page
    assert CANARY not in page and CANARY_PHONE not in page
    action = re.search(r'action="(/messages/\d+)"', page)
    assert action
    assert sent(leader, action[1])[:2] == (303, f"/cases/{case}")
    assert unread(leader) == {"count": 0, "newest": 0, "sound": False, "urgent": None}
    assert "message-new" not in leader.get(PAGE).text
    # Each level for itself: others have not read it.
    assert unread(client_of(town, "clerk"))["count"] == 1


def test_another_persons_message_is_not_there(town: TownOfNews):
    town.seen_now(emergency=True)
    number = town.value(
        "SELECT id FROM outbox_delivery WHERE account_id = :a", a=town.people["clerk"]
    )
    assert sent(client_of(town, "planner"), f"/messages/{number}")[0] == 404
    assert unread(client_of(town, "clerk"))["count"] == 1


def test_all_are_marked_as_read_at_once_and_long_lists_have_pages(town: TownOfNews):
    town.run(
        "SELECT tell(jsonb_agg(jsonb_build_object('key', 'step:' || n, 'kind', 'task', 'urgent', false, "
        "'town', CAST(:t AS bigint), 'subject', 'case', 'subject_id', n, 'code', 'E-' || n, 'account', "
        "CAST(:a AS bigint)))) FROM generate_series(1, 120) n",
        t=town.place.id, a=town.people["worker"],
    )  # fmt: skip
    worker = client_of(town, "worker")
    assert unread(worker)["count"] == 120
    assert "Page 3 of 3" in worker.get("/messages?lang=en&page=3").text
    assert worker.get("/messages?page=x").status_code == 422
    assert sent(worker, "/messages/read")[0] == 303
    assert unread(worker)["count"] == 0


def test_what_one_wants_is_kept_and_shown_again(town: TownOfNews):
    town.run(
        "INSERT INTO outbox_channel (township_id, channel, addressed, config, secret) VALUES "
        '(NULL, \'email\', true, \'{"host": "mail.undisclosed", "sender": "a@b.example"}\', \'hidden\')'
    )
    worker = client_of(town, "worker")
    page = worker.get(SETTINGS).text
    assert "By e-mail" in page and "By the gateway" not in page and "undisclosed" not in page
    assert "Plan to review" not in page, "a worker reviews no plan"
    status, to, _ = sent(
        worker, "/messages/settings", email="worker@town.example", language="en", sound="on",
        quiet_from="21:30", quiet_until="07:00", **{"task.email": "on", "late.badge": "on"},
    )  # fmt: skip
    assert (status, to) == (303, "/messages/settings")
    page = worker.get(SETTINGS).text
    boxes = dict(re.findall(r'<input type="checkbox" name="([^"]+)"([^>]*)>', page))
    assert "checked" in boxes["task.email"] and "checked" not in boxes["task.badge"]
    assert "checked" not in boxes["late.email"] and "checked" in boxes["late.badge"]
    assert "checked" in boxes["emergency.badge"] and "disabled" in boxes["emergency.badge"]
    assert "checked" in boxes["sound"]
    assert 'value="21:30"' in page and 'value="worker@town.example"' in page
    assert "A code is sent to worker@town.example" in page, "it is not used before"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"email": "no address"}, "no e-mail address"),
        ({"email": "a@b\r\nBcc: c@d"}, "no e-mail address"),
        ({"quiet_from": "22:00"}, "Quiet hours"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "Quiet hours"),
        ({"quiet_from": "x", "quiet_until": "22:00"}, "no time of day"),
        ({"address": "a b"}, "gateway"),
    ],
)
def test_what_cannot_be_wanted_is_said_and_what_was_typed_stays(
    town: TownOfNews, form: dict[str, str], words: str
):
    status, _, page = sent(client_of(town, "worker"), SETTINGS, **form)
    assert status == 422 and words in page
    assert town.value("SELECT count(*) FROM outbox_person") == 0


def test_the_store_shows_nobody_what_others_are_told_or_want_and_no_secret(town: TownOfNews):
    town.seen_now(emergency=True)
    for who in ("leader", "clerk"):
        town.run("INSERT INTO outbox_person (account_id, email) VALUES (:a, 'a@b')", a=town.people[who])  # fmt: skip
    town.run(
        "INSERT INTO outbox_channel (channel, addressed, config, secret) VALUES ('email', true, '{}', 'x')"
    )
    mine = town.people["leader"]
    with acting(town.web, mine) as session:
        conn = session.connection().exec_driver_sql
        assert conn("SELECT DISTINCT account_id FROM outbox_delivery").scalars().all() == [mine]
        assert conn("SELECT account_id FROM outbox_person").scalars().all() == [mine]
        assert conn("SELECT count(*) FROM outbox_message").scalar() == 1
        refused(session, "SELECT secret FROM outbox_channel")
        refused(session, "SELECT config FROM outbox_channel")
        refused(session, "SELECT tell('[]')")
        refused(session, "SELECT * FROM holders(1, NULL)")
        refused(session, "INSERT INTO outbox_message (key, kind, subject, subject_id, code) VALUES ('x', 'task', 'case', 1, 'x')")  # fmt: skip
        refused(session, "UPDATE outbox_delivery SET account_id = 1")
        assert conn("SELECT sum(n) FROM outbox_count").scalar() is None
    with pytest.raises(DBAPIError), acting(town.web, mine) as session:
        session.connection().exec_driver_sql("UPDATE outbox_delivery SET state = 'failed'")
    with acting(town.web, town.people["planner"]) as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM outbox_message").scalar() == 0  # fmt: skip
    with acting(town.web, town.people["auditor"]) as session:
        counted = session.connection().exec_driver_sql("SELECT sum(n) FROM outbox_count").scalar()
        assert counted == town.value("SELECT count(*) FROM outbox_delivery")
        assert session.connection().exec_driver_sql("SELECT count(*) FROM outbox_delivery").scalar() == 0  # fmt: skip


def test_an_open_page_of_who_is_concerned_is_told_and_no_other(town: TownOfNews):
    app = app_over(town.engine)
    app.config["STREAM_LIFE_S"] = 600.0
    with behind_doors(app) as served:
        ears = {}
        for who in ("leader", "planner"):
            cookie = session_cookie(app, town.engine, town.people[who])
            ears[who] = served.connect()
            ears[who].sendall(
                f"GET /messages/stream HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
            )
            got = b""
            while b"event: hello" not in got:
                got += ears[who].recv(65536)
        assert eventually(lambda: app.extensions["gisgrid"].listener.listening)
        town.seen_now(emergency=True)
        got = b""
        while b"event: told" not in got:
            got += ears["leader"].recv(65536)
        assert CANARY.encode() not in got and b"E-" not in got
        # Whoever hears next of a plan has not heard of the emergency before.
        town.run("SELECT pg_notify('outbox_changed', :p)", p=json.dumps([town.people["planner"]]))
        got = b""
        while b"event: told" not in got:
            got += ears["planner"].recv(65536)
        assert got.count(b"event: told") == 1
        for ear in ears.values():
            ear.close()
    app.extensions["gisgrid"].listener.close()
