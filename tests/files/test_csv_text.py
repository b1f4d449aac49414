"""Every CSV is made harmless by the one writer that there is, and read back as it was."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from gisgrid.files.csv_text import CsvLines, as_written, begins_as_formula, harmless

ROOT = Path(__file__).parents[2]
BAD = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "＋甲",
    "－甲",
    "＠甲",
    "-",
    "+",
    "=",
)
GOOD = (
    "康成街9号",
    "-12.5",
    "+86",
    "-1,5",
    "+8619900001111",
    "3-2",
    "",
    "'quoted'",
    "1e-5",
    "-3%",
    "a=b",
)


@pytest.mark.parametrize("text", BAD)
def test_what_would_compute_gets_an_apostrophe_and_loses_it_again(text: str):
    assert begins_as_formula(text)
    assert harmless(text) == f"'{text}"
    assert as_written(harmless(text)) == text


@pytest.mark.parametrize("text", GOOD)
def test_other_texts_and_numbers_stay(text: str):
    assert harmless(text) == text
    assert as_written(text) == text


def test_numbers_are_numbers_and_texts_are_quoted_where_they_must():
    lines = CsvLines()
    lines.put(["名称", -1.5, -3, None, '=a,"b"'])
    assert lines.taken() == '名称,-1.5,-3,,"\'=a,""b"""\r\n'
    assert lines.taken() == ""
    lines.put(["x"])
    assert list(csv.reader(io.StringIO(lines.taken()))) == [["x"]]


def test_nothing_else_writes_csv():
    wrong = {
        str(path.relative_to(ROOT))
        for room in ("gisgrid", "layers", "web")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)|\.to_csv\(", path.read_text("utf-8"))
    }
    assert wrong == {"gisgrid/files/csv_text.py"}
