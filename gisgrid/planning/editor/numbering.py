"""The next free code of a community; a code that was ever given is never given again."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.arrays import Ints
from gisgrid.core.codes import (
    AREA_DIGITS,
    PROFESSIONAL_GRID_DIGITS,
    UNIT_GRID_DIGITS,
    unit_grid_codes,
)
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.planning.editor.corners import GridDetails


def new_grids(session: Session, place: TownshipInfo) -> Callable[[str], GridDetails]:
    """Gives a new basic grid of a community by its code, named by its number; no code twice."""
    used: set[str] = set()

    def make(community: str) -> GridDetails:
        code = next_code(session, place, community, beside=used)
        used.add(code)
        name = session.scalar(
            text("SELECT name FROM area WHERE parent_id = :t AND code = :c"),
            {"t": place.id, "c": community},
        )
        return GridDetails(code, f"{name}{int(code[-3:].lstrip('-'))}号网格")

    return make


def next_code(
    session: Session,
    place: TownshipInfo,
    community: str,
    *,
    kind: str = "basic",
    beside: Collection[str] = (),
) -> str:
    """A code for a new grid by the township's scheme, above all that any of its plans ever had.

    Under ``gb`` the community's 12 digits and three that count (an exclusive grid: two zeros and six
    that count); else the community's code, a bar and two digits.

    Parameters
    ----------
    beside
        Codes that are given in the same edit.

    Raises
    ------
    NotFound
        There is no such community in the township.
    Invalid
        The scheme has no number left, or the community's code does not follow it.
    """
    if not session.scalar(
        text("SELECT EXISTS (SELECT FROM area WHERE parent_id = :t AND code = :c)"),
        {"t": place.id, "c": community},
    ):
        raise NotFound("The township has no community {community!r}.", community=community)
    gb = _follows_gb(place, community)
    digits = UNIT_GRID_DIGITS if kind == "basic" else PROFESSIONAL_GRID_DIGITS
    width = digits - AREA_DIGITS if gb else 2
    prefix = community if gb else f"{community}-"
    used = session.scalars(
        text(
            "SELECT DISTINCT g.code FROM grid g JOIN plan p ON p.id = g.plan_id "
            "WHERE p.township_id = :t AND starts_with(g.code, :prefix)"
        ),
        {"t": place.id, "prefix": prefix},
    )
    tails = [code.removeprefix(prefix) for code in (*used, *beside) if code.startswith(prefix)]
    # The two digits of a professional grid's kind stand before its count.
    counted = width if kind == "basic" or not gb else 6
    numbers = [int(t[-counted:]) for t in tails if t.isdigit() and (not gb or len(t) == width)]
    number = max(numbers, default=0) + 1
    if gb and number >= 10**counted:
        raise Invalid("Community {community} has no number left.", community=community)
    return f"{prefix}{number:0{width}d}"


def codes_of(place: TownshipInfo, community: str, numbers: Ints) -> list[str]:
    """The codes of a community's basic grids that bear these numbers, by the township's scheme.

    Raises
    ------
    Invalid
        The community's code does not follow the scheme, or a number goes beyond its digits.
    """
    if not _follows_gb(place, community):
        return [f"{community}-{number:02d}" for number in numbers.tolist()]
    if numbers.max(initial=0) >= 10 ** (UNIT_GRID_DIGITS - AREA_DIGITS):
        raise Invalid(
            "Community {community} would have {count} grids, more than the scheme numbers.",
            community=community,
            count=len(numbers),
        )
    return unit_grid_codes(community, numbers)


def _follows_gb(place: TownshipInfo, community: str) -> bool:
    """Whether grids are numbered under ``gb``; Invalid if they are and the community cannot be."""
    gb = place.code_scheme == "gb"
    if gb and (len(community) != AREA_DIGITS or not community.isdigit()):
        raise Invalid(
            "Community {community} has no code of {area_digits} digits to number grids under.",
            community=community,
            area_digits=AREA_DIGITS,
        )
    return gb
