"""Three townships of equal names and codes: everybody gets their own, nobody another's, nobody guesses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from gisgrid.core.roles import ROLES
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.matrix import rights_of_roles
from tests.support.three_towns import (
    ADDRESS,
    MARKS,
    OF_NOBODYS_TOWN,
    TOWNS,
    Town,
    Towns,
    by_number,
    in_town,
    of_a_town,
    three_towns,
)
from web.http import routes
from web.http.towns import COOKIE, OF_A_TOWN

FIRST, SECOND, THIRD = TOWNS

OPEN_TO_ALL = {"maps.features", "v1.grids"}
"""Grids and their polygons are everybody's to see, of any township."""
NO_WORD_OF_IT = {
    "collections.form_out",  # a packed workbook
    "editor.checks",
    "editor.job",
    "cases.mine",
    "dispatch.stream",
    "messages.stream",
    "messages.unread",
    "maps.features",
    "maps.tile",
    "planning.standing",
    "report.near",
}
"""What has no word that says whose it is: empty lists, tiles, a piece of a page."""
RAW = {
    "documents.file",
    "documents.draft_file",
    "issuing.draft_file",
    "lookup.index",
    "editor.export",
    "editor.handover",
}


@pytest.fixture(scope="module")
def towns(cluster: Cluster, template: str) -> Iterator[Towns]:
    with three_towns(cluster, template) as towns:
        yield towns


@pytest.fixture(scope="module")
def rights(towns: Towns) -> dict[str, frozenset[str]]:
    with transaction(towns.store, read_only=True) as session:
        return rights_of_roles(session)


def may(rights: frozenset[str], endpoint: str) -> bool:
    right = routes.RIGHT_OF[endpoint]
    if right in (routes.PUBLIC, routes.OPEN, routes.PERSON):
        return True
    return all(rights.intersection(part.split(" or ")) for part in right.split(", "))


def foreign(text: str, town: Town) -> list[str]:
    """What of the others stands in an answer: their marks and codes."""
    words = [w for code, mark in MARKS.items() if code != town.code for w in (mark, code)]
    return [word for word in words if word in text]


def get(client: FlaskClient, path: str) -> tuple[int, str]:
    answer = client.get(path, headers={"Accept": "text/html, application/json"})
    if answer.is_json:  # letters of other scripts are escaped there
        return answer.status_code, json.dumps(answer.json, ensure_ascii=False)
    return answer.status_code, answer.data.decode("utf-8", "replace")


def test_every_way_is_walked(towns: Towns):
    asked = {
        rule.endpoint for rule in towns.app.url_map.iter_rules() if "GET" in (rule.methods or ())
    }
    town = towns.towns[FIRST]
    walked = of_a_town(town).keys() | by_number(town).keys()
    assert asked == walked | OF_NOBODYS_TOWN.keys()
    by_their_number_or_posted = {
        "aliases.end",
        "aliases.keep",
        "corrections.decide",
        "corrections.open_values",
        "retention.one",
        "retention.run",
        "retention.try_out",
        "subjects.answered",
        "subjects.ask",
        "subjects.decide",
        "subjects.take",
        "documents.has_read",
        "documents.comment",
        "documents.draft",
        "documents.draft_file",
        "issuing.draft",
        "issuing.draft_file",
        "issuing.answer",
        "issuing.issue",
        "issuing.issue_draft",
        "issuing.send_draft",
        "jobs.again",
        "jobs.stop",
        "collections.add",
        "means.add",
        "means.change",
        "means.end",
        "open_problems.add",
        "open_problems.look",
        "figures.explain_sleep",
        "register.add_house",
        "report.send",
        "telephone.send",
        "trainings.add",
        "trainings.attend",
        "trainings.note",
    }
    assert of_a_town(town).keys() >= OF_A_TOWN - by_their_number_or_posted


@pytest.mark.parametrize("code", TOWNS)
@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_their_own_township_on_every_way(
    towns: Towns, rights: dict[str, frozenset[str]], role: str, code: str
):
    town, client = towns.towns[code], towns.client(role, code)
    ways = of_a_town(town)
    if role == "county_reviewer":  # has several, and names one
        ways = {endpoint: in_town(path, code) for endpoint, path in ways.items()}
    for endpoint, path in {**ways, **by_number(town)}.items():
        status, said = get(client, path)
        assert foreign(said, town) == [], (endpoint, role)
        if not may(rights[role], endpoint):
            assert status in (403, 404), (endpoint, status)
            continue
        assert status == 200 or endpoint in MAY_BE_NONE, (endpoint, status, said[:300])
        if status == 200 and endpoint not in NO_WORD_OF_IT:
            assert town.code in said or town.mark in said, (endpoint, role)


MAY_BE_NONE = {
    "editor.compare", "editor.handover", "editor.report",  # drawn from no other plan
    "cases.photo", "report.thumbnail", "register.photo", "collecting.photo",  # there is none
    "asked.one", "register.entry",  # nobody asked for anything, or entered it
    "maps.tile",  # for who sees houses
    "cases.show", "register.house", "v1.event", "v1.house",  # beyond the asker's ground
    "v1.leader", "open_problems.one", "planning.body", "dispatch.emergency",
    "editor.checks", "editor.export", "editor.index", "editor.job", "editor.show", "editor.view",
    "shortage.show", "planning.standing", "register.grid", "register.handover", "figures.burden_rows",
    "documents.draft", "documents.draft_file",  # for offices of the communities that are asked
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_nobody_gets_anything_of_another_township_by_its_number(towns: Towns, role: str):
    client = towns.client(role, FIRST)
    # The second lies in the county, too.
    for code in (THIRD,) if role == "county_reviewer" else (SECOND, THIRD):
        theirs = towns.towns[code]
        for endpoint, path in by_number(theirs).items():
            status, said = get(client, path)
            if endpoint in OPEN_TO_ALL:
                continue
            assert theirs.mark not in said, (endpoint, role)
            assert status in (200, 403, 404) if endpoint == "maps.tile" else status in (403, 404), (
                endpoint, status,
            )  # fmt: skip


def test_people_without_an_account_are_asked_once(towns: Towns):
    town = towns.towns[SECOND]
    client = towns.client()
    for endpoint, path in of_a_town(town).items():
        if (
            routes.RIGHT_OF[endpoint] not in (routes.PUBLIC, routes.OPEN)
            # The place decides, or the look-up asks; and the start of everybody is of no township.
            or endpoint in ("v1.locate", "shell.find", "today.show")
        ):
            continue
        answer = client.get(path, headers={"Accept": "text/html"})
        if path.startswith("/api"):
            assert answer.status_code == 422, endpoint
            assert answer.json["facts"]["townships"] == list(TOWNS)
            assert all(code in answer.json["detail"] for code in TOWNS)
        else:
            assert answer.status_code == 303, (endpoint, answer.status_code)
            assert answer.location.startswith("/town?next=/")
    page = client.get("/town?next=/lookup%3Flang%3Den").text
    assert all(f"（{code}）" in page or f"({code})" in page for code in TOWNS), "equal names"
    word = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": word, "township": SECOND, "next": "/lookup?lang=en&township=x"}
    chosen = client.post("/town", data=form)
    assert (chosen.status_code, chosen.location) == (303, "/lookup?lang=en")
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None and cookie.value == SECOND
    for endpoint, path in of_a_town(town).items():
        if routes.RIGHT_OF[endpoint] in (routes.PUBLIC, routes.OPEN):
            status, said = get(client, path)
            assert (status, foreign(said, town)) == (200, []), endpoint


@pytest.mark.parametrize(
    "next_", ["//evil.example/x", "https://evil.example/", "evil", "/\\evil.example", ""]
)
def test_the_choice_leads_to_this_server_only(towns: Towns, next_: str):
    client = towns.client()
    page = client.get("/town").text
    word = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": word, "township": FIRST, "next": next_}
    location = client.post("/town", data=form).location
    assert location.startswith("/") and "evil" not in location.split("?")[0].split("/")[1:][0:1]
    assert not location.startswith(("//", "/\\"))


def test_who_has_posts_in_several_chooses_and_the_account_keeps_it(towns: Towns):
    """A reviewer of a county with two of the three townships."""
    client = towns.client("county_reviewer", FIRST)
    answer = client.get("/plan/", headers={"Accept": "text/html"})
    assert answer.status_code == 303 and answer.location.startswith("/town?next=")
    refused = client.get("/api/v1/plans")
    assert refused.status_code == 422 and refused.json["facts"]["townships"] == [FIRST, SECOND]
    page = client.get(answer.location).text
    assert FIRST in page and SECOND in page and THIRD not in page
    word = page.split('name="csrf_token" value="')[1].split('"')[0]
    for code in (SECOND, FIRST):
        town = towns.towns[code]
        client.post("/town", data={"csrf_token": word, "township": code, "next": "/plan/"})
        # On another device, too: it is the account's.
        for device in (client, towns.client("county_reviewer", FIRST)):
            for path in ("/plan/", "/", "/lookup", "/api/v1/plans", "/matters", "/shortage"):
                status, said = get(device, path)
                assert status == 200 and foreign(said, town) == [], path
                assert town.code in said, path
    # What is named goes first, and is not kept.
    other = towns.towns[SECOND]
    assert other.mark in get(client, f"/api/v1/plans?township={SECOND}")[1]
    assert MARKS[FIRST] in get(client, "/api/v1/plans")[1]
    # A township without a post is kept by the browser, not by the account.
    client.post("/town", data={"csrf_token": word, "township": THIRD, "next": "/"})
    assert MARKS[FIRST] in get(client, "/api/v1/plans")[1]


def test_a_place_is_answered_by_the_township_whose_ground_it_is(towns: Towns):
    """The leader and the telephone are those of the answer, whoever asks and from where."""
    worker = towns.client("grid_worker", FIRST)
    dispatcher = towns.client("dispatcher", SECOND)
    for code, town in towns.towns.items():
        lon, lat = town.spot
        for client in (worker, dispatcher, towns.client()):
            for query in ("", "&as_of=2023-08-31"):
                found = client.get(f"/api/v1/locate?lon={lon}&lat={lat}{query}").json
                assert found["township"]["code"] == code
                assert (found["grid"]["code"], found["leader"]) == ("g1", f"测{MARKS[code]}长")
    phone = dispatcher.get(f"/api/v1/grids/g1/leader?purpose=contact&township={SECOND}").json
    assert (phone["phone"], phone["township"]["code"]) == ("19900001002", SECOND)
    # Of another township's leader no telephone is told, though the grid has the same code.
    assert dispatcher.get(f"/api/v1/grids/g1/leader?purpose=contact&township={FIRST}").status_code in (403, 404)  # fmt: skip


def test_an_address_is_that_of_the_askers_township(towns: Towns):
    for code in TOWNS:
        found = towns.client("dispatcher", code).get(
            "/api/v1/locate", query_string={"address": ADDRESS}
        )
        assert found.json["township"]["code"] == code
        named = towns.client().get(
            "/api/v1/locate", query_string={"address": ADDRESS, "township": code}
        )
        assert named.json["leader"] == f"测{MARKS[code]}长"
    refused = towns.client().get("/api/v1/locate", query_string={"address": ADDRESS})
    assert refused.status_code == 422 and refused.json["facts"]["townships"] == list(TOWNS)


def test_a_table_of_places_names_the_township_of_each_row(towns: Towns):
    rows: list[dict[str, Any]] = [
        {"lon": town.spot[0], "lat": town.spot[1]} for town in towns.towns.values()
    ]
    for query in ("", "?as_of=2023-08-31"):
        answer = towns.client().post(f"/api/v1/locate{query}", json=[*rows, {"address": ADDRESS}])
        found = answer.json["rows"]
        assert [row["township_code"] for row in found] == [*TOWNS, None]
        assert [row["leader"] for row in found[:3]] == [f"测{m}长" for m in MARKS.values()]
        assert "township=" in found[3]["problem"]


def test_tiles_and_keys_of_what_may_be_seen_differ(towns: Towns):
    keys = set()
    for code in TOWNS:
        page = get(towns.client("dispatcher", code), "/map")[1]
        keys.add(page.split("/tiles/houses/")[1].split("/")[0])
    assert len(keys) == len(TOWNS)
