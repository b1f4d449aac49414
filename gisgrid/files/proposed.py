"""Which kind of file may this be? Judged by its headers, its geometry and its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gisgrid.files.columns import KINDS, Kind, Mapping, Shape, found_headers
from gisgrid.files.vocabulary import CODE_HEADERS
from gisgrid.files.words import plain

_STEM = re.compile("(编码|编号|代码|號|code|id)$")
"""What makes the word for a thing that of its number."""
_NEVER_ALONE = frozenset(("geocoded", "reported_time"))
"""Columns that say nothing of the kind."""


@dataclass(frozen=True, slots=True)
class KindProposal:
    """How well a file fits a kind."""

    kind: str
    columns: dict[str, str]
    """Canonical name to the header that seems to mean it."""
    missing: tuple[str, ...]
    """Canonical names that the kind needs and nothing in the file means; ``geometry`` too."""
    unused: tuple[str, ...]
    """Headers that mean nothing there."""
    fits: bool
    """Something speaks for it: a column of its own, the geometry, the file's name."""


def proposals(
    headers: Sequence[str], shape: Shape | None, name: str = "", kinds: Sequence[str] = tuple(KINDS)
) -> list[KindProposal]:
    """All kinds, the likeliest first; none is left out, since a person decides.

    Parameters
    ----------
    shape
        Geometry of the file's features; None: they have none.
    name
        Of the file: houses.csv or 房屋.xlsx says what it holds.
    kinds
        Those that may be chosen.

    Examples
    --------
    >>> proposals(["房屋编码", "地址", "经度", "纬度"], None)[0].kind
    'houses'
    >>> proposals(["code", "name", "parent", "level"], "polygon")[0].kind
    'areas'
    """
    ranked = [(_rank(KINDS[kind], found, shape, name), found) for kind in kinds
              for found in [_proposal(KINDS[kind], headers, shape, name)]]  # fmt: skip
    return [found for _, found in sorted(ranked, key=lambda each: each[0], reverse=True)]


def _proposal(kind: Kind, headers: Sequence[str], shape: Shape | None, name: str) -> KindProposal:
    found = found_headers(kind, headers, Mapping(), lambda _, same: same[0])
    missing = [c.name for c in kind.columns if c.required and c.name not in found]
    if kind.geometry in ("polygon", "line") and shape != kind.geometry and kind.name != "areas":
        missing.append("geometry")
    used = set(found.values())
    return KindProposal(
        kind.name, found, tuple(missing), tuple(h for h in headers if h not in used),
        bool(_own(found)) or _named(kind, name) or (shape is not None and kind.geometry == shape),
    )  # fmt: skip


def _named(kind: Kind, name: str) -> bool:
    """Whether the name of the file says the kind."""
    word = plain(name)
    stems = (kind.name, *(_STEM.sub("", each) for each in CODE_HEADERS.get(kind.name, ())))
    return any(stem in word for stem in map(plain, stems) if stem)


def _own(columns: Iterable[str]) -> list[str]:
    return [name for name in columns if name not in _NEVER_ALONE]


def _rank(kind: Kind, found: KindProposal, shape: Shape | None, name: str) -> tuple[float, ...]:
    named = _named(kind, name)
    own = _own(found.columns)
    known = [h for c, h in found.columns.items() if c in own]
    of_file = len(set(known)) / max(1, len(known) + len(found.unused))
    of_kind = len(own) / len(kind.columns)
    fits = shape is None or kind.geometry == shape or (shape == "polygon" and kind.geometry == "point")  # fmt: skip
    return (not found.missing and fits, fits, named, -len(found.missing), of_file + of_kind / 2)
