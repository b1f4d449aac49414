import openpyxl
import pytest

from gisgrid.files.columns import resolve
from gisgrid.files.findings import Findings
from gisgrid.files.read import open_table
from gisgrid.files.rejects import write_rejects
from gisgrid.loading.checks import Checker, Context


@pytest.fixture
def table(tmp_path):
    rows = ["编号,地址,备注"] + [f"00{i},=HYPERLINK({i}),-1" for i in range(2, 12)]
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return open_table(path)


def findings(*found):
    out = Findings()
    for code, column, rows in found:
        out.add(code, column, rows)
    return out


def sheet_rows(path, index):
    return list(openpyxl.load_workbook(path).worksheets[index].iter_rows())


def test_refused_rows_come_with_their_reasons(table, tmp_path):
    path = tmp_path / "back.xlsx"
    rejected = findings(("far", "lon, lat", [9, 3]), ("missing", "address", [3]))
    written = write_rejects(table, rejected, findings(("unlocated", "", [1, 5])), path)
    assert (written.rejected, written.noted, written.left_out) == (2, 2, 0)
    header, third, ninth = ([c.value for c in row] for row in sheet_rows(path, 0))
    assert header == ["编号", "地址", "备注", "行号 row", "原因", "reason"]
    assert third[:4] == ["003", "=HYPERLINK(3)", "-1", "3"]
    assert third[5].startswith("lon, lat: the place lies far outside")
    assert "address: a required value is missing" in third[5]
    assert "缺少必填值" in third[4]
    assert ninth[3] == "9"
    assert [row[3].value for row in sheet_rows(path, 1)] == ["行号 row", "1", "5"]


def test_every_cell_is_text_and_none_a_formula(table, tmp_path):
    path = tmp_path / "back.xlsx"
    write_rejects(table, findings(("far", "", range(2, 12))), Findings(), path)
    cells = [cell for row in sheet_rows(path, 0) for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for cell in cells} == {"@"}


def test_what_finds_no_room_is_counted_and_said(table, tmp_path):
    path = tmp_path / "back.xlsx"
    written = write_rejects(
        table, findings(("far", "", range(2, 12))), Findings(), path, max_rows=4
    )
    assert (written.rejected, written.left_out) == (4, 6)
    assert any("6（" in str(cell.value) for row in sheet_rows(path, 2) for cell in row)


def test_the_mended_workbook_loads(table, tmp_path):
    path = tmp_path / "back.xlsx"
    write_rejects(table, findings(("far", "", [2, 4])), findings(("unlocated", "", [3])), path)
    back = open_table(path)
    checked = Checker(resolve("houses", back.columns), Context()).check(next(back.chunks()))
    assert checked.rows["code"].tolist() == ["002", "004"]
    assert checked.rows["address"].tolist() == ["=HYPERLINK(2)", "=HYPERLINK(4)"]


def test_reasons_of_a_row_stand_once_and_in_order():
    found = findings(("far", "", [5, 2]), ("missing", "a", [5]), ("far", "", [5]))
    assert list(found.by_row()) == [(2, [("far", "")]), (5, [("far", ""), ("missing", "a")])]
    assert found.counts() == {"far": 2, "missing": 1}
    assert found.rows().tolist() == [2, 5]
    assert list(Findings().by_row()) == []
    with pytest.raises(KeyError):
        found.add("no such reason", "", [1])


def test_what_xml_cannot_hold_does_not_break_the_workbook(tmp_path):
    source = tmp_path / "odd.csv"
    source.write_text("code,a<b\nx\x01&,  <tag>  \n", encoding="utf-8")
    table = open_table(source)
    write_rejects(table, findings(("far", "", [2])), Findings(), tmp_path / "back.xlsx")
    header, row = sheet_rows(tmp_path / "back.xlsx", 0)
    assert [c.value for c in header][:2] == ["code", "a<b"]
    assert [c.value for c in row][:2] == ["x&", "  <tag>  "]
