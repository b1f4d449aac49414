"""Where does a person work? Their places in the tree, and who stands above, below and beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

LADDER = (
    "county_reviewer",
    "township_government",
    "section_cadre",
    "community_clerk",
    "grid_leader",
    "grid_worker",
    "resident",
)
"""From above to below; who has another role stands beside the ladder, under their area's first."""
MOST_BELOW = 100


@dataclass(frozen=True)
class HeldPost:
    """One appointment that holds today, in words."""

    role: str
    area_code: str | None
    """None: everywhere."""
    area: str | None
    area_en: str | None
    level: str | None
    grid_code: str | None
    grid: str | None
    since: date
    until: date | None
    """First day on which it no longer holds; None: open."""
    rights: tuple[str, ...]
    county_id: int | None
    township_id: int | None
    township_code: str | None
    """None: of a county, or everywhere."""
    community_id: int | None

    @property
    def rung(self) -> int:
        """How far down the ladder."""
        if self.role in LADDER:
            return LADDER.index(self.role)
        if self.grid_code:
            return LADDER.index("grid_worker")
        return LADDER.index("section_cadre" if self.level == "township" else "community_clerk")


@dataclass(frozen=True)
class Officer:
    """Who holds a rung of the ladder somewhere."""

    role: str
    area: str
    grid: str | None
    name: str


@dataclass(frozen=True)
class PlacedGrid:
    """A grid by its code and name."""

    code: str
    name: str


@dataclass(frozen=True)
class Colleague:
    """A member of a grid's team, masked but for the leader's name."""

    role: str
    name: str
    phone: str | None


def places(session: Session, account_id: int) -> list[HeldPost]:
    """The account's appointments of today, from above to below, then by area and grid."""
    rows = session.execute(text(_PLACES), {"account": account_id}).mappings()
    found = [HeldPost(**{**row, "rights": tuple(row["rights"])}) for row in rows]
    return sorted(found, key=lambda p: (p.rung, p.area_code or "", p.grid_code or ""))


def above(session: Session, place: HeldPost) -> list[Officer]:
    """Those whose ground holds the place's, nearest first."""
    return _officers(session, _ABOVE, place, LADDER[: place.rung][::-1])


def below(session: Session, place: HeldPost) -> list[Officer]:
    """Those whose ground lies in the place's, one rung after the other; at most ``MOST_BELOW``."""
    if place.role not in LADDER:
        return []
    return _officers(session, _BELOW, place, LADDER[place.rung + 1 : -2])


def grids(session: Session, place: HeldPost) -> list[PlacedGrid]:
    """The grids of the plan in force that lie in the place's ground, by code."""
    rows = session.execute(
        text(_GRIDS),
        {
            "township": place.township_id,
            "community": place.community_id,
            "code": place.grid_code,
        },
    ).mappings()
    return [PlacedGrid(**row) for row in rows]


def team(session: Session, place: HeldPost) -> list[Colleague]:
    """The team of the place's grid today, the leader first; others as far as they may be seen."""
    if place.grid_code is None:
        return []
    rows = session.execute(
        text(_TEAM), {"township": place.township_id, "code": place.grid_code}
    ).mappings()
    return [Colleague(**row) for row in rows]


def _officers(session: Session, sql: str, place: HeldPost, roles: tuple[str, ...]) -> list[Officer]:
    rows = session.execute(
        text(sql),
        {
            "roles": list(roles),
            "county": place.county_id,
            "township": place.township_id,
            "community": place.community_id,
            "most": MOST_BELOW,
        },
    ).mappings()
    return [Officer(**row) for row in rows]


_PLACES = """
SELECT m.role, a.code AS area_code, a.name AS area, a.name_en AS area_en, a.level, m.grid_code,
       g.name AS grid, lower(m.during) AS since, upper(m.during) AS until,
       ARRAY(SELECT r.right_name FROM role_right r WHERE r.role = m.role ORDER BY 1) AS rights,
       CASE a.level WHEN 'county' THEN a.id WHEN 'township' THEN a.parent_id ELSE t.parent_id END
           AS county_id,
       CASE a.level WHEN 'township' THEN a.id WHEN 'community' THEN a.parent_id END AS township_id,
       CASE a.level WHEN 'township' THEN a.code WHEN 'community' THEN t.code END AS township_code,
       CASE a.level WHEN 'community' THEN a.id ELSE g.community_id END AS community_id
FROM appointment m LEFT JOIN area a ON a.id = m.area_id LEFT JOIN area t ON t.id = a.parent_id
LEFT JOIN plan_in_force p ON p.township_id = a.id AND m.grid_code IS NOT NULL
LEFT JOIN grid g ON g.plan_id = p.id AND g.code = m.grid_code
WHERE m.account_id = :account AND m.during @> today_in(m.area_id)
"""

_SEATS = """
WITH seat AS (
    SELECT o.role, o.name, a.name AS area, a.code AS area_code, g.name AS grid, o.grid_code,
           CASE a.level WHEN 'county' THEN a.id WHEN 'township' THEN a.parent_id ELSE t.parent_id END
               AS county_id,
           CASE a.level WHEN 'township' THEN a.id WHEN 'community' THEN a.parent_id END AS township_id,
           CASE a.level WHEN 'community' THEN a.id ELSE g.community_id END AS community_id
    FROM officer o JOIN area a ON a.id = o.area_id LEFT JOIN area t ON t.id = a.parent_id
    LEFT JOIN plan_in_force p ON p.township_id = a.id AND o.grid_code IS NOT NULL
    LEFT JOIN grid g ON g.plan_id = p.id AND g.code = o.grid_code
    WHERE o.role = ANY (:roles)
)
SELECT role, area, grid, name FROM seat
"""
_BY_ROLE = """
ORDER BY array_position(CAST(:roles AS text[]), role), area_code COLLATE "C",
         grid_code COLLATE "C" NULLS FIRST, name LIMIT :most
"""

_ABOVE = f"""{_SEATS}
WHERE (CAST(:county AS bigint) IS NULL OR county_id = :county)
  AND (township_id IS NULL OR township_id = CAST(:township AS bigint))
  AND (community_id IS NULL OR community_id = CAST(:community AS bigint)) {_BY_ROLE}"""
_BELOW = f"""{_SEATS}
WHERE (CAST(:county AS bigint) IS NULL OR county_id = :county)
  AND (CAST(:township AS bigint) IS NULL OR township_id = :township)
  AND (CAST(:community AS bigint) IS NULL OR community_id = :community) {_BY_ROLE}"""

_GRIDS = """
SELECT g.code, g.name FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
WHERE p.township_id = :township
  AND (CAST(:code AS text) IS NULL OR g.code = :code)
  AND (CAST(:code AS text) IS NOT NULL OR CAST(:community AS bigint) IS NULL
       OR g.community_id = :community)
ORDER BY g.code COLLATE "C"
"""

_TEAM = """
SELECT m.role, coalesce(CASE WHEN m.role = 'leader' THEN l.name END, s.name) AS name, s.phone
FROM team_member m LEFT JOIN masked_staff s ON s.id = m.staff_id
LEFT JOIN grid_leader l ON m.role = 'leader' AND l.township_id = m.township_id
    AND l.grid_code = m.grid_code AND l.during = m.during
WHERE m.township_id = :township AND m.grid_code = :code AND m.during @> today_in(m.township_id)
  AND coalesce(CASE WHEN m.role = 'leader' THEN l.name END, s.name) IS NOT NULL
ORDER BY m.role <> 'leader', m.role, m.id
"""
