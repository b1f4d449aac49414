"""Files in the browser: sent, read, matched, checked by a dry run, imported, each step by right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.messages import unpacked
from gisgrid.db.store import Actor, transaction
from tests.support.accounts import appointed, web_engine
from tests.support.imports import Desk, at_desk
from tests.support.poison import POISON
from tests.support.web import fill_town

HOUSES = """房屋编码,地址,经度,纬度
N1,虚构路901号,120.9021,40.7011
N2,虚构路902号,120.9022,40.7012
N3,虚构路903号,一百二,40.7013
"""


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], int]:
    def town(session: Session) -> int:
        fill_town(session, columns=3, rows=3, houses=30, events=9)
        return appointed(session, "administrator")

    return town


@pytest.fixture
def office(engine: Engine, made: int) -> Desk:
    return at_desk(engine, made)


def houses(office: Desk) -> int:
    return office.scalar("SELECT count(*) FROM house")


def test_a_file_of_houses_is_read_matched_checked_and_imported(office: Desk):
    number = office.send(HOUSES)
    found = office.found(number)
    assert found.stage == "looked", found.failed
    assert found.looked["kinds"][0]["kind"] == "houses"
    assert found.looked["rows"] == 3
    assert "虚构路902号" in office.page(number), "the first rows are shown"
    assert office.check(number, crs="wgs84").status_code == 303
    checked = office.found(number)
    assert (checked.stage, checked.failed) == ("checked", None)
    told = checked.checked
    assert (told["read"], told["inserted"], told["refused"]) == (3, 2, 1)
    assert houses(office) == 30, "a dry run writes nothing"
    page = office.page(number)
    assert "would be added" in page and "not a number" in page and 'data-count="refused"' in page
    office.press(number, "commit")
    done = office.found(number)
    assert done.stage == "imported", done.failed
    assert houses(office) == 32
    same = {
        k: done.imported[k]
        for k in ("read", "inserted", "updated", "unchanged", "refused", "noted")
    }
    assert same == {k: told[k] for k in same}, "what the dry run said is what was done"
    run = office.scalar(
        "SELECT concat(file_name, '|', who, '|', kind) FROM import_run ORDER BY id DESC LIMIT 1"
    )
    assert run == "houses.csv|administrator-999901001-|houses"
    with transaction(office.engine) as session:
        entry = session.execute(
            text("SELECT action, account_id, origin FROM audit_entry ORDER BY id DESC LIMIT 1")
        ).one()
    assert tuple(entry) == ("import", office.account, "import")


def test_a_column_mapped_twice_is_refused_in_words_and_the_choice_is_kept(office: Desk):
    number = office.send(HOUSES)
    answer = office.check(number, **{"column-0": "address", "column-1": "address"})
    assert answer.status_code == 422
    assert "“房屋编码”和“地址”都对应 address" in answer.text
    assert office.found(number).stage == "looked"
    answer = office.client.post(
        f"/office/import/{number}/check?lang=en",
        data={"kind": "houses", "into": "999901001", "column-0": "code", "column-2": "lat", "column-3": "lat"},
    )  # fmt: skip
    assert "“经度” and “纬度” both as lat" in answer.text
    assert answer.text.count('<option value="lat" selected>') == 2


def test_what_is_left_aside_is_accepted_and_rows_are_seen_as_they_are_meant(office: Desk):
    with_more = (
        HOUSES.replace("纬度\n", "纬度,备注,颜色\n")
        .replace("7011\n", "7011,甲,1\n")
        .replace("7012\n", "7012,乙,2\n")
    )
    number = office.send(with_more.replace("7013\n", "7013,丙,3\n"))
    office.check(number, crs="wgs84", **{"column-4": "", "column-5": ""})
    page = office.page(number)
    assert "These columns are left aside and not stored:" in page and "备注, 颜色" in page
    assert "Rows are matched by: code." in page
    meant = page.split('data-table="meant"')[1].split("</table>")[0]
    assert "<th>address</th>" in meant and "<td>虚构路901号</td>" in meant and "甲" not in meant
    refused = page.split('data-table="refused"')[1].split("</table>")[0]
    assert "一百二" in refused and "not a number" in refused and "虚构路901号" not in refused
    for said in ({}, {"aside": "1"}, {"aside": "x"}):
        answer = office.client.post(f"/office/import/{number}/commit", data=said)
        assert answer.status_code == 422 and "备注、颜色" in answer.text.replace(", ", "、")
    assert office.found(number).stage == "checked" and houses(office) == 30
    assert office.press(number, "commit").status_code == 303
    assert houses(office) == 32
    # What is said to be left out, or meant, asks for no word.
    number = office.send(HOUSES.replace("90", "80"))
    office.check(number, crs="wgs84")
    assert "left aside" not in office.page(number)
    assert office.client.post(f"/office/import/{number}/commit").status_code == 303


def test_undeclared_coordinates_are_asked_for_and_then_taken(office: Desk):
    number = office.send(HOUSES)
    office.check(number, crs="")
    found = office.found(number)
    assert (found.state, found.facts["error"]) == ("failed", "UndeclaredCrs")
    assert unpacked(found.failed or "").in_language("en") in office.page(number).replace(
        "&#39;", "'"
    )
    office.check(number, crs="wgs84")
    assert office.found(number).stage == "checked"


def test_what_stands_in_a_file_is_shown_to_who_sent_it_alone(office: Desk):
    """Who may load there sees that it was sent, and what came of it; others see nothing."""
    number = office.send(HOUSES)
    office.check(number, crs="wgs84")
    assert office.refused(number).status_code == 200
    with transaction(office.engine) as session:
        others = {
            role: appointed(session, role, area, name=role)
            for role, area in {
                "township_government": "999901001", "community_clerk": "999901001001",
                "planner": "999901001", "auditor": "999901001",
            }.items()
        }  # fmt: skip
    beside = at_desk(office.engine, others.pop("township_government"))
    page = beside.page(number)
    assert "houses.csv" in page and 'data-count="refused"' in page
    assert "虚构路90" not in page and "一百二" not in page
    assert beside.refused(number).status_code == 404
    assert beside.client.post(f"/office/import/{number}/away").status_code == 409
    for account in others.values():
        other = at_desk(office.engine, account)
        for path in ("", f"/{number}", f"/{number}/state.json", f"/{number}/refused.xlsx"):
            assert other.client.get(f"/office/import{path}").status_code == 403
    with transaction(web_engine(office.engine), actor=Actor(account)) as session:
        for table in ("file_import", "file_import_part", "import_listed"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


def test_words_of_a_file_are_text_on_every_page(office: Desk):
    cell = POISON.replace('"', '""').replace("\u2028", "")
    number = office.send(
        f'code,address,"{cell}"\nX1,"{cell}","{cell}"\n', "<img src=x onerror=window.hit=1>.csv"
    )
    page = office.page(number)
    page = office.page(number)
    for raw in ("<script>window.hit", "<img src=x"):
        at = page.find(raw)
        assert at < 0, page[at - 80 : at + 80]
    assert office.found(number).stage == "looked", office.found(number).failed
    assert "&lt;script&gt;" in page
    listed = office.client.get("/office/import").text
    assert "<script>window.hit" not in listed and "<img src=x" not in listed


def test_a_value_for_every_row_may_be_joined_from_columns(office: Desk):
    number = office.send("路,号,编码,lon,lat\n虚构路,7,J1,120.9021,40.7011\n")
    office.check(number, "houses", crs="wgs84", **{"every-address": "虚构镇{路}{号}号"})
    office.press(number, "commit")
    assert office.found(number).stage == "imported", office.found(number).failed
    assert office.scalar("SELECT address FROM house WHERE code = 'J1'") == "虚构镇虚构路7号"
    assert 'value="虚构镇{路}{号}号"' in office.page(office.send("路,号\n虚构路,8\n", after=number))
