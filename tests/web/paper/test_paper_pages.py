"""Printing from the browser, and the page that a QR code at the door opens."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import Engine, text

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.web import app_over, fill_town

GRID, BESIDE = "999901001001001", "999901001002001"
NAME, PHONE = "样本金丝雀", "19912345678"


@pytest.fixture(scope="module")
def store(cluster: Cluster, template: str) -> Iterator[Engine]:
    with own_database(cluster, template, "paperpages") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=3, rows=3, houses=30, events=9)
            session.execute(
                text(
                    f"UPDATE house_grid SET grid_id = (SELECT id FROM grid WHERE code = '{GRID}') WHERE house_id = 1"
                )
            )
            session.execute(
                text(
                    f"UPDATE resident SET name = '{NAME}', phone = '{PHONE}' WHERE id = (SELECT min(r.id) "
                    "FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = 1)"
                )
            )
            session.execute(text("UPDATE staff SET name = '样本长', phone = '19900000001'"))
            appointed(session, "grid_worker", grid=GRID, name="worker")
            appointed(session, "community_clerk", "999901001001", name="clerk")
        yield engine


def client(store: Engine, name: str) -> FlaskClient:
    with transaction(store) as session:
        number = session.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": name})
    who = app_over(store, account=number).test_client()
    who.set_cookie("language", "zh")
    return who


def made(who: FlaskClient, **fields: Any) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', who.get("/paper").text)
    assert token
    return who.post("/paper", data={"csrf_token": token[1], **fields})


def words(answer: Any) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)


def test_a_worker_prints_their_own_grid_masked_and_takes_no_file_away(store: Engine):
    who = client(store, "worker")
    page = who.get("/paper").text
    assert GRID in page and BESIDE not in page and "压缩包" not in page
    assert "<legend>文件形式</legend>" in page
    answer = made(who, sheet=["round"])
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline")
    said = words(answer)
    assert "走访清单" in said and "H1" in said and NAME not in said and PHONE not in said
    assert made(who, sheet=["round"], grid=[BESIDE]).status_code == 403
    assert made(who, sheet=["round"], into="zip").status_code == 403


def test_a_clerk_opens_for_a_purpose_and_takes_a_folder_of_files(store: Engine):
    who = client(store, "clerk")
    answer = made(who, sheet=["emergency", "door"], into="zip", purpose="care", grid=[GRID])
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    folder = zipfile.ZipFile(io.BytesIO(answer.data))
    assert sorted(folder.namelist()) == [f"{GRID}.pdf", "all.pdf"]
    pages = PdfReader(io.BytesIO(folder.read(f"{GRID}.pdf"))).pages
    said = "".join(page.extract_text() for page in pages)
    assert NAME in said and PHONE in said and "19900000001" in said
    with transaction(store) as session:
        written = session.execute(
            text(
                "SELECT action, purpose FROM audit_entry WHERE account_name = 'clerk' ORDER BY id DESC LIMIT 3"
            )
        ).all()
    assert sorted(tuple(row) for row in written) == [
        ("export", "care"),
        ("unmask", "care"),
        ("unmask", "care"),
    ]


def test_what_is_wrong_is_said_on_the_page(store: Engine):
    who = client(store, "clerk")
    answer = made(who)
    assert answer.status_code == 422 and "请至少选择一种纸质材料。" in answer.text
    assert made(who, sheet=["round"], grid=["nowhere"]).status_code == 404
    assert made(who, sheet=["round"], purpose="curiosity").status_code == 403


@pytest.mark.parametrize(("lang", "leads"), [("zh", "您的网格长"), ("en", "Your grid leader")])
def test_the_page_behind_a_code_tells_everybody_who_leads_and_nothing_of_residents(
    store: Engine, lang: str, leads: str
):
    public = app_over(store).test_client()
    page = public.get(f"/g/{GRID}?lang={lang}")
    assert page.status_code == 200
    assert leads in page.text and "样本长" in page.text and GRID in page.text
    assert "19900000001" not in page.text and NAME not in page.text and PHONE not in page.text
    way = re.search(r'id="report-here" href="([^"]+)"', page.text)
    assert way
    address = way[1].replace("&amp;", "&")
    form = public.get(address).text
    lon = re.search(r"lon=([\d.]+)", address)
    assert lon and re.search(rf'name="lon"[^>]*value="{lon[1]}"', form), "the form begins there"
    assert "东风社区第1网格" in public.get(address.replace("/report?", "/report/near?")).text
    assert 'name="ticket"' in page.text
    assert public.get("/g/nowhere").status_code == 404
