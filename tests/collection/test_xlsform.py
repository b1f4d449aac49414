"""A task leaves as an XLSForm that pyxform turns into an XForm, and a form that a task can ask comes in; else it says why."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from pyxform.xls2xform import convert

from gisgrid.collection import xlsform
from gisgrid.collection.questions import AskedQuestion, NewQuestion
from gisgrid.collection.tasks import TaskInfo
from gisgrid.core.errors import Invalid

ASKED = (
    NewQuestion("家中几口人", "integer", least=Decimal(0), most=Decimal(30), name="q1"),
    NewQuestion("水管材料", "choice", choices=("铁", "塑料", "不详"), required=False, name="q2"),
    NewQuestion("用水量（吨）", "number", least=Decimal("0.5"), hint="按水表", name="q3"),
    NewQuestion("备注 <b>&", "text", required=False, name="q4"),
    NewQuestion("检修日期", "date", name="q5"),
    NewQuestion("水表照片", "photo", required=False, name="q6"),
)


def task() -> TaskInfo:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return TaskInfo(
        7, 1, "用水普查", "care", ("resident.phone",), (), date(2026, 12, 31), "open", 2, "测试", now, now, None, None, 3,
        tuple(AskedQuestion(**vars(each), id=n, number=n) for n, each in enumerate(ASKED, 1)),
    )  # fmt: skip


def workbook(
    path: Path,
    *rows: tuple[str | None, ...],
    heads: tuple[str, ...] = (),
    choices: tuple[tuple[str, ...], ...] = (),
) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "survey"
    for row in (heads or ("type", "name", "label", "required", "constraint"), *rows):
        sheet.append(row)
    if choices:
        listed = book.create_sheet("choices")
        for row in (("list_name", "name", "label"), *choices):
            listed.append(row)
    book.save(path)
    return path


def test_a_task_becomes_a_valid_xform_and_comes_back_as_it_was(tmp_path: Path):
    path = tmp_path / "form.xlsx"
    xlsform.write(task(), path, house_words="房屋编码", fields_words="户档项目：电话")
    form = convert(str(path), validate=False)
    assert form.warnings == []
    xform = form.xform
    assert "<h:title>用水普查</h:title>" in xform
    assert 'id="gisgrid_7"' in xform
    (head,) = re.findall(r'<bind [^>]*/q1"[^>]*>', xform)
    assert 'type="int"' in head
    assert 'required="true()"' in head
    assert 'constraint=". &gt;= 0 and . &lt;= 30"' in xform
    for kind in ('type="decimal"', 'type="date"', 'type="binary"', "<select1"):
        assert kind in xform
    assert xlsform.read(path) == list(ASKED)


def test_a_form_of_odk_people_comes_in(tmp_path: Path):
    path = workbook(
        tmp_path / "form.xlsx",
        ("start", "start", None, None, None),
        ("select_one pipe", "pipe", "水管", "yes", None),
        (None, None, None, None, None),
        ("int", "people", "人数", "TRUE", ". <= 9"),
        ("image", "shot", "照片", None, None),
        choices=(("pipe", "iron", "铁"), ("pipe", "other", "其他")),
    )
    assert xlsform.read(path) == [
        NewQuestion("水管", "choice", choices=("铁", "其他"), name="pipe"),
        NewQuestion("人数", "integer", most=Decimal(9), name="people"),
        NewQuestion("照片", "photo", required=False, name="shot"),
    ]


@pytest.mark.parametrize(
    ("rows", "heads", "reason"),
    [
        ([("begin group", "g", "组", None, None)], (), r"Row 2: a task cannot ask a “begin group”; make it one of"),
        ([("text", "a", "甲", None, None), ("geopoint", "b", "乙", None, None)], (), r"Row 3: a task cannot ask a “geopoint”"),
        ([("select_one nosuch", "a", "甲", None, None)], (), r"Row 2: the sheet “choices” has no list “nosuch”"),
        ([("integer", "a", "甲", None, ". > 3")], (), r"Row 2: a task knows no constraint “. > 3”; write one like"),
        ([("text", "a", "甲", "${b} > 3", None)], (), r"Row 2: “required” is \$\{b\} > 3; write yes or no"),
        ([("text", "a", "甲", "${b} = 1")], ("type", "name", "label", "relevant"), r"Row 2: a task knows no column “relevant”; empty this cell"),
        ([("text", "a", "甲")], ("type", "name", "label::English (en)"), r"Row 2: a task knows no column “label::english \(en\)”"),
        ([("text", "a", None, None, None)], (), r"Row 2: Write the question"),
        ([("text", "1a", "甲", None, None)], (), r"Row 2: '1a' is no name"),
        ([("text", "a", "甲", None, None), ("text", "a", "乙", None, None)], (), r"no valid XLSForm"),
        ([("text", f"a{n}", f"问{n}", None, None) for n in range(11)], (), r"asks 11 questions; a task has at most 10"),
        ([("start", "start", None, None, None)], (), r"asks nothing"),
    ],
)  # fmt: skip
def test_what_a_task_cannot_ask_is_refused_with_its_row(
    tmp_path: Path, rows: list[tuple[str | None, ...]], heads: tuple[str, ...], reason: str
):
    path = workbook(tmp_path / "form.xlsx", *rows, heads=heads)
    with pytest.raises(Invalid) as refused:
        xlsform.read(path)
    assert refused.match(reason)
    assert refused.value.in_language("zh") != refused.value.in_language("en")


def test_what_is_no_form_is_refused(tmp_path: Path):
    path = tmp_path / "form.xlsx"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(Invalid, match="no XLSX workbook"):
        xlsform.read(path)
    book = openpyxl.Workbook()
    book.save(path)
    with pytest.raises(Invalid, match="survey"):
        xlsform.read(path)
