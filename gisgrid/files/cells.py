"""Text cells of one column turned into values, with the rows that cannot be.

Each parser takes an object array of str or None and gives a ``Parsed``; None stays None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gisgrid.core.codes import citizen_id_faults
from gisgrid.core.coordinates import angle
from gisgrid.core.heavy import pandas as pd
from gisgrid.files.csv_text import ANY_FORMULA, as_written, begins_as_formula
from gisgrid.files.frames import Cells
from gisgrid.files.vocabulary import CHOICES
from gisgrid.files.words import bare, clean, is_odd, plain

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Read against one cell, or line by line against a column joined by newlines.
_EXPONENT = re.compile(r"^[+-]?\d(?:\.\d+)?[Ee]\+\d{1,3}$", re.MULTILINE)
# Excel zeroes what lies beyond 15 digits; one or two zeros at the end are common by themselves.
_ZEROED = re.compile(r"^\d{15}0{3,}$", re.MULTILINE)
_FLOAT = re.compile(r"\d{1,15}\.0")
_PHONE = re.compile(r"\+?\d[\d \-()]{4,18}\d(?: ?(?:转|轉|x|ext\.?) ?\d{1,6})?", re.IGNORECASE)
# One and a half, which no thousands are; and numbers of several groups, or with a point besides.
_COMMA = re.compile(r"[+-]?(?:\d+,(?:\d{1,2}|\d{4,})|0\d*,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+)")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")
_LIST = re.compile(r"[;；、,，|/\s]+")
_WIDE = re.compile(r"['\uff01-\uff5e]")
_NONE = frozenset(("无", "無", "none", "no", "否", "-"))
ERRORS = frozenset(
    (
        "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!",
        "#BLOCKED!", "#CONNECT!", "#GETTING_DATA", "#UNKNOWN!", "#BUSY!",
    )
)  # fmt: skip
_TOTAL = re.compile(
    r"\s*(?:(?:合|总|總|小|共)\s*[计計]|总数|总和|(?:grand |sub)?total|sum)\s*[:：]?\s*$"
    r"|\s*(?:填表|制表|审核|复核|负责|经办|填报|统计)\s*(?:人|单位|日期|时间)?\s*[:：]|\s*(?:备注|说明|注)\s*[:：]",
    re.IGNORECASE,
)
# Chinese in GBK or UTF-8 that was read as Latin-1.
_GARBLED = re.compile("[\u00c0-\u00ff]{2}|[\u00c2-\u00f4][\u0080-\u00bf]")
_LOST = re.compile(r"\ufffd|[\u3400-\u9fff]\?|\?[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values of one column, and reason codes with the cells they concern."""

    values: npt.NDArray[np.generic]
    rejected: list[tuple[str, Mask]] = field(default_factory=list)
    noted: list[tuple[str, Mask]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Habit:
    """How a file writes the codes of one column, seen on its first chunk."""

    floats: bool = False
    """Every one ends in ".0": a program kept codes as numbers."""
    width: int | None = None
    """Nearly all have this many digits and some begin with 0: shorter ones lost their zeros."""


def trim(cells: Cells) -> Cells:
    """Without NUL, and blanks and characters of no width at the ends; nothing left becomes None.

    Characters that only look like Chinese ones become what they look like.
    """
    out = np.empty(len(cells), dtype=object)
    texts = cells.tolist()
    joined = "".join(filter(None, texts))
    if "\0" in joined:
        texts = [t and t.replace("\0", "") for t in texts]
    if is_odd(joined):
        texts = [t and clean(t) for t in texts]
    if "'" in joined:
        texts = [t and as_written(t) for t in texts]
    out[:] = [(t.strip() or None) if t else None for t in texts]
    return out


def texts(cells: Cells, *, chinese: bool = False) -> Parsed:
    """Trimmed; a lost character (U+FFFD, or ? between Chinese ones) is noted.

    ``chinese``: two Latin letters with accents in a row are garbled, and refused.
    """
    values = trim(cells)
    joined = "\n".join(filter(None, values.tolist()))
    rejected, noted = [], []
    if "?" in joined or "\ufffd" in joined:
        noted.append(("mojibake_told", _matching(values, _LOST.search)))
    if chinese and _GARBLED.search(joined):
        rejected.append(("garbled", _matching(values, _GARBLED.search)))
    if ANY_FORMULA.search(joined):
        noted.append(("formula_told", _matching(values, begins_as_formula)))
    return Parsed(values, rejected, noted)


def errors(cells: Cells) -> Mask:
    """Cells with what a spreadsheet shows where it could not compute: #N/A, #REF! and the like."""
    listed = cells.tolist()
    if "#" not in "".join(filter(None, listed)):
        return np.zeros(len(cells), dtype=bool)
    return np.fromiter((bool(t) and t.strip().upper() in ERRORS for t in listed), bool, len(cells))


def totals(cells: Cells) -> Mask:
    """Codes that are none: the words before a sum, or before who filled the table in."""
    return np.fromiter((bool(t and _TOTAL.match(t)) for t in cells.tolist()), bool, len(cells))


def habit(cells: Cells) -> Habit:
    """Of a column of codes; cells as they stand in the first chunk."""
    codes = [t for t in trim(cells).tolist() if t]
    if not codes:
        return Habit()
    if all(map(_FLOAT.fullmatch, codes)):
        return Habit(floats=True)
    lengths = pd.Series([len(c) for c in codes]).value_counts()
    width = int(lengths.index[0])
    usual = lengths.iloc[0] >= 0.95 * len(codes) and len(codes) >= 20
    digits = "".join(codes)
    if (
        usual
        and digits.isascii()
        and digits.isdigit()
        and any(c[0] == "0" and len(c) == width for c in codes)
    ):
        return Habit(width=width)
    return Habit()


def codes(cells: Cells, how: Habit, digits: tuple[int, ...] = ()) -> Parsed:
    """Codes as strings; full-width forms become plain, an apostrophe of Excel's goes.

    ``digits`` are the lengths a scheme allows; () allows any code. A code of 18 digits or more
    whose digits beyond the fifteenth are all 0 counts as ruined by Excel.
    """
    values = trim(cells)
    listed = values.tolist()
    joined = "\n".join(filter(None, listed))
    if is_odd(joined):
        listed = [c and (bare(c) or None) for c in listed]
        values[:] = listed
    if _WIDE.search(joined):
        listed = [c and _narrow(c) for c in listed]
        values[:] = listed
    if how.floats:
        values[:] = [c[:-2] if c and _FLOAT.fullmatch(c) else c for c in listed]
        joined = "\n".join(filter(None, values.tolist()))
    rejected: list[tuple[str, Mask]] = []
    if _EXPONENT.search(joined):
        rejected.append(("code_exponent", _matching(values, _EXPONENT.fullmatch)))
    if _ZEROED.search(joined):
        rejected.append(("code_zeros", _matching(values, _ZEROED.fullmatch)))
    if "\ufffd" in joined:
        rejected.append(("mojibake", _matching(values, lambda c: "\ufffd" in c)))
    allowed = digits or ((how.width,) if how.width else ())
    if allowed:
        short, strange = _against(values, allowed)
        told = np.zeros(len(values), dtype=bool)
        for _, mask in rejected:
            told |= mask
        rejected.append(("code_short", short & ~told))
        if digits:
            rejected.append(("code_digits", strange & ~told))
    return Parsed(values, rejected)


def choices(cells: Cells, vocabulary: str) -> Parsed:
    """Canonical values of a vocabulary out of its synonyms in either language."""
    known = _words(vocabulary)
    values = trim(cells)
    places, spellings = pd.factorize(values)
    meant = np.array([known.get(plain(str(s))) for s in spellings] + [None], dtype=object)
    out = meant[places]
    return Parsed(out, [("not_a_choice", (values != None) & (out == None))])  # noqa: E711


def needs(cells: Cells) -> Parsed:
    """Canonical needs joined by ``;`` in alphabetical order; "" for none."""
    known = _words("needs")
    places, spellings = pd.factorize(trim(cells))
    meant: list[str | None] = []
    for spelling in spellings:
        words = [w for w in map(plain, _LIST.split(str(spelling))) if w and w not in _NONE]
        found = {known.get(w) for w in words}
        meant.append(None if None in found else ";".join(sorted(w for w in found if w)))
    out = np.array([*meant, ""], dtype=object)[places]
    return Parsed(out, [("not_a_choice", out == None)])  # noqa: E711


def decimal_comma(cells: Cells) -> bool | None:
    """Whether a comma parts the decimals in this column; None where no cell shows it.

    >>> import numpy as np
    >>> decimal_comma(np.array(["1,5", "2,25"], object)), decimal_comma(np.array(["1,000"], object))
    (True, None)
    """
    commas = [t.strip() for t in cells.tolist() if t and "," in t]
    if any(_THOUSANDS.fullmatch(t) for t in commas):
        return False
    return True if any(_COMMA.fullmatch(t) for t in commas) else None


def numbers(cells: Cells, *, comma: bool = False, angles: bool = False) -> Parsed:
    """float64, NaN for None; "1_000" and "inf" are no numbers, "1,000" is 1000.

    ``comma``: it parts decimals, as decided for the column. ``angles``: degrees, minutes and seconds are
    numbers.
    """
    listed = cells.tolist()
    if comma:
        listed = [t and (t.replace(".", "").replace(",", ".") if "," in t else t) for t in listed]
    try:
        values = np.fromiter(map(float, listed), np.float64, len(listed))
        if "_" not in "".join(listed) and np.isfinite(values).all():
            return Parsed(values)
    except (TypeError, ValueError):
        pass
    values = np.fromiter(map(_number, listed), np.float64, len(listed))
    if angles:
        for i in np.flatnonzero(np.isnan(values)).tolist():
            values[i] = angle(listed[i]) if listed[i] else np.nan
    given = np.fromiter((bool(t and clean(t)) for t in listed), bool, len(listed))
    return Parsed(values, [("not_a_number", given & np.isnan(values))])


def citizen_ids(cells: Cells) -> Parsed:
    """Upper case; told apart: ruined by Excel, wrong form, no such birthday, wrong check digit."""
    values = trim(cells)
    given = np.flatnonzero(values != None)  # noqa: E711
    ids = [_narrow(c).upper() for c in values[given].tolist()]
    values[given] = ids
    masks = {name: np.zeros(len(values), dtype=bool) for name in
             ("code_exponent", "code_zeros", "id_length", "id_birth", "id_check", "zeros_told")}  # fmt: skip
    form, birth, check = citizen_id_faults(ids)
    exponent = np.fromiter((bool(_EXPONENT.fullmatch(i)) for i in ids), bool, len(ids))
    zeros = np.fromiter((bool(_ZEROED.fullmatch(i)) for i in ids), bool, len(ids)) & ~form
    masks["code_exponent"][given] = exponent
    masks["id_length"][given] = form & ~exponent
    masks["id_birth"][given] = birth
    masks["code_zeros"][given] = zeros & check
    masks["id_check"][given] = check & ~zeros
    masks["zeros_told"][given] = zeros & ~check
    told = masks.pop("zeros_told")
    return Parsed(values, list(masks.items()), [("zeros_told", told)])


def phones(cells: Cells) -> Parsed:
    """Telephone numbers as written, one or several; 13900000000.0 loses its ".0"."""
    values = trim(cells)
    given = np.flatnonzero(values != None)  # noqa: E711
    texts = [_narrow(t).removesuffix(".0") for t in values[given].tolist()]
    values[given] = texts
    exponent, bad = np.zeros(len(values), dtype=bool), np.zeros(len(values), dtype=bool)
    exponent[given] = [bool(_EXPONENT.fullmatch(t)) for t in texts]
    bad[given] = [
        not all(_PHONE.fullmatch(p) for p in re.split(r"[;；、,，/] *", t)) for t in texts
    ]
    return Parsed(values, [("code_exponent", exponent), ("phone", bad & ~exponent)])


def _matching(values: Cells, test: Callable[[str], object]) -> Mask:
    return np.fromiter((bool(c and test(c)) for c in values.tolist()), bool, len(values))


def _against(values: Cells, allowed: tuple[int, ...]) -> tuple[Mask, Mask]:
    """Too short by up to three digits; else not of the scheme."""
    wrong = np.fromiter(
        (bool(c) and not (len(c) in allowed and c.isascii() and c.isdigit()) for c in values.tolist()),
        bool, len(values),
    )  # fmt: skip
    short = np.zeros(len(values), dtype=bool)
    for i in np.flatnonzero(wrong).tolist():
        code = values[i]
        short[i] = (
            code.isascii() and code.isdigit() and any(0 < a - len(code) <= 3 for a in allowed)
        )
    return short, wrong & ~short


def _narrow(code: str) -> str:
    """Full-width digits and letters as ASCII; a Chinese name stays as it is."""
    code = code.removeprefix("'")
    if code.isascii():
        return code
    narrow = unicodedata.normalize("NFKC", code)
    return narrow if narrow.isascii() else code


def _number(text: str | None) -> float:
    if not text or "_" in text:
        return np.nan
    text = _narrow(clean(text))
    try:
        value = float(
            text.replace(",", "") if re.fullmatch(r"\s*\d{1,3}(,\d{3})+(\.\d+)?\s*", text) else text
        )
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def _words(vocabulary: str) -> dict[str, str]:
    known = {plain(value): value for value in CHOICES[vocabulary]}
    for value, synonyms in CHOICES[vocabulary].items():
        known |= dict.fromkeys(synonyms, value)
    return known
