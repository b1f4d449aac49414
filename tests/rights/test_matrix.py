"""Every route, asked by every role inside and outside its area and by the public: no canary is heard
by anyone without the right. A route without an entry here fails, as does a personal column without a
canary (SECURITY.md tells what this promises)."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.db.tables.access import ROLES
from tests.support.calls import CALLS, OPENED, Call
from tests.support.canaries import Canary, canaries, seen
from tests.support.matrix import (
    SEATS,
    UNKNOWN,
    World,
    client_of,
    matrix_world,
    may_hear,
    seats,
    token_for,
)
from web.http.routes import NOBODY, RIGHT_OF

SHOWN = {"masked resident.name", "household.room"}
"""What it shows masked."""


@pytest.fixture(scope="module")
def world(cluster: Cluster, template: str) -> Iterator[World]:
    with matrix_world(cluster, template) as world:
        yield world


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


@pytest.mark.parametrize("name", seats("community_clerk"))
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
    due = {c for c in wanted if c.what.startswith("correction_request.") and c.place in seat.places}
    assert due <= heard if {"unmask", "check_register"} <= rights else not due & heard
    due = {c for c in wanted if c.what == "subject_request.answer" and c.place in seat.places}
    assert due <= heard if {"answer_subjects", "export"} <= rights else not due & heard


@pytest.mark.parametrize(
    "name",
    [
        "community_clerk",
        pytest.param("township_government", marks=pytest.mark.thorough),
    ],
)
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


@pytest.mark.parametrize(
    "name",
    [
        "community_clerk",
        *(pytest.param(n, marks=pytest.mark.thorough) for n in ("public", "auditor")),
    ],
)
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
        answers = session.scalars(text("SELECT answer FROM subject_request")).all()
    assert seen(wanted, rows.encode(), *answers) == {c for c in wanted if "masked" not in c.what}


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
