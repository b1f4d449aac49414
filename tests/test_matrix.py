"""Every route, asked by every role inside and outside its area and by the public: no canary is heard
by anyone without the right. A route without an entry here fails, as does a personal column without a
canary (SECURITY.md tells what this promises)."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.locate.gazetteer import index_addresses
from gisgrid.tables.access import ROLES
from tests.accounts import appointed
from tests.calls import CALLS, OPENED, Call
from tests.canaries import GRID, OPEN, PLACES, Canary, Spot, canaries, plant, seen
from tests.conftest import _database
from tests.web import app_over, fill_town, session_cookie
from web.gate import NOBODY, RIGHT_OF

TOWNSHIP, COMMUNITY = "999901001", "999901001001"
EVERYWHERE = frozenset(PLACES)
IN_TOWN = frozenset({"A1", "A2", "B"})
IN_COMMUNITY = frozenset({"A1", "A2"})
IN_GRID = frozenset({"A1"})
SHOWN = {"masked resident.name", "household.room"}
"""What it shows masked."""
UNKNOWN = "查无此人处"


@dataclass(frozen=True)
class Seat:
    """Who asks: a role, where it was given, and the places that lie there."""

    role: str
    area: str | None = None
    grid: str | None = None
    places: frozenset[str] = frozenset()
    until: date | None = None


SEATS = {
    "public": Seat("public"),
    "county_reviewer": Seat("county_reviewer", "999901", None, EVERYWHERE),
    **{
        role: Seat(role, TOWNSHIP, None, IN_TOWN)
        for role in ("township_government", "dispatcher", "planner", "coordinator", "auditor", "administrator")
    },
    "section_cadre": Seat("section_cadre", COMMUNITY, None, IN_COMMUNITY),
    "community_clerk": Seat("community_clerk", COMMUNITY, None, IN_COMMUNITY),
    **{
        role: Seat(role, TOWNSHIP, GRID["A1"], IN_GRID)
        for role in ("grid_leader", "grid_worker", "sinking_force", "social_force", "resident")
    },
    "a clerk of the next community": Seat("community_clerk", "999901001002", None, frozenset({"B"})),
    "a clerk no longer": Seat("community_clerk", COMMUNITY, None, frozenset(), date.today() - timedelta(days=2)),  # noqa: DTZ011
}  # fmt: skip


@dataclass(frozen=True)
class World:
    store: Engine
    app: Flask
    spots: dict[str, Spot]
    cookies: dict[str, str]
    rights: dict[str, frozenset[str]]
    log: list[str]


@pytest.fixture(scope="module")
def world(cluster: Cluster, template: str) -> Iterator[World]:
    with _database(cluster, template, "matrix") as engine:
        with transaction(engine) as session:
            town = fill_town(session, columns=6, rows=6, houses=240, events=90)
            spots = plant(session)
            index_addresses(session, town.township_id)
            accounts = {
                name: appointed(
                    session, seat.role, seat.area, grid=seat.grid, name=f"m{n}", until=seat.until
                )
                for n, (name, seat) in enumerate(SEATS.items())
                if seat.role != "public"
            }
            rights = rights_of_roles(session)
        app = app_over(engine)
        log: list[str] = []
        handler = Ear(log)
        logging.getLogger().addHandler(handler)
        cookies = {name: session_cookie(app, engine, account) for name, account in accounts.items()}
        yield World(engine, app, spots, cookies, rights, log)
        logging.getLogger().removeHandler(handler)
        app.extensions["gisgrid.snapshots"].close()


def rights_of_roles(session: Session) -> dict[str, frozenset[str]]:
    rows = session.execute(text("SELECT role, right_name FROM role_right")).all()
    return {
        role: frozenset(r.right_name for r in rows if r.role == role) for role in (*ROLES, "public")
    }


class Ear(logging.Handler):
    """Keeps what is logged, tracebacks included."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self.heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(logging.Formatter().format(record))


def client_of(world: World, name: str) -> FlaskClient:
    client = world.app.test_client()
    if name in world.cookies:
        key, _, value = world.cookies[name].partition("=")
        client.set_cookie(key, value)
    return client


def asked(client: FlaskClient, call: Call, token: str) -> tuple[int, bytes, bytes]:
    """Status, headers and body."""
    if call.method == "POST" and call.json is None:
        data = {
            key: (io.BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value
            for key, value in {"csrf_token": token, **call.form}.items()
        }
        answer = client.post(call.path, data=data, headers={"X-CSRFToken": token, **call.headers})
    elif call.method == "POST":
        answer = client.post(call.path, json=call.json, headers={"X-CSRFToken": token})
    else:
        answer = client.open(call.path, method=call.method, headers={"Accept-Encoding": "gzip"})
    body = answer.get_data()
    answer.close()
    return answer.status_code, str(answer.headers).encode(), body


def token_for(client: FlaskClient) -> str:
    for page in ("/me", "/account/login"):
        if found := re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(page).text):
            return found[1]
    return ""


def may_hear(canary: Canary, seat: Seat, rights: frozenset[str], call: Call) -> bool:
    if canary.place not in seat.places:
        return False
    if canary.level == OPEN:
        return call.opens in rights and canary.what in OPENED[call.opens]
    return canary.level in rights


def test_every_route_has_requests_and_a_right(world: World):
    routes = {rule.endpoint for rule in world.app.url_map.iter_rules()}
    offered = {name for name in routes if RIGHT_OF.get(name, NOBODY) != NOBODY}
    assert offered == set(CALLS)
    adapter = world.app.url_map.bind("localhost")
    for name, calls in CALLS.items():
        reached = set()
        for call in calls(world.spots["A1"]):
            with contextlib.suppress(HTTPException):
                reached.add(adapter.match(call.path.partition("?")[0], method=call.method)[0])
        assert name in reached
    assert {seat.role for seat in SEATS.values()} == {*ROLES, "public"}


def test_every_personal_column_has_a_canary(world: World):
    with transaction(world.store, read_only=True) as session:
        hidden = set(session.scalars(text(_HIDDEN)))
    planted = {c.what for c in canaries()}
    assert hidden - planted - set(NO_WORDS) == set(), "plant a canary, or say why there is none"


@pytest.mark.parametrize("name", SEATS)
def test_nobody_hears_a_canary_without_the_right(world: World, name: str):
    seat = SEATS[name]
    rights = world.rights[seat.role] if seat.until is None else frozenset()
    client = client_of(world, name)
    token = token_for(client)
    wanted = canaries()
    world.log.clear()
    heard: set[Canary] = set()
    wrong: list[str] = []
    calls = {  # what is the same for two places is asked once
        repr(call): call
        for endpoint in sorted(CALLS, key=lambda name: name.startswith("security."))
        for spot in world.spots.values()
        for call in CALLS[endpoint](spot)
    }
    known = client.get("/me").status_code
    for call in calls.values():
        if call.path.startswith("/account/login"):  # a step of log-in may end the session
            assert client.get("/me").status_code == known, "the rest was asked as nobody"
        status, *answer = asked(client, call, token)
        assert status < 500, f"{call.method} {call.path}: {status}"
        for canary in seen(wanted, *answer):
            heard.add(canary)
            if not may_hear(canary, seat, rights, call):
                wrong.append(f"{call.method} {call.path}: {canary}")
    assert wrong == []
    assert seen(wanted, "\n".join(world.log).encode()) == set()
    # The silence means something: what each may see, they do see.
    due = {c for c in wanted if c.what in SHOWN and c.place in seat.places}
    assert due <= heard if "see_register" in rights else not due & heard
    for right, asked_too in (("unmask", "see_register"), ("see_events", "see_events")):
        due = {c for c in wanted if c.what in OPENED[right] and c.place in seat.places}
        assert due <= heard if {right, asked_too} <= rights else not due & heard


@pytest.mark.parametrize("name", ["community_clerk", "township_government"])
def test_what_a_person_gets_is_kept_by_no_cache_that_others_use(world: World, name: str):
    """Whatever differs from what the public gets says private or no-store."""
    person, public = client_of(world, name), world.app.test_client()
    shared = []
    for endpoint, make in CALLS.items():
        for call in make(world.spots["A1"]):
            if call.method != "GET" or endpoint.startswith(("security.", "static")):
                continue
            mine, theirs = person.get(call.path), public.get(call.path)
            kept = mine.headers.get("Cache-Control", "")
            if mine.data != theirs.data and "private" not in kept and "no-store" not in kept:
                shared.append((call.path, kept))
            mine.close()
            theirs.close()
    assert shared == []


def test_an_opened_register_is_in_the_audit_and_no_other_is(world: World):
    with transaction(world.store) as session:
        before = session.scalar(text("SELECT coalesce(max(id), 0) FROM audit_entry"))
    client = client_of(world, "community_clerk")
    token = token_for(client)
    mine, other = world.spots["A2"], world.spots["B"]
    for spot, purpose in ((mine, "care"), (mine, "curiosity"), (other, "care")):
        client.post(
            f"/register/house/{spot.house_id}", data={"purpose": purpose, "csrf_token": token}
        )
    with transaction(world.store) as session:
        rows = session.execute(
            text(
                "SELECT account_name, action, subject, row_ids, purpose, origin FROM audit_entry "
                "WHERE id > :n AND action = 'unmask'"
            ),
            {"n": before},
        ).all()
    assert [(r.action, r.subject, tuple(r.row_ids), r.purpose) for r in rows] == [
        ("unmask", "resident", mine.resident_ids, "care")
    ]
    assert rows[0].origin == "127.0.0.1"


@pytest.mark.parametrize("name", ["public", "community_clerk", "auditor"])
def test_asking_with_a_word_of_the_next_community_tells_nothing(world: World, name: str):
    """Search and look-up answer for a hidden word as they do for one that is nowhere."""
    client = client_of(world, name)
    for canary in canaries():
        if canary.place not in ("B", "U") or "masked" in canary.what:
            continue
        for path in ("/api/v1/search?q=%s", "/api/v1/locate?address=%s&township=999901001"):
            known, unknown = (
                client.get(path % word).text.replace(word, "…") for word in (canary.word, UNKNOWN)
            )
            assert known == unknown, (canary, path)


def test_the_search_finds_words_however_they_are_written_and_packed(world: World):
    import gzip
    import zipfile

    wanted = canaries()
    one = next(c for c in wanted if c.what == "resident.name")
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sheet.xml", one.word)
    for data in (
        one.word.encode(), json.dumps(one.word).encode(), one.word.encode("gb18030"),
        gzip.compress(one.word.encode()), box.getvalue(), gzip.compress(box.getvalue()),
    ):  # fmt: skip
        assert seen(wanted, data) == {one}
    assert seen(wanted, "秘名".encode()) == set()
    # And all of them are there to be found.
    with transaction(world.store, read_only=True) as session:
        rows = "\n".join(
            json.dumps(row, ensure_ascii=False)
            for table in sorted({c.what.split()[-1].partition(".")[0] for c in wanted})
            for row in session.scalars(text(f"SELECT to_jsonb(t) FROM {table} t"))
        )  # fmt: skip
    assert seen(wanted, rows.encode()) == {c for c in wanted if "masked" not in c.what}


NO_WORDS = {
    # what: why there is nothing in it that could be told from the next row's
    "resident.sex": "one of two letters",
}

_HIDDEN = """
SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
WHERE c.table_schema = 'public' AND c.table_name IN ('resident', 'household', 'staff', 'event')
  AND NOT has_column_privilege('gisgrid_web', quote_ident(c.table_name), c.column_name, 'SELECT')
  AND c.column_name NOT IN ('run_id', 'client_id')
"""
