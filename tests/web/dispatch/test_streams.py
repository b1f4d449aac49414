"""Open streams: few for one account, none of them in the way, and none outlives its account's rights."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gisgrid.db.store import transaction
from gisgrid.people.tokens import add_token, revoke_token
from tests.support.case_town import PUBLIC, Town
from tests.support.served import Served, behind_doors
from tests.support.sketch import spot
from tests.support.waiting import eventually
from tests.support.web import app_over, session_cookie
from web.dispatch import streams


@pytest.fixture
def town(engine: Engine) -> Iterator[Town]:
    town = Town(engine)
    yield town
    town.web.dispose()


@contextmanager
def streaming(engine: Engine, **settings: object) -> Iterator[tuple[Any, Served]]:
    app = app_over(engine, **settings)
    app.config["STREAM_LIFE_S"] = 600.0
    with behind_doors(app) as served:
        yield app, served
    app.extensions["gisgrid"].listener.close()


def opened(served: Served, cookie: str, address: str = "127.0.0.1") -> socket.socket:
    ear = served.connect(address)
    ear.sendall(
        f"GET /dispatch/stream HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    return ear


def heard(ear: socket.socket, words: bytes) -> bytes:
    """What comes until the words have come; the connection's end ends it, too."""
    got = b""
    while words not in got and (more := ear.recv(65536)):
        got += more
    return got


def ended(ear: socket.socket) -> bool:
    """Whether an answer comes to its end."""
    return heard(ear, b"0\r\n\r\n").endswith(b"0\r\n\r\n")


def test_an_account_has_a_few_streams_and_more_are_refused_in_words(town: Town, engine: Engine):
    most = streams.OF_ACCOUNT
    with streaming(engine) as (app, served):
        cookie = session_cookie(app, engine, town.people["dispatcher"])
        ears = [opened(served, cookie) for _ in range(most)]
        assert all(b"200" in heard(ear, b"event: hello") for ear in ears)
        refused = [opened(served, cookie) for _ in range(40)]
        for ear in refused:
            assert b" 429 " in heard(ear, b"\r\n\r\n")
            ear.close()
        answer = served.get("/dispatch/stream", Cookie=cookie, Accept="application/json")
        assert answer.startswith(b"HTTP/1.1 429")
        problem = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert f"{most} 个窗口" in problem["detail"]
        # Another has their own, and whoever closes one may open one.
        other = opened(served, session_cookie(app, engine, town.people["other"]))
        assert b"200" in heard(other, b"event: hello")
        ears.pop().close()
        assert eventually(lambda: len(app.extensions["gisgrid.streams"]) == most)
        ears.append(opened(served, cookie))
        assert b"200" in heard(ears[-1], b"event: hello")
        for ear in (*ears, other):
            ear.close()
        assert eventually(lambda: len(app.extensions["gisgrid.streams"]) == 0)


def test_an_address_has_so_many_streams(town: Town, engine: Engine, monkeypatch):
    monkeypatch.setattr(streams, "OF_ADDRESS", 2)
    with streaming(engine) as (app, served):
        cookies = [session_cookie(app, engine, town.people[who]) for who in ("dispatcher", "other")]
        ears = [opened(served, cookie) for cookie in cookies]
        assert all(b"200" in heard(ear, b"event: hello") for ear in ears)
        third = opened(served, cookies[0])
        assert b" 429 " in heard(third, b"\r\n\r\n")
        elsewhere = opened(served, cookies[0], "127.0.0.2")
        assert b"200" in heard(elsewhere, b"event: hello")
        for ear in (*ears, third, elsewhere):
            ear.close()


def test_streams_tell_what_happens_and_end_with_the_server(town: Town, engine: Engine):
    with streaming(engine) as (app, served):
        ear = opened(served, session_cookie(app, engine, town.people["dispatcher"]))
        heard(ear, b"event: hello")
        assert eventually(lambda: app.extensions["gisgrid"].listener.listening)
        case = town.report(None, PUBLIC)
        assert f"[[{case.id},1]]".encode() in heard(ear, b"event: cases\ndata: " + b"[[")
        app.extensions["gisgrid.streams"].close()
        assert ended(ear)
        ear.close()


def _ends(engine: Engine, statement: str, **values: object) -> Callable[[], None]:
    def change() -> None:
        with transaction(engine) as session:
            session.execute(text(statement), values)

    return change


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE appointment SET during = daterange('2020-01-01', '2021-01-01') "
        "WHERE account_id = :who",
        "UPDATE account SET active = false WHERE id = :who",
        "UPDATE account SET fs_uniquifier = 'another' WHERE id = :who",
        "DELETE FROM role_right WHERE role = 'dispatcher' AND right_name = 'see_events'",
    ],
    ids=["appointment", "switched off", "logged out", "role"],
)
def test_a_stream_ends_when_its_account_s_rights_change(town: Town, engine: Engine, statement: str):
    who = town.people["dispatcher"]
    with streaming(engine) as (app, served):
        cookie = session_cookie(app, engine, who)
        ear = opened(served, cookie)
        other = opened(served, session_cookie(app, engine, town.people["other"]))
        heard(ear, b"event: hello")
        heard(other, b"event: hello")
        assert eventually(lambda: app.extensions["gisgrid"].listener.listening)
        _ends(engine, statement, who=who)()
        assert ended(ear)
        # Who comes again is asked for their rights, and has none.
        assert b" 200 " not in served.get("/dispatch/stream", Cookie=cookie)[:15]
        # The others' go on; what a role may is everybody's, and they come again.
        if "role_right" not in statement:
            case = town.report_at(spot(1.5, 0.5))
            assert f"[{case.id},1]".encode() in heard(other, b"event: cases\ndata: " + b"[[")
        ear.close()
        other.close()


def test_a_stream_of_a_revoked_token_ends(town: Town, engine: Engine):
    with transaction(engine) as session:
        _, secret = add_token(session, "dispatcher.shi", "board", ["see_events"], days=2)
    with streaming(engine) as (app, served):
        ear = served.connect()
        ear.sendall(
            f"GET /dispatch/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\r\n".encode()
        )
        heard(ear, b"event: hello")
        assert eventually(lambda: app.extensions["gisgrid"].listener.listening)
        with transaction(engine) as session:
            revoke_token(session, "dispatcher.shi", "board")
        assert ended(ear)
        ear.close()


def test_a_stream_that_is_opened_has_its_place_back_when_its_page_cannot_be_made(
    town: Town, engine: Engine, monkeypatch
):
    def broken(*_: object) -> None:
        raise RuntimeError

    app = app_over(engine, account=town.people["dispatcher"])
    monkeypatch.setattr("web.dispatch.views.board.cursor", broken)
    assert app.test_client().get("/dispatch/stream").status_code == 500
    assert len(app.extensions["gisgrid.streams"]) == 0
    app.extensions["gisgrid"].listener.close()
