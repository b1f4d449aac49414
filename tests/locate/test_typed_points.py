"""Coordinates pasted where an address is asked for are a point, and are asked back as one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from gisgrid.core import plans
from gisgrid.core.datums import wgs84_to_gcj02
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.database import own_database
from tests.support.datums import wgs84_to_bd09
from tests.support.web import app_over

LON, LAT = 120.8894269, 40.7021652
GRID = "999901001201004"
WRITTEN = (
    f"{LON}, {LAT}", f"{LAT}, {LON}", f"{LAT} {LON}", f"（{LON}，{LAT}）", f"lat: {LAT}, lon: {LON}",
    "40°42'7.795\"N 120°53'21.937\"E", "北纬40度42分7.795秒，东经120度53分21.937秒", f"POINT({LON} {LAT})",
)  # fmt: skip


@pytest.fixture(scope="module")
def store(cluster: Any, town_template: str) -> Iterator[Engine]:
    with own_database(cluster, town_template, "typed_points") as engine:
        with transaction(engine) as session:
            index_addresses(session, plans.township(session).id)
        yield engine


@pytest.fixture(scope="module")
def app(store: Engine) -> Flask:
    return app_over(store)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def ask(client: FlaskClient, address: str, **query: object) -> Any:
    return client.get("/api/v1/locate", query_string={"address": address, "lang": "en", **query})


@pytest.mark.parametrize("written", WRITTEN)
def test_a_pasted_point_is_answered_as_one(client: FlaskClient, written: str):
    for query in ({}, {"as_of": "2023-05-01"}):
        answer = ask(client, written, **query)
        assert answer.status_code == 200, answer.text
        found = answer.get_json()
        assert (found["how"], found["grid"]["code"], found["house"]) == ("point", GRID, None)
        assert found["place"]["lon"] == pytest.approx(LON, abs=1e-6)
        assert found["place"]["lat"] == pytest.approx(LAT, abs=1e-6)
        assert "read as the point: longitude 120.889" in found["reason"]


@pytest.mark.parametrize(("datum", "move"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_of_another_map_it_is_moved(client: FlaskClient, datum: str, move: Any):
    x, y = (float(v[0]) for v in move([LON], [LAT]))
    found = ask(client, f"{y:.7f},{x:.7f}", datum=datum).get_json()
    assert found["grid"]["code"] == GRID
    assert found["place"]["lon"] == pytest.approx(LON, abs=1e-5)
    assert datum in found["reason"]


def test_a_point_far_away_says_where_it_is_and_not_that_no_address_is_like_it(client: FlaskClient):
    answer = ask(client, "10.5, 40.7")
    assert answer.status_code == 404
    assert "m away" in answer.get_json()["detail"]


@pytest.mark.parametrize("words", ["石桥社区康成街9号", "康成街 9, 11", "12, 3"])
def test_an_address_stays_an_address(client: FlaskClient, words: str):
    answer = ask(client, words).get_json()
    assert answer.get("how", "address") == "address"
    assert "m away" not in answer.get("detail", "")


def test_degrees_and_minutes_are_numbers_of_a_point_too(client: FlaskClient):
    query = {"lon": "120°53'21.937\"E", "lat": "40度42分7.795秒"}
    answer = client.get("/api/v1/locate", query_string=query).get_json()
    assert answer["grid"]["code"] == GRID


def test_the_search_box_leads_to_the_spot(client: FlaskClient):
    for written in WRITTEN[:3]:
        hits = client.get("/api/v1/search", query_string={"q": written}).get_json()["hits"]
        assert [(h["kind"], h["grid_code"], h["label"]) for h in hits] == [
            ("spot", GRID, "120.889427, 40.702165")
        ]
    far = client.get("/api/v1/search", query_string={"q": "10.5, 40.7"}).get_json()["hits"]
    assert {h["grid_code"] for h in far} == {None}


def test_a_report_asks_whether_it_is_the_point(client: FlaskClient):
    for lang, words in (("zh", "您填写的是坐标：是经度 120.889427、纬度 40.702165 这一点吗？"), ("en", "You wrote coordinates: is it the point at longitude 120.889427")):  # fmt: skip
        piece = client.get("/report/near", query_string={"address": f"{LAT}, {LON}", "lang": lang})
        assert words in piece.text
        assert "石桥社区第四网格" in piece.text


def test_a_table_with_both_in_one_column_is_answered(client: FlaskClient):
    lines = ["编号,经纬度", f'1,"{LON},{LAT}"', f'2,"{LAT} {LON}"', "3,学校旁", "=4,"]
    body = "\n".join(lines).encode()
    answer = client.post("/api/v1/locate?lang=en", data=body, content_type="text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [r["grid_code"] for r in rows] == [GRID, GRID, "", ""]
    assert [bool(r["problem"]) for r in rows] == [False, False, True, True]
    assert rows[3]["编号"] == "'=4", "and what would compute is harmless"
