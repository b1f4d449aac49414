"""Which grid is this, asked over HTTP: points, addresses, tables; and what is told when it fails."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from gisgrid.cli.counting import count_command, locate_command
from gisgrid.core import plans
from gisgrid.core.datums import wgs84_to_gcj02
from gisgrid.core.settings import Settings
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.locate.addresses.search import nearest_address
from gisgrid.locate.houses import take_houses
from tests.support.database import own_database
from tests.support.datums import wgs84_to_bd09
from tests.support.lookups import INSIDE, ask, refused, snapshots_of
from tests.support.waiting import eventually
from tests.support.web import app_over

HOUSE = ("120.8894269", "40.7021652")
"""石桥社区康成街9号 in Town F, 12.35 m from a border."""


@pytest.fixture(scope="module")
def store(cluster: Any, town_template: str) -> Iterator[Engine]:
    with own_database(cluster, town_template, "locate_api") as engine:
        with transaction(engine) as session:
            index_addresses(session, plans.township(session).id)
        yield engine


@pytest.fixture(scope="module")
def app(store: Engine) -> Flask:
    return app_over(store)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_point_has_the_whole_answer(app: Flask, client: FlaskClient):
    snapshots_of(app).start()
    answer = ask(client, lon=HOUSE[0], lat=HOUSE[1])
    assert answer["grid"]["code"] == "999901001201004"
    assert answer["community"] == {"code": "999901001201", "name": "石桥社区"}
    assert answer["leader"] == answer["grid"]["leader"] == "虚安冈"
    assert answer["border_m"] == pytest.approx(12.35, abs=0.01)
    assert [o["code"] for o in answer["others"]] == ["999901001207002"]
    assert (answer["how"], answer["confidence"], answer["house"]) == ("point", 1, None)
    assert answer["plan"]["valid_from"] == "2022-09-01"
    assert "phone" not in json.dumps(answer)
    assert eventually(lambda: ask(client, lon=HOUSE[0], lat=HOUSE[1])["nearest"] is not None)
    near = ask(client, lon=HOUSE[0], lat=HOUSE[1])["nearest"]
    assert (near["address"], near["distance_m"]) == ("石桥社区康成街9号", 0)


def test_points_of_other_datums_are_moved(client: FlaskClient):
    truth = ask(client, lon=INSIDE[0], lat=INSIDE[1])
    for datum, move in (("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)):
        lon, lat = (float(v[0]) for v in move([INSIDE[0]], [INSIDE[1]]))
        answer = ask(client, lon=lon, lat=lat, datum=datum)
        assert answer["grid"] == truth["grid"]
        assert answer["border_m"] == pytest.approx(truth["border_m"], abs=0.02)
    assert ask(client, lon=INSIDE[0], lat=INSIDE[1], datum="cgcs2000") == truth


def test_an_address_names_its_house_and_how_sure_it_is(client: FlaskClient):
    answer = ask(client, address="石桥社区康成街９号")
    assert answer["house"]["address"] == "石桥社区康成街9号"
    assert answer["grid"]["code"] == "999901001201004"
    assert answer["how"] == "address"
    assert answer["confidence"] >= 0.9
    assert answer["reason"] == "完全一致"


def test_an_unsure_address_is_asked_about_with_candidates_and_their_grids(client: FlaskClient):
    problem = refused(client, 422, address="康成街")
    assert problem["type"] == "urn:gisgrid:problem:ambiguous-address"
    options = problem["facts"]["candidates"]
    assert len(options) > 1
    assert all(o["grid"] and o["confidence"] < 0.9 for o in options)


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({}, 422, "Say which place"),
        ({"lon": 120.9}, 422, "Say which place"),
        ({"lon": 120.9, "lat": 40.7, "address": "x"}, 422, "not for both"),
        ({"lon": "abc", "lat": 1}, 422, "no number"),
        ({"lon": "", "lat": ""}, 422, "no number"),
        ({"lon": 40.7, "lat": 120.9}, 422, "swapped"),
        ({"lon": 200, "lat": 1}, 422, "longitude lies"),
        ({"lon": "nan", "lat": 1}, 422, "longitude lies"),
        ({"lon": "1e400", "lat": 1}, 422, "longitude lies"),
        ({"lon": 120.9, "lat": 40.7, "datum": "tokyo"}, 422, "not known"),
        ({"lon": 120.9, "lat": 40.7, "datum": "EPSG:4549"}, 422, "not known"),
        ({"lon": 120.9, "lat": 40.7, "datum": ""}, 422, "not known"),
        ({"lon": 0, "lat": 0}, 404, "m away"),
        ({"lon": 0, "lat": 0, "as_of": "2023-01-01"}, 404, "m away"),
        ({"lon": 120.89, "lat": 40.7, "as_of": "2000-01-01"}, 404, "from 2022-09-01 on"),
        ({"lon": 120.89, "lat": 40.7, "plan": 99999}, 404, "no plan 99999"),
        ({"lon": 120.89, "lat": 40.7, "township": "x"}, 404, "township"),
        ({"address": ""}, 422, "no address"),
        ({"address": "，。！"}, 422, "no address"),
        ({"address": "长" * 10_000}, 422, "at most 200"),
        ({"address": "'; DROP TABLE house; --"}, 404, "Nothing in the register"),
        ({"address": "<script>alert(1)</script>"}, 404, "Nothing in the register"),
        ({"address": "zz\0zz"}, 404, "Nothing in the register"),
    ],
)
def test_what_cannot_be_answered_is_a_clear_problem(
    client: FlaskClient, query: dict[str, object], status: int, says: str
):
    assert says in refused(client, status, **query)["detail"]


@pytest.mark.parametrize("lon", ["nan", "inf"])
def test_a_problem_is_json_even_of_what_is_no_number(client: FlaskClient, lon: str):
    told = client.get("/api/v1/locate", query_string={"lon": lon, "lat": 1}).text

    def strange(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(told, parse_constant=strange)["facts"]["lon"] == lon


def test_outside_every_grid_the_nearest_and_its_distance_are_facts(client: FlaskClient):
    facts = refused(client, 404, lon=120.80, lat=40.60)["facts"]
    assert facts["nearest_name"] == "南塘社区第五网格"
    assert facts["distance_m"] == pytest.approx(12371, abs=2)


def test_boston_swapped_is_seen_by_the_grids():
    from gisgrid.core.errors import Invalid, OutsideCoverage
    from gisgrid.locate.lookup import by_point

    def find(lon: float, lat: float) -> Any:
        if (lon, lat) == (-71.0, 42.0):
            return "here"
        raise OutsideCoverage("none")

    with pytest.raises(Invalid, match="swapped"):
        by_point(find, 42.0, -71.0)
    with pytest.raises(OutsideCoverage):
        by_point(find, 41.0, -71.0)


def test_the_published_plan_answers_without_sql(app: Flask):
    snapshots_of(app).start()
    assert eventually(lambda: snapshots_of(app)._listener.listening)
    client = app.test_client()
    ask(client, lon=INSIDE[0], lat=INSIDE[1])
    statements: list[str] = []
    event.listen(
        app.extensions["gisgrid"].engine(),
        "before_cursor_execute",
        lambda *a: statements.append(a[2]),
    )
    ask(client, lon=INSIDE[0], lat=INSIDE[1])
    assert statements == []
    ask(client, lon=INSIDE[0], lat=INSIDE[1], as_of="2023-01-01")
    assert statements != []


def test_memory_and_store_name_the_same_nearest_house(store: Engine):
    with transaction(store, read_only=True) as session:
        place = plans.township(session)
        houses = take_houses(session, place)
        for i in range(40):
            lon, lat = 120.88 + 0.001 * i, 40.688 + 0.0006 * ((i * 7) % 40)
            memory, asked = (
                houses.nearest(lon, lat),
                nearest_address(session, place.id, lon, lat),
            )
            assert memory
            assert asked
            assert (memory.house_id, memory.address) == (asked.house_id, asked.address)
            assert memory.distance_m == pytest.approx(asked.distance_m, abs=1e-3)


# ---- tables --------------------------------------------------------------------------------------


def post(client: FlaskClient, body: object, kind: str = "text/csv", **query: object) -> Any:
    data = body if isinstance(body, bytes) else str(body).encode()
    return client.post(
        "/api/v1/locate", data=data, content_type=kind, query_string={"lang": "en", **query}
    )


def test_a_csv_comes_back_as_a_stream_with_a_grid_in_each_row(client: FlaskClient):
    lines = ["编号,经度,纬度,地址", f"0001,{HOUSE[0]},{HOUSE[1]},", "0002,,,石桥社区康成街11号"]
    lines += ["0003,40.7,120.9,", "0004,0,0,", "0005,,,", '"00,06",x,1,']
    answer = post(client, "\n".join(lines))
    assert answer.status_code == 200
    assert answer.is_streamed
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [r["编号"] for r in rows] == ["0001", "0002", "0003", "0004", "0005", "00,06"]
    assert [r["grid_code"] for r in rows[:2]] == ["999901001201004", "999901001201004"]
    assert rows[0]["other_code"] == "999901001207002"
    assert rows[1]["matched_address"] == "石桥社区康成街11号"
    words = ("swapped", "m away", "no address", "no number")
    for row, says in zip(rows[2:], words, strict=True):
        assert says in row["problem"]
        assert row["grid_code"] == ""


def test_json_in_json_out(client: FlaskClient):
    rows = [{"lon": INSIDE[0], "lat": INSIDE[1]}, {"address": "康成街"}, {}]
    answer = client.post("/api/v1/locate?lang=en", json={"rows": rows}).get_json()
    assert [r["row"] for r in answer["rows"]] == [1, 2, 3]
    assert answer["rows"][0]["grid_code"] == "999901001207002"
    assert "choose one" in answer["rows"][1]["problem"]
    assert "no address" in answer["rows"][2]["problem"]
    assert answer["plans"][0]["name"] == "2022"


def test_a_workbook_comes_back_with_its_own_cells_and_codes_as_text(client: FlaskClient):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["虚构镇核对表"])
    sheet.append(["编号", "地址", "网格编码"])
    sheet.append(["0007", "石桥社区康成街9号", None])
    sheet.append(["0008", "=1+1", "旧"])
    sheet["E3"] = "=2*3"
    book.create_sheet("gisgrid notes")["A1"] = "keep me"
    raw = io.BytesIO()
    book.save(raw)
    answer = client.post("/api/v1/locate", data={"file": (io.BytesIO(raw.getvalue()), "核对.XLSX")})
    assert answer.status_code == 200, answer.text
    filled = openpyxl.load_workbook(io.BytesIO(answer.data))
    sheet = filled.worksheets[0]
    assert sheet["A1"].value == "虚构镇核对表"
    assert (sheet["C3"].value, sheet["C3"].data_type) == ("999901001201004", "s")
    assert sheet["C3"].number_format == "@"
    heads = [cell.value for cell in sheet[2]]
    assert heads[:3] == ["编号", "地址", "网格编码"]
    assert {"网格名称", "网格长", "问题"} <= set(heads)
    assert sheet.cell(3, heads.index("网格名称") + 1).value == "石桥社区第四网格"
    assert sheet.cell(4, 3).value is None
    assert sheet.cell(4, heads.index("问题") + 1).value
    assert filled["gisgrid notes"]["A1"].value == "keep me"


@pytest.mark.parametrize(
    ("body", "kind", "query", "says"),
    [
        (b"", "text/csv", {}, "is empty"),
        (b"code,colour\n1,red\n", "text/csv", {}, "neither a column address nor lon and lat"),
        (b"lon,lat\n", "text/csv", {}, "no rows"),
        (b"lon,lat\n1,2\n", "text/csv", {"datum": "tokyo"}, "not known"),
        (b"x", "application/pdf", {}, "Send JSON, CSV or XLSX"),
        (b"{}", "application/json", {}, "a list of objects"),
        (b"[]", "application/json", {}, "no rows"),
        (b"[1]", "application/json", {}, "a list of objects"),
        (
            b"no zip",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            {},
            "XLSX",
        ),
        (
            b"lon,lat\n" + b"1,2\n" * 100_001,
            "text/csv",
            {},
            "At most 100,000 rows",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_a_clear_problem(
    client: FlaskClient, body: bytes, kind: str, query: dict[str, str], says: str
):
    answer = post(client, body, kind, **query)
    assert answer.status_code == 422
    assert says in answer.get_json()["detail"]


def test_broken_json_and_too_much_are_told(client: FlaskClient):
    broken = post(client, b"{", "application/json")
    assert (broken.status_code, broken.get_json()["detail"]) == (422, "The body is not JSON.")
    assert post(client, b"a" * ((32 << 20) + 1)).status_code == 413


@pytest.mark.thorough
def test_several_sheets_ask_for_one(client: FlaskClient):
    book = openpyxl.Workbook()
    for name in ("一", "二"):
        sheet = book.create_sheet(name)
        sheet.append(["lon", "lat"])
        sheet.append([INSIDE[0], INSIDE[1]])
    raw = io.BytesIO()
    book.save(raw)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    problem = post(client, raw.getvalue(), kind)
    assert (problem.status_code, problem.get_json()["facts"]["sheets"]) == (422, ["一", "二"])
    answer = post(client, raw.getvalue(), kind, sheet="二")
    assert openpyxl.load_workbook(io.BytesIO(answer.data))["二"]["C2"].value == "999901001207002"


def test_an_old_plan_answers_tables_too(client: FlaskClient):
    answer = post(client, f"lon,lat\n{INSIDE[0]},{INSIDE[1]}\n", as_of="2023-01-01", format="json")
    assert answer.get_json()["rows"][0]["grid_code"] == "999901001207002"
    early = post(client, "lon,lat\n1,2\n", as_of="2000-01-01")
    assert (early.status_code, early.get_json()["facts"]["from"]) == (404, "2022-09-01")


# ---- the command line ----------------------------------------------------------------------------


def run(command: Any, engine: Engine, *args: str) -> Any:
    url = engine.url.render_as_string(hide_password=False)
    return CliRunner().invoke(command, args, obj=Settings(database_url=url))


def test_the_command_line_counts_and_locates(store: Engine):
    counted = run(count_command, store, "--under", "2022")
    assert counted.exit_code == 0, counted.output
    assert counted.output.rstrip().splitlines()[-1].split()[0] == "total"
    found = run(locate_command, store, HOUSE[0], HOUSE[1])
    assert found.exit_code == 0, found.output
    assert "石桥社区第四网格" in found.output
    assert "12.3 m away" in found.output
    assert "nearest address: 石桥社区康成街9号" in found.output
    by_address = run(locate_command, store, "石桥社区康成街9号", "--as-of", "2023-01-01")
    assert "999901001201004" in by_address.output
    western = run(locate_command, store, "-71.06", "42.36")
    assert "No such option" not in western.output
    assert western.exception is not None
