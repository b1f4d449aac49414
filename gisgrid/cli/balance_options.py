"""Options of ``gisgrid balance`` that say what is asked of the new plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.arrays import Geometries
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.locate.addresses.search import search
from gisgrid.planning.balancing.barriers import barriers_in, street_barriers
from gisgrid.planning.balancing.options import LEVELS

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OPTIONS = (
    click.option(
        "--tolerance",
        type=click.FloatRange(0, 1),
        default=0.01,
        show_default=True,
        help="allowed distance from the community's mean, as a share of it",
    ),
    click.option(
        "--lock", "locks", multiple=True, metavar="GRID", help="keep this grid; repeatable"
    ),
    click.option(
        "--lock-house",
        "lock_houses",
        multiple=True,
        metavar="CODE|ADDRESS",
        help="this house, and who shares its spot, stays in its grid; repeatable",
    ),
    click.option(
        "--lock-border",
        "lock_borders",
        multiple=True,
        nargs=2,
        metavar="GRID GRID",
        help="nothing moves between these two grids; repeatable",
    ),
    click.option(
        "--only",
        multiple=True,
        metavar="GRID",
        help="only these grids exchange houses, towards their own mean; repeatable",
    ),
    click.option(
        "--far",
        is_flag=True,
        help="houses may go to any grid of their community, not only to one that touches theirs",
    ),
    click.option(
        "--community",
        "communities",
        multiple=True,
        metavar="CODE",
        help="only this community; repeatable",
    ),
    click.option("--split", multiple=True, metavar="GRID", help="halve this grid; repeatable"),
    click.option(
        "--merge",
        multiple=True,
        nargs=2,
        metavar="GRID GRID",
        help="the second grid joins the first; repeatable",
    ),
    click.option(
        "--add", multiple=True, metavar="COMMUNITY", help="one grid more there; repeatable"
    ),
    click.option(
        "--from-scratch", is_flag=True, help="draw from scratch, without regard to today's borders"
    ),
    click.option(
        "--grids",
        type=click.IntRange(1),
        help="draw from scratch with so many basic grids in all, shared out by workload",
    ),
    click.option(
        "--size", type=click.IntRange(1), help="draw from scratch with grids of about this size"
    ),
    click.option(
        "--size-in",
        type=click.Choice(["residents", "households", "houses"]),
        default="residents",
        show_default=True,
        help="what --size counts",
    ),
    click.option(
        "--level",
        type=click.Choice(list(LEVELS)),
        help="what grids are made even in; default what --size counts, else the work",
    ),
    click.option(
        "--barrier",
        "barrier_files",
        multiple=True,
        type=_FILE,
        help="vector file of lines that nobody walks across; repeatable",
    ),
    click.option("--barrier-crs", help="coordinates of those files, where they carry none"),
    click.option(
        "--barrier-street",
        "barrier_streets",
        multiple=True,
        metavar="NAME|CODE",
        help="street that nobody walks across; repeatable",
    ),
    click.option(
        "--cost",
        type=click.Choice(["workload", "residents"]),
        default="workload",
        show_default=True,
        help="what is to move as little as possible",
    ),
    click.option(
        "--seed", type=click.IntRange(0), default=7, show_default=True, help="of the search"
    ),
)


def balance_options(command: F) -> F:
    """The options, in the order in which the help tells them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def house_codes(session: Session, place: TownshipInfo, asked: Sequence[str]) -> tuple[str, ...]:
    """The codes of houses named by code or address.

    Raises
    ------
    NotFound
        Neither a code nor an address that fits one house well enough; the nearest is named.
    """
    known = set(
        session.scalars(
            text("SELECT code FROM house WHERE township_id = :t AND code = ANY(:codes)"),
            {"t": place.id, "codes": list(asked)},
        )
    )
    return tuple(each if each in known else _by_address(session, place, each) for each in asked)


def _by_address(session: Session, place: TownshipInfo, asked: str) -> str:
    answer = search(session, place.id, asked)
    if answer.match is None or answer.match.code is None:
        near = answer.candidates[0].address if answer.candidates else None
        if near is None:
            raise NotFound("No house has the code or address {asked!r}.", asked=asked)
        raise NotFound(
            "No house has the code or address {asked!r}; did you mean {near!r}?",
            asked=asked,
            near=near,
        )
    return str(answer.match.code)


def barriers_of(
    session: Session,
    place: TownshipInfo,
    files: Sequence[Path],
    streets: Sequence[str],
    crs: str | None,
) -> Geometries | None:
    """All barriers in the township's metric CRS; None without any."""
    found = [barriers_in(path, place.metric_srid, declared=crs) for path in files]
    if streets:
        found.append(street_barriers(session, place, streets))
    return np.concatenate(found) if found else None
