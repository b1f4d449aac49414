"""What is reported at a place of the neighbouring township is handed there, and the page says so by name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from gisgrid.core.errors import Invalid
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.loading.load import load
from gisgrid.loading.prepare import Order
from gisgrid.people.accounts import add_account, staff_named
from gisgrid.people.appointments import appoint
from gisgrid.people.tokens import add_token
from tests.support.accounts import LONG_AGO
from tests.support.database import rolled_back
from tests.support.desks import jpeg
from tests.support.phones import queued
from tests.support.terminal import gisgrid
from tests.support.three_towns import ADDRESS, MARKS, TOWNS, Towns, three_towns

FIRST, SECOND, THIRD = TOWNS


@pytest.fixture(scope="module")
def towns(cluster: Cluster, template: str) -> Iterator[Towns]:
    with three_towns(cluster, template) as towns:
        yield towns


def form_of(client: FlaskClient, path: str) -> dict[str, str]:
    """The hidden fields of a form as the page hands it out."""
    page = client.get(path).text
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def last_event(towns: Towns) -> dict[str, object]:
    with transaction(towns.store, read_only=True) as session:
        row = session.execute(
            text(
                "SELECT a.code AS town, e.source, e.reporter, e.grid_code, c.id AS case_id, "
                "(SELECT array_agg(t.code) FROM event_grid g JOIN plan p ON p.id = g.plan_id "
                " JOIN area t ON t.id = p.township_id WHERE g.event_id = e.id) AS attached "
                "FROM event e JOIN area a ON a.id = e.township_id "
                "JOIN event_case c ON c.event_id = e.id ORDER BY e.id DESC LIMIT 1"
            )
        ).one()
    return dict(row._mapping)


def near_by(towns: Towns, code: str, step: float) -> dict[str, str]:
    """A place of a township, away from what was reported before."""
    lon, lat = towns.towns[code].spot
    return {"lon": str(lon + step), "lat": str(lat + 0.003)}


def test_a_worker_who_stands_in_the_next_township_reports_to_it(towns: Towns):
    client = towns.client("grid_worker", FIRST)
    form = {**form_of(client, "/report?lang=en"), **near_by(towns, SECOND, 0.001), "matter": "0101"}
    piece = client.get("/report/near", query_string={**form, "lang": "en"}).text
    assert f"This is the ground of Same Town ({SECOND}): the report goes there." in piece
    assert f"测{MARKS[SECOND]}长" in piece and MARKS[FIRST] not in piece
    asked = client.post("/report?lang=en", data=form)
    assert asked.status_code == 422 and f"ground of Same Town ({SECOND})" in asked.text
    assert f"垃圾{MARKS[SECOND]}" not in asked.text or "Rubbish" in asked.text
    seen = re.search(r'name="seen" value="(\w+)"', asked.text)[1]
    taken = client.post("/report?lang=en", data={**form, "seen": seen})
    assert taken.status_code == 303, taken.text
    event = last_event(towns)
    assert (event["town"], event["grid_code"], event["attached"]) == (SECOND, "g1", [SECOND])
    assert (event["source"], event["reporter"]) == ("同名镇移交", None), "no post of theirs there"
    page = client.get(f"{taken.location}&lang=en").text
    assert f"It is with Same Town ({SECOND})." in page
    assert client.get(f"/cases/{event['case_id']}").status_code == 404, "it is not theirs"
    assert towns.client("dispatcher", SECOND).get(f"/cases/{event['case_id']}").status_code == 200


def test_what_waited_on_a_phone_is_not_lost_on_the_ground_of_the_next_township(towns: Towns):
    client, key, photo = towns.client("grid_worker", FIRST), str(uuid4()), jpeg()

    def sent() -> Any:
        place = near_by(towns, SECOND, 0.0012)
        files = {"photo": (BytesIO(photo), "a.jpg", "image/jpeg")}
        return queued(
            client, "/report", {**place, "matter": "0101", "client": key, **files}, key=key
        )

    first = sent()
    assert first.json["state"] == "taken", first.json
    assert first.json["parts"] == [hashlib.sha256(photo).hexdigest()]
    event = last_event(towns)
    assert (event["town"], event["reporter"]) == (SECOND, None)
    again = sent()
    assert (again.json["state"], again.json["where"]) == ("taken", first.json["where"])
    assert last_event(towns) == event


def test_at_home_nothing_is_handed_over(towns: Towns):
    client = towns.client("grid_worker", FIRST)
    form = {**form_of(client, "/report"), **near_by(towns, FIRST, 0.001), "matter": "0101"}
    assert 'id="handed"' not in client.get("/report/near", query_string=form).text
    assert client.post("/report", data=form).status_code == 303
    event = last_event(towns)
    assert (event["town"], event["source"]) == (FIRST, "网格员上报")
    assert event["reporter"] == f"grid_worker-{FIRST}"


def test_a_resident_at_the_neighbours_place_reports_to_it(towns: Towns):
    client = towns.client()
    path = f"/report?township={FIRST}"
    form = {**form_of(client, path), **near_by(towns, THIRD, 0.002), "matter": "0101"}
    asked = client.post("/report", data=form)
    seen = re.search(r'name="seen" value="(\w+)"', asked.text)[1]
    assert client.post("/report", data={**form, "seen": seen}).status_code == 303
    event = last_event(towns)
    assert (event["town"], event["source"]) == (THIRD, "居民上报")


def test_beyond_all_townships_nothing_is_taken(towns: Towns):
    client = towns.client("grid_worker", FIRST)
    form = {**form_of(client, "/report?lang=en"), "lon": "10", "lat": "50", "matter": "0101"}
    answer = client.post("/report?lang=en", data=form)
    assert answer.status_code == 422 and "lies outside Same Town" in answer.text


def test_the_telephone_hands_over_too_and_gives_the_code(towns: Towns):
    client = towns.client("dispatcher", FIRST)
    form = {
        **form_of(client, "/dispatch/new"), **near_by(towns, SECOND, -0.001), "matter": "0101",
        "file": "1", "source": "12345热线",
    }  # fmt: skip
    asked = client.post("/dispatch/new", data=form)
    assert asked.status_code == 422 and f"该位置属于同名镇（{SECOND}），将由其办理。" in asked.text
    seen = re.search(r'name="seen" value="(\w+)"', asked.text)[1]
    taken = client.post("/dispatch/new", data={**form, "seen": seen})
    assert taken.status_code == 303 and taken.location.startswith("/report/")
    event = last_event(towns)
    assert (event["town"], event["source"]) == (SECOND, "12345热线")


def test_open311_takes_the_township_of_the_place_or_of_the_key(towns: Towns):
    keys = {}
    with transaction(towns.store) as session:
        for code in TOWNS:
            keys[code] = add_token(
                session, f"dispatcher-{code}", "o", ["handle_events", "see_events"], days=3
            )[1]  # fmt: skip
    client = towns.client()
    refused = client.get("/open311/v2/services.json?lang=en")
    assert refused.status_code == 400
    assert all(code in refused.json[0]["description"] for code in TOWNS)
    for code in TOWNS:
        listed = client.get(f"/open311/v2/services.json?jurisdiction_id={code}&lang=zh").json
        assert [row["service_name"] for row in listed] == [f"垃圾{MARKS[code]}"]
        mine = client.get(f"/open311/v2/services.json?lang=zh&api_key={keys[code]}")
        assert [row["service_name"] for row in mine.json] == [f"垃圾{MARKS[code]}"]
        rows = client.get("/open311/v2/requests.json", query_string={"api_key": keys[code]}).json
        assert {MARKS[c] for c in TOWNS if MARKS[c] in str(rows)} <= {MARKS[code]}
        assert MARKS[code] in str(rows)
    at = near_by(towns, SECOND, 0.003)
    sent = {"service_code": "0101", "lat": at["lat"], "long": at["lon"], "api_key": keys[FIRST]}
    got = client.post("/open311/v2/requests.json?lang=en", data=sent)
    assert got.status_code == 200, got.text
    assert f"ground of Same Town ({SECOND})" in got.json[0]["service_notice"]
    assert last_event(towns)["town"] == SECOND


def test_as_of_looks_in_every_township(towns: Towns):
    for code, town in towns.towns.items():
        lon, lat = town.spot
        told = gisgrid(towns.store, "locate", str(lon), str(lat), "--as-of", "2023-08-31").output
        assert f"({code})" in told and f"测{MARKS[code]}长" in told
    several = gisgrid(towns.store, "locate", ADDRESS)
    assert several.exit_code == 2 and all(code in several.output for code in TOWNS)


OFFICES = "code,name,role,area,since\nO1,测试{mark},dispatcher,{area},2023-01-01\n"


def test_offices_of_two_townships_may_have_one_code(towns: Towns, tmp_path: Path):
    with rolled_back(towns.store) as session:
        for code in TOWNS[:2]:
            path = tmp_path / f"{code}.csv"
            path.write_text(OFFICES.format(mark=MARKS[code], area=code), encoding="utf-8")
            for again in (False, True):
                report = load(session, Order("offices", path, township=code))
                assert report.rejected.counts() == {}, report.rejected.counts()
                assert (report.inserted == 0) == again
        names = session.execute(
            text(
                "SELECT k.name, t.code FROM account k JOIN staff s ON s.id = k.staff_id "
                "JOIN appointment m ON m.account_id = k.id JOIN area t ON t.id = m.area_id "
                "WHERE s.code = 'O1' ORDER BY k.id"
            )
        ).all()
        assert [tuple(row) for row in names] == [("o1", FIRST), (f"o1@{SECOND}", SECOND)]
        assert report.noted.counts() == {"login_long": 1}, "the name to log in with is told"
        # A person of staff is linked by township, not to whoever of that code comes first.
        with pytest.raises(Invalid, match="--township") as several:
            staff_named(session, None, "O1")
        assert several.value.facts["townships"] == list(TOWNS[:2])
        assert staff_named(session, FIRST, "O1") != staff_named(session, SECOND, "O1")


def test_a_post_in_a_second_township_makes_one_choose(towns: Towns):
    with transaction(towns.store) as session:
        add_account(session, "both", "测试两地")
        for code in (FIRST, THIRD):
            appoint(session, "both", "dispatcher", area=code, since=LONG_AGO)
        key = add_token(session, "both", "t", ["see_events"], days=3)[1]
    client = towns.client()
    bearer = {"Authorization": f"Bearer {key}"}
    refused = client.get("/api/v1/cases", headers=bearer)
    assert refused.status_code == 422 and refused.json["facts"]["townships"] == [FIRST, THIRD]
    named = client.get(f"/api/v1/cases?township={THIRD}", headers=bearer).json
    assert named["township"]["code"] == THIRD and named["total"] >= 1
