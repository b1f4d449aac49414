"""How is this English address written plainly? The English half of `gisgrid.locate.addresses.normal`."""

from __future__ import annotations

import re
from collections.abc import Collection

from gisgrid.locate.addresses.readings import Reading
from gisgrid.locate.addresses.variants import (
    DIRECTIONS,
    ORDINALS,
    STATES,
    STREET_TYPES,
    STREET_WORDS,
    UNIT_WORDS,
)

_ZIP = re.compile(r"(\d{5})(?:-\d{4})?")
_HOUSE = re.compile(r"\d+(?:hf)?[a-z]{0,2}(?:[-~]\d*(?:hf)?[a-z]{0,2})*")
_ORDINAL = re.compile(r"\d*(?:1st|2nd|3rd|\dth)")
_STUCK = re.compile(r"\b(\d+)(?!(?:st|nd|rd|th|hf)\b)([a-z]{2,})")
_UNIT = re.compile(
    rf"(?:\b(?:{'|'.join(UNIT_WORDS)})\b[\s.#]*|#\s*)([a-z0-9-]*\d[a-z0-9-]*|[a-z]\b)"
)


def read_english(
    folded: str, *, localities: Collection[str] = (), every: bool = False
) -> list[Reading]:
    """Readings of a folded English address with commas between its parts, the likeliest first.

    ``localities`` are names that may follow the street. With ``every`` the names after the street
    may begin behind any of its words, else there is just one reading.
    """
    text = re.sub(r"[.'’]", "", folded)
    text = re.sub(r"(?<=\d) 1[/⁄]2\b", "hf", text)
    text = re.sub(r"(?<=\d)([a-z]?)\s*([-~])\s*(?=\d)", r"\1\2", text)
    text = _STUCK.sub(r"\1 \2", text)
    text, room = _take_unit(text)
    parts = [re.findall(r"[\w~-]+", part) for part in text.split(",")]
    parts = [part for part in parts if part]
    parts, code = _take_zip(parts)
    house, at = _take_house(parts)
    words = _words(parts[at] if parts else [])
    after = _words([w for i, part in enumerate(parts) if i != at for w in part])
    if not words and after:
        words, after = after, []
    words = _without_state(words)
    number = (f"{_house(house)}号" if house else "") + (f"{room}室" if room else "")
    cuts = [_street_length(words, localities)]
    if every:
        # The kind of a street stands above nothing: 5 Elm Rd is not 5 Elm in Rd.
        cuts += [
            n
            for n in range(len(words), 0, -1)
            if n not in cuts and not (n < len(words) and words[n] in STREET_TYPES)
        ]
    return [
        Reading(
            street=_street(words[:n]),
            number=number,
            upper=(*words[n:], *(w for w in after if w not in STATES), *code),
        )
        for n in cuts[:8]
    ]


def _words(raw: list[str]) -> list[str]:
    stripped = [word.strip("-~_") for word in raw]
    return [ORDINALS.get(word, STREET_WORDS.get(word, word)) for word in stripped if word]


def _house(value: str) -> str:
    ends = [re.sub(r"^0+(?=\d)", "", end) for end in re.split(r"[-~]+", value.strip("-~"))]
    return "~".join(end for end in ends if end)


def _take_house(parts: list[list[str]]) -> tuple[str, int]:
    """The house number, taken out of the part it stands in, and the place of that part.

    A part that names a kind of street comes first: other numbers are remains of a postcode.
    """
    found = [
        (not any(STREET_WORDS.get(w) in STREET_TYPES for w in part), i, word)
        for i, part in enumerate(parts)
        for word in part
        if _HOUSE.fullmatch(word) and not _ORDINAL.fullmatch(word)
    ]
    if not found:
        return "", 0
    _, at, house = min(found, key=lambda f: f[:2])
    parts[at].remove(house)
    return house, at


def _take_unit(text: str) -> tuple[str, str]:
    match = _UNIT.search(text)
    # A text that begins so names no dwelling inside a house.
    if match is None or match.start() == 0:
        return text, ""
    return f"{text[: match.start()]},{text[match.end() :]}", match[1]


def _take_zip(parts: list[list[str]]) -> tuple[list[list[str]], tuple[str, ...]]:
    """The last word of five digits is the postcode, unless it is the only number there is."""
    numbers = [(i, j) for i, part in enumerate(parts) for j, w in enumerate(part) if w[0].isdigit()]
    flat = [(i, j) for i, j in numbers if _ZIP.fullmatch(parts[i][j])]
    if not flat or len(numbers) == 1:
        return parts, ()
    i, j = flat[-1]
    word = parts[i].pop(j)
    return [part for part in parts if part], (word[:5],)


def _without_state(words: list[str]) -> list[str]:
    while len(words) > 1 and words[-1] in STATES:
        words = words[:-1]
    return words


def _street_length(words: list[str], localities: Collection[str]) -> int:
    """How many words are the street: up to its type (St, Ave), else all but a known locality."""
    for i in range(1, len(words)):
        if words[i] in STREET_TYPES:
            end = i + 1
            while end < len(words) and words[end] in STREET_TYPES:
                end += 1
            return end
    for n in range(1, len(words)):
        if " ".join(words[n:]) in localities:
            return n
    return len(words)


def _street(words: list[str]) -> str:
    """The words in one form; a direction before a name is one letter, but East St keeps its own."""
    if words and words[0] in DIRECTIONS and len(words) > 1 and words[1] not in STREET_TYPES:
        words = [DIRECTIONS[words[0]], *words[1:]]
    return " ".join(words)
