"""The scripts of pages: what a page loads, of which edition, and what the modules may know."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from gisgrid.db.store import transaction
from tests.support.web import app_over, fill_town
from web.http import modules

WEB = Path(__file__).parents[3] / "web"
EVERY = sorted(
    path.relative_to(modules.MODULES).as_posix() for path in modules.MODULES.rglob("*.js")
)
IMPORT = re.compile(r'^import [^"]*"([^"]+)";', re.MULTILINE)
BROWSER = re.compile(r"\b(document|window|localStorage|location|fetch|navigator|L|Pbf)\b[.(]")


def source(name: str) -> str:
    return (modules.MODULES / name).read_text("utf-8")


def code(name: str) -> str:
    return re.sub(r"//.*", "", source(name))


@pytest.fixture
def app(engine: Engine) -> Flask:
    with transaction(engine) as session:
        return app_over(engine, account=fill_town(session).account)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


def scripts_of(client: FlaskClient, page: str) -> list[str]:
    found = re.findall(r'"(/static/modules/[^"]+)"', client.get(page).text)
    assert found, page
    return found


@pytest.mark.parametrize("name", EVERY)
def test_a_module_imports_what_stands_beside_it(name: str):
    for imported in IMPORT.findall(source(name)):
        assert imported.startswith(("./", "../")), imported
        assert (modules.MODULES / name).parent.joinpath(imported).exists(), imported


def test_no_module_waits_for_itself():
    beneath = {
        name: {
            (modules.MODULES / name).parent.joinpath(found).resolve()
            for found in IMPORT.findall(source(name))
        }
        for name in EVERY
    }
    waiting = {(modules.MODULES / name).resolve(): found for name, found in beneath.items()}
    while free := [path for path, found in waiting.items() if not found & waiting.keys()]:
        for path in free:
            del waiting[path]
    assert waiting == {}


def test_every_module_is_loaded_by_a_page_or_imported():
    pages = "".join(path.read_text("utf-8") for path in WEB.rglob("*.html"))
    views = "".join(path.read_text("utf-8") for path in WEB.rglob("*.py"))
    imported = {
        (modules.MODULES / name).parent.joinpath(found).resolve()
        for name in EVERY
        for found in IMPORT.findall(source(name))
    }
    unused = [
        name
        for name in EVERY
        if f'"{name}"' not in pages + views and (modules.MODULES / name).resolve() not in imported
    ]
    assert unused == []


@pytest.mark.parametrize("name", [name for name in EVERY if name.startswith("pure/")])
def test_what_is_pure_knows_no_browser_and_is_tried_without_one(name: str):
    assert BROWSER.findall(code(name)) == []
    assert all(re.fullmatch(r"\./[\w-]+\.js", found) for found in IMPORT.findall(source(name)))
    tests = Path(__file__).parents[2] / "js"
    assert any(f"/js/{name}" in path.read_text("utf-8") for path in tests.glob("*.test.js"))


def test_nothing_of_a_page_is_global_but_what_tests_look_at():
    assert [name for name in EVERY if "globalThis" in code(name)] == ["seen.js"]
    assert [name for name in EVERY if re.search(r"\bwindow\.\w+ =[^=]", code(name))] == []


def test_all_scripts_of_a_page_are_of_one_edition_and_lasting(client: FlaskClient):
    for page in ("/map", "/lookup", "/report", "/"):
        found = scripts_of(client, page)
        assert len({address.split("/")[3] for address in found}) == 1
        for address in found:
            with client.get(address) as answer:
                assert answer.status_code == 200, address
                assert answer.mimetype == "text/javascript"
                assert "immutable" in answer.headers["Cache-Control"]
                known = {"If-None-Match": answer.headers["ETag"]}
            # Who asks whether it has changed, as a service worker does, keeps it as long.
            with client.get(address, headers=known) as answer:
                assert answer.status_code == 304, address
                assert "immutable" in answer.headers["Cache-Control"]


def test_a_page_names_all_that_its_script_imports(client: FlaskClient):
    named = {address.split("/", 4)[4] for address in scripts_of(client, "/lookup")}
    assert {"lookup.js", "spot.js", "pure/packed.js", "pure/frame.js", "pure/datums.js"} <= named
    assert "map.js" not in named


def test_after_an_update_an_old_page_gets_no_new_script(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    client = app.test_client()
    before = scripts_of(client, "/map")
    newer = shutil.copytree(modules.MODULES, tmp_path / "js")
    (newer / "pure" / "words.js").write_text(source("pure/words.js") + "// newer\n", "utf-8")
    monkeypatch.setattr(modules, "MODULES", newer)
    after = scripts_of(client, "/map")
    assert {address.split("/", 4)[4] for address in before} == {
        address.split("/", 4)[4] for address in after
    }
    assert not set(before) & set(after), "each has another address, though one was changed"
    for address in before:
        assert client.get(address).status_code == 404
    (words,) = (address for address in after if address.endswith("pure/words.js"))
    with client.get(words) as answer:
        assert answer.text.endswith("// newer\n")


def test_the_phone_keeps_every_script_of_the_look_up(client: FlaskClient):
    kept = re.findall(r'"(/static/modules/[^"]+)"', client.get("/lookup-worker.js").text)
    assert set(scripts_of(client, "/lookup")) == set(kept)
