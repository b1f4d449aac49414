"""The API against its own document: schemathesis asks every operation as three roles.

No failure is our fault, no status, content type or shape of an answer is undocumented, and no
operation is missing from the document without a reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import text

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.web import app_over, session_cookie

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES = ("nobody", "grid_worker", "township_government")
EXAMPLES = 10
"""Of each operation, role and mode."""

NOT_IN_THE_DOCUMENT = {
    # way below /api: why it is no part of the document
    "api-docs.openapi_json": "the document itself",
}


@pytest.fixture(scope="module")
def town(
    cluster: Cluster, town_template: str
) -> Iterator[tuple[Flask, dict[str, str], dict[str, Any]]]:
    """The application over Town F, a cookie per role, and values that are really there."""
    with own_database(cluster, town_template, "openapi") as engine:
        with transaction(engine) as session:
            there = _values(session)
            accounts = {
                "grid_worker": appointed(session, "grid_worker", grid=there["code"]),
                "township_government": appointed(session, "township_government"),
            }
        app = app_over(engine)
        cookies = {name: session_cookie(app, engine, id) for name, id in accounts.items()}
        yield app, cookies, there


def _values(session: Any) -> dict[str, Any]:
    found = session.execute(
        text(
            "SELECT p.id AS plan_id, g.code, a.code AS township, min(h.id) AS house_id, "
            "min(e.event_id) AS event_id, min(ST_X(h.geom)) AS lon, min(ST_Y(h.geom)) AS lat "
            "FROM plan p JOIN area a ON a.id = p.township_id JOIN grid g ON g.plan_id = p.id "
            "JOIN house_grid o ON o.grid_id = g.id JOIN house h ON h.id = o.house_id "
            "JOIN event_grid e ON e.grid_id = g.id GROUP BY 1, 2, 3 ORDER BY 2 LIMIT 1"
        )
    ).one()
    return {**found._mapping, "lon": str(found.lon), "lat": str(found.lat), "purpose": "contact"}


def test_every_way_below_api_is_in_the_document(town: tuple[Flask, dict[str, str], Any]):
    app, *_ = town
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document is not None
    told = {(path, method) for path, ways in document["paths"].items() for method in ways}
    offered = {
        (re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/open311/")) and rule.endpoint not in NOT_IN_THE_DOCUMENT
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert offered == {way for way in told if way[1] != "parameters"}


def test_who_needs_a_right_is_told_how_to_show_it(town: tuple[Flask, dict[str, str], Any]):
    app, *_ = town
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document is not None
    for path, ways in document["paths"].items():
        for method in ways.keys() & {"get", "post"}:
            answers = ways[method]["responses"]
            assert ("security" in ways[method]) == ("401" in answers), path
            assert "default" not in answers, "a default would document every status"


@pytest.mark.thorough
@pytest.mark.parametrize("role", ROLES)
def test_no_operation_answers_what_is_not_documented(
    town: tuple[Flask, dict[str, str], dict[str, Any]], role: str
):
    app, cookies, there = town
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    # Invented tokens come from nobody only.
    schema.config.generation.update(with_security_parameters=role == "nobody")
    session = dict([cookies[role].split("=", 1)]) if role in cookies else {}
    heard: Counter[int] = Counter()
    for result in schema.get_all_operations():
        operation = result.ok()
        known = {
            "path_parameters": _of(operation.path_parameters, there),
            "query": _of(operation.query, there),
        }
        for strategy in (
            operation.as_strategy(),
            operation.as_strategy(**{name: values for name, values in known.items() if values}),
            operation.as_strategy(GenerationMode.NEGATIVE),
        ):

            @seed(5)
            @settings(
                max_examples=EXAMPLES,
                phases=[Phase.explicit, Phase.generate],
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def ask(case: Case) -> None:
                answer = case.call(headers={"Accept-Encoding": "identity"}, cookies=session)
                # Open311 has no 401 and no 422; a key that is none is its 403.
                if case.operation.path.startswith("/api/"):
                    heard[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS)

            ask()
    assert heard[200] > 50, heard
    assert heard[422] > 50, heard
    assert heard[404], heard
    assert bool(heard[401]) == (role == "nobody"), heard
    assert bool(heard[403]) == (role != "nobody"), heard


def _of(parameters: Any, there: dict[str, Any]) -> dict[str, Any]:
    return {p.name: there[p.name] for p in parameters if p.name in there}
