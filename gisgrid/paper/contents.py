"""What stands on the paper of each grid, as far as whoever asks may see it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import emergencies
from gisgrid.cases.matters import Major, offered
from gisgrid.core.crs import to_metric
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.core.scope import scope
from gisgrid.people.teams import GridTeam, teams
from gisgrid.people.unmask import open_staff, opened
from gisgrid.planning.overview.cards import GridCard, grid_card
from gisgrid.planning.snapshot.fetch import limits_of, today
from gisgrid.register.households import ListedHouse, houses_of_grid

MOST_HOUSES = 20_000
"""Of one printing: their lists have some four thousand pages."""
_NUMBER = re.compile(r"(\d+)")
_HOUSE_NUMBER = re.compile(r"(\d[\dA-Za-z\-]*)(?=号)|(\d[\dA-Za-z\-]*)\D*$")


@dataclass(frozen=True)
class PaperResident:
    """A person of a list: masked, or open with the needs and the telephone."""

    id: int
    name: str
    phone: str | None = None
    needs: Sequence[str] = ()


@dataclass(frozen=True)
class PaperHouse:
    """A house of a list, with who lives there."""

    id: int
    code: str
    address: str
    households: int
    last_on: date | None
    due: str
    """As `gisgrid.register.households.ListedHouse.due`."""
    residents: tuple[PaperResident, ...]
    xy_m: tuple[float, float] | None
    """In the township's metric CRS; None: it has no place."""

    @property
    def number(self) -> str:
        """What a plan writes beside it: the number of its address, else the address itself."""
        found = _HOUSE_NUMBER.search(self.address)
        return (found[1] or found[2]) if found else self.address[-6:]

    @property
    def needs(self) -> bool:
        """Whether somebody there is known to need help; False also where that is not shown."""
        return any(person.needs for person in self.residents)


@dataclass(frozen=True)
class GridPack:
    """All that is printed of one grid."""

    card: GridCard
    team: GridTeam
    phone: str | None
    """Of the leader, where it was opened; None: it is written in by hand."""
    shape_m: shapely.Geometry
    houses: tuple[PaperHouse, ...]
    """In the order of streets and numbers."""
    emergency: str | None
    """Why the grid's ground is in an emergency now."""

    @property
    def code(self) -> str:
        return self.card.code

    @property
    def residents(self) -> int:
        return sum(len(house.residents) for house in self.houses)


@dataclass(frozen=True)
class DrawnGround:
    """What the plans of all grids show around them, in the township's metric CRS."""

    grids: tuple[tuple[str, str, shapely.Geometry], ...]
    """Code, name and ground of every grid of the plan."""
    streets: tuple[tuple[str, shapely.Geometry], ...]
    """Name and line."""


@dataclass(frozen=True)
class Packs:
    """What one printing holds."""

    place: TownshipInfo
    plan: PlanInfo
    day: date
    purpose: str | None
    """For which it was opened; None: masked."""
    grids: tuple[GridPack, ...]
    astray: tuple[PaperHouse, ...]
    """Houses in no grid, where the whole township is printed."""
    around: DrawnGround
    majors: tuple[Major, ...]
    """The list of matters."""

    @property
    def houses(self) -> int:
        return sum(len(pack.houses) for pack in self.grids) + len(self.astray)


def printable(session: Session, plan_id: int) -> list[tuple[str, str]]:
    """Code and name of the grids of a plan whose registers the asker may see, by code."""
    rows = session.execute(text(_MINE), {"plan": plan_id, "grids": list(_grids(session))})
    return [(row.code, row.name) for row in rows]


def packs(
    session: Session,
    place: TownshipInfo,
    plan: PlanInfo,
    codes: Sequence[str] = (),
    *,
    purpose: str | None = None,
    most: int = MOST_HOUSES,
) -> Packs:
    """What is printed of some grids of a plan, or of all that the asker may see.

    Parameters
    ----------
    codes
        Codes of grids; none: all, and the houses that lie in none.
    purpose
        That which the transaction declared: names, needs and telephones are then open as far as the asker may
        open them, and the store writes down that they were. None: residents are masked, without needs.

    Raises
    ------
    NotFound
        The plan has no grid of a code, or none that the asker may see.
    NotAllowed
        A grid lies elsewhere than the asker's right to see registers; or there is a purpose and no right to open.
    Invalid
        More than ``most`` houses.
    """
    mine = dict(printable(session, plan.id))
    chosen = list(dict.fromkeys(codes)) or list(mine)
    if not chosen:
        raise NotFound("No grid of the plan in force lies where you may see registers.")
    day, days = today(place), int(limits_of(session, place.id).visit_days)
    around = surroundings(session, place, plan)
    shapes = {code: shape for code, _, shape in around.grids}
    # A code that is not of the plan is refused here, in words.
    cards = {code: grid_card(session, plan.id, code) for code in chosen}
    if gone := [code for code in chosen if code not in shapes]:
        raise NotFound("The plan in force has no grid {codes}.", codes=gone)
    houses = {
        code: _placed(
            session, place, houses_of_grid(session, plan.id, code, day, days=days, most=most + 1)
        )
        if card.houses
        else ()
        for code, card in cards.items()
    }
    astray = () if codes else _astray(session, place, plan)
    number = sum(len(each) for each in houses.values()) + len(astray)
    if number > most:
        raise Invalid(
            "These grids have {houses} houses; at most {most} are printed at once: choose fewer grids.",
            houses=number,
            most=most,
        )
    every = [house for listed in (*houses.values(), astray) for house in listed]
    people = _people(session, [house.id for house in every], opening=purpose is not None)

    def lived_in(listed: Sequence[PaperHouse]) -> tuple[PaperHouse, ...]:
        return tuple(replace(house, residents=tuple(people.get(house.id, ()))) for house in listed)

    by_code = {team.code: team for team in teams(session, place, day)}
    phones = _phones(session, place, chosen) if purpose else {}
    urgent = {each.area_id: each.reason for each in emergencies.running(session, place.id)}
    communities = _communities(session, place) if urgent else {}
    return Packs(
        place=place,
        plan=plan,
        day=day,
        purpose=purpose,
        grids=tuple(
            GridPack(
                cards[code], by_code[code], phones.get(code), shapes[code], lived_in(houses[code]),
                urgent.get(place.id) or urgent.get(communities.get(cards[code].community_code, 0)),
            )
            for code in chosen
        ),
        astray=lived_in(astray),
        around=around,
        majors=tuple(offered(session, place.id, datetime.now(UTC))),
    )  # fmt: skip


def surroundings(session: Session, place: TownshipInfo, plan: PlanInfo) -> DrawnGround:
    """The grids and streets that plans are drawn of."""
    grids = session.execute(text(_GROUND), {"plan": plan.id}).all()
    streets = session.execute(text(_STREETS), {"t": place.id}).all()
    ground = to_metric(shapely.from_wkb([bytes(row.geom) for row in grids]), place.metric_srid)
    lines = to_metric(shapely.from_wkb([bytes(row.geom) for row in streets]), place.metric_srid)
    return DrawnGround(
        tuple((row.code, row.name, shape) for row, shape in zip(grids, ground, strict=True)),
        tuple((row.name, line) for row, line in zip(streets, lines, strict=True)),
    )


def in_order(house: PaperHouse) -> tuple[object, ...]:
    """The key by which lists go along a street by number, so that 9 comes before 11."""
    parts = _NUMBER.split(house.address)
    return (
        *((part, 0) if k % 2 == 0 else ("", int(part)) for k, part in enumerate(parts)),
        (house.code, 0),
    )


def _grids(session: Session) -> frozenset[int]:
    return scope(session, "see_register").grids


def _placed(
    session: Session, place: TownshipInfo, listed: Sequence[ListedHouse]
) -> tuple[PaperHouse, ...]:
    spots = _spots(session, place, [house.id for house in listed])
    found = [
        PaperHouse(house.id, house.code, house.address, house.households, house.last_on, house.due, (),
                   spots.get(house.id))
        for house in listed
    ]  # fmt: skip
    return tuple(sorted(found, key=in_order))


def _astray(session: Session, place: TownshipInfo, plan: PlanInfo) -> tuple[PaperHouse, ...]:
    rows = session.execute(text(_ASTRAY), {"t": place.id, "plan": plan.id}).all()
    found = [
        PaperHouse(row.id, row.code, row.address, row.households, None, "", (), None)
        for row in rows
    ]
    return tuple(sorted(found, key=in_order))


def _spots(
    session: Session, place: TownshipInfo, ids: Sequence[int]
) -> dict[int, tuple[float, float]]:
    rows = session.execute(text(_SPOTS), {"ids": list(ids), "srid": place.metric_srid})
    return {row.id: (row.x, row.y) for row in rows}


def _people(
    session: Session, houses: Sequence[int], *, opening: bool
) -> dict[int, list[PaperResident]]:
    rows = session.execute(text(_RESIDENTS), {"houses": list(houses)}).all()
    open_: dict[int, PaperResident] = {}
    if opening:
        ids = [row.id for row in rows]
        open_ = {each.id: each for each in opened(session, PaperResident, _OPEN, ids)}
    people: dict[int, list[PaperResident]] = {}
    for row in rows:
        person = open_.get(row.id) or PaperResident(row.id, row.name)
        people.setdefault(row.house_id, []).append(person)
    return people


def _phones(session: Session, place: TownshipInfo, codes: Sequence[str]) -> dict[str, str]:
    """Telephones of today's leaders, where the asker may open them; else none."""
    if not scope(session, "see_contacts"):
        return {}
    rows = session.execute(text(_LEADERS), {"t": place.id, "codes": list(codes)}).all()
    known = {each.id: each.phone for each in open_staff(session, [row.staff_id for row in rows])}
    return {row.grid_code: phone for row in rows if (phone := known.get(row.staff_id))}


def _communities(session: Session, place: TownshipInfo) -> dict[str, int]:
    rows = session.execute(text("SELECT code, id FROM area WHERE parent_id = :t"), {"t": place.id})
    return {row.code: row.id for row in rows}


_MINE = """
SELECT code, name FROM grid WHERE plan_id = :plan AND id = ANY (CAST(:grids AS bigint[]))
ORDER BY code COLLATE "C"
"""

_GROUND = """
SELECT code, name, ST_AsBinary(geom) AS geom FROM grid WHERE plan_id = :plan ORDER BY code COLLATE "C"
"""

_STREETS = """
SELECT name, ST_AsBinary(geom) AS geom FROM street WHERE township_id = :t ORDER BY code COLLATE "C"
"""

_SPOTS = """
SELECT id, ST_X(m) AS x, ST_Y(m) AS y
FROM (SELECT id, ST_Transform(geom, CAST(:srid AS integer)) AS m FROM house
      WHERE id = ANY (CAST(:ids AS bigint[])) AND geom IS NOT NULL) AS placed
"""

_RESIDENTS = """
SELECT r.id, f.house_id, r.name FROM masked_resident r JOIN masked_household f ON f.id = r.household_id
WHERE f.house_id = ANY (CAST(:houses AS bigint[])) ORDER BY f.house_id, f.code COLLATE "C", r.code COLLATE "C", r.id
"""

_OPEN = "SELECT id, name, phone, needs FROM unmask_resident(CAST(:ids AS bigint[]))"

_ASTRAY = """
SELECT h.id, h.code, h.address, (SELECT count(*) FROM household f WHERE f.house_id = h.id) AS households
FROM unnest(houses_within('see_register', ARRAY(
    SELECT n.id FROM house n LEFT JOIN grid_of_house a ON a.plan_id = :plan AND a.house_id = n.id
    WHERE n.township_id = :t AND a.grid_id IS NULL))) AS within (id)
JOIN house h USING (id)
"""

_LEADERS = """
SELECT grid_code, staff_id FROM team_member
WHERE township_id = :t AND role = 'leader' AND during @> today_in(township_id)
  AND grid_code = ANY (CAST(:codes AS text[]))
"""
