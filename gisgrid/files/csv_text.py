"""CSV that a spreadsheet takes for text and numbers, and for nothing that computes.

A program that opens a CSV file takes a cell that begins with ``=`` for a formula. The advice of OWASP
("CSV Injection") is an apostrophe before it; our own loads take that apostrophe away again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

Cell = str | int | float | None

_FIRST = "=+-@\t\r\n＝＋－＠"
_BEGINS = _FIRST.replace("-", "\\-")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|\.\d+)(?:[eE][+-]?\d+)?%?")
ANY_FORMULA = re.compile(r"^[=+\-@＝＋－＠]", re.MULTILINE)
"""Of texts joined by newlines: whether one of them may be."""
_APOSTROPHE = re.compile(f"'(?=[{_BEGINS}])")


def begins_as_formula(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula; a number with a sign is a number.

    >>> [begins_as_formula(t) for t in ("=1+1", "＝1", "-12.5", "+8619900001111", "-", "@x", "康成街9号")]
    [True, True, False, False, True, True, False]
    """
    return text[:1] in _FIRST and text != "" and not _NUMBER.fullmatch(text)


def harmless(text: str) -> str:
    """The text, with an apostrophe before what would be a formula.

    >>> harmless("=HYPERLINK(1)"), harmless("-3")
    ("'=HYPERLINK(1)", '-3')
    """
    return f"'{text}" if begins_as_formula(text) else text


def as_written(text: str) -> str:
    """What ``harmless`` was given.

    >>> as_written("'=1"), as_written("'s-Gravenhage")
    ('=1', "'s-Gravenhage")
    """
    return _APOSTROPHE.sub("", text, count=1) if text.startswith("'") else text


class CsvLines:
    """Rows as lines of CSV (RFC 4180), texts made harmless: the one writer of CSV that there is."""

    def __init__(self) -> None:
        self._out = io.StringIO()
        self._writer = csv.writer(self._out)

    def put(self, row: Iterable[Cell]) -> None:
        self._writer.writerow([harmless(c) if isinstance(c, str) else c for c in row])

    def taken(self) -> str:
        """The lines since the last call."""
        text = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return text
