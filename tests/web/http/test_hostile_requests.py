"""Requests made to do harm: refused in words, with a status that the API documents."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.database import own_database
from tests.support.hostile import LAUGHS, SHEET, sheet_of, text_cell, workbook
from tests.support.web import app_over, fill_town

LOCATE = "/api/v1/locate"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS: list[list[object]] = [["address"], ["虚构镇虚构1路1号"]]


@pytest.fixture(scope="module")
def app(cluster: Cluster, template: str) -> Iterator[Flask]:
    with own_database(cluster, template, "hostile") as engine:
        with transaction(engine) as session:
            fill_town(session, houses=60, events=12)
        app = app_over(engine)
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def sent(client: FlaskClient, body: bytes, name: str) -> str:
    """What is said of an uploaded file, in both languages."""
    told = []
    for language in ("en", "zh"):
        answer = client.post(f"{LOCATE}?lang={language}", data={"file": (io.BytesIO(body), name)})
        assert answer.status_code == 422, answer.text
        told.append(answer.get_json()["detail"])
    assert told[0] != told[1]
    return str(told[0])


@pytest.mark.thorough
def test_bombs_and_entities_are_refused_in_both_languages(client, tmp_path):
    key = SHEET.replace("/", "__")
    book = tmp_path / "b.xlsx"
    lines = b"address\n" + b"x,\n" * (100 << 18)
    workbook(book, ROWS, **{key: b"0" * (60 << 20)})
    assert "unpacks to far more" in sent(client, book.read_bytes(), "b.xlsx")
    assert "unpacks to far more" in sent(client, gzip.compress(lines), "list.csv")
    laughing = sheet_of(f"<row>{text_cell('&a9;')}</row>", strange=f"<!--{' ' * 9000}-->{LAUGHS}")
    workbook(book, ROWS, **{key: laughing})
    assert "no workbook" in sent(client, book.read_bytes(), "b.xlsx")
    workbook(
        book, ROWS, **{key: sheet_of(f"<row>{text_cell('address')}{'<c/>' * 999}</row>" * 2100)}
    )
    assert "more than 2,000,000 cells" in sent(client, book.read_bytes(), "b.xlsx")
    # Good where it is read row by row, not where it is built whole.
    style = b'<?xml version="1.0"?><styleSheet xmlns="nothing"><fonts>'
    workbook(book, ROWS, **{"xl__styles.xml": style})
    sent(client, book.read_bytes(), "b.xlsx")


@pytest.mark.thorough
def test_the_name_of_an_upload_is_no_path(client, tmp_path):
    for name in (
        "../../../../tmp/x.csv",
        "/etc/passwd",
        "a\x00.csv",
        "..\\..\\x.csv",
        "x.vrt",
        "x",
    ):
        answer = client.post(LOCATE, data={"file": (io.BytesIO(b"lon,lat\n120.91,40.71\n"), name)})
        assert answer.status_code == (200 if name.endswith(".csv") else 422), name
        assert ("999901001" in answer.text) is (answer.status_code == 200)
    assert not (tmp_path.parents[2] / "x.csv").exists()
    # Nor is the name of its sheet, which stands in the address.
    book = workbook(tmp_path / "b.xlsx", ROWS).read_bytes()
    answer = client.post(f"{LOCATE}?sheet=../../etc/passwd&lang=en", data=book, content_type=XLSX)
    assert (answer.status_code, "no sheet" in answer.text) == (404, True)


def test_no_body_is_our_fault(client):
    bodies = [
        b"[" * 100_000, b'{"rows":' * 50_000, b"[" + b"9" * 5_000 + b"]", b"\xff\xfe", b"[NaN]", b"null",
        b'[{"lon": {"a": [1]}, "lat": 1e999}]', b'[{"address": "\\ud800"}]',
        b'[{"address": "\\u0000"}]',
    ]  # fmt: skip
    for body in bodies:
        answer = client.post(LOCATE, data=body, content_type="application/json")
        assert answer.status_code in (200, 400, 422), answer.text
        json.loads(answer.text)


def test_methods_and_hosts_that_are_not_ours(client):
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "GET\tX"):
        answer = client.open("/api/v1/townships", method=method)
        assert answer.status_code == 405, method
        assert "GET" in answer.headers["Allow"]
    for host in ("evil.example", "evil.example:80@x", "a" * 5000, "[::1", ""):
        answer = client.get("/", headers={"Host": host})
        assert answer.status_code in (200, 400), host
        assert "evil.example" not in answer.text + str(answer.headers)
    for name in ("X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override"):
        assert client.get("/lookup", headers={name: "evil.example"}).status_code == 200


def test_no_address_leads_out_of_its_folder_or_to_another_table(client):
    paths = [
        "/static/../web/app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2e%2e%2fapp.py",
        "/static//etc/passwd", "/static/vendor/..%5c..%5capp.py", "/static/vendor/%00", "/static/css",
        "/layers/../secrets/1-x.geojson", "/layers/..%2f..%2fapp/1-x.geojson",
        "/tiles/..%2fhouses/1-x/1/1/1.mvt", "/tiles/pg_catalog.pg_user/1-x/1/1/1.mvt",
        "/tiles/houses;DROP TABLE house/1-x/1/1/1.mvt", "/layers/residents/1-x.geojson",
        "/layers/__class__/1-x.geojson", "/tiles/resident/1-x/1/1/1.mvt",
    ]  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "create_app" not in answer.text and "root:" not in answer.text
