"""Which ground does whoever acts administer? As a form offers it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class AdministeredArea:
    """An area, as it is chosen from a list."""

    id: int
    value: str
    """What `gisgrid.core.areas.area_coded` finds it by, whatever codes others have."""
    level: str
    name: str
    name_en: str | None
    township: str | None
    """Code of the township that it is or lies in; None: a county."""


def administered(session: Session) -> list[AdministeredArea]:
    """County, its townships, their communities, each above what lies in it; by code."""
    rows = session.execute(text(_ADMINISTERED)).mappings()
    return [AdministeredArea(**row) for row in rows]


def administers_everything(session: Session) -> bool:
    """Whether a post without an area may be given."""
    return bool(session.scalar(text("SELECT administers(NULL)")))


@dataclass(frozen=True)
class AdministeredGrid:
    """A grid that a post may be held in."""

    code: str
    name: str
    township: str
    """Its code."""


def administered_grids(session: Session) -> list[AdministeredGrid]:
    """The grids of every plan in force, or to come, of those townships, by code."""
    rows = session.execute(text(_GRIDS)).mappings()
    return [AdministeredGrid(**row) for row in rows]


_GRIDS = """
SELECT DISTINCT ON (g.code, a.code) g.code, g.name, a.code AS township
FROM plan p JOIN township t ON t.area_id = p.township_id JOIN area a ON a.id = t.area_id JOIN grid g ON g.plan_id = p.id
WHERE p.township_id = ANY ((SELECT my_townships('administer'))::bigint[])
  AND coalesce(upper(p.validity), 'infinity') > day_in(t.time_zone) AND p.validity IS NOT NULL
ORDER BY g.code, a.code, lower(p.validity) DESC
"""

_ADMINISTERED = """
SELECT a.id, CASE a.level WHEN 'community' THEN up.code || '/' || a.code ELSE a.code END AS value,
       a.level, a.name, a.name_en,
       CASE a.level WHEN 'community' THEN up.code WHEN 'township' THEN a.code END AS township
FROM area a LEFT JOIN area up ON up.id = a.parent_id LEFT JOIN area top ON top.id = up.parent_id
WHERE a.id = ANY ((SELECT administered())::bigint[])
ORDER BY coalesce(top.code, up.code, a.code) COLLATE "C",
         CASE a.level WHEN 'county' THEN '' WHEN 'township' THEN a.code ELSE up.code END COLLATE "C",
         CASE a.level WHEN 'community' THEN a.code ELSE '' END COLLATE "C"
"""
