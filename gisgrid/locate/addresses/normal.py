"""How is this address written plainly? Street, number and what stands above them, in one form.

Pure text: a reading knows nothing of the register. What only the register can tell (is 三里屯路 a
street, or is 屯路 one in 三里?) comes out as several readings, and whoever asks tries them all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

from gisgrid.locate.addresses.english import read_english
from gisgrid.locate.addresses.readings import Reading
from gisgrid.locate.addresses.variants import (
    CHARACTERS,
    DIGITS,
    GROUPS,
    RUNGS,
    STREET_ENDS,
    TENS,
    TWENTIES,
    UPPER,
)

_CHINESE = re.compile(r"[\u3400-\u9fff]")
# Before the width is folded, which would make 1⁄2 of ½ and glue it to the number.
_FIRST = {ord("½"): "hf"}
_DASHES = {ord(c): "-" for c in "‐‑‒–—―−ー"} | {ord("〜"): "~"}
# What no text column holds or nobody sees: controls, half surrogates, marks of no width.
_UNSEEN = dict.fromkeys(
    [*range(32), *range(0x7F, 0xA0), *range(0xD800, 0xE000), *range(0x200B, 0x2010), 0xFEFF], " "
)
_PLAIN = CHARACTERS | _DASHES | _UNSEEN
_RUNG_OF = {word: rung for rung, (_, words) in RUNGS.items() for word in words}
_RANK = {rung: rank for rung, (rank, _) in RUNGS.items()}
_UNITS = "|".join(sorted((*_RUNG_OF, *GROUPS), key=len, reverse=True))
_NUMERALS = "".join((*DIGITS, *TENS, *TWENTIES))
_MARKS = "临附特增"
_NUMERAL = re.compile(
    rf"[{_NUMERALS}]+(?=\s*(?:[-~之、]\s*[\d{_NUMERALS}]|{_UNITS}))|(?<=[之、])[{_NUMERALS}]+"
)
_AFTER_NUMBER = re.compile(r"(\d+)(号|楼|层)之(\d+)")
_TOKEN = re.compile(
    rf"第?([{_MARKS}]?\d+(?:\s*[-~之、]\s*[{_MARKS}]?\d+)*[a-z]?)\s*({_UNITS})?", re.ASCII
)
_UPPER_NAME = re.compile(r"(.+?)(自治区|省|市|区|县|旗|街道|镇|乡|社区|居委会|村委会)")
_CUT = re.compile("|".join(sorted(UPPER, key=len, reverse=True)))
# A register repeats itself: many rows share what stands before the number, and few numbers with
# their words (12号, 3幢) are ever new. So the two are taken apart before anything else is done.
_VALUE = "0-9０-９\\-－~～、之第" + _NUMERALS + _MARKS + "臨"
_TAIL = (
    "".join(
        sorted(
            set("".join(_RUNG_OF)) | set("號樓棟單衖0123456789０１２３４５６７８９-－~～、之第臨")
        )
    )
    + _NUMERALS
    + _MARKS
)
_PIECE = re.compile(rf"[{_VALUE}]+[^{_VALUE}]+")
_PLAIN_HOUSE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?( .*)")

_Cut = Callable[[str], tuple[list[str], str]]
Names = Collection[str]
"""Names above the street (communities, township, county), each brought through `fold`."""


@dataclass(frozen=True, slots=True)
class _Token:
    rung: str | None
    """A rung of the ladder, 邻 or 组, or None where the number stands alone."""
    value: str


def fold(text: str) -> str:
    """The text in one width, case and character variant, blanks single, control characters gone.

    >>> fold("民權東路三段１１號 "), fold("Ipswich  ST.")
    ('民权东路三段11号', 'ipswich st.')
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_FIRST))
    return " ".join(text.translate(_PLAIN).casefold().split())


def fold_name(name: str) -> str:
    """A place name without blanks and variants of writing.

    >>> fold_name("臺北 市") == fold_name("台北市")
    True
    """
    return fold(name).replace(" ", "")


def reader(names: Names = ()) -> Callable[[str], Reading]:
    """A function that reads the addresses of a register, and remembers what repeats.

    ``names`` are cut off the front, or the end of an English address. The same text gives the same
    reading whatever was read before.
    """
    heads: dict[str, Reading | None] = {}
    pieces: dict[str, tuple[int, str] | None] = {}
    known = {name.replace(" ", "") for name in names}
    cut = cache(lambda segment: _cut_upper(segment, known))
    localities = frozenset(name for name in names if not _CHINESE.search(name))

    def read(text: str) -> Reading:
        english = _PLAIN_HOUSE.fullmatch(text)
        head = english[3] if english else text.rstrip(_TAIL)
        if head not in heads:
            heads[head] = _with_number_one(head, cut, localities)
        place = heads[head]
        if place is not None:
            if english:
                low, high = str(int(english[1])), english[2] and str(int(english[2]))
                number = f"{low}~{high}号" if high else f"{low}号"
            else:
                number = _pieced(text[len(head) :], pieces)
            if number:
                return Reading(place.street, number, place.upper)
        return _read(fold_blanks(text), cut, localities)

    return read


def readings(text: str) -> list[Reading]:
    """All ways to read an address that somebody typed, the likeliest first; at most eight.

    They differ in where the names above the street end, and in which part is the street.
    """
    folded = fold_blanks(text)
    if not _CHINESE.search(folded):
        return read_english(folded, every=True)
    segments, tokens = _split(folded)
    number = _number(tokens)
    found = [_read(folded, _cut_unknown, ())]
    for i, segment in enumerate(segments):
        groups = _groups(tokens[:i])
        for cut in [0, *(m.end() for m in _CUT.finditer(segment))]:
            street = segment[cut:]
            if street and (cut or segment):
                upper = (*names_in(segment[:cut]), *groups)
                found.append(Reading(street=street, number=number, upper=upper))
    unique = {(r.street, r.number): r for r in reversed(found)}
    return sorted(unique.values(), key=lambda r: (r != found[0], not is_street(r.street)))[:8]


def fold_blanks(text: str) -> str:
    """As `fold`, with a comma where the register puts two blanks or more.

    >>> fold_blanks("37 Mystic St  Charlestown")
    '37 mystic st,charlestown'
    """
    return fold(re.sub(r"(?<=\S)\s{2,}(?=\S)", ",", text))


def chinese_number(numeral: str) -> int:
    """The value of a Chinese numeral, by place (二十一) or digit by digit (二一).

    >>> [chinese_number(n) for n in ("十", "二十一", "一百零八", "二〇五", "廿三")]
    [10, 21, 108, 205, 23]
    """
    for short, long in TWENTIES.items():
        numeral = numeral.replace(short, long)
    if not any(c in TENS for c in numeral):
        return int("".join(str(DIGITS[c]) for c in numeral))
    total = digit = 0
    for c in numeral:
        if c in TENS:
            total += (digit or 1) * TENS[c]
            digit = 0
        else:
            digit = DIGITS[c]
    return total + digit


def _read(folded: str, cut: _Cut, localities: Collection[str]) -> Reading:
    if not _CHINESE.search(folded):
        return read_english(folded, localities=localities)[0]
    segments, tokens = _split(folded)
    first = next((i for i, t in enumerate(tokens) if t.rung not in GROUPS), len(tokens))
    order = [first, *(i for i in range(len(segments)) if i != first)]
    at = next((i for i in order if segments[i]), None)
    number = _number(tokens)
    if at is None:
        return Reading(street="", number=number, upper=_groups(tokens))
    upper: list[str] = []
    for segment in segments[:at]:
        names_here, rest = cut(segment)
        upper += names_here + ([rest] if rest else [])
    own, street = cut(segments[at])
    upper += own
    if not street and upper:
        street = upper.pop()
    return Reading(street=street, number=number, upper=(*upper, *_groups(tokens)))


def _with_number_one(head: str, cut: _Cut, localities: Collection[str]) -> Reading | None:
    """The reading of what stands around the number; None: it is not known without the number."""
    folded = fold_blanks(head)
    if _CHINESE.search(folded):
        whole = _read(folded + "1号", cut, localities)
    elif head.startswith(" "):
        whole = _read(fold_blanks("1" + head), cut, localities)
    else:
        return None
    return whole if whole.number == "1号" else None


def _pieced(tail: str, pieces: dict[str, tuple[int, str] | None]) -> str:
    """The number of an address's end; empty: it is not only numbers with their words."""
    found = _PIECE.findall(tail)
    if "".join(found) != tail:
        return ""
    parts = []
    for piece in found:
        if piece not in pieces:
            segments, tokens = _split(fold(piece))
            whole = len(tokens) == 1 and not any(segments) and tokens[0].rung in _RANK
            pieces[piece] = (_RANK[tokens[0].rung or ""], _number(tokens)) if whole else None
        part = pieces[piece]
        if part is None:
            return ""
        parts.append(part)
    parts.sort(key=itemgetter(0))
    return "".join(part for _, part in parts)


def _split(folded: str) -> tuple[list[str], list[_Token]]:
    """The numbered parts of a Chinese address, and the text before, between and after them."""
    text = _NUMERAL.sub(lambda m: str(chinese_number(m[0])), folded)
    text = re.sub(r"(?<=\d)至(?=\d)", "~", text)
    text = _AFTER_NUMBER.sub(r"\1之\3\2", text)
    segments, tokens, end = [], [], 0
    for match in _TOKEN.finditer(text):
        segments.append(_letters(text[end : match.start()]))
        tokens.append(_token(match[1], match[2]))
        end = match.end()
    segments.append(_letters(text[end:]))
    return segments, tokens


def _token(value: str, unit: str | None) -> _Token:
    plain = re.sub(r"\s+", "", value).replace("之", "-")
    plain = re.sub(r"\d+", lambda m: m[0].lstrip("0") or "0", plain)
    return _Token(unit if unit in GROUPS else _RUNG_OF.get(unit or ""), plain)


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _number(tokens: list[_Token]) -> str:
    """The ladder's parts in their order; a bare number is the house's, or a room after it.

    A bare 2-3-501 is building, unit and room.
    """
    parts: list[tuple[int, str]] = []
    for token in tokens:
        if token.rung in GROUPS:
            continue
        bare = token.value.split("-")
        has_house = any(rank == _RANK["号"] for rank, _ in parts)
        if token.rung is not None:
            parts.append((_RANK[token.rung], token.value + token.rung))
        elif len(bare) == 3:
            names = ("幢", "单元", "室")
            parts += [(_RANK[n], v + n) for n, v in zip(names, bare, strict=True)]
        else:
            rung = ("室" if len(token.value) > 2 else "幢") if has_house else "号"
            parts.append((_RANK[rung], token.value + rung))
    return "".join(part for _, part in sorted(parts, key=lambda p: p[0]))


def _groups(tokens: list[_Token]) -> tuple[str, ...]:
    return tuple(t.value + t.rung for t in tokens if t.rung in GROUPS)


def is_street(text: str) -> bool:
    """Whether a Chinese name is that of a street, by its ending."""
    return text.endswith(STREET_ENDS) and text not in STREET_ENDS


def _cut_unknown(segment: str) -> tuple[list[str], str]:
    return _cut_upper(segment, ())


def _cut_upper(segment: str, names: Names) -> tuple[list[str], str]:
    """Names at the front of a segment, and the rest, which is a street or nothing.

    Known names are cut wherever a name of two characters or more is left; of others only those
    that end like a district, and not so that only 大街 or 路 is left of 开发区大街.
    """
    upper: list[str] = []
    rest = segment
    while rest:
        name = next((rest[:n] for n in range(min(len(rest), 12), 1, -1) if rest[:n] in names), "")
        if not name:
            match = _UPPER_NAME.match(rest)
            # 市民大道 and 新区路 are streets: a name above has two characters before its ending.
            name = match[0] if match and 2 <= len(match[1]) <= 8 else ""
        left = rest[len(name) :]
        if not name or left in STREET_ENDS or len(left) == 1:
            break
        upper.append(name)
        rest = left
    return upper, rest


def names_in(text: str) -> list[str]:
    """Any text above the street, cut behind each ending.

    >>> names_in("北京市F镇石桥社区")
    ['北京市', 'F镇', '石桥社区']
    """
    out, start = [], 0
    for match in _CUT.finditer(text):
        if match.end() - start > 1:
            out.append(text[start : match.end()])
            start = match.end()
    return out + ([text[start:]] if start < len(text) else [])
