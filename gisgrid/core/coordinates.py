"""Coordinates as people write them: decimal or in degrees, minutes and seconds, alone or both in one text."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Order = Literal["lonlat", "latlon"]

# Before NFKC, which would make letters or two strokes of some of them.
_MARKS = str.maketrans({
    "º": "°", "˚": "°", "度": "°", "’": "'", "‘": "'", "′": "'", "´": "'", "分": "'", "″": '"', "“": '"',
    "”": '"', "秒": '"', "−": "-", "–": "-", "，": ",", "；": ";", "：": ":", "、": ",",
})  # fmt: skip
_WORDS = (
    (re.compile(r"经度|經度"), "lon"), (re.compile(r"纬度|緯度"), "lat"), (re.compile(r"北纬|北緯"), "N"), (re.compile(r"南纬|南緯"), "S"), (re.compile(r"东经|東經"), "E"),
    (re.compile(r"西经|西經"), "W"),
)  # fmt: skip
_LABEL_LON = re.compile(r"(?:longitude|long|lon|lng|\bx)\s*[:=]?\s*", re.IGNORECASE)
_LABEL_LAT = re.compile(r"(?:latitude|lat|\by)\s*[:=]?\s*", re.IGNORECASE)
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_DECIMAL = re.compile(_NUMBER)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_ANGLE = re.compile(
    rf"""(?P<before>[NSEW])?\s*(?P<d>{_NUMBER})\s*
    (?:[°:dD]\s*|\s(?=\d+(?:\.\d+)?(?:\s+\d+(?:\.\d+)?)?\s*[NSEW]$))
    (?:(?P<m>\d+(?:\.\d+)?)\s*(?:['m:]|(?=\s|[NSEW]|$))\s*
        (?:(?P<s>\d+(?:\.\d+)?)\s*(?:"|''|s)?\s*)?)?
    (?P<after>[NSEW])?(?![\w.])""",
    re.VERBOSE,
)
_LETTERED = re.compile(rf"(?P<before>[NSEW])\s*({_NUMBER})|({_NUMBER})\s*°?\s*(?P<after>[NSEW])\b")
_SEPARATORS = re.compile(r"[\s,;/|&]+")
LONGEST = 200
"""Characters; a longer text is no coordinate."""
_BRACKETS = str.maketrans("", "", "()[]{}（）【】")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two numbers out of one text."""

    first: float
    second: float
    order: Order | None
    """What the text says of which is which; None: nothing."""


def angle(text: str) -> float:
    r"""A coordinate out of a text; NaN where it is none.

    Minutes and seconds count as sixtieths; S and W, 南纬 and 西经, are negative. Degrees carry no
    sign beside such a letter.

    >>> angle("40.5"), angle("40°42'11\"N"), angle("40度42分36秒"), angle("W 70°30'"), angle("40°61'")
    (40.5, 40.70305555555556, 40.71, -70.5, nan)
    """
    found = _angle(_plain(text)) if len(text) <= LONGEST else None
    return math.nan if found is None else found[0]


def pair(text: str) -> Pair | None:
    r"""Both coordinates out of one text; None where it does not hold just two.

    A third and fourth number, as phones add them, are height and accuracy; then latitude comes first.

    >>> pair("120.88，40.70"), pair("40°42'N 120°53'24\"E").order, pair("lat 40.7 lon 120.9").first
    (Pair(first=120.88, second=40.7, order=None), 'latlon', 40.7)
    >>> pair("康成街9号") is None, pair("40.7 120.9 12.5 4.0").order
    (True, 'latlon')
    """
    if len(text) > LONGEST:
        return None
    line = _plain(text).translate(_BRACKETS)
    line = re.sub(r"^\s*POINT\s*Z?M?\s*", "", line, flags=re.IGNORECASE).strip()
    labelled = _labelled(line)
    if labelled is not None:
        return labelled
    marked = _marked(line)
    if marked is not None:
        return marked
    parts = [p for p in line.split(";") if p.strip()]
    if len(parts) == 2 and all(_DECIMAL_COMMA.fullmatch(p.strip()) for p in parts):
        first, second = (float(p.replace(",", ".")) for p in parts)
        return Pair(first, second, None)
    numbers = [p for p in _SEPARATORS.split(line) if p]
    if not 2 <= len(numbers) <= 4 or not all(map(_DECIMAL.fullmatch, numbers)):
        return None
    return Pair(float(numbers[0]), float(numbers[1]), "latlon" if len(numbers) > 2 else None)


def order_of_numbers(first: float, second: float) -> Order | None:
    """Which is the longitude, where the numbers show it: no latitude goes beyond 90 degrees.

    >>> order_of_numbers(120.9, 40.7), order_of_numbers(40.7, 120.9), order_of_numbers(8.5, 47.4)
    ('lonlat', 'latlon', None)
    """
    if abs(first) > 90 >= abs(second):
        return "lonlat"
    if abs(second) > 90 >= abs(first):
        return "latlon"
    return None


def _plain(text: str) -> str:
    for word, letter in _WORDS:
        text = word.sub(letter, text)
    return unicodedata.normalize("NFKC", text.translate(_MARKS)).translate(_MARKS).strip()


def _angle(text: str) -> tuple[float, str] | None:
    """The value and the letter of its direction, or "" for none."""
    if _DECIMAL.fullmatch(text):
        return float(text), ""
    lettered = _LETTERED.fullmatch(text)
    if lettered:
        return _signed(float(lettered[2] or lettered[3]), lettered)
    found = _ANGLE.fullmatch(text)
    if found is None:
        return None
    degrees, minutes, seconds = (float(found[k] or 0) for k in ("d", "m", "s"))
    if minutes >= 60 or seconds >= 60 or (found["m"] and degrees != int(degrees)):
        return None
    size = abs(degrees) + minutes / 60 + seconds / 3600
    return _signed(-size if found["d"].startswith("-") else size, found)


def _signed(value: float, found: re.Match[str]) -> tuple[float, str] | None:
    letter = found["before"] or found["after"] or ""
    if letter and ((found["before"] and found["after"]) or value < 0):
        return None
    return (-value if letter in ("S", "W") else value), letter


def _marked(line: str) -> Pair | None:
    """Two angles of which one at least bears a mark or a letter."""
    if not re.search(r"[°'\"NSEW]", line):
        return None
    for cut in _cuts(line):
        first, second = _angle(line[:cut].strip(" ,;/|&")), _angle(line[cut:].strip(" ,;/|&"))
        if first is None or second is None:
            continue
        letters = first[1] + second[1]
        order: Order | None = None
        if letters:
            lon_first = first[1] in ("E", "W") or second[1] in ("N", "S")
            lat_first = first[1] in ("N", "S") or second[1] in ("E", "W")
            if lon_first == lat_first:
                continue
            order = "lonlat" if lon_first else "latlon"
        return Pair(first[0], second[0], order)
    return None


def _cuts(line: str) -> list[int]:
    """Where the second number may begin: at a separator first, else after a letter or before one."""
    at = [m.start() for m in re.finditer(r"[,;/|&]", line)]
    at += [m.start() for m in re.finditer(r"\s", line)]
    return at + [m.end() for m in re.finditer(r"[NSEW\"']", line)][:-1]


def _labelled(line: str) -> Pair | None:
    """Two numbers with a word before each that says which it is."""
    lon, lat = _LABEL_LON.search(line), _LABEL_LAT.search(line)
    if lon is None or lat is None:
        return None
    one, other = (lon, lat) if lon.start() < lat.start() else (lat, lon)
    if line[: one.start()].strip(" ,;&"):
        return None
    first = _angle(line[one.end() : other.start()].strip(" ,;/|&"))
    second = _angle(line[other.end() :].strip(" ,;/|&"))
    if first is None or second is None:
        return None
    return Pair(first[0], second[0], "lonlat" if one is lon else "latlon")
