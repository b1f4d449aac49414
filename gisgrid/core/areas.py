"""Which area has this code, and which communities has a township? Two townships' may have one code."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotFound


@dataclass(frozen=True)
class AreaInfo:
    """An area of the tree."""

    id: int
    code: str
    level: str
    above: str | None
    """Code of the area that it lies in."""


@dataclass(frozen=True)
class CommunityInfo:
    """A community by its row number, code and names."""

    id: int
    code: str
    name: str
    name_en: str | None


def communities_of(session: Session, township_id: int) -> list[CommunityInfo]:
    """The communities of a township, by code."""
    rows = session.execute(text(_COMMUNITIES), {"t": township_id}).mappings()
    return [CommunityInfo(**row) for row in rows]


def area_coded(session: Session, code: str) -> AreaInfo:
    """The area of a code; ``TOWNSHIP/CODE`` says whose community is meant.

    Raises
    ------
    NotFound
        No area has it.
    Invalid
        Communities of several townships have it, and the township is not said.
    """
    township, slash, own = code.rpartition("/")
    values = {"code": own, "township": township if slash else None}
    rows = session.execute(text(_AREAS), values).mappings()
    found = [AreaInfo(**row) for row in rows]
    if not found:
        raise NotFound("The tree has no area {area!r}.", area=code)
    if len(found) > 1:
        full = [f"{area.above}/{area.code}" for area in found]
        raise Invalid(
            "Several townships have an area {code!r}; write one of {areas}.", code=code, areas=full
        )
    return found[0]


_AREAS = """
SELECT a.id, a.code, a.level, up.code AS above FROM area a LEFT JOIN area up ON up.id = a.parent_id
WHERE a.code = :code AND (CAST(:township AS text) IS NULL OR up.code = :township)
ORDER BY up.code COLLATE "C"
"""

_COMMUNITIES = """
SELECT id, code, name, name_en FROM area WHERE parent_id = :t AND level = 'community'
ORDER BY code COLLATE "C"
"""
