"""Which sheet or layer of a file is meant, and whether its first row names the columns."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.imports import HOUSES, Desk, at_desk, desk_town

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], int]:
    return desk_town


@pytest.fixture
def office(engine: Engine, made: int) -> Desk:
    return at_desk(engine, made)


def two_sheets() -> bytes:
    """A workbook of two sheets, a house in each."""
    book = openpyxl.Workbook()
    for title, code in (("一组", "N1"), ("二组", "N2")):
        sheet = book.create_sheet(title)
        sheet.append(["房屋编码", "地址", "经度", "纬度"])
        sheet.append([code, f"虚构路{code}号", "120.9021", "40.7011"])
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_of_several_sheets_asks_for_one_and_another_may_be_taken(office: Desk):
    number = office.send(two_sheets(), "a.xlsx")
    assert office.found(number).looked == {"choices": ["一组", "二组"], "columns": []}
    assert "Which layer or sheet?" in office.page(number)
    for title, code in (("一组", "N1"), ("二组", "N2")):
        office.client.post(f"/office/import/{number}/look", data={"layer": title})
        office.work()
        assert office.found(number).looked["layer"] == title
        assert code in office.page(number)
    office.check(number, crs="wgs84")
    assert office.found(number).checked["decided"]["layer"] == "二组"


def test_another_layer_of_an_imported_file_comes_in_by_an_import_of_its_own(office: Desk):
    first = office.send(two_sheets(), "a.xlsx")
    office.client.post(f"/office/import/{first}/look", data={"layer": "一组"})
    office.work()
    office.check(first, crs="wgs84")
    page = office.page(first)
    assert page.index('id="other-layer"') < page.index("It seems to hold"), (
        "asked before the columns"
    )
    office.press(first, "commit")
    assert "Bring in another layer or sheet of this file" in office.page(first)
    made = office.press(first, "another")
    second = int(made.location.rsplit("/", 1)[1])
    assert second != first
    assert office.found(second).looked == {"choices": ["一组", "二组"], "columns": []}
    office.client.post(f"/office/import/{second}/look", data={"layer": "二组"})
    office.work()
    office.check(second, crs="wgs84")
    office.press(second, "commit")
    assert office.found(second).imported["inserted"] == 1
    assert office.scalar("SELECT count(*) FROM house") == 32
    with transaction(office.engine) as session:
        session.execute(text("UPDATE file_import SET gone_at = now()"))
    assert "Bring in another layer" not in office.page(first)
    assert office.press(first, "another").status_code == 409


def test_a_workbook_without_headings_loses_no_first_row(office: Desk):
    """Three people, and the first stood for the headings."""
    book = openpyxl.Workbook()
    for row in (
        ("Z1", "样本甲", "19900000001"),
        ("Z2", "样本乙", "19900000002"),
        ("Z3", "样本丙", "x"),
    ):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    number = office.send(out.getvalue(), "noheader.xlsx")
    assert office.found(number).looked["columns"] == ["Z1", "样本甲", "19900000001"]
    page = office.page(number)
    assert "The first row looks like data" in page
    assert "Nothing in the file says what it holds" in page and "Check it: a dry run" not in page
    office.client.post(f"/office/import/{number}/look", data={"header": "none"})
    office.work()
    looked = office.found(number).looked
    assert (looked["columns"], looked["rows"]) == (["A", "B", "C"], 3)
    page = office.page(number, query="&kind=staff")
    assert "The first row is read as data" in page and "样本甲" in page
    meant = {"column-0": "code", "column-1": "name", "column-2": "phone"}
    office.check(number, "staff", **meant)
    told = office.found(number).checked
    assert told is not None, office.why(number)
    assert (told["read"], told["inserted"], told["refused"]) == (3, 2, 1)
    office.press(number, "commit")
    assert (
        office.scalar("SELECT string_agg(code, ',' ORDER BY code) FROM staff WHERE code LIKE 'Z_'")
        == "Z1,Z2"
    )
    mended = openpyxl.load_workbook(io.BytesIO(office.refused(number).data))
    sheet = mended.worksheets[0]
    assert [c.value for c in sheet[1]][:3] == ["A", "B", "C"], "the mended workbook has headings"
    sheet["C2"] = "19900000003"
    again = io.BytesIO()
    mended.save(again)
    after = office.send(again.getvalue(), "noheader.refused.xlsx", after=number)
    office.check(after)
    told = office.found(after).checked
    assert told is not None, office.why(after)
    assert (told["read"], told["inserted"]) == (1, 1)


def test_headings_that_are_known_are_not_taken_for_data(office: Desk):
    number = office.send(HOUSES)
    assert office.found(number).looked["header_sure"] is True
    assert "The first row looks like data" not in office.page(number)
