"""A community clerk tries to see the neighbouring community, by roads that a page would not offer."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from gisgrid.db.cluster import Cluster
from tests.support.calls import CALLS
from tests.support.canaries import canaries, seen
from tests.support.matrix import World, client_of, matrix_world

NEXT = ("B", "U")
"""The next community, and another township."""
CLOSED = ("cases.", "desk.", "duties.", "maps.", "v1.")
DISGUISES: list[dict[str, str]] = [
    {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-User": "county", "Forwarded": "for=127.0.0.1"},
    {"X-Original-URL": "/register/house/1", "X-Rewrite-URL": "/register/house/1"},
    {"X-HTTP-Method-Override": "POST", "X-Requested-With": "XMLHttpRequest"},
    {"Accept": "application/json"},
    {"Accept": "text/csv, application/geo+json;q=0.9, */*;q=0.1"},
    {"Range": "bytes=0-5000", "If-None-Match": '"x"'},
    {"Authorization": "Bearer gisgrid_0000", "Cookie": "gisgrid=x"},
]


@pytest.fixture(scope="module")
def world(cluster: Cluster, template: str) -> Iterator[World]:
    with matrix_world(cluster, template) as world:
        yield world


@pytest.mark.parametrize(
    "way",
    [0, *(pytest.param(way, marks=pytest.mark.thorough) for way in range(1, len(DISGUISES)))],
)
def test_no_disguise_of_a_request_shows_the_next_community(world: World, way: int):
    wanted = [c for c in canaries() if c.place in NEXT]
    client = client_of(world, "community_clerk")
    for endpoint, make in CALLS.items():
        for place in NEXT if endpoint.startswith(CLOSED) else ():
            for call in make(world.spots[place])[:3]:
                if call.method == "GET":
                    answer = client.get(call.path, headers=DISGUISES[way])
                    assert answer.status_code < 500, call
                    assert seen(wanted, answer.data, str(answer.headers).encode()) == set(), call
                    answer.close()


@pytest.mark.thorough
def test_no_method_and_no_addition_shows_the_next_community(world: World):
    wanted = [c for c in canaries() if c.place in NEXT]
    client = client_of(world, "community_clerk")
    mine, other = world.spots["A1"], world.spots["B"]
    pages = (f"/register/house/{other.house_id}", f"/register/grid/{other.grid_code}",
             f"/cases/{other.case_id}", f"/api/v1/plans/{other.plan_id}/events/{other.event_id}")  # fmt: skip
    additions = ("", f"?plan={other.plan_id}&as_of=2023-08-31", f"?house_id={mine.house_id}",
                 "?account=1&role=county_reviewer", "?purpose=care&opened=1", "#x", "?lang=en&debug=1")  # fmt: skip
    methods = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST")
    for page, addition, method in itertools.product(pages, additions, methods):
        answer = client.open(page + addition, method=method)
        assert seen(wanted, answer.data, str(answer.headers).encode()) == set(), (method, page)
        assert answer.status_code != 200 or method == "OPTIONS", (method, page, addition)


def test_what_is_next_door_answers_as_what_is_nowhere(world: World):
    """Neither status nor words tell that an event or a case of the next community is there."""
    client = client_of(world, "community_clerk")
    other = world.spots["B"]

    def told(answer: TestResponse, number: int) -> tuple[int, str]:
        return answer.status_code, re.sub(rf"\b{number}\b", "…", answer.text)

    for path, there in (
        (f"/api/v1/plans/{other.plan_id}/events/%s", other.event_id),
        ("/cases/%s", other.case_id),
    ):
        known, unknown = (told(client.get(path % n), n) for n in (there, 987654))
        assert known == unknown, path
