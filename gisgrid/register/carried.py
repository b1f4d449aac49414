"""What of a grid's register a worker carries on the phone: what a round needs, masked, and no more.

Identity numbers, needs and days of birth stay at the office. How many houses there may be at most is the store's own
limit: a phone is never asked to carry a township.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.register import households

MOST_HOUSES = 1500


@dataclass(frozen=True)
class CarriedGrid:
    """A grid with its houses as plain values, what is due first."""

    code: str
    name: str
    houses: list[dict[str, Any]]
    left_out: int
    """Houses beyond the most that a phone carries."""


def carried(
    session: Session,
    plan_id: int,
    code: str,
    name: str,
    day: date,
    *,
    days: int,
    most: int = MOST_HOUSES,
) -> CarriedGrid:
    """The houses of a grid with those who live there, as the asker's rights show them, masked.

    Raises
    ------
    NotAllowed
        No house of the grid may be seen.
    """
    listed = households.houses_of_grid(session, plan_id, code, day, days=days, most=most + 1)
    houses = [asdict(house) for house in listed[:most]]
    ids = [house["id"] for house in houses]
    places = {row.id: row for row in session.execute(text(_PLACES), {"ids": ids})}
    called: dict[int, list[str]] = {}
    for row in session.execute(text(_CALLED), {"ids": ids}):
        called.setdefault(row.house_id, []).append(row.words)
    people: dict[int, list[dict[str, Any]]] = {}
    for person in session.execute(text(_PEOPLE), {"ids": ids}).mappings():
        values = dict(person)
        people.setdefault(values.pop("household_id"), []).append(values)
    homes: dict[int, list[dict[str, Any]]] = {}
    for home in session.execute(text(_HOMES), {"ids": ids}).mappings():
        values = dict(home)
        values["residents"] = people.get(values["id"], [])
        homes.setdefault(values.pop("house_id"), []).append(values)
    for house in houses:
        place = places[house["id"]]
        del house["code"], house["households"]
        house |= {
            "lon": place.lon, "lat": place.lat, "called": called.get(house["id"], []),
            "homes": homes.get(house["id"], []),
        }  # fmt: skip
    return CarriedGrid(code, name, houses, max(len(listed) - most, 0))


_PLACES = """
SELECT id, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM house WHERE id = ANY (CAST(:ids AS bigint[]))
"""
_CALLED = """
SELECT house_id, words FROM alias WHERE house_id = ANY (CAST(:ids AS bigint[])) ORDER BY words COLLATE "C"
"""
_HOMES = """
SELECT id, house_id, room, verified_on FROM masked_household WHERE house_id = ANY (CAST(:ids AS bigint[]))
ORDER BY room COLLATE "C" NULLS FIRST, id
"""
_PEOPLE = """
SELECT r.id, r.household_id, r.name, r.phone, r.birth_year::text AS born
FROM masked_resident r JOIN masked_household f ON f.id = r.household_id
WHERE f.house_id = ANY (CAST(:ids AS bigint[])) ORDER BY r.id
"""
