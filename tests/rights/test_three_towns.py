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
from tests.support.three_towns import ADDRESS, MARKS, TOWNS, Town, Towns, three_towns
from web.http import routes
from web.http.towns import COOKIE, OF_A_TOWN

FIRST, SECOND, THIRD = TOWNS

OF_NOBODYS_TOWN = {
    **dict.fromkeys(
        ("accounts.index", "accounts.new", "accounts.one", "accounts.several"),
        "lists accounts of all ground that one administers; the form of several asks for the township",
    ),
    "backups.index": "of the whole store; in test_backups_page",
    "audit.index": "lists entries of all accounts that one audits; in test_audit_page",
    "api-docs.openapi_json": "the document of the API",
    "desk.my_grid": "leads on to the grid of whoever has one, with its township",
    "imports.index": "lists loads wherever one may load, with their townships; in test_import_desk_ways.py",
    **dict.fromkeys(
        ("imports.one", "imports.refused", "imports.state"), "a file is of whoever sent it alone"
    ),
    "shell.components": "shows how pages are set",
    "lookup.worker": "a script",
    "open311.definition": "says in which jurisdiction; see test_open311_towns",
    "open311.discovery": "of the server",
    "open311.one_request": "as open311.definition",
    "open311.requests": "as open311.definition",
    "open311.services": "as open311.definition",
    "open311.token": "a ticket names its case",
    "report.followed": "a ticket names its case",
    "security.change_password": "the account",
    "security.login": "the account",
    "security.tf_select": "nobody's",
    "security.two_factor_rescue": "nobody's",
    "security.two_factor_setup": "the account",
    "security.two_factor_token_validation": "the account",
    "security.static": "nobody's",
    "static": "files",
    "towns.choose": "asks for one",
    "v1.health": "of the server",
    "v1.townships": "lists them all",
}
"""Ways by GET that speak of no township, and why."""


def of_a_town(town: Town) -> dict[str, str]:
    """Addresses that do not name the township: who asks, or what is asked about, decides."""
    return {
        "bench.index": "/plan/",
        "cases.mine": "/cases/mine",
        "desk.grid": "/register/grid/g1",
        "desk.handover": "/register/grid/g1/handover",
        "desk.me": "/me",
        "dispatch.emergency": "/dispatch/emergency",
        "dispatch.show": "/dispatch",
        "dispatch.stream": "/dispatch/stream",
        "documents.all_documents": "/documents",
        "documents.all_drafts": "/drafts",
        "documents.file": "/document-files/D1",
        "documents.one": "/documents/D1",
        "duties.lacking": "/shortage",
        "duties.not_verified": "/stale",
        "duties.readers": "/document-readers/D1",
        "desk.registers": "/register",
        "duties.to_visit": "/visits",
        "duties.training": "/training",
        "shell.find": "/find?q=同名",
        "today.show": "/",
        "figures.rows": "/figures/rows?unit=grid&key=g1&measure=received",
        "figures.show": "/figures",
        "ledger.one": "/ledger/L1",
        "ledger.show": "/ledger",
        "lookup.index": "/lookup/index.bin",
        "lookup.show": "/lookup",
        "maps.show": "/map",
        "matter_items.duties": "/matters/versions/draft/duties",
        "matter_items.show": "/matters/versions/draft/item?code=01",
        "matter_lists.draft": "/matters/versions/draft",
        "matter_lists.index": "/matters/versions",
        "supplements.index": "/matters/supplements",
        "matters.duties": "/matters/duties",
        "matters.book": "/matters",
        "matters.burden": "/matters/burden",
        "matters.compare": "/matters/compare",
        "matters.rows": "/matters/burden/rows?kind=sent",
        "messages.settings": "/messages/settings",
        "messages.show": "/messages",
        "messages.stream": "/messages/stream",
        "messages.unread": "/messages/unread.json",
        "notices.show": "/notices",
        "register.changes": "/register/changes",
        "report.near": "/report/near",
        "report.show": "/report",
        "calendar.show": "/office/township/calendar",
        "township.show": "/office/township",
        "channels.show": "/office/channels",
        "weights.show": "/office/township/weights",
        "corrections.index": "/office/corrections",
        "retention.index": "/office/retention",
        "subjects.index": "/office/subjects",
        "issuing.index": "/office/documents",
        "issuing.one": "/office/documents/D1",
        "jobs.index": "/office/jobs",
        "teams.index": "/office/teams",
        "teams.one": "/office/teams/g1",
        "trainings.index": "/office/training",
        "trainings.one": "/office/training/of/T1",
        "trainings.profile": "/office/training/profiles/S1",
        "trainings.profiles": "/office/training/profiles",
        "telephone.new": "/dispatch/new",
        "v1.all_plans": "/api/v1/plans",
        "v1.cases": "/api/v1/cases",
        "v1.counts": "/api/v1/summary",
        "v1.grid": "/api/v1/grids/g1",
        "v1.leader": "/api/v1/grids/g1/leader?purpose=contact",
        "v1.locate": f"/api/v1/locate?lon={town.spot[0]}&lat={town.spot[1]}",
        "v1.search": "/api/v1/search?q=同名",
    }


def by_number(town: Town) -> dict[str, str]:
    """Addresses that name what is a township's by its number."""
    plan, case = f"/plan/{town.plan_id}", f"/cases/{town.case_id}"
    return {
        "bench.compare": f"{plan}/compare",
        "bench.export": f"{plan}/grids.geojson",
        "bench.handover": f"{plan}/handover.xlsx",
        "bench.job": f"{plan}/job.json",
        "bench.report": f"{plan}/report.html",
        "bench.show": plan,
        "bench.view": f"{plan}/view.json",
        "cases.photo": f"{case}/photos/1.jpg",
        "cases.show": case,
        "desk.house": f"/register/house/{town.house_id}",
        "documents.draft": f"/drafts/{town.draft_id}",
        "documents.draft_file": f"/draft-files/{town.draft_id}",
        "issuing.draft": f"/office/drafts/{town.draft_id}",
        "issuing.draft_file": f"/office/drafts/{town.draft_id}/file",
        "retention.one": f"/office/retention/{town.run_id}",
        "register.ask": f"/register/house/{town.house_id}/enter/visit",
        "register.wrong": f"/register/house/{town.house_id}/correction?household={town.household_id}",
        "maps.features": f"/layers/grids/{town.plan_id}-x.geojson",
        "maps.tile": f"/tiles/houses/{town.plan_id}-x/10/855/385.mvt",
        "planning.body": f"/planning/{town.plan_id}/coverage/2026-01-01-x.json",
        "planning.standing": f"/planning/{town.plan_id}/coverage",
        "report.thumbnail": "/report/photos/1",
        "v1.event": f"/api/v1/plans/{town.plan_id}/events/{town.event_id}",
        "v1.grids": f"/api/v1/plans/{town.plan_id}/grids",
        "v1.house": f"/api/v1/plans/{town.plan_id}/houses/{town.house_id}",
    }


OPEN_TO_ALL = {"maps.features", "v1.grids"}
"""Grids and their polygons are everybody's to see, of any township."""
NO_WORD_OF_IT = {
    "bench.checks",
    "bench.job",
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
    "bench.export",
    "bench.handover",
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
        "ledger.add",
        "ledger.look",
        "report.send",
        "telephone.send",
        "trainings.add",
        "trainings.attend",
        "trainings.note",
    }
    assert of_a_town(town).keys() >= OF_A_TOWN - by_their_number_or_posted


@pytest.mark.parametrize("code", TOWNS)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "county_reviewer"])
def test_everybody_gets_their_own_township_on_every_way(
    towns: Towns, rights: dict[str, frozenset[str]], role: str, code: str
):
    town, client = towns.towns[code], towns.client(role, code)
    for endpoint, path in {**of_a_town(town), **by_number(town)}.items():
        status, said = get(client, path)
        assert foreign(said, town) == [], (endpoint, role)
        if not may(rights[role], endpoint):
            assert status in (403, 404), (endpoint, status)
            continue
        assert status == 200 or endpoint in MAY_BE_NONE, (endpoint, status, said[:300])
        if status == 200 and endpoint not in NO_WORD_OF_IT:
            assert town.code in said or town.mark in said, (endpoint, role)


MAY_BE_NONE = {
    "bench.compare", "bench.handover", "bench.report",  # drawn from no other plan
    "cases.photo", "report.thumbnail",  # there is none
    "maps.tile",  # for who sees houses
    "cases.show", "desk.house", "v1.event", "v1.house",  # beyond the asker's ground
    "v1.leader", "ledger.one", "planning.body", "dispatch.emergency",
    "bench.checks", "bench.export", "bench.index", "bench.job", "bench.show", "bench.view",
    "duties.lacking", "planning.standing", "desk.grid", "desk.handover", "matters.rows",
    "documents.draft", "documents.draft_file",  # for offices of the communities that are asked
}  # fmt: skip


@pytest.mark.parametrize("role", [role for role in ROLES if role != "county_reviewer"])
def test_nobody_gets_anything_of_another_township_by_its_number(towns: Towns, role: str):
    client = towns.client(role, FIRST)
    for code in (SECOND, THIRD):
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
