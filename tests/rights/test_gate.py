"""Every route says who may ask for it, and is asked by everyone here to see that it holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.core.messages import sentence
from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.web import Town, app_over, fill_town
from web.http.routes import (
    ANSWERS,
    CHECKS,
    COLLECTIONS,
    FORMS,
    HANDS,
    JOBS,
    MEANS,
    NOBODY,
    OPEN,
    OPEN_ANSWERS,
    OVERSEERS,
    PERSON,
    PLAN_FILES,
    PLANS,
    PUBLIC,
    RIGHT_OF,
    WEIGHERS,
)

PATHS = {
    "accounts.index": "/office/accounts",
    "accounts.new": "/office/accounts/new",
    "accounts.one": "/office/accounts/1",
    "accounts.several": "/office/accounts/several",
    "audit.index": "/office/audit",
    "backups.index": "/office/backups",
    "editor.compare": "/plan/1/compare",
    "editor.export": "/plan/1/grids.gpkg",
    "editor.handover": "/plan/1/handover.xlsx",
    "editor.index": "/plan/",
    "editor.job": "/plan/1/job.json",
    "editor.report": "/plan/1/report.html",
    "editor.show": "/plan/1",
    "editor.view": "/plan/1/view.json",
    "cases.mine": "/cases/mine",
    "cases.photo": "/cases/1/photos/1.jpg",
    "cases.show": "/cases/1",
    "corrections.index": "/office/corrections",
    "aliases.index": "/register/aliases",
    "asked.one": "/corrections/1",
    "register.entry": "/register/entries/1",
    "register.grid": "/register/grid/999901001001001",
    "register.handover": "/register/grid/999901001001001/handover",
    "register.ask_house": "/register/grid/999901001001001/new-house",
    "figures.register": "/figures/register",
    "register.house": "/register/house/1",
    "practice.ask": "/practice/visit",
    "practice.show": "/practice",
    "phone.data": "/phone/grid.json",
    "register.ask": "/register/house/1/enter/visit",
    "register.photo": "/register/photos/1.jpg",
    "register.wrong": "/register/house/1/correction",
    "register.changes": "/register/changes",
    "home.me": "/me",
    "home.my_grid": "/my-grid",
    "register.grids": "/register",
    "dispatch.emergency": "/dispatch/emergency",
    "dispatch.show": "/dispatch",
    "dispatch.stream": "/dispatch/stream",
    "documents.all_documents": "/documents",
    "documents.all_drafts": "/drafts",
    "documents.draft": "/drafts/1",
    "documents.draft_file": "/draft-files/1",
    "documents.file": "/document-files/F1",
    "documents.one": "/documents/F1",
    "figures.rows": "/figures/rows",
    "figures.show": "/figures",
    "shortage.show": "/shortage",
    "due.unverified": "/stale",
    "documents.readers": "/document-readers/F1",
    "due.to_visit": "/visits",
    "trainings.hours": "/training",
    "imports.index": "/office/import",
    "imports.one": "/office/import/1",
    "imports.refused": "/office/import/1/refused.xlsx",
    "imports.state": "/office/import/1/state.json",
    "issuing.draft": "/office/drafts/1",
    "issuing.draft_file": "/office/drafts/1/file",
    "issuing.index": "/office/documents",
    "issuing.one": "/office/documents/F1",
    "jobs.index": "/office/jobs",
    "open_problems.one": "/open-problems/L1",
    "open_problems.show": "/open-problems",
    "matter_items.duties": "/matters/versions/draft/duties",
    "matter_items.show": "/matters/versions/draft/item",
    "matter_lists.draft": "/matters/versions/draft",
    "matter_lists.index": "/matters/versions",
    "matters.book": "/matters",
    "figures.burden": "/figures/burden",
    "matters.compare": "/matters/compare",
    "matters.duties": "/matters/duties",
    "figures.burden_rows": "/figures/burden/rows",
    "messages.settings": "/messages/settings",
    "messages.show": "/messages",
    "messages.stream": "/messages/stream",
    "messages.unread": "/messages/unread.json",
    "notices.show": "/notices",
    "report.thumbnail": "/report/photos/1",
    "security.change_password": "/account/change",
    "shell.components": "/components",
    "teams.index": "/office/teams",
    "teams.one": "/office/teams/999901001001001",
    "collecting.ask": "/collecting/1/house/1",
    "collecting.mine": "/collecting",
    "collecting.photo": "/collecting/photos/1.jpg",
    "collecting.task": "/collecting/1",
    "collections.given": "/office/collections/1/answers",
    "collections.form_out": "/office/collections/1/form.xlsx",
    "collections.index": "/office/collections",
    "collections.one": "/office/collections/1",
    "completeness.grid": "/completeness/grid/999901001001001",
    "completeness.show": "/completeness",
    "completeness.without": "/completeness/without",
    "means.index": "/office/means",
    "means.one": "/office/means/1",
    "trainings.index": "/office/training",
    "trainings.one": "/office/training/of/T1",
    "trainings.profile": "/office/training/profiles/S1",
    "trainings.profiles": "/office/training/profiles",
    "calendar.show": "/office/township/calendar",
    "township.show": "/office/township",
    "channels.show": "/office/channels",
    "retention.index": "/office/retention",
    "retention.one": "/office/retention/1",
    "subjects.index": "/office/subjects",
    "supplements.index": "/matters/supplements",
    "weights.show": "/office/township/weights",
    "telephone.new": "/dispatch/new",
    "v1.cases": "/api/v1/cases",
    "v1.case_tabs": "/api/v1/cases/tabs",
    "v1.event": "/api/v1/plans/1/events/1",
    "v1.house": "/api/v1/plans/1/houses/1",
    "v1.leader": "/api/v1/grids/999901001001001/leader",
    "paper.show": "/paper",
    "planning.body": "/planning/1/workload/2023-01-01-x.json",
    "planning.standing": "/planning/1/workload",
}
"""An address of each reading route that needs a person or a right."""


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return partial(fill_town, columns=3, rows=3, houses=30, events=9)


@pytest.fixture
def town(made: Town) -> Town:
    return made


@pytest.fixture
def app(engine: Engine, town: Town) -> Flask:
    return app_over(engine)


def test_every_route_declares_its_right_and_no_other_is_declared(app: Flask):
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert routes - set(RIGHT_OF) == set(), (
        "these answer nobody until web/http/routes.py names a right"
    )
    assert set(RIGHT_OF) - routes == set()
    assert set(RIGHT_OF.values()) <= {
        ANSWERS, PUBLIC, OPEN, PERSON, PLANS, PLAN_FILES, OVERSEERS, WEIGHERS, HANDS, JOBS, MEANS, CHECKS, COLLECTIONS, FORMS, OPEN_ANSWERS, NOBODY, *RIGHT_WORDS
    }  # fmt: skip


def test_a_route_that_declares_none_answers_nobody(app: Flask, engine: Engine, town: Town):
    app.add_url_rule("/api/v1/new", "new", lambda: "personal")
    assert app.test_client().get("/api/v1/new").status_code == 404
    known = app_over(engine, account=town.account)
    known.add_url_rule("/api/v1/new", "new", lambda: "personal")
    assert known.test_client().get("/api/v1/new").status_code == 404


def test_each_closed_route_refuses_the_public_and_who_lacks_the_right(
    app: Flask, engine: Engine, town: Town
):
    closed = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if RIGHT_OF[rule.endpoint] not in (PUBLIC, OPEN, NOBODY) and "GET" in (rule.methods or ())
    }
    assert closed == set(PATHS), "each has an address here"
    with transaction(engine) as session:
        resident = appointed(session, "resident", "999901001001")
    public, lacking = app.test_client(), app_over(engine, account=resident).test_client()
    for endpoint, path in PATHS.items():
        assert public.get(path).status_code == 401, path
        page = public.get(path, headers={"Accept": "text/html"})
        assert page.location == f"/account/login?next={path}", path
        if RIGHT_OF[endpoint] != PERSON:
            refused = lacking.get(path)
            assert refused.status_code == 403, path
            first, _, _ = RIGHT_OF[endpoint].partition(", ")
            named = "或".join(sentence(RIGHT_WORDS[r], {}, "zh") for r in first.split(" or "))
            detail = refused.json["detail"] if refused.is_json else refused.text
            assert f"需要权限“{named}”" in detail


@pytest.mark.parametrize("layer", ["houses", "open_events", "closed_events"])
def test_tiles_of_houses_and_events_are_for_those_with_the_right(
    app: Flask, engine: Engine, town: Town, layer: str
):
    path = f"/tiles/{layer}/{town.plan_id}-x/14/13695/6160.mvt"
    assert app.test_client().get(path).status_code == 401
    with transaction(engine) as session:
        auditor = appointed(session, "auditor")
    assert app_over(engine, account=auditor).test_client().get(path).status_code == 403
    assert app_over(engine, account=town.account).test_client().get(path).status_code == 200
    streets = f"/tiles/streets/{town.plan_id}-x/14/13695/6160.mvt"
    assert app.test_client().get(streets).status_code == 200


def test_the_map_shows_the_public_no_house_and_no_event(app: Flask, engine: Engine, town: Town):
    public = app.test_client().get("/map").text
    known = app_over(engine, account=town.account).test_client().get("/map").text
    for layer in ("houses", "open_events", "closed_events"):
        assert f"/tiles/{layer}/" not in public
        assert f"/tiles/{layer}/" in known
    assert "/tiles/streets/" in public and "/layers/grids/" in public
    found = app.test_client().get("/api/v1/search?q=虚构").json["hits"]
    assert {hit["kind"] for hit in found} <= {"grid"}


def test_tiles_have_another_address_for_who_may_see_something_else(engine: Engine, town: Town):
    with transaction(engine) as session:
        clerks = [
            appointed(session, "community_clerk", f"99990100100{n}", name=f"clerk{n}")
            for n in (1, 2)
        ]
        again = appointed(session, "community_clerk", "999901001001", name="colleague")

    def address(account: int) -> str:
        page = app_over(engine, account=account).test_client().get("/map").text
        return page.split('"/tiles/houses/')[1].split("/")[0]

    first, second = (address(account) for account in clerks)
    assert first != second
    assert address(again) == first
    # Under a neighbour's address come one's own houses, and they are not kept.
    client = app_over(engine, account=clerks[0]).test_client()
    own = client.get(f"/tiles/houses/{first}/14/13695/6160.mvt")
    other = client.get(f"/tiles/houses/{second}/14/13695/6160.mvt")
    assert own.data == other.data
    assert "immutable" in own.headers["Cache-Control"]
    assert other.headers["Cache-Control"] == "no-store"
