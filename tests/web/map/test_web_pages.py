"""The map page and what it loads: languages, plans, headers, caches, compression."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range

from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from tests.support.accounts import web_engine
from tests.support.factories import create_plan
from tests.support.web import Town, app_over, fill_town


@pytest.fixture
def town(engine: Engine) -> Town:
    with transaction(engine) as session:
        return fill_town(session)


@pytest.fixture
def client(engine: Engine, town: Town) -> Iterator[FlaskClient]:
    with app_over(engine, account=town.account).test_client() as client:
        yield client


def tile_address(page: str, layer: str = "houses") -> str:
    return re.search(rf'"(/tiles/{layer}/[^"]*)"', page)[1].format(z=14, x=13695, y=6160)


def test_the_page_speaks_chinese_first_then_what_was_chosen(client: FlaskClient):
    page = client.get("/map").text
    assert '<html lang="zh-Hans" ' in page
    assert "网格一张图" in page and "虚构镇" in page
    page = client.get("/map?lang=en").text
    assert '<html lang="en" ' in page
    assert "Grid map" in page and "Invented Town" in page
    assert '<html lang="en" ' in client.get("/map").text, "remembered"
    assert '<html lang="zh-Hans" ' in client.get("/map?lang=zh").text
    assert '<html lang="zh-Hans" ' in client.get("/map?lang=xx").text


def test_the_first_language_is_a_setting(engine: Engine, town: Town):
    assert "Grid map" in app_over(engine, language="en").test_client().get("/map").text


def test_the_page_names_its_plan_and_its_dates(client: FlaskClient, engine: Engine):
    with transaction(engine) as session:
        old = create_plan(
            session,
            session.query(Township).one(),
            "a b",
            name="旧方案",
            validity=Range(date(2020, 1, 1), date(2022, 9, 1)),
        ).id
    now = client.get("/map").text
    assert "2022年方案" in now and "2022-09-01" in now
    assert "这不是现行方案" not in now
    for address in (f"/map?plan={old}", "/map?as_of=2021-01-01"):
        page = client.get(address).text
        assert '<strong class="plan-name">旧方案</strong>' in page
        assert "2020-01-01 起，至 2022-08-31 止" in page
        assert "这不是现行方案" in page
        assert f"/tiles/houses/{old}-" in page


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/map?plan=99", 404, "没有编号为 99 的网格方案"),
        ("/map?plan=x", 422, "不是方案编号"),
        ("/map?plan=99999999999999999999999", 422, "不是方案编号"),
        ("/map?as_of=gestern", 422, "不是日期"),
        ("/map?as_of=1999-01-01", 404, "2022-09-01"),
        ("/map?township=x", 404, "没有代码为"),
        ("/nothing", 404, "此地址没有任何内容"),
        ("/tiles/residents/1-x/1/1/1.mvt", 404, "没有图层"),
        ("/tiles/houses/1-x/3/9/0.mvt", 404, "没有瓦片"),
        ("/tiles/houses/99-x/3/1/0.mvt", 404, "99"),
        ("/layers/residents/1-x.geojson", 404, "没有图层"),
    ],
)
def test_a_page_that_fails_says_why_in_words(
    client: FlaskClient, address: str, status: int, words: str
):
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert words in answer.text


def test_an_empty_store_says_what_to_load(engine: Engine):
    answer = app_over(engine).test_client().get("/map")
    assert answer.status_code == 404
    assert "还没有乡镇：请先导入其区域（内务 › 导入）。" in answer.text
    assert "gisgrid load areas" not in answer.text, "a page has no terminal"


def test_a_failure_page_escapes_what_was_asked(client: FlaskClient):
    answer = client.get("/map?as_of=<img src=x>")
    assert "<img" not in answer.text
    assert "&lt;img" in answer.text


def test_tiles_are_kept_until_the_data_changes(client: FlaskClient, engine: Engine):
    address = tile_address(client.get("/map").text)
    first = client.get(address)
    assert first.mimetype == "application/vnd.mapbox-vector-tile"
    assert "immutable" in first.headers["Cache-Control"]
    with transaction(engine) as session:
        session.execute(text("DELETE FROM household WHERE false"))
        session.execute(text("UPDATE house SET geom = ST_Translate(geom, 0.001, 0)"))
    stale = client.get(address)
    assert stale.headers["Cache-Control"] == "no-store"
    assert stale.data != first.data
    fresh = tile_address(client.get("/map").text)
    assert fresh != address
    assert "immutable" in client.get(fresh).headers["Cache-Control"]


def test_answers_are_compressed_for_those_who_can_read_it(client: FlaskClient):
    address = tile_address(client.get("/map").text)
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_only_scripts_of_the_page_itself_may_run(client: FlaskClient):
    answer = client.get("/map")
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    scripts = re.findall(r"<script([^>]*)>", answer.text)
    assert scripts
    # What is data runs nothing.
    running = [s for s in scripts if 'type="application/json"' not in s]
    assert running
    assert all("src=" in s or f'nonce="{nonce}"' in s for s in running)
    assert "unsafe-eval" not in policy
    assert re.search(r"script-src [^;]*unsafe", policy) is None
    assert " on" not in "".join(re.findall(r"<[a-z]+ ([^>]*)>", answer.text)).replace("content", "")
    assert nonce not in client.get("/map").text


def test_the_page_names_no_other_host(client: FlaskClient):
    assert re.findall(r"(?:https?:)?//[\w.]+", client.get("/map").text) == []


def test_a_base_map_is_a_setting(engine: Engine, town: Town):
    app = app_over(engine, basemap_url="https://base.example/{z}/{x}/{y}.png", basemap_credit="<b>")
    answer = app.test_client().get("/map")
    assert "https://base.example/{z}/{x}/{y}.png" in answer.text
    assert "img-src 'self' data: https://base.example;" in answer.headers["Content-Security-Policy"]
    assert "<b>" not in answer.text


def test_static_files_are_kept_by_their_content(client: FlaskClient):
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/map").text):
        with client.get(address) as answer:
            assert answer.status_code == 200, address
            assert "immutable" in answer.headers["Cache-Control"]


def test_the_engine_is_opened_again_after_a_fork(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    from gisgrid.core.settings import Settings
    from web.http.db import Store

    web = web_engine(engine)
    store = Store(Settings(web_database_url=web.url.render_as_string(hide_password=False)), web)
    assert store.engine() is web
    monkeypatch.setattr("os.getpid", lambda: -1)
    forked = store.engine()
    assert forked is not web
    assert store.engine() is forked
    forked.dispose()
